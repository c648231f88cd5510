"""A line that nobody knows is judged by its words, as a guess that never reruns anything."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lumen_action.catalogue import LIKENESS, load_catalogue
from lumen_action.failure import Catalogue, classify
from lumen_action.failure.circumstances import Circumstances
from lumen_action.failure.likeness import Likeness, features
from lumen_action.model import Scope, Verdict

ROOT = Path(__file__).resolve().parents[3]
UNKNOWN = "Acme refuses to speak: the credential named deploy was not accepted by the depot"
FAILED = "##[error]Process completed with exit code 1."
WORDS = Likeness(
    names=["none", "token_expired/invalid_credentials", "token_expired/secret_expired", "network/dns"],
    bias=[0.0, 0.0, 0.0, 0.0],
    weights={"credential": {1: 4.0, 2: 3.0}, "lookup": {3: 5.0}, "fine": {0: 9.0}},
)
CATALOGUE = Catalogue(load_catalogue().signatures, likeness=lambda: WORDS)


def judged(*lines: str, failed: bool = False) -> Verdict:
    log = "\n".join(lines).encode()
    return classify([log], CATALOGUE, circumstances=Circumstances(failed=failed)).verdict


def test_it_names_the_class_by_its_subclasses_together() -> None:
    guess = WORDS.best("no such credential")
    assert guess.name == "token_expired/invalid_credentials"
    assert guess.chance == pytest.approx((2.718281828**4 + 2.718281828**3) / (2.718281828**4 + 2.718281828**3 + 2))


@given(st.text(max_size=2000))
def test_any_text_has_features_and_chances_that_make_a_whole(text: str) -> None:
    assert all(feature == feature.lower() for feature in features(text))
    assert sum(WORDS.chances(text).values()) == pytest.approx(1)


def test_numbers_count_only_as_a_status_or_as_nothing() -> None:
    assert features("Tests: 12, Failures: 0 after 4711 ms") == features("tests 7 failures 0 after 31 ms")
    assert "503" in features("answered 503") - features("answered 3.503")


def test_a_failed_log_that_no_signature_knows_is_judged_and_never_rerun() -> None:
    verdict = judged(UNKNOWN, FAILED)
    assert (verdict.name, verdict.signature) == ("token_expired/invalid_credentials", "likeness")
    assert verdict.scope is Scope.NONE
    assert verdict.confidence == 0.5
    assert verdict.evidence
    assert (verdict.evidence.line, verdict.evidence.text) == (1, UNKNOWN)


def test_a_signature_that_knows_a_line_is_believed_before_any_guess() -> None:
    verdict = judged(
        UNKNOWN, "fatal: unable to access 'https://git.example/': Could not resolve host: git.example", FAILED
    )
    assert verdict.name == "network/dns"
    assert verdict.signature != "likeness"


def test_what_an_exit_code_means_comes_before_a_guess() -> None:
    log = f"{UNKNOWN}\n".encode()
    verdict = classify([log], CATALOGUE, circumstances=Circumstances(exit_code=127)).verdict
    assert verdict.name == "environment/missing_tool"


def test_nothing_is_guessed_of_a_long_log_in_which_nothing_failed() -> None:
    calm = ["step is fine"] * 60
    assert judged(*calm, UNKNOWN, *calm).name == "unknown/no_failure"
    assert judged(*calm, UNKNOWN, *calm, failed=True).name == "token_expired/invalid_credentials"


def test_what_programs_speak_of_when_all_is_well_is_guessed_only_of_a_failure() -> None:
    assert judged("the lookup of acme took a turn").name == "unknown/no_failure"
    assert judged("the lookup of acme took a turn", failed=True).name == "network/dns"


def test_a_line_that_was_known_and_taken_back_is_not_guessed_at() -> None:
    recovered = "fatal: Authentication failed for 'https://git.example/acme.git/' with the credential"
    assert judged(recovered, "12 passed in 0.31s", failed=True).name == "unknown/no_failure"


def test_the_echo_of_a_command_and_a_passed_test_are_not_guessed_at() -> None:
    assert judged(f"+ echo '{UNKNOWN}'", failed=True).name.startswith("unknown/")
    assert judged(f"✓ {UNKNOWN}", failed=True).name.startswith("unknown/")


def test_without_anything_learnt_nothing_is_guessed() -> None:
    assert classify([UNKNOWN.encode()], Catalogue(load_catalogue().signatures)).verdict.name == "unknown/no_failure"


def learner() -> ModuleType:
    spec = importlib.util.spec_from_file_location("learn_likeness", ROOT / "tools" / "learn_likeness.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_file_was_learnt_from_the_examples_as_they_are() -> None:
    tool = learner()
    stored = json.loads(LIKENESS.read_bytes())
    assert stored["learnt_from"] == tool.digest(list(tool.lessons())), "run: python3 tools/learn_likeness.py"


def test_it_learns_what_it_is_taught() -> None:
    lessons = [
        (number, text, name)
        for number in range(20)
        for text, name in (
            ("the depot refuses this credential", "token_expired/invalid_credentials"),
            ("the lookup of a name failed", "network/dns"),
            ("all is fine", "none"),
        )
    ]
    likeness = learner().learnt(lessons)
    assert likeness.best("it refuses the credential").name == "token_expired/invalid_credentials"
    assert likeness.best("a lookup failed").name == "network/dns"
    assert likeness.best("all is fine").nothing > 0.5

"""Every signature of the real catalogue keeps what its examples promise."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lumen_action import yamlite
from lumen_action.catalogue import load_catalogue
from lumen_action.failure import Analysis, Signature, classify, parse_catalogue
from lumen_action.failure.schema import OPTIONAL, REQUIRED

ROOT = Path(__file__).resolve().parents[3]

CATALOGUE = load_catalogue()
SIGNATURES = list(CATALOGUE.signatures.values())
ECOSYSTEMS = sorted({signature.ecosystem for signature in SIGNATURES})
# Bare, with the time of GitHub, coloured, with a carriage return.
DISGUISES = ("{}", "2026-03-04T05:06:07.1234567Z {}", "\x1b[31m{}\x1b[0m", "{}\r")


def lines_of(text: str) -> list[str]:
    return text.split("\n")


def of(ecosystem: str) -> list[Signature]:
    return [signature for signature in SIGNATURES if signature.ecosystem == ecosystem]


def misread(signature: Signature, text: str, disguise: str) -> str:
    """Say what a positive example is taken for instead, nothing when it is right."""
    log = "\n".join(["building", *(disguise.format(line) for line in lines_of(text)), ""])
    analysis = classify([log.encode()], CATALOGUE)
    if signature.wrapper:
        return "" if signature.id in {each.signature for each in analysis.candidates} else "no candidate"
    verdict, evidence = analysis.verdict, analysis.verdict.evidence
    if verdict.name != signature.name:
        return verdict.name
    quoted = evidence and 2 <= evidence.line < 2 + len(lines_of(text))
    return "" if quoted and CATALOGUE.signatures[verdict.signature].found(evidence.text) else "another line"


@pytest.mark.parametrize("ecosystem", ECOSYSTEMS)
def test_a_positive_example_gets_its_class_and_its_line_is_quoted(ecosystem: str) -> None:
    wrong = [
        (signature.id, text, disguise, taken)
        for signature in of(ecosystem)
        for text in signature.matches
        for disguise in DISGUISES
        if (taken := misread(signature, text, disguise))
    ]
    assert wrong == []


@pytest.mark.parametrize("ecosystem", ECOSYSTEMS)
def test_a_negative_example_does_not_match(ecosystem: str) -> None:
    wrong = [
        (signature.id, text)
        for signature in of(ecosystem)
        for text in signature.ignores
        if classify([text.encode()], CATALOGUE).verdict.signature == signature.id
    ]
    assert wrong == []


@pytest.mark.parametrize("ecosystem", ECOSYSTEMS)
def test_no_signature_is_in_the_shadow_of_another(ecosystem: str) -> None:
    def shows(signature: Signature) -> bool:
        seen = [classify([text.encode()], CATALOGUE) for text in signature.matches]
        return any(signature.id in (each.verdict.signature, *wrappers(each)) for each in seen)

    assert [signature.id for signature in of(ecosystem) if not shows(signature)] == []


def wrappers(analysis: Analysis) -> set[str]:
    return {each.signature for each in analysis.candidates if CATALOGUE.signatures[each.signature].wrapper}


def test_anchors_are_long_enough_to_be_rare_and_stand_in_every_example() -> None:
    for signature in SIGNATURES:
        assert all(len(anchor.encode()) >= 3 and anchor.strip() for anchor in signature.anchors), signature.id
        assert all(any(anchor in text for anchor in signature.anchors) for text in signature.matches), signature.id


def test_every_pattern_is_cheap_to_try() -> None:
    patterns = {
        pattern: signature.id
        for signature in SIGNATURES
        for pattern in (signature.pattern, *signature.unless, *signature.near)
    }
    assert [(owner, pattern) for pattern, owner in patterns.items() if expensive(pattern)] == []


@pytest.mark.parametrize(
    "pattern", ["(a+)+", "(?:a*b?)*", "(?:(?:x{2,}))+", r"(?:[)]+\)){3,}", ".*error", "^.*error", ".+x"]
)
def test_the_lint_sees_what_is_expensive(pattern: str) -> None:
    assert expensive(pattern)


@pytest.mark.parametrize("pattern", ["(?:a{1,9}b)+", "(?:a|b)*", "[+*]+", r"\(a+\)+", "(?:a+){0,3}", "error: .+"])
def test_the_lint_lets_what_is_cheap_pass(pattern: str) -> None:
    assert not expensive(pattern)


_PIECE = re.compile(
    r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\((?:\?(?:[:=!>]|<[=!]|P<\w+>))?|\)|[*+]|\{\d*,\}|[^\\]", re.DOTALL
)


def expensive(pattern: str) -> bool:
    """Tell whether a pattern begins with anything at all, or repeats without bound what repeats without bound."""
    if re.match(r"(?:\(\?[a-z]+\))?\^?\.[*+]", pattern):
        return True
    unbounded = [False]
    last_group = False
    for piece in _PIECE.findall(pattern):
        if piece.startswith("("):
            unbounded.append(False)
        elif piece == ")":
            last_group = unbounded.pop()
            unbounded[-1] = unbounded[-1] or last_group
            continue
        elif piece in ("*", "+") or (piece.startswith("{") and piece.endswith(",}")):
            if last_group:
                return True
            unbounded[-1] = True
        last_group = False
    return False


def test_the_example_in_the_manual_is_a_rule_file() -> None:
    manual = (ROOT / "docs" / "signatures.md").read_text(encoding="utf-8")
    text = manual.split("```yaml\n")[1].split("```")[0]
    catalogue = parse_catalogue({"manual": yamlite.load(text, "manual")})
    (signature,) = catalogue.signatures.values()
    assert classify([signature.matches[0].encode()], catalogue).verdict.signature == signature.id
    assert classify([signature.ignores[0].encode()], catalogue).verdict.signature == ""


def test_the_manual_names_every_field() -> None:
    manual = (ROOT / "docs" / "signatures.md").read_text(encoding="utf-8")
    assert [name for name in (*REQUIRED, *OPTIONAL) if f"`{name}`" not in manual] == []

"""Words of failures that mostly pass, beside the same words with a cause that stays: only the first may run again."""

from __future__ import annotations

from pathlib import Path

import pytest

from lumen_action.catalogue import load_catalogue
from lumen_action.failure import classify
from lumen_action.failure.circumstances import Circumstances
from lumen_action.model import Scope, Verdict

FAMILIES = Path(__file__).with_name("rerun_families.txt")
CATALOGUE = load_catalogue()


def logs(word: str) -> list[tuple[str, str]]:
    """Return family and text of the logs under a word."""
    found = []
    for section in FAMILIES.read_text(encoding="utf-8").split("\n## ")[1:]:
        heading, *texts = section.strip().split("\n\n")
        kind, _, family = heading.partition(": ")
        found += [(family, text) for text in texts if kind == word]
    return found


def verdict_on(log: str) -> Verdict:
    return classify([log.encode()], CATALOGUE, circumstances=Circumstances(failed=True)).verdict


@pytest.mark.parametrize(("family", "log"), logs("stays"))
def test_what_stays_is_not_run_again(family: str, log: str) -> None:
    assert (family, verdict_on(log).scope) == (family, Scope.NONE)


@pytest.mark.parametrize(("family", "log"), logs("passes"))
def test_what_passes_is_run_again(family: str, log: str) -> None:
    assert (family, verdict_on(log).scope is not Scope.NONE) == (family, True)


def test_a_verdict_says_why_another_attempt_would_not_help() -> None:
    passes = verdict_on("curl: (6) Could not resolve host: files.acme.example")
    stays = verdict_on("curl: (6) Could not resolve host: backend")
    assert (stays.name, stays.signature) == (passes.name, passes.signature)
    assert stays.meaning.startswith(passes.meaning)
    assert "next to this one" in stays.meaning
    assert "Run it again" in passes.hint
    assert "Run it again" not in stays.hint


def test_every_family_has_several_variants() -> None:
    counts: dict[str, int] = {}
    for family, _ in (*logs("stays"), *logs("passes")):
        counts[family] = counts.get(family, 0) + 1
    assert len(counts) > 20
    assert min(counts.values()) >= 3

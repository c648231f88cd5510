"""What the documentation of reports shows is what they say."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from sampledocuments import MET, REPORT

from lumen_action.report.composing.answer import answer
from lumen_action.report.model import Promise
from lumen_action.report.words import words_of

ROOT = Path(__file__).resolve().parents[3]
DOCS = (ROOT / "docs" / "reports.md").read_text(encoding="utf-8")


def test_the_report_that_is_shown_is_the_beginning_of_a_real_one() -> None:
    shown = DOCS.split("```text\n# ")[1].split("```")[0]
    assert (ROOT / "tests/golden/report/week.en.md").read_text(encoding="utf-8").startswith(f"# {shown}")


def test_the_sentences_that_are_shown_are_those_of_a_kept_promise() -> None:
    kept = replace(REPORT, promises=(Promise(MET, None),))
    for language in ("en", "ko"):
        assert answer(kept, words_of(language)).text in DOCS

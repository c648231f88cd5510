"""Cells that several sections share."""

from __future__ import annotations

from collections.abc import Iterator, Sized
from fractions import Fraction

from lumen_action.report.document import Cell, Paragraph, Tone
from lumen_action.report.model import RunLink
from lumen_action.report.words import Words
from lumen_action.slo.phrases import faithful
from lumen_action.summary.markdown import address

NOTHING = Cell("-")
# Of a percentage that was computed in binary fractions.
_DIGITS = 9


def number(count: int, tone: Tone = Tone.PLAIN) -> Cell:
    """Return a count."""
    return Cell(f"{count:,}", tone, number=True)


def share(good: int, total: int) -> Cell:
    """Return a share of a whole."""
    return Cell(percent(Fraction(100 * good, total)), number=True) if total else NOTHING


def percent(value: Fraction | float) -> str:
    """Return a percentage that is shown as all, as nothing or as broken only where it is."""
    exact = value if isinstance(value, Fraction) else Fraction(str(round(value, _DIGITS)))
    return f"{faithful(exact, Fraction(0), Fraction(100))} %"


def took(duration_ms: int | None, words: Words) -> Cell:
    """Return a duration."""
    return NOTHING if duration_ms is None else Cell(words.duration(duration_ms), number=True)


def run(link: RunLink, words: Words) -> Cell:
    """Return a run by its name, which leads to it."""
    return Cell(link.run_id or words["unnamed"], url=address(link.url))


def more(rows: Sized, shown: int, what: str, words: Words) -> Iterator[Paragraph]:
    """Yield how many rows are not shown, where there are any."""
    if len(rows) > shown:
        yield Paragraph(words.say("more", things=words.count(what, len(rows) - shown)))

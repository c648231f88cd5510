"""The runs of each day and region as CSV, for a spreadsheet: a table of numbers that nothing can be run from."""

from __future__ import annotations

import csv
from io import StringIO

from lumen_action.report.model import Report

_HEAD = ("day", "region", "good", "bad", "other", "open")
# What a spreadsheet takes for a formula, also behind blanks.
_FORMULA = ("=", "+", "-", "@")


def render(report: Report) -> str:
    """Return a row for each day and region in order, one with an empty region for a day of which nothing was heard."""
    text = StringIO()
    lines = csv.writer(text)  # its line ends are those of RFC 4180
    lines.writerow(_HEAD)
    for row in report.days:
        for region, runs in row.regions.items():
            lines.writerow((row.day, _defused(region), runs.good, runs.bad, runs.other, runs.open))
        if not row.regions:
            lines.writerow((row.day, "", 0, 0, 0, 0))
    return text.getvalue()


def _defused(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula."""
    # A tab or a line end before the sign is left out by some of them.
    return f"'{text}" if text.strip().startswith(_FORMULA) or text[:1].isspace() else text

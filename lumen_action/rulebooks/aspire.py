"""Retry patterns of microsoft/aspire: plain texts or JavaScript patterns, found in the log whatever their case."""

from __future__ import annotations

from collections.abc import Mapping

from lumen_action.failure.signatures import Tier
from lumen_action.rulebooks.dialects import JAVASCRIPT
from lumen_action.rulebooks.fields import Row, rows_of
from lumen_action.rulebooks.foreign import ForeignRule, Format, Part

_VERSION = 1
# The fields beside the log itself that a rule may look at, for each list.
_LISTS: Mapping[str, tuple[str, ...]] = {
    "testFailurePatterns": ("testName", "testProject"),
    "jobFailurePatterns": ("jobName",),
}


def _fits(document: object) -> bool:
    return isinstance(document, dict) and any(name in document for name in _LISTS)


def _rules(document: object, file: str, faults: list[str]) -> list[ForeignRule]:
    given = document if isinstance(document, dict) else {}
    if given.get("version", _VERSION) != _VERSION:
        faults.append(f"{file}: file: version: `{given['version']}` is not known here; known is {_VERSION}")
    return [
        _rule(row, names) for key, names in _LISTS.items() for row in rows_of(given.get(key, []), file, key, faults)
    ]


def _rule(row: Row, names: tuple[str, ...]) -> ForeignRule:
    output = _part(row, "output")
    beside = [name for name in names if name in row.values]
    enabled = row.flag("enabled", default=True)
    left_out = "" if enabled else "it is switched off in the source"
    if not output:
        left_out = left_out or f"it looks only at {' and '.join(beside) or 'nothing'}, and a signature reads the log"
    return ForeignRule(
        place=row.place,
        parts=(output,) if output else (),
        about=row.text("reason"),
        retried=True,
        lost=(
            *(f"`{name}`: here every job and test is looked at" for name in beside),
            *row.strangers("output", "reason", "enabled", *names),
        ),
        left_out=left_out,
    )


def _part(row: Row, field: str) -> Part | None:
    value = row.values.get(field)
    if isinstance(value, dict):
        pattern = value.get("regex")
        if isinstance(pattern, str) and pattern:
            return Part(pattern, regular=True)
        row.fault(field, 'without a pattern; write `{"regex": "..."}`')
        return None
    text = row.text(field)
    return Part(text) if text else None


ASPIRE = Format(
    name="aspire",
    shape="a map with `testFailurePatterns` or `jobFailurePatterns`",
    prefix="aspire",
    dialect=JAVASCRIPT,
    tier=Tier.GENERIC,
    fits=_fits,
    rules=_rules,
)

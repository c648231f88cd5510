"""Failure categories of GitLab's own pipelines: Ruby patterns by category, with causes and solutions."""

from __future__ import annotations

from lumen_action.failure.signatures import Tier
from lumen_action.rulebooks.dialects import RUBY
from lumen_action.rulebooks.fields import Row, rows_of
from lumen_action.rulebooks.foreign import ForeignRule, Format, Part

_FIELDS = ("description", "patterns", "causes", "solutions")
# Only the name of a file tells that a comma in it separates two patterns.
_SEVERAL_LINES = "multiline"
_PARTS = 2


def _fits(document: object) -> bool:
    return (isinstance(document, dict) and "failure_categories" in document) or (
        isinstance(document, list) and any(isinstance(each, dict) and "failure_category" in each for each in document)
    )


def _rules(document: object, file: str, faults: list[str]) -> list[ForeignRule]:
    if isinstance(document, list):
        return [_single(row) for row in rows_of(document, file, "rule", faults)]
    categories = document.get("failure_categories") if isinstance(document, dict) else None
    if not isinstance(categories, dict):
        faults.append(f"{file}: failure_categories: not a map; give each category a name and its `patterns:`")
        return []
    return [
        rule
        for name, given in categories.items()
        for row in rows_of([given], file, str(name), faults)
        for rule in _category(row, str(name))
    ]


def _category(row: Row, name: str) -> list[ForeignRule]:
    patterns, solutions = row.texts("patterns"), row.texts("solutions")
    if not patterns:
        row.fault("patterns", "missing; give at least one pattern")
    about, lost = row.text("description") or _words(name), row.strangers(*_FIELDS)
    return [
        _rule(row, f"{name} pattern {number}", pattern, about, hint="".join(solutions[:1]), lost=lost)
        for number, pattern in enumerate(patterns, 1)
    ]


def _single(row: Row) -> ForeignRule:
    pattern, name = row.text("pattern", needed=True), row.text("failure_category", needed=True)
    return _rule(row, row.place, pattern, _words(name), lost=row.strangers("pattern", "failure_category"))


def _rule(row: Row, place: str, pattern: str, about: str, *, hint: str = "", lost: tuple[str, ...] = ()) -> ForeignRule:
    parts = pattern.split(",") if _SEVERAL_LINES in row.file else [pattern]
    unread = ("what follows a second comma: the source does not read it either",) if len(parts) > _PARTS else ()
    return ForeignRule(
        place=place,
        parts=tuple(Part(part, regular=True) for part in parts[:_PARTS] if part),
        about=about,
        hint=hint,
        lost=(*lost, *unread),
    )


def _words(name: str) -> str:
    return f"GitLab calls it {name.replace('_', ' ')}." if name else ""


GITLAB = Format(
    name="gitlab",
    shape="a map `failure_categories`, or a list of maps with `failure_category`",
    prefix="gitlab",
    dialect=RUBY,
    tier=Tier.GENERIC,
    fits=_fits,
    rules=_rules,
)

"""Known issues of dotnet/arcade: the JSON block of an issue, alone, in a list, or in the issues as `gh` lists them."""

from __future__ import annotations

import json

from lumen_action.failure.signatures import Tier
from lumen_action.rulebooks.dialects import DOTNET as DIALECT
from lumen_action.rulebooks.fields import Row, rows_of
from lumen_action.rulebooks.foreign import ForeignRule, Format, Part

# The source reads the names of fields whatever their case.
_FIELDS = {name.lower(): name for name in ("ErrorMessage", "ErrorPattern", "BuildRetry", "ExcludeConsoleLog")}
_SEARCHED = frozenset({"errormessage", "errorpattern"})
_OF_AN_ISSUE = ("title", "url", "html_url", "number")


def block_of(body: str) -> dict[str, object] | None:
    """Return the last JSON block of an issue's text that says what to search for."""
    found = None
    for piece in body.split("```"):
        try:
            block = json.loads(piece.strip().removeprefix("json"))
        except (ValueError, RecursionError):
            continue
        if _is_block(block):
            found = block
    return found


def _is_block(value: object) -> bool:
    return isinstance(value, dict) and any(str(key).lower() in _SEARCHED for key in value)


def _listed(document: object) -> list[object]:
    return document if isinstance(document, list) else [document]


def _fits(document: object) -> bool:
    return any(_is_block(each) or block_of(_body(each)) for each in _listed(document))


def _body(issue: object) -> str:
    body = issue.get("body") if isinstance(issue, dict) else None
    return body if isinstance(body, str) else ""


def _rules(document: object, file: str, faults: list[str]) -> list[ForeignRule]:
    return [_rule(row) for row in rows_of(_listed(document), file, "issue", faults)]


def _rule(given: Row) -> ForeignRule:
    block = given.values if _is_block(given.values) else block_of(given.text("body"))
    values = {_FIELDS.get(key.lower(), key): value for key, value in (block or {}).items()}
    row = Row(given.file, given.place, values, given.faults)
    patterns, messages = row.texts("ErrorPattern"), row.texts("ErrorMessage")
    parts = tuple(Part(text, regular=True) for text in patterns) or tuple(map(Part, messages))
    url, number = given.values.get("url") or given.values.get("html_url"), given.values.get("number")
    return ForeignRule(
        place=given.place,
        parts=parts,
        about=given.text("title"),
        ticket=url if isinstance(url, str) else f"issue {number}" if number else "",
        retried=row.flag("BuildRetry"),
        lost=(
            *(
                ("`ErrorMessage`: the source goes by `ErrorPattern` when both are given",)
                if patterns and messages
                else ()
            ),
            *(("`ExcludeConsoleLog`: here every log is read",) if row.flag("ExcludeConsoleLog") else ()),
            *row.strangers(*_FIELDS.values(), *_OF_AN_ISSUE),
        ),
        left_out="" if parts else "it has neither `ErrorMessage` nor `ErrorPattern`",
    )


DOTNET = Format(
    name="dotnet",
    shape="a map, or a list of maps, with `ErrorMessage` or `ErrorPattern`, or with an issue's `body` that holds them",
    prefix="known-issue",
    dialect=DIALECT,
    tier=Tier.TOOL,
    fits=_fits,
    rules=_rules,
)

"""Errors of openvinotoolkit/openvino: plain texts, each with the number of a ticket."""

from __future__ import annotations

from lumen_action.failure.signatures import Tier
from lumen_action.rulebooks.dialects import JAVASCRIPT
from lumen_action.rulebooks.fields import Row, rows_of
from lumen_action.rulebooks.foreign import ForeignRule, Format, Part

_FIELDS = ("error_text", "ticket")


def _fits(document: object) -> bool:
    return isinstance(document, list) and any(isinstance(each, dict) and "error_text" in each for each in document)


def _rules(document: object, file: str, faults: list[str]) -> list[ForeignRule]:
    return [_rule(row) for row in rows_of(document, file, "rule", faults)]


def _rule(row: Row) -> ForeignRule:
    text, ticket = row.text("error_text", needed=True), row.values.get("ticket", "")
    if isinstance(ticket, bool) or not isinstance(ticket, (str, int)):
        row.fault("ticket", "not a number or a text; write the number of the ticket")
    signs = text != " ".join(text.replace("_", " ").split()) or not text.replace(" ", "").isalnum()
    return ForeignRule(
        place=row.place,
        parts=(Part(text),) if text else (),
        ticket=f"ticket {ticket}" if ticket else "",
        retried=True,
        lost=(
            *(("the source takes every sign between words for a blank",) if signs else ()),
            *row.strangers(*_FIELDS),
        ),
    )


OPENVINO = Format(
    name="openvino",
    shape="a list of maps with `error_text`",
    prefix="openvino",
    dialect=JAVASCRIPT,
    tier=Tier.GENERIC,
    fits=_fits,
    rules=_rules,
)

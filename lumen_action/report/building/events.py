"""What happened beside the runs: retries, incidents, and what the gate said."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable

from lumen_action.incidents.folding import incidents_in
from lumen_action.incidents.measures import Step, taken_ms
from lumen_action.model import Fact, Kind
from lumen_action.report.model import GateRow, IncidentRow, Reruns
from lumen_action.sli.helping import help_by_signature, retries_in


def reruns_of(facts: Iterable[Fact], days: Collection[str]) -> Reruns:
    """Add up what came of the retries of these days; failures of other days may say that a cause came back."""
    kept = [fact for fact in facts if fact.key.kind is not Kind.RERUN or fact.day in days]
    helps = help_by_signature(retries_in(kept))
    tried: Counter[str] = Counter()
    helped: Counter[str] = Counter()
    for each in helps:
        name = each.signature or each.name
        tried[name] += each.tried
        helped[name] += each.helped
    rows = sorted(((name, count, helped[name]) for name, count in tried.items()), key=lambda row: (-row[1], row[0]))
    return Reruns(
        tried=sum(each.tried for each in helps),
        helped=sum(each.helped for each in helps),
        undecided=sum(each.undecided for each in helps),
        masked=sum(each.masked for each in helps),
        saved_ms=sum(each.saved_ms for each in helps),
        wasted_ms=sum(each.wasted_ms for each in helps),
        by_signature=tuple(row for row in rows if row[1]),
    )


def incidents_of(facts: Iterable[Fact], days: Collection[str], until_ms: int) -> tuple[IncidentRow, ...]:
    """Return the incidents that opened in these days, in their order, as they stood at a moment."""
    return tuple(
        IncidentRow(
            name=each.name,
            opened_ms=each.opened_ms,
            title=each.title,
            severity=each.severity.value,
            state="" if each.lapses_ms else each.state.value,
            url=each.url,
            acknowledged_after_ms=taken_ms(each, Step.ACKNOWLEDGE),
        )
        for each in incidents_in(fact for fact in facts if fact.ended_ms <= until_ms)
        if each.day in days
    )


# What the fact of an override says of it, and what it is called beside the decisions.
_OVERRIDES = {"given": "override", "revoked": "override_revoked"}


def gates_of(facts: Iterable[Fact], days: Collection[str]) -> tuple[GateRow, ...]:
    """Return what the gate decided in these days, and who overrode it, in the order of time."""
    told = [fact for fact in facts if fact.key.kind is Kind.GATE and fact.day in days]
    return tuple(_gate(fact) for fact in sorted(told, key=lambda fact: (fact.ended_ms, fact.key)))


def _gate(fact: Fact) -> GateRow:
    words = fact.told
    return GateRow(
        at_ms=fact.ended_ms,
        decision=_OVERRIDES.get(words.get("override", ""), words.get("decision", "")),
        kind=words.get("change", ""),
        reason=words.get("reason", ""),
        override_by=words.get("author", ""),
        url=fact.url,
    )

"""Incidents of some time in review: how many, how long people took, what it cost, and what is still owed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from lumen_action.incidents.incident import Action, Incident
from lumen_action.incidents.measures import Group, Measures, Step, Times, measured
from lumen_action.incidents.words import Severity, State
from lumen_action.model.instants import stamp, stamp_of
from lumen_action.response.plain import number, percent, plain_cost, plain_group
from lumen_action.response.postmortem import Term
from lumen_action.response.spending import Cost
from lumen_action.response.template import part_percent, share
from lumen_action.slo.phrases import amount, counted
from lumen_action.summary.markdown import cell, visible
from lumen_action.summary.table import Row, Table
from lumen_action.summary.words import moment, took

_LONGEST_TITLE = 60


@dataclass(frozen=True)
class Owed:
    """An action that is not done yet."""

    incident: Incident
    action: Action
    overdue: bool


@dataclass(frozen=True)
class Review:
    """All that is told of the incidents of some time."""

    pipeline: str
    since_ms: int
    now_ms: int
    incidents: Sequence[Incident]
    measures: Measures
    costs: Mapping[str, Cost]
    postmortems: Sequence[tuple[Incident, int]]
    """Those that are owed and until when, of whatever time."""
    actions: Sequence[Owed]
    """Those that are not done, of whatever time."""

    @property
    def in_all(self) -> Sequence[tuple[str, int | Fraction, Fraction]]:
        """Return what all together took of each budget: bad events, each once, and the sum of their shares."""
        found: dict[str, tuple[int | Fraction, Fraction]] = {}
        for cost in self.costs.values():
            for each in cost.budgets:
                bad, part = found.get(each.name, (0, Fraction(0)))
                found[each.name] = (bad + each.lost.own, part + (each.own_share or 0))
        return [(name, bad, part) for name, (bad, part) in found.items()]


def chosen(known: Sequence[Incident], since_ms: int, now_ms: int) -> list[Incident]:
    """Return the incidents that were detected since a moment, and those that go on."""
    return [each for each in known if each.detected_ms >= since_ms or each.open_at(now_ms)]


def review(
    pipeline: str, known: Sequence[Incident], since_ms: int, now_ms: int, costs: Mapping[str, Cost], term: Term
) -> Review:
    """Look at the incidents of a pipeline; `known` are all there are."""
    today = term.calendar.day_of(now_ms)
    shown = chosen(known, since_ms, now_ms)
    return Review(
        pipeline,
        since_ms,
        now_ms,
        shown,
        measured(shown, now_ms),
        costs,
        [(each, due_ms) for each in known if (due_ms := term.due_ms(each)) is not None],
        [
            Owed(each, action, bool(action.due) and action.due < today)
            for each in known
            for action in each.actions
            if not action.done
        ],
    )


@dataclass(frozen=True)
class _Part:
    """A table with its title, in plain words."""

    title: str
    columns: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]


def as_text(review: Review) -> str:
    """Return the review for a terminal."""
    parts = [f"{part.title}\n{_columns(part)}" for part in _parts(review) if part.rows]
    return "\n\n".join([_headline(review), *parts])


def as_markdown(review: Review) -> str:
    """Return the review as Markdown."""
    parts = [
        f"### {part.title}\n\n"
        + Table(part.columns, tuple(Row(tuple(cell(each) for each in row)) for row in part.rows), "row").full()
        for part in _parts(review)
        if part.rows
    ]
    return "\n\n".join([f"## Incidents of {cell(review.pipeline)}", _headline(review), *parts]) + "\n"


def as_plain(review: Review) -> dict[str, Any]:
    """Return the review for machines."""
    return {
        "pipeline": review.pipeline,
        "since": stamp(review.since_ms),
        "until": stamp(review.now_ms),
        "by_state": dict(Counter(each.state.value for each in review.incidents)),
        "whole": plain_group(review.measures.whole),
        "by_severity": {word.value: plain_group(group) for word, group in review.measures.by_severity.items()},
        "incidents": [_plain_incident(review, each) for each in review.incidents],
        "spent_in_all": [
            {"objective": name, "bad": number(bad), "spent_percent": percent(part)} for name, bad, part in review.in_all
        ],
        "postmortems_owed": [
            {"incident": each.name, "due_at": stamp(due_ms), "overdue": review.now_ms > due_ms}
            for each, due_ms in review.postmortems
        ],
        "actions_open": [
            {
                "incident": each.incident.name,
                "action": each.action.name,
                "what": each.action.what,
                "owner": each.action.owner or None,
                "due": each.action.due or None,
                "ticket": each.action.ticket or None,
                "overdue": each.overdue,
            }
            for each in review.actions
        ],
    }


def _plain_incident(review: Review, each: Incident) -> dict[str, Any]:
    cost = review.costs.get(each.name)
    return {
        "name": each.name,
        "title": each.title,
        "severity": each.severity.value,
        "state": each.state.value,
        "breached": each.breached(review.now_ms),
        "detected_at": stamp(each.detected_ms),
        "resolved_at": stamp_of(each.resolved_ms),
        "cost": plain_cost(cost) if cost else None,
    }


def _headline(review: Review) -> str:
    whole = review.measures.whole
    states = Counter(each.state.value.replace("_", " ") for each in review.incidents)
    order = [word.value.replace("_", " ") for word in State]
    told = ", ".join(f"{states[word]} {word}" for word in order if states[word])
    late = f"; {whole.breached} not acknowledged in time" if whole.breached else ""
    since = f"since {moment(review.since_ms)}"
    if not review.incidents:
        return f"No incident {since}."
    return f"{counted(whole.count, 'incident')} {since}: {told}{late}."


def _parts(review: Review) -> Iterator[_Part]:
    measures = review.measures
    groups = [(word.shown, measures.by_severity[word]) for word in Severity if measures.by_severity[word].count]
    rows = [_times_row(name, group) for name, group in [*groups, ("All", measures.whole)] if group.count]
    steps = tuple(f"To {step.value}" for step in Step)
    title = "Times from detection: median / 90th percentile (n); false alarms and merged ones have no part in them"
    yield _Part(title, ("Severity", "Incidents", "Open", "Late", *steps), rows)
    yield _Part("What each cost, while it went on", _COST_COLUMNS, [_cost_row(review, each) for each in _real(review)])
    title = "Error budget spent by all of them, each bad event once"
    rows = [(name, amount(bad), part_percent(part)) for name, bad, part in review.in_all]
    yield _Part(title, ("Objective", "Bad events", "Spent"), rows)
    postmortems = sorted(review.postmortems, key=lambda pair: pair[1])
    rows = [
        (each.name, each.severity.shown, moment(due_ms), "OVERDUE" if review.now_ms > due_ms else "due", each.title)
        for each, due_ms in postmortems
    ]
    yield _Part("Postmortems that are owed", ("Incident", "Severity", "Due", "State", "Title"), rows)
    actions = sorted(review.actions, key=lambda each: (each.action.due or "9", each.incident.name))
    rows = [
        (
            each.incident.name,
            each.action.name,
            each.action.owner or "-",
            each.action.due or "-",
            "OVERDUE" if each.overdue else "open",
            each.action.what,
        )
        for each in actions
    ]
    yield _Part("Actions that are not done", ("Incident", "Action", "Owner", "Due", "State", "What"), rows)


_COST_COLUMNS = ("Incident", "Severity", "State", "Lasted", "Runs lost", "Days lost", "Budget spent", "Title")


def _real(review: Review) -> list[Incident]:
    return [each for each in review.incidents if each.name in review.costs]


def _cost_row(review: Review, each: Incident) -> tuple[str, ...]:
    cost = review.costs[each.name]
    budgets = "; ".join(f"{spent.name} {share(spent)}" for spent in cost.budgets if spent.lost.bad)
    lasted = took(cost.end_ms - each.detected_ms)
    return (
        each.name,
        each.severity.shown,
        each.state.value,
        lasted if each.resolved_ms is not None else f"{lasted} so far",
        f"{amount(cost.runs.bad)} of {amount(cost.runs.total)}",
        amount(cost.days.bad),
        budgets or "nothing",
        _short(each.title),
    )


def _times_row(name: str, group: Group) -> tuple[str, ...]:
    times = (_times(group.times(step)) for step in Step)
    return (name, str(group.count), str(group.open), str(group.breached), *times)


def _times(times: Times) -> str:
    if not times.n:
        return "-"
    few = ", n too small" if times.too_small else ""
    return f"{took(times.median_ms)} / {took(times.p90_ms)} (n={times.n}{few})"


def _short(title: str) -> str:
    return title if len(title) <= _LONGEST_TITLE else f"{title[: _LONGEST_TITLE - 1]}…"


def _columns(part: _Part) -> str:
    rows = [part.columns, *(tuple(visible(each) for each in row) for row in part.rows)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  " + "  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)

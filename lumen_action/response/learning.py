"""What the facts about an incident already say went well, went wrong, or was luck; people add what only they know."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lumen_action.incidents.incident import Incident
from lumen_action.incidents.words import Event, Severity, State
from lumen_action.response.spending import Cost
from lumen_action.slo.phrases import counted
from lumen_action.summary.words import took

_NEVER = {State.FALSE_ALARM: "known to be a false alarm", State.MERGED: "made part of another"}
_NOBODY_OPENED = ("rule:", "alertmanager")


def learned(incident: Incident, cost: Cost | None, now_ms: int) -> tuple[Sequence[str], Sequence[str], Sequence[str]]:
    """Return what went well, what went wrong and what was luck, a sentence each."""
    return list(_well(incident, cost, now_ms)), list(_wrong(incident, cost, now_ms)), list(_lucky(incident, cost))


def response_line(incident: Incident, now_ms: int) -> str:
    """Return how the first deadline was met or missed: acknowledged after how long, and what was promised."""
    within = took(incident.ack_due_ms - incident.detected_ms)
    if incident.older:
        return "Who took it, and when, is not on record."
    last = incident.last_move
    if incident.acked_ms is None and incident.state in _NEVER and last:
        how = f"{_NEVER[incident.state]} {took(max(0, last.at_ms - incident.detected_ms))} after detection"
        late = f", {took(last.at_ms - incident.ack_due_ms)} after" if incident.breached(now_ms) else ", within"
        return f"Nobody acknowledged it: it was {how}{late} its deadline of {within}."
    if incident.acked_ms is None:
        late = f", {took(now_ms - incident.ack_due_ms)} over" if incident.breached(now_ms) else ""
        return f"Not acknowledged yet; the deadline is {within} after detection{late}."
    after = took(max(0, incident.acked_ms - incident.detected_ms))
    if incident.breached(now_ms):
        late = took(incident.acked_ms - incident.ack_due_ms)
        return f"Acknowledged {after} after detection, {late} after its deadline of {within}."
    return f"Acknowledged {after} after detection, within its deadline of {within}."


def told_by_itself(incident: Incident) -> bool:
    """Tell whether an alert or a rule opened it."""
    return incident.opened_by.startswith(_NOBODY_OPENED)


def _well(incident: Incident, cost: Cost | None, now_ms: int) -> Iterator[str]:
    if incident.acked_ms is not None and not incident.breached(now_ms):
        yield response_line(incident, now_ms)
    if told_by_itself(incident):
        yield f"Nobody had to find it: {_opener(incident)} opened it."
    if cost and cost.budgets and not any(each.lost.bad for each in cost.budgets):
        yield "It took nothing of any error budget."


def _wrong(incident: Incident, cost: Cost | None, now_ms: int) -> Iterator[str]:
    if incident.breached(now_ms):
        yield response_line(incident, now_ms)
    if incident.opened_by and not told_by_itself(incident):
        failing = cost.failing_before if cost else 0
        after = f" after {counted(failing, 'run', 'failing')} in a row" if failing > 1 else ""
        after = " after a failing run" if failing == 1 else after
        yield f"No alert told of it: it was opened by hand{after}."
    unseen_ms = incident.opened_ms - incident.detected_ms
    if unseen_ms > incident.severity.response_ms:
        yield f"It had shown for {took(unseen_ms)} when it was opened."
    back = sum(each.event is Event.REOPENED and each.counted for each in incident.moments)
    if back:
        yield f"It came back after it was said to be over: {counted(back, 'time')}."
    if raised := _raised(incident):
        yield raised
    for each in cost.budgets if cost else ():
        if each.lost.bad and each.lost.bad >= each.allowed:
            yield f"It alone took all of the error budget of {each.name}."


def _lucky(incident: Incident, cost: Cost | None) -> Iterator[str]:
    if cost and not cost.runs.total:
        yield "No run ended while it went on."
    elif cost and not cost.runs.bad:
        yield f"No run failed while it went on, of {cost.runs.total} that ended."
    helped_ms = min(
        (at_ms for at_ms in (incident.mitigated_ms, incident.resolved_ms) if at_ms is not None), default=None
    )
    ended = [each.at_ms for each in incident.moments if each.event is Event.RECOVERED]
    if ended and not incident.firing and (helped_ms is None or max(ended) < helped_ms):
        yield "Its alerts ended by themselves before anybody had mitigated it."


def _opener(incident: Incident) -> str:
    kind, _, name = incident.opened_by.partition(":")
    return f"the rule {name}" if kind == "rule" else "an alert"


def _raised(incident: Incident) -> str:
    """Say that it was taken for milder than it was."""
    first = dict(incident.moments[0].told).get("severity", "") if incident.moments else ""
    if first not in {word.value for word in Severity} or incident.state is State.MERGED:
        return ""
    began = Severity(first)
    worse = next(
        (
            each
            for each in incident.moments
            if each.event is Event.SEVERITY and each.counted and dict(each.told).get("severity", first) < first
        ),
        None,
    )
    if worse is None:
        return ""
    now = Severity(dict(worse.told)["severity"]).shown
    return f"It was taken for {began.shown} at first; {took(worse.at_ms - incident.opened_ms)} later it was {now}."

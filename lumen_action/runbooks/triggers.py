"""Which runbooks an alert or a class of failure calls for, with which inputs, and whether one may start by itself."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from lumen_action.runbooks.inputs import faults_of
from lumen_action.runbooks.runbook import Runbook, Trigger

_MINUTE_MS = 60_000
_DAY_MS = 24 * 60 * _MINUTE_MS


@dataclass(frozen=True)
class Triggered:
    """A runbook that is called for, and by which of its triggers."""

    runbook: Runbook
    trigger: Trigger


def triggered(
    runbooks: Mapping[str, Runbook],
    *,
    alert: str = "",
    error_class: str = "",
    automatic: Collection[str] | None = None,
) -> tuple[Triggered, ...]:
    """Return what an alert or a class calls for, the team's own first; of `automatic`, only those named there."""
    found = [
        Triggered(runbook, trigger)
        for runbook in runbooks.values()
        for trigger in runbook.triggers
        if (alert and trigger.alert == alert) or (error_class and trigger.error_class == error_class)
    ]
    allowed = [each for each in found if automatic is None or each.runbook.name in automatic]
    # An alert names its class too: once is enough.
    firsts = {each.runbook.name: each for each in reversed(allowed)}
    return tuple(sorted(firsts.values(), key=lambda each: (not each.runbook.own, each.runbook.name)))


def inputs_from(runbook: Runbook, labels: Mapping[str, str]) -> Mapping[str, str]:
    """Return the inputs that the labels of an alert give; what does not fit is left out where a run needs it not.

    A label is whatever somebody wrote: `values_of` still has to refuse what is needed and does not fit.
    """
    found = {asked.name: (asked, labels.get(asked.from_label, "")) for asked in runbook.inputs if asked.from_label}
    return {
        name: value
        for name, (asked, value) in found.items()
        if value and (asked.required or not any(faults_of(asked, value)))
    }


def may_start(trigger: Trigger, started_ms: Iterable[int], now_ms: int) -> str:
    """Return why it must not start by itself now, nothing where it may; a start in the future is one just now."""
    starts = sorted(min(each, now_ms) for each in started_ms)
    left_ms = starts[-1] + trigger.cooldown_minutes * _MINUTE_MS - now_ms if starts else 0
    if left_ms > 0:
        minutes = -(-left_ms // _MINUTE_MS)
        return f"it was started less than {trigger.cooldown_minutes} min ago; it may again in {minutes} min"
    today = sum(1 for each in starts if now_ms - each < _DAY_MS)
    if today >= trigger.most_a_day:
        return f"it was started {today} times within 24 hours, and {trigger.most_a_day} are the most"
    return ""

"""What has to hold beside the budgets: no open incident, the checks that were asked for, the tests."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from lumen_action.gate.junit import Results
from lumen_action.incidents.incident import Incident
from lumen_action.model import Fact, Kind, Outcome, Trust
from lumen_action.model.instants import stamp
from lumen_action.slo.phrases import counted

_SHOWN = 5
_LONGEST_NAME = 120


class State(str, Enum):
    """Whether a condition holds, as far as anybody knows."""

    OK = "ok"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Condition:
    """One condition and what was found."""

    name: str
    state: State
    found: str


def no_open_incident(incidents: Sequence[Incident]) -> Condition:
    """Hold while no incident of the two worst severities is open; those given are."""
    if not incidents:
        return Condition("incidents", State.OK, "no open incident of Sev1 or Sev2")
    shown = _listed([f"{each.severity.shown} {each.name}" for each in incidents])
    noun = "incident is" if len(incidents) == 1 else "incidents are"
    return Condition("incidents", State.FAILED, f"{len(incidents)} {noun} open: {shown}")


@dataclass(frozen=True)
class OwedPostmortem:
    """A closed incident of the two worst severities, and until when its postmortem is to be written."""

    incident: str
    due_ms: int


def postmortems(owed: Sequence[OwedPostmortem], now_ms: int) -> Condition:
    """Hold while no postmortem is overdue; one that is due later is named all the same."""
    late = [each for each in owed if now_ms > each.due_ms]
    shown = _listed([f"{each.incident} was due {stamp(each.due_ms)}" for each in late])
    if late:
        return Condition("postmortems", State.FAILED, f"{counted(len(late), 'postmortem')} overdue: {shown}")
    shown = _listed([f"{each.incident} until {stamp(each.due_ms)}" for each in owed])
    return Condition("postmortems", State.OK, f"none is overdue; to be written: {shown}")


def checks_in(facts: Iterable[Fact]) -> Mapping[str, Mapping[str, Outcome]]:
    """Return the latest outcome of every check by region; forks, and what was cancelled or skipped, say nothing."""
    latest: dict[str, dict[str, Outcome]] = defaultdict(dict)
    for fact in sorted(facts, key=lambda fact: (fact.ended_ms, fact.key)):
        if fact.key.kind is Kind.CHECK and fact.trust is Trust.TRUSTED and fact.outcome.counted:
            latest[fact.key.stage][fact.key.region] = fact.outcome
    return latest


def check_passed(name: str, known: Mapping[str, Outcome]) -> Condition:
    """Hold when the latest check of a name was good in every region."""
    if not known:
        return Condition(f"check {name}", State.UNKNOWN, "nothing is recorded of it")
    bad = {region: outcome for region, outcome in known.items() if not outcome.good}
    shown = sorted({outcome.value for outcome in (bad or known).values()})
    where = f" in {_listed(sorted(bad))}" if bad and len(known) > 1 else ""
    found = f"its latest outcome is {' and '.join(shown)}{where}"
    return Condition(f"check {name}", State.FAILED if bad else State.OK, found)


def passing_tests(results: Results, missing: Sequence[str]) -> Condition:
    """Hold when tests ran and all of them passed; `missing` are the patterns that no file fits."""
    skipped = f", {results.skipped} skipped" if results.skipped else ""
    counts = f"{results.failed} of {counted(results.ran, 'test')} failed{skipped}"
    if results.refused:
        elsewhere = f" ({counts} elsewhere)" if results.tests else ""
        return Condition("tests", State.FAILED, f"{_listed(results.refused)}{elsewhere}")
    if results.failed:
        named = f": {_listed(results.failures)}" if results.failures else ""
        return Condition("tests", State.FAILED, f"{counts}{named}")
    if missing:
        return Condition("tests", State.UNKNOWN, f"no file fits {_listed(missing)}")
    if not results.ran:
        return Condition("tests", State.UNKNOWN, f"no test ran{skipped}")
    return Condition("tests", State.OK, f"{counted(results.ran, 'test')} passed{skipped}")


def unknown(name: str, why: str) -> Condition:
    """Return a condition of which nothing could be found out."""
    return Condition(name, State.UNKNOWN, why)


def _listed(names: Sequence[str]) -> str:
    shown = [name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…" for name in names[:_SHOWN]]
    more = len(names) - len(shown)
    return ", ".join([*shown, *([f"and {more} more"] if more else [])])

"""What has to hold beside the budgets: no open incident, the checks that were asked for, the tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from lumen_action.gate.junit import Results
from lumen_action.model import Outcome
from lumen_action.sli.incidents import Incident

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
    shown = _listed([f"{each.severity.capitalize()} {each.name}" for each in incidents])
    noun = "incident is" if len(incidents) == 1 else "incidents are"
    return Condition("incidents", State.FAILED, f"{len(incidents)} {noun} open: {shown}")


def check_passed(name: str, known: Mapping[str, Outcome]) -> Condition:
    """Hold when the latest check of a name was good."""
    outcome = known.get(name)
    if outcome is None:
        return Condition(f"check {name}", State.UNKNOWN, "nothing is recorded of it")
    state = State.OK if outcome.good else State.FAILED
    return Condition(f"check {name}", state, f"its latest outcome is {outcome}")


def passing_tests(results: Results, missing: Sequence[str]) -> Condition:
    """Hold when tests ran and all of them passed; `missing` are the patterns that no file fits."""
    skipped = f", {results.skipped} skipped" if results.skipped else ""
    counts = f"{results.failed} of {results.ran} tests failed{skipped}"
    if results.refused:
        return Condition("tests", State.FAILED, f"{_listed(results.refused)} ({counts} elsewhere)")
    if results.failed:
        named = f": {_listed(results.failures)}" if results.failures else ""
        return Condition("tests", State.FAILED, f"{counts}{named}")
    if missing:
        return Condition("tests", State.UNKNOWN, f"no file fits {_listed(missing)}")
    if not results.ran:
        return Condition("tests", State.UNKNOWN, f"no test ran{skipped}")
    return Condition("tests", State.OK, f"{results.ran} tests passed{skipped}")


def unknown(name: str, why: str) -> Condition:
    """Return a condition of which nothing could be found out."""
    return Condition(name, State.UNKNOWN, why)


def _listed(names: Sequence[str]) -> str:
    shown = [name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…" for name in names[:_SHOWN]]
    more = len(names) - len(shown)
    return ", ".join([*shown, *([f"and {more} more"] if more else [])])

"""Where published numbers go: the nouns of an exposition and one protocol, one module a sink."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from lumen_action.model import Fact
from lumen_action.sli.state import State


@dataclass(frozen=True)
class Sample:
    """One number and the labels that are its own, beside those of its group."""

    value: float
    labels: Mapping[str, str]


@dataclass(frozen=True)
class Family:
    """All samples of one series name."""

    name: str
    type: str
    help: str
    samples: tuple[Sample, ...]


@dataclass(frozen=True)
class Group:
    """What is replaced as a whole; its labels are shared by all its samples and make its key."""

    labels: Mapping[str, str]
    families: tuple[Family, ...]

    @property
    def size(self) -> int:
        """Return the number of samples."""
        return sum(len(family.samples) for family in self.families)


class Sink(Protocol):
    """One place that shows the totals. The name is stable, tells sinks apart and holds no secret."""

    name: str

    def publish(self, groups: Sequence[Group]) -> int:
        """Replace what the sink shows of these groups; return the number of samples pushed."""

    def probe(self) -> None:
        """Raise what publishing would raise, without changing what the sink shows."""


@runtime_checkable
class DurationSink(Protocol):
    """A sink that also shows how long runs took, which totals do not tell."""

    def send_durations(self, state: State) -> None:
        """Show how long all attempts of runs took."""


@runtime_checkable
class EventSink(Protocol):
    """A sink that also keeps every run as a sample of its own, which tells when it was decided."""

    def send_events(self, facts: Iterable[Fact]) -> Sequence[str]:
        """Show the runs of some days, of which all facts are given; return why any can never be shown."""

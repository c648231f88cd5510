"""One publisher at a time folds the ledger and shows the totals, until the ledger has stopped moving."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from lumen_action.errors import LumenError
from lumen_action.ledger import Ledger
from lumen_action.sinks import DurationSink, Sink
from lumen_action.sinks.series import PublishFacts, families
from lumen_action.sli.absence import absences
from lumen_action.sli.days import Calendar
from lumen_action.sli.fold import Collected, collect, fold
from lumen_action.sli.schedule import Schedule

# A ledger that never rests must not keep a job waiting; what moved since is the next publisher's work.
_MOST_ROUNDS = 10
_LOCK_SECONDS = 60.0


@dataclass(frozen=True)
class Published:
    """What became of one sink."""

    sink: str
    samples: int = 0
    head: int = 0
    fault: str = ""

    @property
    def ok(self) -> bool:
        """Tell whether the sink shows the ledger."""
        return not self.fault

    def describe(self) -> str:
        """Say it in one line."""
        if self.fault:
            return f"{self.sink} was not updated: {self.fault}; the next publish shows the same totals"
        return f"published {self.samples} samples to {self.sink}" if self.samples else f"{self.sink} is up to date"


class _Reading:
    """The facts of one pipeline, read again only when the ledger has moved."""

    def __init__(self, ledger: Ledger, pipeline: str) -> None:
        self.pipeline = pipeline
        self._ledger = ledger
        self._head: int | None = None
        self._facts: Collected = {}

    def now(self) -> tuple[int, Collected]:
        """Return the head, and facts that hold at least all up to it."""
        head = self._ledger.head()
        if head != self._head:
            self._head, self._facts = head, collect(self._ledger.scan(pipeline=self.pipeline))
        return head, self._facts


@dataclass(frozen=True)
class Publisher:
    """Everything publishing needs besides the pipeline's name."""

    ledger: Ledger
    sinks: Sequence[Sink]
    calendar: Calendar
    constants: Callable[[int], PublishFacts]
    clock_ms: Callable[[], int]

    def publish(
        self, pipeline: str, *, covering: int | None = None, schedule: Schedule | None = None
    ) -> list[Published]:
        """Show one pipeline's totals in every sink; one dead sink does not stop the others.

        With `covering`, a sink that another publisher has meanwhile brought to that head is left alone. With a
        `schedule`, days on which no expected run came are recorded as missing first.
        """
        try:
            with self.ledger.publishing(_LOCK_SECONDS):
                reading = _Reading(self.ledger, pipeline)
                if schedule:
                    for fact in absences(reading.now()[1].values(), schedule, self.calendar, self.clock_ms()):
                        self.ledger.put(fact)
                return [self._to(sink, reading, covering) for sink in self.sinks]
        except LumenError as fault:
            return [Published(sink.name, fault=str(fault)) for sink in self.sinks]

    def _to(self, sink: Sink, reading: _Reading, covering: int | None) -> Published:
        mark = f"{sink.name}|{reading.pipeline}"
        shown = self.ledger.published_head(mark)
        if covering is not None and shown >= covering:
            return Published(sink.name, head=shown)
        samples = 0
        try:
            for _ in range(_MOST_ROUNDS):
                head, facts = reading.now()
                state = fold(facts, now_ms=self.clock_ms(), calendar=self.calendar)
                samples += sink.publish(families(state, self.constants(head)))
                if isinstance(sink, DurationSink):
                    sink.send_durations(facts.values())
                self.ledger.mark_published(mark, head)
                if self.ledger.head() == head:
                    break
        except (LumenError, ImportError) as fault:
            return Published(sink.name, samples, fault=str(fault))
        return Published(sink.name, samples, head)

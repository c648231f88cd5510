"""One publisher at a time folds the ledger and shows the totals, until the ledger has stopped moving."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from lumen_action.errors import LumenError
from lumen_action.ledger import Ledger
from lumen_action.sinks import DurationSink, EventSink, Sink
from lumen_action.sinks.series import PublishFacts, families
from lumen_action.sli.days import Calendar
from lumen_action.sli.fold import state_of
from lumen_action.sli.rollup import Advanced
from lumen_action.sli.schedule import Schedule
from lumen_action.totals import Totals, put_on_record

# A ledger that never rests must not keep a job waiting; what moved since is the next publisher's work.
_MOST_ROUNDS = 10
# No receiver takes samples that are much older.
_EVENTS_MS = 48 * 3_600_000


@dataclass(frozen=True)
class Published:
    """What became of one sink."""

    sink: str
    samples: int = 0
    head: int = 0
    fault: str = ""
    untold: tuple[str, ...] = ()
    """What this sink can never show, and why; its totals are right."""

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
    """The totals of one pipeline, read again only when the ledger has moved."""

    def __init__(self, ledger: Ledger, pipeline: str) -> None:
        self.pipeline = pipeline
        self.totals = Totals(ledger, pipeline)
        self._ledger = ledger
        self._head: int | None = None
        self._read = Advanced()

    def now(self, since_day: str) -> tuple[int, Advanced]:
        """Return the head, and totals that hold at least all up to it, with all facts of the days since that one."""
        head = self._ledger.head()
        if head != self._head:
            self._head, self._read = head, self.totals.read(since_day=since_day)
        return head, self._read


@dataclass(frozen=True)
class Publisher:
    """Everything publishing needs besides the pipeline's name."""

    ledger: Ledger
    sinks: Sequence[Sink]
    calendar: Calendar
    constants: Callable[[int], PublishFacts]
    clock_ms: Callable[[], int]
    lock_seconds: float = 60.0

    def publish(
        self, pipeline: str, *, covering: int | None = None, schedule: Schedule | None = None
    ) -> list[Published]:
        """Show one pipeline's totals in every sink; one dead sink does not stop the others.

        With `covering`, a sink that another publisher has meanwhile brought to that head is left alone. Days that
        closed without a good run are put on record first, with a `schedule` also those without an expected run.
        """
        try:
            with self.ledger.publishing(self.lock_seconds):
                reading = _Reading(self.ledger, pipeline)
                _, read = reading.now(self._since_day)
                put_on_record(self.ledger, pipeline, read.tallied, schedule, self.calendar, self.clock_ms())
                shown = [self._to(sink, reading, covering) for sink in self.sinks]
                reading.totals.keep()
                return shown
        except LumenError as fault:
            return [Published(sink.name, fault=str(fault)) for sink in self.sinks]

    @property
    def _since_day(self) -> str:
        return self.calendar.day_of(self.clock_ms() - _EVENTS_MS)

    def _to(self, sink: Sink, reading: _Reading, covering: int | None) -> Published:
        mark = f"{sink.name}|{reading.pipeline}"
        shown = self.ledger.published_head(mark)
        if covering is not None and shown >= covering:
            return Published(sink.name, head=shown)
        samples = 0
        untold: dict[str, None] = {}
        try:
            for _ in range(_MOST_ROUNDS):
                head, read = reading.now(self._since_day)
                state = state_of({reading.pipeline: read.tallied}, now_ms=self.clock_ms(), calendar=self.calendar)
                samples += sink.publish(families(state, self.constants(head)))
                if isinstance(sink, DurationSink):
                    sink.send_durations(state)
                if isinstance(sink, EventSink):
                    untold |= dict.fromkeys(sink.send_events(read.facts))
                self.ledger.mark_published(mark, head)
                if self.ledger.head() == head:
                    break
        except (LumenError, ImportError) as fault:
            return Published(sink.name, samples, fault=str(fault))
        return Published(sink.name, samples, head, untold=tuple(untold))

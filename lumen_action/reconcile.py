"""`reconcile`: what the ledger lacks of a window of runs, found by asking the CI, and how far that has come."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from lumen_action.ciapi.faults import ApiError, RateLimitedError, TooManyCallsError, VanishedError
from lumen_action.ciapi.runs import Runs
from lumen_action.errors import ConfigError
from lumen_action.ledger import Ledger, Put
from lumen_action.ledger.notes import Notes
from lumen_action.model import Fact, Kind
from lumen_action.sli.days import Calendar
from lumen_action.sli.reconciling.ciruns import Attempt, Run
from lumen_action.sli.reconciling.habits import WorkflowHabits
from lumen_action.sli.reconciling.hearing import listen
from lumen_action.sli.reconciling.missing import Known, Rules, missing_facts, pipeline_of
from lumen_action.sli.reconciling.progress import Done, Progress, habits_key
from lumen_action.sli.reconciling.runfacts import facts_of_attempt

HOUR_MS = 3_600_000
# A re-run keeps its run's creation time: what was settled yesterday is looked at again, for one call a hundred runs.
WINDOW_MS = 26 * HOUR_MS
# A server that fails this often in a row will not get better by being asked on.
_MOST_FAILURES_IN_A_ROW = 3
_TELL_EVERY = 25


@dataclass(frozen=True)
class Window:
    """Which runs to look at: those of ids, those created since a time, or, with neither, where we were."""

    since_ms: int | None = None
    ids: tuple[int, ...] = ()

    @property
    def by_hand(self) -> bool:
        """Tell whether a person chose it; then everything is looked at again and the watermark stays."""
        return self.since_ms is not None or bool(self.ids)


@dataclass(frozen=True)
class _Seen:
    """What the ledger holds of the days of some runs: the facts of each, and the regions of every pipeline."""

    of_run: Mapping[int, list[Fact]]
    regions: Mapping[str, set[str]]


@dataclass
class Report:
    """What one call did. `lost` can never be known, `postponed` is for the next call, `unfinished` still runs."""

    since_ms: int | None = None
    until_ms: int = 0
    runs: int = 0
    attempts: int = 0
    calls: int = 0
    added: list[Fact] = field(default_factory=list)
    unfinished: list[int] = field(default_factory=list)
    postponed: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    watermark_ms: int | None = None


@dataclass(frozen=True)
class Reconciler:
    """The collaborators of one call."""

    runs: Runs
    ledger: Ledger
    rules: Rules
    calendar: Calendar
    clock_ms: Callable[[], int]
    tell: Callable[[str], None]
    pipeline: str = ""
    region: str = ""
    dry_run: bool = False

    def reconcile(self, window: Window) -> Report:
        """Add what is missing of a window, and remember how far that came."""
        note = self._note()
        before = self._progress(note)
        report = Report(until_ms=self.clock_ms())
        runs = self._listed(window, before, report)
        mine = self._of_lumen(runs, before)
        report.runs = len(mine)
        others = [str(run.id) for run in runs if window.ids and run not in mine]
        if others:
            self.tell(f"never used Lumen, name their workflow under `reconcile.workflows`: runs {', '.join(others)}")
        settled: dict[int, Done] = {}
        attempts = self._fetched(mine, Progress() if window.by_hand else before, settled, report)
        after = self._decided(attempts, before, report)
        if not window.by_hand:
            after = self._moved_on(after, mine, settled, report)
        report.watermark_ms = after.watermark_ms
        report.calls = self.runs.client.calls
        if not self.dry_run and after != before:
            self._keep(after, note)
        return report

    def _listed(self, window: Window, before: Progress, report: Report) -> list[Run]:
        try:
            if window.ids:
                return [self.runs.run(id_) for id_ in window.ids]
            usual = report.until_ms - WINDOW_MS
            since = window.since_ms if window.since_ms is not None else min(usual, before.watermark_ms or usual)
            report.since_ms = since
            found = {run.id: run for run in self.runs.created_between(since, report.until_ms)}
        except VanishedError as fault:
            what = "one of the runs" if window.ids else "its list of runs"
            access = self.runs.client.access
            raise ConfigError(
                f"repository: {access.url} shows {what} of {access.repo} to nobody or not to this token (404); check "
                "the name, and give the token of a private repository `actions: read`"
            ) from fault
        return sorted(found.values(), key=lambda run: (run.created_ms, run.id))

    def _of_lumen(self, runs: Sequence[Run], before: Progress) -> list[Run]:
        """Keep the runs of workflows that use us: by rule, by their own facts, by earlier runs, by name."""
        pipelines = set(self.ledger.pipelines())
        seen = self._seen(runs).of_run

        def ours(run: Run) -> bool:
            if self.rules.pipeline(run) or seen[run.id]:
                return True
            learned = before.counts(run)
            return run.workflow in pipelines if learned is None else learned

        return [run for run in runs if ours(run)]

    def _fetched(
        self, runs: Sequence[Run], before: Progress, settled: dict[int, Done], report: Report
    ) -> list[Attempt]:
        """Ask for every attempt that is not settled; what cannot be had now is left for the next call."""
        found: list[Attempt] = []
        failures = 0
        for count, run in enumerate(runs, 1):
            try:
                self._ask_for(run, before, settled, found, report)
                failures = 0
            except RateLimitedError as fault:
                report.postponed.append(str(fault))
                break
            except ApiError as fault:
                report.postponed.append(f"run {run.id}: {fault}")
                failures += 1
                if failures == _MOST_FAILURES_IN_A_ROW:
                    break
            if count % _TELL_EVERY == 0:
                self.tell(f"looked at {count} of {len(runs)} runs, {self.runs.client.calls} calls")
        report.attempts = len(found)
        return found

    def _ask_for(
        self, run: Run, before: Progress, settled: dict[int, Done], found: list[Attempt], report: Report
    ) -> None:
        last = before.settled(run)
        settled[run.id] = Done(last, run.created_ms)
        for number in range(last + 1, run.attempt + 1):
            try:
                attempt = None if number == run.attempt and not run.over else self.runs.attempt(run, number)
            except (VanishedError, TooManyCallsError) as fault:
                report.lost.append(f"run {run.id} attempt {number}: {fault}")
            else:
                if attempt is None or not attempt.over:
                    report.unfinished.append(run.id)
                    return
                found.append(attempt)
            settled[run.id] = Done(number, run.created_ms)

    def _decided(self, attempts: Sequence[Attempt], before: Progress, report: Report) -> Progress:
        """Learn from all attempts, then add what each lacks; the facts are read after the jobs had ended."""
        seen = self._seen([attempt.run for attempt in attempts])
        after = before
        for attempt in attempts:
            key, known = habits_key(attempt.run), after.habits_of(attempt.run)
            own = facts_of_attempt(attempt, seen.of_run[attempt.run.id])
            learned = after.habits.get(key, WorkflowHabits())
            taught = learned.taught(attempt, listen(attempt, own, known).of_job)
            if taught != learned:
                after = replace(after, habits={**after.habits, key: taught})
        for attempt in attempts:
            added = self._added(attempt, seen, after.habits_of(attempt.run))
            seen.of_run[attempt.run.id].extend(added)
            report.added += added
        return after

    def _added(self, attempt: Attempt, seen: _Seen, habits: WorkflowHabits) -> list[Fact]:
        facts = seen.of_run[attempt.run.id]
        pipeline = pipeline_of(attempt.run, facts, self.rules, habits, self.pipeline)
        known = Known(
            facts=facts,
            habits=habits,
            rules=self.rules,
            calendar=self.calendar,
            now_ms=self.clock_ms(),
            pipeline=pipeline,
            region=self.region,
            regions=frozenset(seen.regions.get(pipeline, ())),
        )
        # Where the job's own word was faster the ledger keeps that, and ours is not needed.
        return [fact for fact in missing_facts(attempt, known) if self.dry_run or self.ledger.put(fact) is Put.CREATED]

    def _seen(self, runs: Iterable[Run]) -> _Seen:
        """Read the days of runs; a fact stands under its run's day, or by a slow clock under the one before."""
        ids = {str(run.id): run.id for run in runs}
        seen = _Seen({id_: [] for id_ in ids.values()}, defaultdict(set))
        for day in self._days(runs):
            for fact in self.ledger.scan(day=day):
                if fact.key.kind in (Kind.RUN, Kind.STAGE):
                    seen.regions[fact.pipeline].add(fact.key.region)
                    if fact.key.run in ids:
                        seen.of_run[ids[fact.key.run]].append(fact)
        return seen

    def _days(self, runs: Iterable[Run]) -> list[str]:
        created = [run.created_ms for run in runs]
        if not created:
            return []
        first = date.fromisoformat(self.calendar.day_of(min(created))) - timedelta(days=1)
        last = date.fromisoformat(self.calendar.day_of(self.clock_ms()))
        return [(first + timedelta(days=days)).isoformat() for days in range((last - first).days + 1)]

    def _moved_on(self, before: Progress, runs: Sequence[Run], settled: Mapping[int, Done], report: Report) -> Progress:
        """Move the watermark up to the first run that is not settled."""
        waiting = [run.created_ms for run in runs if run.id not in settled or settled[run.id].attempt < run.attempt]
        watermark = min(waiting, default=report.until_ms)
        kept = {**before.done, **{run: done for run, done in settled.items() if done.attempt}}
        oldest = min(watermark, report.until_ms - WINDOW_MS)
        return replace(
            before,
            watermark_ms=watermark,
            done={run: done for run, done in kept.items() if done.created_ms >= oldest},
        )

    @property
    def _note_name(self) -> str:
        place = f"{self.runs.client.access.url} {self.runs.client.access.repo}".casefold()
        return f"reconcile/{place.encode().hex()}"

    def _note(self) -> bytes | None:
        return self.ledger.note(self._note_name) if isinstance(self.ledger, Notes) else None

    def _progress(self, note: bytes | None) -> Progress:
        try:
            return Progress.decode(note) if note else Progress()
        except ValueError as fault:
            self.tell(f"warning: {fault}; starting again with the runs of the last {WINDOW_MS // HOUR_MS} h")
            return Progress()

    def _keep(self, progress: Progress, expected: bytes | None) -> None:
        if isinstance(self.ledger, Notes) and not self.ledger.put_note(
            self._note_name, progress.encode(), expected=expected
        ):
            self.tell("warning: another reconcile was faster; its watermark stays, and nothing is counted twice")

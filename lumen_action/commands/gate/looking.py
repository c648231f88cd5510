"""What is to be known for a decision: objectives, incidents, checks, tests and overrides."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

from lumen_action.commands.gate.asking import GateAsked
from lumen_action.commands.lasting import lasting_ledger
from lumen_action.commands.slo.places import evaluated
from lumen_action.errors import IntegrityError, RemoteError
from lumen_action.failure.redaction import redact
from lumen_action.gate.conditions import (
    Condition,
    OwedPostmortem,
    check_passed,
    checks_in,
    no_open_incident,
    passing_tests,
    postmortems,
    unknown,
)
from lumen_action.gate.deciding import Unmeasured
from lumen_action.gate.junit import RefusedError, Results, read_results
from lumen_action.incidents.facts import incidents_run
from lumen_action.incidents.folding import incidents_in
from lumen_action.ledger import Ledger
from lumen_action.ledger.deliver import deliver
from lumen_action.measuring.daily import Days
from lumen_action.model import Fact, Kind
from lumen_action.response.postmortem import term_of
from lumen_action.slo.evaluation import Evaluation
from lumen_action.slo.objective import LedgerSource

# No override lasts as long, and whoever leaves an incident of before there were events open for longer has closed it.
DAYS = 30
_PIECE_BYTES = 1 << 16
_MOST_FILES = 10_000
_WANTED = frozenset({Kind.GATE, Kind.CHECK})


@dataclass(frozen=True)
class Recent:
    """What the ledger keeps of the last days beside runs; `why` it could not be asked."""

    facts: tuple[Fact, ...] = ()
    why: str = ""
    kept: bool = True
    """Whether there is a ledger that outlives the job at all."""


def recent(asked: GateAsked) -> Recent:
    """Return the facts about gates, incidents and checks; a ledger that does not answer is not asked again."""
    session = asked.session
    waiting = [fact for _, fact in session.spool.pending() if fact.pipeline in asked.pipelines]
    try:
        ledger = session.ledger()
        if asked.needs_ledger and asked.of_fork and not ledger.durable:
            return Recent(tuple(waiting), "a fork's job is not told the ledger where a secret or a variable names it")
        if asked.needs_ledger:
            keeps = bool(asked.wish.override or asked.wish.revoke)
            lasting_ledger(session, "what the gate looks at and decides would end with this job", evidence=keeps)
        elif not ledger.durable:
            return Recent(kept=False)
        if not asked.wish.dry_run:
            deliver(session.spool, ledger, session.world.clock_ms())
        today = date.fromisoformat(session.settings.calendar.day_of(asked.at_ms))
        first = (today - timedelta(days=DAYS)).isoformat()
        each_of = [Days.of(ledger, name) for name in sorted(asked.pipelines)]
        found = [fact for days in each_of for day in days.names if day >= first for fact in days.facts_of(day)]
        # An incident goes on until somebody ends it, however long ago it was opened.
        found += [fact for name in sorted(asked.pipelines) for fact in _of_incidents(ledger, name)]
    except (RemoteError, IntegrityError) as fault:
        return Recent(tuple(waiting), str(fault))
    known = [
        fact
        for fact in (*waiting, *found)
        if fact.key.kind is Kind.INCIDENT or (fact.key.kind in _WANTED and fact.pipeline == asked.pipeline)
    ]
    # Now is not asked of the clock: that of another machine may be ahead of ours.
    return Recent(tuple(fact for fact in known if not asked.wish.past or fact.ended_ms <= asked.at_ms))


def _of_incidents(ledger: Ledger, pipeline: str) -> Iterator[Fact]:
    return (fact for fact in ledger.scan(run=incidents_run(pipeline)) if fact.pipeline == pipeline)


def measured(asked: GateAsked, known: Recent) -> tuple[list[Evaluation], list[Unmeasured]]:
    """Return what the objectives came to, and those of which nothing could be found out."""
    book = asked.objectives.book
    silent = [slo for slo in book.slos if known.why and isinstance(slo.source, LedgerSource)]
    rest = replace(book, slos=tuple(slo for slo in book.slos if slo not in silent))
    unmeasured = [Unmeasured(slo.name, known.why) for slo in silent]
    if not rest.slos:
        return [], unmeasured
    try:
        answers = evaluated(replace(asked.objectives, book=rest))
    except IntegrityError as fault:
        return [], [*unmeasured, *(Unmeasured(slo.name, str(fault)) for slo in rest.slos)]
    return (
        [each for each in answers.evaluations if each.name not in answers.unanswered],
        [*unmeasured, *(Unmeasured(name, why) for name, why in answers.unanswered.items())],
    )


def conditions(asked: GateAsked, known: Recent) -> Iterator[Condition]:
    """Yield what has to hold beside the budgets."""
    if known.why:
        yield unknown("incidents", known.why)
    elif known.kept:
        found = incidents_in(known.facts)
        yield no_open_incident([each for each in found if each.blocking and each.open_at(asked.at_ms)])
        if owed := _postmortems_owed(asked, known):
            yield postmortems(owed, asked.at_ms)
    checks = checks_in(known.facts)
    for name in asked.checks:
        yield unknown(f"check {name}", known.why) if known.why else check_passed(name, checks.get(name, {}))
    if asked.tests:
        yield passing_tests(*_results(asked.session.world.folder, asked.tests, asked.session.settings.secrets))


def _postmortems_owed(asked: GateAsked, known: Recent) -> list[OwedPostmortem]:
    """Return the postmortems of the last days' incidents that nobody has written yet."""
    term = term_of(asked.session.settings)
    closed = [(each.name, term.due_ms(each)) for each in incidents_in(known.facts)]
    return [OwedPostmortem(name, due_ms) for name, due_ms in closed if due_ms is not None]


def _results(folder: Path, patterns: Sequence[str], secrets: Sequence[str]) -> tuple[Results, list[str]]:
    """Return the results in all files that fit, and the patterns that no file fits."""
    files: dict[Path, None] = {}
    missing = []
    for pattern in patterns:
        fitting = _fitting(folder, pattern)
        files |= dict.fromkeys(fitting)
        if not fitting:
            hint = (
                f" (a folder; write {pattern.rstrip('/')}/**/*.xml)" if pattern and (folder / pattern).is_dir() else ""
            )
            missing.append(f"{pattern}{hint}")
    results = Results()
    for file in list(files)[:_MOST_FILES]:
        try:
            results += _read(file)
        except RefusedError as fault:
            results += Results(refused=(f"{file.name} {fault}",))
    if len(files) > _MOST_FILES:
        results += Results(refused=(f"more than {_MOST_FILES} files fit; name fewer",))
    failures, refused = (
        tuple(" ".join(redact(name, secrets).split()) for name in names)
        for names in (results.failures, results.refused)
    )
    return replace(results, failures=failures, refused=refused), missing


def _fitting(folder: Path, pattern: str) -> list[Path]:
    anchor = Path(pattern).anchor
    start = Path(anchor) if anchor else folder
    try:
        return sorted(file for file in start.glob(pattern[len(anchor) :]) if file.is_file())
    except (ValueError, NotImplementedError, OSError):
        return []


def _read(file: Path) -> Results:
    try:
        with file.open("rb") as opened:
            return read_results(iter(lambda: opened.read(_PIECE_BYTES), b""))
    except OSError as fault:
        raise RefusedError(f"cannot be read: {fault.strerror}") from None

"""Bring all tickets up to what the ledger says; of many who do that at once only one makes each change."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from lumen_action.ledger import Ledger, Put
from lumen_action.model import canonical
from lumen_action.ops.tickets import (
    BusyError,
    DeclinedError,
    Draft,
    NotAllowedError,
    Ticket,
    Tracker,
    TrackerError,
    UnsureError,
)
from lumen_action.ops.tickets.cases import Case, Casebook
from lumen_action.ops.tickets.deciding import TURNS, Move, Rules, Sight, decide
from lumen_action.ops.tickets.notices import Generation, History, Notices, Word
from lumen_action.ops.tickets.pacing import Pace
from lumen_action.ops.tickets.writing import Writer, merged

# A server that fails this often in a row will not get better by being asked on.
_MOST_FAILURES_IN_A_ROW = 3
# Free, adopt, then the move itself.
_MOST_MOVES = 4

Assigned = Callable[[Case], tuple[tuple[str, ...], tuple[str, ...]]]
"""Whom a case is assigned to, and the owners that are only named."""


@dataclass(frozen=True)
class Entry:
    """What was done, or would be, about one case."""

    move: Move
    case: Case
    draft: Draft
    url: str = ""


@dataclass
class Report:
    """What one call did; `to_paste` is what a person has to do because we may not."""

    entries: list[Entry] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    refused: str = ""
    to_paste: list[Draft] = field(default_factory=list)
    cases: int = 0
    writes: int = 0

    def moved(self, *moves: Move) -> list[Entry]:
        """Return the entries of some moves."""
        return [entry for entry in self.entries if entry.move in moves]


@dataclass(frozen=True)
class Syncer:
    """The collaborators of one call."""

    ledger: Ledger
    tracker: Tracker
    writer: Writer
    rules: Rules
    assigned: Assigned
    clock_ms: Callable[[], int]
    tell: Callable[[str], None]
    pace: Pace = field(default_factory=Pace)
    dry_run: bool = False

    def sync(self) -> Report:
        """Look at every case once; what cannot be done now is left for the next call."""
        report = Report()
        book = Casebook(self.ledger.scan())
        notices = Notices.of(self.tracker)
        sights = [
            Sight(case, notices.history(book.notices[case.fingerprint]), None, self.tracker.remembers)
            for case in book.cases()
        ]
        sights = [sight for sight in sights if sight.history.generations or self.rules.wants(sight.case)]
        report.cases = len(sights)
        self.tell(f"{len(sights)} causes ask for a ticket or have one")
        try:
            self._bring_all(sights, self._found(sights), report)
        except NotAllowedError as fault:
            report.refused = str(fault)
            report.to_paste = self._to_paste(sights, report)
        except TrackerError as fault:
            report.problems.append(f"the rest is left for the next call: {fault}")
        report.writes = self.pace.writes
        return report

    def _to_paste(self, sights: Iterable[Sight], report: Report) -> list[Draft]:
        """Return the tickets that are missing and that only a person can open."""
        done, now_ms = {entry.case.fingerprint for entry in report.moved(*TURNS)}, self.clock_ms()
        return [
            self._draft(sight)
            for sight in sights
            if sight.case.fingerprint not in done and decide(sight, self.rules, now_ms) in (Move.OPEN, Move.REOPEN)
        ]

    def _found(self, sights: Iterable[Sight]) -> Mapping[str, list[Ticket]]:
        found: dict[str, list[Ticket]] = defaultdict(list)
        if self.tracker.remembers and any(True for _ in sights):
            for ticket in self.tracker.tickets():
                found[ticket.fingerprint].append(ticket)
        return found

    def _of(self, sight: Sight, found: Mapping[str, list[Ticket]]) -> Ticket | None:
        """Return the oldest ticket of a case, also one that has lost its label; close younger ones."""
        mine = sorted(found.get(sight.case.fingerprint, ()), key=lambda ticket: ticket.age)
        for younger in mine[1:]:
            self._close_duplicate(younger, mine[0])
        standing = sight.history.standing
        if not mine and self.tracker.remembers and standing and standing.reference:
            kept = self.tracker.get(standing.reference)
            return kept if kept and kept.fingerprint == sight.case.fingerprint else None
        return mine[0] if mine else None

    def _close_duplicate(self, younger: Ticket, older: Ticket) -> None:
        if not younger.open:
            return
        self.tell(f"{younger.url}: closing, {older.url} is older")
        if not self.dry_run:
            self.pace.wait()
            body = self.writer.duplicate(younger.body, older.url)
            self.tracker.turn(younger, Draft(younger.fingerprint, "", body), to_open=False)

    def _bring_all(self, sights: Iterable[Sight], found: Mapping[str, list[Ticket]], report: Report) -> None:
        failures = 0
        for sight in sights:
            try:
                self._bring(replace(sight, found=self._of(sight, found)), report)
                failures = 0
            except (BusyError, NotAllowedError):
                raise
            except TrackerError as fault:
                # What is declined is about this ticket; a server that does not answer is about all of them.
                failures += not isinstance(fault, DeclinedError)
                report.problems.append(f"{sight.case.fingerprint} ({sight.case.failure.name}): {fault}")
                if failures == _MOST_FAILURES_IN_A_ROW:
                    raise UnsureError(f"{failures} failures in a row") from fault

    def _bring(self, sight: Sight, report: Report) -> None:
        """Make the moves that one case needs."""
        for _ in range(_MOST_MOVES):
            now_ms = self.clock_ms()
            move = decide(sight, self.rules, now_ms)
            if move in (Move.FREE, Move.CONFIRM, Move.ADOPT):
                sight = self._noted(move, sight, now_ms)
                continue
            if move is not Move.NOTHING:
                self._made(move, sight, now_ms, report)
            return

    def _noted(self, move: Move, sight: Sight, now_ms: int) -> Sight:
        """Write into the ledger what has happened without us."""
        case, history, notices = sight.case, sight.history, Notices.of(self.tracker)
        turn, facts = history.pending, []
        if move is Move.FREE and turn:
            facts = [notices.write(Word.FREE, case, turn.number, now_ms, to_open=turn.to_open)]
            turn = replace(turn, freed=True)
        elif sight.found:
            if not turn:
                turn = Generation(history.next_number, sight.found.open, now_ms)
                facts = [notices.write(Word.CLAIM, case, turn.number, now_ms, to_open=turn.to_open)]
            facts.append(notices.done(case, turn, sight.found, now_ms))
            turn = replace(turn, done_ms=now_ms, reference=sight.found.reference, url=sight.found.url)
        if turn is None:
            return sight
        for fact in facts if not self.dry_run else []:
            self.ledger.put(fact)
        kept = tuple(each for each in history.generations if each.number != turn.number)
        return replace(sight, history=replace(history, generations=(*kept, turn)))

    def _made(self, move: Move, sight: Sight, now_ms: int, report: Report) -> None:
        if move in TURNS:
            self._turn(move, sight, now_ms, report)
        elif move is Move.COMMENT:
            self._comment(sight, now_ms, report)
        elif move is Move.REWRITE:
            self._rewrite(sight, report)
        else:
            self._note(Entry(move, sight.case, self._draft(sight), sight.found.url if sight.found else ""), report)

    def _turn(self, move: Move, sight: Sight, now_ms: int, report: Report) -> None:
        """Claim the turn, make it, and say so; who comes second leaves it to the first."""
        case, notices = sight.case, Notices.of(self.tracker)
        turn = Generation(sight.history.next_number, move is not Move.CLOSE, now_ms)
        draft = replace(self._draft(sight, turn), occasion=_occasion(case, sight.history.turns, move))
        if self.dry_run:
            self._note(Entry(move, case, draft), report)
            return
        claim = notices.write(Word.CLAIM, case, turn.number, now_ms, to_open=turn.to_open)
        if self.ledger.put(claim) is not Put.CREATED:
            self._note(Entry(Move.WAIT, case, draft), report)
            return
        try:
            ticket = self._turned(move, sight, draft)
        except (DeclinedError, NotAllowedError, BusyError):
            self.ledger.put(notices.write(Word.FREE, case, turn.number, now_ms, to_open=turn.to_open))
            raise
        self.ledger.put(notices.done(case, turn, ticket, self.clock_ms()))
        self._note(Entry(move, case, draft, ticket.url), report)

    def _turned(self, move: Move, sight: Sight, draft: Draft) -> Ticket:
        if move is Move.OPEN:
            # Whoever opened one since we looked has done it for us.
            there = sorted(self.tracker.find(sight.case.fingerprint), key=lambda ticket: ticket.age)
            if not there:
                self.pace.wait()
                return self.tracker.create(draft)
            if there[0].open:
                return there[0]
            sight = replace(sight, found=there[0])
        ticket = sight.found or _told_only(sight)
        self.pace.wait()
        self.tracker.turn(ticket, replace(draft, body=merged(ticket.body, draft.body)), to_open=move is not Move.CLOSE)
        return ticket

    def _comment(self, sight: Sight, now_ms: int, report: Report) -> None:
        case, number = sight.case, len(sight.history.comments_ms) + 1
        draft = replace(self._draft(sight), occasion=_occasion(case, number, Move.COMMENT))
        ticket = sight.found or _told_only(sight)
        if self.dry_run:
            self._note(Entry(Move.COMMENT, case, draft, ticket.url), report)
            return
        claim = Notices.of(self.tracker).write(Word.COMMENT, case, number, now_ms)
        if self.ledger.put(claim) is Put.CREATED:
            # A comment that is lost is not made again: the text of the ticket says the same.
            self.pace.wait()
            self.tracker.comment(ticket, draft)
            self._note(Entry(Move.COMMENT, case, draft, ticket.url), report)
        self._rewrite(sight, report)

    def _rewrite(self, sight: Sight, report: Report) -> None:
        ticket, draft = sight.found, self._draft(sight)
        if ticket is None:
            return
        body = merged(ticket.body, draft.body)
        if body == ticket.body.replace("\r\n", "\n"):
            return
        if not self.dry_run:
            self.pace.wait()
            self.tracker.rewrite(ticket, body)
        self._note(Entry(Move.REWRITE, sight.case, draft, ticket.url), report)

    def _draft(self, sight: Sight, turn: Generation | None = None) -> Draft:
        history = sight.history
        if turn:
            history = History((*history.generations, replace(turn, done_ms=turn.claimed_ms)), history.comments_ms)
        assignees, owners = self.assigned(sight.case)
        return self.writer.draft(sight.case, history, assignees=assignees, owners=owners)

    def _note(self, entry: Entry, report: Report) -> None:
        report.entries.append(entry)
        verb = f"would {entry.move.value}" if self.dry_run and entry.move is not Move.WAIT else entry.move.value
        self.tell(f"{verb}: {entry.draft.title} ({entry.case.count}) {entry.url}".rstrip())


def _told_only(sight: Sight) -> Ticket:
    """Return the ticket of a tracker that does not remember it."""
    standing = sight.history.standing
    fingerprint = sight.case.fingerprint
    return Ticket(fingerprint, bool(standing and standing.to_open), fingerprint, standing.url if standing else "")


def _occasion(case: Case, number: int, move: Move) -> str:
    """Name a message: the same for every try, so that a receiver can drop what comes twice."""
    import hashlib

    return hashlib.sha256(canonical([case.fingerprint, number, move.value])).hexdigest()[:32]

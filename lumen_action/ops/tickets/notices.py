"""Notices: the facts that say who turned a ticket when, so that of all who want to only one does.

A claim of the next generation is put before the tracker is asked; whoever created that fact does the work and says
`done`, or `free` when nothing was done. A claim that stays without either belongs to somebody who died.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import Enum

from lumen_action.model import Fact, FactKey, Kind, Outcome, Source
from lumen_action.ops.tickets import Ticket, Tracker
from lumen_action.ops.tickets.cases import Case


class Word(str, Enum):
    """What a notice says about a generation, or that a comment was made."""

    CLAIM = "claim"
    DONE = "done"
    FREE = "free"
    COMMENT = "comment"


@dataclass(frozen=True)
class Generation:
    """One turn of a ticket, to open or to closed; `done_ms` is None while nobody has said that it is done."""

    number: int
    to_open: bool
    claimed_ms: int
    done_ms: int | None = None
    freed: bool = False
    reference: str = ""
    url: str = ""


@dataclass(frozen=True)
class History:
    """What the ledger knows of one ticket."""

    generations: tuple[Generation, ...] = ()
    comments_ms: tuple[int, ...] = ()

    @property
    def pending(self) -> Generation | None:
        """Return the turn that somebody has claimed and not finished."""
        last = self.generations[-1] if self.generations else None
        return last if last and last.done_ms is None and not last.freed else None

    @property
    def standing(self) -> Generation | None:
        """Return the last turn that was done."""
        return next((each for each in reversed(self.generations) if each.done_ms is not None), None)

    @property
    def next_number(self) -> int:
        """Return the generation that may be claimed next."""
        return self.generations[-1].number + 1 if self.generations else 1

    @property
    def turns(self) -> int:
        """Return how often the ticket was turned."""
        return sum(each.done_ms is not None for each in self.generations)

    @property
    def told_ms(self) -> int:
        """Return when people last heard of the ticket."""
        standing = self.standing
        return max([*self.comments_ms, standing.claimed_ms if standing else 0])


@dataclass(frozen=True)
class Notices:
    """Writes and reads the notices of one tracker."""

    kind: str
    host: str
    project: str

    @classmethod
    def of(cls, tracker: Tracker) -> Notices:
        """Name the tracker as the facts do."""
        return cls(tracker.kind, tracker.host, tracker.project)

    def write(self, word: Word, case: Case, number: int, now_ms: int, *, to_open: bool = True) -> Fact:
        """Return a notice; it stands with the failure it is about, so that no day is made of it."""
        key = FactKey(
            self.kind, self.host, self.project, case.fingerprint, number, "ticket", "", Kind.NOTICE, word.value
        )
        return Fact(
            key=key,
            pipeline=case.latest.pipeline,
            day=case.latest.day,
            outcome=Outcome.FAILURE if to_open else Outcome.SUCCESS,
            observed_at_ms=now_ms,
            source=Source.API,
        )

    def done(self, case: Case, turn: Generation, ticket: Ticket, now_ms: int) -> Fact:
        """Return the notice that a turn is done, with the ticket's name and address."""
        notice = self.write(Word.DONE, case, turn.number, now_ms, to_open=turn.to_open)
        return replace(notice, leg=ticket.reference, url=ticket.url)

    def history(self, facts: Iterable[Fact]) -> History:
        """Read the notices of one fingerprint that belong to this tracker."""
        mine = [fact for fact in facts if (fact.key.provider, fact.key.host, fact.key.repo) == self._place]
        said = {(fact.key.stage, fact.key.attempt): fact for fact in mine}
        claims = sorted(number for word, number in said if word == Word.CLAIM.value)
        return History(
            generations=tuple(_generation(said, number) for number in claims),
            comments_ms=tuple(
                sorted(fact.observed_at_ms for (word, _), fact in said.items() if word == Word.COMMENT.value)
            ),
        )

    @property
    def _place(self) -> tuple[str, str, str]:
        return (self.kind, self.host, self.project)


def _generation(said: dict[tuple[str, int], Fact], number: int) -> Generation:
    claim, done = said[Word.CLAIM.value, number], said.get((Word.DONE.value, number))
    return Generation(
        number=number,
        to_open=claim.outcome is Outcome.FAILURE,
        claimed_ms=claim.observed_at_ms,
        done_ms=done.observed_at_ms if done else None,
        freed=(Word.FREE.value, number) in said,
        reference=done.leg if done else "",
        url=done.url if done else "",
    )

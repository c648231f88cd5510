"""Closing facts into segments on the branch: each segment wins the branch by compare-and-swap or is written anew."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from lumen_action.errors import LedgerError
from lumen_action.ledger import Put
from lumen_action.ledger.deliver import contradiction
from lumen_action.ledger.gitanswers import MISSING_PERMISSION, Answer, Change, GitError, Said, Tries
from lumen_action.ledger.gitreading import Reading
from lumen_action.ledger.gitrefs import BRANCH, segment_path
from lumen_action.ledger.gitrepo import GitRepo
from lumen_action.ledger.segments import Segment
from lumen_action.model import Fact

MOST_FACTS_A_SEGMENT = 10_000


def states_the_same(stored: Fact, fact: Fact) -> bool:
    """Tell whether a fact claims what the stored one claims, as far as it can be stored."""
    return stored.statement == Fact.decode(fact.encode()).statement


class Folder:
    """Writes segments behind those that were read."""

    def __init__(self, repo: GitRepo, reading: Reading, address: str) -> None:
        """Take the clone and what is known of the branch."""
        self._repo = repo
        self._reading = reading
        self._address = address

    def close(self, ripe: Callable[[Fact], bool], tries: Tries) -> int:
        """Write what is ripe into one more segment, and only then remove its refs: dying in between loses nothing."""
        while True:
            self._reading.update(tries)
            chosen = [pending for pending in self._reading.pending if ripe(pending.fact)]
            facts = self._to_close([pending.fact for pending in chosen])
            if not facts or self.append(facts, tries).said is not Said.RACED:
                break
            self._give_way(tries)
        if chosen:
            # A ref that another folder has removed meanwhile, or that is in use, is left to the next.
            self._repo.push({pending.ref: Change("", pending.identity) for pending in chosen}, tries)
            self._repo.tidy()
        return len(facts)

    def put_closed(self, facts: Sequence[Fact], new_tries: Callable[[], Tries]) -> list[Put]:
        """Keep many facts without a ref for each, as many as a segment holds at a time."""
        self._reading.update(new_tries())
        answers = []
        for start in range(0, len(facts), MOST_FACTS_A_SEGMENT):
            answers += self._put_segment(facts[start : start + MOST_FACTS_A_SEGMENT], new_tries())
        self._repo.tidy()
        return answers

    def append(self, facts: Sequence[Fact], tries: Tries) -> Answer:
        """Move the branch on by one segment; raced when another has moved it first."""
        closed = self._reading.closed
        segment = Segment(closed.number + 1, closed.root_of(closed.number), tuple(fact.encode() for fact in facts))
        commit = self._repo.grown(
            self._reading.tip,
            segment_path(segment.number),
            segment.encode(),
            told=f"Close {len(facts)} facts as segment {segment.number}",
            at_seconds=max(0, *(fact.observed_at_ms // 1000 for fact in facts)),
        )
        answer = self._repo.push({BRANCH: Change(commit, self._reading.tip)}, tries)[BRANCH]
        if answer.said is Said.REFUSED:
            raise LedgerError(
                f"{self._address} refuses to move the branch lumen/ledger: {answer.reason}; "
                f"{MISSING_PERMISSION['write']}, and rules of the repository must allow the branch"
            )
        return answer

    def _put_segment(self, facts: Sequence[Fact], tries: Tries) -> list[Put]:
        """Close what is not there yet; each time the branch was lost, less may be left to close."""
        told = [(fact.key.digest, fact) for fact in facts]
        answer = Answer(Said.SAME)
        while new := self._lacking(told):
            answer = self.append(list(new.values()), tries)
            if answer.said is not Said.RACED:
                self._reading.update(tries)
                break
            self._give_way(tries)
            self._reading.update(tries)
        created = set(new) if answer.said is Said.DONE or answer.unsure else set()
        return [self._answer(digest, fact, created) for digest, fact in told]

    def _lacking(self, told: Iterable[tuple[str, Fact]]) -> dict[str, Fact]:
        """Return by digest the facts that are nowhere yet; of those with one key the first."""
        lacking: dict[str, Fact] = {}
        for digest, fact in told:
            if digest not in lacking and not self._reading.stored(digest):
                lacking[digest] = fact
        return lacking

    def _answer(self, digest: str, fact: Fact, created: set[str]) -> Put:
        """Say what became of a fact; of those with one key the first is the one that was created."""
        if digest in created:
            created.remove(digest)
            return Put.CREATED
        stored = self._reading.stored(digest)
        return Put.SAME if stored and states_the_same(stored, fact) else Put.CONFLICT

    def _to_close(self, facts: Sequence[Fact]) -> list[Fact]:
        """Return what no segment has yet; of two accounts the first stays and the other becomes a conflict fact."""
        closed = self._reading.closed
        new: dict[str, Fact] = {}
        for fact in facts:
            first = new.get(fact.key.digest) or closed.get(fact.key.digest)
            if first and states_the_same(first, fact):
                continue
            kept = contradiction(fact) if first else fact
            if not closed.get(kept.key.digest):
                new.setdefault(kept.key.digest, kept)
        return list(new.values())

    def _give_way(self, tries: Tries) -> None:
        tries.wait(GitError(f"{self._address}: other folders were faster", passing=True))

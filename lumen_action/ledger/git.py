"""The ledger in a git repository: a ref for every new fact, folded into segments on a branch.

Refs of different names never race, so any number of jobs may write at once; only the branch has to be won, and one
push wins it for all facts that wait. A fact is first pushed as `refs/lumen/ev/HH/KEY`, or as a branch of the same name
where the host takes nothing else, and only if the ref is new. Its commit depends on nothing but the fact: whoever
sends it again after a lost answer sends the same object. Very many facts at once, as when a ledger moves, go straight
into segments.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from lumen_action.errors import IntegrityError
from lumen_action.http import Timing
from lumen_action.ledger import Put
from lumen_action.ledger.gitaddress import SCHEME, address_of
from lumen_action.ledger.gitanswers import Change, GitError, Said, Tries
from lumen_action.ledger.gitfolding import Folder, states_the_same
from lumen_action.ledger.gitreading import Reading
from lumen_action.ledger.gitrefs import (
    BRANCH_ROOT,
    FACT_FILE,
    NOTE_FILE,
    OWN_ROOT,
    LedgerRefs,
    fact_name,
    note_name,
)
from lumen_action.ledger.gitrepo import REFS_PER_PUSH, GitRepo
from lumen_action.ledger.notes import lease, mark_published, published_head
from lumen_action.ledger.segments import Segment
from lumen_action.model import Fact

PATIENCE_SECONDS = 20.0


class GitLedger:
    """Facts in a git repository; what was pushed and acknowledged is there for everyone."""

    def __init__(
        self,
        url: str,
        cache: Path,
        *,
        patience_seconds: float = PATIENCE_SECONDS,
        timing: Timing | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Check the URL; the remote is asked by the first question or fact."""
        self.address = address_of(url)
        self.url = f"{SCHEME}{self.address}"
        self.durable = True
        self._patience_seconds = patience_seconds
        self._timing = timing or Timing()
        folder = cache / "git" / hashlib.sha256(self.address.encode()).hexdigest()[:16]
        self._repo = GitRepo(folder, self.address, environment)
        self._refs = LedgerRefs(self._repo, self.address)
        self._reading = Reading(self._repo, self._refs, self.url)
        self._folder = Folder(self._repo, self._reading, self.address)

    def put(self, fact: Fact) -> Put:
        """Keep the fact unless its key is taken; `same` when the stored one states the same."""
        return self.put_all([fact])[0]

    def put_all(self, facts: Sequence[Fact]) -> list[Put]:
        """Keep many facts in as few pushes as can be, and say of each what `put` would."""
        if len(facts) >= REFS_PER_PUSH:  # every ref that waits makes everyone's push longer
            return self._folder.put_closed(facts, self._tries)
        answers: dict[int, Put] = {}
        waiting = dict(enumerate(facts))
        while waiting:
            first = {fact.key.digest: number for number, fact in reversed(waiting.items())}
            answers |= self._put_batch({number: waiting.pop(number) for number in sorted(first.values())})
        return [answers[number] for number in range(len(facts))]

    def get(self, digest: str) -> Fact | None:
        """Return the fact under a key's digest."""
        found = self._reading.closed.get(digest)  # what is closed never changes
        if found:
            return found
        return self._read().stored(digest)

    def head(self) -> int:
        """Return the number of facts."""
        reading = self._read()
        return reading.closed.count + len(reading.open_facts())

    def scan(self, *, pipeline: str | None = None, run: str | None = None, day: str | None = None) -> Iterator[Fact]:
        """Yield all facts, or those of one pipeline, run and day."""
        named = (("pipeline", pipeline), ("run", run), ("day", day))
        yield from _told(self._read(), {name: value for name, value in named if value is not None}, after=0)

    def pipelines(self) -> list[str]:
        """Return the names of all pipelines."""
        reading = self._read()
        return sorted(reading.closed.pipelines() | {fact.pipeline for fact in reading.open_facts().values()})

    def days(self, pipeline: str) -> list[str]:
        """Return the days of a pipeline's facts in order."""
        reading = self._read()
        still_open = {fact.day for fact in reading.open_facts().values() if fact.pipeline == pipeline}
        return sorted(reading.closed.days(pipeline) | still_open)

    def mark(self) -> str:
        """Return a word for this moment: the last segment there is, and its root."""
        closed = self._read().closed
        return f"{closed.number}:{closed.root_of(closed.number)}"

    def since(self, mark: str, pipeline: str) -> Iterator[Fact]:
        """Yield the facts of a pipeline that were closed after a mark, and those that are open still."""
        reading = self._read()
        number, _, root = mark.partition(":")
        if not number.isdecimal() or reading.closed.root_of(int(number)) != root:
            raise IntegrityError(
                f"ledger {self.url}: the mark {mark!r} names a segment that is not there: the branch was rewritten, or "
                "the mark is of another ledger; read all facts again"
            )
        yield from _told(reading, {"pipeline": pipeline}, after=int(number))

    def segments(self) -> Iterator[Segment]:
        """Yield every segment of the branch, oldest first, verified as it is read."""
        return self.segments_after(0)

    def segments_after(self, number: int) -> Iterator[Segment]:
        """Yield the segments after that one as `segments` does, without reading those before."""
        reading = self._read()
        if number > reading.closed.number:
            raise IntegrityError(f"segment {number} of {self.url} is missing")
        yield from reading.segments_after(number)

    def open_facts(self) -> Iterator[Fact]:
        """Yield the facts that no segment holds yet."""
        yield from self._read().open_facts().values()

    def fold(self) -> int:
        """Close every fact that waits and return how many there were."""
        return self._folder.close(lambda _: True, self._tries())

    def compact(self, before_day: str) -> int:
        """Close every fact that waits of days before that day and return how many there were."""
        return self._folder.close(lambda fact: fact.day < before_day, self._tries())

    def note(self, name: str) -> bytes | None:
        """Return the value, None when there is none."""
        tries = self._tries()
        with self._repo.lock.held(tries.left):
            self._refs.fetch("note", tries)
            seen = self._refs.seen()
        for root in (OWN_ROOT, BRANCH_ROOT):
            identity = seen.get(root + note_name(name))
            if identity:
                return next(self._repo.read([f"{identity}:{NOTE_FILE}"]))
        return None

    def put_note(self, name: str, body: bytes, *, expected: bytes | None) -> bool:
        """Write the value if the present one is `expected`, None for none at all; tell whether it was written."""
        tries = self._tries()
        before = "" if expected is None else self._repo.commit_of(NOTE_FILE, expected)
        change = Change(self._repo.keep(NOTE_FILE, body), before)
        while True:
            answer = self._refs.push({note_name(name): change}, tries)[note_name(name)]
            if answer.said is Said.SAME:
                return answer.unsure or expected == body
            if answer.said is Said.DONE:
                return True
            present = self.note(name)
            if present != expected:  # ours is there where the connection was lost and git dialled again
                return present == body
            self._give_way(tries)

    @contextmanager
    def publishing(self, timeout: float) -> Iterator[None]:
        """Hold the lease of the one publisher, who folds what waits: refs without number would tax every push."""
        with lease(self, timeout):
            self.fold()
            yield

    def published_head(self, sink: str) -> int:
        """Return the head that was last published to a sink, 0 if never."""
        return published_head(self, sink)

    def mark_published(self, sink: str, head: int) -> None:
        """Remember the head that a sink now shows."""
        mark_published(self, sink, head)

    def close(self) -> None:
        """Let go of the copy of the branch."""
        self._reading.close()

    def _tries(self) -> Tries:
        return Tries(self._patience_seconds, self._timing)

    def _read(self) -> Reading:
        self._reading.update(self._tries())
        return self._reading

    def _put_batch(self, facts: Mapping[int, Fact]) -> dict[int, Put]:
        """Put facts of different keys; what another has taken is compared with what is there."""
        tries, reading = self._tries(), self._reading
        answers = {}
        waiting = dict(facts)
        while True:
            for number, fact in list(waiting.items()):
                stored = reading.stored(fact.key.digest) if reading.has_begun else None
                if stored:
                    answers[number] = Put.SAME if states_the_same(stored, fact) else Put.CONFLICT
                    del waiting[number]
            if not waiting:
                return answers
            names = {number: fact_name(fact) for number, fact in waiting.items()}
            changes = {names[number]: Change(self._keep(fact)) for number, fact in waiting.items()}
            said = self._refs.push(changes, tries)
            for number, name in names.items():
                if said[name].said is Said.RACED:
                    continue
                fresh = said[name].said is Said.DONE or said[name].unsure
                answers[number] = Put.CREATED if fresh else Put.SAME
                del waiting[number]
            if waiting:
                reading.update(tries)
                if not any(reading.stored(fact.key.digest) for fact in waiting.values()):
                    self._give_way(tries)

    def _keep(self, fact: Fact) -> str:
        return self._repo.keep(FACT_FILE, fact.encode())

    def _give_way(self, tries: Tries) -> None:
        tries.wait(GitError(f"{self.address}: other writers were faster", passing=True))


def _told(reading: Reading, wanted: Mapping[str, str], *, after: int) -> Iterator[Fact]:
    """Yield what is wanted of the segments behind a number and of what is open."""
    still_open = reading.open_facts().values()
    yield from reading.closed.scan(wanted, after=after)
    for fact in still_open:
        said = {"pipeline": fact.pipeline, "run": fact.key.run, "day": fact.day}
        if wanted.items() <= said.items():
            yield fact

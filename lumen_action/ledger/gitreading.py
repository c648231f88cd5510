"""Reading a git ledger: the facts that wait as refs, then the segments of the branch, each verified and chained."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from lumen_action.errors import IntegrityError
from lumen_action.ledger.gitanswers import Tries
from lumen_action.ledger.gitrefs import BRANCH, FACT_FILE, LedgerRefs, fact_name, is_fact, segments_among
from lumen_action.ledger.gitrepo import GitRepo
from lumen_action.ledger.gitview import ClosedFacts, decoded
from lumen_action.ledger.segments import Segment
from lumen_action.model import Fact

_CLOSED = "segments.db"
# So many are held in memory at a time: with 10,000 facts each, some 50 MB.
_SEGMENTS_A_BATCH = 8
_LOCK_SECONDS = 30.0


@dataclass(frozen=True)
class Pending:
    """A fact that still is a ref."""

    ref: str
    identity: str
    fact: Fact


class Reading:
    """The ledger as this machine has read it; what is closed stays on its disk for the next reading."""

    def __init__(self, repo: GitRepo, refs: LedgerRefs, url: str) -> None:
        """Take the clone; nothing is read yet."""
        self._repo = repo
        self._refs = refs
        self.url = url
        self.tip = ""
        self.pending: list[Pending] = []
        self._waiting: dict[str, Fact] = {}

    @cached_property
    def closed(self) -> ClosedFacts:
        """The facts of the segments that were read."""
        with self._repo.lock.held(_LOCK_SECONDS):
            return ClosedFacts(self._repo.folder / _CLOSED)

    @property
    def has_begun(self) -> bool:
        """Tell whether this machine has ever read the branch; a job that only writes need not."""
        return (self._repo.folder / _CLOSED).exists()

    def update(self, tries: Tries) -> None:
        """Read the facts that wait and then the branch; the other way a fact folded in between would be in neither."""
        closed = self.closed  # opened under the lock, too
        with self._repo.lock.held(tries.left):
            self._refs.fetch("ev", tries)
            with tries.stopped():  # whoever has never read has to read all of it
                self._refs.fetch_branch(tries)
                seen = self._refs.seen()
                self.tip = seen.get(BRANCH, "")
                self._take_branch(closed)
        self._read_pending({ref: identity for ref, identity in seen.items() if is_fact(ref)})

    def open_facts(self) -> dict[str, Fact]:
        """Return by digest the facts that are not closed yet."""
        return {digest: fact for digest, fact in self._waiting.items() if not self.closed.get(digest)}

    def stored(self, digest: str) -> Fact | None:
        """Return a fact as far as this machine has read."""
        return self.closed.get(digest) or self._waiting.get(digest)

    def segments_after(self, number: int) -> Iterator[Segment]:
        """Yield the segments of the branch behind a number, verified anew."""
        for batch in self._batches(self._listed(), after=number):
            yield from (segment for segment, _ in batch)

    def close(self) -> None:
        """Let go of the copy of the branch."""
        if "closed" in self.__dict__:
            self.closed.close()

    def _take_branch(self, closed: ClosedFacts) -> None:
        present, known = self._listed(), closed.blobs()
        for number, blob in known.items():
            if present.get(number) != blob:
                raise IntegrityError(
                    f"ledger {self.url}: segment {number} is not what it was when it was read before: the branch "
                    f"was rewritten; restore it, or remove {self._repo.folder} to accept what is there now"
                )
        for batch in self._batches(present, after=len(known)):
            closed.take(batch)
        closed.look_at(len(present))

    def _read_pending(self, refs: Mapping[str, str]) -> None:
        known = {(pending.ref, pending.identity): pending for pending in self.pending}
        new = [(ref, identity) for ref, identity in refs.items() if (ref, identity) not in known]
        bodies = self._repo.read([f"{identity}:{FACT_FILE}" for _, identity in new])
        for (ref, identity), body in zip(new, bodies, strict=True):
            where = f"ledger {self.url}: {ref}"
            fact = decoded(body or b"", where)
            if not ref.endswith(fact_name(fact)):
                raise IntegrityError(f"{where}: it holds another fact than its name says; remove the ref")
            known[ref, identity] = Pending(ref, identity, fact)
        kept = (known[ref, identity] for ref, identity in refs.items())
        self.pending = sorted(kept, key=lambda pending: (pending.fact.order, pending.identity))
        self._waiting = {}
        for pending in self.pending:  # two share a key only where the host has changed what refs it takes
            self._waiting.setdefault(pending.fact.key.digest, pending.fact)

    def _listed(self) -> dict[int, str]:
        """Return number and blob id of the branch's segments."""
        return segments_among(self._repo.files(self.tip)) if self.tip else {}

    def _batches(self, listed: Mapping[int, str], *, after: int) -> Iterator[list[tuple[Segment, str]]]:
        """Yield the segments behind a number with their blob ids, some at a time; each has to follow the one before."""
        root = self.closed.root_of(after)
        numbers = range(after + 1, max(listed, default=after) + 1)
        for start in range(0, len(numbers), _SEGMENTS_A_BATCH):
            batch = numbers[start : start + _SEGMENTS_A_BATCH]
            read = []
            for number, body in zip(batch, self._repo.read([listed.get(each, "-") for each in batch]), strict=True):
                where = f"{number} of {self.url}"
                if body is None:
                    raise IntegrityError(f"segment {where} is missing")
                segment = Segment.decode(body, where)
                if (segment.number, segment.prev_root) != (number, root):
                    raise IntegrityError(f"segment {where} does not follow the one before it")
                root = segment.root
                read.append((segment, listed[number]))
            yield read

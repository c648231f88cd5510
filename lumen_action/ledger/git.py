"""The ledger in a git repository: a ref for every new fact, folded into segments on a branch.

Refs of different names never race, so any number of jobs may write at once; only the branch has to be won, and one
push wins it for all facts that wait. A fact is first pushed as `refs/lumen/ev/HH/KEY`, or as a branch of the same name
where the host takes nothing else, and only if the ref is new. Its commit depends on nothing but the fact: whoever
sends it again after a lost answer sends the same object.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from urllib.parse import urlsplit

from lumen_action.errors import ConfigError, IntegrityError, LedgerError
from lumen_action.http import Timing
from lumen_action.ledger import Put
from lumen_action.ledger.deliver import contradiction
from lumen_action.ledger.gitrepo import (
    MISSING_PERMISSION,
    REFS_PER_PUSH,
    Answer,
    Change,
    GitError,
    GitRepo,
    Said,
    Tries,
)
from lumen_action.ledger.gitview import ClosedFacts, decoded
from lumen_action.ledger.notes import lease, mark_published, published_head
from lumen_action.ledger.segments import Segment
from lumen_action.model import Fact

SCHEME = "git:"
BRANCH = "refs/heads/lumen/ledger"
PATIENCE_SECONDS = 20.0

_OWN_ROOT = "refs/lumen/"
_BRANCH_ROOT = "refs/heads/lumen/"
_SEEN = "refs/seen/"
_FACT_FILE = "fact.json"
_NOTE_FILE = "note"
_CLOSED = "closed.db"
_SEGMENTS_A_BATCH = 100

_SEGMENT_PATH = re.compile(r"segments/\d\d/\d\d/(\d{6})\.jsonl")
# Nothing that git could take for an option.
_ADDRESS = re.compile(r"[^\s-]\S*")
_SSH_SHORT = re.compile(r"(?:[\w.-]+@)?[\w.-]{2,}:(?![/:])\S+")


def address_of(url: str) -> str:
    """Return the remote of a ledger's URL; it holds no secret, since git shows its command line to everyone."""
    address = url.removeprefix(SCHEME)
    try:
        parts = urlsplit(address)
    except ValueError as fault:
        raise ConfigError(f"ledger: the URL of the repository is malformed ({fault})") from None
    if not _ADDRESS.fullmatch(address) or not address.isprintable():
        raise ConfigError(
            f"ledger: {SCHEME} needs a repository; write for example {SCHEME}https://git.example/org/app.git"
        )
    if parts.scheme in ("http", "https"):
        if "@" in parts.netloc or parts.query or parts.fragment:
            raise ConfigError(
                "ledger: the URL of the repository carries a user, a password or a query; leave it out and let git's "
                "credential helper or a header (as actions/checkout sets it) log in"
            )
        if not parts.hostname or not parts.path.strip("/"):
            raise ConfigError(f"ledger: {address!r} names no repository; write https://HOST/PATH.git")
        return address
    if parts.scheme == "ssh":
        if parts.password is not None:
            raise ConfigError("ledger: the URL of the repository carries a password; leave it out and use an SSH key")
        return address
    if parts.scheme == "file" or _SSH_SHORT.fullmatch(address):
        return address
    if "://" in address or "::" in address:
        raise ConfigError(f"ledger: {SCHEME} knows https, http, ssh and file, not {parts.scheme or 'this'}")
    return str(Path(address).expanduser().absolute())


def segment_path(number: int) -> str:
    """Return where a segment lies, a hundred to a folder: hosts and git are slow with large ones."""
    name = f"{number:06d}"
    return f"segments/{name[:2]}/{name[2:4]}/{name}.jsonl"


@dataclass(frozen=True)
class _Pending:
    """A fact that still is a ref."""

    ref: str
    identity: str
    fact: Fact


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
        self._branches_only = folder / "lumen.branches-only"
        self._pending: list[_Pending] = []
        self._waiting: dict[str, Fact] = {}
        self._tip = ""

    @cached_property
    def _closed(self) -> ClosedFacts:
        with self._repo.lock.held(self._patience_seconds):
            return ClosedFacts(self._repo.folder / _CLOSED)

    @property
    def _has_read(self) -> bool:
        """Tell whether this machine has ever read the branch; a job that only writes need not."""
        return (self._repo.folder / _CLOSED).exists()

    def put(self, fact: Fact) -> Put:
        """Keep the fact unless its key is taken; `same` when the stored one states the same."""
        return self.put_all([fact])[0]

    def put_all(self, facts: Sequence[Fact]) -> list[Put]:
        """Keep many facts in as few pushes as can be, and say of each what `put` would."""
        answers: dict[int, Put] = {}
        waiting = dict(enumerate(facts))
        while waiting:
            first = {fact.key.digest: number for number, fact in reversed(waiting.items())}
            batch = sorted(first.values())[:REFS_PER_PUSH]
            answers |= self._put_batch({number: waiting.pop(number) for number in batch})
            if len(batch) == REFS_PER_PUSH:  # every ref that waits makes everyone's push longer
                self.fold()
        return [answers[number] for number in range(len(facts))]

    def get(self, digest: str) -> Fact | None:
        """Return the fact under a key's digest."""
        found = self._closed.get(digest)  # what is closed never changes
        if found:
            return found
        self._read()
        return self._stored(digest)

    def head(self) -> int:
        """Return the number of facts."""
        self._read()
        return self._closed.count() + len(self._open())

    def scan(self, *, pipeline: str | None = None, run: str | None = None, day: str | None = None) -> Iterator[Fact]:
        """Yield all facts, or those of one pipeline, run and day."""
        self._read()
        named = (("pipeline", pipeline), ("run", run), ("day", day))
        wanted = {name: value for name, value in named if value is not None}
        still_open = self._open().values()
        yield from self._closed.scan(wanted)
        for fact in still_open:
            said = {"pipeline": fact.pipeline, "run": fact.key.run, "day": fact.day}
            if wanted.items() <= said.items():
                yield fact

    def pipelines(self) -> list[str]:
        """Return the names of all pipelines."""
        self._read()
        return sorted(self._closed.pipelines() | {fact.pipeline for fact in self._open().values()})

    def segments(self) -> Iterator[Segment]:
        """Yield every segment of the branch, oldest first, verified as it is read."""
        self._read()
        yield from (segment for segment, _ in self._decoded(self._listed(), after=0))

    def fold(self) -> int:
        """Close every fact that waits and return how many there were."""
        return self._close(lambda _: True)

    def compact(self, before_day: str) -> int:
        """Close every fact that waits of days before that day and return how many there were."""
        return self._close(lambda fact: fact.day < before_day)

    def note(self, name: str) -> bytes | None:
        """Return the value, None when there is none."""
        tries = self._tries()
        with self._repo.lock.held(tries.left):
            self._repo.fetch(_refspecs("note"), tries)
            seen = self._seen()
        for root in (_OWN_ROOT, _BRANCH_ROOT):
            identity = seen.get(root + _note_name(name))
            if identity:
                return next(self._repo.read([f"{identity}:{_NOTE_FILE}"]))
        return None

    def put_note(self, name: str, body: bytes, *, expected: bytes | None) -> bool:
        """Write the value if the present one is `expected`, None for none at all; tell whether it was written."""
        tries = self._tries()
        before = "" if expected is None else self._repo.commit_of(_NOTE_FILE, expected)
        change = Change(self._repo.keep(_NOTE_FILE, body), before)
        while True:
            answer = self._push({_note_name(name): change}, tries)[_note_name(name)]
            if answer.said is Said.SAME:
                return answer.unsure or expected == body
            if answer.said is Said.DONE:
                return True
            present = self.note(name)
            if present != expected:  # ours is there where the connection was lost and git dialled again
                return present == body
            tries.wait(GitError(f"{self.address}: other writers were faster", passing=True))

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
        if "_closed" in self.__dict__:
            self._closed.close()

    def _tries(self) -> Tries:
        return Tries(self._patience_seconds, self._timing)

    def _put_batch(self, facts: Mapping[int, Fact]) -> dict[int, Put]:
        """Put facts of different keys; what another has taken is compared with what is there."""
        tries = self._tries()
        answers = {}
        waiting = dict(facts)
        while True:
            for number, fact in list(waiting.items()):
                stored = self._stored(fact.key.digest) if self._has_read else None
                if stored:
                    answers[number] = Put.SAME if _states_the_same(stored, fact) else Put.CONFLICT
                    del waiting[number]
            if not waiting:
                return answers
            names = {number: _fact_name(fact) for number, fact in waiting.items()}
            changes = {names[number]: Change(self._keep(fact)) for number, fact in waiting.items()}
            said = self._push(changes, tries)
            for number, name in names.items():
                if said[name].said is Said.RACED:
                    continue
                fresh = said[name].said is Said.DONE or said[name].unsure
                answers[number] = Put.CREATED if fresh else Put.SAME
                del waiting[number]
            if waiting:
                self._read(tries)
                if not any(self._stored(fact.key.digest) for fact in waiting.values()):
                    tries.wait(GitError(f"{self.address}: other writers were faster", passing=True))

    def _push(self, changes: Mapping[str, Change], tries: Tries) -> dict[str, Answer]:
        """Change refs under the root that this host takes, and remember where it takes branches only."""
        answers: dict[str, Answer] = {}
        known = self._branches_only.exists()
        for root in (_BRANCH_ROOT,) if known else (_OWN_ROOT, _BRANCH_ROOT):
            left = {
                name: change
                for name, change in changes.items()
                if name not in answers or answers[name].said is Said.REFUSED
            }
            told = self._repo.push({root + name: change for name, change in left.items()}, tries)
            answers |= {name: told[root + name] for name in left}
            taken = any(answers[name].said is not Said.REFUSED for name in left)
            if root == _BRANCH_ROOT and taken and not known:
                self._branches_only.touch()
        for answer in answers.values():
            if answer.said is Said.REFUSED:
                raise LedgerError(
                    f"{self.address} takes neither refs {_OWN_ROOT}* nor branches lumen/*: {answer.reason}; "
                    f"{MISSING_PERMISSION['write']}, and rules of the repository must allow one of them"
                )
        return answers

    def _keep(self, fact: Fact) -> str:
        return self._repo.keep(_FACT_FILE, fact.encode())

    def _read(self, tries: Tries | None = None) -> None:
        """Read the facts that wait and then the branch; the other way a fact folded in between would be in neither."""
        tries = tries or self._tries()
        closed = self._closed
        with self._repo.lock.held(tries.left):
            self._repo.fetch(_refspecs("ev"), tries)
            self._repo.fetch_branch(BRANCH, _SEEN + BRANCH, tries)
            seen = self._seen()
            self._tip = seen.get(BRANCH, "")
            present, known = self._listed(), closed.blobs()
            for number, blob in known.items():
                if present.get(number) != blob:
                    raise IntegrityError(
                        f"ledger {self.url}: segment {number} is not what it was when it was read before: the branch "
                        f"was rewritten; restore it, or remove {self._repo.folder} to accept what is there now"
                    )
            for segment, blob in self._decoded(present, after=len(known)):
                closed.add(segment, blob)
            closed.number = len(present)
        self._read_pending({ref: identity for ref, identity in seen.items() if "/lumen/ev/" in ref})

    def _seen(self) -> dict[str, str]:
        """Return the remote's refs as they were read, and learn from them when others had to make branches."""
        seen = {name.removeprefix(_SEEN): identity for name, identity in self._repo.refs(_SEEN).items()}
        if any(name.startswith(_BRANCH_ROOT) and name != BRANCH for name in seen):
            self._branches_only.touch()
        return seen

    def _read_pending(self, refs: Mapping[str, str]) -> None:
        known = {(pending.ref, pending.identity): pending for pending in self._pending}
        new = [(ref, identity) for ref, identity in refs.items() if (ref, identity) not in known]
        bodies = self._repo.read([f"{identity}:{_FACT_FILE}" for _, identity in new])
        for (ref, identity), body in zip(new, bodies, strict=True):
            where = f"ledger {self.url}: {ref}"
            fact = decoded(body or b"", where)
            if not ref.endswith(_fact_name(fact)):
                raise IntegrityError(f"{where}: it holds another fact than its name says; remove the ref")
            known[ref, identity] = _Pending(ref, identity, fact)
        kept = (known[ref, identity] for ref, identity in refs.items())
        self._pending = sorted(kept, key=lambda pending: (pending.fact.order, pending.identity))
        self._waiting = {}
        for pending in self._pending:  # two share a key only where the host has changed what refs it takes
            self._waiting.setdefault(pending.fact.key.digest, pending.fact)

    def _open(self) -> dict[str, Fact]:
        """Return by digest the facts that are not closed yet."""
        return {digest: fact for digest, fact in self._waiting.items() if not self._closed.get(digest)}

    def _stored(self, digest: str) -> Fact | None:
        """Return a fact as far as this machine has read."""
        return self._closed.get(digest) or self._waiting.get(digest)

    def _listed(self) -> dict[int, str]:
        """Return number and blob id of the branch's segments."""
        files = self._repo.files(self._tip) if self._tip else {}
        matches = ((_SEGMENT_PATH.fullmatch(path), blob) for path, blob in files.items())
        return {int(match[1]): blob for match, blob in matches if match}

    def _decoded(self, listed: Mapping[int, str], *, after: int) -> Iterator[tuple[Segment, str]]:
        """Yield the segments behind a number with their blob ids; each has to follow the one before."""
        root = self._closed.root_of(after)
        numbers = range(after + 1, max(listed, default=after) + 1)
        for start in range(0, len(numbers), _SEGMENTS_A_BATCH):
            batch = numbers[start : start + _SEGMENTS_A_BATCH]
            bodies = self._repo.read([listed.get(number, "-") for number in batch])
            for number, body in zip(batch, bodies, strict=True):
                where = f"{number} of {self.url}"
                if body is None:
                    raise IntegrityError(f"segment {where} is missing")
                segment = Segment.decode(body, where)
                if (segment.number, segment.prev_root) != (number, root):
                    raise IntegrityError(f"segment {where} does not follow the one before it")
                root = segment.root
                yield segment, listed[number]

    def _close(self, ripe: Callable[[Fact], bool]) -> int:
        """Write what is ripe into one more segment, and only then remove its refs: dying in between loses nothing."""
        tries = self._tries()
        while True:
            self._read(tries)
            chosen = [pending for pending in self._pending if ripe(pending.fact)]
            facts = self._to_close([pending.fact for pending in chosen])
            if not facts or self._append(facts, tries):
                break
            tries.wait(GitError(f"{self.address}: other folders were faster", passing=True))
        if chosen:
            # A ref that another folder has removed meanwhile, or that is in use, is left to the next.
            self._repo.push({pending.ref: Change("", pending.identity) for pending in chosen}, tries)
            self._repo.tidy()
        return len(facts)

    def _to_close(self, facts: Sequence[Fact]) -> list[Fact]:
        """Return what no segment has yet; of two accounts the first stays and the other becomes a conflict fact."""
        new: dict[str, Fact] = {}
        for fact in facts:
            first = new.get(fact.key.digest) or self._closed.get(fact.key.digest)
            if first and _states_the_same(first, fact):
                continue
            kept = contradiction(fact) if first else fact
            if not self._closed.get(kept.key.digest):
                new.setdefault(kept.key.digest, kept)
        return list(new.values())

    def _append(self, facts: Sequence[Fact], tries: Tries) -> bool:
        """Move the branch on by one segment; False when another has moved it first."""
        number = self._closed.number + 1
        segment = Segment(number, self._closed.root_of(number - 1), tuple(fact.encode() for fact in facts))
        commit = self._repo.grown(
            self._tip,
            segment_path(number),
            segment.encode(),
            told=f"Close {len(facts)} facts as segment {number}",
            at_seconds=max(0, *(fact.observed_at_ms // 1000 for fact in facts)),
        )
        answer = self._repo.push({BRANCH: Change(commit, self._tip)}, tries)[BRANCH]
        if answer.said is Said.REFUSED:
            raise LedgerError(
                f"{self.address} refuses to move the branch lumen/ledger: {answer.reason}; "
                f"{MISSING_PERMISSION['write']}, and rules of the repository must allow the branch"
            )
        return answer.said is not Said.RACED


def _states_the_same(stored: Fact, fact: Fact) -> bool:
    return stored.statement == Fact.decode(fact.encode()).statement


def _fact_name(fact: Fact) -> str:
    digest = fact.key.digest
    return f"ev/{digest[:2]}/{digest}"


def _note_name(name: str) -> str:
    return f"note/{hashlib.sha256(name.encode()).hexdigest()[:40]}"


def _refspecs(kind: str) -> list[str]:
    return [f"+{root}{kind}/*:{_SEEN}{root}{kind}/*" for root in (_OWN_ROOT, _BRANCH_ROOT)]

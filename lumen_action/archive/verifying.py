"""Whether a store still has what was frozen: shown or not shown, never guessed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from lumen_action.archive import ArchiveId, Label
from lumen_action.archive.container import Header, opened
from lumen_action.archive.facts import Known, Uploaded
from lumen_action.archive.fingerprints import SHA256, named
from lumen_action.archive.holdings import label_bytes, label_of
from lumen_action.archive.keys import Keys, NoKeyError
from lumen_action.archive.stores import GoneError, Store, Stored, Tick
from lumen_action.archive.stores.reading import whole
from lumen_action.archive.unpacking import Contents, Reader, examine
from lumen_action.archive.verdicts import Finding, Level, Verdict, passes
from lumen_action.errors import IntegrityError, LumenError
from lumen_action.http import Timing
from lumen_action.slo.phrases import counted

_SHOWN_DIGITS = 12


@dataclass(frozen=True)
class Expected:
    """What is known of an archive before a store is asked."""

    id: ArchiveId
    known: Known | None = None
    """From the ledger."""
    local: Label | None = None
    """From the folder that was frozen into."""


@dataclass(frozen=True)
class Truth:
    """What an archive should be, and who says so."""

    size: int
    sha256: str
    root: str
    said_by: str
    fingerprints: Mapping[str, str] = field(default_factory=dict)
    checked: str = ""
    """What the store confirmed at the upload."""
    proven: bool = True
    """Else it is only what the store says of itself: it can be contradicted, but proves nothing."""


class _Found(Exception):  # noqa: N818 - no error, but the end of looking
    """The verdict is known."""

    def __init__(self, verdict: Verdict, why: str) -> None:
        super().__init__(why)
        self.verdict, self.why = verdict, why


@dataclass(frozen=True)
class Means:
    """What verifying is done with; `take` reads an opened archive to its end."""

    keys: Keys
    timing: Timing
    take: Callable[[Header, Reader], Contents] = examine


def verify(expected: Expected, store: Store, level: Level, means: Means, tick: Tick) -> Finding:
    """Ask a store for one archive, with at most one reading of it; never raises for what the store does."""
    look = _Look(expected, store, means, tick)
    away = False
    try:
        verdict, why = Verdict.OK, look.up_to(level)
    except _Found as found:
        verdict, why = found.verdict, found.why
    except GoneError as fault:
        verdict, why = Verdict.MISSING, f"it went away while it was looked at: {fault}"
    except IntegrityError as fault:
        verdict, why = Verdict.MISMATCH, str(fault)
    except LumenError as fault:
        verdict, why, away = Verdict.UNVERIFIABLE, str(fault), passes(fault)
    return Finding(expected.id, store.url, verdict, look.reached, why, away)


@dataclass
class _Look:
    """One archive in one store, and the level that has been shown so far."""

    expected: Expected
    store: Store
    means: Means
    tick: Tick
    reached: Level = Level.NONE

    def up_to(self, level: Level) -> str:
        """Return how a level was shown; what differs at any level on the way to it is the end."""
        stored, label = self._both()
        truth = self._truth(label)
        if stored.size != truth.size:
            raise _mismatch(f"it has {stored.size} bytes, {truth.said_by} says {truth.size}")
        why = self._receipt(truth)
        if level is Level.METADATA:
            why = self._metadata(stored, truth)
        if level >= Level.BYTES:
            why = self._bytes(truth, level)
        if not truth.proven:
            self.reached, why = Level.NONE, self._unproven(label)
        if self.reached < level:
            raise _Found(Verdict.UNVERIFIABLE, why)
        return why

    def _both(self) -> tuple[Stored, Label]:
        """Return the sealed archive and its label, which have to be there together."""
        id_ = self.expected.id
        stored, body = self.store.stat(id_.sealed), label_bytes(self.store, id_, self.means.timing)
        if stored and body is not None:
            try:
                return stored, label_of(id_, body)
            except ValueError as fault:
                raise _mismatch(f"what stands in the place of its label is none: {fault}") from None
        raise _Found(Verdict.MISSING, self._absence(there=bool(stored), labelled=body is not None))

    def _absence(self, *, there: bool, labelled: bool) -> str:
        uploaded = self._uploaded is not None
        if there:
            told = "the sealed archive is there, its label is not: "
            return told + ("it was removed after the upload" if uploaded else "an upload was cut off or is under way")
        if labelled:
            return "its label is there, the sealed archive is not"
        return "it was uploaded and is not there" if uploaded else "it is not there, and no upload to it is known"

    @property
    def _uploaded(self) -> Uploaded | None:
        known = self.expected.known
        return known.uploads.get(self.store.url) if known else None

    def _truth(self, label: Label) -> Truth:
        """Return what it should be: as the ledger knows, else as its key proves, else as the folder has it."""
        known, uploaded, local = self.expected.known or Known(self.expected.id), self._uploaded, self.expected.local
        uploads = [uploaded] if uploaded else list(known.uploads.values())
        sealing = known.sealings.get(label.sha256)
        # What was frozen again with other files, and refused by the stores, is not what they should have.
        frozen: Sequence[Uploaded | Label] = uploads or [each.label for each in known.sealings.values()]
        content = (label.size, label.sha256, label.root)
        of_uploads = {(each.size, each.sha256, each.root or label.root) for each in uploads}
        if uploaded and content not in of_uploads:
            raise _contradicted(label, "the ledger", uploaded.sha256)
        if frozen and label.root not in {each.root or label.root for each in frozen}:
            raise _contradicted(label, "the ledger", frozen[-1].sha256)
        if sealing and sealing.label_sha256 != hashlib.sha256(label.encode()).hexdigest():
            raise _contradicted(label, "the ledger", label.sha256)
        proven = self.means.keys.proves(label)
        if proven is False:
            raise _mismatch(f"its label was not made with the key {label.key_id} that it names")
        if uploaded:
            return Truth(*content, "the ledger", uploaded.fingerprints, uploaded.checked)
        if sealing or content in of_uploads:
            return Truth(*content, "the ledger")
        if proven:
            return Truth(*content, "its label")
        if local and (local.root != label.root or (local.sha256 == label.sha256 and local != label)):
            raise _contradicted(label, "the folder that it was frozen into", local.sha256)
        if local == label:
            return Truth(*content, "the folder that it was frozen into")
        return Truth(*content, "its own label", proven=False)

    def _unproven(self, label: Label) -> str:
        return (
            "it is what its own label says, and nothing proves the label: the ledger does not know it, and there is no "
            f"key {label.key_id} whose owner alone could have made it"
        )

    def _receipt(self, truth: Truth) -> str:
        if truth.checked:
            self.reached = Level.RECEIPT
            return f"the store confirmed its {named(truth.checked)} when it was uploaded"
        if self._uploaded:
            return "the store confirmed nothing when it was uploaded; verify with `--level 2`"
        return "no receipt of its upload is known; verify with `--level 2`"

    def _metadata(self, stored: Stored, truth: Truth) -> str:
        ours = {SHA256: truth.sha256, **truth.fingerprints}
        shared = [algorithm for algorithm in stored.fingerprints if algorithm in ours]
        for algorithm in shared:
            if stored.fingerprints[algorithm] != ours[algorithm]:
                told = f"{_short(stored.fingerprints[algorithm])}, not {_short(ours[algorithm])}"
                raise _mismatch(f"the store computes the {named(algorithm)} {told} ({truth.said_by})")
        if shared:
            self.reached = Level.METADATA
            words = " and ".join(map(named, shared))
            return f"its size and the {words} that the store computes are those of {truth.said_by}"
        found = ", ".join(map(named, stored.fingerprints))
        lack = f"its {found} cannot be compared: no receipt is known" if found else "the store computes no hash of it"
        return f"{lack}; verify with `--level 2`"

    def _bytes(self, truth: Truth, level: Level) -> str:
        """Read all bytes once, and open them on the way where that is asked."""
        passing = _Passing(whole(self.store, self.expected.id.sealed, self.means.timing), truth, self.tick)
        contents, closed = None, ""
        if level is Level.CONTENT:
            try:
                contents = self._content(passing)
            except NoKeyError as fault:
                closed = str(fault)
        passing.to_the_end()
        self.reached = Level.BYTES
        if not contents:
            return closed or f"all its bytes were read back; their SHA-256 is that of {truth.said_by}"
        if contents.root != truth.root:
            raise _mismatch(
                f"its files have the root {_short(contents.root)}, {truth.said_by} says {_short(truth.root)}"
            )
        self.reached = Level.CONTENT
        return f"decrypted: {counted(contents.files, 'file')}, each as in the manifest, and the root of {truth.said_by}"

    def _content(self, pieces: Iterator[bytes]) -> Contents:
        header, reader = opened(pieces, self.means.keys)
        if header.id != self.expected.id:
            raise _mismatch(f"it is the archive {header.id}")
        return self.means.take(header, reader)


class _Passing(Iterator[bytes]):
    """The bytes of an archive on their way to whoever reads them; never more than there should be."""

    def __init__(self, pieces: Iterator[bytes], truth: Truth, tick: Tick) -> None:
        self._pieces, self._truth, self._tick = pieces, truth, tick
        self._digest, self._size = hashlib.sha256(), 0

    def __next__(self) -> bytes:
        piece = next(self._pieces)
        self._digest.update(piece)
        self._size += len(piece)
        self._tick(len(piece))
        if self._size > self._truth.size:
            raise _mismatch(f"it goes on after {self._truth.size} bytes, where it should end")
        return piece

    def to_the_end(self) -> None:
        """Read what is left, and compare."""
        for _ in self:
            pass
        if self._size != self._truth.size:
            raise _mismatch(f"it ends after {self._size} of {self._truth.size} bytes")
        found = self._digest.hexdigest()
        if found != self._truth.sha256:
            raise _mismatch(
                f"the SHA-256 of its bytes is {_short(found)}, {self._truth.said_by} says {_short(self._truth.sha256)}"
            )


def _mismatch(why: str) -> _Found:
    return _Found(Verdict.MISMATCH, why)


def _contradicted(label: Label, by: str, sha256: str) -> _Found:
    found = f"SHA-256 {_short(label.sha256)}"
    other = f"{by} says {_short(sha256)}" if sha256 != label.sha256 else f"{by} says other things of it"
    return _mismatch(f"its label ({found}) is not that of what was frozen: {other}")


def _short(digest: str) -> str:
    return digest[:_SHOWN_DIGITS]

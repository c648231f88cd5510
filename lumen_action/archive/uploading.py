"""Bringing a frozen archive to several stores at once: once to each, and never in place of something else."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from lumen_action.archive import ArchiveId, Label
from lumen_action.archive.fingerprints import SHA256, fingerprint
from lumen_action.archive.holdings import label_bytes, label_of
from lumen_action.archive.local import Frozen
from lumen_action.archive.stores import (
    Receipt,
    Store,
    StoreError,
    TakenError,
    Tick,
    content_of,
    content_of_bytes,
)
from lumen_action.errors import IntegrityError, LumenError
from lumen_action.http import Timing

Proves = Callable[[Label], bool]
"""Whether a label that a store holds is one of ours."""


@dataclass(frozen=True)
class Upload:
    """What became of an archive in one store."""

    store: str
    label: Label
    """Of the archive that now stands there; the one that did before, where that has the same content."""
    receipt: Receipt | None = None
    fingerprints: Mapping[str, str] = field(default_factory=dict)
    """Ours, by each algorithm in which the store speaks of it."""
    fault: LumenError | None = None

    @property
    def told(self) -> str:
        """Say it to a person."""
        if self.fault or not self.receipt:
            return str(self.fault)
        before = "was there before" if self.receipt.existed else "taken"
        confirmed = f", {self.receipt.checked} confirmed" if self.receipt.checked else ", not confirmed by the store"
        return f"{before}{confirmed}{f'; {self.receipt.note}' if self.receipt.note else ''}"


def upload(
    frozen: Frozen, stores: Sequence[Store], proves: Proves, ticks: Callable[[Store], Tick], timing: Timing
) -> list[Upload]:
    """Bring an archive to all stores at once; what fails in one does not stop the others."""
    frozen.require_whole()

    def bring(store: Store) -> Upload:
        try:
            return _brought(frozen, store, proves, ticks(store), timing)
        except LumenError as fault:
            return Upload(store.url, frozen.label, fault=fault)

    with ThreadPoolExecutor(len(stores)) as workers:
        return list(workers.map(bring, stores))


def _brought(frozen: Frozen, store: Store, proves: Proves, tick: Tick, timing: Timing) -> Upload:
    label = frozen.label
    before = _label_in(store, label.id, timing)
    if before and before != label:
        return _same_content(frozen, store, before, proves)
    try:
        receipt = store.put(label.id.sealed, content_of(frozen.sealed, label.size, label.sha256), tick)
    except TakenError as fault:
        raise _left_over(label, fault) if before is None else fault from fault
    ours = _agreed(store, frozen, receipt)
    # Last: it says that all is there.
    store.put(label.id.label, content_of_bytes(label.encode()), lambda _: None)
    return Upload(store.url, label, receipt, ours)


def _label_in(store: Store, id_: ArchiveId, timing: Timing) -> Label | None:
    """Return the label that a store holds under a name, None when it has none."""
    body = label_bytes(store, id_, timing)
    try:
        return None if body is None else label_of(id_, body)
    except ValueError as fault:
        raise TakenError(
            f"{store.url}: {id_.label} is there and is not the label of an archive of ours ({fault}); it is left "
            "alone. Look what it is, or freeze as another `--version`"
        ) from None


def _same_content(frozen: Frozen, store: Store, before: Label, proves: Proves) -> Upload:
    """Leave an archive alone that was sealed from the same files before, such as by an earlier attempt of the job."""
    label = frozen.label
    if before.root != label.root:
        raise TakenError(
            f"{store.url}: {label.id} was frozen there before with other content (root {before.root[:12]}, not "
            f"{label.root[:12]}); what was frozen is never replaced. Freeze this as `--version` {_next(label)}"
        )
    if not proves(before):
        raise TakenError(
            f"{store.url}: {label.id} stands there with a label that says the same files, but neither the key nor the "
            f"ledger shows that it is ours; it is left alone. Freeze this as `--version` {_next(label)}"
        )
    there = store.stat(label.id.sealed)
    if there is None or there.size != before.size:
        found = f"it has {there.size} bytes, its label says {before.size}" if there else "it is gone, its label is not"
        raise IntegrityError(f"{store.url}: {label.id.sealed}: {found}; verify it, and freeze as another `--version`")
    note = "sealed before from the same files"
    checked = SHA256 if there.fingerprints.get(SHA256) == before.sha256 else ""
    known = {algorithm: value for algorithm, value in there.fingerprints.items() if algorithm == SHA256 and checked}
    return Upload(store.url, before, Receipt(there, existed=True, checked=checked, note=note), known)


def _next(label: Label) -> str:
    version = label.id.version
    return str(int(version) + 1) if version.isdecimal() else f"{version}-2"


def _left_over(label: Label, fault: TakenError) -> TakenError:
    return TakenError(
        f"{fault}. There is no label beside it: an upload was cut off, or another is under way. Wait for that, or "
        f"freeze as `--version` {_next(label)}"
    )


def _agreed(store: Store, frozen: Frozen, receipt: Receipt) -> Mapping[str, str]:
    """Return our own fingerprints in the store's algorithms; an IntegrityError when one is another."""
    label, said = frozen.label, receipt.stored.fingerprints
    ours = {algorithm: _ours(algorithm, frozen) for algorithm in {*said, receipt.checked} - {""}}
    wrong = [algorithm for algorithm, value in said.items() if ours[algorithm] != value]
    if wrong or receipt.stored.size != label.size:
        raise IntegrityError(
            f"{store.url}: {label.id.sealed} does not stand there as it was sent ({', '.join(wrong) or 'its size'} "
            "differs); its label was not written, so nobody takes it for whole"
        )
    return ours


def _ours(algorithm: str, frozen: Frozen) -> str:
    if algorithm == SHA256:
        return frozen.label.sha256
    with frozen.sealed.open("rb") as file:
        return fingerprint(algorithm, file)


def worst_code(uploads: Sequence[Upload]) -> int:
    """Return the exit code: what is damaged comes before what is refused, and that before what may pass."""
    codes = {each.fault.exit_code for each in uploads if each.fault}
    return next(
        (code for code in (IntegrityError.exit_code, TakenError.exit_code, StoreError.exit_code) if code in codes), 0
    )

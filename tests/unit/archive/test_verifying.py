"""A verdict is shown or it is `unverifiable`; no damage, no lie and no silence of a store ever makes an `ok`."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from archiveteam import spoilt
from facts import fact
from hypothesis import given, settings
from hypothesis import strategies as st

from lumen_action.archive import ArchiveId, Label
from lumen_action.archive.facts import Event, Known, Sealing, Uploaded, event_fact, freeze_told, known_in
from lumen_action.archive.fingerprints import MD5, SHA256
from lumen_action.archive.freezing import Order, freeze
from lumen_action.archive.keys import Keys, label_mac
from lumen_action.archive.stores import (
    BusyError,
    GoneError,
    RefusedError,
    Store,
    Stored,
    StoreError,
    content_of,
    content_of_bytes,
)
from lumen_action.archive.stores.directory import Directory
from lumen_action.archive.verdicts import Finding, Level, Verdict, exit_code, reached, worst
from lumen_action.archive.verifying import Expected, Means, verify
from lumen_action.archive.walking import found_files
from lumen_action.crypto.age import new_identity
from lumen_action.http import Timing
from lumen_action.model import Fact, Kind

ID = ArchiveId("nightly", "2026-03-04", "eu", "1")
KEYS, NO_KEYS = Keys(bytes(range(32))), Keys()
URL = "file:a"
TIMING = Timing(sleep=lambda _: None)
RECEIPT, METADATA, BYTES, CONTENT = (Level(number) for number in range(4))
OK, MISMATCH, MISSING, UNVERIFIABLE = Verdict.OK, Verdict.MISMATCH, Verdict.MISSING, Verdict.UNVERIFIABLE


def sealings(*labels: Label) -> dict[str, Sealing]:
    return {each.sha256: Sealing(each, hashlib.sha256(each.encode()).hexdigest()) for each in labels}


@dataclass(frozen=True)
class Kept:
    """An archive in one store, as it was frozen and uploaded."""

    store: Directory
    label: Label
    folder: Path

    @property
    def sealed(self) -> Path:
        return self.folder / ID.sealed

    @property
    def label_file(self) -> Path:
        return self.folder / ID.label

    @property
    def uploaded(self) -> Uploaded:
        label = self.label
        return Uploaded(label.size, label.sha256, {SHA256: label.sha256}, "", 5, SHA256, label.root)

    @property
    def in_ledger(self) -> Expected:
        return Expected(ID, Known(ID, sealings(self.label), {URL: self.uploaded}))


def frozen(tmp_path: Path, name: str, keys: Keys, id_: ArchiveId = ID) -> tuple[Label, Path]:
    source = tmp_path / f"source-{name}"
    (source / "deep").mkdir(parents=True)
    (source / "report.txt").write_text(f"all is well, {name}\n")
    (source / "deep" / "data.bin").write_bytes(bytes(range(256)) * 200)
    order = Order(id_, found_files([str(source)], source).files, tmp_path / f"frozen-{name}", frozen_at_ms=1)
    made = freeze(order, keys, lambda _: None)
    return made.label, made.sealed


def kept_in(tmp_path: Path, label: Label, sealed: Path) -> Kept:
    folder = tmp_path / "store"
    store = Directory(URL, folder)
    store.put(ID.sealed, content_of(sealed, label.size, label.sha256), lambda _: None)
    store.put(ID.label, content_of_bytes(label.encode()), lambda _: None)
    return Kept(store, label, folder)


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    return kept_in(tmp_path, *frozen(tmp_path, "one", KEYS))


def look(store: Store, expected: Expected, level: Level, keys: Keys = KEYS) -> Finding:
    return verify(expected, store, level, Means(keys, TIMING), lambda _: None)


def said(found: Finding) -> tuple[Verdict, Level]:
    return found.verdict, found.reached


@pytest.mark.parametrize("level", [RECEIPT, METADATA, BYTES, CONTENT])
def test_what_is_as_it_was_uploaded_is_ok_at_every_level(kept: Kept, level: Level) -> None:
    assert said(look(kept.store, kept.in_ledger, level)) == (OK, level)


@pytest.mark.parametrize("level", [RECEIPT, METADATA, BYTES])
def test_below_the_content_the_ledger_alone_is_enough(kept: Kept, level: Level) -> None:
    assert said(look(kept.store, kept.in_ledger, level, NO_KEYS)) == (OK, level)


def test_without_the_key_the_content_is_unverifiable_and_the_bytes_are_shown(kept: Kept) -> None:
    found = look(kept.store, kept.in_ledger, CONTENT, NO_KEYS)
    assert said(found) == (UNVERIFIABLE, BYTES)
    assert kept.label.key_id in found.why
    assert exit_code([found]) == 2


def test_without_a_ledger_the_key_proves_the_label(kept: Kept) -> None:
    assert said(look(kept.store, Expected(ID), BYTES)) == (OK, BYTES)
    assert said(look(kept.store, Expected(ID), METADATA)) == (OK, METADATA)
    found = look(kept.store, Expected(ID), RECEIPT)
    assert said(found) == (UNVERIFIABLE, Level.NONE)
    assert "no receipt" in found.why


def test_without_ledger_and_key_the_folder_says_what_it_should_be(kept: Kept) -> None:
    expected = Expected(ID, local=kept.label)
    assert said(look(kept.store, expected, BYTES, NO_KEYS)) == (OK, BYTES)


def test_a_store_alone_proves_nothing_of_itself(kept: Kept) -> None:
    found = look(kept.store, Expected(ID), BYTES, NO_KEYS)
    assert said(found) == (UNVERIFIABLE, Level.NONE)
    assert "nothing proves the label" in found.why


def test_what_contradicts_itself_is_damaged_whoever_made_it(kept: Kept) -> None:
    spoilt(kept.sealed)
    assert look(kept.store, Expected(ID), BYTES, NO_KEYS).verdict is MISMATCH


def test_anybody_can_seal_for_a_recipient_so_an_identity_proves_no_label(tmp_path: Path) -> None:
    identity = new_identity()
    sealer = Keys(recipients=(identity.recipient,))
    kept = kept_in(tmp_path, *frozen(tmp_path, "for-readers", sealer))
    reader = Keys(identities=(identity,))
    assert said(look(kept.store, kept.in_ledger, CONTENT, reader)) == (OK, CONTENT)
    found = look(kept.store, Expected(ID), CONTENT, reader)
    assert (found.verdict, "nothing proves the label" in found.why) == (UNVERIFIABLE, True)


def test_a_store_that_never_got_it_and_one_that_lost_it_say_so(kept: Kept, tmp_path: Path) -> None:
    other = Directory("file:b", tmp_path / "b")
    never = look(other, kept.in_ledger, RECEIPT)
    assert (never.verdict, "no upload to it is known" in never.why) == (MISSING, True)
    kept.sealed.unlink()
    kept.label_file.unlink()
    lost = look(kept.store, kept.in_ledger, RECEIPT)
    assert (lost.verdict, "it was uploaded and is not there" in lost.why) == (MISSING, True)
    assert exit_code([never]) == exit_code([lost]) == 3


@pytest.mark.parametrize(
    ("gone", "known", "why"),
    [
        ("label_file", True, "it was removed after the upload"),
        ("label_file", False, "an upload was cut off"),
        ("sealed", True, "its label is there, the sealed archive is not"),
    ],
)
def test_half_of_an_archive_is_told_as_such(kept: Kept, gone: str, known: bool, why: str) -> None:  # noqa: FBT001
    getattr(kept, gone).unlink()
    found = look(kept.store, kept.in_ledger if known else Expected(ID), BYTES)
    assert (found.verdict, why in found.why) == (MISSING, True)


def test_a_longer_and_a_shorter_file_are_told_by_their_size_at_every_level(kept: Kept) -> None:
    body = kept.sealed.read_bytes()
    for wrong in (body + b"x", body[:-1]):
        kept.sealed.write_bytes(wrong)
        for level in (RECEIPT, METADATA, BYTES, CONTENT):
            assert look(kept.store, kept.in_ledger, level).verdict is MISMATCH


@settings(max_examples=40)
@given(data=st.data())
def test_no_changed_byte_is_ever_ok(data: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:
    is_never_ok_when_changed(data, tmp_path_factory)


@pytest.mark.slow
@settings(max_examples=2000, deadline=None)
@given(data=st.data())
def test_none_of_thousands_of_changed_bytes_is_ok(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    is_never_ok_when_changed(data, tmp_path_factory)


def is_never_ok_when_changed(data: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:
    kept = _shared(tmp_path_factory)
    file = data.draw(st.sampled_from([kept.sealed, kept.label_file]))
    body = file.read_bytes()
    at, bit = data.draw(st.integers(0, len(body) - 1)), data.draw(st.integers(0, 7))
    level = data.draw(st.sampled_from([METADATA, BYTES, CONTENT]))
    knowing = data.draw(st.sampled_from([kept.in_ledger, Expected(ID), Expected(ID, local=kept.label)]))
    changed = bytearray(body)
    changed[at] ^= 1 << bit
    file.write_bytes(changed)
    try:
        verdict = look(kept.store, knowing, level).verdict
        # A label that names a key nobody has can still be anybody's, where nothing else is known.
        assert verdict is MISMATCH or (knowing == Expected(ID) and verdict is UNVERIFIABLE)
    finally:
        file.write_bytes(body)


_SHARED: list[Kept] = []


def _shared(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    if not _SHARED:
        folder = tmp_path_factory.mktemp("shared")
        _SHARED.append(kept_in(folder, *frozen(folder, "shared", KEYS)))
    return _SHARED[0]


def test_another_archive_under_its_name_is_told(kept: Kept, tmp_path: Path) -> None:
    """Both objects are those of another version, sealed with the same key."""
    label, sealed = frozen(tmp_path, "two", KEYS, replace(ID, version="2"))
    kept.sealed.write_bytes(sealed.read_bytes())
    kept.label_file.write_bytes(label.encode())
    assert look(kept.store, Expected(ID), RECEIPT).verdict is MISMATCH
    kept.label_file.write_bytes(replace(label, id=ID).encode())
    found = look(kept.store, Expected(ID), BYTES)
    assert (found.verdict, "was not made with the key" in found.why) == (MISMATCH, True)


def test_other_content_that_was_sealed_with_our_key_contradicts_the_ledger(kept: Kept, tmp_path: Path) -> None:
    label, sealed = frozen(tmp_path, "other", KEYS)
    kept.sealed.write_bytes(sealed.read_bytes())
    kept.label_file.write_bytes(label.encode())
    assert said(look(kept.store, Expected(ID), CONTENT)) == (OK, CONTENT)
    assert look(kept.store, kept.in_ledger, RECEIPT).verdict is MISMATCH
    only_frozen = Expected(ID, Known(ID, sealings(kept.label)))
    assert look(kept.store, only_frozen, RECEIPT).verdict is MISMATCH


def test_a_day_that_was_frozen_again_does_not_contradict_what_was_uploaded_before(kept: Kept, tmp_path: Path) -> None:
    again, _ = frozen(tmp_path, "again", KEYS)
    expected = Expected(ID, Known(ID, sealings(kept.label, again), {URL: kept.uploaded}))
    assert said(look(kept.store, expected, CONTENT)) == (OK, CONTENT)


def test_what_was_frozen_last_and_never_kept_contradicts_no_store(kept: Kept, tmp_path: Path) -> None:
    """A fresh machine froze other files, which every store refused; the receipt of this store is not known."""
    again, _ = frozen(tmp_path, "again", KEYS)
    for uploads in ({}, {"file:b": kept.uploaded}):
        expected = Expected(ID, Known(ID, sealings(kept.label, again), uploads))
        found = look(kept.store, expected, BYTES, NO_KEYS)
        assert (said(found), "of the ledger" in found.why) == ((OK, BYTES), True)
    # What another store has is what was frozen: this one has what none of them took.
    other = Uploaded(again.size, again.sha256, {}, "", 5, SHA256, again.root)
    contradicted = Expected(ID, Known(ID, sealings(kept.label, again), {"file:b": other}))
    assert look(kept.store, contradicted, BYTES).verdict is MISMATCH


def test_what_another_store_got_says_what_this_one_should_have(kept: Kept) -> None:
    found = look(kept.store, Expected(ID, Known(ID, {}, {"file:b": kept.uploaded})), BYTES, NO_KEYS)
    assert (found.verdict, "of the ledger" in found.why) == (OK, True)


@pytest.mark.parametrize("forged", [{"tool": "forged"}, {"trace_id": "f" * 32}, {"checkpoint": "1"}])
def test_a_label_whose_words_were_changed_contradicts_the_ledger_even_without_a_key(
    kept: Kept, forged: dict[str, str]
) -> None:
    kept.label_file.write_bytes(replace(kept.label, **forged).encode())
    assert look(kept.store, kept.in_ledger, RECEIPT, NO_KEYS).verdict is MISMATCH


def test_words_that_were_cut_to_fit_into_a_fact_contradict_nothing(kept: Kept) -> None:
    label = replace(kept.label, checkpoint="ledger.example\n7\n" + "— witness.example " * 230, mac="")
    label = replace(label, mac=label_mac(bytes(range(32)), label))
    kept.label_file.write_bytes(label.encode())
    like = fact("archive", kind=Kind.ARTIFACT)
    told = Fact.decode(event_fact(like, Event.FREEZE, ID, freeze_told(label)).encode())
    known = known_in([told])[ID]
    assert known.frozen
    assert known.frozen.checkpoint != label.checkpoint
    assert said(look(kept.store, Expected(ID, known), BYTES)) == (OK, BYTES)


@pytest.mark.parametrize("mac", ["", "é", "0" * 64])
def test_a_label_with_a_wrong_proof_is_told(kept: Kept, mac: str) -> None:
    kept.label_file.write_bytes(replace(kept.label, mac=mac).encode())
    assert look(kept.store, Expected(ID), RECEIPT).verdict is MISMATCH


@pytest.mark.parametrize("body", [b"", b"{}", b"\xff", b'{"tool":"\\ud800"}', b"[" * 70_000])
def test_what_is_no_label_in_the_place_of_one_is_told(kept: Kept, body: bytes) -> None:
    kept.label_file.write_bytes(body)
    assert look(kept.store, kept.in_ledger, RECEIPT).verdict is MISMATCH


class Lying(Directory):
    """Says of its objects and gives of them what a test wants."""

    def __init__(self, kept: Kept, fingerprints: Mapping[str, str], body: bytes | None = None) -> None:
        super().__init__(URL, kept.folder)
        self.fingerprints, self.body = fingerprints, body

    def stat(self, name: str) -> Stored | None:
        told = super().stat(name)
        return replace(told, fingerprints=self.fingerprints) if told else None

    @contextmanager
    def read(self, name: str, offset: int = 0) -> Iterator[Iterator[bytes]]:
        with super().read(name, offset) as pieces:
            yield iter([self.body]) if self.body is not None and name == ID.sealed else pieces


def test_at_the_metadata_a_store_is_held_against_what_was_sent(kept: Kept) -> None:
    uploaded = replace(kept.uploaded, fingerprints={MD5: "ab" * 16}, checked="")
    expected = Expected(ID, Known(ID, sealings(kept.label), {URL: uploaded}))
    assert said(look(Lying(kept, {MD5: "ab" * 16}), expected, METADATA)) == (OK, METADATA)
    assert look(Lying(kept, {MD5: "cd" * 16}), expected, METADATA).verdict is MISMATCH
    assert look(Lying(kept, {MD5: "ab" * 16, SHA256: "cd" * 32}), expected, METADATA).verdict is MISMATCH


@pytest.mark.parametrize(("fingerprints", "why"), [({}, "computes no hash"), ({"crc32": "00"}, "cannot be compared")])
def test_a_store_without_a_hash_of_its_own_is_unverifiable_by_its_metadata(
    kept: Kept, fingerprints: Mapping[str, str], why: str
) -> None:
    found = look(Lying(kept, fingerprints), kept.in_ledger, METADATA)
    assert (*said(found), why in found.why) == (UNVERIFIABLE, RECEIPT, True)


def test_an_upload_that_the_store_did_not_confirm_is_no_receipt(kept: Kept) -> None:
    expected = Expected(ID, Known(ID, sealings(kept.label), {URL: replace(kept.uploaded, checked="")}))
    found = look(kept.store, expected, RECEIPT)
    assert (*said(found), "confirmed nothing" in found.why) == (UNVERIFIABLE, Level.NONE, True)


@pytest.mark.parametrize("level", [BYTES, CONTENT])
def test_right_metadata_of_wrong_bytes_is_found_when_they_are_read(kept: Kept, level: Level) -> None:
    body = kept.sealed.read_bytes()
    for wrong in (body[:-1], body + b"more", b"x" + body[1:], b""):
        store = Lying(kept, {SHA256: kept.label.sha256}, wrong)
        assert said(look(store, kept.in_ledger, METADATA)) == (OK, METADATA)
        assert look(store, kept.in_ledger, level).verdict is MISMATCH


class Away(Directory):
    """Fails when it is read."""

    def __init__(self, kept: Kept, fault: Exception) -> None:
        super().__init__(URL, kept.folder)
        self.fault = fault

    @contextmanager
    def read(self, name: str, offset: int = 0) -> Iterator[Iterator[bytes]]:
        with super().read(name, offset) as pieces:
            if name == ID.sealed:
                next(pieces)
                raise self.fault
            yield pieces


@pytest.mark.parametrize(
    ("fault", "verdict", "code"),
    [
        (StoreError("it does not answer"), UNVERIFIABLE, 75),
        (BusyError("later"), UNVERIFIABLE, 75),
        (RefusedError("token_expired: set DROPBOX_REFRESH_TOKEN"), UNVERIFIABLE, 2),
        (GoneError("it is gone"), MISSING, 3),
    ],
)
@pytest.mark.parametrize("level", [BYTES, CONTENT])
def test_a_store_that_does_not_give_the_bytes_shows_nothing(
    kept: Kept, fault: Exception, verdict: Verdict, code: int, level: Level
) -> None:
    found = look(Away(kept, fault), kept.in_ledger, level)
    assert (found.verdict, exit_code([found])) == (verdict, code)


def test_the_bytes_are_read_once_for_both_the_hash_and_the_content(kept: Kept) -> None:
    moved: list[int] = []
    verify(kept.in_ledger, kept.store, CONTENT, Means(KEYS, TIMING), moved.append)
    assert sum(moved) == kept.label.size


verdicts = st.lists(st.sampled_from(Verdict))


@given(verdicts, verdicts, st.randoms())
def test_the_verdict_over_several_is_a_fold(some: list[Verdict], more: list[Verdict], random: object) -> None:
    shuffled = [*some, *more]
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert worst(shuffled) is worst([*some, *more])
    if some and more:
        assert worst([worst(some), worst(more)]) is worst([*some, *more])
    assert (worst(some) is OK) == (bool(some) and set(some) == {OK})


@given(st.lists(st.tuples(st.sampled_from(Verdict), st.booleans())))
def test_the_exit_code_is_that_of_the_worst(found: list[tuple[Verdict, bool]]) -> None:
    findings = [Finding(ID, URL, verdict, RECEIPT, "", away) for verdict, away in found]
    seen = {verdict for verdict, _ in found}
    if seen & {MISMATCH, MISSING}:
        assert exit_code(findings) == 3
    elif seen == {OK}:
        assert exit_code(findings) == 0
    else:
        assert exit_code(findings) == (75 if any(away for _, away in found) else 2)


def test_the_level_over_several_is_what_all_have_reached() -> None:
    levels = [BYTES, RECEIPT, CONTENT]
    assert reached([Finding(ID, URL, OK, level, "") for level in levels]) is RECEIPT
    assert reached([]) is Level.NONE

"""Checkpoints: what they hold of a ledger's past, and who finds out when it is rewritten."""

from __future__ import annotations

import base64
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from facts import fact

from lumen_action.crypto.signing import PublicKey, Signer
from lumen_action.errors import ConfigError, IntegrityError
from lumen_action.ledger.checkpoints import (
    Checkpoint,
    SegmentedLedger,
    audit,
    keep_checkpoints,
    parse_kept,
    public_key,
)
from lumen_action.ledger.sqlite import SqliteLedger
from lumen_action.merkle import tree_head

SEED = base64.b64encode(bytes(range(32))).decode()
SIGNER = Signer.parse(SEED)
OTHER = Signer.parse(base64.b64encode(bytes(32)).decode())


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[SqliteLedger]:
    """Three segments of two facts each, and two open facts."""
    opened = SqliteLedger(tmp_path / "ledger.db", durable=True)
    for day in range(1, 5):
        for run in range(2):
            opened.put(fact("build", run=f"{day}-{run}", day=f"2026-01-0{day}"))
        if day > 1:
            opened.compact(f"2026-01-0{day}")
    yield opened
    opened.close()


def test_sqlite_is_a_segmented_ledger(ledger: SqliteLedger) -> None:
    assert isinstance(ledger, SegmentedLedger)


def test_a_checkpoint_holds_every_segment_before_it(ledger: SqliteLedger) -> None:
    newest = keep_checkpoints(ledger, None)
    roots = [bytes.fromhex(segment.root) for segment in ledger.segments()]
    assert newest
    assert (newest.size, newest.root) == (3, tree_head(roots))
    for number in range(1, 4):
        origin, size, root, end = (ledger.note(f"checkpoint/{number}") or b"").decode().split("\n")
        assert (origin, size, end) == (newest.origin, str(number), "")
        assert base64.b64decode(root) == tree_head(roots[:number])


def test_a_ledger_without_segments_has_no_checkpoint(tmp_path: Path) -> None:
    empty = SqliteLedger(tmp_path / "empty.db", durable=True)
    assert keep_checkpoints(empty, SIGNER) is None
    assert audit(empty, key=public_key(empty, SIGNER)).faults == ()
    empty.close()


def test_two_ledgers_never_share_a_name(ledger: SqliteLedger, tmp_path: Path) -> None:
    other = SqliteLedger(tmp_path / "other.db", durable=True)
    assert public_key(ledger, SIGNER).name == public_key(ledger, SIGNER).name != public_key(other, SIGNER).name
    other.close()


def test_a_sound_ledger_passes_its_audit(ledger: SqliteLedger) -> None:
    newest = keep_checkpoints(ledger, SIGNER)
    found = audit(ledger, key=public_key(ledger, SIGNER), kept=newest)
    assert found.faults == ()
    assert (found.segments, found.closed, found.open, found.checkpoints, found.signed) == (3, 6, 2, 3, 3)


def test_writing_the_checkpoints_again_changes_nothing_and_a_new_segment_adds_one(ledger: SqliteLedger) -> None:
    keep_checkpoints(ledger, SIGNER)
    before = [ledger.note(f"checkpoint/{number}") for number in range(1, 4)]
    ledger.compact("2026-02-01")
    keep_checkpoints(ledger, SIGNER)
    assert [ledger.note(f"checkpoint/{number}") for number in range(1, 4)] == before
    assert ledger.note("checkpoint/4")


@pytest.mark.parametrize("signer", [None, SIGNER])
def test_a_new_checkpoint_extends_the_last_one_without_reading_what_is_before(
    ledger: SqliteLedger, signer: Signer | None
) -> None:
    keep_checkpoints(ledger, signer)
    ledger._base.execute("UPDATE fact SET body = replace(body, 'abc', 'abd') WHERE run = '2-1'")
    ledger.compact("2026-02-01")
    newest = keep_checkpoints(ledger, signer)
    roots = [root for (root,) in ledger._base.execute("SELECT root FROM segment ORDER BY number")]
    assert newest
    assert (newest.size, newest.root) == (4, tree_head(map(bytes.fromhex, roots)))
    assert audit(ledger).faults[0].startswith("segment 2: fact 2 of 2 ")


def test_a_rewritten_segment_root_is_never_covered_by_a_new_checkpoint(ledger: SqliteLedger) -> None:
    keep_checkpoints(ledger, SIGNER)
    before = [bytes.fromhex(segment.root) for segment in ledger.segments()]
    ledger._base.execute("UPDATE segment SET root = ? WHERE number = 2", ("ab" * 32,))
    ledger.compact("2026-02-01")
    newest = keep_checkpoints(ledger, SIGNER)
    (last,) = ledger.segments_after(3)
    assert newest
    assert newest.root == tree_head([*before, bytes.fromhex(last.root)])


def test_a_frontier_that_is_not_proven_by_our_own_checkpoint_is_not_used(ledger: SqliteLedger) -> None:
    keep_checkpoints(ledger, SIGNER)
    present = ledger.note("frontier")
    forged = b'{"heads":["' + b"ab" * 32 + b'"],"size":2}'
    assert ledger.put_note("frontier", forged, expected=present)
    ledger.compact("2026-02-01")
    keep_checkpoints(ledger, SIGNER)
    found = audit(ledger, key=public_key(ledger, SIGNER))
    assert (found.faults, found.signed) == ((), 4)


class Plain:
    """A ledger that has segments and notes, and nothing that makes reading them faster."""

    def __init__(self, inner: SqliteLedger) -> None:
        for name in ("url", "durable", *(name for name in vars(SqliteLedger) if not name.startswith("_"))):
            if name not in ("segments_after", "open_facts"):
                setattr(self, name, getattr(inner, name))


def test_a_ledger_that_knows_only_all_its_segments_gets_the_same_checkpoints(ledger: SqliteLedger) -> None:
    plain = Plain(ledger)
    assert isinstance(plain, SegmentedLedger)
    keep_checkpoints(plain, None)
    ledger.compact("2026-01-05")
    newest = keep_checkpoints(plain, None)
    assert newest
    assert (newest.size, newest.root) == (4, tree_head(bytes.fromhex(segment.root) for segment in ledger.segments()))
    ledger.put(fact("late"))
    assert (audit(plain).faults, audit(plain).open) == ((), 1)


def test_a_key_that_is_given_later_signs_the_newest_checkpoint(ledger: SqliteLedger) -> None:
    keep_checkpoints(ledger, None)
    key = public_key(ledger, SIGNER)
    assert audit(ledger).faults == ()
    assert audit(ledger, key=key).faults == (f"checkpoint 3 is not signed with the key {key}",)
    keep_checkpoints(ledger, SIGNER)
    assert (audit(ledger, key=key).faults, audit(ledger, key=key).signed) == ((), 1)


def test_a_signature_of_another_key_is_none(ledger: SqliteLedger) -> None:
    keep_checkpoints(ledger, OTHER)
    key = public_key(ledger, SIGNER)
    assert audit(ledger, key=key).faults == (f"checkpoint 3 is not signed with the key {key}",)


def test_a_changed_signature_is_told(ledger: SqliteLedger) -> None:
    keep_checkpoints(ledger, SIGNER)
    note = ledger.note("checkpoint/2") or b""
    text, _, line = note.rpartition(b" ")
    forged = bytearray(base64.b64decode(line))
    forged[-1] ^= 1
    assert ledger.put_note("checkpoint/2", text + b" " + base64.b64encode(forged) + b"\n", expected=note)
    key = public_key(ledger, SIGNER)
    assert audit(ledger, key=key).faults == (f"checkpoint 2: its signature is not of the key {key}",)


def test_a_rewritten_past_does_not_fit_its_checkpoint(ledger: SqliteLedger, tmp_path: Path) -> None:
    kept = keep_checkpoints(ledger, None)
    assert kept
    forged = SqliteLedger(tmp_path / "forged.db", durable=True)
    for day in range(1, 4):
        for run in range(2):
            forged.put(fact("build", run=f"{day}-{run + (day == 2)}", day=f"2026-01-0{day}"))
        forged.compact(f"2026-01-0{day + 1}")
    assert audit(forged, kept=kept).faults == (
        "segment 3 or one before it is not what it was when the checkpoint outside was taken",
    )
    note = ledger.note("checkpoint/3") or b""
    forged.put_note("checkpoint/3", note, expected=None)
    (fault,) = audit(forged).faults
    assert fault == "segment 3: checkpoint 3 does not fit it and the segments before it"
    with pytest.raises(IntegrityError, match="does not fit"):
        keep_checkpoints(forged, SIGNER)
    forged.close()


def test_a_segment_that_was_cut_off_the_end_is_missed(ledger: SqliteLedger) -> None:
    kept = keep_checkpoints(ledger, None)
    ledger._base.execute("DELETE FROM fact WHERE segment = 3")
    ledger._base.execute("DELETE FROM segment WHERE number = 3")
    assert audit(ledger, kept=kept).faults == (
        "segment 3 is missing: its checkpoint is still there",
        "segment 3 is missing: the checkpoint from outside speaks of 3 segments",
    )


def test_a_changed_fact_is_named_with_its_segment_and_an_open_one_with_its_key(ledger: SqliteLedger) -> None:
    keep_checkpoints(ledger, None)
    ledger._base.execute("UPDATE fact SET body = replace(body, 'abc', 'abd') WHERE run = '2-1'")
    ledger._base.execute("UPDATE fact SET body = x'7b' WHERE run = '4-0'")
    key = fact("build", run="4-0").key.digest
    closed, opened = audit(ledger).faults
    assert closed.startswith("segment 2: fact 2 of 2 is not what was written (it reads as stage build, run 2-1")
    assert f"the open fact {key} is filed under what it does not say (it cannot be read" in opened


@pytest.mark.parametrize("text", [b"", b"a\n1\n", b"a\nx\nAAAA\n", b"a\n1\n!!\n", b"a\n1\nAAAA", b"a\n01\nAAAA\n"])
def test_what_is_no_checkpoint_is_refused(text: bytes) -> None:
    with pytest.raises(ConfigError, match=r"checkpoint: kept\.txt does not hold one"):
        parse_kept(text, "kept.txt")


def test_a_kept_checkpoint_is_read_with_and_without_signature(ledger: SqliteLedger) -> None:
    newest = keep_checkpoints(ledger, SIGNER)
    assert newest
    signed = ledger.note("checkpoint/3") or b""
    assert Checkpoint.parse(signed) == Checkpoint.parse(newest.text) == newest
    assert audit(ledger, kept=replace(newest, origin="other")).faults


def test_a_key_is_read_from_pem_and_from_a_seed_and_never_shown() -> None:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    private = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    assert Signer.parse(pem).public("a") == SIGNER.public("a") == Signer.parse(f" {SEED}\n").public("a")
    assert "Ed25519" not in repr(SIGNER)


@pytest.mark.parametrize("text", ["", "c2hvcnQ=", "not base64!", "-----BEGIN PRIVATE KEY-----\nsecret\n"])
def test_a_wrong_key_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(ConfigError, match="LUMEN_SIGNING_KEY: it is no Ed25519 key") as caught:
        Signer.parse(text)
    assert "secret" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_public_key_is_written_as_the_tools_for_signed_notes_write_it() -> None:
    # The example of golang.org/x/mod/sumdb/note: its name, its hash, its key.
    text = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
    key = PublicKey.parse(text)
    assert (key.name, str(key)) == ("PeterNeumann", text)
    note = (
        b"If you think cryptography is the answer to your problem,\n"
        b"then you don't know what your problem is.\n\n"
        b"\xe2\x80\x94 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"  # noqa: E501 - one line in the example
    )
    assert key.found_in(note) is True
    assert key.found_in(note.replace(b"problem is", b"problem was")) is False
    assert SIGNER.public("PeterNeumann").found_in(note) is None


@pytest.mark.parametrize("text", ["", "a+b", "a+00000000+AAAA", "a+zz+!!", "PeterNeumann+c74f20a3+ARpc"])
def test_a_wrong_public_key_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="public-key: "):
        PublicKey.parse(text)


def test_nothing_of_this_loads_cryptography_before_a_key_is_given() -> None:
    code = "import sys, lumen_action.ledger.checkpoints; sys.exit('cryptography' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

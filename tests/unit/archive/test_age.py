"""Secrets wrapped for recipients of age: Debian's `age` reads ours, we read its, and nothing changed is taken."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import pytest
import seconddecoder
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "tools"))

from unpacked import program

from lumen_action.archive import ArchiveId
from lumen_action.archive.container import Header, begin, read_header
from lumen_action.archive.keys import Keys, written
from lumen_action.crypto.age import Identity, Recipient, new_identity, unwrap, wrap
from lumen_action.crypto.sealing import Sealer
from lumen_action.errors import IntegrityError

ONE, TWO = Identity(bytes(range(64, 96))), Identity(bytes(range(96, 128)))
SECRET = written(bytes(range(32))).encode()


def age(*arguments: object, sends: bytes = b"") -> bytes:
    """Run Debian's age."""
    return _run("age", *arguments, sends=sends)


def age_keygen(*arguments: object) -> str:
    """Run Debian's age-keygen."""
    return _run("age-keygen", *arguments).decode()


def _run(name: str, *arguments: object, sends: bytes = b"") -> bytes:
    command = [program("age", name), *map(str, arguments)]
    return subprocess.run(command, input=sends, capture_output=True, check=True).stdout


def identity_file(folder: Path, *identities: Identity) -> Path:
    """Write identities as age reads them."""
    file = folder / "identity.txt"
    file.write_text("\n".join(identity.secret for identity in identities) + "\n")
    return file


@pytest.mark.parametrize("secret", [SECRET, b"", b"x", bytes(64 << 10)], ids=len)
def test_age_reads_what_we_wrap_for_any_of_its_recipients(tmp_path: Path, secret: bytes) -> None:
    file = wrap([ONE.recipient, TWO.recipient], secret)
    for identity in (ONE, TWO):
        assert age("--decrypt", "--identity", identity_file(tmp_path, identity), sends=file) == secret


@pytest.mark.parametrize("secret", [SECRET, b"", b"x", bytes(64 << 10)], ids=len)
def test_we_read_what_age_wraps(secret: bytes) -> None:
    file = age("--recipient", ONE.recipient, "--recipient", TWO.recipient, sends=secret)
    assert unwrap([ONE], file) == secret
    assert unwrap([new_identity(), TWO], file) == secret
    assert unwrap([new_identity()], file) is None
    assert unwrap([], file) is None


def test_identities_and_recipients_are_those_of_age_keygen(tmp_path: Path) -> None:
    made = age_keygen()
    said = next(line for line in made.splitlines() if line.startswith("# public key: ")).partition(": ")[2]
    identity = Identity.parse(next(line for line in made.splitlines() if line.startswith("AGE-SECRET-KEY-1")))
    assert str(identity.recipient) == said
    assert Recipient.parse(said) == identity.recipient
    ours = new_identity()
    assert age_keygen("-y", identity_file(tmp_path, ours)).strip() == str(ours.recipient)


def test_the_header_of_an_archive_opens_with_age_and_base64_alone(tmp_path: Path) -> None:
    lock, sink = Keys(recipients=(ONE.recipient,)).sealing(), io.BytesIO()
    header = Header(ArchiveId("nightly", "2026-03-04", "eu", "1"), lock.key_id, 5, lock.wrapped)
    sealer = Sealer(sink, lock.content_key, begin(sink, header))
    sealer.write(b"evidence")
    sealer.close()
    _, stream, context = seconddecoder.split(sink.getvalue())
    wrapped = read_header(iter([sink.getvalue()])).header.wrapped
    text = age("--decrypt", "--identity", identity_file(tmp_path, ONE), sends=wrapped)
    assert seconddecoder.unsealed(stream, seconddecoder.key_of_age(text), context) == b"evidence"


FILE = wrap([ONE.recipient, TWO.recipient], SECRET)


@pytest.mark.parametrize("place", range(len(FILE)))
def test_a_changed_byte_is_never_read(place: int) -> None:
    changed = FILE[:place] + bytes([FILE[place] ^ 1]) + FILE[place + 1 :]
    try:
        found = unwrap([ONE], changed)
    except IntegrityError:
        return
    # Where the place of the only identity was changed nothing fits it.
    assert found is None
    assert FILE.index(b"-> ") < place < FILE.index(b"-> ", FILE.index(b"-> ") + 1)


def test_a_file_cut_short_is_never_read() -> None:
    for length in range(len(FILE)):
        with pytest.raises(IntegrityError):
            unwrap([ONE], FILE[:length])


def test_what_follows_the_end_is_never_read() -> None:
    with pytest.raises(IntegrityError, match="changed, cut off"):
        unwrap([ONE], FILE + b"x")
    with pytest.raises(IntegrityError, match="no secret of ours"):
        unwrap([ONE], age("--recipient", ONE.recipient, sends=bytes((64 << 10) + 1)))


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=120))
def test_whatever_else_there_is_counts_as_no_file_of_age(noise: bytes) -> None:
    for file in (noise, b"age-encryption.org/v1\n" + noise, b"age-encryption.org/v1\n-> X25519 " + noise):
        with pytest.raises(IntegrityError):
            unwrap([ONE], file)


ENDED = b"--- " + b"A" * 43 + b"\n" + bytes(32)


@pytest.mark.parametrize(
    "stanza",
    [
        b"-> X25519 MTEx\nMTEx\n",
        b"-> X25519\nMTEx\n",
        # Nobody's public key: every secret that is agreed on with it is zero.
        b"-> X25519 " + b"A" * 43 + b"\n" + b"A" * 43 + b"\n",
        b"-> X25519 " + b"A" * 42 + b"B\n" + b"A" * 43 + b"\n",
        b"-> X25519 " + b"B" * 42 + b"A more\n" + b"A" * 43 + b"\n",
    ],
)
def test_a_place_of_a_recipient_that_is_none_is_refused(stanza: bytes) -> None:
    with pytest.raises(IntegrityError, match="cannot be read"):
        unwrap([ONE], b"age-encryption.org/v1\n" + stanza + ENDED)


def test_places_of_other_kinds_are_passed_over() -> None:
    other = b"-> scrypt bTg 18\n" + b"A" * 64 + b"\n\n-> ssh-rsa abc\nMTEx\n-> Xgrease\n\n"
    assert unwrap([ONE], b"age-encryption.org/v1\n" + other + ENDED) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "age1",
        str(ONE.recipient)[:-1],
        str(ONE.recipient) + "q",
        str(ONE.recipient).upper(),
        str(ONE.recipient).replace("a", "A", 1),
        " " + str(ONE.recipient),
        ONE.secret,
        "age1yubikey1qwt50d05nh5vutpdzmlg5wn80xq5negm4uj9ghv0snvdd3yysf5yw3rhl3t",
    ],
)
def test_what_is_no_recipient_is_none(text: str) -> None:
    with pytest.raises(ValueError, match=r"^its? "):
        Recipient.parse(text)


@pytest.mark.parametrize(
    "text", ["", ONE.secret.lower(), ONE.secret[:-1], str(ONE.recipient), ONE.secret[:-1] + "Q", "é" + ONE.secret]
)
def test_what_is_no_identity_is_none_and_is_not_repeated(text: str) -> None:
    with pytest.raises(ValueError, match=r"^its? ") as raised:
        Identity.parse(text)
    assert not text or text not in str(raised.value)


def test_each_wrapping_is_another() -> None:
    assert wrap([ONE.recipient], SECRET) != wrap([ONE.recipient], SECRET)
    assert new_identity() != new_identity()


def test_nothing_is_wrapped_for_nobody_or_in_pieces() -> None:
    for recipients, secret in (([], SECRET), ([ONE.recipient], bytes((64 << 10) + 1))):
        with pytest.raises(ValueError, match="nobody to wrap for, or too much"):
            wrap(recipients, secret)


def test_an_identity_does_not_show_itself() -> None:
    assert ONE.secret not in repr(ONE) + str(ONE)
    assert repr(ONE.key) not in repr(ONE)

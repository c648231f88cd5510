"""Keys: read strictly, told apart by name, replaced without losing what the old ones sealed, and never shown."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping
from dataclasses import replace

import pytest
import seconddecoder
from hypothesis import given
from hypothesis import strategies as st

from lumen_action.archive import LAST_MS, ArchiveId, Label
from lumen_action.archive.container import Header, begin, opened
from lumen_action.archive.keys import Keys, NoKeyError, key_id, label_mac, read_keys, written
from lumen_action.crypto.age import Identity, new_identity, wrap
from lumen_action.crypto.sealing import Sealer
from lumen_action.errors import ConfigError, IntegrityError

ONE, TWO, THREE = bytes(range(32)), bytes(range(32, 64)), bytes(range(200, 232))
ID = ArchiveId("nightly", "2026-03-04", "eu", "1")
IDENTITY, OTHER = Identity(bytes(range(64, 96))), Identity(bytes(range(96, 128)))
LABEL = Label(ID, 5, 100, "ab" * 32, key_id(ONE), "cd" * 32, 3, 80, run="9", tool="lumen 1")


def keys_of(env: Mapping[str, str], *recipients: str) -> Keys:
    """Read keys that have to be right."""
    problems: list[str] = []
    keys = read_keys(env, recipients, problems)
    assert problems == []
    return keys


def problems_of(env: Mapping[str, str], *recipients: str) -> list[str]:
    """Return what is wrong with keys."""
    problems: list[str] = []
    read_keys(env, recipients, problems)
    return problems


def sealed_with(keys: Keys, plain: bytes = b"evidence") -> bytes:
    """Seal something as freezing does."""
    lock, sink = keys.sealing(), io.BytesIO()
    sealer = Sealer(sink, lock.content_key, begin(sink, Header(ID, lock.key_id, 5, lock.wrapped)))
    sealer.write(plain)
    sealer.close()
    return sink.getvalue()


def read_with(keys: Keys, file: bytes) -> bytes:
    """Read it back."""
    _, opener = opened(iter([file]), keys)
    with opener:
        return opener.readall()


@given(st.binary(min_size=32, max_size=32).filter(lambda key: len(set(key)) > 1))
def test_a_key_is_32_bytes_in_base64_also_in_its_form_for_urls(key: bytes) -> None:
    plain, url = base64.b64encode(key).decode(), base64.urlsafe_b64encode(key).decode()
    for text in (plain, plain + "\n", plain + "\r\n", url, url.rstrip("="), url + "\n"):
        assert keys_of({"LUMEN_ARCHIVE_KEY": text}).newest == key


HEX = "it is hexadecimal"
NOT = "it is not 32 bytes in base64"
EQUAL = "all its bytes are equal"
REFUSED = {
    "5f" * 32: HEX,
    "0x" + "5F" * 32: HEX,
    "correct horse battery staple": NOT,
    "a" * 32: NOT,
    base64.b64encode(bytes(range(16))).decode(): NOT,
    base64.b64encode(bytes(range(31))).decode(): NOT,
    base64.b64encode(bytes(range(33))).decode(): NOT,
    written(ONE).rstrip("="): "",
    written(bytes(range(220, 252))).rstrip("="): NOT,
    written(ONE) + "\n\n": NOT,
    " " + written(ONE): NOT,
    written(ONE) + " ": NOT,
    written(ONE)[:20] + "\n" + written(ONE)[20:]: NOT,
    written(ONE)[:-2] + "9=": NOT,
    f"{written(ONE)},{written(TWO)}": NOT,
    "+/-_" + written(ONE)[4:]: NOT,
    written(ONE) + "é": NOT,
    written(bytes(32)): EQUAL,
    written(b"\xff" * 32): EQUAL,
    IDENTITY.secret: NOT,
}


@pytest.mark.parametrize(("text", "told"), REFUSED.items(), ids=range(len(REFUSED)))
def test_anything_else_is_refused_with_what_to_do_and_not_repeated(text: str, told: str) -> None:
    problems = problems_of({"LUMEN_ARCHIVE_KEY": text})
    if not told:
        # Without `+` and `/` a key without padding is one in the form for URLs.
        assert problems == []
        return
    (problem,) = problems
    assert problem.startswith(f"LUMEN_ARCHIVE_KEY: {told}")
    assert "lumen archive keygen" in problem
    assert text.strip() not in problem


def test_every_mistake_is_told_at_once() -> None:
    env = {
        "LUMEN_ARCHIVE_KEY": "passphrase",
        "LUMEN_ARCHIVE_KEYS_OLD": f"{written(ONE)}, {'0' * 64}\n{written(bytes(32))}",
        "LUMEN_ARCHIVE_IDENTITY": "AGE-SECRET-KEY-1QQQQ",
    }
    told = problems_of(env, "age1oops", str(IDENTITY.recipient))
    assert [problem.partition(":")[0] for problem in told] == [
        "LUMEN_ARCHIVE_KEY",
        "LUMEN_ARCHIVE_KEYS_OLD 2",
        "LUMEN_ARCHIVE_KEYS_OLD 3",
        "archive.recipients 1",
        "LUMEN_ARCHIVE_IDENTITY",
    ]
    assert "QQQQ" not in "".join(told)


def test_old_keys_stand_with_blanks_commas_or_lines_between() -> None:
    text = f"{written(TWO)},{written(THREE)}\n  {written(ONE)}\n"
    assert keys_of({"LUMEN_ARCHIVE_KEYS_OLD": text}).old == (TWO, THREE, ONE)
    assert keys_of({}) == Keys()


def test_a_key_is_named_by_what_tells_nothing_of_it() -> None:
    # printf 'lumen-key-id\0' and the bytes 00 to 1f, through sha256sum
    assert key_id(ONE) == "34e932fe"


def test_a_replaced_key_still_opens_what_it_sealed() -> None:
    before = sealed_with(keys_of({"LUMEN_ARCHIVE_KEY": written(ONE)}))
    after = keys_of({"LUMEN_ARCHIVE_KEY": written(TWO), "LUMEN_ARCHIVE_KEYS_OLD": written(ONE)})
    assert read_with(after, before) == b"evidence"
    assert after.sealing().key_id == key_id(TWO)
    with pytest.raises(NoKeyError, match=f"no key {key_id(ONE)} .* LUMEN_ARCHIVE_KEYS_OLD"):
        read_with(keys_of({"LUMEN_ARCHIVE_KEY": written(TWO)}), before)
    # An old key alone reads, but seals nothing.
    only_old = keys_of({"LUMEN_ARCHIVE_KEYS_OLD": written(ONE)})
    assert read_with(only_old, before) == b"evidence"
    with pytest.raises(ConfigError, match="no key to seal with"):
        only_old.sealing()


def test_without_a_key_it_is_said_how_to_get_one() -> None:
    with pytest.raises(ConfigError, match=r"LUMEN_ARCHIVE_KEY: .*`lumen archive keygen`.*LUMEN_ARCHIVE_RECIPIENTS"):
        keys_of({}).sealing()


def test_who_seals_for_recipients_cannot_read_it_and_each_of_them_can() -> None:
    writer = keys_of({}, str(IDENTITY.recipient), str(OTHER.recipient))
    file = sealed_with(writer)
    with pytest.raises(NoKeyError, match="LUMEN_ARCHIVE_IDENTITY"):
        read_with(writer, file)
    with pytest.raises(NoKeyError, match="LUMEN_ARCHIVE_IDENTITY"):
        read_with(keys_of({"LUMEN_ARCHIVE_IDENTITY": new_identity().secret, "LUMEN_ARCHIVE_KEY": written(ONE)}), file)
    for identity in (IDENTITY, OTHER):
        assert read_with(keys_of({"LUMEN_ARCHIVE_IDENTITY": identity.secret}), file) == b"evidence"
    several = f"{new_identity().secret},{OTHER.secret}\n"
    assert read_with(keys_of({"LUMEN_ARCHIVE_IDENTITY": several}), file) == b"evidence"


def test_an_identity_may_be_the_file_of_age_keygen() -> None:
    text = f"# created: 2026-03-04T05:06:07Z\n# public key: {IDENTITY.recipient}\n{IDENTITY.secret}\n"
    assert keys_of({"LUMEN_ARCHIVE_IDENTITY": text}).identities == (IDENTITY,)


def test_every_archive_for_recipients_has_a_key_of_its_own() -> None:
    writer = keys_of({"LUMEN_ARCHIVE_RECIPIENTS": str(IDENTITY.recipient)})
    one, other = writer.sealing(), writer.sealing()
    assert one.content_key != other.content_key
    assert one.key_id == key_id(one.content_key)


def test_recipients_come_before_a_key_which_then_reads_what_it_sealed() -> None:
    before = sealed_with(keys_of({"LUMEN_ARCHIVE_KEY": written(ONE)}))
    both = keys_of({"LUMEN_ARCHIVE_KEY": written(ONE)}, str(IDENTITY.recipient))
    assert both.sealing().wrapped
    assert read_with(both, before) == b"evidence"


def test_recipients_of_the_environment_come_before_those_of_the_file() -> None:
    env = {"LUMEN_ARCHIVE_RECIPIENTS": f"{IDENTITY.recipient}, {IDENTITY.recipient}"}
    assert keys_of(env, str(OTHER.recipient)).recipients == (IDENTITY.recipient,)
    assert keys_of({}, str(OTHER.recipient)).recipients == (OTHER.recipient,)


def test_what_age_decrypts_of_the_header_is_a_key_for_everybody() -> None:
    file = sealed_with(keys_of({}, str(IDENTITY.recipient)))
    text = written(keys_of({"LUMEN_ARCHIVE_IDENTITY": IDENTITY.secret}).opening(opened_header(file)))
    assert read_with(keys_of({"LUMEN_ARCHIVE_KEY": text}), file) == b"evidence"


def opened_header(file: bytes) -> Header:
    header, opener = opened(iter([file]), keys_of({"LUMEN_ARCHIVE_IDENTITY": IDENTITY.secret}))
    opener.close()
    return header


@pytest.mark.parametrize(
    "secret", [written(TWO).encode(), b"", b"\xff" * 44, ONE], ids=["other", "none", "noise", "raw"]
)
def test_a_wrapped_key_that_is_not_the_one_named_is_refused(secret: bytes) -> None:
    header = Header(ID, key_id(ONE), 5, wrap([IDENTITY.recipient], secret))
    with pytest.raises(IntegrityError, match=f"is not its key {key_id(ONE)}"):
        keys_of({"LUMEN_ARCHIVE_IDENTITY": IDENTITY.secret}).opening(header)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (IDENTITY.secret, "private key"),
        (IDENTITY.secret.lower(), "private key"),
        (str(IDENTITY.recipient).replace("q", "p", 1), "mistyped"),
        (str(IDENTITY.recipient).upper(), "no X25519 recipient"),
        ("age1", "cut off"),
        ("ssh-ed25519", "cut off"),
        (f'"{IDENTITY.secret}"', "private key"),
        (written(TWO), "mixes upper and lower case"),
        (TWO.hex(), "cut off"),
    ],
)
def test_what_is_no_recipient_is_refused(text: str, told: str) -> None:
    (problem,) = problems_of({}, text)
    assert problem.startswith("archive.recipients 1: ")
    assert told in problem
    assert IDENTITY.secret[20:].lower() not in problem.lower()
    assert text.startswith("age1") or text not in problem, "it may be a secret in the wrong place"


def test_there_is_an_end_to_recipients() -> None:
    (problem,) = problems_of({}, *(str(new_identity().recipient) for _ in range(101)))
    assert "at most 100 recipients" in problem


def test_a_label_is_proven_by_whoever_has_its_key() -> None:
    label = replace(LABEL, mac=label_mac(ONE, LABEL))
    assert seconddecoder.label_proven(label.encode(), ONE)
    assert not seconddecoder.label_proven(label.encode(), TWO)
    assert Keys(TWO, old=(ONE,)).proves(label) is True
    assert Keys().proves(label, ONE) is True
    assert Keys(TWO).proves(label) is None
    for changed in (replace(label, size=101), replace(label, mac=""), replace(label, mac="é")):
        assert Keys(ONE).proves(changed) is False


def test_a_label_of_a_year_that_no_calendar_has_is_none() -> None:
    Label.decode(replace(LABEL, frozen_at_ms=LAST_MS).encode())
    with pytest.raises(ValueError, match="a number in it is wrong"):
        Label.decode(replace(LABEL, frozen_at_ms=LAST_MS + 1).encode())


def test_a_label_that_names_half_a_letter_is_none() -> None:
    with pytest.raises(ValueError, match="not a label"):
        Label.decode(LABEL.encode().replace(b'"lumen 1"', b'"\\ud800"'))


def test_nothing_shows_a_secret() -> None:
    keys = Keys(ONE, old=(TWO,), identities=(IDENTITY,))
    wanted = {written(ONE).rstrip("="), written(TWO).rstrip("="), IDENTITY.secret}
    assert wanted <= set(keys.secrets)
    shown = repr(keys) + repr(keys.sealing()) + str(keys)
    for secret in (*wanted, repr(ONE), repr(TWO), repr(IDENTITY.key), ONE.hex()):
        assert secret not in shown


def test_both_forms_of_a_key_are_secret() -> None:
    key = bytes(range(220, 252))
    assert set(Keys(key).secrets) == {
        base64.b64encode(key).decode().rstrip("="),
        base64.urlsafe_b64encode(key).decode().rstrip("="),
    }

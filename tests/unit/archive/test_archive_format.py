"""The whole sealed file: frozen by us, read by a decoder that was written from docs/archive-format.md alone."""

from __future__ import annotations

import hashlib
import io
import re
import subprocess
import sys
from pathlib import Path

import pytest
import seconddecoder
from hypothesis import given, settings
from hypothesis import strategies as st
from seconddecoder import NotAnArchiveError

from lumen_action.archive import ArchiveId
from lumen_action.archive.container import Header, begin, opened
from lumen_action.archive.freezing import Order, freeze
from lumen_action.archive.keys import Keys, key_id, written
from lumen_action.archive.manifest import Origin, Tally
from lumen_action.archive.packing import packed
from lumen_action.archive.unpacking import examine
from lumen_action.archive.walking import Found
from lumen_action.crypto.sealing import Sealer
from lumen_action.errors import LumenError

DOCS = Path(__file__).resolve().parents[3] / "docs" / "archive-format.md"
KEY, SALT = bytes(range(32)), bytes(range(24))
ID = ArchiveId("nightly", "2026-03-04", "eu-west-1", "1")
ORIGIN = Origin(
    name=ID.name,
    frozen_at_ms=1_772_600_000_000,
    run="7",
    run_id="20260304-eu-west-1-abc1234",
    trace_id="0af7651916cd43dd8448eb211c80319c",
    checkpoint="",
    tool="lumen-sli-action 1",
)
NAMES = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z"), exclude_characters="/.\\"), max_size=90)
CONTENTS = st.binary(max_size=600) | st.integers(0, 40_000).map(lambda size: b"\x07" * size)


def known_file(folder: Path) -> tuple[bytes, bytes]:
    """Return the tar and the sealed file that the documentation describes."""
    report = folder / "report.txt"
    report.write_bytes(b"all green\n")
    report.chmod(0o640)
    tar = b"".join(packed([Found("report.txt", report, 10)], ORIGIN, Tally(), lambda _: None, folder))
    sink = io.BytesIO()
    sealer = Sealer(sink, KEY, begin(sink, Header(ID, key_id(KEY), ORIGIN.frozen_at_ms)), SALT)
    sealer.write(tar)
    sealer.close()
    return tar, sink.getvalue()


def test_the_known_answer_of_the_documentation_is_what_freezing_writes(tmp_path: Path) -> None:
    tar, file = known_file(tmp_path)
    said = DOCS.read_text(encoding="utf-8")
    for known in (tar, file, file[:147]):
        assert f"{len(known):,}" in said
        assert hashlib.sha256(known).hexdigest() in said
    decoded = seconddecoder.decode(file, KEY)
    assert decoded.root in said
    assert decoded.files == {"report.txt": (0o640, b"all green\n")}
    assert Origin(**{name: value for name, value in decoded.told.items() if name != "format"}) == ORIGIN


def test_a_changed_byte_is_refused_by_both_decoders(tmp_path: Path) -> None:
    _, file = known_file(tmp_path)
    # Each byte of header and stream is changed in test_container.py.
    for place in range(0, len(file), 7):
        changed = file[:place] + bytes([file[place] ^ 1]) + file[place + 1 :]
        with pytest.raises((NotAnArchiveError, ValueError)):
            seconddecoder.decode(changed, KEY)
        with pytest.raises(LumenError):
            _read(changed)


def test_the_program_of_the_documentation_unseals_it(tmp_path: Path) -> None:
    pytest.importorskip("cryptography.cobblestone", reason="it came with cryptography 50")
    tar, file = known_file(tmp_path)
    (program,) = re.findall(r"```python\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)
    command = [sys.executable, "-c", program, written(KEY)]
    assert subprocess.run(command, input=file, capture_output=True, check=True).stdout == tar
    assert subprocess.run(command, input=file[:-1], capture_output=True, check=False).returncode


def _read(file: bytes) -> None:
    header, opener = opened(iter([file]), Keys(KEY))
    with opener:
        examine(header, opener)


@settings(max_examples=15, deadline=None)
@given(files=st.dictionaries(NAMES.map("f{}".format), CONTENTS, max_size=6))
def test_the_second_decoder_reads_what_is_frozen(
    tmp_path_factory: pytest.TempPathFactory, files: dict[str, bytes]
) -> None:
    folder = tmp_path_factory.mktemp("frozen")
    found = []
    for number, (name, content) in enumerate(sorted(files.items(), key=lambda each: each[0].encode())):
        (folder / str(number)).write_bytes(content)
        (folder / str(number)).chmod(0o604)
        found.append(Found(name, folder / str(number), len(content)))
    frozen = freeze(Order(ID, found, folder / "archives", 5, run="7", tool="test"), Keys(KEY), lambda _: None)
    decoded = seconddecoder.decode(frozen.sealed.read_bytes(), KEY)
    assert decoded.files == {name: (0o604, content) for name, content in files.items()}
    assert decoded.root == frozen.label.root
    assert seconddecoder.label_proven(frozen.label_file.read_bytes(), KEY)

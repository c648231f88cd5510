"""Archives of every size, through the command line and a store: the same files come back, and memory stays flat."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import pytest
from archiveteam import KEY

if sys.platform != "linux":
    pytest.skip("memory is measured as Linux tells it", allow_module_level=True)

pytestmark = pytest.mark.slow

DAY = "2026-01-02"
GIB = 1 << 30
_LUMEN = """
import re, sys
from pathlib import Path
from lumen_action.commands import World, archive
world = World()
code = archive.run(archive.parser().parse_args(sys.argv[1:]), world)
world.closing.close()
# Not getrusage: what it tells of a new process begins with the size of the one that started it.
(peak,) = re.findall("VmHWM:[ ]*([0-9]+) kB", Path("/proc/self/status").read_text().replace("\\t", " "))
print(int(peak) * 1024, file=sys.stderr)
sys.exit(code)
"""


@dataclass
class Machine:
    """A folder in which commands are run as processes of their own."""

    folder: Path

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("GITHUB_", "LUMEN_"))}
        mine = {
            "LUMEN_STATE_DIR": str(self.folder / "state"),
            "LUMEN_LEDGER": f"sqlite:{self.folder / 'ledger.db'}",
            "LUMEN_ARCHIVE_KEY": KEY,
            "PYTHONPATH": str(Path(__file__).resolve().parents[2]),
        }
        return subprocess.Popen(
            [sys.executable, "-c", _LUMEN, *words, "--pipeline", "nightly", "--region", "eu"],
            cwd=self.folder,
            env=environment | mine,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def lumen(self, *words: str) -> tuple[dict[str, Any], int]:
        """Run a sub-command; return what it answers and the most memory it had."""
        process = self.start(*words, "--json")
        out, err = process.communicate()
        assert process.returncode == 0, err.decode()
        answer: dict[str, Any] = json.loads(out.splitlines()[-1])
        return answer, int(err.split()[-1])

    def round_trip(self) -> tuple[dict[str, Any], int]:
        """Freeze the folder `data`, upload it, drop what is here and restore it; return what came and the memory."""
        peaks = []
        frozen, peak = self.lumen("freeze", "data", "--day", DAY)
        peaks.append(peak)
        peaks.append(self.lumen("upload", DAY, "--store", "file:store")[1])
        Path(frozen["file"]).unlink()
        restored, peak = self.lumen("restore", DAY, "--to", "back", "--store", "file:store")
        assert restored["archives"][0]["root"] == frozen["root"]
        return restored["archives"][0], max(*peaks, peak)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    (tmp_path / "data").mkdir()
    return Machine(tmp_path)


def sha256(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest() if sys.version_info >= (3, 11) else _sha256(opened)


def _sha256(opened: BinaryIO) -> str:
    digest = hashlib.sha256()
    while piece := opened.read(1 << 20):
        digest.update(piece)
    return digest.hexdigest()


def sparse(file: Path, size: int) -> None:
    with file.open("wb") as opened:
        for at in (0, size // 3, size - 7):
            opened.seek(at)
            opened.write(b"content")


@pytest.mark.parametrize("content", [b"", b"x"], ids=["0 bytes", "1 byte"])
def test_the_smallest(machine: Machine, content: bytes) -> None:
    (machine.folder / "data" / "only").write_bytes(content)
    came, _ = machine.round_trip()
    assert (came["files"], came["bytes"]) == (1, len(content))
    assert (machine.folder / "back" / "data" / "only").read_bytes() == content


def test_five_gib_in_one_file(machine: Machine) -> None:
    (machine.folder / "data" / "small").write_bytes(b"x")
    _, little = machine.round_trip()
    other = Machine(machine.folder / "big")
    (other.folder / "data").mkdir(parents=True)
    before = other.folder / "data" / "disk.img"
    sparse(before, 5 * GIB)
    came, peak = other.round_trip()
    after = other.folder / "back" / "data" / "disk.img"
    assert came["bytes"] == after.stat().st_size == 5 * GIB
    assert sha256(after) == sha256(before)
    assert after.stat().st_blocks * 512 < GIB // 2, "its holes have come back as holes"
    assert peak - little < 64 << 20, f"{peak >> 20} MiB, and {little >> 20} MiB for a byte"


def test_a_hundred_thousand_files(machine: Machine) -> None:
    data = machine.folder / "data"
    for number in range(100_000):
        folder = data / f"{number % 97:02}"
        if number < 97:
            folder.mkdir()
        (folder / f"한글 {number}.txt").write_bytes(b"%d" % number)
    came, peak = machine.round_trip()
    assert came["files"] == 100_000
    back = machine.folder / "back" / "data"
    wrong = [
        number
        for number in range(100_000)
        if (back / f"{number % 97:02}" / f"한글 {number}.txt").read_bytes() != b"%d" % number
    ]
    assert wrong == []
    assert sum(len(files) for _, _, files in os.walk(back)) == 100_000
    assert peak < 300 << 20, f"{peak >> 20} MiB"


def killed_when(process: subprocess.Popen[bytes], there: Callable[[], bool]) -> None:
    """Kill a process as soon as something is there."""
    while not there() and process.poll() is None:
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL


def test_a_killed_one_leaves_nothing_under_a_final_name(machine: Machine) -> None:
    folder = machine.folder
    sparse(folder / "data" / "disk.img", GIB)
    archives = folder / "lumen-archives"
    killed_when(machine.start("freeze", "data", "--day", DAY), lambda: any(archives.rglob("*.part")))
    assert [path.name for path in archives.rglob("*") if path.is_file() and not path.name.startswith(".")] == []

    frozen, _ = machine.lumen("freeze", "data", "--day", DAY)
    words = ("restore", "--file", frozen["file"], "--to", "back")
    killed_when(machine.start(*words), lambda: any(folder.glob(".back.lumen-restore-*/files/data/*")))
    assert not (folder / "back").exists()
    left = [path.name for path in folder.iterdir() if path.name.startswith(".")]
    assert len(left) == 1
    done = machine.start(*words)
    _, err = done.communicate()
    assert done.returncode == 0
    assert left[0] in err.decode()
    assert sha256(folder / "back" / "data" / "disk.img") == sha256(folder / "data" / "disk.img")

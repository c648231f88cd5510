"""Real commands: what they print, how they end, and that nothing of them stays."""

from __future__ import annotations

import hashlib
import os
import resource
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lumen_action.running.family import tell
from lumen_action.running.process import Ending, Patience, run_process
from lumen_action.running.signals import Signals
from lumen_action.running.tail import Tail

pytestmark = pytest.mark.skipif(os.name == "nt", reason="process groups of POSIX")


@contextmanager
def listening() -> Iterator[Signals]:
    signals = Signals()
    signals.listen()
    try:
        yield signals
    finally:
        signals.release()


class Played:
    """A command that has run, with its two outputs in files."""

    def __init__(self, folder: Path, *command: str, how: Patience | None = None, merged: bool = False) -> None:
        self.out, self.err, self.tail = folder / "out", folder / "err", Tail()
        with self.out.open("wb") as out, self.err.open("wb") as err, listening() as signals:
            outlets = (out.fileno(), out.fileno() if merged else err.fileno())
            self.ending: Ending = run_process(command, os.environ, outlets, self.tail.feed, signals, how or Patience())
        self.tail.close()

    @property
    def kept(self) -> bytes:
        return b"".join(self.tail.chunks())


def running(word: str) -> list[str]:
    """Return the processes that hold a word nobody else has."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal() and folder.name != str(os.getpid()):
            try:
                words = (folder / "cmdline").read_bytes()
            except OSError:
                continue
            if word.encode() in words:
                found.append(folder.name)
    return found


def test_both_streams_arrive_apart_and_the_copy_has_both(tmp_path: Path) -> None:
    played = Played(tmp_path, "sh", "-c", "echo one; echo two >&2; exit 7")
    assert (played.out.read_bytes(), played.err.read_bytes()) == (b"one\n", b"two\n")
    assert sorted(played.kept.split()) == [b"one", b"two"]
    assert (played.ending.code, played.ending.good) == (7, False)


def test_where_both_streams_are_one_their_order_stays(tmp_path: Path) -> None:
    script = "i=0; while [ $i -lt 200 ]; do echo $i; echo $i >&2; i=$((i+1)); done"
    played = Played(tmp_path, "sh", "-c", script, merged=True)
    assert played.out.read_bytes().split() == [b"%d" % (number // 2) for number in range(400)]


@pytest.mark.parametrize(("number", "code"), [("KILL", 137), ("TERM", 143), ("SEGV", 139)])
def test_an_end_by_signal_is_told_as_a_shell_tells_it(tmp_path: Path, number: str, code: int) -> None:
    assert Played(tmp_path, "sh", "-c", f"kill -{number} $$").ending.code == code


def test_a_command_that_cannot_start_ends_as_in_a_shell(tmp_path: Path) -> None:
    played = Played(tmp_path, "no-such-command")
    assert (played.ending.code, b"no-such-command" in played.err.read_bytes()) == (127, True)
    plain = tmp_path / "plain"
    plain.touch()
    assert Played(tmp_path, str(plain)).ending.code == 126


def test_binary_output_is_the_same_byte_by_byte(tmp_path: Path) -> None:
    data = bytes(range(256)) * 1000
    (tmp_path / "data").write_bytes(data)
    assert Played(tmp_path, "cat", str(tmp_path / "data")).out.read_bytes() == data


def test_200_megabytes_arrive_whole_in_bounded_memory() -> None:
    script = "yes 'a line that a build may print, and another word' | head -c 200000000"
    direct = subprocess.run(f"{script} | sha256sum", shell=True, check=True, capture_output=True)  # noqa: S602
    digest = hashlib.sha256()
    reader, writer = os.pipe()

    def read() -> None:
        while data := os.read(reader, 1 << 20):
            digest.update(data)

    reading = threading.Thread(target=read)
    reading.start()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    tail = Tail()
    with listening() as signals:
        ending = run_process(["sh", "-c", script], os.environ, (writer, 2), tail.feed, signals, Patience())
    os.close(writer)
    reading.join()
    os.close(reader)
    assert ending.good
    assert digest.hexdigest().encode() in direct.stdout
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 32 * 1024
    assert tail.dropped_bytes > 190_000_000


def test_output_arrives_while_the_command_still_runs(tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    reader, writer = os.pipe()
    script = f"printf begun; while [ ! -e {gate} ]; do sleep 0.02; done; printf ' ended'"
    heard: list[bytes] = []

    def read() -> None:
        heard.append(os.read(reader, 100))
        gate.touch()  # the command ends only after its first word has been read
        heard.append(os.read(reader, 100))

    reading = threading.Thread(target=read)
    reading.start()
    with listening() as signals:
        run_process(["sh", "-c", script], os.environ, (writer, 2), Tail().feed, signals, Patience(30))
    os.close(writer)
    reading.join()
    os.close(reader)
    assert heard == [b"begun", b" ended"]


def test_what_hangs_and_ignores_the_signal_is_killed_with_all_its_children(tmp_path: Path) -> None:
    word = f"lumen-{os.getpid()}-deaf"
    deaf = (
        f'trap "" TERM INT HUP; sh -c "sleep 300; : {word}" & setsid sh -c "sleep 300; : {word}" & sleep 300; : {word}'
    )
    played = Played(tmp_path, "sh", "-c", deaf, how=Patience(0.5, grace_seconds=0.5))
    assert (played.ending.code, played.ending.timed_out) == (124, True)
    assert running(word) == []


def test_a_command_that_ends_well_after_its_time_has_still_not_done_its_work(tmp_path: Path) -> None:
    script = 'trap "echo bye; exit 0" TERM; sleep 300 & wait'
    played = Played(tmp_path, "sh", "-c", script, how=Patience(0.5, grace_seconds=5))
    assert (played.ending.code, played.out.read_bytes()) == (124, b"bye\n")


def test_the_signal_that_stops_may_be_chosen(tmp_path: Path) -> None:
    script = 'trap "echo interrupted; exit 3" INT; sleep 300 & wait'
    played = Played(tmp_path, "sh", "-c", script, how=Patience(0.5, grace_seconds=5, stop_signal=signal.SIGINT))
    assert played.out.read_bytes() == b"interrupted\n"


def test_what_a_good_command_leaves_in_its_group_is_stopped_and_a_service_of_its_own_stays(tmp_path: Path) -> None:
    left, service = f"lumen-{os.getpid()}-left", f"lumen-{os.getpid()}-service"
    script = (
        f'sh -c "sleep 300; : {left}" & setsid sh -c "sleep 300; : {service}" > /dev/null 2>&1 & echo up; sleep 0.2'
    )
    played = Played(tmp_path, "sh", "-c", script)
    found = running(service)
    try:
        assert (played.ending.code, played.out.read_bytes(), running(left)) == (0, b"up\n", [])
        assert len(found) == 1
    finally:
        for pid in found:
            os.killpg(int(pid), signal.SIGKILL)


def test_what_this_program_has_started_besides_is_neither_ended_nor_heard(tmp_path: Path) -> None:
    word = f"lumen-{os.getpid()}-orphan"
    with subprocess.Popen(["sleep", "300"]) as other, subprocess.Popen(["sh", "-c", "exit 7"]) as ended:
        try:
            # What it leaves in another group comes to us, and is found among our children only.
            script = f'setsid sh -c "sleep 300; : {word}" > /dev/null 2>&1 & sleep 0.2; exit 3'
            played = Played(tmp_path, "sh", "-c", script, how=Patience(grace_seconds=0.2))
            assert (played.ending.code, running(word), other.poll(), ended.wait()) == (3, [], None, 7)
        finally:
            other.kill()


def test_without_cleaning_what_is_left_goes_on_and_nobody_waits_for_it(tmp_path: Path) -> None:
    word = f"lumen-{os.getpid()}-goes-on"
    played = Played(tmp_path, "sh", "-c", f'sh -c "sleep 300; : {word}" & echo up', how=Patience(clean=False))
    found = running(word)
    for pid in found:
        os.killpg(os.getpgid(int(pid)), signal.SIGKILL)
    assert (played.ending.code, played.out.read_bytes(), len(found)) == (0, b"up\n", 1)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_for_us_reaches_the_command_and_its_exit_code_stays(tmp_path: Path, number: int) -> None:
    name = signal.Signals(number).name.removeprefix("SIG")
    script = f'trap "echo heard {name}; exit 9" {name}; echo ready; sleep 300 & wait'
    out = tmp_path / "out"

    def tell() -> None:
        while not out.exists() or b"ready" not in out.read_bytes():
            time.sleep(0.01)
        os.kill(os.getpid(), number)

    telling = threading.Thread(target=tell)
    telling.start()
    played = Played(tmp_path, "sh", "-c", script)
    telling.join()
    assert (played.ending.code, played.ending.interrupted) == (9, number)
    assert played.out.read_bytes() == f"ready\nheard {name}\n".encode()


def test_a_command_finds_signals_as_anywhere_else(tmp_path: Path) -> None:
    # Python ignores SIGPIPE; a pipeline would then end with an error text in place of silence.
    ignored = int(Played(tmp_path, "grep", "SigIgn", "/proc/self/status").out.read_bytes().split()[1], 16)
    assert not ignored & (1 << (signal.SIGPIPE - 1))


def test_a_reader_that_has_gone_is_the_commands_own_affair(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with listening() as signals:
        ending = run_process(["yes"], os.environ, (writer, 2), Tail().feed, signals, Patience(30))
    os.close(writer)
    assert ending.code == 128 + signal.SIGPIPE
    assert tmp_path.exists()


def test_a_disk_that_is_full_is_the_commands_own_affair_and_leaves_nothing_running() -> None:
    word = f"lumen-{os.getpid()}-full"
    with Path("/dev/full").open("wb") as full, listening() as signals:
        script = f"echo lost; sleep 0.2; echo lost; sleep 300; : {word}"
        outlets = (full.fileno(), full.fileno())
        ending = run_process(["sh", "-ec", script], os.environ, outlets, Tail().feed, signals, Patience(30))
    assert (ending.code, ending.timed_out, running(word)) == (128 + signal.SIGPIPE, False, [])


def test_a_pipe_that_does_not_wait_gets_everything() -> None:
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    arrived: list[bytes] = []

    def read_late() -> None:
        time.sleep(0.3)
        while data := os.read(reader, 1 << 16):
            arrived.append(data)

    reading = threading.Thread(target=read_late)
    reading.start()
    with listening() as signals:
        command = ["head", "-c", "1000000", "/dev/zero"]
        ending = run_process(command, os.environ, (writer, 2), Tail().feed, signals, Patience(30))
    os.close(writer)
    reading.join()
    os.close(reader)
    assert (ending.code, len(b"".join(arrived))) == (0, 1_000_000)


@pytest.mark.parametrize("clean", [True, False])
def test_a_service_that_stays_may_go_on_printing(tmp_path: Path, *, clean: bool) -> None:
    script = 'setsid sh -c "while [ ! -e go ]; do sleep 0.02; done; echo late; echo alive > lived" & echo up; sleep 0.2'
    played = Played(tmp_path, "sh", "-c", f"cd {tmp_path}; {script}", how=Patience(clean=clean))
    assert (played.ending.code, played.out.read_bytes()) == (0, b"up\n")
    (tmp_path / "go").touch()
    until = time.monotonic() + 20
    while not ((tmp_path / "lived").exists() and b"late" in played.out.read_bytes()) and time.monotonic() < until:
        time.sleep(0.02)
    assert (played.out.read_bytes(), (tmp_path / "lived").exists()) == (b"up\nlate\n", True)


def test_a_command_without_a_name_is_not_found(tmp_path: Path) -> None:
    assert Played(tmp_path, "").ending.code == 127


def test_who_may_not_be_told_is_there_and_ends_nothing() -> None:
    def refused(_whom: int, _number: int) -> None:
        raise PermissionError

    assert tell(refused, 1, signal.SIGTERM)

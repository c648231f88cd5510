"""Two hundred checks at once, and probes that never come back: proven by who waits for whom, not by a clock."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest
from healthteam import around, check
from liars import page, saying, talking

from lumen_action.health.check import Check, ProbeKind, Status
from lumen_action.ops.probes.bounded import OverdueError, Work
from lumen_action.ops.probes.running import Prober
from lumen_action.ops.probes.seen import Around, Probe, Seen, passed

MANY = 200
PASS, WARN, FAIL = Status


def test_two_hundred_are_asked_at_the_same_time() -> None:
    together = threading.Barrier(MANY)

    def talk(connection: socket.socket, _: threading.Event) -> None:
        connection.recv(65536)
        together.wait(30)  # nobody is answered before all have asked
        connection.sendall(page(b'{"status": "ok"}'))

    with talking(talk) as port:
        checks = [
            check(f"name: c{n}, kind: http, url: 'http://127.0.0.1:{port}/{n}', timeout: 30s") for n in range(MANY)
        ]
        findings = Prober(around()).findings(checks, deadline_seconds=60)
    assert [each.check for each in findings] == checks
    assert [each.said for each in findings if each.status is not PASS] == []


@pytest.fixture
def released() -> Iterator[threading.Event]:
    event = threading.Event()
    yield event
    event.set()


def hanging(released: threading.Event, asked: list[str]) -> Probe:
    """Return a probe that comes back only for what is well; the others wait in C, as a look-up of a name does."""

    def look(looked: Check, _: Around) -> Seen:
        asked.append(looked.name)
        if not looked.name.startswith("well"):
            released.wait()
        return passed()

    return look


def test_what_hangs_is_failed_and_holds_up_neither_the_others_nor_the_next_round(released: threading.Event) -> None:
    asked: list[str] = []
    probe = hanging(released, asked)
    prober = Prober(around(), lambda _: probe)
    checks = [Check(name, ProbeKind.TCP, timeout_seconds=0.05) for name in ("hangs", "well", "hangs-too")]
    first = prober.findings(checks, deadline_seconds=10)
    assert [each.status for each in first] == [FAIL, PASS, FAIL]
    assert first[0].said.startswith("took too long: ")
    for _ in range(3):
        again = prober.findings(checks, deadline_seconds=10)
        assert "has not come back" in again[0].said
    # What hangs was not begun a second time: threads do not pile up.
    assert sorted(asked) == ["hangs", "hangs-too", *["well"] * 4]
    released.set()
    while any(work.running for work in prober._last.values()):
        threading.Event().wait(0.01)
    assert [each.status for each in prober.findings(checks, deadline_seconds=10)] == [PASS] * 3


def test_the_deadline_of_the_whole_ends_what_has_longer_of_its_own(released: threading.Event) -> None:
    probe = hanging(released, [])
    checks = [Check(f"c{number}", ProbeKind.TCP, timeout_seconds=300) for number in range(20)]
    found = Prober(around(), lambda _: probe).findings(checks, deadline_seconds=0.1)
    assert {each.said.partition(":")[0] for each in found} == {"took too long"}


def test_no_more_threads_are_begun_than_are_allowed(released: threading.Event, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lumen_action.ops.probes.bounded._FREE", threading.BoundedSemaphore(5))
    probe = hanging(released, [])
    checks = [Check(f"c{number}", ProbeKind.TCP, timeout_seconds=0.05) for number in range(8)]
    found = Prober(around(), lambda _: probe).findings(checks, deadline_seconds=1)
    assert [each.said.partition(":")[0] for each in found] == ["took too long"] * 5 + ["not looked at"] * 3


def test_a_probe_that_breaks_takes_nobody_with_it() -> None:
    def look(looked: Check, _: Around) -> Seen:
        if looked.name == "broken":
            raise ZeroDivisionError("s3cr3t")
        return passed()

    checks = [Check(name, ProbeKind.TCP) for name in ("broken", "well")]
    found = Prober(around(), lambda _: look).findings(checks, deadline_seconds=5)
    assert [each.status for each in found] == [FAIL, PASS]
    assert found[0].said == "the look at it broke: ZeroDivisionError"


def test_what_is_said_is_one_line_without_secrets() -> None:
    def look(_: Check, __: Around) -> Seen:
        return Seen(FAIL, "a\n::error::b\x1b[31m password=hunter22 " + "x" * 900)

    (found,) = Prober(around(), lambda _: look).findings([Check("c", ProbeKind.TCP)], deadline_seconds=5)
    assert found.said.startswith("a ::error::b [31m password=[redacted] x")
    assert len(found.said) == 500


def test_work_that_raised_raises_where_it_is_waited_for() -> None:
    def breaks() -> int:
        raise KeyError("why")

    with pytest.raises(KeyError):
        Work(breaks).result(5)
    with pytest.raises(OverdueError):
        Work(threading.Event().wait).result(0)


def test_a_port_that_takes_connections_and_one_that_does_not() -> None:
    with talking(saying(b"")) as port:
        assert (
            Prober(around())
            .findings([check(f"kind: tcp, host: 127.0.0.1, port: {port}")], deadline_seconds=5)[0]
            .status
            is PASS
        )
    (found,) = Prober(around()).findings([check(f"kind: tcp, host: 127.0.0.1, port: {port}")], deadline_seconds=5)
    assert found.said == f"127.0.0.1:{port} takes no connection: Connection refused"

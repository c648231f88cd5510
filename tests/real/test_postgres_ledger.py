"""The PostgreSQL ledger against the real server: races, open transactions, crashes, roles, passwords and TLS."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import postgres
import pytest
import servers
from facts import NOON, fact

from lumen_action.errors import IntegrityError, LedgerError
from lumen_action.http import Timing
from lumen_action.ledger import Put, pgschema
from lumen_action.ledger.pgmessages import PostgresError
from lumen_action.ledger.pgurl import Target
from lumen_action.ledger.pgwire import Connection
from lumen_action.ledger.postgres import PostgresLedger
from lumen_action.model import Fact, Outcome

_ROLES = ("plain", "old", "scram", "secure")


@pytest.fixture(scope="module")
def server(
    tmp_path_factory: pytest.TempPathFactory, record_testsuite_property: Callable[[str, object], None]
) -> Iterator[postgres.Postgres]:
    """Serve with TLS; every role has the same difficult password."""
    with contextlib.ExitStack() as started:
        try:
            certificate = servers.make_certificate(tmp_path_factory.mktemp("tls"))
            running = started.enter_context(postgres.serving(certificate))
        except servers.MissingProgramError as missing:
            pytest.fail(str(missing), pytrace=False)
        record_testsuite_property("postgresql", running.run("SHOW server_version")[0][0])
        for role in _ROLES:
            running.run(f"CREATE ROLE {role} LOGIN SUPERUSER")
            running.give_password(role, "md5" if role == "old" else "scram-sha-256")
        yield running


@pytest.fixture
def target(server: postgres.Postgres) -> Target:
    return server.target(server.database())


@pytest.fixture
def opened() -> Iterator[Callable[..., PostgresLedger]]:
    """Open ledgers and close them at the end."""
    with contextlib.ExitStack() as ledgers:

        def open_one(target: Target, *, patience_seconds: float = 20) -> PostgresLedger:
            ledger = PostgresLedger(target, patience_seconds=patience_seconds)
            ledgers.callback(ledger.close)
            return ledger

        yield open_one


Open = Callable[..., PostgresLedger]


def test_racing_writers_lose_and_double_nothing(opened: Open, target: Target) -> None:
    # 64 writers, each key raced by two of them and sent twice by each; the tables are made in the same race.
    everyone = threading.Barrier(64)

    def write(writer: int) -> list[Put]:
        everyone.wait(60)
        ledger = opened(target, patience_seconds=60)
        return [ledger.put(fact("build", run=f"{writer // 2}-{number}")) for number in range(10) for _ in range(2)]

    with ThreadPoolExecutor(64) as pool:
        answers = Counter(answer for said in pool.map(write, range(64)) for answer in said)
    assert answers == {Put.CREATED: 320, Put.SAME: 960}
    ledger = opened(target)
    assert sorted(item.key.run for item in ledger.scan()) == sorted(f"{w}-{n}" for w in range(32) for n in range(10))
    assert ledger.head() == 320


def test_a_different_second_account_is_a_conflict_whoever_comes_second(opened: Open, target: Target) -> None:
    accounts = [replace(fact("build"), runner=str(n), outcome=outcome) for n, outcome in enumerate(Outcome)]
    ledgers = [opened(target) for _ in accounts]
    with ThreadPoolExecutor(len(accounts)) as pool:
        answers = Counter(pool.map(lambda pair: pair[0].put(pair[1]), zip(ledgers, accounts, strict=True)))
    assert answers == {Put.CREATED: 1, Put.CONFLICT: len(accounts) - 1}


def test_a_reader_passes_over_nothing_that_commits_later(opened: Open, target: Target) -> None:
    ledger = opened(target)
    ledger.put(fact("first"))
    slow = write_later(target, fact("late"))
    ledger.put(fact("quick"))  # begun later, committed earlier
    head = ledger.head()
    assert {item.key.stage for item in ledger.scan()} == {"first", "quick"}
    slow.query("COMMIT")
    slow.close()
    assert ledger.head() > head
    assert {item.key.stage for item in ledger.scan()} == {"first", "late", "quick"}


def test_a_scan_shows_one_moment_while_others_write_and_close(opened: Open, target: Target) -> None:
    ledger = opened(target)
    for number in range(1000):
        ledger.put(fact("build", run=str(number)))
    scan = ledger.scan()
    seen = [next(scan)]
    ledger.put(fact("build", run="late"))
    assert ledger.compact("2026-01-03") == 1001
    seen += scan
    assert len({item.key.run for item in seen} - {"late"}) == len(seen) == 1000
    assert ledger.head() == 1001


def test_a_scan_that_is_left_early_leaves_nothing_behind(
    opened: Open, server: postgres.Postgres, target: Target
) -> None:
    ledger = opened(target)
    for number in range(50):
        ledger.put(fact("build", run=str(number)))
    for _ in range(20):
        scan = ledger.scan()
        next(scan)
        scan.close()
    ledger.head()
    servers.wait_until("the connections are gone", lambda: len(server.backends(target.database)) <= 2)


def test_facts_are_found_by_what_the_ci_calls_them_even_if_it_quotes(opened: Open, target: Target) -> None:
    ledger = opened(target)
    names = ["a", "it's; DROP TABLE lumen_fact", 'b"c', "나잇리", "$1", "%s", "B"]
    for name in names:
        ledger.put(fact("build", pipeline=name, run=name))
    assert ledger.pipelines() == sorted(names)
    for name in names:
        assert [item.pipeline for item in ledger.scan(pipeline=name, run=name, day="2026-01-02")] == [name]
    assert not list(ledger.scan(pipeline="a", day="2026-01-03"))
    assert ledger.get("0" * 64) is None
    assert ledger.get(fact("build", pipeline="a", run="a").key.digest) == fact("build", pipeline="a", run="a")


# ---- what came after a mark


def write_later(target: Target, late: Fact) -> Connection:
    """Write a fact in a transaction that stays open, as a slow writer does."""
    slow = Connection(target, timeout_seconds=60)
    slow.query("BEGIN")
    # The columns that a writer of the first version names.
    statement = "INSERT INTO lumen_fact (key, pipeline, run, day, body) VALUES ($1, $2, $3, $4, $5)"
    slow.query(statement, late.key.digest, late.pipeline, late.key.run, late.day, late.encode())
    return slow


def test_transactions_that_commit_late_and_out_of_order_are_told_after_every_mark(opened: Open, target: Target) -> None:
    ledger = opened(target)
    ledger.put(fact("first"))
    mark, told = ledger.mark(), set()
    slow = {name: write_later(target, fact(name)) for name in ("a", "b", "c", "d")}
    for name in ("c", "a", "d", "b"):
        ledger.put(fact(f"beside-{name}"))  # begun later, committed earlier
        before, mark = mark, ledger.mark()
        told |= {item.key.stage for item in ledger.since(before, "nightly")}
        slow[name].query("COMMIT")
        slow[name].close()
    told |= {item.key.stage for item in ledger.since(mark, "nightly")}
    assert told | {"first"} == {item.key.stage for item in ledger.scan()}
    assert len(told) == 8


def test_what_was_told_is_not_told_for_ever(opened: Open, target: Target) -> None:
    ledger = opened(target)
    for number in range(20):
        ledger.put(fact("build", run=str(number)))
    mark = ledger.mark()
    assert list(ledger.since(mark, "nightly")) == []
    ledger.put(fact("late"))
    ledger.compact("2026-01-03")
    assert list(ledger.since(mark, "nightly")) == [fact("late")]


def test_a_reader_beside_960_racing_rows_misses_none(opened: Open, target: Target) -> None:
    done = threading.Event()

    def write(writer: int) -> None:
        ledger = opened(target, patience_seconds=60)
        for number in range(48):
            # The slow one is begun first and ended last.
            rows = [write_later(target, fact("slow", run=f"{writer}-{number}"))] if number % 4 == 0 else []
            ledger.put(fact("quick", run=f"{writer}-{number}"))
            for row in rows:
                row.query("COMMIT")
                row.close()

    def read() -> list[str]:
        ledger, mark, told = opened(target), "0", set()
        while True:
            last = done.is_set()
            before, mark = mark, ledger.mark()
            told |= {item.key.digest for item in ledger.since(before, "nightly")}
            if last:
                return sorted(told)

    opened(target)
    with ThreadPoolExecutor(17) as pool:
        reading = pool.submit(read)
        for writing in [pool.submit(write, writer) for writer in range(16)]:
            writing.result()
        done.set()
    assert reading.result() == sorted(item.key.digest for item in opened(target).scan())
    assert opened(target).head() == 16 * 60 == 960


def test_a_server_that_counts_transactions_anew_tells_everything(opened: Open, target: Target) -> None:
    ledger = opened(target)
    ledger.put(fact("build"))
    mark_of_the_old_server = str(int(ledger.mark()) + 1_000_000)
    assert list(ledger.since(mark_of_the_old_server, "nightly")) == [fact("build")]


def first_version(server: postgres.Postgres) -> Target:
    """Make a ledger as the first version left it, with one fact."""
    target = server.target(server.database())
    for statement in pgschema.MIGRATIONS[0]:
        server.run(statement, database=target.database)
    server.run("CREATE TABLE lumen_schema (version int8 NOT NULL)", database=target.database)
    server.run("INSERT INTO lumen_schema VALUES (1)", database=target.database)
    slow = write_later(target, fact("old"))
    slow.query("COMMIT")
    slow.close()
    return target


def test_many_that_meet_a_ledger_of_the_first_version_bring_it_up_to_date_once(
    server: postgres.Postgres, opened: Open
) -> None:
    target = first_version(server)
    late = write_later(target, fact("late"))  # by a writer of the first version, who is still at it
    everyone = threading.Barrier(8)

    def meet(number: int) -> Put:
        everyone.wait(60)
        return opened(target, patience_seconds=60).put(fact("new", run=str(number)))

    with ThreadPoolExecutor(8) as pool:
        meeting = [pool.submit(meet, number) for number in range(8)]
        servers.wait_until(
            "one waits for the table",
            lambda: bool(server.run("SELECT 1 FROM pg_locks WHERE NOT granted AND locktype = 'relation'")),
        )
        late.query("COMMIT")
        late.close()
        assert [each.result() for each in meeting] == [Put.CREATED] * 8
    ledger = opened(target)
    assert server.run("SELECT version FROM lumen_schema", database=target.database) == [(2,)]
    assert sorted(item.key.stage for item in ledger.scan()) == sorted(["late", "old", *["new"] * 8])
    assert ledger.head() == 10


def test_a_writer_of_the_first_version_is_heard_after_the_ledger_was_brought_up_to_date(
    server: postgres.Postgres, opened: Open
) -> None:
    target = first_version(server)
    ledger = opened(target)
    mark = ledger.mark()
    late = write_later(target, fact("late"))
    late.query("COMMIT")
    late.close()
    assert list(ledger.since(mark, "nightly")) == [fact("late")]


def test_a_role_that_may_not_change_tables_of_the_first_version_is_told_who_may(
    server: postgres.Postgres, opened: Open
) -> None:
    target = first_version(server)
    server.run(f"CREATE ROLE writer_{target.database} LOGIN")
    writer = replace(target, user=f"writer_{target.database}")
    server.run(f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {writer.user}", database=target.database)
    assert "the role that owns them" in _refusal(writer)
    opened(target)
    assert opened(writer).put(fact("build")) is Put.CREATED


# ---- publishing and notes


def test_one_publisher_at_a_time_and_a_dead_one_holds_up_nobody(
    opened: Open, server: postgres.Postgres, target: Target
) -> None:
    one, other = opened(target), opened(target)
    with one.publishing(1):
        with pytest.raises(LedgerError, match="held by another"), other.publishing(0.05):
            pytest.fail("two at once")
        one.put(fact("build"))  # the holder itself goes on
        for backend in server.backends(target.database):
            server.run(f"SELECT pg_terminate_backend({backend})")
        with other.publishing(5):
            pass
    with one.publishing(1):
        pass


def test_of_racing_changes_of_a_note_one_wins(opened: Open, target: Target) -> None:
    ledgers = [opened(target) for _ in range(8)]
    for expected in (None, b"0"):
        with ThreadPoolExecutor(8) as pool:
            wrote = list(
                pool.map(lambda n, e=expected: ledgers[n].put_note("n", f"{n}!".encode(), expected=e), range(8))
            )
        assert wrote.count(True) == 1
        assert ledgers[0].note("n") == f"{wrote.index(True)}!".encode()
        assert ledgers[0].put_note("n", b"0", expected=ledgers[0].note("n"))
    assert ledgers[0].note("other") is None


# ---- segments


def test_racing_compactors_close_every_fact_once(opened: Open, target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lumen_action.ledger.postgres._SEGMENT_FACTS", 7)
    ledgers = [opened(target) for _ in range(6)]
    for number in range(40):
        ledgers[0].put(fact("build", run=str(number), day=f"2026-01-0{1 + number % 3}"))
    head = ledgers[0].head()
    with ThreadPoolExecutor(6) as pool:
        closed = sum(pool.map(lambda ledger: ledger.compact("2026-01-03"), ledgers))
    segments = list(ledgers[0].segments())
    assert closed == sum(len(segment.facts) for segment in segments) == 27
    assert [segment.number for segment in segments] == list(range(1, len(segments) + 1))
    assert max(len(segment.facts) for segment in segments) == 7
    assert len({line for segment in segments for line in segment.facts}) == 27
    assert ledgers[0].head() == head == 40
    assert len(list(ledgers[0].scan())) == 40


def test_a_late_fact_of_a_closed_day_waits_for_the_next_segment(opened: Open, target: Target) -> None:
    ledger = opened(target)
    ledger.put(fact("build"))
    assert (ledger.compact("2026-01-02"), ledger.compact("2026-01-03"), ledger.compact("2026-01-03")) == (0, 1, 0)
    assert ledger.put(replace(fact("build"), observed_at_ms=NOON + 1)) is Put.SAME
    assert ledger.put(replace(fact("build"), outcome=Outcome.SKIPPED)) is Put.CONFLICT
    ledger.put(fact("late"))
    assert ledger.compact("2026-01-03") == 1
    first, second = ledger.segments()
    assert second.prev_root == first.root
    assert (first.facts, second.facts) == ((fact("build").encode(),), (fact("late").encode(),))


_REWRITE = (
    "UPDATE lumen_fact SET body = convert_to(replace(convert_from(body, 'UTF8'), 'success', 'skipped'), 'UTF8') "
    "WHERE run = '3'"
)


def test_the_newest_segments_are_read_without_those_before(
    opened: Open, server: postgres.Postgres, target: Target
) -> None:
    ledger = opened(target)
    for number in range(3):
        ledger.put(fact("build", run=str(number)))
        ledger.compact("2026-01-03")
    every = list(ledger.segments())
    server.run("UPDATE lumen_segment SET data = '' WHERE number = 1", database=target.database)
    assert [list(ledger.segments_after(number)) for number in (1, 2, 3)] == [every[1:], every[2:], []]


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE lumen_fact SET key = 'x'",
        "UPDATE lumen_fact SET pipeline = 'x'",
        "UPDATE lumen_fact SET run = 'x'",
        "UPDATE lumen_fact SET day = 'x'",
    ],
)
def test_an_open_fact_that_would_be_found_wrongly_is_named(
    opened: Open, server: postgres.Postgres, target: Target, damage: str
) -> None:
    ledger = opened(target)
    ledger.put(fact("build"))
    assert list(ledger.open_facts()) == [fact("build")]
    server.run(damage, database=target.database)
    with pytest.raises(IntegrityError, match=r"filed under what it does not say \(it reads as stage build"):
        list(ledger.open_facts())


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (_REWRITE, "segment 1 .*of 5 is not what was .*run 3"),
        ("DELETE FROM lumen_fact WHERE run = '3'", "segment 1 "),
        ("UPDATE lumen_fact SET segment = 1 WHERE segment = 2", "segment 1 "),
        ("INSERT INTO lumen_fact SELECT 'z', '', '', '', body, 1 FROM lumen_fact WHERE run = '9'", "1 .*more facts"),
        ("UPDATE lumen_segment SET data = overlay(data placing 'X'::bytea from 700) WHERE number = 1", "segment 1 "),
        ("UPDATE lumen_segment SET data = (SELECT data FROM lumen_segment WHERE number = 1)", "segment 2 "),
        ("DELETE FROM lumen_segment WHERE number = 1", "segment 1 .*missing"),
    ],
)
def test_damage_of_a_closed_segment_is_named(
    opened: Open, server: postgres.Postgres, target: Target, damage: str, told: str
) -> None:
    ledger = opened(target)
    for number in range(5):
        ledger.put(fact("build", run=str(number)))
    ledger.compact("2026-01-03")
    ledger.put(fact("build", run="9"))
    ledger.compact("2026-01-03")
    assert len(list(ledger.segments())) == 2
    server.run(damage, database=target.database)
    with pytest.raises(IntegrityError, match=told):
        list(ledger.segments())


def test_a_damaged_fact_is_reported_and_not_skipped(opened: Open, server: postgres.Postgres, target: Target) -> None:
    ledger = opened(target)
    ledger.put(fact("build"))
    server.run("UPDATE lumen_fact SET body = substr(body, 1, 20)", database=target.database)
    with pytest.raises(IntegrityError, match="cannot be read"):
        list(ledger.scan())


# ---- when the server goes away


@pytest.fixture
def mortal() -> Iterator[postgres.Postgres]:
    """Serve from a server of its own that the test may kill."""
    with contextlib.ExitStack() as started:
        try:
            yield started.enter_context(postgres.serving())
        except servers.MissingProgramError as missing:
            pytest.fail(str(missing), pytrace=False)


def test_a_crash_in_the_middle_loses_nothing_that_was_acknowledged(mortal: postgres.Postgres, opened: Open) -> None:
    target = mortal.target(mortal.database())
    opened(target)
    acknowledged: list[str] = []
    warm = threading.Event()

    def write(writer: int) -> None:
        ledger = opened(target, patience_seconds=60)
        for number in range(60):
            run = f"{writer}-{number}"
            if ledger.put(fact("build", run=run)) in (Put.CREATED, Put.SAME):
                acknowledged.append(run)
            if len(acknowledged) > 40:
                warm.set()

    with ThreadPoolExecutor(6) as pool:
        writing = [pool.submit(write, writer) for writer in range(6)]
        assert warm.wait(60)
        for _ in range(2):
            mortal.stop(signal.SIGQUIT)
            mortal.start()
        for done in writing:
            done.result()
    ledger = opened(target)
    assert len(acknowledged) == 360
    assert sorted(item.key.run for item in ledger.scan()) == sorted(acknowledged)


def test_a_dead_server_is_one_clear_error_after_the_patience(mortal: postgres.Postgres, opened: Open) -> None:
    target = mortal.target(mortal.database())
    ledger = opened(target, patience_seconds=1)
    ledger.put(fact("build"))
    mortal.stop()
    with pytest.raises(LedgerError, match=r"cannot connect: Connection refused.* tr(y|ies)\)$"):
        ledger.put(fact("other"))
    slept: list[float] = []
    now = [0.0]

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        now[0] += seconds

    timing = Timing(sleep=sleep, clock=lambda: now[0], chance=lambda: 1.0)
    with pytest.raises(LedgerError, match="9 tries"):
        PostgresLedger(target, patience_seconds=20, timing=timing)
    assert slept == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]
    mortal.start()
    assert ledger.put(fact("build")) is Put.SAME
    assert ledger.put(fact("other")) is Put.CREATED


def test_a_server_that_dies_during_a_scan_gives_no_half_answer(mortal: postgres.Postgres, opened: Open) -> None:
    target = mortal.target(mortal.database())
    ledger = opened(target)
    ledger.put(fact("build"))
    # More than any buffer between us holds.
    mortal.run(
        "INSERT INTO lumen_fact SELECT n::text, p, '1', '2026-01-02', body FROM (SELECT pipeline AS p, body FROM "
        "lumen_fact) AS f, generate_series(1, 60000) AS n",
        database=target.database,
    )
    scan = ledger.scan()
    next(scan)
    mortal.stop(signal.SIGQUIT)
    with pytest.raises(LedgerError):
        list(scan)
    mortal.start()
    assert ledger.head() == 60_001


@pytest.fixture
def lose(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Let the next statement that begins like this be done and its answer be lost, `lose("INSERT")`."""
    asked = Connection.query
    armed: list[str] = []

    def losing(self: Connection, statement: str, *values: str | bytes | int) -> object:
        answer = asked(self, statement, *values)
        if armed and statement.startswith(armed[0]):
            armed.clear()
            self.close()
            raise PostgresError("the connection broke", passing=True)
        return answer

    monkeypatch.setattr(Connection, "query", losing)
    return armed.append


def test_a_write_whose_answer_was_lost_is_recognised(opened: Open, target: Target, lose: Callable[[str], None]) -> None:
    ledger = opened(target)
    lose("INSERT")
    assert ledger.put(fact("build")) is Put.SAME
    lose("INSERT")
    assert ledger.put_note("n", b"old", expected=None)
    lose("UPDATE")
    assert ledger.put_note("n", b"new", expected=b"old")
    lose("UPDATE")
    assert not ledger.put_note("n", b"x", expected=b"old")
    assert ledger.note("n") == b"new"
    assert len(list(ledger.scan())) == ledger.head() == 1


@pytest.mark.parametrize("statement", ["BEGIN", "INSERT", "COMMIT"])
def test_a_compaction_whose_answer_was_lost_closes_once(
    opened: Open, target: Target, lose: Callable[[str], None], statement: str
) -> None:
    ledger = opened(target)
    for number in range(5):
        ledger.put(fact("build", run=str(number)))
    lose(statement)
    assert ledger.compact("2026-01-03") == 5
    assert [len(segment.facts) for segment in ledger.segments()] == [5]
    assert ledger.head() == 5


# ---- roles, passwords, TLS


def _refusal(target: Target, patience_seconds: float = 10) -> str:
    with pytest.raises(LedgerError) as caught:
        PostgresLedger(target, patience_seconds=patience_seconds)
    assert postgres.PASSWORD not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("role", _ROLES)
@pytest.mark.parametrize("sslmode", ["disable", "prefer", "require"])
def test_every_proof_is_given_and_a_wrong_password_is_told(
    server: postgres.Postgres, opened: Open, role: str, sslmode: str
) -> None:
    database = server.database()
    query = f"?sslmode={sslmode}"
    target = server.target(database, user=role, password=quote(postgres.PASSWORD, safe=""), query=query)
    if (role, sslmode) == ("secure", "disable"):
        assert "SQLSTATE 28000" in _refusal(replace(target, user="secure"))
        return
    assert opened(target).put(fact("build")) is Put.CREATED
    wrong = _refusal(replace(target, password=postgres.PASSWORD[1:]))
    assert f'password authentication failed for user "{role}"' in wrong
    assert "PGPASSWORD" in wrong
    assert postgres.PASSWORD[1:] not in wrong
    assert "none was given" in _refusal(replace(target, password=""))


def test_a_database_that_is_not_there_is_told(server: postgres.Postgres) -> None:
    assert "create the database" in _refusal(server.target("nowhere"))


@pytest.mark.parametrize("binding", ["disable", "prefer", "require"])
def test_scram_is_bound_to_the_connection_over_tls(opened: Open, target: Target, binding: str) -> None:
    password = postgres.PASSWORD
    secure = replace(target, user="secure", password=password, sslmode="require", channel_binding=binding)
    assert opened(secure).head() == 0
    plain = replace(secure, user="scram", sslmode="disable")
    if binding == "require":
        assert "channel_binding=require" in _refusal(plain)
    else:
        assert opened(plain).head() == 0


def test_who_signs_the_certificate_is_asked_for_and_checked(
    server: postgres.Postgres, opened: Open, target: Target, certificate: servers.Certificate, tmp_path: Path
) -> None:
    authority = str(server.authority)
    for mode in ("require", "verify-ca", "verify-full"):
        assert opened(replace(target, sslmode=mode, sslrootcert=authority)).head() == 0
        assert "not trusted" in _refusal(replace(target, sslmode=mode, sslrootcert=str(certificate.authority)))
    for mode in ("verify-ca", "verify-full"):
        assert "not trusted" in _refusal(replace(target, sslmode=mode))
    # The certificate is for 127.0.0.1 only.
    named = replace(target, host="localhost", sslrootcert=authority)
    assert opened(replace(named, sslmode="verify-ca")).head() == 0
    assert "not trusted" in _refusal(replace(named, sslmode="verify-full"))
    (tmp_path / "empty.pem").write_text("")
    assert "no certificate" in _refusal(replace(named, sslmode="verify-full", sslrootcert=str(tmp_path / "empty.pem")))


def test_a_server_without_tls_is_refused_where_tls_is_asked_for(mortal: postgres.Postgres, opened: Open) -> None:
    target = mortal.target(mortal.database())
    assert opened(replace(target, sslmode="prefer")).head() == 0
    assert "does not speak TLS" in _refusal(replace(target, sslmode="require"))


def test_a_unix_socket_needs_no_port(server: postgres.Postgres, opened: Open) -> None:
    ledger = opened(replace(server.local, database=server.database()))
    assert ledger.put(fact("build")) is Put.CREATED
    assert "no socket /nowhere/.s.PGSQL" in _refusal(replace(server.local, host="/nowhere"), patience_seconds=0.2)


def test_a_role_that_only_reads_can_read_and_is_told_what_it_lacks(
    server: postgres.Postgres, opened: Open, target: Target
) -> None:
    server.run(f"CREATE ROLE reader_{target.database} LOGIN")
    reader = replace(target, user=f"reader_{target.database}")
    assert "CREATE on the schema" in _refusal(reader)
    writing = opened(target)
    writing.put(fact("build"))
    server.run(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {reader.user}", database=target.database)
    reading = opened(reader)
    assert list(reading.scan()) == [fact("build")]
    assert reading.head() == 1
    for write in (lambda: reading.put(fact("other")), lambda: reading.mark_published("a", 1)):
        with pytest.raises(LedgerError, match=r"42501.*grant this role"):
            write()
    assert reading.head() == 1


def test_a_ledger_of_a_newer_version_is_left_alone(server: postgres.Postgres, opened: Open, target: Target) -> None:
    opened(target)
    server.run("UPDATE lumen_schema SET version = 99", database=target.database)
    with pytest.raises(LedgerError, match="newer version"):
        PostgresLedger(target)

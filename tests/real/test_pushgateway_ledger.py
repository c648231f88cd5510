"""A real Pushgateway as the ledger: what it keeps, what it forgets, and what a real Prometheus counts of it."""

from __future__ import annotations

import http.server
import random
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import pytest
import servers
from facts import fact

from lumen_action.errors import ConfigError, IntegrityError, LedgerError
from lumen_action.http import Http, Request
from lumen_action.ledger import Put
from lumen_action.ledger.deliver import hand_over
from lumen_action.ledger.pushgateway import PushgatewayLedger
from lumen_action.model import ErrorClass, Fact, Failure, Kind, Outcome, Trust
from lumen_action.sli.days import Calendar
from lumen_action.sli.fold import collect, fold

RULES = servers.ROOT / "rules" / "prometheus" / "gateway_facts.rules.yml"
SERIES = "lumen_run_completed_timestamp_seconds"
SECOND = 1000
DAY = 86_400 * SECOND
NOW = int(time.time()) * SECOND
HOSTILE = ["", "..", "org/name", "야간 보고", 'quo"te', "back\\slash", "line\nbreak", "%2F", "=", "\x01\r\t", " "]


def opened(gateway: servers.Server, now: int = NOW) -> PushgatewayLedger:
    return PushgatewayLedger(f"pushgateway:{gateway.url}", clock_ms=lambda: now)


@pytest.fixture
def ledger(pushgateway: servers.Server) -> Iterator[PushgatewayLedger]:
    found = opened(pushgateway)
    yield found
    found.close()


def ended(run: str = "1", outcome: Outcome = Outcome.SUCCESS, *, at: int = NOW, **more: object) -> Fact:
    return fact(run=run, outcome=outcome, at=at, **more)


def told(whole: Fact) -> Fact:
    """Return what is left of a fact."""
    return replace(whole, run_id="", failure=Failure(whole.failure.error_class, "unknown") if whole.failure else None)


def test_the_first_account_of_a_run_stays(ledger: PushgatewayLedger) -> None:
    first = ended()
    assert ledger.put(first) is Put.CREATED
    assert ledger.put(replace(first, observed_at_ms=NOW + 5, duration_ms=9, day="2030-01-01")) is Put.SAME
    assert ledger.put(replace(first, outcome=Outcome.FAILURE)) is Put.CONFLICT
    assert ledger.put(replace(first, pipeline="other")) is Put.CONFLICT
    assert list(ledger.scan()) == [told(first)]


def test_another_class_of_the_cause_is_another_account_and_another_line_is_not(ledger: PushgatewayLedger) -> None:
    first = ended(outcome=Outcome.FAILURE, cause=ErrorClass.NETWORK)
    assert first.failure
    ledger.put(first)
    assert ledger.put(replace(first, failure=replace(first.failure, line=99))) is Put.SAME
    assert ledger.put(replace(first, failure=replace(first.failure, error_class=ErrorClass.BUILD))) is Put.CONFLICT
    assert ledger.put(replace(first, failure=None)) is Put.CONFLICT


def test_a_contradiction_is_told_and_changes_no_number(ledger: PushgatewayLedger) -> None:
    ledger.put(ended())
    assert hand_over(ended(outcome=Outcome.FAILURE), ledger).answer is Put.CONFLICT
    assert [item.outcome for item in ledger.scan()] == [Outcome.SUCCESS]


@pytest.mark.parametrize(
    "other",
    [ended(kind=Kind.CHECK), ended(trust=Trust.FORK), ended(kind=Kind.CONFLICT), fact("build", at=NOW)],
    ids=["check", "fork", "conflict", "stage"],
)
def test_what_the_rules_may_not_count_is_accepted_and_not_kept(
    pushgateway: servers.Server, ledger: PushgatewayLedger, other: Fact
) -> None:
    assert ledger.put(other) is Put.CREATED
    assert servers.pushed(pushgateway) == {}
    assert ledger.head() == 0


def test_the_head_is_the_number_of_groups(ledger: PushgatewayLedger) -> None:
    heads = [ledger.head()]
    for run in ("1", "2", "2", "3"):
        ledger.put(ended(run))
        heads.append(ledger.head())
    assert heads == [0, 1, 2, 2, 3]


def test_facts_are_found_by_pipeline_run_day_and_key(ledger: PushgatewayLedger) -> None:
    for number in range(4):
        ledger.put(ended(str(number), pipeline=f"p{number % 2}", day=f"2026-01-0{number + 1}"))
    assert {item.key.run for item in ledger.scan(pipeline="p1")} == {"1", "3"}
    assert {item.key.run for item in ledger.scan(run="2")} == {"2"}
    assert {item.key.run for item in ledger.scan(pipeline="p1", day="2026-01-04")} == {"3"}
    assert ledger.pipelines() == ["p0", "p1"]
    wanted = ended("3", pipeline="p1", day="2026-01-04")
    assert ledger.get(wanted.key.digest) == told(wanted)
    assert ledger.get("0" * 64) is None


@pytest.mark.parametrize("name", HOSTILE)
def test_any_name_comes_back_unchanged(ledger: PushgatewayLedger, name: str) -> None:
    given = ended(run=name, region=name, pipeline=name, leg=name, day="2026-01-02")
    assert ledger.put(given) is Put.CREATED
    assert ledger.put(given) is Put.SAME
    assert list(ledger.scan()) == [told(given)]


def test_a_millisecond_is_kept(ledger: PushgatewayLedger) -> None:
    for run, at in (("1", NOW + 7), ("2", NOW + 999)):
        ledger.put(ended(run, at=at))
    assert {item.observed_at_ms for item in ledger.scan()} == {NOW + 7, NOW + 999}


def test_groups_of_others_are_left_alone(
    pushgateway: servers.Server, ledger: PushgatewayLedger, http_client: Http
) -> None:
    http_client.send(Request("PUT", f"{pushgateway.url}/metrics/job/lumen/pipeline/x", body=b"lumen_x 1\n"))
    ledger.put(ended(at=NOW - 40 * DAY))
    assert ledger.head() == 0
    assert servers.pushed(pushgateway) == {("lumen_x", (("job", "lumen"), ("pipeline", "x"))): 1}


def test_a_day_that_has_left_every_window_is_deleted_by_the_next_run(
    pushgateway: servers.Server, ledger: PushgatewayLedger
) -> None:
    old = opened(pushgateway, NOW - 36 * DAY)
    for run in ("1", "2"):
        old.put(ended(run, at=NOW - 36 * DAY, day="a"))
    old.put(ended("3", at=NOW - 34 * DAY, day="b"))
    ledger.put(ended("4", day="c"))
    assert {item.key.run for item in ledger.scan()} == {"3", "4"}
    old.close()


def test_the_first_attempt_stays_while_a_later_one_counts(
    pushgateway: servers.Server, ledger: PushgatewayLedger
) -> None:
    old = opened(pushgateway, NOW - 36 * DAY)
    old.put(ended(outcome=Outcome.FAILURE, at=NOW - 36 * DAY, day="a"))
    ledger.put(ended(attempt=2, day="a"))
    ledger.put(ended("9", day="b"))
    assert {item.key.attempt for item in ledger.scan(day="a")} == {1, 2}
    old.close()


def test_a_hundred_old_groups_go_at_a_time(pushgateway: servers.Server, ledger: PushgatewayLedger) -> None:
    old = opened(pushgateway, NOW - 36 * DAY)
    for number in range(103):
        old.put(ended(str(number), at=NOW - 36 * DAY, day="a"))
    heads = []
    for run in ("x", "y"):
        ledger.put(ended(run))
        heads.append(ledger.head())
    assert heads == [4, 2]
    old.close()


def test_racing_writers_of_different_runs_lose_and_double_nothing(pushgateway: servers.Server) -> None:
    facts = [ended(str(number)) for number in range(60)]

    def write(chosen: list[Fact]) -> None:
        own = opened(pushgateway)
        for item in chosen:
            own.put(item)
        own.close()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, [facts[start::8] + facts[(start + 1) % 8 :: 8] for start in range(8)]))
    ledger = opened(pushgateway)
    assert sorted(item.key.run for item in ledger.scan()) == sorted(item.key.run for item in facts)
    ledger.close()


def test_no_totals_are_published_from_a_store_that_forgets(ledger: PushgatewayLedger) -> None:
    assert ledger.published_head("x") == 0
    with pytest.raises(LedgerError, match=r"gateway_facts\.rules\.yml"), ledger.publishing(1):
        pass
    with pytest.raises(LedgerError, match="publishes no totals"):
        ledger.mark_published("x", 1)


def test_a_gateway_that_is_down_is_one_clear_error_without_the_password(pushgateway: servers.Server) -> None:
    pushgateway.stop()
    url = pushgateway.url.replace("//", "//me:geheim@")
    ledger = PushgatewayLedger(f"pushgateway:{url}", deadline_seconds=0.6)
    for ask in (lambda: ledger.put(ended()), ledger.head, lambda: list(ledger.scan())):
        with pytest.raises(LedgerError) as caught:
            ask()
        assert str(caught.value).startswith(f"ledger pushgateway:{pushgateway.url}: GET {pushgateway.url} failed: ")
        assert "geheim" not in str(caught.value)
    assert "geheim" not in ledger.url
    ledger.close()


class Doorkeeper(http.server.BaseHTTPRequestHandler):
    """Notes who asks, and shows an empty gateway."""

    asked: ClassVar[list[tuple[str, str]]] = []

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.asked.append((self.command, self.headers["Authorization"]))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'{"status":"success","data":[]}')

    do_PUT = do_GET  # noqa: N815 - the name http.server looks for

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name http.server gives it
        pass


@pytest.mark.parametrize(
    ("user", "token", "authorization"), [("me:p%40ss@", "", servers.basic("me", "p@ss")), ("", "t0ken", "Bearer t0ken")]
)
def test_credentials_go_with_every_request(user: str, token: str, authorization: str) -> None:
    Doorkeeper.asked.clear()
    with http.server.HTTPServer(("127.0.0.1", 0), Doorkeeper) as door:
        thread = threading.Thread(target=door.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        ledger = PushgatewayLedger(f"pushgateway:http://{user}127.0.0.1:{door.server_port}/prefix", token=token)
        assert ledger.put(ended()) is Put.CREATED
        ledger.close()
        door.shutdown()
        thread.join()
    assert Doorkeeper.asked == [("GET", authorization), ("PUT", authorization)]


def test_a_server_of_another_kind_is_named(running: Callable[..., servers.Server], pushgateway: servers.Server) -> None:
    prometheus = running(servers.start_prometheus, pushgateway.url)
    ledger = opened(prometheus)
    with pytest.raises(LedgerError, match="answered 404"):
        ledger.put(ended())
    ledger.close()


def test_a_group_that_is_no_run_is_reported_and_not_counted(
    pushgateway: servers.Server, ledger: PushgatewayLedger, http_client: Http
) -> None:
    body = f'# TYPE {SERIES} gauge\n{SERIES}{{outcome="splendid"}} 1\n'.encode()
    http_client.send(Request("PUT", f"{pushgateway.url}/metrics/job/lumen_run/attempt/1", body=body))
    with pytest.raises(IntegrityError, match=r'"attempt": "1".* is not a run .*splendid'):
        ledger.head()


@pytest.mark.parametrize(
    "url",
    [
        "",
        "push:9091",
        "ftp://me:geheim@push.example",
        "http://me:geheim@push.example:port",
        "http://me:geheim@push.example/metrics/job/x",
        "http://me:geheim@push.example?x=1",
        "http://me:geheim@push example",
    ],
)
def test_a_wrong_url_is_explained_with_an_example(url: str) -> None:
    with pytest.raises(ConfigError, match=r"^ledger: .* `ledger: pushgateway:http://push\.example:9091`$") as caught:
        PushgatewayLedger(f"pushgateway:{url}")
    assert "geheim" not in str(caught.value)


def season() -> list[Fact]:
    """Return runs of the last twenty days: two regions, attempts, legs, every outcome."""
    chance = random.Random(3)
    facts = []
    for number in range(60):
        at = NOW - chance.randrange(2 * 3600 * SECOND, 20 * DAY)
        day, region = Calendar().day_of(at), chance.choice(["eu", "us"])
        for attempt in range(1, chance.choice([2, 2, 2, 3, 4])):
            for leg in chance.choice([("",), ("",), ("a", "b")]):
                at += chance.randrange(1, 600 * SECOND)
                outcome = chance.choice([Outcome.SUCCESS, Outcome.SUCCESS, *Outcome])
                facts.append(ended(str(number), outcome, at=at, day=day, region=region, attempt=attempt, leg=leg))
    return facts


@pytest.mark.slow
def test_prometheus_counts_what_the_fold_counts_after_repetitions_and_a_loss_of_everything(
    running: Callable[..., servers.Server],
) -> None:
    facts = season()
    random.Random(4).shuffle(facts)
    gateway = running(servers.start_pushgateway)
    prometheus = running(servers.start_prometheus, gateway.url, RULES)
    state = fold(collect(facts), now_ms=NOW, calendar=Calendar()).pipelines["nightly"]
    expected = {
        "lumen:runs:count": float(sum(region.runs for region in state.regions.values())),
        "lumen:runs_failed:count": float(sum(region.runs - region.success_now for region in state.regions.values())),
    }

    def counts(name: str) -> float | None:
        return next(iter(servers.query(prometheus, f'{name}{{window="30d"}}').values()), None)

    def shows(wanted: dict[str, float]) -> None:
        servers.wait_until(f"{wanted}", lambda: {name: counts(name) for name in wanted} == wanted)

    def put_all() -> list[Put]:
        ledger = opened(gateway)
        answers = [ledger.put(item) for item in facts]
        ledger.close()
        return answers

    assert set(put_all()) == {Put.CREATED}
    assert set(put_all()) == {Put.SAME}
    shows(expected)

    gateway.stop()
    gateway = running(servers.start_pushgateway, port=gateway.port)
    servers.wait_until("nothing is counted", lambda: counts("lumen:runs:count") is None)
    assert set(put_all()) == {Put.CREATED}
    shows(expected)


@pytest.mark.slow
def test_days_are_won_and_lost_as_the_fold_elects_them(
    pushgateway: servers.Server, running: Callable[..., servers.Server], ledger: PushgatewayLedger
) -> None:
    calendar = Calendar()
    for number, (ago, outcomes) in enumerate([(2, "ff"), (4, "fs"), (5, "s"), (9, "f"), (12, "c"), (0, "f")]):
        at = NOW - ago * DAY
        for region, letter in zip(("eu", "us"), outcomes, strict=False):
            outcome = {"s": Outcome.SUCCESS, "f": Outcome.FAILURE, "c": Outcome.CANCELLED}[letter]
            ledger.put(ended(str(number), outcome, region=region, at=at, day=calendar.day_of(at)))
    prometheus = running(servers.start_prometheus, pushgateway.url, RULES)
    days = fold(collect(ledger.scan()), now_ms=NOW, calendar=calendar).pipelines["nightly"].days
    assert [day.outcome for day in days].count(Outcome.SUCCESS) == 2
    wanted = {
        (("outcome", "failure"), ("pipeline", "nightly"), ("window", "30d")): 2.0,
        (("outcome", "success"), ("pipeline", "nightly"), ("window", "30d")): 2.0,
    }
    expression = 'lumen:days:count{window="30d"}'
    servers.wait_until(f"{wanted}", lambda: servers.query(prometheus, expression) == wanted)
    assert [day.outcome for day in days].count(Outcome.FAILURE) == 2


def test_a_gateway_with_a_store_keeps_its_runs_over_a_restart(
    running: Callable[..., servers.Server], tmp_path: Path
) -> None:
    first = running(servers.start_pushgateway, store=tmp_path / "store")
    ledger = opened(first)
    facts = [ended(str(number), at=NOW + number) for number in range(5)]
    for item in facts:
        ledger.put(item)
    ledger.close()
    first.stop()
    again = opened(running(servers.start_pushgateway, port=first.port, store=tmp_path / "store"))
    assert {item.key.run for item in again.scan()} == {item.key.run for item in facts}
    assert {again.put(item) for item in facts} == {Put.SAME}
    again.close()

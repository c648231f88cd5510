"""Remote write against a real Prometheus: exact in any order and however often it is sent."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
import servers
from facts import fact
from notebook import Notebook
from receiver import Underway, start_receiver, stored, write_url

from lumen_action.errors import RemoteError
from lumen_action.http import Http, HttpError, Request, Response
from lumen_action.ledger.opening import open_ledger
from lumen_action.model import Outcome
from lumen_action.sinks import Family, Group, Sample
from lumen_action.sinks.points import run_events
from lumen_action.sinks.protobuf import TimeSeries, write_request
from lumen_action.sinks.remote_write import RemoteWrite, RemoteWriteOptions
from lumen_action.sinks.series import PublishFacts, families
from lumen_action.sinks.snappy import block
from lumen_action.sli.days import Calendar
from lumen_action.sli.fold import collect, fold
from lumen_action.sli.state import PipelineState, RegionState, State

MINUTE = 60_000
WINDOW = 10 * MINUTE


@pytest.fixture
def prometheus(running: Callable[..., servers.Server]) -> servers.Server:
    return running(start_receiver)


def now_ms() -> int:
    return int(time.time() * 1000)


def sink(server: servers.Server, http: Http, now: int, notes: Notebook | None = None) -> RemoteWrite:
    return RemoteWrite(RemoteWriteOptions(write_url(server)), http, notes or Notebook(), clock_ms=lambda: now)


def runs_total(runs: int, head: int) -> list[Group]:
    own = RegionState("eu", runs=runs, success=runs, first_seen_ms=1)
    state = State(pipelines={"nightly": PipelineState("nightly", regions={"eu": own})})
    return families(state, PublishFacts("1", head))


def test_totals_are_exact_in_any_order_and_however_often_they_are_sent(
    prometheus: servers.Server, http_client: Http
) -> None:
    chance = random.Random(5)
    delayed, notes = Underway(), Notebook()
    start = now_ms() - 40_000
    truth = []
    for head in range(1, 21):
        # The clock stands still, and once goes back.
        now = start + 1000 * (head // 2) - (5000 if head == 7 else 0)
        sink(prometheus, delayed, now, notes).publish(runs_total(1000 + head, head))
        truth.append(1000.0 + head)
    late = [*delayed.kept, *delayed.kept, *delayed.kept]
    chance.shuffle(late)
    for request in late:
        http_client.send(request)

    (samples,) = stored(prometheus, "lumen_runs_total").values()
    assert [value for _, value in samples] == truth
    assert len({stamp for stamp, _ in samples}) == len(truth)
    assert list(servers.query(prometheus, "resets(lumen_runs_total[5m])").values()) == [0]
    grown = "last_over_time(lumen_runs_total[5m]) - min_over_time(lumen_runs_total[5m])"
    assert list(servers.query(prometheus, grown).values()) == [19]


class Slow(Http):
    """Freezes some requests for a while and sends some twice."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.chance = random.Random(seed)

    def send(self, request: Request) -> Response:
        time.sleep(self.chance.choice([0, 0, 0.01, 0.2]))
        if self.chance.random() < 0.3:
            super().send(request)
        return super().send(request)


def test_eight_publishers_without_a_lock_never_bend_the_totals(prometheus: servers.Server, tmp_path: Path) -> None:
    url = f"sqlite:{tmp_path / 'ledger.db'}"
    writers, runs_each = 8, 12

    def write(writer: int) -> None:
        ledger, http = open_ledger(url), Slow(writer)
        receiver = RemoteWrite(RemoteWriteOptions(write_url(prometheus)), http, ledger, clock_ms=now_ms)
        for number in range(runs_each):
            ledger.put(fact(run=f"{writer}-{number}", region="eu"))
            head = ledger.head()
            state = fold(collect(ledger.scan()), now_ms=now_ms(), calendar=Calendar())
            # Who comes too late leaves the word to the newer totals.
            with suppress(RemoteError):
                receiver.publish(families(state, PublishFacts("1", head)))
        http.close()
        ledger.close()

    with ThreadPoolExecutor(writers) as pool:
        list(pool.map(write, range(writers)))
    (samples,) = stored(prometheus, "lumen_runs_total").values()
    values = [value for _, value in samples]
    assert values == sorted(values)
    assert values[-1] == writers * runs_each
    assert len(values) > writers
    assert list(servers.query(prometheus, "resets(lumen_runs_total[1h])").values()) == [0]


def test_every_series_of_a_publish_arrives(prometheus: servers.Server, http_client: Http) -> None:
    groups = runs_total(3, 1)
    now = now_ms()
    assert sink(prometheus, http_client, now).publish(groups) == sum(group.size for group in groups)
    found = stored(prometheus, '{job="lumen"}')
    assert {samples[0] for labels, samples in found.items() if ("__name__", "lumen_runs_total") in labels} == {
        (now, 3.0)
    }
    assert len(found) == sum(group.size for group in groups)


@pytest.mark.parametrize("name", ["org/name", "야간 보고", 'quo"te', "back\\slash", "line\nbreak", "\x01\r\t", " "])
def test_any_name_arrives_unchanged(prometheus: servers.Server, http_client: Http, name: str) -> None:
    group = Group({"pipeline": name}, (Family("lumen_x", "gauge", "X.", (Sample(0.1, {"region": name}),)),))
    now = now_ms()
    sink(prometheus, http_client, now).publish([group])
    expected = (("__name__", "lumen_x"), ("job", "lumen"), ("pipeline", name), ("region", name))
    assert stored(prometheus, "lumen_x") == {expected: [(now, 0.1)]}


def test_a_request_of_more_than_one_literal_is_read(prometheus: servers.Server, http_client: Http) -> None:
    samples = tuple(Sample(number, {"stage": f"{number:05d}" * 20}) for number in range(900))
    group = Group({"pipeline": "wide"}, (Family("lumen_x", "gauge", "X.", samples),))
    sink(prometheus, http_client, now_ms()).publish([group])
    (values,) = zip(*stored(prometheus, "lumen_x").values(), strict=True)
    assert sorted(value for _, value in values) == list(range(900))


def test_runs_are_counted_exactly_whatever_is_sent_when_and_how_often(
    prometheus: servers.Server, http_client: Http
) -> None:
    chance = random.Random(9)
    start = now_ms() - 5 * MINUTE
    facts = [
        fact(
            run=str(run),
            region=("eu", "us")[run % 2],
            day=f"2026-01-0{1 + run % 3}",
            outcome=Outcome.FAILURE if run % 5 == 0 else Outcome.SUCCESS,
            at=start + 50 * (run // 3),
        )
        for run in range(120)
    ]
    notes = Notebook()
    for days in ("1", "3", "12", "2", "123"):
        chosen = [one for one in facts if one.day[-1] in days]
        chance.shuffle(chosen)
        # A publisher that remembers, and one that was killed before it could.
        for kept in (notes, Notebook()):
            assert sink(prometheus, http_client, now_ms(), kept).send_events(chosen) == ()
    counted = servers.query(prometheus, "sum by (outcome, region) (count_over_time(lumen_run_event[1h]))")
    assert counted == {
        (("outcome", "failure"), ("region", "eu")): 12,
        (("outcome", "failure"), ("region", "us")): 12,
        (("outcome", "success"), ("region", "eu")): 48,
        (("outcome", "success"), ("region", "us")): 48,
    }
    assert {stamp for samples in stored(prometheus, "lumen_run_event").values() for stamp, _ in samples} == {
        point.stamp_ms for point in run_events(facts)
    }


class Counting(Http):
    """Counts the requests."""

    def __init__(self) -> None:
        super().__init__()
        self.sent = 0

    def send(self, request: Request) -> Response:
        self.sent += 1
        return super().send(request)


def test_too_old_is_told_once_and_keeps_nothing_else_away(prometheus: servers.Server) -> None:
    now, notes, http = now_ms(), Notebook(), Counting()
    # The receiver takes ten minutes and we believe that it takes an hour.
    sink(prometheus, http, now, notes).send_events([fact(run="first", at=now - 1000)])
    facts = [
        fact(run="first", at=now - 1000),
        fact(run="older", at=now - 2 * WINDOW),
        *(fact(run=str(run), at=now - 1000 - 200 * run) for run in range(1, 31)),
    ]
    told = sink(prometheus, http, now, notes).send_events(facts)
    assert told == (f"POST {prometheus.url} answered 500: too old sample",)
    assert list(servers.query(prometheus, "count_over_time(lumen_run_event[1h])").values()) == [31]
    before = http.sent
    assert sink(prometheus, http, now + 1000, notes).send_events(facts) == ()
    assert http.sent == before
    http.close()


def test_a_prometheus_that_takes_nothing_out_of_order_counts_runs_that_come_in_turn(
    running: Callable[..., servers.Server], http_client: Http
) -> None:
    strict, notes, now = running(start_receiver, "0s"), Notebook(), now_ms()
    facts = [fact(run=str(run), at=now - 50 * MINUTE + 1000 * run) for run in range(20)]
    for known in (5, 12, 20, 20):
        assert sink(strict, http_client, now, notes).send_events(reversed(facts[:known])) == ()
    assert list(servers.query(strict, "count_over_time(lumen_run_event[1h])").values()) == [20]
    late = fact(run="late", at=now - 50 * MINUTE + 500)
    (told,) = sink(strict, http_client, now, notes).send_events([*facts, late])
    assert "out of order sample" in told
    assert sink(strict, http_client, now, notes).send_events([*facts, late]) == ()


def test_the_receiver_refuses_another_value_under_a_stamp_and_takes_the_same_again(
    prometheus: servers.Server, http_client: Http
) -> None:
    def send(value: float, now: int) -> None:
        body = block(write_request([TimeSeries((("__name__", "lumen_x"),), ((value, now),))]))
        http_client.send(Request("POST", write_url(prometheus), body=body))

    now = now_ms()
    send(1, now)
    send(1, now)
    with pytest.raises(HttpError, match=r"answered 400: duplicate sample for timestamp"):
        send(2, now)


def test_a_probe_is_taken_and_shows_nothing(prometheus: servers.Server, http_client: Http) -> None:
    sink(prometheus, http_client, now_ms()).probe()
    assert stored(prometheus, '{job="lumen"}') == {}


def test_a_prometheus_that_takes_no_writes_says_so(
    pushgateway: servers.Server, running: Callable[..., servers.Server], http_client: Http
) -> None:
    closed = running(servers.start_prometheus, pushgateway.url)
    with pytest.raises(HttpError, match=r"answered 404: remote write receiver needs to be enabled"):
        sink(closed, http_client, now_ms()).probe()

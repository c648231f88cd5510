from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import pytest
from facts import HOUR, NOON, fact, failure
from golden import assert_golden
from hypothesis import given
from hypothesis import strategies as st

from lumen_action.errors import ConfigError, RemoteError
from lumen_action.http import Http, HttpError, Request, Response, Timing
from lumen_action.model import ErrorClass, Fact, Kind, Outcome, Trust
from lumen_action.sinks.otlp import ENDPOINT, HEADERS, Otlp, OtlpOptions, options_from, problems
from lumen_action.sinks.otlp_metrics import durations_request, totals_request
from lumen_action.sinks.otlp_traces import ended_attempts, traces_request
from lumen_action.sinks.series import PublishFacts, families
from lumen_action.sli.days import Calendar
from lumen_action.sli.fold import collect, fold
from lumen_action.sli.state import State

MINUTE = 60_000


def run_facts() -> list[Fact]:
    """Return a run whose first attempt failed in one of two regions and whose second succeeded there."""
    eu = [
        fact("build", attempt=1, run="77", leg="9001", at=NOON),
        fact(attempt=1, run="77", leg="9001", at=NOON + MINUTE),
    ]
    ap = [
        fact("build", attempt=1, run="77", leg="9002", region="ap", at=NOON + 2 * MINUTE),
        fact("upload", Outcome.FAILURE, attempt=1, run="77", leg="9002", region="ap", at=NOON + 3 * MINUTE),
        fact("run", Outcome.FAILURE, attempt=1, run="77", leg="9002", region="ap", at=NOON + 3 * MINUTE + 1),
    ]
    again = [
        fact("upload", attempt=2, run="77", leg="9003", region="ap", at=NOON + HOUR),
        fact("run", Outcome.SUCCESS, attempt=2, run="77", leg="9003", region="ap", at=NOON + HOUR + 1),
    ]
    told = {"url": "https://ci.example/org/app/actions/runs/77", "sha": "1a2b3c4", "runner": "worker-7"}
    return [replace(item, duration_ms=90_000, **told) for item in [*eu, *ap, *again]]


def state_of(facts: Iterable[Fact], now_ms: int = NOON + 2 * HOUR) -> State:
    return fold(collect(facts), now_ms=now_ms, calendar=Calendar())


def totals(facts: Iterable[Fact], now_ms: int = NOON + 2 * HOUR) -> dict[str, Any]:
    return totals_request(families(state_of(facts, now_ms), PublishFacts("1.2.3", 7)), now_ms)


def metric(request: Mapping[str, Any], name: str) -> dict[str, Any]:
    [resource] = request["resourceMetrics"]
    [found] = [metric for metric in resource["scopeMetrics"][0]["metrics"] if metric["name"] == name]
    return found


def spans(facts: Iterable[Fact]) -> list[dict[str, Any]]:
    request = traces_request(ended_attempts(facts))
    return [span for resource in request["resourceSpans"] for span in resource["scopeSpans"][0]["spans"]]


def named(entries: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    return {entry["key"]: next(iter(entry["value"].values())) for entry in entries}


def pretty(request: Mapping[str, Any]) -> str:
    return json.dumps(request, indent=1, ensure_ascii=False) + "\n"


def test_totals_as_they_are_sent() -> None:
    assert_golden("otlp/totals.json", pretty(totals(run_facts()[:2])))


def test_traces_as_they_are_sent() -> None:
    assert_golden("otlp/traces.json", pretty(traces_request(ended_attempts(run_facts()))))


def test_durations_as_they_are_sent() -> None:
    assert_golden("otlp/durations.json", pretty(durations_request(state_of(run_facts()), NOON + 2 * HOUR)))


def test_a_sum_keeps_its_start_while_it_grows() -> None:
    few, many = (metric(totals(run_facts()[:count]), "lumen_attempts_total")["sum"] for count in (2, 5))
    assert (few["aggregationTemporality"], few["isMonotonic"]) == (2, True)
    [start] = {point["startTimeUnixNano"] for point in few["dataPoints"]}
    assert start == str(NOON * 1_000_000)
    assert start in {point["startTimeUnixNano"] for point in many["dataPoints"]}


def test_a_clock_that_went_back_gives_no_point_that_ends_before_it_starts() -> None:
    for point in metric(totals(run_facts(), now_ms=NOON - HOUR), "lumen_runs_total")["sum"]["dataPoints"]:
        assert int(point["startTimeUnixNano"]) <= int(point["timeUnixNano"])


def test_a_histogram_only_grows_as_facts_arrive() -> None:
    facts = run_facts()
    before: dict[str, list[int]] = {}
    for count in range(len(facts) + 1):
        request = durations_request(state_of(facts[:count]), NOON + 2 * HOUR)
        found = metric(request, "cicd.pipeline.run.duration")["histogram"] if request["resourceMetrics"] else {}
        for point in found.get("dataPoints", []):
            kind, counts = str(point["attributes"]), point["bucketCounts"]
            assert sum(counts) == point["count"]
            assert all(old <= new for old, new in zip(before.get(kind, counts), counts, strict=True))
            before[kind] = counts
    assert sum(map(sum, before.values())) == 3


def test_what_a_fork_reports_or_does_not_know_is_not_measured() -> None:
    strange = replace(fact(trust=Trust.FORK), duration_ms=5)
    assert durations_request(state_of([strange, fact()]), NOON) == {"resourceMetrics": []}
    assert ended_attempts([strange]) == []


def test_a_trace_is_told_when_every_region_that_reported_has_ended() -> None:
    facts = run_facts()
    assert [len(found) for found in ended_attempts(facts)] == [5, 2]
    assert ended_attempts(facts[:4]) == []
    assert [len(found) for found in ended_attempts(facts[:2])] == [2]


def test_the_second_attempt_links_to_the_first() -> None:
    first, second = (span for span in spans(run_facts()) if span["name"] == "RUN nightly")
    assert second["links"] == [{"traceId": first["traceId"], "spanId": first["spanId"]}]
    assert "links" not in first


@pytest.mark.parametrize(
    ("outcome", "result", "error", "status"),
    [
        (Outcome.SUCCESS, "success", None, {}),
        (Outcome.FAILURE, "failure", "network", {"code": 2, "message": "network/any"}),
        (Outcome.TIMEOUT, "timeout", "network", {"code": 2, "message": "network/any"}),
        (Outcome.CANCELLED, "cancellation", None, {}),
        (Outcome.SKIPPED, "skip", None, {}),
        (Outcome.ERROR, "error", "network", {"code": 2, "message": "network/any"}),
        (Outcome.MISSING, "error", "network", {"code": 2, "message": "network/any"}),
    ],
)
def test_outcomes_in_the_words_of_the_conventions(
    outcome: Outcome, result: str, error: str | None, status: Mapping[str, object]
) -> None:
    root = spans([fact("run", outcome)])[0]
    told = named(root["attributes"])
    assert (told["cicd.pipeline.result"], told.get("error.type"), root["status"]) == (result, error, status)


def test_an_unknown_class_is_the_conventions_other() -> None:
    unknown = replace(fact("run", Outcome.FAILURE), failure=failure(ErrorClass.UNKNOWN))
    for told in (unknown, replace(unknown, failure=None)):
        assert named(spans([told])[0]["attributes"])["error.type"] == "_OTHER"


words = st.sampled_from(["a", "b"])
any_fact = st.builds(
    lambda stage, outcome, region, leg, attempt, at, took: replace(
        fact(stage, outcome, region=region, leg=leg, attempt=attempt, at=at), duration_ms=took
    ),
    st.sampled_from(["run", "a", "b"]),
    st.sampled_from(list(Outcome)),
    words,
    words,
    st.integers(1, 2),
    st.integers(0, 10_000),
    st.none() | st.integers(-5000, 20_000),
)


@given(st.lists(any_fact, max_size=12))
def test_every_trace_is_a_tree_in_which_nothing_ends_before_it_starts(facts: list[Fact]) -> None:
    found = spans(collect(facts).values())
    ids = [(span["traceId"], span["spanId"]) for span in found]
    assert len(set(ids)) == len(ids)
    by_id = dict(zip(ids, found, strict=True))
    for span in found:
        assert 0 <= int(span["startTimeUnixNano"]) <= int(span["endTimeUnixNano"])
        if "parentSpanId" in span:
            parent = by_id[span["traceId"], span["parentSpanId"]]
            assert int(parent["startTimeUnixNano"]) <= int(span["startTimeUnixNano"])
            assert int(parent["endTimeUnixNano"]) >= int(span["endTimeUnixNano"])


class Receiver(Http):
    """Answers as it was told to, and keeps what was sent."""

    def __init__(self, *answers: Response | HttpError) -> None:
        super().__init__()
        self.answers = list(answers)
        self.sent: list[Request] = []

    def send(self, request: Request) -> Response:
        self.sent.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, HttpError):
            raise answer
        return answer


class Clock:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    @property
    def timing(self) -> Timing:
        return Timing(sleep=self.sleep, clock=lambda: self.now, chance=lambda: 0.5)


DONE = Response(200, {}, b"{}")
BUSY = HttpError("POST http://otel.example answered 503", status=503, passing=True, retry_after_seconds=7)


URL = "http://u:pass-word@otel.example/base/"


def sink(receiver: Receiver, clock: Clock, *, url: str = URL, header_list: str = "") -> Otlp:
    return Otlp(
        OtlpOptions(url, header_list),
        receiver,
        clock_ms=lambda: NOON,
        timing=clock.timing,
    )


def groups(*facts: Fact) -> list[Any]:
    return families(fold(collect(facts), now_ms=NOON, calendar=Calendar()), PublishFacts("1", 7))


def test_what_is_sent_and_where() -> None:
    receiver, shown = Receiver(DONE, DONE, DONE), groups(fact())
    otlp = sink(receiver, Clock(), header_list="api-key=s%65cret,x-tenant = 7")
    assert otlp.publish(shown) == sum(group.size for group in shown)
    otlp.send_durations(state_of([fact()]))
    assert otlp.send_traces([fact(), fact("build", run="open")]) == 1
    metrics, durations, traces = receiver.sent
    assert (metrics.url, durations.url) == ("http://otel.example/base/v1/metrics",) * 2
    assert traces.url == "http://otel.example/base/v1/traces"
    assert metrics.headers == {"api-key": "secret", "x-tenant": "7", "Content-Type": "application/json"}
    assert metrics.auth == ("u", "pass-word")
    assert otlp.name == "otlp:http://otel.example/base"


def test_nothing_is_sent_while_no_run_has_ended() -> None:
    receiver = Receiver()
    assert sink(receiver, Clock()).send_traces([fact("build")]) == 0
    assert receiver.sent == []


def test_a_busy_receiver_is_asked_again_when_it_said() -> None:
    receiver, clock = Receiver(BUSY, BUSY, DONE), Clock()
    sink(receiver, clock).publish(groups(fact()))
    assert clock.slept == [7.25, 7.5]
    assert len({request.body for request in receiver.sent}) == 1


def test_a_receiver_that_stays_busy_is_given_up_within_the_time() -> None:
    receiver, clock = Receiver(*[BUSY] * 9), Clock()
    with pytest.raises(HttpError, match="answered 503"):
        sink(receiver, clock).publish(groups(fact()))
    assert clock.now < 30


def test_what_will_not_pass_is_not_tried_again() -> None:
    receiver, clock = Receiver(HttpError("POST http://otel.example answered 400: bad", status=400)), Clock()
    with pytest.raises(HttpError, match="400: bad"):
        sink(receiver, clock).publish(groups(fact()))
    assert clock.slept == []


def test_what_the_receiver_refused_of_a_request_is_told_without_secrets() -> None:
    body = {
        "partialSuccess": {"rejectedDataPoints": "3", "errorMessage": "too old\n\x1b[1m for s3cret-team, pass-word"}
    }
    otlp = sink(Receiver(Response(200, {}, json.dumps(body).encode())), Clock(), header_list="x-team=s3cret-team")
    with pytest.raises(RemoteError) as refused:
        otlp.publish(groups(fact()))
    assert str(refused.value) == (
        "otlp:http://otel.example/base refused 3 points or spans of a request it took: too old??[1m for ***, ***"
    )


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"not json", b"[]", b'{"partialSuccess":{}}', b'{"partialSuccess":{"errorMessage":"note"}}']
)
def test_an_answer_that_refuses_nothing_is_a_success(body: bytes) -> None:
    sink(Receiver(Response(200, {}, body)), Clock()).publish(groups(fact()))


def test_an_error_that_repeats_a_header_is_redacted() -> None:
    fault = HttpError("POST http://otel.example answered 401: no team s3cret-team, Basic dTpw", status=401)
    otlp = sink(Receiver(fault), Clock(), header_list="x-team=s3cret-team,Authorization=Basic dTpw")
    with pytest.raises(HttpError) as told:
        otlp.probe()
    assert str(told.value) == "POST http://otel.example answered 401: no team ***, Basic ***"
    assert told.value.status == 401


def test_the_environment_names_the_receiver_unless_a_url_does() -> None:
    env = {ENDPOINT: "http://env.example", HEADERS: "a=b"}
    assert options_from({}) is None
    assert options_from(env) == OtlpOptions("http://env.example", "a=b")
    assert options_from(env, "http://own.example") == OtlpOptions("http://own.example", "a=b")


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (OtlpOptions("otel.example:4318"), "needs http"),
        (OtlpOptions("http://"), "a host"),
        (OtlpOptions("http://otel.example:port"), "cannot be read"),
        (OtlpOptions("http://otel.example/v1/metrics"), "leave out"),
        (OtlpOptions("http://otel.example?key=s3cret"), "leave out"),
        (OtlpOptions("http://otel.example", "s3cret"), "entry 1"),
        (OtlpOptions("http://otel.example", "a=b,c d=s3cret"), "entry 2"),
        (OtlpOptions("http://otel.example", "a=s3cret%0A"), ""),
        (OtlpOptions("http://otel.example", "a=s3cret%0Ax: y"), "entry 1"),
        (OtlpOptions("http://otel.example", ca_file="/nowhere.pem"), "not a file"),
    ],
)
def test_what_is_wrong_with_the_options_is_told_without_the_secret(options: OtlpOptions, says: str) -> None:
    told = "\n".join(problems(options))
    assert says in told
    assert bool(told) == bool(says)
    assert "s3cret" not in told + repr(options)


def test_probing_a_wrong_url_is_a_mistake_of_the_configuration() -> None:
    with pytest.raises(ConfigError, match="needs http"):
        sink(Receiver(), Clock(), url="otel.example").probe()


def test_checks_and_conflicts_make_no_spans() -> None:
    found = spans([fact(), fact("integrity", kind=Kind.CHECK), fact("x", kind=Kind.CONFLICT)])
    assert [span["name"] for span in found] == ["RUN nightly", "job"]

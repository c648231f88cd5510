"""What servers answer that is no count, and how they are asked; each answer is one that a server was seen to give."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import loopback
import pytest
import slodocuments

from lumen_action.errors import ConfigError, RemoteError
from lumen_action.http import Timing
from lumen_action.measuring.prometheus import access_of, measured
from lumen_action.promserver import Access, PrometheusOptions, PromServer, problems
from lumen_action.slo.evaluation import Measured, Span
from lumen_action.slo.objective import (
    WINDOW_PLACEHOLDER,
    About,
    Budgeting,
    DataSource,
    Duration,
    RatioSource,
    Slo,
)

END_MS = 1_780_000_200_000
HOUR_MS = 3_600_000
(SLO,) = slodocuments.taken(slodocuments.slo_text()).book.slos
Answer = Callable[[str, Mapping[str, str]], tuple[int, object]]

pytestmark = pytest.mark.usefixtures("no_proxy")


def vector(*values: str) -> dict[str, object]:
    result = [{"metric": {"n": str(n)}, "value": [END_MS / 1000, value]} for n, value in enumerate(values)]
    return {"status": "success", "data": {"resultType": "vector", "result": result}}


NOTHING = vector()


@contextmanager
def server(answer: Answer, seen: list[Mapping[str, str]] | None = None) -> Iterator[str]:
    """Answer as a Prometheus would, and keep the headers."""

    def reply(request: loopback.Quiet) -> None:
        parts = urlsplit(request.path)
        if seen is not None:
            seen.append(dict(request.headers))
        asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
        status, body = answer(parts.path, asked)
        text = body if isinstance(body, str) else json.dumps(body)
        request.reply(status, {"Content-Type": "application/json"}, text.encode())

    with loopback.answering(reply) as url:
        yield url


def asked(answer: Answer, slo: Slo = SLO, hours: float = 1) -> Measured:
    """Measure an hour."""
    with server(answer) as url, closing(PromServer(Access(url), Timing(sleep=lambda _: None))) as prometheus:
        assert isinstance(slo.source, RatioSource)
        span = Span(END_MS - round(hours * HOUR_MS), END_MS, END_MS)
        return measured(slo.source, slo, span, prometheus, lambda _: None)


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (401, "Unauthorized", "answered 401: Unauthorized; set LUMEN_PROMETHEUS_TOKEN"),
        (404, "404 page not found", "answered 404: .*; give the address that stands before /api/v1"),
        (400, {"status": "error", "errorType": "bad_data", "error": "parse error"}, "400: parse error; correct the q"),
        (503, {"status": "error", "errorType": "timeout", "error": "query timed out in eval"}, "503: query timed out"),
        (200, "<html>", "answered without JSON"),
        (200, {"status": "success", "data": []}, "answered something else than a Prometheus does"),
        (200, {**vector("1"), "warnings": ["a store is away"]}, "warns .*: a store is away; a count of"),
        (200, vector("NaN"), "counts nan with"),
        (200, vector("+Inf"), "counts inf with"),
    ],
)
def test_what_is_no_count_is_a_fault_that_says_what_to_do(status: int, body: object, said: str) -> None:
    with pytest.raises(RemoteError, match=said):
        asked(lambda _, __: (status, body))


def test_a_server_that_is_away_is_a_fault_that_says_what_to_do() -> None:
    with loopback.answering(lambda _: None) as url:
        pass
    assert isinstance(SLO.source, RatioSource)
    span = Span(END_MS - HOUR_MS, END_MS, END_MS)
    with (
        closing(PromServer(Access(url), Timing(sleep=lambda _: None))) as prometheus,
        pytest.raises(RemoteError, match=r"Connection refused.*; start it, or correct the address in `prom"),
    ):
        measured(SLO.source, SLO, span, prometheus, lambda _: None)


def test_a_server_that_is_busy_is_asked_again() -> None:
    answers = iter([503, 503, 200])

    def answer(_: str, __: Mapping[str, str]) -> tuple[int, object]:
        status = next(answers)
        return status, vector("5") if status == 200 else "busy"

    with (
        server(answer) as url,
        closing(PromServer(Access(url), Timing(sleep=lambda _: None))) as prometheus,
    ):
        (one,) = prometheus.instant("1", END_MS)
    assert one.last == 5


@pytest.mark.parametrize(("points", "ranges"), [("1", {"1h"}), ("2", {"59m59s999ms"})])
def test_a_range_that_includes_its_begin_is_asked_for_without_it(points: str, ranges: set[str]) -> None:
    """Prometheus 2 counts a sample at the begin, Prometheus 3 does not; the next stretch has counted it."""
    source = RatioSource(
        *(f"count_over_time({name}[{WINDOW_PLACEHOLDER}])" for name in "ab"), part_is_good=True, counter=False
    )
    found: set[str] = set()

    def answer(_: str, query: Mapping[str, str]) -> tuple[int, object]:
        text = query["query"]
        if text == "count_over_time(vector(1)[1m:1m])":
            assert float(query["time"]) % 60 == 0
            return 200, vector(points)
        if text.startswith("count_over_time("):
            found.add(text.partition("[")[2].partition("]")[0])
            return 200, vector("3", "4")
        return 200, NOTHING

    ticks = asked(answer, replace(SLO, source=source)).ticks
    assert found == ranges
    assert [(tick.total, tick.bad) for tick in ticks] == [(7, 0)]


def test_a_front_end_that_moves_ranges_is_not_believed() -> None:
    source = RatioSource(
        *(f"count_over_time({name}[{WINDOW_PLACEHOLDER}])" for name in "ab"), part_is_good=True, counter=False
    )
    objective = replace(SLO.objectives[0], slice_window=Duration(30, "m"))
    slo = replace(SLO, source=source, budgeting=Budgeting.RATIO_TIMESLICES, objectives=(objective,))

    def answer(path: str, query: Mapping[str, str]) -> tuple[int, object]:
        if path.endswith("query_range"):
            values = [[float(query["start"]) - 60, "1"]]
            result = [{"metric": {}, "values": values}]
            return 200, {"status": "success", "data": {"resultType": "matrix", "result": result}}
        return 200, vector("1")

    with pytest.raises(RemoteError, match=r"moves the begin of a range; .*align-range-with-step"):
        asked(answer, slo, hours=3)


def test_a_window_as_a_label_is_refused() -> None:
    query = f'max(counted{{window="{WINDOW_PLACEHOLDER}"}})'
    slo = replace(SLO, source=RatioSource(query, query, part_is_good=True, counter=False))
    with pytest.raises(ConfigError, match="stands in a label"):
        asked(lambda _, __: (200, NOTHING), slo)


@pytest.mark.parametrize(
    ("part", "total", "tick", "note"),
    [
        (["12"], ["10"], (10, 10), "cut to fit"),
        (["-1"], ["10"], (10, 0), "cut to fit"),
        (["2.4"], ["9.6"], (10, 2), "rounded estimates"),
        ([], ["10"], (10, 0), None),
        (["3"], ["0"], None, "cut to fit"),
        (["3"], [], None, "cut to fit"),
        ([], ["-4"], None, "less than nothing"),
    ],
)
def test_bad_events_are_some_of_all(
    part: list[str], total: list[str], tick: tuple[int, int] | None, note: str | None
) -> None:
    source = RatioSource(
        *(f"count_over_time({name}[{WINDOW_PLACEHOLDER}])" for name in ("part", "total")),
        part_is_good=False,
        counter=False,
    )

    def answer(_: str, query: Mapping[str, str]) -> tuple[int, object]:
        text = query["query"]
        if text.startswith("count_over_time(vector"):
            return 200, vector("1")
        counts = part if "part[" in text else total if text.startswith("count_over_time(total[") else []
        return 200, vector(*counts)

    found = asked(answer, replace(SLO, source=source))
    assert [(each.total, each.bad) for each in found.ticks] == ([tick] if tick else [])
    assert [note in told for told in found.notes if note] == ([True] if note else [])


def test_credentials_and_headers_go_with_every_question() -> None:
    seen: list[Mapping[str, str]] = []
    options = PrometheusOptions(token="t0ken", headers={"X-Scope-OrgID": "team-a"})  # noqa: S106 - made up
    with server(lambda _, __: (200, vector("1")), seen) as url:
        access = access_of("metrics", [DataSource(About("metrics"), "Prometheus", {"url": url})], options)
        with closing(PromServer(access)) as prometheus:
            (one,) = prometheus.instant("1", END_MS)
    assert one.last == 1
    assert {(each["Authorization"], each["X-Scope-OrgID"]) for each in seen} == {("Bearer t0ken", "team-a")}


def test_the_settings_win_over_the_document() -> None:
    source = DataSource(About("metrics"), "Prometheus", {"url": "http://document.example"})
    told = access_of("metrics", [source], PrometheusOptions("http://settings.example", user="u", password="p"))  # noqa: S106
    assert (told.url, told.auth) == ("http://settings.example", ("u", "p"))
    assert access_of("metrics", [source], PrometheusOptions()).url == "http://document.example"


@pytest.mark.parametrize("details", [{}, {"url": ""}, {"url": "prometheus.example"}])
def test_an_address_that_is_missing_or_wrong_is_a_fault_of_the_configuration(details: Mapping[str, str]) -> None:
    with pytest.raises(ConfigError, match="url: "):
        access_of("metrics", [DataSource(About("metrics"), "Prometheus", details)], PrometheusOptions())


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (PrometheusOptions("prometheus:9090"), "prometheus-url: "),
        (PrometheusOptions(token="a b"), "LUMEN_PROMETHEUS_TOKEN: it holds a blank"),  # noqa: S106
        (PrometheusOptions(token="t", user="u", password="p"), "keep one of the two"),  # noqa: S106
        (PrometheusOptions(user="u"), "only one is set"),
        (PrometheusOptions(ca_file="/no/such.pem"), "prometheus.ca-file: "),
    ],
)
def test_options_that_cannot_work_are_told(options: PrometheusOptions, said: str) -> None:
    (found,) = problems(options)
    assert said in found


def test_a_secret_is_known_to_be_one() -> None:
    options = PrometheusOptions("https://u:pw1@prometheus.example", token="t0k", user="v", password="pw2")  # noqa: S106
    assert {"pw1", "pw2", "t0k"} <= set(options.secrets)
    assert not any(secret in repr(options) for secret in ("pw1", "pw2", "t0k"))


@pytest.mark.parametrize(
    ("goods", "totals", "bads"),
    [
        ((0, 1, 0), (1, 0, 1), (0, 0, 1)),  # the failure turned good, or was scraped late
        ((1, -1, 1), (1, 0, 1), (1, 0, 0)),  # what was good turned bad
        ((3, 0, 9), (4, 2, 4), (0, 0, 0)),
    ],
)
def test_a_correction_belongs_to_the_stretches_before_it(
    goods: tuple[int, ...], totals: tuple[int, ...], bads: tuple[int, ...]
) -> None:
    source = RatioSource(
        *(f"max(sum_over_time({name}[{WINDOW_PLACEHOLDER}]))" for name in ("good", "total")),
        part_is_good=True,
        counter=False,
    )

    def answer(path: str, query: Mapping[str, str]) -> tuple[int, object]:
        if query["query"].startswith("count_over_time(vector"):
            return 200, vector("1")
        counts = goods if "good[" in query["query"] else totals if "(total[" in query["query"] else ()
        if path.endswith("query"):
            return 200, vector(str(counts[-1])) if counts else NOTHING
        moments = range(int(query["start"]), int(query["end"]) + 1, 3600)
        values = [[at, str(count)] for at, count in zip(moments, counts, strict=True)]
        result = [{"metric": {}, "values": values}]
        return 200, {"status": "success", "data": {"resultType": "matrix", "result": result}}

    slices = replace(SLO.objectives[0], slice_target=1.0, slice_window=Duration(1, "h"))
    slo = replace(SLO, source=source, budgeting=Budgeting.TIMESLICES, objectives=(slices,))
    # Of nearly four hours three slices are whole.
    found = asked(answer, slo, hours=3.9)
    assert [each.bad for each in found.ticks] == [bad for bad, total in zip(bads, totals, strict=True) if total]

"""The Pushgateway sink against the real thing."""

from __future__ import annotations

import netrc
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import servers

from lumen_action.http import Http, HttpError
from lumen_action.model import Action, ErrorClass, Outcome
from lumen_action.sinks import Family, Group, Sample
from lumen_action.sinks.exposition import openmetrics_text, prometheus_text
from lumen_action.sinks.pushgateway import Pushgateway, PushgatewayOptions
from lumen_action.sinks.series import PublishFacts, families
from lumen_action.sli.state import DayState, PipelineState, RegionState, StageResult, State

FACTS = PublishFacts("1.2.3", 7, objectives={"run": 0.95}, expected_runs_per_day=2)
HOSTILE = ["", "..", "org/name", "a b", "야간 보고", 'quo"te', "back\\slash", "line\nbreak", "%2F", "=", "\x01\r\t"]


def state(pipeline: str = "nightly", region: str = "eu", runs: int = 3, stage: str = "build") -> State:
    own = RegionState(
        region,
        runs=runs,
        success=runs - 1,
        failed={ErrorClass.NETWORK: 1},
        stage_success={stage: runs},
        attempts={Outcome.SUCCESS: runs},
        reruns={Action.TICKET: 1},
        last_run_ms=1_700_000_000_000,
        first_seen_ms=1_690_000_000_000,
        last_stages={stage: StageResult(stage, Outcome.SUCCESS, 1, 0, duration_ms=1234)},
    )
    days = (DayState("2024-01-01", Outcome.SUCCESS, winner=region),)
    checks = {"integrity": Outcome.SUCCESS, "report": Outcome.FAILURE}
    return State(pipelines={pipeline: PipelineState(pipeline, regions={region: own}, days=days, checks=checks)})


def expected(groups: list[Group]) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Return what a Pushgateway must show; a label without a value is no label."""
    return {
        (
            family.name,
            tuple(
                sorted(
                    (label, value)
                    for label, value in {"job": "lumen", **group.labels, **sample.labels}.items()
                    if value
                )
            ),
        ): sample.value
        for group in groups
        for family in group.families
        for sample in family.samples
    }


@pytest.fixture
def sink(pushgateway: servers.Server, http_client: Http) -> Pushgateway:
    return Pushgateway(PushgatewayOptions(pushgateway.url), http_client)


def test_the_gateway_shows_exactly_what_was_published(pushgateway: servers.Server, sink: Pushgateway) -> None:
    groups = families(state(), FACTS)
    assert sink.publish(groups) == len(expected(groups))
    assert servers.pushed(pushgateway) == expected(groups)


def test_publishing_replaces_whole_groups_and_leaves_others_alone(
    pushgateway: servers.Server, sink: Pushgateway
) -> None:
    sink.publish([*families(state("nightly", stage="old"), FACTS), *families(state("weekly"), FACTS)])
    now = families(state("nightly", stage="new", runs=9), FACTS)
    sink.publish(now)
    assert servers.pushed(pushgateway) == expected([*now, *families(state("weekly"), FACTS)])


def test_series_are_typed(pushgateway: servers.Server, sink: Pushgateway) -> None:
    groups = families(state(), FACTS)
    sink.publish(groups)
    page = servers.fetch(f"{pushgateway.url}/metrics").splitlines()
    declared = {f"# TYPE {family.name} {family.type}" for group in groups for family in group.families}
    assert declared <= set(page)
    assert not [line for line in page if line.startswith("# TYPE lumen_") and line.endswith("untyped")]


@pytest.mark.parametrize("name", HOSTILE)
def test_any_name_of_pipeline_region_and_stage_arrives_unchanged(
    pushgateway: servers.Server, sink: Pushgateway, name: str
) -> None:
    groups = families(state(name, name, stage=name), FACTS)
    sink.publish(groups)
    sink.publish(groups)
    assert servers.pushed(pushgateway) == expected(groups)


def test_a_gateway_that_lost_everything_shows_identical_totals_after_the_next_publish(
    running: Callable[..., servers.Server], http_client: Http
) -> None:
    first = running(servers.start_pushgateway)
    sink = Pushgateway(PushgatewayOptions(first.url), http_client)
    groups = families(state(), FACTS)
    sink.publish(groups)
    before = servers.pushed(first)
    first.stop()
    second = running(servers.start_pushgateway, port=first.port)
    assert servers.pushed(second) == {}
    sink.publish(groups)
    assert servers.pushed(second) == before


def test_a_gateway_with_a_store_shows_the_same_before_and_after_a_restart(
    running: Callable[..., servers.Server], http_client: Http, tmp_path: Path
) -> None:
    first = running(servers.start_pushgateway, store=tmp_path / "store")
    groups = families(state(), FACTS)
    Pushgateway(PushgatewayOptions(first.url), http_client).publish(groups)
    first.stop()
    assert servers.pushed(running(servers.start_pushgateway, store=tmp_path / "store")) == expected(groups)


def test_a_gateway_that_is_down_is_one_clear_error(pushgateway: servers.Server) -> None:
    pushgateway.stop()
    impatient = Http(patience_seconds=0.2)
    url = pushgateway.url.replace("//", "//me:geheim@")
    with pytest.raises(HttpError) as caught:
        Pushgateway(PushgatewayOptions(url), impatient).publish(families(state(), FACTS))
    assert str(caught.value).startswith(f"PUT {pushgateway.url} failed: Connection refused")


def test_what_the_gateway_refuses_is_told_in_its_own_words(pushgateway: servers.Server, sink: Pushgateway) -> None:
    def group(kind: str, pipeline: str) -> Group:
        return Group({"pipeline": pipeline}, (Family("lumen_x", kind, "X.", (Sample(1, {}),)),))

    sink.publish([group("gauge", "a")])
    with pytest.raises(HttpError, match=rf"PUT {pushgateway.url} answered 400: .*lumen_x") as caught:
        sink.publish([group("counter", "b")])
    assert caught.value.status == 400


@pytest.mark.parametrize("in_url", [True, False])
def test_basic_auth(pushgateway: servers.Server, http_client: Http, in_url: bool) -> None:  # noqa: FBT001 - a case
    groups = families(state(), FACTS)
    with servers.Guard(pushgateway.url, servers.basic("me", "p@ss/ä")).serving() as guard:
        options = (
            PushgatewayOptions(guard.url.replace("//", "//me:p%40ss%2F%C3%A4@"))
            if in_url
            else PushgatewayOptions(guard.url, user="me", password="p@ss/ä")  # noqa: S106 - made up
        )
        Pushgateway(options, http_client).publish(groups)
    assert (guard.turned_away, len(guard.let_in)) == (0, len(groups))
    assert servers.pushed(pushgateway) == expected(groups)


def test_wrong_credentials_are_refused_once_and_never_told(pushgateway: servers.Server, http_client: Http) -> None:
    with servers.Guard(pushgateway.url, servers.basic("me", "right")).serving() as guard:
        options = PushgatewayOptions(guard.url.replace("//", "//me:wrong-password@"))
        with pytest.raises(HttpError, match=r"answered 401: 401 Authorization Required$") as caught:
            Pushgateway(options, http_client).publish(families(state(), FACTS))
    assert "wrong-password" not in str(caught.value)
    assert (guard.turned_away, guard.let_in) == (1, [])


def test_a_netrc_entry_is_not_used(
    pushgateway: servers.Server, http_client: Http, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = tmp_path / "netrc"
    entry.write_text("machine 127.0.0.1 login me password found\n")
    assert "127.0.0.1" in netrc.netrc(str(entry)).hosts
    monkeypatch.setenv("NETRC", str(entry))
    with (
        servers.Guard(pushgateway.url, servers.basic("me", "found")).serving() as guard,
        pytest.raises(HttpError, match="401"),
    ):
        Pushgateway(PushgatewayOptions(guard.url), http_client).publish(families(state(), FACTS))
    assert guard.let_in == []


def test_bearer_token_over_tls_with_an_authority_of_our_own(
    pushgateway: servers.Server, http_client: Http, certificate: servers.Certificate
) -> None:
    groups = families(state(), FACTS)
    with servers.Guard(pushgateway.url, "Bearer t0ken", certificate).serving() as guard:
        trusting = PushgatewayOptions(guard.url, token="t0ken", ca_file=str(certificate.authority))  # noqa: S106 - made up
        Pushgateway(trusting, http_client).publish(groups)
        assert servers.pushed(pushgateway) == expected(groups)
        with pytest.raises(HttpError, match=r"certificate verify failed") as caught:
            Pushgateway(replace(trusting, ca_file=None), Http()).publish(groups)
    assert not caught.value.passing
    assert len(guard.let_in) == len(groups)


def test_a_ca_bundle_of_the_environment_is_used(
    pushgateway: servers.Server,
    http_client: Http,
    certificate: servers.Certificate,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate.authority))
    with servers.Guard(pushgateway.url, "Bearer t0ken", certificate).serving() as guard:
        options = PushgatewayOptions(guard.url, token="t0ken")  # noqa: S106 - made up
        Pushgateway(options, http_client).publish(families(state(), FACTS))
    assert len(guard.let_in) == 2


def test_a_probe_knows_a_pushgateway_from_a_prometheus_and_changes_nothing(
    pushgateway: servers.Server, sink: Pushgateway, running: Callable[..., servers.Server], http_client: Http
) -> None:
    sink.probe()
    assert servers.pushed(pushgateway) == {}
    prometheus = running(servers.start_prometheus, pushgateway.url)
    with pytest.raises(HttpError, match=rf"GET {prometheus.url} answered 404"):
        Pushgateway(PushgatewayOptions(prometheus.url), http_client).probe()


def test_promtool_remarks_about_our_output_only_that_days_are_counted(promtool: str) -> None:
    text = prometheus_text([group for name in HOSTILE for group in families(state(name, name, stage=name), FACTS)])
    done = subprocess.run([promtool, "check", "metrics"], input=text.encode(), capture_output=True, check=False)
    remarks = (done.stdout + done.stderr).decode().splitlines()
    assert remarks == [
        f'{name} use base unit "seconds" instead of "days"'
        for name in ("lumen_days_corrected_total", "lumen_days_total")
    ]


def test_prometheus_itself_reads_our_openmetrics(promtool: str, tmp_path: Path) -> None:
    groups = [group for name in HOSTILE for group in families(state(name, name, stage=name), FACTS)]
    text = openmetrics_text(groups).removesuffix("\n")
    # The backfill wants a time on every sample.
    lines = [line if line.startswith("#") else f"{line} 1700000000" for line in text.split("\n")]
    (tmp_path / "lumen.om").write_text("\n".join([*lines, ""]))
    done = subprocess.run(
        [promtool, "tsdb", "create-blocks-from", "openmetrics", str(tmp_path / "lumen.om"), str(tmp_path / "data")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr

"""An alert fires on a real Prometheus for what the real sink published, and ends."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
import servers
from scenarios import LUMEN

from lumen_action.http import Http
from lumen_action.model import ErrorClass
from lumen_action.sinks.pushgateway import Pushgateway, PushgatewayOptions
from lumen_action.sinks.series import PublishFacts, families
from lumen_action.sli.state import PipelineState, RegionState, State

FIRING = 'group by (alertname, severity, pipeline, region) (ALERTS{alertstate="firing"})'


def region(name: str, good: int, failed: int, row: int) -> RegionState:
    now = int(time.time() * 1000)
    return RegionState(
        name,
        runs=good + failed,
        success=good,
        failed={ErrorClass.NETWORK: failed},
        consecutive_failures=row,
        last_run_ms=now,
        first_seen_ms=now - 60_000,
    )


@pytest.mark.slow
def test_two_failures_in_every_region_page_and_a_success_ends_it(
    pushgateway: servers.Server, running: Callable[..., servers.Server], http_client: Http
) -> None:
    sink = Pushgateway(PushgatewayOptions(pushgateway.url), http_client)
    prometheus = running(servers.start_prometheus, pushgateway.url, LUMEN)

    def publishes(*regions: RegionState) -> None:
        state = State(pipelines={"nightly": PipelineState("nightly", regions={each.region: each for each in regions})})
        sink.publish(families(state, PublishFacts("1", 1)))

    def fires(*expected: tuple[str, str, str]) -> None:
        wanted = {
            tuple(
                sorted(
                    {
                        "alertname": name,
                        "severity": severity,
                        "pipeline": "nightly",
                        **({"region": at} if at else {}),
                    }.items()
                )
            ): 1.0
            for name, severity, at in expected
        }
        servers.wait_until(f"{expected} fire", lambda: servers.query(prometheus, FIRING) == wanted)

    in_us, everywhere = ("LumenRegionFailing", "ticket", "us"), ("LumenPipelineFailing", "page", "")
    publishes(region("eu", 1, 0, 0), region("us", 0, 2, 2))
    fires(in_us)
    publishes(region("eu", 1, 2, 2), region("us", 0, 2, 2))
    fires(in_us, everywhere, ("LumenRegionFailing", "ticket", "eu"))
    publishes(region("eu", 2, 2, 0), region("us", 0, 2, 2))
    fires(in_us)
    publishes(region("eu", 2, 2, 0), region("us", 1, 2, 0))
    fires()

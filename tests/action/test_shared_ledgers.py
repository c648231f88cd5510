"""The documented way of use with a ledger that regions share: two jobs at once, then an audit of what they wrote."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator

import pytest
import servers
import stores
from act import ACTION, Consumer, Leg, Runner

REGIONS = ("eu", "us")
STAGES = ("build", "run")


def workflow() -> str:
    """Return two region jobs, of which one fails; JSON is YAML."""
    steps = [{"run": 'test "$REGION" != eu', "shell": "bash"}]
    steps += [{"id": stage, "uses": ACTION, "if": "always()", "with": {"stage": stage}} for stage in STAGES]
    job = {
        "runs-on": "ubuntu-latest",
        "permissions": {},
        "strategy": {"fail-fast": False, "matrix": {"region": list(REGIONS)}},
        "env": {"REGION": "${{ matrix.region }}"},
        "steps": steps,
    }
    return json.dumps({"name": "nightly", "on": ["push"], "permissions": {}, "jobs": {"report": job}})


@pytest.fixture(params=["git", *(pytest.param(each, marks=pytest.mark.slow) for each in ("localbucket", "postgres"))])
def shared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Return what a team sets to use one empty store from everywhere."""
    team: dict[str, str] = {}
    with contextlib.ExitStack() as started:
        try:
            ledger = stores.Stores(tmp_path_factory.mktemp, started).url(request.param, team.__setitem__)
        except servers.MissingProgramError as missing:
            pytest.fail(str(missing), pytrace=False)
        yield team | {"LUMEN_LEDGER": ledger}


@pytest.fixture
def legs(runner: Runner, consumer: Consumer, shared: dict[str, str]) -> tuple[Leg, ...]:
    """Return what the jobs of one run did."""
    return runner.run(workflow(), Consumer(consumer.folder, env=shared)).legs


def test_two_regions_write_one_ledger_that_stands_every_audit(
    runner: Runner, shared: dict[str, str], legs: tuple[Leg, ...]
) -> None:
    assert [leg.steps[stage] for leg in legs for stage in STAGES] == ["success"] * 4
    assert [a.message for leg in legs for a in leg.annotations if a.level != "error"] == []
    state = json.loads(runner.lumen("state", "--json", **shared))
    assert (state["facts"], state["conflicts"]) == (len(REGIONS) * len(STAGES), 0)
    (pipeline,) = state["pipelines"].values()
    assert {run["region"]: run["outcome"] for run in pipeline["runs"]} == {"eu": "failure", "us": "success"}

    open_ones = json.loads(runner.lumen("ledger", "verify", "--json", **shared))
    assert open_ones["open_facts"] == 4
    runner.lumen("ledger", "compact", "--before", "2100-01-01", **shared)
    closed = json.loads(runner.lumen("ledger", "verify", "--json", **shared))
    assert (closed["open_facts"], closed["faults"]) == (0, [])
    assert json.loads(runner.lumen("state", "--json", **shared))["facts"] == 4

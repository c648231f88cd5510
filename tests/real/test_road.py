"""The whole road: a consumer's workflow in two regions, its Pushgateway, and a Prometheus that counts exactly."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import servers
from act import Consumer, Runner, export_action

RULES = servers.ROOT / "rules" / "prometheus" / "lumen.rules.yml"

WORKFLOW = """
name: nightly
on: push
permissions: {}
jobs:
  report:
    runs-on: ubuntu-latest
    strategy:
      fail-fast: false
      matrix: {region: [eu, ap]}
    steps:
      - run: echo built
      - uses: org/lumen-sli-action@v1
        if: always()
        with: {stage: build}
      - run: |
          if [ "${{ matrix.region }}" = ap ]; then
            echo "curl: (6) Could not resolve host: prices.acme.example" > fetch.log
            exit 6
          fi
      - uses: org/lumen-sli-action@v1
        if: always()
        with: {stage: fetch, log-file: fetch.log}
      - id: run
        uses: org/lumen-sli-action@v1
        if: always()
        with: {stage: run}
"""


def test_a_workflow_in_two_regions_reaches_prometheus_exactly(
    tmp_path: Path, running: Callable[..., servers.Server]
) -> None:
    gateway = running(servers.start_pushgateway)
    prometheus = running(servers.start_prometheus, gateway.url, RULES)
    runner = Runner(action=export_action(tmp_path / "action"), home=tmp_path / "machine")
    env = {"LUMEN_LEDGER": f"sqlite:{tmp_path / 'ledger.db'}", "PUSHGATEWAY_URL": gateway.url}

    for number in range(2):
        (tmp_path / f"team-{number}").mkdir()
        team = Consumer(tmp_path / f"team-{number}", env={**env, "GITHUB_RUN_ID": str(100 + number)})
        legs = runner.run(WORKFLOW, team).legs
        assert [leg.outputs["run"]["published"] for leg in legs] == ["true", "true"]

    def shows(expression: str, expected: Mapping[str, float]) -> None:
        def now() -> dict[str, float]:
            return {dict(key).get("region", ""): value for key, value in servers.query(prometheus, expression).items()}

        servers.wait_until(f"{expression} is {expected}", lambda: now() == expected)

    shows("lumen_runs_total", {"eu": 2, "ap": 2})
    shows("lumen_runs_success_total", {"eu": 2, "ap": 0})
    shows('lumen_runs_failed_total{error_class="network"}', {"eu": 0, "ap": 2})
    shows('lumen_stage_failed_total{stage="fetch",error_class="network"}', {"eu": 0, "ap": 2})
    shows("lumen_consecutive_failures", {"eu": 0, "ap": 2})
    shows('lumen_days_total{outcome="success"}', {"": 1})
    shows('lumen:runs:count{window="1h"}', {"": 4})
    shows('lumen:runs_failed:count{window="1h"}', {"": 2})

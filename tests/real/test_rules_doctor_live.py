"""`lumen rules doctor` asks running servers: for each live check there is one with its fault and one without."""

from __future__ import annotations

import contextlib
import http.client
import io
import json
import socket
import threading
import urllib.parse
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import alerting
import loopback
import pytest
import servers
from servers import Server

from lumen_action.cli import main
from lumen_action.commands import World
from lumen_action.ops.monitoring.live import GREETINGS, LIVE

_UNREACHED = "cannot be reached from this machine"
Running = Callable[..., Server]
ALERT_ABSENT = """\
groups:
- name: other
  rules:
  - {alert: LumenTelemetryAbsent, expr: vector(1), labels: {pipeline: nightly, severity: ticket}}
  - {record: 'a:b', expr: 'up * on () up'}
"""
TOTALS = """\
# TYPE lumen_runs_total counter
lumen_runs_total{pipeline="nightly",region="eu"} 3
# TYPE lumen_slo_objective_ratio gauge
lumen_slo_objective_ratio{pipeline="nightly",slo="run"} 0.99
# TYPE lumen_expected_runs_per_day gauge
lumen_expected_runs_per_day{pipeline="nightly"} 1
"""


class Doctor:
    """Asks, and keeps the rows of the answer by check."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.err = ""

    def __call__(self, *words: str) -> tuple[int, dict[str, list[dict[str, Any]]]]:
        out, err = io.StringIO(), io.StringIO()
        world = World(env={}, folder=self.folder, stdout=out, stderr=err)
        code = main(["rules", "doctor", "--json", *words], world)
        self.err = err.getvalue()
        rows: dict[str, list[dict[str, Any]]] = {}
        for row in json.loads(out.getvalue() or "[]"):
            rows.setdefault(row["check"], []).append(row)
        return code, rows


@pytest.fixture
def doctor(tmp_path: Path) -> Doctor:
    return Doctor(tmp_path)


def push(gateway: Server, path: str, body: str) -> None:
    place = urllib.parse.urlsplit(gateway.url).netloc
    connection = http.client.HTTPConnection(place, timeout=5)
    connection.request("PUT", f"/metrics/{path}", body.encode())
    connection.getresponse().read()
    connection.close()


def start_prometheus(directory: Path, config: dict[str, Any], *flags: str) -> Server:
    (directory / "prometheus.yml").write_text(json.dumps(config))
    command = [
        servers.program("prometheus", "prometheus"),
        f"--config.file={directory / 'prometheus.yml'}",
        f"--storage.tsdb.path={directory / 'data'}",
        "--web.listen-address=127.0.0.1:0",
        *flags,
    ]
    return servers._start(command, directory / "prometheus.log", "/-/ready")


def scraping(gateway: Server, **more: Any) -> dict[str, Any]:  # noqa: ANN401
    target = urllib.parse.urlsplit(gateway.url).netloc
    return {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "scrape_configs": [{"job_name": "pushgateway", "static_configs": [{"targets": [target]}], **more}],
    }


def has(prometheus: Server, expression: str) -> bool:
    return bool(servers.query(prometheus, expression))


def test_a_prometheus_on_which_everything_is_wrong(
    tmp_path: Path, running: Running, pushgateway: Server, doctor: Doctor
) -> None:
    for job in ("one", "two"):
        push(pushgateway, f"job/{job}", TOTALS if job == "one" else TOTALS.partition("# TYPE lumen_slo")[0])
    (tmp_path / "rules.yml").write_text(ALERT_ABSENT)
    config = scraping(pushgateway)
    config["scrape_configs"].append({"job_name": "gone", "static_configs": [{"targets": ["127.0.0.1:1"]}]})
    config["rule_files"] = [str(tmp_path / "rules.yml")]
    prometheus = running(start_prometheus, config)
    servers.wait_until("a rule fails", lambda: '"err"' in servers.fetch(f"{prometheus.url}/api/v1/rules"))
    for expression in ('ALERTS{alertstate="firing"}', 'lumen_runs_total{exported_job="two"}', 'up{job="gone"} == 0'):
        servers.wait_until(expression, lambda expression=expression: has(prometheus, expression))
    (tmp_path / "lumen.yml").write_text(f"remote-write-url: {prometheus.url}/api/v1/write\n")

    code, rows = doctor("--prometheus-url", prometheus.url, "--config", "lumen.yml")

    told = {check: row[0]["found"] for check, row in rows.items() if row[0]["status"] in {"error", "warning"}}
    assert code == 2
    assert told["running-retention"] == "keeps 15d: counts over 30 days are never known"
    assert told["running-remote-write"] == "takes no remote writes, and lumen.yml has `remote-write-url`"
    assert [row["found"][:44] for row in rows["running-rules"]] == [
        "has no group `lumen` among its rules",
        "cannot evaluate `a:b` of the group `other`: ",
    ]
    assert told["running-alertmanagers"].startswith("knows no Alertmanager")
    assert told["target-down"] == "cannot scrape 127.0.0.1:1 of the job `gone`"
    assert told["telemetry-absent"] == "says that the telemetry of nightly is absent"
    assert told["running-exported-label"] == "has 4 series of Lumen with `exported_job`, from the job `pushgateway`"
    assert told["running-objective"].startswith("nightly: slo.run: 99 % of the 30 runs")
    assert told["honor-labels"].startswith("the job `pushgateway` scrapes a Pushgateway without")
    assert rows["honor-labels"][0]["file"] == f"{prometheus.url} (running configuration)"
    assert told["remote-write"].startswith("runs are remote-written")
    assert rows["no-series"][0]["status"] == "ok"
    # Without honor_labels both publishers have the job of the scrape.
    assert rows["two-publishers"][0]["status"] == "ok"


@pytest.mark.slow
def test_a_pipeline_that_two_jobs_publish_counts_double(running: Running, pushgateway: Server, doctor: Doctor) -> None:
    for job in ("one", "two"):
        push(pushgateway, f"job/{job}", TOTALS.partition("# TYPE lumen_slo")[0])
    prometheus = running(start_prometheus, scraping(pushgateway, honor_labels=True))
    servers.wait_until("both", lambda: has(prometheus, "count(lumen_runs_total) == 2"))
    code, rows = doctor("--prometheus-url", prometheus.url)
    assert code == 2
    assert rows["two-publishers"][0]["found"].startswith("has the totals of nightly / eu 2 times")
    assert rows["running-exported-label"][0]["status"] == "ok"


def test_a_prometheus_without_series_says_so(running: Running, pushgateway: Server, doctor: Doctor) -> None:
    prometheus = running(start_prometheus, scraping(pushgateway, honor_labels=True))
    _, rows = doctor("--prometheus-url", prometheus.url)
    assert rows["no-series"][0]["found"] == "has no series of Lumen"


@pytest.mark.slow
def test_a_set_up_that_is_right_gives_no_finding(
    tmp_path: Path, running: Running, pushgateway: Server, doctor: Doctor, certificate: servers.Certificate
) -> None:
    push(pushgateway, "job/lumen/pipeline/nightly", TOTALS.replace("0.99", "0.95"))
    with alerting.Inbox().open(certificate) as inbox:
        home = tmp_path / "alertmanager"
        home.mkdir()
        alertmanager = running(alerting.start_alertmanager, alerting.rendered(home, inbox))
        config = scraping(pushgateway, honor_labels=True)
        place = urllib.parse.urlsplit(alertmanager.url).netloc
        config["alerting"] = {"alertmanagers": [{"static_configs": [{"targets": [place]}]}]}
        config["rule_files"] = [str(servers.ROOT / "rules" / "prometheus" / "lumen.rules.yml")]
        config["storage"] = {"tsdb": {"out_of_order_time_window": "3h"}}
        flags = ("--storage.tsdb.retention.time=60d", "--web.enable-remote-write-receiver")
        prometheus = running(start_prometheus, config, *flags)
        servers.wait_until("rules are evaluated", lambda: has(prometheus, "lumen:pipeline:last_seen"))
        path = "/api/v1/alertmanagers"
        servers.wait_until("it is found", lambda: place in servers.fetch(f"{prometheus.url}{path}"))
        (tmp_path / "lumen.yml").write_text(f"remote-write-url: {prometheus.url}/api/v1/write\nslo: {{run: 0.95}}\n")
        urls = ("--prometheus-url", prometheus.url, "--alertmanager-url", alertmanager.url)

        code, rows = doctor(*urls, "--pushgateway-url", pushgateway.url, "--config", "lumen.yml", "--probe")

    assert [row for each in rows.values() for row in each if row["status"] not in {"ok", "skipped"}] == []
    assert code == 0
    assert {live.name for live in (*GREETINGS, *LIVE)} <= {
        check for check, row in rows.items() if row[0]["status"] == "ok"
    }
    assert rows["receiver-answers"][0]["status"] == "ok"
    assert rows["rules-outdated"][0]["status"] == "ok"
    assert inbox.mails == inbox.slack == inbox.hooks == []


def test_groups_of_a_run_and_series_without_a_type_are_told(pushgateway: Server, doctor: Doctor) -> None:
    for run in ("1", "2"):
        push(pushgateway, f"job/lumen_daily/run_id/{run}", 'lumen_runs_total{pipeline="daily"} 1\n')
    code, rows = doctor("--pushgateway-url", pushgateway.url)
    assert code == 2
    assert [row["found"] for row in rows["pushed-groups"]] == [
        "has 2 groups with `run_id` in their key: each is a series that never moves",
        "has 1 series without a type, such as lumen_runs_total",
    ]


def test_a_push_that_was_refused_is_told(pushgateway: Server, doctor: Doctor) -> None:
    push(pushgateway, "job/a", "# TYPE lumen_runs_total counter\nlumen_runs_total 1\n")
    push(pushgateway, "job/b", "# TYPE lumen_runs_total gauge\nlumen_runs_total 1\n")
    code, rows = doctor("--pushgateway-url", pushgateway.url)
    assert code == 0
    assert rows["push-refused"][0]["found"] == "refused the last push to the group job=b"


def test_servers_that_do_not_answer_are_75_and_nothing_else_is_asked(doctor: Doctor) -> None:
    nobody = "http://user:pass-w0rd@127.0.0.1:1"
    code, rows = doctor("--prometheus-url", nobody, "--alertmanager-url", nobody, "--pushgateway-url", nobody)
    assert code == 75
    told = {check for check, row in rows.items() if row[0]["status"] == "error"}
    assert told == {"prometheus-answers", "alertmanager-answers", "pushgateway-answers"}
    assert "pass-w0rd" not in json.dumps(rows) + doctor.err
    assert rows["target-down"][0]["status"] == "skipped"


@pytest.mark.parametrize("said", ["[]", "{}", '{"data": [1]}', "null", "<html>"])
def test_a_server_of_another_sort_is_not_misunderstood(doctor: Doctor, said: str) -> None:
    with loopback.answering(lambda request: request.reply(200, {}, said.encode())) as url:
        code, rows = doctor("--prometheus-url", url, "--alertmanager-url", url, "--pushgateway-url", url)
    assert code == 75
    for sort in ("prometheus", "alertmanager", "pushgateway"):
        assert "answered" in rows[f"{sort}-answers"][0]["found"]
        assert rows[f"{sort}-answers"][0]["fix"] == f"start it, or correct `--{sort}-url`"
    assert rows["pushed-groups"][0]["status"] == "skipped"
    assert rows["running-rules"][0]["found"] == "no answer"


@contextlib.contextmanager
def deaf() -> Iterator[int]:
    """Take connections and say nothing, so that TLS never begins."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        taken: list[socket.socket] = []

        def take() -> None:
            with contextlib.suppress(OSError):
                while True:
                    taken.append(server.accept()[0])

        threading.Thread(target=take, daemon=True).start()
        yield server.getsockname()[1]
        for connection in taken:
            connection.close()


def test_probing_reaches_hosts_over_tcp_and_tls_and_sends_nothing(
    tmp_path: Path, doctor: Doctor, certificate: servers.Certificate
) -> None:
    (tmp_path / "hook").write_text("http://127.0.0.1:1/secret-hook\n")
    with servers.Guard("http://127.0.0.1:1", "", certificate).serving() as guard, deaf() as port:
        (tmp_path / "am.yml").write_text(
            f"""\
global: {{smtp_smarthost: '127.0.0.1:{port}'}}
route: {{receiver: a, group_by: [pipeline]}}
receivers:
- name: a
  email_configs: [{{to: a@team.example}}]
  slack_configs:
  - api_url_file: {tmp_path / "hook"}
  webhook_configs:
  - url: {guard.url}/secret-path
  - url: https://127.0.0.1:{port}/
  - {{url: 'https://x.example/', http_config: {{proxy_url: 'http://p.example'}}}}
  - url: '{{{{ .X }}}}'
"""
        )
        code, rows = doctor("--alertmanager-config", "am.yml", "--probe")
    told = [(row["line"], row["found"].partition(" ")[2]) for row in rows["receiver-answers"]]
    assert code == 0
    assert told == [
        (7, f"{_UNREACHED}: Connection refused"),
        (9, f"{_UNREACHED}: its certificate is not trusted: unable to get local issuer certificate"),
        (10, f"{_UNREACHED}: no answer in 3 s"),
    ]
    assert "secret" not in json.dumps(rows["receiver-answers"])
    assert guard.let_in == []

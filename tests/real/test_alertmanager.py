"""Alertmanager on the files we ship: what it accepts, whom it calls, and which alert mutes which."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import alerting
import pytest
import servers
from ruamel.yaml import YAML

from lumen_action.alerting.alerts import WATCHES
from lumen_action.alerting.rendering import Plan, render
from lumen_action.gotemplate import ALERTMANAGER, ALERTMANAGER_0_25, Host, check, defines

FILE = alerting.SHIPPED / "alertmanager.yml"
TEMPLATES = {name: (alerting.SHIPPED / name).read_text() for name in ("lumen.tmpl", "lumen.ko.tmpl")}
CONFIGURATION: dict[str, Any] = YAML(typ="safe").load(FILE)
RECEIVERS = {"page": "page", "ticket": "ticket", "info": "default", "none": "nowhere", "": "default"}
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}

Running = Callable[..., servers.Server]
Labels = Mapping[str, str]


def walk(value: object) -> Iterator[tuple[str, Any]]:
    """Yield every key and its value, however deep."""
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in children:
        yield str(key), child
        yield from walk(child)


def seconds(span: str) -> int:
    return int(span[:-1]) * _UNITS[span[-1]]


def test_amtool_accepts_it_and_finds_its_templates() -> None:
    said = alerting.amtool("check-config", str(FILE))

    assert "SUCCESS" in said
    assert "1 templates" in said


@pytest.mark.parametrize("severity", RECEIVERS)
def test_a_severity_calls_its_receiver(severity: str) -> None:
    labels = [f"severity={severity}"] if severity else ["alertname=SomebodyElses"]
    test = ("config", "routes", "test", f"--config.file={FILE}")

    alerting.amtool(*test, f"--verify.receivers={RECEIVERS[severity]}", "alertname=LumenX", *labels)


def test_every_severity_of_our_alerts_has_a_route() -> None:
    assert {watch.severity for watch in WATCHES} == RECEIVERS.keys() - {""}


def test_every_receiver_is_called_by_a_route() -> None:
    routed = {value for key, value in walk(CONFIGURATION["route"]) if key == "receiver"}

    assert routed == {receiver["name"] for receiver in CONFIGURATION["receivers"]}


def test_the_more_urgent_is_said_sooner_and_again_sooner() -> None:
    routes = [route for route in CONFIGURATION["route"]["routes"] if "group_wait" in route]

    assert [route["receiver"] for route in routes] == ["page", "ticket", "default"]
    for span in ("group_wait", "group_interval", "repeat_interval"):
        spans = [seconds(route[span]) for route in routes]
        assert spans == sorted(set(spans)), span


def test_secrets_stand_in_files_and_no_variable_waits_to_be_expanded() -> None:
    secret = {
        "api_url",
        "slack_api_url",
        "auth_password",
        "smtp_auth_password",
        "credentials",
        "password",
        "bearer_token",
    }
    keys = {key for key, _ in walk(CONFIGURATION)}

    assert keys & secret == set()
    assert {"api_url_file", "smtp_auth_password_file", "credentials_file"} <= keys
    for text in (FILE.read_text(), *TEMPLATES.values()):
        assert re.search(r"\$\{|\$[A-Z]", text) is None


@pytest.mark.parametrize("host", [ALERTMANAGER_0_25, ALERTMANAGER], ids=lambda host: host.name)
@pytest.mark.parametrize("name", TEMPLATES)
def test_templates_use_only_what_old_and_new_alertmanagers_know(name: str, host: Host) -> None:
    assert check(TEMPLATES[name], host) == []
    assert check(TEMPLATES[name] + '{{ .Status | default "firing" }}', host) != []


def test_every_template_that_is_used_is_in_the_listed_file() -> None:
    used = set(re.findall(r'template "([^"]+)"', FILE.read_text() + TEMPLATES["lumen.tmpl"]))

    assert CONFIGURATION["templates"] == ["lumen.tmpl"]
    assert used == set(defines(TEMPLATES["lumen.tmpl"], ALERTMANAGER_0_25))


def test_korean_says_every_word_anew_and_nothing_else() -> None:
    words = {name: re.findall(r'eq \. "(\w+)"', text) for name, text in TEMPLATES.items()}

    assert list(defines(TEMPLATES["lumen.ko.tmpl"], ALERTMANAGER_0_25)) == ["lumen.word"]
    assert words["lumen.tmpl"][: len(words["lumen.ko.tmpl"])] == words["lumen.ko.tmpl"]
    assert all(
        f'"lumen.word" "{word}"' in TEMPLATES["lumen.tmpl"] for word in ("since", "until", "shown", "alertmanager")
    )


@pytest.mark.parametrize("templates", ["[lumen.tmpl]", "[lumen.tmpl, lumen.ko.tmpl]"])
def test_it_starts_on_the_shipped_file_without_a_warning(templates: str, tmp_path: Path) -> None:
    for name, text in TEMPLATES.items():
        (tmp_path / name).write_text(text)
    file = tmp_path / "alertmanager.yml"
    file.write_text(FILE.read_text().replace("templates: [lumen.tmpl]", f"templates: {templates}"))
    alerting.start_alertmanager(tmp_path, file).stop()
    log = (tmp_path / "alertmanager.log").read_text()

    assert "Completed loading of configuration file" in log
    assert [line for line in log.splitlines() if "level=warn" in line or "level=error" in line] == []


EU, US = {"region": "eu"}, {"region": "us"}
BUILD = {"stage": "build"}
RUN = {"slo": "run"}
KINDS: Mapping[str, tuple[str, str, Labels]] = {
    "suppressed": ("LumenSuppressed", "none", {}),
    "pipeline": ("LumenPipelineFailing", "page", {}),
    "region eu": ("LumenRegionFailing", "ticket", EU),
    "stage eu": ("LumenStageFailed", "info", EU | BUILD),
    "stage us": ("LumenStageFailed", "info", US | BUILD),
    "run burns fast": ("LumenBudgetBurn", "page", RUN | {"burn_window": "1h"}),
    "run burns slowly": ("LumenBudgetBurn", "ticket", RUN | {"burn_window": "3d"}),
    "build burns fast": ("LumenBudgetBurn", "page", BUILD | {"slo": "stage", "burn_window": "6h"}),
    "build burns slowly": ("LumenBudgetBurn", "ticket", BUILD | {"slo": "stage", "burn_window": "1d"}),
    "tests burn slowly": ("LumenBudgetBurn", "ticket", {"slo": "stage", "stage": "tests", "burn_window": "1d"}),
    "day lost": ("LumenDayLost", "ticket", {}),
    "exhausted": ("LumenBudgetExhausted", "ticket", RUN),
    "not measurable": ("LumenSLONotMeasurable", "info", RUN),
    "deadline": ("LumenDeadlineMissed", "page", {}),
    "stalled": ("LumenPipelineStalled", "ticket", {}),
    "absent": ("LumenTelemetryAbsent", "ticket", {}),
    "inconsistent": ("LumenCountersInconsistent", "ticket", EU),
    "integrity": ("LumenIntegrityMismatch", "page", {}),
    "unverifiable": ("LumenIntegrityUnverifiable", "ticket", {}),
    "unverified": ("LumenVerificationOverdue", "ticket", {}),
    "restore": ("LumenRestoreFailed", "ticket", {}),
    "undrilled": ("LumenRestoreDrillOverdue", "ticket", {}),
    "report": ("LumenReportNotGenerated", "ticket", {}),
    "storm": ("LumenRerunStorm", "ticket", {}),
    "unacknowledged": ("LumenIncidentUnacknowledged", "page", {"incident": "INC-20260304-031200-ABCD"}),
    "postmortem": ("LumenPostmortemOverdue", "ticket", {"incident": "INC-20260304-031200-ABCD"}),
    "unwell": ("LumenHealthFailing", "ticket", {"component": "registry"}),
    "unlooked": ("LumenHealthStale", "ticket", {"component": "registry"}),
    "expiring": ("LumenCredentialExpiring", "ticket", {"component": "registry"}),
    "untried": ("LumenRunbookUndrilled", "info", {"runbook": "token-expired"}),
    "foreign": ("SomebodyElses", "page", {}),
}
WIDESPREAD = ("LumenWidespreadFailure", "page", {"error_class": "network", "fingerprint": "f00d"})
_BURNS = {name for name in KINDS if "burn" in name}
MUTES: Mapping[str, set[str]] = {
    "suppressed": KINDS.keys() - {"suppressed", "foreign", "exhausted", "unacknowledged"},
    "pipeline": {"region eu", "stage eu", "stage us", *_BURNS},
    "region eu": {"stage eu"},
    "run burns fast": {"run burns slowly"},
    "build burns fast": {"build burns slowly"},
    "absent": {"stalled"},
}


def alert(kind: tuple[str, str, Labels], **more: str) -> dict[str, Any]:
    name, severity, labels = kind
    return {"labels": {"alertname": name, "severity": severity, **labels, **more}}


def muted(server: servers.Server) -> list[Labels]:
    return [each["labels"] for each in alerting.known(server) if each["status"]["inhibitedBy"]]


def test_the_kinds_are_all_of_our_alerts() -> None:
    assert {(name, severity) for name, severity, _ in (*KINDS.values(), WIDESPREAD)} == {
        *((watch.name, watch.severity) for watch in WATCHES),
        ("SomebodyElses", "page"),
    }


def test_an_alert_mutes_what_it_tells_already_and_nothing_else(running: Running) -> None:
    """Post every pair, each as a pipeline of its own, beside a failure that is everywhere."""
    server = running(alerting.start_alertmanager, FILE)
    pairs = [(source, target) for source in KINDS for target in KINDS if source != target]
    alerting.post(server, [alert(WIDESPREAD)])
    for number, pair in enumerate(pairs):
        alerting.post(server, [alert(KINDS[kind], pipeline=f"p{number}") for kind in pair])
    expected = {(source, target) for source, targets in MUTES.items() for target in targets}

    def found() -> set[tuple[str, str]]:
        told = set()
        for labels in muted(server):
            source, target = pairs[int(labels["pipeline"][1:])]
            bare = {key: value for key, value in labels.items() if key != "pipeline"}
            told.add((source, target) if bare == alert(KINDS[target])["labels"] else (target, source))
        return told

    assert len(alerting.known(server)) == 2 * len(pairs) + 1
    servers.wait_until("what is to be muted is", lambda: expected <= found())
    assert found() - expected == set()


def test_a_dead_gateway_is_one_ticket_and_still_mutes_what_cannot_be_seen(running: Running) -> None:
    server = running(alerting.start_alertmanager, FILE)
    lost = [alert(KINDS[kind], pipeline=pipeline) for kind in ("absent", "stalled") for pipeline in ("a", "b")]
    alerting.post(server, [alert(KINDS["absent"], job="pushgateway", instance="gateway.example:9091"), *lost])

    servers.wait_until("all but the gateway is muted", lambda: len(muted(server)) >= len(lost))
    assert {labels["pipeline"] for labels in muted(server)} == {"a", "b"}


def test_a_widespread_failure_does_not_hide_a_pipeline_that_may_fail_for_another_cause(running: Running) -> None:
    server = running(alerting.start_alertmanager, FILE)
    alerting.post(
        server, [alert(WIDESPREAD), alert(KINDS["pipeline"], pipeline="a"), alert(KINDS["region eu"], pipeline="a")]
    )

    servers.wait_until("the region is muted", lambda: bool(muted(server)))
    assert [labels["alertname"] for labels in muted(server)] == ["LumenRegionFailing"]


@pytest.mark.slow
def test_a_suppression_ends_by_itself_and_what_still_fires_is_told_then(
    running: Running, pushgateway: servers.Server, certificate: servers.Certificate, tmp_path: Path
) -> None:
    """Push once: a suppression for some seconds, and totals that do not add up. Nobody takes the suppression back."""
    with alerting.Inbox().open(certificate) as inbox:
        alertmanager = running(
            alerting.start_alertmanager, alerting.rendered(tmp_path, inbox), authority=certificate.authority
        )
        until = time.time() + 12
        body = f"lumen_suppressed_until_timestamp_seconds {until}\nlumen_runs_total 5\nlumen_runs_success_total 1\n"
        body += 'lumen_runs_failed_total{error_class="network"} 1\n'
        alerting.send("PUT", f"{pushgateway.url}/metrics/job/lumen/pipeline/nightly/region/eu", body)
        rules = render(Plan(interval="1s"))["lumen.rules.yml"]
        running(alerting.start_prometheus, alertmanager, rules, pushgateway.url)

        servers.wait_until("the ticket is muted", lambda: [m["severity"] for m in muted(alertmanager)] == ["ticket"])
        assert inbox.hooks == []
        servers.wait_until("the ticket is told", lambda: bool(inbox.hooks))
        assert time.time() >= until
        assert inbox.hooks[0][1]["commonLabels"]["alertname"] == "LumenCountersInconsistent"
        assert "LumenSuppressed" not in json.dumps([inbox.slack, inbox.hooks])

"""What running servers say about themselves, as checks."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

from lumen_action.alerting.checks.everywhere import not_measurable
from lumen_action.alerting.checks.prometheus import RETENTION_DAYS
from lumen_action.alerting.checks.setup import Fault, Finding, Severity
from lumen_action.http import Http, HttpError
from lumen_action.promql.faults import Fault as PromqlFault
from lumen_action.promql.literals import milliseconds
from lumen_action.promserver import Access, Labels, json_of, vector

DEADLINE_SECONDS = 8.0

_DAY_MS = 86_400_000
_RETENTION = re.compile(r"([0-9a-z]+)(?: or .*)?")
_MOST_NAMED = 3


@dataclass(frozen=True)
class Server:
    """A running server, by its URL."""

    url: str
    remote_written: bool = False
    """Runs are written to it as samples."""

    @property
    def name(self) -> str:
        """Return what may be shown of the URL."""
        return self._access.name

    def json(self, path: str, **asked: str) -> Any:  # noqa: ANN401 - an answer of JSON
        """Return an answer; an HttpError says why there is none."""
        with self._client() as client:
            return json_of(client, self._access.request(path, asked), f"GET {self.name}{path}")

    def text(self, path: str) -> str:
        """Return an answer as text."""
        with self._client() as client:
            return client.send(self._access.request(path, {})).body.decode(errors="replace")

    def query(self, expression: str) -> list[tuple[Labels, float]]:
        """Ask a Prometheus for a vector."""
        return vector(self.json("/api/v1/query", query=expression))

    @property
    def _access(self) -> Access:
        return Access(self.url, timeout_seconds=DEADLINE_SECONDS)

    @staticmethod
    def _client() -> closing[Http]:
        return closing(Http(patience_seconds=DEADLINE_SECONDS, tries_again=False))

    def fault(self, found: str, fix: str) -> Fault:
        """Say what is wrong with it."""
        return Fault(self.name, 0, found, fix)


@dataclass(frozen=True)
class LiveCheck:
    """One thing to look for at a server of a sort."""

    name: str
    severity: Severity
    looks_at: str
    sort: str
    look: Callable[[Server], Iterable[Fault]]

    def findings(self, server: Server) -> Iterator[Finding]:
        """Yield what it finds; an HttpError where the server does not answer."""
        with understood(server):
            for fault in self.look(server):
                yield Finding(self.name, self.severity, fault)


@contextmanager
def understood(server: Server) -> Iterator[None]:
    """Turn an answer of another form than expected into an HttpError."""
    try:
        yield
    except (KeyError, TypeError, AttributeError, ValueError):
        raise HttpError(f"{server.name} answered something else than such a server does") from None


def _answers(path: str, option: str, *known_by: str) -> Callable[[Server], Iterator[Fault]]:
    """Ask for what only a server of this sort tells, which stands under these keys."""

    def look(server: Server) -> Iterator[Fault]:
        try:
            with understood(server):
                told = server.json(path)
                for key in known_by:
                    told = told[key]
        except HttpError as fault:
            yield server.fault(str(fault), f"start it, or correct `{option}`")

    return look


def _retention(server: Server) -> Iterator[Fault]:
    told = str(server.json("/api/v1/status/runtimeinfo")["data"].get("storageRetention", ""))
    span = _RETENTION.fullmatch(told)
    try:
        days = milliseconds(span[1], 0) / _DAY_MS if span else RETENTION_DAYS
    except PromqlFault:
        return
    if days < RETENTION_DAYS:
        found = f"keeps {told}: counts over 30 days are never known"
        yield server.fault(found, f"start it with --storage.tsdb.retention.time={RETENTION_DAYS}d or more")


def _receiver(server: Server) -> Iterator[Fault]:
    flags = server.json("/api/v1/status/flags")["data"]
    if server.remote_written and flags.get("web.enable-remote-write-receiver") != "true":
        found = "takes no remote writes, and lumen.yml has `remote-write-url`"
        yield server.fault(found, "start it with --web.enable-remote-write-receiver")


def _rules(server: Server) -> Iterator[Fault]:
    groups = server.json("/api/v1/rules")["data"]["groups"]
    if not any(group["name"] == "lumen" for group in groups):
        yield server.fault("has no group `lumen` among its rules", "add lumen.rules.yml to `rule_files` and reload")
    for group in groups:
        for rule in group["rules"]:
            if rule.get("health") == "err":
                found = f"cannot evaluate `{rule['name']}` of the group `{group['name']}`: {rule.get('lastError')}"
                yield server.fault(found, "mend the rule")


def _alertmanagers(server: Server) -> Iterator[Fault]:
    if not server.json("/api/v1/alertmanagers")["data"]["activeAlertmanagers"]:
        yield server.fault("knows no Alertmanager: its alerts reach nobody", "add `alerting: {alertmanagers: …}`")


def _down(server: Server) -> Iterator[Fault]:
    for labels, _ in server.query("up == 0"):
        found = f"cannot scrape {labels.get('instance', '?')} of the job `{labels.get('job', '?')}`"
        yield server.fault(found, "start the target, or correct its address")


def _series(server: Server) -> Iterator[Fault]:
    if not server.query('count({__name__=~"lumen_.+"})'):
        yield server.fault("has no series of Lumen", "run `lumen publish`, and scrape where it publishes to")


def _telemetry(server: Server) -> Iterator[Fault]:
    for labels, _ in server.query('ALERTS{alertname="LumenTelemetryAbsent",alertstate="firing"}'):
        whose = f" of {labels['pipeline']}" if labels.get("pipeline") else ""
        yield server.fault(f"says that the telemetry{whose} is absent", "run `lumen publish` on a schedule")


def _exported(server: Server) -> Iterator[Fault]:
    for label in ("exported_job", "exported_instance"):
        found = server.query(f'count by (job) ({{__name__=~"lumen_.+",{label}!=""}})')
        for labels, count in found:
            told = f"has {count:.0f} series of Lumen with `{label}`, from the job `{labels.get('job', '')}`"
            yield server.fault(told, "scrape it with `honor_labels: true`")


def _publishers(server: Server) -> Iterator[Fault]:
    sources = "group by (pipeline, region, job, instance) (lumen_runs_total)"
    for labels, count in server.query(f"count by (pipeline, region) ({sources}) > 1"):
        whose = " / ".join(labels[name] for name in ("pipeline", "region") if labels.get(name))
        found = f"has the totals of {whose} {count:.0f} times, from different jobs or instances: they count double"
        yield server.fault(found, "publish a pipeline by one sink, and delete the other's group")


def _objectives(server: Server) -> Iterator[Fault]:
    planned = {labels.get("pipeline"): value for labels, value in server.query("lumen_expected_runs_per_day")}
    for labels, target in server.query("lumen_slo_objective_ratio"):
        slo, pipeline = labels.get("slo", "run"), labels.get("pipeline")
        runs = planned.get(pipeline, 0.0)
        if runs or target >= 1:
            for found, fix in not_measurable(slo, target, runs):
                yield server.fault(f"{pipeline}: {found}", fix)


def _groups(server: Server) -> Iterator[Fault]:
    groups = [
        group for group in server.json("/api/v1/metrics")["data"] if any(name.startswith("lumen_") for name in group)
    ]
    by_run = [group for group in groups if "run_id" in group["labels"]]
    if by_run:
        found = f"has {len(by_run)} groups with `run_id` in their key: each is a series that never moves"
        yield server.fault(found, "publish totals with `lumen publish`, and delete these groups")
    families = [(name, family) for group in groups for name, family in group.items() if name.startswith("lumen_")]
    untyped = sorted({name for name, family in families if family.get("type") == "UNTYPED"})
    if untyped:
        shown = ", ".join(untyped[:_MOST_NAMED])
        yield server.fault(f"has {len(untyped)} series without a type, such as {shown}", "push them with `# TYPE`")


def _pushes(server: Server) -> Iterator[Fault]:
    for group in server.json("/api/v1/metrics")["data"]:
        if group.get("last_push_successful") is False:
            key = ", ".join(f"{name}={value}" for name, value in sorted(group["labels"].items()) if value)
            yield server.fault(f"refused the last push to the group {key}", "see `lumen publish` for the reason")


_ERROR, _WARNING = Severity.ERROR, Severity.WARNING
PROMETHEUS, ALERTMANAGER, PUSHGATEWAY = "prometheus-url", "alertmanager-url", "pushgateway-url"
GREETINGS = (
    LiveCheck(
        "prometheus-answers",
        _ERROR,
        "Prometheus",
        PROMETHEUS,
        _answers("/api/v1/query?query=1", "--prometheus-url", "data", "result"),
    ),
    LiveCheck(
        "alertmanager-answers",
        _ERROR,
        "Alertmanager",
        ALERTMANAGER,
        _answers("/api/v2/status", "--alertmanager-url", "versionInfo"),
    ),
    LiveCheck(
        "pushgateway-answers",
        _ERROR,
        "Pushgateway",
        PUSHGATEWAY,
        _answers("/api/v1/status", "--pushgateway-url", "data", "build_information"),
    ),
)
LIVE = (
    LiveCheck("running-retention", _WARNING, "how long it remembers", PROMETHEUS, _retention),
    LiveCheck("running-remote-write", _ERROR, "whether it takes remote writes", PROMETHEUS, _receiver),
    LiveCheck("running-rules", _ERROR, "whether rules are loaded and evaluate", PROMETHEUS, _rules),
    LiveCheck("running-alertmanagers", _WARNING, "whom it sends alerts to", PROMETHEUS, _alertmanagers),
    LiveCheck("target-down", _WARNING, "targets it cannot scrape", PROMETHEUS, _down),
    LiveCheck("no-series", _ERROR, "whether it has our series", PROMETHEUS, _series),
    LiveCheck("telemetry-absent", _WARNING, "whether LumenTelemetryAbsent fires", PROMETHEUS, _telemetry),
    LiveCheck("running-exported-label", _ERROR, "labels that were renamed", PROMETHEUS, _exported),
    LiveCheck("two-publishers", _ERROR, "pipelines that are published twice", PROMETHEUS, _publishers),
    LiveCheck("running-objective", _WARNING, "objectives that are published", PROMETHEUS, _objectives),
    LiveCheck("pushed-groups", _ERROR, "groups of one run, series without a type", PUSHGATEWAY, _groups),
    LiveCheck("push-refused", _WARNING, "pushes that were refused", PUSHGATEWAY, _pushes),
)

"""Inputs, environment and `lumen.yml` become one value, with every mistake reported together."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lumen_action.errors import ConfigError
from lumen_action.model import Outcome
from lumen_action.rerun import Policy
from lumen_action.settings import parts
from lumen_action.settings.options import OPTIONS, RUN_OPTIONS
from lumen_action.settings.words import checked, config_of, said
from lumen_action.sli.days import Calendar

if TYPE_CHECKING:
    from lumen_action.ops.tickets.options import TicketOptions
    from lumen_action.running.options import RunOptions
    from lumen_action.sinks.otlp import OtlpOptions
    from lumen_action.sinks.pushgateway import PushgatewayOptions
    from lumen_action.sinks.remote_write import RemoteWriteOptions
    from lumen_action.sli.reconciling.missing import Rules
    from lumen_action.sli.schedule import Schedule

__all__ = ["OPTIONS", "RUN_OPTIONS", "Settings", "load_settings"]

_PASSWORD = re.compile(r"\w+:(?:https?:)?//[^/@\s:]*:([^/@\s]+)@")
# How GitLab says it; `running` says nothing of the jobs before, for which a job at the end may speak.
_JOB_STATUSES = {each.value: each for each in Outcome} | {"failed": Outcome.FAILURE, "canceled": Outcome.CANCELLED}


@dataclass(frozen=True)
class Settings:
    """Everything a command needs to know, checked."""

    stage: str = ""
    outcome: Outcome | None = None
    region: str = ""
    pipeline: str = ""
    log_file: str = ""
    error_log: str = ""
    ledger: str = field(default="", repr=False)
    pushgateway: PushgatewayOptions | None = None
    remote_write: RemoteWriteOptions | None = None
    otlp: OtlpOptions | None = None
    textfile_dir: str = ""
    summary: str = "auto"
    fail_on_error: bool = False
    job_id: str = ""
    job_status: Outcome | None = None
    matrix: str = ""
    token: str = field(default="", repr=False)
    gitlab_token: str = field(default="", repr=False)
    run_id: str = ""
    pipeline_version: str = ""
    checks: Mapping[str, bool] = field(default_factory=dict)
    calendar: Calendar = field(default_factory=Calendar)
    timezone: str = "UTC"
    policy: Policy = field(default_factory=Policy)
    side_effects: tuple[str, ...] = ()
    most_failed_jobs: int = 5
    objectives: Mapping[str, float] = field(default_factory=dict)
    expected_runs_per_day: float | None = None
    schedule: Schedule | None = None
    reconcile: Rules | None = None
    consecutive_failures_threshold: int | None = None
    links: Mapping[str, str] = field(default_factory=dict)
    alerts: Mapping[str, Any] = field(default_factory=dict)
    """What is said of the rules: language, labels and the page of the runbooks."""
    report: Mapping[str, str] = field(default_factory=dict)
    """What is said of reports: their language and the font of the PDF."""
    gate: Mapping[str, Any] = field(default_factory=dict)
    """What a team lets changes do; looked at by the gate."""
    archive: Mapping[str, Any] = field(default_factory=dict)
    """What is said of archives: stores, folder, recipients, what is kept and locked."""
    mail: Mapping[str, Any] = field(default_factory=dict)
    """What is said of the mail server; looked at by who sends mail, so that no other command fails by it."""
    notify: Mapping[str, Any] = field(default_factory=dict)
    """What is said of messages and of the channels that take them; looked at by who sends them."""
    incidents: Mapping[str, Any] = field(default_factory=dict)
    """What opens incidents, where they are mirrored, how long a postmortem may take."""
    oncall: Mapping[str, str] = field(default_factory=dict)
    runbooks: Mapping[str, Any] = field(default_factory=dict)
    health: Mapping[str, str] = field(default_factory=dict)
    grafana: Mapping[str, str] = field(default_factory=dict)
    prometheus: Mapping[str, Any] = field(default_factory=dict)
    """Where objectives are asked for; looked at by who asks."""
    tickets: TicketOptions | None = None
    running: RunOptions | None = None

    @property
    def secrets(self) -> tuple[str, ...]:
        """Return every secret we were given, to be redacted."""
        webhook = self.tickets.webhook_secret if self.tickets else ""
        return tuple(word for word in (self.token, self.gitlab_token, webhook, *self.push_secrets) if word)

    @property
    def push_secrets(self) -> tuple[str, ...]:
        """Return the secrets of sinks and ledger, which the CI does not know to be secret."""
        sinks = (self.pushgateway, self.remote_write, self.otlp)
        password = _PASSWORD.match(self.ledger)
        return (*(word for sink in sinks if sink for word in sink.secrets), *([password[1]] if password else ()))

    @property
    def has_sinks(self) -> bool:
        """Tell whether there is anywhere to publish."""
        return bool(self.pushgateway or self.remote_write or self.otlp or self.textfile_dir)


def load_settings(
    given: Mapping[str, str | None], env: Mapping[str, str], folder: Path, *, required: tuple[str, ...] = ()
) -> Settings:
    """Combine options, environment and file in this order; a ConfigError carries every mistake."""
    problems: list[str] = []
    config = config_of(said(OPTIONS["config"], given, env, {})[0], folder, problems)
    words: dict[str, str] = {}
    for option in OPTIONS.values():
        text, origin = said(option, given, env, config)
        words[option.name] = checked(option, text, origin, problems)
        if option.name in required and not text:
            problems.append(f"{option.name}: is missing; write `{option.name}: {option.example}`")
    settings = _settings(words, config, env, problems)
    if problems:
        raise ConfigError(problems)
    return settings


def _settings(
    words: Mapping[str, str], config: Mapping[str, Any], env: Mapping[str, str], problems: list[str]
) -> Settings:
    zone_name = str(config.get("timezone", "UTC"))
    return Settings(
        stage=words["stage"],
        outcome=Outcome(words["outcome"]) if words["outcome"] else None,
        region=words["region"],
        pipeline=words["pipeline"],
        log_file=words["log-file"],
        error_log=words["error-log"],
        ledger=words["ledger"],
        pushgateway=parts.pushgateway(words["pushgateway-url"], config, env, problems),
        remote_write=parts.remote_write(words["remote-write-url"], config, env, problems),
        otlp=parts.otlp(words["otlp-url"], env, problems),
        textfile_dir=parts.textfile_dir(words["textfile-dir"], problems),
        summary=words["summary"] or "auto",
        fail_on_error=words["fail-on-error"] == "true",
        job_id=words["job-id"],
        job_status=_JOB_STATUSES.get(words["job-status"]),
        matrix=words["matrix"],
        token=words["token"],
        gitlab_token=env.get("LUMEN_GITLAB_TOKEN", ""),
        run_id=words["run-id"],
        pipeline_version=words["pipeline-version"],
        checks={
            name: words[option] == "true"
            for name, option in (("integrity", "integrity-ok"), ("report", "report-ok"))
            if words[option]
        },
        calendar=Calendar(parts.zone(zone_name, problems)),
        timezone=zone_name,
        policy=parts.policy(config),
        side_effects=config.get("rerun.side-effects", ()),
        most_failed_jobs=config.get("rerun.most-failed-jobs", 5),
        objectives={name.replace("-", "_"): ratio for name, ratio in parts.section(config, "slo").items()},
        expected_runs_per_day=config.get("expected-runs-per-day"),
        schedule=parts.schedule(config),
        reconcile=parts.rules(config),
        consecutive_failures_threshold=config.get("consecutive-failures-threshold"),
        links=parts.section(config, "links"),
        alerts=parts.section(config, "alerts"),
        report=parts.section(config, "report"),
        gate=parts.section(config, "gate"),
        archive=parts.section(config, "archive"),
        mail=parts.section(config, "mail"),
        notify=parts.section(config, "notify"),
        incidents=parts.section(config, "incidents"),
        oncall=parts.section(config, "oncall"),
        runbooks=parts.section(config, "runbooks"),
        health=parts.section(config, "health"),
        grafana=parts.section(config, "grafana"),
        prometheus=parts.prometheus(config),
        tickets=parts.tickets(config, env),
        running=parts.running(words, problems),
    )

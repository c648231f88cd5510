"""Inputs, environment and `lumen.yml` become one value, with every mistake reported together."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timezone, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lumen_action.errors import ConfigError
from lumen_action.model import Outcome
from lumen_action.rerun import Policy
from lumen_action.sli.days import Calendar

if TYPE_CHECKING:
    from lumen_action.ops.tickets.options import TicketOptions
    from lumen_action.running.options import RunOptions
    from lumen_action.sinks.otlp import OtlpOptions
    from lumen_action.sinks.pushgateway import PushgatewayOptions
    from lumen_action.sinks.remote_write import RemoteWriteOptions
    from lumen_action.sli.reconciling.missing import Rules
    from lumen_action.sli.schedule import Schedule

Problems = list[str]
_OUTCOMES = tuple(outcome.value for outcome in Outcome)
DEFAULT_CONFIG = "lumen.yml"


@dataclass(frozen=True)
class Option:
    """One setting a person can give: as an option, an Action input, an environment name or in `lumen.yml`."""

    name: str
    help: str
    example: str
    seed: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    in_config: bool = False
    flag: bool = False

    @property
    def variables(self) -> tuple[str, ...]:
        """Return the environment names that are asked in turn; the Action's input comes first."""
        plain = self.name.upper().replace("-", "_")
        return (f"LUMEN_INPUT_{plain}", f"LUMEN_{plain}", *self.seed)


OPTIONS: Mapping[str, Option] = {
    option.name: option
    for option in (
        Option("stage", "the stage that just ended, or `run` for the whole pipeline", "build"),
        Option("outcome", "how it ended; default: the job's status", "failure", choices=_OUTCOMES),
        Option("region", "where it ran", "eu-west-1", in_config=True),
        Option("pipeline", "the pipeline's name", "nightly", in_config=True),
        Option("log-file", "the log of a failed stage", "build.log"),
        Option("error-log", "the last error as text, when there is no file", "curl: (6) …", seed=("LUMEN_LAST_ERROR",)),
        Option("config", "configuration file", DEFAULT_CONFIG),
        Option("ledger", "where facts are kept", "sqlite:/var/lib/lumen/ledger.db", in_config=True),
        Option("pushgateway-url", "where totals are pushed", "http://push:9091", ("PUSHGATEWAY_URL",), in_config=True),
        Option("remote-write-url", "where totals are appended", "https://mimir.example/api/v1/push", in_config=True),
        Option("otlp-url", "OTLP/HTTP receiver of the totals", "http://collector:4318", in_config=True),
        Option("textfile-dir", "folder of node_exporter's textfile collector", "/var/lib/textfile", in_config=True),
        Option("summary", "how much to write", "auto", choices=("auto", "full", "off"), in_config=True),
        Option("fail-on-error", "fail when something outside fails", "false", in_config=True, flag=True),
        Option("job-id", "id of the job", "9876543210"),
        Option("job-status", "status of the job so far", "failure", seed=("CI_JOB_STATUS",)),
        Option("matrix", "matrix of the job as JSON", '{"region": "eu"}'),
        Option("token", "token for the CI's API", "(a secret)"),
        Option("run-id", "name of the run", "20260102-eu-1a2b3c4"),
        Option("pipeline-version", "version of the pipeline", "1.4.0"),
        Option("integrity-ok", "whether the remote copy was verified", "true", flag=True),
        Option("report-ok", "whether the report was generated", "true", flag=True),
        Option("run", "the script that is the stage, in place of a command", "make build"),
        Option("shell", "the shell of the scripts", "bash"),
        Option("retries", "how often a transient failure is tried again", "2"),
        Option("backoff", "seconds before each retry", "5,30"),
        Option("timeout", "how long one try may take", "10m"),
        Option("deadline", "how long all tries may take, waiting included", "30m"),
        Option("budget", "how many retries a pipeline may have in a day", "20/day"),
        Option("cleanup", "a script between two tries", "docker compose down"),
        Option("retry-on", "what else is tried again: timeout, error, any", "transient,timeout"),
        Option("retry-exit-codes", "exit codes that are tried again whatever the log says", "75,110"),
        Option("retry-run", "the script of every try but the first", "make build-again"),
        Option("stop-signal", "what a command whose time is over is sent first", "TERM"),
        Option("grace", "how long it may take to end before it is killed", "5"),
        Option("continue-on-error", "succeed whatever the command's exit code", "false", flag=True),
        Option("transient-exit-code", "exit code for a failure that is worth another run", "75"),
    )
}


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
    consecutive_failures_threshold: int = 2
    links: Mapping[str, str] = field(default_factory=dict)
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
    problems: Problems = []
    config = _config(_said(OPTIONS["config"], given, env, {})[0], folder, problems)
    words: dict[str, str] = {}
    for option in OPTIONS.values():
        text, origin = _said(option, given, env, config)
        words[option.name] = _checked(option, text, origin, problems)
        if option.name in required and not text:
            problems.append(f"{option.name}: is missing; write `{option.name}: {option.example}`")
    settings = _settings(words, config, env, problems)
    if problems:
        raise ConfigError(problems)
    return settings


# The environment names of older scripts say yes and no in digits.
_SEED_FLAGS = {"1": "true", "0": "false"}


def _said(
    option: Option, given: Mapping[str, str | None], env: Mapping[str, str], config: Mapping[str, Any]
) -> tuple[str, str]:
    """Return what was said first and by whom; an empty word says nothing."""
    if given.get(option.name):
        return str(given[option.name]), option.name
    for variable in option.variables:
        if env.get(variable):
            word = _SEED_FLAGS.get(env[variable], env[variable]) if option.flag else env[variable]
            return word, option.name if variable.startswith("LUMEN_INPUT_") else variable
    if option.in_config and config.get(option.name):
        return str(config[option.name]), f"{DEFAULT_CONFIG}: {option.name}"
    return "", option.name


def _config(path: str, folder: Path, problems: Problems) -> dict[str, Any]:
    file = folder / (path or DEFAULT_CONFIG)
    if not path and not file.exists():
        return {}
    # Both are needed only where a file is present.
    from lumen_action.configfile import read_config
    from lumen_action.yamlite import load

    try:
        document = load(file.read_text(encoding="utf-8-sig"), file.name)
    except ConfigError as fault:
        problems.extend(fault.problems)
        return {}
    except (OSError, UnicodeDecodeError) as fault:
        why = getattr(fault, "strerror", None) or "is not UTF-8 text"
        problems.append(
            f"config: cannot read {path or DEFAULT_CONFIG}: {why}; give the path of a YAML file or leave it out"
        )
        return {}
    return read_config(document, file.name, problems)


# How GitLab says it; `running` says nothing of the jobs before, for which a job at the end may speak.
_GITLAB_STATUSES = {"failed": "failure", "canceled": "cancelled"}


def _job_status(word: str) -> Outcome | None:
    word = _GITLAB_STATUSES.get(word, word)
    return Outcome(word) if word in _OUTCOMES else None


# What is refused is quoted, and a URL of another kind of ledger may hold a password.
_USERINFO = re.compile(r"//[^/\s]*@")
_PASSWORD = re.compile(r"\w+:(?:https?:)?//[^/@\s:]*:([^/@\s]+)@")
_LABEL = re.compile(r"[^\x00-\x1f\x7f-\x9f\u2028\u2029]{1,100}\Z")


_LEDGERS = {
    "sqlite": "sqlite:PATH",
    "git": "git:REMOTE",
    "s3": "s3://BUCKET/PREFIX",
    "postgresql": "postgresql://USER@HOST/DATABASE",
    "postgres": "postgres://USER@HOST/DATABASE",
    "pushgateway": "pushgateway:URL",
}


def _stage_word(text: str) -> str | None:
    return None if re.fullmatch(r"[a-z0-9_-]{1,40}", text) else "expected 1 to 40 of a-z, 0-9, _ and -"


def _label(text: str) -> str | None:
    return None if _LABEL.match(text) and text.strip() == text else "expected 1 to 100 printable characters"


def _ledger_url(text: str) -> str | None:
    scheme, _, rest = text.partition(":")
    known = scheme in _LEDGERS and (rest or scheme == "postgresql")
    return None if known else f"expected {', '.join(f'`{each}`' for each in _LEDGERS.values())}"


_CHECKS: Mapping[str, Callable[[str], str | None]] = {
    "stage": _stage_word,
    "region": _label,
    "pipeline": _label,
    "run-id": _label,
    "pipeline-version": _label,
    "ledger": _ledger_url,
}


def _checked(option: Option, text: str, origin: str, problems: Problems) -> str:
    """Return the word, or nothing after noting what is wrong with it."""
    if not text:
        return ""
    fault = None
    if option.choices and text not in option.choices:
        fault = f"expected one of {', '.join(option.choices)}"
    elif option.flag and text not in ("true", "false"):
        fault = "expected `true` or `false`"
    elif option.name in _CHECKS:
        fault = _CHECKS[option.name](text)
    if fault is None:
        return text
    text = _USERINFO.sub("//***@", text)
    shown = text if len(text) <= 60 else f"{text[:60]}…"  # noqa: PLR2004 - what fits on a line
    problems.append(f"{origin}: `{shown}` is not allowed, {fault}; write `{option.name}: {option.example}`")
    return ""


def _zone(name: str, problems: Problems) -> tzinfo:
    if name == "UTC":
        return timezone.utc
    from zoneinfo import ZoneInfo

    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        problems.append(
            f"{DEFAULT_CONFIG}: timezone: `{name}` is not known on this machine; write `timezone: Asia/Seoul`, "
            "and on Windows or a slim image install the package tzdata"
        )
        return timezone.utc


def _pushgateway(
    url: str, config: Mapping[str, Any], env: Mapping[str, str], problems: Problems
) -> PushgatewayOptions | None:
    """Return how to reach the Pushgateway; its secrets come from the environment only."""
    if not url:
        return None
    from lumen_action.sinks.pushgateway import PushgatewayOptions
    from lumen_action.sinks.pushgateway import problems as faults

    options = PushgatewayOptions(
        url=url,
        user=env.get("LUMEN_PUSHGATEWAY_USER") or str(config.get("pushgateway.user", "")),
        password=env.get("LUMEN_PUSHGATEWAY_PASSWORD", ""),
        token=env.get("LUMEN_PUSHGATEWAY_TOKEN", ""),
        ca_file=env.get("LUMEN_PUSHGATEWAY_CA_FILE") or config.get("pushgateway.ca-file"),
        timeout_seconds=float(config.get("pushgateway.timeout-seconds", 10)),
    )
    problems.extend(faults(options))
    return options


def _remote_write(
    url: str, config: Mapping[str, Any], env: Mapping[str, str], problems: Problems
) -> RemoteWriteOptions | None:
    """Return how to append samples; the token comes from the environment only."""
    if not url:
        return None
    from lumen_action.sinks.remote_write import RemoteWriteOptions
    from lumen_action.sinks.remote_write import problems as faults

    options = RemoteWriteOptions(
        url=url,
        token=env.get("LUMEN_REMOTE_WRITE_TOKEN", ""),
        headers=config.get("remote-write.headers", {}),
        ca_file=config.get("remote-write.ca-file"),
        timeout_seconds=float(config.get("remote-write.timeout-seconds", 10)),
        window_seconds=float(config.get("remote-write.window-seconds", 3600)),
    )
    problems.extend(faults(options))
    return options


def _otlp(url: str, env: Mapping[str, str], problems: Problems) -> OtlpOptions | None:
    """Return how to send to an OTLP receiver, also to one that is set up for everything in the job."""
    if not url and not env.get("OTEL_EXPORTER_OTLP_ENDPOINT"):
        return None
    from lumen_action.sinks.otlp import options_from
    from lumen_action.sinks.otlp import problems as faults

    options = options_from(env, url)
    problems.extend(faults(options) if options else [])
    return options


def _textfile_dir(folder: str, problems: Problems) -> str:
    if folder:
        from lumen_action.sinks.textfile import problems as faults

        problems.extend(faults(folder))
    return folder


def _policy(config: Mapping[str, Any]) -> Policy:
    names = {
        "max_retries": "rerun.max-retries",
        "backoff_seconds": "rerun.backoff",
        "longest_wait_seconds": "rerun.longest-wait",
        "scopes": "rerun.scopes",
        "retries_per_day": "rerun.budget",
    }
    return Policy(**{name: config[key] for name, key in names.items() if key in config})


# The options of `run` alone; a test holds them against those that it reads.
_NAMES = tuple(OPTIONS)
RUN_OPTIONS = _NAMES[_NAMES.index("run") : _NAMES.index("transient-exit-code") + 1]


def _running(words: Mapping[str, str], problems: Problems) -> RunOptions | None:
    if not any(words[name] for name in RUN_OPTIONS):
        return None
    from lumen_action.running.options import read_options

    return read_options(words, problems)


def _schedule(config: Mapping[str, Any]) -> Schedule | None:
    crons, times = config.get("expected.cron", ()), config.get("expected.times", ())
    if not crons and not times:
        return None
    from lumen_action.sli.schedule import Schedule

    return Schedule(crons, times, frozenset(config.get("expected.holidays", ())))


def _rules(config: Mapping[str, Any]) -> Rules | None:
    said = _section(config, "reconcile")
    if not said:
        return None
    from lumen_action.sli.reconciling.missing import Rules

    return Rules(said.get("workflows", {}), said.get("regions", {}), said.get("ignore", ()))


def _tickets(config: Mapping[str, Any], env: Mapping[str, str]) -> TicketOptions | None:
    """Return what is said about tickets; the secret of a webhook comes from the environment only."""
    said, secret = _section(config, "tickets"), env.get("LUMEN_WEBHOOK_SECRET", "")
    if not said and not secret:
        return None
    from lumen_action.ops.tickets.options import TicketOptions

    return TicketOptions(**{name.replace("-", "_"): value for name, value in said.items()}, webhook_secret=secret)


def _section(config: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {key.partition(".")[2]: value for key, value in config.items() if key.startswith(f"{name}.")}


def _settings(
    words: Mapping[str, str], config: Mapping[str, Any], env: Mapping[str, str], problems: Problems
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
        pushgateway=_pushgateway(words["pushgateway-url"], config, env, problems),
        remote_write=_remote_write(words["remote-write-url"], config, env, problems),
        otlp=_otlp(words["otlp-url"], env, problems),
        textfile_dir=_textfile_dir(words["textfile-dir"], problems),
        summary=words["summary"] or "auto",
        fail_on_error=words["fail-on-error"] == "true",
        job_id=words["job-id"],
        job_status=_job_status(words["job-status"]),
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
        calendar=Calendar(_zone(zone_name, problems)),
        timezone=zone_name,
        policy=_policy(config),
        side_effects=config.get("rerun.side-effects", ()),
        most_failed_jobs=config.get("rerun.most-failed-jobs", 5),
        objectives=_section(config, "slo"),
        expected_runs_per_day=config.get("expected-runs-per-day"),
        schedule=_schedule(config),
        reconcile=_rules(config),
        consecutive_failures_threshold=config.get("consecutive-failures-threshold", 2),
        links=_section(config, "links"),
        tickets=_tickets(config, env),
        running=_running(words, problems),
    )

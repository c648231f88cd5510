"""What the parts of the program are told by `lumen.yml` and the environment; each part is imported where it is set."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timezone, tzinfo
from typing import TYPE_CHECKING, Any

from lumen_action.rerun import Policy
from lumen_action.settings.options import DEFAULT_CONFIG, RUN_OPTIONS

if TYPE_CHECKING:
    from lumen_action.ops.tickets.options import TicketOptions
    from lumen_action.running.options import RunOptions
    from lumen_action.sinks.otlp import OtlpOptions
    from lumen_action.sinks.pushgateway import PushgatewayOptions
    from lumen_action.sinks.remote_write import RemoteWriteOptions
    from lumen_action.sli.reconciling.missing import Rules
    from lumen_action.sli.schedule import Schedule

Config = Mapping[str, Any]
Environment = Mapping[str, str]

# What the environment says in place of the file; no secret has a key in the file.
_PUSHGATEWAY = {
    "user": "LUMEN_PUSHGATEWAY_USER",
    "password": "LUMEN_PUSHGATEWAY_PASSWORD",
    "token": "LUMEN_PUSHGATEWAY_TOKEN",
    "ca_file": "LUMEN_PUSHGATEWAY_CA_FILE",
}
_REMOTE_WRITE = {"token": "LUMEN_REMOTE_WRITE_TOKEN"}
_TICKETS = {"webhook_secret": "LUMEN_WEBHOOK_SECRET"}
_POLICY = {
    "max_retries": "rerun.max-retries",
    "backoff_seconds": "rerun.backoff",
    "longest_wait_seconds": "rerun.longest-wait",
    "scopes": "rerun.scopes",
    "retries_per_day": "rerun.budget",
}


def section(config: Config, name: str) -> dict[str, Any]:
    """Return what a section of `lumen.yml` says."""
    return {key.partition(".")[2]: value for key, value in config.items() if key.startswith(f"{name}.")}


def _fields(config: Config, name: str, env: Environment, variables: Mapping[str, str]) -> dict[str, Any]:
    """Return the fields that a section of `lumen.yml` fills, and those that the environment does."""
    in_file = {key.replace("-", "_"): value for key, value in section(config, name).items()}
    return in_file | {field: env[variable] for field, variable in variables.items() if env.get(variable)}


def pushgateway(url: str, config: Config, env: Environment, problems: list[str]) -> PushgatewayOptions | None:
    """Return how to reach the Pushgateway."""
    if not url:
        return None
    from lumen_action.sinks import pushgateway as sink

    options = sink.PushgatewayOptions(url, **_fields(config, "pushgateway", env, _PUSHGATEWAY))
    problems.extend(sink.problems(options))
    return options


def remote_write(url: str, config: Config, env: Environment, problems: list[str]) -> RemoteWriteOptions | None:
    """Return how to append samples."""
    if not url:
        return None
    from lumen_action.sinks import remote_write as sink

    options = sink.RemoteWriteOptions(url, **_fields(config, "remote-write", env, _REMOTE_WRITE))
    problems.extend(sink.problems(options))
    return options


def otlp(url: str, env: Environment, problems: list[str]) -> OtlpOptions | None:
    """Return how to send to an OTLP receiver, also to one that is set up for everything in the job."""
    if not url and not env.get("OTEL_EXPORTER_OTLP_ENDPOINT"):
        return None
    from lumen_action.sinks import otlp as sink

    options = sink.options_from(env, url)
    problems.extend(sink.problems(options) if options else [])
    return options


def textfile_dir(folder: str, problems: list[str]) -> str:
    """Return the folder of textfiles."""
    if folder:
        from lumen_action.sinks import textfile as sink

        problems.extend(sink.problems(folder))
    return folder


def policy(config: Config) -> Policy:
    """Return when something is tried again."""
    return Policy(**{name: config[key] for name, key in _POLICY.items() if key in config})


def running(words: Mapping[str, str], problems: list[str]) -> RunOptions | None:
    """Return how a command is run, None where nothing is said of it."""
    if not any(words[name] for name in RUN_OPTIONS):
        return None
    from lumen_action.running.options import read_options

    return read_options(words, problems)


def schedule(config: Config) -> Schedule | None:
    """Return when runs are expected."""
    crons, times = config.get("expected.cron", ()), config.get("expected.times", ())
    if not crons and not times:
        return None
    from lumen_action.sli.schedule import Schedule

    patience = {"patience_minutes": config[key]} if (key := "expected.patience-minutes") in config else {}
    return Schedule(crons, times, frozenset(config.get("expected.holidays", ())), **patience)


def rules(config: Config) -> Rules | None:
    """Return which jobs belong to which pipeline and region."""
    told = section(config, "reconcile")
    if not told:
        return None
    from lumen_action.sli.reconciling.missing import Rules

    return Rules(told.get("workflows", {}), told.get("regions", {}), told.get("ignore", ()))


def tickets(config: Config, env: Environment) -> TicketOptions | None:
    """Return what is told about tickets."""
    told = _fields(config, "tickets", env, _TICKETS)
    if not told:
        return None
    from lumen_action.ops.tickets.options import TicketOptions

    return TicketOptions(**told)


def prometheus(config: Config) -> dict[str, Any]:
    """Return what the file says of the Prometheus that objectives are asked of."""
    url = {"url": config["prometheus-url"]} if "prometheus-url" in config else {}
    return section(config, "prometheus") | url


def zone(name: str, problems: list[str]) -> tzinfo:
    """Return the time zone of a name."""
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

"""`lumen.yml`: what it may say, as one table, and reading it with every mistake reported together."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, time
from difflib import get_close_matches
from typing import Any

from lumen_action.errors import shown
from lumen_action.model import ErrorClass, Scope

Problems = list[str]
# What Prometheus takes, but for the names that our alerts set themselves.
_LABEL_NAME = re.compile(r"(?!(?:alertname|severity|burn_window)\Z)(?!__)[A-Za-z_][A-Za-z0-9_]*\Z")


@dataclass(frozen=True)
class Key:
    """One key of the file: how to read its value, what it should look like, and an example to paste."""

    read: Callable[[Any], Any]
    wants: str
    example: str


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError
    return value


def _flag(value: object) -> str:
    if not isinstance(value, bool):
        raise ValueError
    return str(value).lower()


def _whole(low: int, high: int) -> Callable[[Any], int]:
    def read(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise ValueError
        return value

    return read


def _positive(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not value > 0:
        raise ValueError
    return float(value)


def _ratio(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < 1:
        raise ValueError
    return float(value)


def _seconds_list(value: object) -> tuple[int, ...]:
    if not isinstance(value, list) or not value:
        raise ValueError
    return tuple(_whole(0, 86_400)(item) for item in value)


def _texts(check: Callable[[str], object]) -> Callable[[Any], tuple[Any, ...]]:
    """Return what reads a list of texts, each by a function that raises a ValueError."""

    def read(value: object) -> tuple[Any, ...]:
        if not isinstance(value, list) or not value or not all(isinstance(each, str) for each in value):
            raise ValueError
        return tuple(check(each) for each in value)

    return read


def _language(value: object) -> str:
    language = _text(value)
    if language not in {"en", "ko"}:
        raise ValueError
    return language


def _headers(value: object) -> dict[str, str]:
    if not isinstance(value, dict) or not value or not all(isinstance(each, str) for each in value.values()):
        raise ValueError
    return {str(name): each for name, each in value.items()}


def _names(value: object) -> dict[str, str]:
    if not isinstance(value, dict) or not value:
        raise ValueError
    return {_text(name): _text(each) for name, each in value.items()}


def _map(value: object) -> dict[Any, Any]:
    if not isinstance(value, dict) or not value:
        raise ValueError
    return value


def _label_names(value: object) -> dict[str, str]:
    labels = _names(value)
    if not all(_LABEL_NAME.match(name) for name in labels):
        raise ValueError
    return labels


def _one_of(*words: str) -> Callable[[Any], str]:
    def read(value: object) -> str:
        if value not in words:
            raise ValueError
        return str(value)

    return read


def _length(value: object) -> int:
    from lumen_action.gate.policy import length_ms

    length = length_ms(_text(value))
    if length is None:
        raise ValueError
    return length


def _length_or(*words: str) -> Callable[[Any], Any]:
    def read(value: object) -> object:
        return value if value in words else _length(value)

    return read


_INCIDENT_RULES = ("day-lost", "widespread", "budget-exhausted", "sla-breach")


def _incident_rule(text: str) -> str:
    if text not in _INCIDENT_RULES:
        raise ValueError
    return text


def _hours(value: object) -> object:
    from lumen_action.ops.notify.quiet import hours_of

    return hours_of(_text(value))


def _weekdays(value: object) -> object:
    from lumen_action.ops.notify.quiet import days_of

    return days_of(_texts(_text)(value))


def _changes(value: object) -> dict[Any, Any]:
    from lumen_action.gate.policy import kinds_of

    if not isinstance(value, dict) or not value:
        raise ValueError
    return dict(kinds_of({_text(name): _text(word) for name, word in value.items()}))


def _dashboard(value: object) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"[A-Za-z0-9_-]{1,40}", value):
        raise ValueError
    return value


def _cron(text: str) -> object:
    # Few files have one, and settings are read by every stage.
    from lumen_action.sli.schedule import Cron

    return Cron.parse(text)


def _date(text: str) -> str:
    return date.fromisoformat(text).isoformat()


def _url(value: object) -> str:
    if not isinstance(value, str) or not value.startswith(("https://", "http://")):
        raise ValueError
    return value


def _tracker(value: object) -> str:
    return str(value) if value in ("github", "gitlab") else _url(value)


def _class_name(text: str) -> str:
    if text.partition("/")[0] not in {item.value for item in ErrorClass}:
        raise ValueError
    return text


def _people(value: object) -> dict[str, tuple[str, ...]]:
    if not isinstance(value, dict) or not value:
        raise ValueError
    return {_class_name(str(name)): _texts(_person)(names) for name, names in value.items()}


def _person(text: str) -> str:
    name = text.removeprefix("@")
    if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}", name):
        raise ValueError
    return name


def _ticket_label(text: str) -> str:
    # A comma would make two labels of one in GitLab; GitHub takes 50 characters.
    if not re.fullmatch(r"[^,\x00-\x1f]{1,50}", text.strip()):
        raise ValueError
    return text.strip()


def _scope_rows(value: object) -> dict[str, Scope]:
    if not isinstance(value, dict):
        raise ValueError
    classes = {item.value for item in ErrorClass}
    if any(str(name).partition("/")[0] not in classes for name in value):
        raise ValueError
    return {name: Scope(word) for name, word in value.items()}


_CLASSES = ", ".join(item.value for item in ErrorClass)

KEYS: Mapping[str, Key] = {
    "pipeline": Key(_text, "a name", "nightly"),
    "region": Key(_text, "a name", "eu-west-1"),
    "timezone": Key(_text, "an IANA time zone", "Asia/Seoul"),
    "ledger": Key(_text, "a ledger URL", "sqlite:/var/lib/lumen/ledger.db"),
    "pushgateway-url": Key(_url, "an http or https URL", "https://push.example.com"),
    "textfile-dir": Key(_text, "a folder", "/var/lib/node_exporter/textfile"),
    "summary": Key(_text, "auto, full or off", "auto"),
    "fail-on-error": Key(_flag, "true or false", "false"),
    "expected.cron": Key(_texts(_cron), "a list of cron expressions in UTC", '["0 2 * * 1-5"]'),
    "expected.times": Key(_texts(time.fromisoformat), "a list of times in the pipeline's zone", '["02:00"]'),
    "expected.holidays": Key(_texts(_date), "a list of days", '["2026-12-25"]'),
    "expected.patience-minutes": Key(_whole(1, 10_080), "a whole number of minutes from 1 to 10080", "180"),
    "expected-runs-per-day": Key(_positive, "a number above 0", "1"),
    "consecutive-failures-threshold": Key(_whole(1, 1000), "a whole number from 1", "2"),
    "pushgateway.user": Key(_text, "a name", "lumen"),
    "pushgateway.ca-file": Key(_text, "a file", "/etc/ssl/private-ca.pem"),
    "pushgateway.timeout-seconds": Key(_positive, "a number above 0", "10"),
    "remote-write-url": Key(_url, "an http or https URL", "https://mimir.example/api/v1/push"),
    "remote-write.headers": Key(_headers, "a map of headers", "{X-Scope-OrgID: team-a}"),
    "remote-write.ca-file": Key(_text, "a file", "/etc/ssl/private-ca.pem"),
    "remote-write.timeout-seconds": Key(_positive, "a number above 0", "10"),
    "remote-write.window-seconds": Key(_positive, "a number above 0", "3600"),
    "prometheus-url": Key(_url, "an http or https URL", "https://prometheus.example"),
    "prometheus.headers": Key(_headers, "a map of headers", "{X-Scope-OrgID: team-a}"),
    "prometheus.ca-file": Key(_text, "a file", "/etc/ssl/private-ca.pem"),
    "otlp-url": Key(_url, "an http or https URL", "http://collector:4318"),
    "rerun.max-retries": Key(_whole(0, 10), "a whole number from 0 to 10", "2"),
    "rerun.backoff": Key(_seconds_list, "a list of seconds", "[5, 30]"),
    "rerun.longest-wait": Key(_whole(0, 86_400), "seconds from 0 to 86400", "3600"),
    "rerun.budget": Key(_whole(0, 100_000), "a whole number of retries a day", "20"),
    "rerun.side-effects": Key(_texts(_text), "a list of patterns of job names", '["deploy*"]'),
    "rerun.most-failed-jobs": Key(_whole(1, 10), "a whole number from 1 to 10", "5"),
    "rerun.scopes": Key(
        _scope_rows,
        f"a map from class or class/subclass to none, step, job or delayed; the classes are {_CLASSES}",
        '{"network/dns": none}',
    ),
    "reconcile.workflows": Key(_names, "a map from workflow to pipeline", "{nightly.yml: nightly}"),
    "reconcile.regions": Key(_names, "a map from a pattern of job names to region", '{"Report (eu*": eu-west-1}'),
    "reconcile.ignore": Key(_texts(_text), "a list of patterns of job names", '["lint*"]'),
    "tickets.tracker": Key(_tracker, "github, gitlab or the URL of a webhook", "https://hooks.example.com/lumen"),
    "tickets.labels": Key(_texts(_ticket_label), "a list of labels without commas", "[ops]"),
    "tickets.assignees": Key(
        _people,
        f"a map from class or class/subclass to a list of names; the classes are {_CLASSES}",
        "{build: [alice]}",
    ),
    "tickets.quiet-days": Key(_whole(1, 365), "a whole number from 1 to 365", "7"),
    "tickets.ignore": Key(
        _texts(_class_name), f"a list of classes or class/subclass; the classes are {_CLASSES}", "[network]"
    ),
    "slo.run": Key(_ratio, "a ratio between 0 and 1, both excluded", "0.95"),
    "slo.day": Key(_ratio, "a ratio between 0 and 1, both excluded", "0.95"),
    "slo.stage": Key(_ratio, "a ratio between 0 and 1, both excluded", "0.95"),
    "slo.first-try": Key(_ratio, "a ratio between 0 and 1, both excluded", "0.9"),
    "alerts.language": Key(_language, "en or ko", "ko"),
    "alerts.labels": Key(_label_names, "a map of label names to texts", "{team: payments}"),
    "alerts.runbook": Key(_url, "an http or https URL", "https://wiki.example.com/alerts"),
    "gate.kinds": Key(
        _changes,
        "a map from feature, fix, security or revert to block, warn or allow; security and revert are never blocked",
        "{fix: allow}",
    ),
    "gate.min-events": Key(_whole(1, 1_000_000_000), "a whole number from 1", "20"),
    "gate.max-age": Key(_length, "a length of time such as 36h or 3d", "48h"),
    "gate.on-inconclusive": Key(
        _one_of("fail-open", "fail-closed", "open", "closed"), "fail-open or fail-closed", "fail-closed"
    ),
    "archive.stores": Key(_texts(_text), "a list of stores", "[s3://evidence/lumen, file:/mnt/archive]"),
    "archive.folder": Key(_text, "a folder", "lumen-archives"),
    "archive.recipients": Key(_texts(_text), "a list of age recipients", "[age1…]"),
    "archive.keep-daily": Key(_whole(0, 100_000), "a whole number from 0", "14"),
    "archive.keep-weekly": Key(_whole(0, 100_000), "a whole number from 0", "8"),
    "archive.keep-monthly": Key(_whole(0, 100_000), "a whole number from 0", "24"),
    "archive.lock-days": Key(_whole(1, 36_500), "a whole number of days from 1 to 36500", "365"),
    "archive.s3-checksum": Key(_one_of("auto", "required", "off"), "auto, required or off", "auto"),
    "mail.host": Key(_text, "the name of a mail server", "smtp.team.example"),
    "mail.port": Key(_whole(1, 65_535), "a port", "587"),
    "mail.security": Key(_one_of("starttls", "tls", "none"), "starttls, tls or none", "starttls"),
    "mail.ca-file": Key(_text, "a file", "/etc/ssl/private-ca.pem"),
    "mail.from": Key(_text, "a mail address", "reports@team.example"),
    "mail.to": Key(_texts(_text), "a list of mail addresses", "[ops@team.example]"),
    "notify.window": Key(_length_or("off"), "a length of time such as 1h, or off", "1h"),
    "notify.quiet-hours": Key(_hours, "two times of the day in the pipeline's zone", '"22:00-07:00"'),
    "notify.quiet-days": Key(_weekdays, "a list of up to six days, mon to sun", "[sat, sun]"),
    "notify.quiet-through": Key(
        _one_of("critical", "error", "warning", "info"), "critical, error, warning or info", "critical"
    ),
    "notify.digest": Key(_length_or("run", "off"), "a length of time such as 10m, run or off", "run"),
    "notify.digest-after": Key(_whole(1, 1000), "a whole number from 1 to 1000", "3"),
    "notify.webhook-signature": Key(_one_of("standard", "github"), "standard or github", "standard"),
    "notify.body": Key(_map, "a map that becomes the JSON of the channel `generic`", '{message: "{text:2000}"}'),
    "incidents.open-on": Key(
        _texts(_incident_rule),
        "a list of day-lost, widespread, budget-exhausted, sla-breach",
        "[day-lost, widespread]",
    ),
    "incidents.mirror": Key(_one_of("github", "off"), "github or off", "github"),
    "incidents.postmortem-days": Key(_whole(1, 60), "a whole number of working days from 1 to 60", "5"),
    "oncall.roster": Key(_text, "a file", "oncall.yml"),
    "runbooks.folder": Key(_text, "a folder", "runbooks"),
    "runbooks.automatic": Key(_texts(_text), "a list of runbooks that alerts may start", "[token-expired]"),
    "health.checks": Key(_text, "a file", "health.yml"),
    "grafana.url": Key(_url, "an http or https URL", "https://grafana.example.com"),
    "grafana.dashboard": Key(_dashboard, "the uid of a dashboard", "lumen-overview"),
    "report.language": Key(_language, "en or ko", "ko"),
    "report.pdf-font": Key(_text, "a font file", "/usr/share/fonts/truetype/nanum/NanumGothic.ttf"),
    "links.runbook": Key(_url, "an http or https URL", "https://wiki.example.com/runbook"),
    "links.dashboard": Key(_url, "an http or https URL", "https://grafana.example.com/d/lumen"),
}
_SECTIONS = frozenset(name.partition(".")[0] for name in KEYS if "." in name)


def read_config(document: object, name: str, problems: Problems) -> dict[str, Any]:
    """Return the values of a parsed file by dotted key, adding every mistake to `problems`."""
    if document is None:
        return {}
    if not isinstance(document, dict):
        problems.append(
            f"{name}: expected `key: value` lines, found a {type(document).__name__}; write `timezone: UTC`"
        )
        return {}
    values: dict[str, Any] = {}
    for dotted, value in _flattened(document, name, problems):
        key = KEYS.get(dotted)
        if key is None:
            problems.append(f"{name}: unknown key `{dotted}`{_nearest(dotted)}")
            continue
        try:
            values[dotted] = key.read(value)
        except ValueError:
            problems.append(
                f"{name}: `{dotted}` is {shown(repr(value))}, expected {key.wants}; write {_yaml(dotted, key)}"
            )
    return values


def _flattened(document: dict[Any, Any], name: str, problems: Problems) -> list[tuple[str, Any]]:
    flat: list[tuple[str, Any]] = []
    for key, value in document.items():
        if str(key) not in _SECTIONS:
            flat.append((str(key), value))
        elif isinstance(value, dict):
            flat.extend((f"{key}.{inner}", item) for inner, item in value.items())
        else:
            problems.append(f"{name}: `{key}` is {shown(repr(value))}, expected a section of indented keys")
    return flat


def _nearest(dotted: str) -> str:
    close = get_close_matches(dotted, KEYS, n=1)
    return f"; did you mean `{close[0]}`?" if close else f"; known keys: {', '.join(sorted(KEYS))}"


def _yaml(dotted: str, key: Key) -> str:
    section, _, inner = dotted.rpartition(".")
    return f"`{section}: {{{inner}: {key.example}}}`" if section else f"`{dotted}: {key.example}`"

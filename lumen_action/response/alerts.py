"""What Alertmanager's webhook sends (version 4), read as data that anybody may have written."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

from lumen_action.addresses import address_fault
from lumen_action.errors import ConfigError, shown
from lumen_action.incidents.aliases import severity_of
from lumen_action.incidents.words import Severity
from lumen_action.ops.notify.alertmanager import alert_name
from lumen_action.ops.notify.message import one_line

MOST_BYTES = 4 << 20
MOST_ALERTS = 10_000
_MOST_FAULTS = 5
_MOST_NAME, _MOST_TITLE, _MOST_TEXT = 100, 200, 1000
_GRADES: Mapping[str, Severity] = {
    "critical": Severity.SEV1,
    "page": Severity.SEV2,
    "ticket": Severity.SEV3,
    "warning": Severity.SEV3,
    "info": Severity.SEV4,
}
_UNGRADED = Severity.SEV3
_OVERRIDE = "lumen_severity"
_UNGRADED_WORD = "none"
"""What a dead man's switch says: it fires as long as all is well."""
# An incident about an incident would open the next one.
_OWN = frozenset({alert_name("incident"), "LumenIncidentUnacknowledged", "LumenPostmortemOverdue"})
_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|z|[+-]\d\d:\d\d)")
_BIRTH = datetime(1970, 1, 1, tzinfo=timezone.utc)


@dataclass(frozen=True)
class Alert:
    """One alert of a payload, bounded and without secrets."""

    name: str
    fingerprint: str
    firing: bool
    severity: Severity
    starts_ms: int
    """Never later than it was told."""
    ends_ms: int
    """When it ended, where it did."""
    since: str
    """When it began as it was told: with the fingerprint it is this alert and none before or after."""
    title: str
    text: str = ""
    pipeline: str = ""
    region: str = ""
    component: str = ""
    cause: str = ""
    url: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def mark(self) -> str:
        """Return what is the same each time the same alert is told."""
        return f"{self.fingerprint} {self.since}"

    @property
    def sameness(self) -> str:
        """Return what alerts share that are one incident: the pipeline, else their name and cause.

        The key of the group does not say it: it changes with every change of the routes.
        """
        return f"alerts of {self.pipeline}" if self.pipeline else f"alert {self.name} {self.cause}".rstrip()


def alerts_of(body: bytes, now_ms: int, clean: Callable[[str], str]) -> tuple[Alert, ...]:
    """Read a payload; a ConfigError tells what is wrong with it, and nothing of it is taken then.

    Left out is what would open an incident about an incident, and what fires as long as all is well.
    """
    if len(body) > MOST_BYTES:
        raise ConfigError(f"payload: it has more than {MOST_BYTES >> 20} MiB; set `max_alerts` in the webhook's config")
    try:
        payload = json.loads(body)
    except (ValueError, RecursionError):
        raise ConfigError("payload: it is no JSON; send what Alertmanager's webhook sends") from None
    if not isinstance(payload, dict) or payload.get("version") != "4":
        told = payload.get("version") if isinstance(payload, dict) else None
        raise ConfigError(
            f'payload: its version is {shown(json.dumps(told))}, not `"4"`; send what Alertmanager\'s webhook sends'
        )
    alerts = payload.get("alerts")
    if not isinstance(alerts, list):
        raise ConfigError("payload: `alerts` is no list; send what Alertmanager's webhook sends")
    if len(alerts) > MOST_ALERTS:
        raise ConfigError(f"payload: it has {len(alerts)} alerts; set `max_alerts: 1000` in the webhook's config")
    problems = [fault for place, each in enumerate(alerts) for fault in _faults(place, each)]
    if problems:
        more = [f"payload: and {len(problems) - _MOST_FAULTS} faults more"] if len(problems) > _MOST_FAULTS else []
        raise ConfigError([*problems[:_MOST_FAULTS], *more])
    return tuple(_alert(each, now_ms, clean) for each in alerts if _wanted(each["labels"], _words(each)))


def _faults(place: int, told: object) -> list[str]:
    where = f"payload: alerts[{place}]"
    if not isinstance(told, dict):
        return [f"{where} is no object"]
    found = []
    if told.get("status") not in ("firing", "resolved"):
        found.append(f"{where}.status is neither `firing` nor `resolved`")
    for name in ("labels", "annotations"):
        pairs = told.get(name, {} if name == "annotations" else None)
        if not isinstance(pairs, dict) or not all(isinstance(each, str) for each in pairs.values()):
            found.append(f"{where}.{name} is no map of texts")
    texts = ("startsAt", "endsAt", "fingerprint", "generatorURL")
    return [*found, *(f"{where}.{name} is no text" for name in texts if not isinstance(told.get(name, ""), str))]


def _words(told: Mapping[str, Any]) -> Mapping[str, str]:
    return {**told.get("annotations", {}), **told["labels"]}


def _wanted(labels: Mapping[str, str], words: Mapping[str, str]) -> bool:
    silent = labels.get("severity", "").lower() == _UNGRADED_WORD and _OVERRIDE not in words
    return labels.get("alertname", "") not in _OWN and not silent


def _alert(told: Mapping[str, Any], now_ms: int, clean: Callable[[str], str]) -> Alert:
    def word(name: str, most: int = _MOST_NAME) -> str:
        # It is cut before it is looked through: that a text is long must not cost time.
        line = one_line(words.get(name, "")[: 4 * most])
        return clean(line)[:most] if line else ""

    words, labels = _words(told), told["labels"]
    name = word("alertname") or "an alert without a name"
    since, firing = str(told.get("startsAt", ""))[:40], told["status"] == "firing"
    starts_ms = min(_moment_ms(since) or now_ms, now_ms)
    ends_ms = min(_moment_ms(str(told.get("endsAt", ""))) or now_ms, now_ms)
    url = str(told.get("generatorURL", ""))
    whole = json.dumps(labels, sort_keys=True, ensure_ascii=True)
    return Alert(
        name=name,
        fingerprint=_fingerprint(str(told.get("fingerprint", "")), whole),
        firing=firing,
        severity=_severity(words),
        starts_ms=starts_ms,
        ends_ms=max(starts_ms, ends_ms),
        since=since,
        title=word("summary", _MOST_TITLE) or word("title", _MOST_TITLE) or name,
        text=word("description", _MOST_TEXT) or word("message", _MOST_TEXT),
        pipeline=word("pipeline"),
        region=word("region"),
        component=(word("component") or word("stage") or word("service")).replace(",", " "),
        cause=word("cause") or word("error_class"),
        url=url if clean(url) == url and not address_fault(url) else "",
        labels={str(key): value for key, value in labels.items()},
    )


def _fingerprint(said: str, labels: str) -> str:
    known = re.fullmatch(r"[0-9A-Za-z_-]{1,64}", said)
    return said if known else hashlib.sha256(labels.encode()).hexdigest()[:16]


def _severity(words: Mapping[str, str]) -> Severity:
    said = severity_of(words.get(_OVERRIDE, ""))
    plain = words.get("severity", "").lower()
    return said or _GRADES.get(plain) or severity_of(plain) or _UNGRADED


def _moment_ms(text: str) -> int | None:
    """Read a moment of RFC 3339 with up to nine digits of a second; None where it is none, or before 1970."""
    found = _MOMENT.fullmatch(text)
    if not found:
        return None
    day, clock, fraction, zone = found.groups()
    try:
        moment = datetime.fromisoformat(f"{day}T{clock}{'+00:00' if zone in 'Zz' else zone}")
        at_ms = (moment - _BIRTH) // timedelta(milliseconds=1)
    except (ValueError, OverflowError):
        return None
    return at_ms + int((fraction or "0").ljust(9, "0")[:3]) if at_ms > 0 else None

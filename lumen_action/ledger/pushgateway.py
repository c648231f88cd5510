"""A Pushgateway as the ledger of a team that has nothing else: one group a run, counted by its completion time.

A group's key is the fact's key, so sending a fact twice writes the same group twice, and no run ever touches another.
What a Pushgateway cannot do, this ledger does not pretend to:

- It keeps how runs ended: outcome, class of the error, pipeline, day and time. Stages, checks, contradictions and what
  forks report are accepted and not kept; logs' evidence, commit, links and durations are dropped.
- It has no conditional write. A second account of a run is a conflict when the first is already there; of two that
  race the later stays.
- It has no lock and no notes. Totals are never published from here, they would fall when old groups go: the rules of
  `rules/prometheus/gateway_facts.rules.yml` count the groups themselves.
- It forgets. A day is deleted whole, 35 days after its last run ended; a gateway without `--persistence.file` forgets
  at every restart.
- `head` is the number of groups: it grows with every run, and falls when days are deleted.
"""

from __future__ import annotations

import base64
import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, fields
from typing import Any
from urllib.parse import urlsplit

from lumen_action.addresses import address_fault
from lumen_action.errors import ConfigError, IntegrityError, LedgerError
from lumen_action.http import Http, HttpError, Request, Timing, split_credentials
from lumen_action.ledger import Put
from lumen_action.model import ErrorClass, Fact, FactKey, Failure, Kind, Outcome, Trust

SCHEME = "pushgateway:"
JOB = "lumen_run"
SERIES = "lumen_run_completed_timestamp_seconds"

# Longer than the longest window of the rules, so that a run has left every window before it goes.
_KEPT_MS = 35 * 86_400_000
# Days go one group at a time, and no job should wait long for the sake of order.
_MOST_DELETED = 100
# A put lists, writes and may fail at one deletion.
_REQUESTS_OF_A_PUT = 3
_RUN_STAGE = "run"
# `job` is the Pushgateway's own label.
_LABELS = {item.name: item.name for item in fields(FactKey) if item.name not in ("kind", "stage")} | {"job": "ci_job"}
_IN_QUOTES = str.maketrans({"\\": "\\\\", "\n": "\\n", '"': '\\"'})


@dataclass(frozen=True)
class _Kept:
    """One group: the fact as far as the gateway tells it."""

    path: str
    fact: Fact


class PushgatewayLedger:
    """Run facts as groups of one Pushgateway."""

    durable = True

    def __init__(
        self,
        url: str,
        *,
        token: str = "",
        ca_file: str | None = None,
        deadline_seconds: float = 20.0,
        clock_ms: Callable[[], int] = lambda: int(time.time() * 1000),
        timing: Timing | None = None,
    ) -> None:
        """Take `pushgateway:URL`, whose user and password appear in no message; nothing is asked yet."""
        address, self._auth = _checked(url.removeprefix(SCHEME))
        self._base = address.rstrip("/")
        self.url = f"{SCHEME}{self._base}"
        self._token = token
        self._ca_file = ca_file
        self._clock_ms = clock_ms
        self._http = Http(patience_seconds=deadline_seconds / _REQUESTS_OF_A_PUT, timing=timing)

    def put(self, fact: Fact) -> Put:
        """Write the group of a run unless it is there; then delete days that have left every window."""
        if not _is_kept(fact):
            return Put.CREATED
        with self._asking():
            groups = list(self._groups())
            stored = next((group.fact for group in groups if group.fact.key == fact.key), None)
            if stored:
                return Put.SAME if stored.statement == _told(fact).statement else Put.CONFLICT
            path = _path(fact.key)
            self._send("PUT", path, _exposed(fact))
        # Whoever writes next deletes what stays now.
        with suppress(HttpError):
            self._delete_old([*groups, _Kept(path, fact)])
        return Put.CREATED

    def get(self, digest: str) -> Fact | None:
        """Return what is told of the fact under a key's digest."""
        return next((fact for fact in self.scan() if fact.key.digest == digest), None)

    def head(self) -> int:
        """Return the number of groups."""
        return sum(1 for _ in self.scan())

    def scan(self, *, pipeline: str | None = None, run: str | None = None, day: str | None = None) -> Iterator[Fact]:
        """Yield what is told of all runs, or those of one pipeline, run and day."""
        with self._asking():
            for group in self._groups():
                fact = group.fact
                wanted = ((pipeline, fact.pipeline), (run, fact.key.run), (day, fact.day))
                if all(asked is None or asked == found for asked, found in wanted):
                    yield fact

    def pipelines(self) -> list[str]:
        """Return the names of all pipelines."""
        return sorted({fact.pipeline for fact in self.scan()})

    @contextmanager
    def publishing(self, timeout: float) -> Iterator[None]:  # noqa: ARG002 - there is no lock to wait for
        """Refuse: totals of a store that forgets would fall."""
        raise self._no_totals()
        yield

    def published_head(self, sink: str) -> int:  # noqa: ARG002 - the same for all
        """Return 0: nothing is ever published from here."""
        return 0

    def mark_published(self, sink: str, head: int) -> None:  # noqa: ARG002 - the same for all
        """Refuse: there is nowhere to remember it."""
        raise self._no_totals()

    def close(self) -> None:
        """Let go of the connections."""
        self._http.close()

    def _no_totals(self) -> LedgerError:
        return LedgerError(
            f"ledger {self.url}: a Pushgateway as ledger publishes no totals; "
            "load rules/prometheus/gateway_facts.rules.yml, which counts its runs"
        )

    def _groups(self) -> Iterator[_Kept]:
        listed = self._send("GET", "/api/v1/metrics")
        try:
            groups = json.loads(listed)["data"]
        except (ValueError, KeyError, TypeError):
            raise LedgerError(f"ledger {self.url}: the answer is not that of a Pushgateway; check the URL") from None
        for group in groups:
            # A rejected push leaves a group without the series.
            if group["labels"].get("job") == JOB and SERIES in group:
                yield self._read(group)

    def _read(self, group: Mapping[str, Any]) -> _Kept:
        try:
            (metric,) = group[SERIES]["metrics"]
            key = _key(group["labels"])
            return _Kept(_path(key), _fact(key, metric["labels"], round(float(metric["value"]) * 1000)))
        except (KeyError, ValueError, TypeError) as fault:
            raise IntegrityError(
                f"ledger {self.url}: the group {json.dumps(group['labels'], sort_keys=True)} is not a run ({fault}); "
                "delete it in the Pushgateway's page"
            ) from fault

    def _delete_old(self, groups: list[_Kept]) -> None:
        """Delete days whose last run has left every window: while a run of a day counts, its first attempt stays."""
        newest: dict[tuple[str, str], int] = {}
        for group in groups:
            day = (group.fact.pipeline, group.fact.day)
            newest[day] = max(newest.get(day, 0), group.fact.observed_at_ms)
        limit = self._clock_ms() - _KEPT_MS
        old = [group for group in groups if newest[group.fact.pipeline, group.fact.day] < limit]
        for group in old[:_MOST_DELETED]:
            self._send("DELETE", group.path)

    def _send(self, method: str, path: str, body: bytes | None = None) -> bytes:
        request = Request(
            method, self._base + path, body=body, auth=self._auth, token=self._token, ca_file=self._ca_file
        )
        return self._http.send(request).body

    @contextmanager
    def _asking(self) -> Iterator[None]:
        try:
            yield
        except HttpError as fault:
            raise LedgerError(f"ledger {self.url}: {fault}") from fault


def _checked(url: str) -> tuple[str, tuple[str, str] | None]:
    """Return the address and the credentials of a URL; a ConfigError repeats neither."""
    fault = address_fault(url)
    if not fault:
        parts = urlsplit(url)
        if parts.query or parts.fragment:
            fault = "the URL has a ? or # part, which a Pushgateway does not know"
        elif re.search(r"/metrics(/|$)", parts.path):
            fault = "leave out /metrics and what follows, it is added"
    if fault:
        raise ConfigError(f"ledger: {fault}; write `ledger: pushgateway:http://push.example:9091`")
    return split_credentials(url)


def _is_kept(fact: Fact) -> bool:
    """Tell whether the rules may count it."""
    return (fact.key.kind, fact.key.stage, fact.trust) == (Kind.RUN, _RUN_STAGE, Trust.TRUSTED)


def _path(key: FactKey) -> str:
    """Return the path of a group; base64 takes any value, and lone padding stands for an empty one."""
    values = ((label, str(getattr(key, name))) for name, label in _LABELS.items())
    parts = (f"{label}@base64/{base64.urlsafe_b64encode(value.encode()).decode() or '='}" for label, value in values)
    return f"/metrics/job/{JOB}/{'/'.join(parts)}"


def _key(labels: Mapping[str, str]) -> FactKey:
    values: dict[str, Any] = {name: labels.get(label, "") for name, label in _LABELS.items()}
    return FactKey(**values | {"attempt": int(values["attempt"]), "kind": Kind.RUN, "stage": _RUN_STAGE})


def _exposed(fact: Fact) -> bytes:
    """Return the one sample of a run in the text format."""
    pairs = ",".join(f'{name}="{value.translate(_IN_QUOTES)}"' for name, value in _labels(fact).items())
    seconds, rest = divmod(fact.observed_at_ms, 1000)
    about = f"# HELP {SERIES} When a run ended, in seconds since the epoch.\n# TYPE {SERIES} gauge\n"
    return f"{about}{SERIES}{{{pairs}}} {seconds}.{rest:03d}\n".encode()


def _labels(fact: Fact) -> dict[str, str]:
    """Return what the one sample of a run says beside its time."""
    cause = fact.failure.error_class if fact.failure else ErrorClass.UNKNOWN
    return {
        "pipeline": fact.pipeline,
        "day": fact.day,
        "outcome": fact.outcome.value,
        "error_class": cause.value if fact.outcome.bad else "",
        "leg": fact.leg,
    }


def _fact(key: FactKey, labels: Mapping[str, str], observed_at_ms: int) -> Fact:
    cause = labels.get("error_class", "")
    return Fact(
        key=key,
        pipeline=labels.get("pipeline", ""),
        day=labels.get("day", ""),
        outcome=Outcome(labels["outcome"]),
        observed_at_ms=observed_at_ms,
        leg=labels.get("leg", ""),
        failure=Failure(ErrorClass(cause), "unknown") if cause else None,
    )


def _told(fact: Fact) -> Fact:
    """Return the part of a fact that the gateway can tell."""
    return _fact(fact.key, _labels(fact), fact.observed_at_ms)

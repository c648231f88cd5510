"""What each kind of check takes, as a table: the reader, the documentation and the probes are held against it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lumen_action.health import values
from lumen_action.health.check import ProbeKind
from lumen_action.health.values import Read

PROVIDERS = ("aws", "github", "dropbox", "secret")
_PORT = values.whole(1, 65_535)
_DAYS = values.whole(0, 3650)


@dataclass(frozen=True)
class Key:
    """One key of a kind: what reads it, what it says, how it is written."""

    read: Read
    tells: str
    example: str
    default: object = None
    needed: bool = False


_HTTP: Mapping[str, Key] = {
    "url": Key(values.url, "what is asked; a redirect is not followed", "https://api.example/health", needed=True),
    "method": Key(values.one_of("GET", "HEAD", "POST"), "how it is asked", "POST", "GET"),
    "status": Key(values.statuses, "the statuses that are a pass", "[200, 204]", tuple(range(200, 300))),
    "headers": Key(values.headers, "headers that are no secret", "{Accept: application/json}"),
    "body": Key(values.text, "what is sent with POST", "'{\"ping\": true}'"),
    "token-env": Key(values.variable, "the environment variable with a bearer token", "API_TOKEN"),
    "ca-file": Key(values.text, "a private authority's certificate as PEM", "/etc/ssl/private-ca.pem"),
    "contains": Key(values.text, "a text that the answer must hold", "ready"),
    "status-at": Key(
        values.text,
        "the field of the JSON answer with the service's own word, such as `ok`, `degraded` or `down`; in an answer of "
        "the type application/health+json it is `status`",
        "status",
    ),
}

KEYS: Mapping[ProbeKind, Mapping[str, Key]] = {
    ProbeKind.HTTP: _HTTP,
    ProbeKind.LLM: {
        **_HTTP,
        "model": Key(values.text, "the model it serves, as `/health/llm?model=` asks for it", "small-1", needed=True),
    },
    ProbeKind.TCP: {
        "host": Key(values.text, "the host that is to take a connection", "db.example", needed=True),
        "port": Key(_PORT, "its port", "5432", needed=True),
    },
    ProbeKind.TLS: {
        "host": Key(values.text, "the host whose certificate is looked at", "api.example", needed=True),
        "port": Key(_PORT, "its port", "8443", 443),
        "server-name": Key(
            values.text, "the name that the certificate must have; the host unless given", "api.example"
        ),
        "warn-days": Key(_DAYS, "days left below which it is a warning", "30", 21),
        "fail-days": Key(_DAYS, "days left below which it is failed", "7", 3),
        "ca-file": Key(values.text, "a private authority's certificate as PEM", "/etc/ssl/private-ca.pem"),
    },
    ProbeKind.FILE: {
        "path": Key(values.text, "a file, or a folder whose newest file is meant", "reports", needed=True),
        "glob": Key(values.text, "which files of the folder count, `**/` for those in folders below", "'*.pdf'", "*"),
        "max-age": Key(values.seconds, "the oldest that it may be", "26h"),
        "min-size": Key(values.size, "the least it must hold", "10kB", 1.0),
    },
    ProbeKind.DISK: {
        "path": Key(values.text, "a place on the disk", "/var/lib/lumen", "."),
        "min-free": Key(values.size, "bytes that must be free", "2GB"),
        "fail-percent": Key(values.share, "percent free below which it is failed", "3", 5.0),
        "warn-percent": Key(values.share, "percent free below which it is a warning", "20", 10.0),
        "min-inodes-percent": Key(values.share, "percent of inodes that must be free", "5", 2.0),
    },
    ProbeKind.COMMAND: {
        "run": Key(values.texts, "the program and its arguments, without a shell", "[pg_isready, -q]", needed=True),
        "exit-code": Key(values.whole(0, 255), "the exit code that is a pass", "1", 0),
        "warn-code": Key(values.whole(1, 255), "an exit code that is a warning", "2"),
        "contains": Key(values.text, "a text that its output must hold", "accepting connections"),
        "folder": Key(values.text, "the folder it is run in", "tools"),
    },
    ProbeKind.PROMETHEUS: {
        "query": Key(values.text, "PromQL; `expect` says what each value has to be", "up{job='api'}", needed=True),
        "url": Key(
            values.url, "the Prometheus; `prometheus-url` of lumen.yml unless given", "https://prometheus.example"
        ),
        "empty": Key(values.one_of("fail", "warn", "pass"), "what an answer without series is", "warn", "fail"),
    },
    ProbeKind.LEDGER: {},
    ProbeKind.CREDENTIAL: {
        "provider": Key(values.one_of(*PROVIDERS), "whose credential", "github", needed=True),
        "variable": Key(
            values.variable,
            "the environment variable that holds it, for `github` (GITHUB_TOKEN unless given) and `secret`",
            "GITHUB_TOKEN",
        ),
        "warn-before": Key(
            values.seconds, "how long before its end it is a warning: 7d unless given, 15m for `aws`", "14d"
        ),
        "url": Key(values.url, "the API of GitHub Enterprise", "https://github.example/api/v3"),
        "scopes": Key(values.texts, "scopes that a classic token of GitHub must have", "[repo, workflow]"),
        "min-rate": Key(values.whole(1, 1_000_000), "requests to GitHub that must be left", "100"),
        "role": Key(values.text, "a part of the ARN that AWS must know the job by", "role/nightly"),
        "min-length": Key(values.whole(1, 10_000), "the least letters of a `secret`", "20", 1),
        "pattern": Key(values.pattern, "a regular expression that a `secret` must match as a whole", "xoxb-.+"),
        "expires": Key(values.day, "the day a `secret` ends, where only people know it", "2026-12-31"),
    },
}

COMMON: Mapping[str, Key] = {
    "name": Key(values.text, "the component, in small letters, digits, - and _", "gateway", needed=True),
    "kind": Key(values.text, f"one of {', '.join(kind.value for kind in ProbeKind)}", "http", needed=True),
    "expect": Key(values.texts, "conditions that must all hold", "['status == \"ok\"']"),
    "timeout": Key(values.seconds, "how long it may take; at most 5m", "5s", 10.0),
    "slow": Key(values.seconds, "a pass that takes longer is a warning", "2s"),
    "tries": Key(values.whole(1, 20), "how often in a row it has to fail before it is failed", "3", 1),
    "critical": Key(values.flag, "whether the whole is failed with it", "false", default=True),
}
"""What every check takes."""

WITH_EXPECT = frozenset({ProbeKind.HTTP, ProbeKind.LLM, ProbeKind.PROMETHEUS, ProbeKind.COMMAND})

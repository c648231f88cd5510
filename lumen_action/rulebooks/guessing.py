"""Which kind of failure a rule of another project means, guessed from its words."""

from __future__ import annotations

import re

from lumen_action.model import ErrorClass

# The first row that fits is taken, so what names a cause stands before what many causes share.
_WORDS: tuple[tuple[str, str], ...] = (
    ("external_api/rate_limit", r"rate.?limit|too many requests|\b429\b|throttl"),
    ("external_api/quota", r"\bquota\b"),
    ("network/dns", r"resolve host|name resolution|enotfound|eai_again|\bdns\b|no such host|getaddrinfo"),
    ("network/reset", r"econnreset|connection (?:was )?reset|reset by peer|broken pipe|\bepipe\b|socket hang ?up"),
    ("network/refused_remote", r"econnrefused|connection refused|connection was refused"),
    ("network/tls_trust", r"certificate"),
    ("network/tls", r"\bssl\b|\btls\b|gnutls|openssl"),
    ("network/connect_timeout", r"etimedout|connection timed out|connection attempt failed|connect(?:ion)? timeout"),
    ("network/read_timeout", r"operation timed out|read timed out|timeout was reached|request timed? ?out"),
    ("network/git_transfer", r"rpc failed|early eof|packfile|remote end hung up"),
    (
        "network/connect_timeout",
        r"network is unreachable|network connectivity|failed to connect|unable to connect|open tcp connection",
    ),
    ("external_api/server_error", r"\b50[0234]\b|\b52\d\b|bad gateway|service unavailable|gateway time-?out"),
    ("environment/disk", r"no space left|disk (?:is )?full"),
    ("environment/oom", r"out of memory|\boom\b|cannot allocate memory"),
    ("environment/runner_lost", r"lost communication|lost connection to the (?:agent|runner)|shutdown signal"),
    ("environment/docker_daemon", r"docker daemon|dockerd"),
    ("environment/missing_tool", r"command not found"),
    ("dependency/integrity", r"checksum|digest.?mismatch|hash.?mismatch"),
    ("dependency/mirror", r"unable to fetch some archives|hash sum mismatch"),
    ("dependency/lockfile", r"lock ?file"),
    ("token_expired/secret_expired", r"(?:token|credentials?|secret)s? (?:has |have |is |are )?expired|expired token"),
    ("token_expired/invalid_credentials", r"authentication fail|access denied|unauthorized|\b401\b|bad credentials"),
    ("token_expired/permission_denied", r"\b403\b|forbidden"),
    ("external_api/registry", r"\bregistry\b"),
    ("environment/timeout_job", r"execution took longer|job timed out|time limit"),
    ("environment/permission_fs", r"permission denied"),
    ("build/migration", r"\bmigrations?\b"),
    ("build/lint", r"\blint|rubocop|eslint|prettier|stylelint"),
    ("build/crash", r"core dump|segfault|segmentation fault|panicked|control frame"),
    (
        "dependency/not_found",
        r"no matching (?:version|distribution)|module not found|cannot find module|load such file",
    ),
    ("build/compile", r"syntax ?error|compil|undefined (?:method|local variable|reference)|uninitialized constant"),
    ("build/test", r"failed examples|\btests? fail|failed tests?\b|assert|\brspec\b|\bjest\b"),
)
_ROWS = [(name, re.compile(words)) for name, words in _WORDS]


def guessed(*texts: str) -> tuple[ErrorClass, str]:
    """Return class and subclass; the first text that says anything decides."""
    for text in texts:
        said = text.lower().replace("_", " ")
        for name, words in _ROWS:
            if words.search(said):
                owner, _, subclass = name.partition("/")
                return ErrorClass(owner), subclass
    return ErrorClass.UNKNOWN, "generic_exit"

"""The subclasses, where trying again can help for each, and which cause explains which symptom: data only."""

from __future__ import annotations

from lumen_action.model import ErrorClass, Scope

TAXONOMY_VERSION = 1

_SCOPES: dict[Scope, dict[ErrorClass, str]] = {
    Scope.STEP: {
        ErrorClass.NETWORK: "dns connect_timeout read_timeout reset refused_remote git_transfer tls",
        ErrorClass.EXTERNAL_API: "server_error vcs registry cluster eventual_consistency conflict",
        ErrorClass.DEPENDENCY: "mirror",
    },
    Scope.JOB: {
        ErrorClass.TOKEN_EXPIRED: "session_expired oidc_window",
        ErrorClass.EXTERNAL_API: "actions_service",
        ErrorClass.ENVIRONMENT: "runner_lost runner_provision timeout_step",
    },
    Scope.DELAYED: {
        ErrorClass.EXTERNAL_API: "rate_limit",
        ErrorClass.ENVIRONMENT: "lock",
    },
    Scope.NONE: {
        ErrorClass.NETWORK: "tls_trust proxy refused_local",
        ErrorClass.TOKEN_EXPIRED: "oidc secret_expired missing_credentials invalid_credentials permission_denied",
        ErrorClass.EXTERNAL_API: "quota",
        ErrorClass.BUILD: "compile lint security sanitizer migration config vcs coverage test test_flaky crash",
        ErrorClass.DEPENDENCY: "not_found conflict lockfile blocked install_build integrity artifact",
        # A disk that is full, a memory that is too small, a port that is taken: of 38 labelled ones a fresh machine
        # would have helped 11. Who knows better says so under `rerun.scopes`.
        ErrorClass.ENVIRONMENT: (
            "disk oom docker_daemon port clock "
            "image_pull rollout service_not_ready timeout_job arch permission_fs missing_tool missing_env windows"
        ),
        ErrorClass.UNKNOWN: "no_match no_failure no_log cancelled generic_exit",
    },
}

SUBCLASSES: dict[ErrorClass, dict[str, Scope]] = {
    error_class: {
        name: scope
        for scope, classes in _SCOPES.items()
        for owner, names in classes.items()
        if owner is error_class
        for name in names.split()
    }
    for error_class in ErrorClass
}

# Other names by which a subclass was or is known, per class: they mean the name on the left for ever, so that a
# configuration that uses one neither breaks nor silently stops matching.
_ALIASES: dict[ErrorClass, dict[str, str]] = {
    ErrorClass.NETWORK: {
        "read_timeout": "timeout",
        "connect_timeout": "connection_timeout",
        "reset": "connection_reset connection_closed",
        "refused_remote": "connection_refused",
        "dns": "name_resolution",
        "tls": "tls_handshake ssl",
        "tls_trust": "certificate",
    },
    ErrorClass.TOKEN_EXPIRED: {
        "invalid_credentials": "bad_credentials invalid_token invalid_grant unauthorized ssh_key",
        "secret_expired": "expired_secret expired_token",
        "missing_credentials": "missing_token missing_secret",
        "permission_denied": "permission_remote forbidden",
    },
    ErrorClass.EXTERNAL_API: {
        "server_error": "upstream_5xx service_unavailable",
        "rate_limit": "throttled",
        "quota": "quota_exceeded",
    },
    ErrorClass.BUILD: {
        "compile": "compile_error import_error syntax_error",
        "test": "test_failure",
        "lint": "format style",
        "vcs": "merge_conflict",
        "config": "configuration",
    },
    ErrorClass.DEPENDENCY: {
        "lockfile": "lockfile_mismatch",
        "artifact": "missing_artifact",
        "not_found": "missing_module package_not_found image_not_found",
        "conflict": "version_conflict",
        "integrity": "checksum_mismatch",
    },
    ErrorClass.ENVIRONMENT: {
        "disk": "disk_full",
        "oom": "out_of_memory",
        "runner_lost": "agent_lost agent_broken",
        "runner_provision": "runner_pod",
        "missing_tool": "missing_sdk",
        "timeout_step": "timeout",
        "permission_fs": "permission",
    },
    ErrorClass.UNKNOWN: {},
}
ALIASES: dict[ErrorClass, dict[str, str]] = {
    error_class: {alias: name for name, aliases in rows.items() for alias in aliases.split()}
    for error_class, rows in _ALIASES.items()
}


def resolve(error_class: ErrorClass, subclass: str) -> str:
    """Return the present name of a subclass, given that or an older one; empty when there is none."""
    name = ALIASES[error_class].get(subclass, subclass)
    return name if name in SUBCLASSES[error_class] else ""


# Each row: what stands on the left explains what stands on the right, so the right is the symptom.
# `class/*` means every subclass. A row never explains its own subclass.
_EXPLAINS: tuple[tuple[str, str], ...] = (
    ("environment/disk", "build/* dependency/* network/* external_api/* token_expired/* environment/*"),
    (
        "environment/runner_lost",
        (
            "build/* dependency/* network/* external_api/* unknown/cancelled "
            "environment/timeout_step environment/timeout_job"
        ),
    ),
    ("environment/oom", "build/* dependency/install_build dependency/not_found environment/timeout_job"),
    ("environment/runner_provision", "build/* dependency/* network/* external_api/* environment/timeout_job"),
    ("environment/timeout_step", "unknown/cancelled"),
    ("unknown/cancelled", "environment/runner_provision"),
    ("environment/timeout_job", "unknown/cancelled build/lint"),
    ("environment/permission_fs", "dependency/install_build build/compile build/test"),
    ("environment/missing_tool", "dependency/install_build build/compile build/test"),
    ("environment/docker_daemon", "environment/image_pull build/* dependency/not_found"),
    ("environment/arch", "environment/docker_daemon build/*"),
    ("environment/clock", "dependency/mirror network/tls_trust"),
    ("environment/lock", "dependency/install_build dependency/not_found"),
    (
        "network/*",
        (
            "dependency/not_found dependency/mirror dependency/install_build dependency/integrity "
            "external_api/registry external_api/vcs external_api/cluster external_api/actions_service "
            "environment/image_pull environment/missing_tool environment/rollout build/*"
        ),
    ),
    ("network/dns", "network/connect_timeout network/reset network/git_transfer network/read_timeout"),
    ("network/proxy", "network/connect_timeout network/git_transfer network/reset"),
    ("network/tls_trust", "network/tls network/reset network/git_transfer"),
    (
        "token_expired/*",
        (
            "dependency/not_found dependency/mirror dependency/install_build dependency/artifact external_api/registry "
            "external_api/vcs external_api/cluster network/git_transfer environment/image_pull "
            "environment/rollout build/config build/test build/vcs"
        ),
    ),
    ("token_expired/secret_expired", "token_expired/invalid_credentials token_expired/missing_credentials"),
    ("token_expired/session_expired", "token_expired/invalid_credentials token_expired/permission_denied"),
    (
        "token_expired/missing_credentials",
        "token_expired/invalid_credentials token_expired/permission_denied environment/missing_env",
    ),
    (
        "external_api/rate_limit",
        (
            "token_expired/* dependency/* network/* environment/image_pull build/* external_api/registry "
            "external_api/vcs external_api/server_error external_api/actions_service environment/timeout_step"
        ),
    ),
    (
        "external_api/quota",
        (
            "build/* token_expired/permission_denied dependency/* network/* environment/image_pull external_api/vcs "
            "external_api/actions_service"
        ),
    ),
    (
        "external_api/server_error",
        (
            "token_expired/oidc token_expired/invalid_credentials dependency/* network/git_transfer "
            "environment/image_pull build/* external_api/registry external_api/vcs external_api/actions_service "
            "external_api/cluster"
        ),
    ),
    ("external_api/vcs", "dependency/* build/vcs"),
    ("external_api/registry", "dependency/* build/*"),
    ("external_api/actions_service", "dependency/artifact dependency/not_found build/*"),
    ("external_api/cluster", "environment/rollout build/*"),
    (
        (
            "dependency/not_found dependency/lockfile dependency/conflict dependency/mirror dependency/integrity "
            "dependency/blocked dependency/artifact"
        ),
        ("build/compile build/test build/crash build/coverage environment/missing_tool environment/image_pull"),
    ),
    ("dependency/lockfile", "dependency/not_found dependency/conflict"),
    ("dependency/conflict", "dependency/not_found dependency/install_build"),
    ("dependency/not_found", "dependency/install_build"),
    ("build/compile", "dependency/install_build build/test build/lint"),
    ("build/sanitizer", "build/test build/crash"),
    ("build/crash", "build/test"),
    ("environment/service_not_ready", "build/test environment/timeout_job"),
)


def _members(names: str) -> list[str]:
    members: list[str] = []
    for name in names.split():
        owner, _, subclass = name.partition("/")
        known = SUBCLASSES[ErrorClass(owner)]
        members += [f"{owner}/{each}" for each in known] if subclass == "*" else [name]
    return members


EXPLAINS: frozenset[tuple[str, str]] = frozenset(
    (cause, symptom)
    for causes, symptoms in _EXPLAINS
    for cause in _members(causes)
    for symptom in _members(symptoms)
    if cause != symptom
)

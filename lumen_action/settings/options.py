"""Everything that a person can set, as one table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lumen_action.model import Outcome

DEFAULT_CONFIG = "lumen.yml"
_OUTCOMES = tuple(outcome.value for outcome in Outcome)


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


_OF_RUN = (
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
    Option("warn-on-retry", "annotate the run when a try is followed by another", "false", flag=True),
    Option("continue-on-error", "succeed whatever the command's exit code", "false", flag=True),
    Option("transient-exit-code", "exit code for a failure that is worth another run", "75"),
)

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
        *_OF_RUN,
    )
}
# What `run` alone takes; a test holds them against those that it reads.
RUN_OPTIONS = tuple(option.name for option in _OF_RUN)

"""promtool and amtool, where they are: what they refuse, as findings."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from lumen_action.alerting.checks.setup import Fault, File, Finding, Kind, Severity
from lumen_action.errors import ConfigError
from lumen_action.failure.redaction import redact

PROMTOOL, AMTOOL = "promtool", "amtool"
# By kind of file: who checks it and how; the file comes last.
COMMANDS: Mapping[Kind, tuple[str, tuple[str, ...], str]] = {
    Kind.RULES: (PROMTOOL, ("check", "rules"), ""),
    Kind.RULE_TESTS: (PROMTOOL, ("test", "rules"), ""),
    Kind.PROMETHEUS: (PROMTOOL, ("check", "config"), ""),
    Kind.ALERTMANAGER: (AMTOOL, ("check-config",), ""),
    Kind.TEMPLATE: (AMTOOL, ("template", "render", "--template.text="), "--template.glob="),
}
_PATIENCE_SECONDS = 600
_MOST_SAID = 5
_MOST_LETTERS = 300
_FRAME = re.compile(r"\s*(?:Checking .*|Unit Testing: .*|SUCCESS.*|FAILED:?|amtool: error: failed to validate.*|)\s*")
_PLACE = re.compile(r"^(\d+):\d+: |^line (\d+): ")
_TEMPLATE_PLACE = re.compile(r":(\d+)(?::\d+)?: ")
_PREFIX = re.compile(r"(?:amtool: error: |FAILED: |Checking '.*?'\s+FAILED: )+")


def find(name: str, given: str | None) -> str | None:
    """Return where a program is: where it was said to be, else on the PATH."""
    found = shutil.which(given or name)
    if given and not found:
        raise ConfigError(f"{name}: `{given}` is no program; write `--{name} /usr/bin/{name}`, or leave it out")
    return found


def vendor_findings(program: str, file: File, path: Path) -> list[Finding]:
    """Return what a vendor's own checker refuses."""
    name, words, joint = COMMANDS[file.kind]
    command = [program, *words, f"{joint}{path}"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_PATIENCE_SECONDS, check=False)  # noqa: S603 - a checker that the user named
    except (OSError, subprocess.TimeoutExpired) as fault:
        told = Fault(file.name, 0, f"{name} gave no answer: {type(fault).__name__}", f"run `{name}` by hand")
        return [Finding(name, Severity.WARNING, told)]
    if done.returncode == 0:
        return []
    lines = [line for line in f"{done.stdout}\n{done.stderr}".splitlines() if not _FRAME.fullmatch(line)]
    if file.kind is Kind.RULE_TESTS:
        lines = [" ".join(" ".join(lines).split())]
    return [Finding(name, Severity.ERROR, fault) for fault in _faults(file, path, lines)]


def _faults(file: File, path: Path, lines: Sequence[str]) -> Iterator[Fault]:
    for line in lines[:_MOST_SAID] or ["it refuses the file without a word"]:
        said = _PREFIX.sub("", line.strip()).replace(f"{path}: ", "").replace(str(path), file.name)
        place = (_TEMPLATE_PLACE if file.kind is Kind.TEMPLATE else _PLACE).search(said)
        number = int(place[place.lastindex or 0]) if place else 0
        if not said.endswith("yaml: unmarshal errors:"):
            yield Fault(file.name, number, redact(said)[:_MOST_LETTERS], "mend what it names")

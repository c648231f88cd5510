"""What rules said about logs, kept for later, and how two such answers differ."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from lumen_action.errors import ConfigError
from lumen_action.failure.taxonomy import TAXONOMY_VERSION
from lumen_action.model import Verdict

_VERSION = 1
# A change of these is one of what happens next, and so one to look at.
_DECISIVE = ("error_class", "rerun_scope")
_FIX = "make it anew with --save"


@dataclass(frozen=True)
class Answer:
    """What rules say about one log."""

    error_class: str
    error_subclass: str
    signature: str
    rerun_scope: str
    evidence_line: int | None
    evidence_text: str

    def __str__(self) -> str:
        """Say it in a line."""
        by = f" by {self.signature}" if self.signature else ""
        line = f", line {self.evidence_line}" if self.evidence_line is not None else ""
        return f"{self.error_class} {self.error_subclass}{by}, retry scope {self.rerun_scope}{line}"


@dataclass(frozen=True)
class Comparison:
    """What has changed: by log, and in each the fields with their values before and after."""

    changed: Mapping[str, Mapping[str, tuple[object, object]]]
    new: tuple[str, ...]
    gone: tuple[str, ...]

    @property
    def counts(self) -> Counter[str]:
        """Return how many logs changed in each field."""
        return Counter(field for changes in self.changed.values() for field in changes)

    @property
    def regressed(self) -> bool:
        """Tell whether something changed of which the next step depends."""
        return any(self.counts[field] for field in _DECISIVE)


def answer_of(verdict: Verdict) -> Answer:
    """Return what is kept of a verdict."""
    evidence = verdict.evidence
    return Answer(
        error_class=verdict.error_class.value,
        error_subclass=verdict.subclass,
        signature=verdict.signature,
        rerun_scope=verdict.scope.value,
        evidence_line=evidence.line if evidence else None,
        evidence_text=evidence.text if evidence else "",
    )


def compare(before: Mapping[str, Answer], now: Mapping[str, Answer]) -> Comparison:
    """Say what changed in the logs that both speak of."""
    names = [field.name for field in fields(Answer)]
    differences = {
        log: {name: (getattr(before[log], name), getattr(now[log], name)) for name in names}
        for log in now
        if log in before
    }
    changed = {
        log: {name: values for name, values in rows.items() if values[0] != values[1]}
        for log, rows in differences.items()
    }
    return Comparison(
        {log: rows for log, rows in changed.items() if rows},
        new=tuple(log for log in now if log not in before),
        gone=tuple(log for log in before if log not in now),
    )


def saved(answers: Mapping[str, Answer]) -> dict[str, object]:
    """Return answers as the value that is saved."""
    logs = {log: asdict(answer) for log, answer in answers.items()}
    return {"version": _VERSION, "taxonomy_version": TAXONOMY_VERSION, "logs": logs}


def load_answers(file: Path) -> dict[str, Answer]:
    """Read answers that were saved."""
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as fault:
        raise ConfigError(f"--baseline: {file} cannot be read ({fault}); {_FIX}") from None
    if not isinstance(document, dict) or document.get("version") != _VERSION:
        raise ConfigError(f"--baseline: {file} is not of version {_VERSION} of what --save writes; {_FIX}")
    try:
        return {str(log): Answer(**row) for log, row in document["logs"].items()}
    except (KeyError, TypeError, AttributeError) as fault:
        raise ConfigError(f"--baseline: {file} lacks a part of what --save writes ({fault}); {_FIX}") from None

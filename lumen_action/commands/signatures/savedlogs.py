"""Logs that were saved to a folder, and the labels beside them."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from lumen_action.commands.signatures.baselines import Answer
from lumen_action.errors import ConfigError
from lumen_action.failure.schema import nearest
from lumen_action.failure.taxonomy import resolve
from lumen_action.model import ErrorClass

LABELS = "labels.jsonl"
_SUFFIXES = frozenset({"", ".log", ".txt", ".out", ".gz", ".zip"})
_CLASSES = {each.value: each for each in ErrorClass}


@dataclass(frozen=True)
class Label:
    """What a person says about a log; `subclass` and `evidence_line` may be missing."""

    error_class: ErrorClass
    subclass: str = ""
    evidence_line: int | None = None

    def __str__(self) -> str:
        """Say it in a few words."""
        line = f" line {self.evidence_line}" if self.evidence_line is not None else ""
        return " ".join(filter(None, (self.error_class.value, self.subclass))) + line


@dataclass(frozen=True)
class Accuracy:
    """How many of how many labels were met, and the logs of which the class was not."""

    shares: Mapping[str, tuple[int, int]]
    wrong: Mapping[str, tuple[str, str]]


def logs_below(folder: Path) -> list[Path]:
    """Return the logs in a folder and those below it, plain or packed, in the order of their paths."""
    if not folder.is_dir():
        raise ConfigError(f"{folder}: is no folder; give the folder that holds the logs")
    return sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in _SUFFIXES and not path.name.startswith(".") and path.is_file()
    )


def load_labels(file: Path, logs: Collection[str]) -> dict[str, Label]:
    """Read labels, none when there is no such file; all that is wrong in them is told together."""
    if not file.is_file():
        return {}
    faults: list[str] = []
    labels: dict[str, Label] = {}
    for number, line in enumerate(file.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
        if line.strip():
            try:
                log, label = _label(line, logs)
                labels[log] = label
            except ValueError as fault:
                faults.append(f"{file.name} line {number}: {fault}")
    if faults:
        raise ConfigError(faults)
    return labels


def _label(line: str, logs: Collection[str]) -> tuple[str, Label]:
    try:
        row = json.loads(line)
    except ValueError:
        raise ValueError("not a JSON object; write one object a line") from None
    if not isinstance(row, dict):
        raise ValueError("not a JSON object; write one object a line")
    log, word, subclass, place = (row.get(name) for name in ("file", "label", "subclass", "evidence_line"))
    if log not in logs:
        raise ValueError(f"file: no log is called `{log}`; give its path from the folder of the labels")
    if word not in _CLASSES:
        close = nearest(str(word), _CLASSES)
        raise ValueError(f"label: `{word}` is no class; " + (f"did you mean `{close}`?" if close else "name one"))
    error_class = _CLASSES[word]
    known = resolve(error_class, subclass) if isinstance(subclass, str) else ""
    if subclass is not None and not known:
        raise ValueError(f"subclass: `{subclass}` is none of {error_class}; name one, or leave it out")
    if place is not None and (not isinstance(place, int) or isinstance(place, bool)):
        raise ValueError("evidence_line: not a number; count from 1, or leave it out")
    return str(log), Label(error_class, known, place)


def accuracy(labels: Mapping[str, Label], answers: Mapping[str, Answer]) -> Accuracy:
    """Count the labels that were met."""
    known = {log: label for log, label in labels.items() if log in answers}
    met = {
        "class": [label.error_class.value == answers[log].error_class for log, label in known.items()],
        "subclass": [
            (label.error_class.value, label.subclass) == (answers[log].error_class, answers[log].error_subclass)
            for log, label in known.items()
            if label.subclass
        ],
        "evidence_line": [
            label.evidence_line == answers[log].evidence_line
            for log, label in known.items()
            if label.evidence_line is not None
        ],
    }
    wrong = {
        log: (str(label), str(answers[log]))
        for log, label in known.items()
        if label.error_class.value != answers[log].error_class
    }
    return Accuracy({what: (sum(hits), len(hits)) for what, hits in met.items()}, wrong)

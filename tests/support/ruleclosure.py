"""The rules that some expressions depend on: promtool takes as long as there are rules."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from lumen_action.promql import parse
from lumen_action.promql.selecting import Selected, selectors
from lumen_action.yamlite import load

Rule = Mapping[str, Any]


def written(files: Sequence[Path], expressions: Iterable[str], into: Path) -> list[Path]:
    """Write copies of rule files that hold what the expressions need, all of it where they ask for alerts."""
    read = [one for expression in expressions for one in _reads(expression)]
    if any(one.metric in {None, "ALERTS", "ALERTS_FOR_STATE"} for one in read):
        return list(files)
    documents = [_document(file.read_text("utf-8")) for file in files]
    rules = [rule for document in documents for group in document["groups"] for rule in group["rules"]]
    kept = _closure(rules, read)
    copies = []
    for file, document in zip(files, documents, strict=True):
        groups = [
            group | {"rules": [rule for rule in group["rules"] if id(rule) in kept]} for group in document["groups"]
        ]
        copies.append(into / file.name)
        copies[-1].write_text(json.dumps({"groups": [group for group in groups if group["rules"]]}))  # JSON is YAML
    return copies


def _closure(rules: Sequence[Rule], read: Sequence[Selected]) -> set[int]:
    """Return the ids of the rules that record what is read, by the windows that are read."""
    kept: set[int] = set()
    waiting = list(read)
    every_window = any(_window(one) is None for one in read)
    windows = {_window(one) for one in read}
    while waiting:
        names = {one.metric for one in waiting}
        waiting = []
        for rule in rules:
            window = (rule.get("labels") or {}).get("window")
            wanted = every_window or window is None or window in windows
            if id(rule) not in kept and rule.get("record") in names and wanted:
                kept.add(id(rule))
                waiting += _reads(rule["expr"])
        asked = {_window(one) for one in waiting} - {None}
        if not asked <= windows and not every_window:
            # A threshold is looked up in a window of its own: look again with it.
            windows |= asked
            kept.clear()
            waiting = list(read)
    return kept


def _window(read: Selected) -> str | None:
    return next((each.value for each in read.matchers if each.label == "window" and each.operator == "="), None)


@lru_cache(maxsize=2000)
def _reads(expression: str) -> tuple[Selected, ...]:
    return selectors(parse(expression))


@lru_cache(maxsize=8)
def _document(text: str) -> Mapping[str, Any]:
    document = load(text, "rules.yml")
    assert isinstance(document, dict)
    return document

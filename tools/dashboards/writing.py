"""The files of the dashboards, in each language."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from dashboards import frame, reliability, status
from dashboards.korean import KOREAN

PAGES = {"status": status.page, "reliability": reliability.page}
# What people read: fields of the document, and properties of a column or series.
_TEXTS = frozenset({"title", "description", "noValue", "label", "legendFormat", "displayName"})
_PROPERTIES = frozenset({"displayName", "noValue", "custom.fillBelowTo"})
_VERBATIM = re.compile(r"(?:\{\{\w+\}\}|\W)*")


def files() -> Mapping[str, str]:
    """Return every file by its name below rules/grafana."""
    found = {}
    for name, page in PAGES.items():
        document = _document(frame.laid_out(page()))
        found[f"{name}.json"] = _text(document)
        found[f"ko/{name}.json"] = _text(_in_korean(document))
    return found


def _document(board: Any) -> dict[str, Any]:  # noqa: ANN401 - the builder's own types need Python 3.11
    document: dict[str, Any] = json.loads(JSONEncoder().encode(board.build()))
    for annotation in document["annotations"]["list"]:
        annotation.update(frame.ANNOTATIONS[annotation["name"]][2])
    return document


def _text(document: Mapping[str, Any]) -> str:
    return json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _in_korean(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the dashboard in Korean, which can stand beside the English one."""
    told: dict[str, Any] = _translated(document)
    told["uid"] += "-ko"
    for link in told["links"]:
        link["url"] = re.sub(r"^(/d/.*)", r"\1-ko", link["url"])
    for annotation in told["annotations"]["list"]:
        annotation["name"] = _korean(annotation["name"])
    return told


def _translated(value: Any) -> Any:  # noqa: ANN401 - any JSON
    if isinstance(value, list):
        return [_translated(item) for item in value]
    if not isinstance(value, dict):
        return value
    if value.get("id") in _PROPERTIES:
        return {**value, "value": _korean(value["value"])}
    return {key: _translated_field(key, content, value) for key, content in value.items()}


def _translated_field(key: str, content: Any, around: Mapping[str, Any]) -> Any:  # noqa: ANN401 - any JSON
    # Text with a colour is what a value is called; with `selected` it is the choice of a variable.
    named = key in _TEXTS or (key == "text" and "color" in around)
    return _korean(content) if named and isinstance(content, str) else _translated(content)


def _korean(text: str) -> str:
    return text if _VERBATIM.fullmatch(text) else KOREAN[text]

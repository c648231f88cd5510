"""The variables of a dashboard, put into its queries as the browser would do it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

_VARIABLE = re.compile(r"\$(?:\{(\w+)(?::\w+)?\}|(\w+))|\[\[(\w+)\]\]")
_MEANING = re.compile(r"[\\^$*+?.()|{}\[\]]")
_ALL = "$__all"


def values_of(
    dashboard: Mapping[str, Any], chosen: Mapping[str, str], source_of: Callable[[str], str]
) -> dict[str, str]:
    """Return what each variable stands for; `source_of` names the data source of a type that nobody has chosen."""
    values = {}
    for variable in dashboard.get("templating", {}).get("list", ()):
        name, current = variable["name"], variable.get("current") or {}
        said = current.get("value")
        listed = [str(each) for each in said] if isinstance(said, list) else [str(said)] if said else []
        if variable.get("type") == "datasource":
            values[name] = listed[0] if listed and listed[0] != "default" else source_of(str(variable.get("query")))
        elif name in chosen:
            values[name] = _pattern([chosen[name]]) if variable.get("multi") else chosen[name]
        elif _ALL in listed:
            values[name] = str(variable.get("allValue") or ".*")
        else:
            values[name] = _pattern(listed) if variable.get("multi") else "".join(listed[:1])
    return values


def filled(value: Any, values: Mapping[str, str]) -> Any:  # noqa: ANN401 - any JSON
    """Return a query with its variables replaced; those of Grafana itself, as `$__interval`, stay for the server."""
    if isinstance(value, str):
        return _VARIABLE.sub(lambda match: values.get(match[1] or match[2] or match[3], match[0]), value)
    if isinstance(value, dict):
        return {name: filled(each, values) for name, each in value.items()}
    if isinstance(value, list):
        return [filled(each, values) for each in value]
    return value


def _pattern(listed: list[str]) -> str:
    """Return several values as one pattern in a string of PromQL."""
    escaped = [_MEANING.sub(r"\\\\\g<0>", each) for each in listed]
    return escaped[0] if len(escaped) == 1 else f"({'|'.join(escaped)})"

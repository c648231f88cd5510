"""When a step is done: `name == "value"` or `name != "value"`."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

_FORM = re.compile(r"([a-z][a-z0-9_]{0,39})\s*(==|!=)\s*(\"(?:[^\"\\]|\\.)*\")")


def condition_of(text: str) -> tuple[str, bool, str]:
    """Return the name, whether it has to be the same, and the value; a ValueError says what to write."""
    found = _FORM.fullmatch(text.strip())
    try:
        if found:
            return found[1], found[2] == "==", str(json.loads(found[3]))
    except ValueError:
        pass
    raise ValueError('write one name and one quoted value, such as `mode == "full"` or `mode != "full"`')


def holds(text: str, values: Mapping[str, str]) -> bool:
    """Tell whether a step is done; one without a condition always is, and a name without a value is empty."""
    if not text:
        return True
    name, same, wanted = condition_of(text)
    return (values.get(name, "") == wanted) is same

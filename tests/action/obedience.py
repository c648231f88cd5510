"""What the real runner would obey in a step's output; act is stricter and lets more through unseen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

COMMANDS = {
    "add-mask",
    "add-matcher",
    "add-path",
    "debug",
    "echo",
    "endgroup",
    "error",
    "group",
    "internal-set-repo-path",
    "notice",
    "remove-matcher",
    "save-state",
    "set-env",
    "set-output",
    "stop-commands",
    "warning",
}


def obeyed(lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield name and data of each command: `::name::` opens a line after blanks, `##[name]` may stand anywhere."""
    token = None
    for line in lines:
        if token is not None:
            token = None if line.strip() == f"::{token}::" else token
            continue
        name, data = next((found for found in (_modern(line), _legacy(line)) if found[0] in COMMANDS), ("", ""))
        if name == "stop-commands":
            token = data
        elif name:
            yield name, data


def _modern(line: str) -> tuple[str, str]:
    text = line.lstrip()
    head, closed, data = text.removeprefix("::").partition("::")
    return (head.split(" ")[0].lower(), data) if text.startswith("::") and closed else ("", "")


def _legacy(line: str) -> tuple[str, str]:
    _, opened, rest = line.partition("##[")
    head, closed, data = rest.partition("]")
    return (head.split(" ")[0].lower(), data) if opened and closed else ("", "")

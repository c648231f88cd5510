"""What the real runner obeys: its two command parsers and its stop state, rebuilt from their known behaviour."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

# What .NET calls white space, plus what Unicode or older versions of it called so.
BLANKS = "\t\n\v\f\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u180e\u200b\u2028\u2029\u202f\u205f\u3000\ufeff" + "".join(
    map(chr, range(0x2000, 0x200B))
)
REGISTERED = frozenset(
    (
        *("add-mask", "add-matcher", "remove-matcher", "add-path", "set-env", "set-output", "save-state", "echo"),
        *("debug", "error", "warning", "notice", "group", "endgroup", "internal-set-repo-path", "stop-commands"),
    )
)


@dataclass(frozen=True)
class Command:
    """A command the runner would carry out."""

    name: str
    properties: Mapping[str, str]
    data: str


@dataclass
class Runner:
    """Reads what a step prints and keeps the commands it obeyed."""

    obeyed: list[Command] = field(default_factory=list)
    shown: list[str] = field(default_factory=list)
    stop_token: str | None = None

    def read(self, output: str) -> Runner:
        """Go through the output line by line."""
        for line in re.split(r"\r\n|\r|\n", output):
            self._line(line)
        return self

    def _line(self, line: str) -> None:
        names = REGISTERED | ({self.stop_token.lower()} if self.stop_token else set())
        command = parse(line, names) or parse_legacy(line, names)
        if self.stop_token is not None:
            if command and command.name == self.stop_token.lower():
                self.stop_token = None
            else:
                self.shown.append(line)
        elif command is None:
            self.shown.append(line)
        elif command.name == "stop-commands":
            if not command.data or command.data.lower() in REGISTERED:
                raise ValueError(f"the runner refuses the token {command.data!r}")
            self.stop_token = command.data
        else:
            self.obeyed.append(command)


def parse(line: str, names: frozenset[str] | set[str] = REGISTERED) -> Command | None:
    """Read `::name key=value,key=value::data` at the begin of a line, behind any blank."""
    text = line.lstrip(BLANKS)
    end = text.find("::", 2)
    if not text.startswith("::") or end < 0:
        return None
    name, _, properties = text[2:end].partition(" ")
    if name.lower() not in names:
        return None
    pairs = (item.split("=", 1) for item in properties.strip().split(",") if "=" in item)
    return Command(
        name.lower(), {key.strip(): _plain_property(value) for key, value in pairs}, _plain_data(text[end + 2 :])
    )


def parse_legacy(line: str, names: frozenset[str] | set[str] = REGISTERED) -> Command | None:
    """Read `##[name key=value;key=value]data` anywhere in a line."""
    begin = line.find("##[")
    end = line.find("]", begin)
    if begin < 0 or end < 0:
        return None
    name, _, properties = line[begin + 3 : end].partition(" ")
    if name.lower() not in names:
        return None
    pairs = (item.split("=", 1) for item in properties.split(";") if "=" in item)
    return Command(
        name.lower(), {key.strip(): _plain_legacy(value) for key, value in pairs}, _plain_legacy(line[end + 1 :])
    )


def read_file_command(content: str) -> dict[str, str]:
    """Read the `name<<delimiter` entries of an output or environment file as the runner does."""
    values: dict[str, str] = {}
    lines = content.split("\n")
    while lines and (line := lines.pop(0)) is not None:
        if not line:
            continue
        equals, heredoc = line.find("="), line.find("<<")
        if heredoc < 0 or 0 <= equals < heredoc:
            name, separator, value = line.partition("=")
            if not separator:
                raise ValueError(f"invalid format {line!r}")
            values[name] = value
            continue
        name, _, delimiter = line.partition("<<")
        end = lines.index(delimiter)
        values[name] = "\n".join(lines[:end])
        del lines[: end + 1]
    return values


def _replaced(text: str, pairs: Mapping[str, str]) -> str:
    for escaped, plain in pairs.items():
        text = text.replace(escaped, plain)
    return text


def _plain_data(text: str) -> str:
    return _replaced(text, {"%0D": "\r", "%0A": "\n", "%25": "%"})


def _plain_property(text: str) -> str:
    return _replaced(text, {"%0D": "\r", "%0A": "\n", "%3A": ":", "%2C": ",", "%25": "%"})


def _plain_legacy(text: str) -> str:
    return _replaced(text, {"%3B": ";", "%0D": "\r", "%0A": "\n", "%5D": "]", "%25": "%"})

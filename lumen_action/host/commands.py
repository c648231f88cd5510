"""The words a GitHub runner understands: workflow commands, file commands, and foreign text made harmless."""

from __future__ import annotations

import re

MAX_MESSAGE_CHARACTERS = 4096

# The runner skips whatever .NET calls white space before `::`, and the byte order mark that begins a stream.
_BLANK = r"(?:[^\S\r\n]|[\u180e\u200b\ufeff])"
_OPENERS = re.compile(rf"##\[|(?:\A|(?<=[\r\n]))({_BLANK}*)::")
_LINE_END = re.compile(r"\r\n|\r|\n")
_OUTPUT_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_VARIABLE_NAME = re.compile(r"[A-Z_][A-Z0-9_]*")


def escape_data(text: str) -> str:
    """Escape the message of a command; the percent sign goes first."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def escape_property(text: str) -> str:
    """Escape the value of a command's property."""
    return escape_data(text).replace(":", "%3A").replace(",", "%2C")


def annotation(level: str, title: str, message: str) -> str:
    """Return the command that annotates the run; level is error, warning or debug, and debug has no title."""
    titled = f" title={escape_property(clip(title, 255))}" if title and level != "debug" else ""
    return f"::{level}{titled}::{escape_data(clip(message, MAX_MESSAGE_CHARACTERS))}"


def output_entry(name: str, value: str, token: str) -> str:
    """Return the lines that set an output, between delimiters made of a fresh token."""
    return _entry(name, value, token, _OUTPUT_NAME)


def variable_entry(name: str, value: str, token: str) -> str:
    """Return the lines that set an environment variable of one line for later steps."""
    if _LINE_END.search(value):
        raise ValueError(f"{name}: an environment variable of several lines is never ours")
    return _entry(name, value, token, _VARIABLE_NAME)


def _entry(name: str, value: str, token: str, allowed: re.Pattern[str]) -> str:
    delimiter = f"lumen_{token}"
    if not allowed.fullmatch(name):
        raise ValueError(f"{name!r} is not a name of the form {allowed.pattern}")
    if not token or delimiter in value:
        raise ValueError(f"{name}: the value holds the delimiter, so it could end before its end")
    return f"{name}<<{delimiter}\n{value}\n{delimiter}\n"


def disarm(text: str) -> str:
    """Break what opens a command: `::` at the begin of a line behind any blank, and `##[` anywhere."""
    return _OPENERS.sub(lambda found: "## [" if found.group(1) is None else f"{found.group(1)}\u2236\u2236", text)


def lines_of(text: str) -> list[str]:
    """Split where the runner splits: at LF, CR and both."""
    lines = _LINE_END.split(text)
    return lines if lines[-1] else lines[:-1]


def clip(text: str, limit: int) -> str:
    """Cut to a number of characters, with an ellipsis where something is missing."""
    return text if len(text) <= limit else f"{text[: limit - 1]}…"

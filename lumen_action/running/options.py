"""What `lumen run` was asked for: the words of its options, checked together."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from lumen_action.errors import shown
from lumen_action.running.attempts import Limits, Wishes
from lumen_action.running.shells import SHELLS, known

_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600}
_DURATION = re.compile(r"([0-9]{1,7}(?:\.[0-9]{1,3})?)([smh]?)")
_BUDGET = re.compile(r"([0-9]{1,6})(?:/day)?")
_STOP_SIGNALS = ("TERM", "INT", "HUP", "QUIT", "USR1", "USR2", "KILL")
_MOST_RETRIES = 10
_MOST_CODE = 255


@dataclass(frozen=True)
class RunOptions:
    """How to run a stage's command."""

    script: str = ""
    shell: str = "bash"
    retries: int | None = None
    backoff_seconds: tuple[int, ...] | None = None
    retries_per_day: int | None = None
    limits: Limits = field(default_factory=Limits)
    wishes: Wishes = field(default_factory=Wishes)
    cleanup: str = ""
    retry_script: str = ""
    stop_signal: str = "TERM"
    grace_seconds: float = 5.0
    continue_on_error: bool = False
    warn_on_retry: bool = False
    transient_exit_code: int | None = None


def read_options(words: Mapping[str, str], problems: list[str]) -> RunOptions:
    """Return the options; every mistake is added to `problems`."""
    values: dict[str, Any] = {}
    for name, (read, wants, example) in _READERS.items():
        if words.get(name):
            try:
                values[name] = read(words[name])
            except ValueError:
                told = shown(words[name])
                problems.append(f"{name}: {told} is not allowed, expected {wants}; write `{name}: {example}`")
    events = values.get("retry-on", ())
    return RunOptions(
        script=words.get("run", ""),
        shell=values.get("shell", "bash"),
        retries=values.get("retries"),
        backoff_seconds=values.get("backoff"),
        retries_per_day=values.get("budget"),
        limits=Limits(values.get("timeout"), values.get("deadline")),
        wishes=Wishes(
            errors="error" in events or "any" in events,
            timeouts="timeout" in events or "any" in events,
            codes=values.get("retry-exit-codes", frozenset()),
        ),
        cleanup=words.get("cleanup", ""),
        retry_script=words.get("retry-run", ""),
        stop_signal=values.get("stop-signal", "TERM"),
        grace_seconds=values.get("grace", 5.0),
        continue_on_error=words.get("continue-on-error") == "true",
        warn_on_retry=words.get("warn-on-retry") == "true",
        transient_exit_code=values.get("transient-exit-code"),
    )


def _duration(text: str) -> float:
    found = _DURATION.fullmatch(text)
    seconds = float(found[1]) * _UNITS[found[2]] if found else 0.0
    if not seconds:
        raise ValueError
    return seconds


def _whole(high: int, low: int = 0) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not (text.isascii() and text.isdigit() and low <= int(text) <= high):
            raise ValueError
        return int(text)

    return read


def _items(text: str) -> list[str]:
    return [item.strip() for item in text.split(",")]


def _backoff(text: str) -> tuple[int, ...]:
    return tuple(_whole(86_400)(item) for item in _items(text))


def _codes(text: str) -> frozenset[int]:
    return frozenset(_whole(_MOST_CODE, 1)(item) for item in _items(text))


def _events(text: str) -> tuple[str, ...]:
    return tuple(_one_of("transient", "timeout", "error", "any")(item) for item in _items(text))


def _one_of(*allowed: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in allowed:
            raise ValueError
        return text

    return read


def _budget(text: str) -> int:
    found = _BUDGET.fullmatch(text)
    if not found:
        raise ValueError
    return int(found[1])


def _shell(text: str) -> str:
    if not known(text):
        raise ValueError
    return text


_SPAN = "a time above 0 in seconds, or with s, m or h"
_SHELLS = ", ".join(name for name in SHELLS if name)
_READERS: Mapping[str, tuple[Callable[[str], Any], str, str]] = {
    "shell": (_shell, f"{_SHELLS}, or a command with {{0}} for the script", "bash"),
    "retries": (_whole(_MOST_RETRIES), f"a whole number from 0 to {_MOST_RETRIES}", "2"),
    "backoff": (_backoff, "seconds from 0 to 86400 with commas between them", "5,30"),
    "timeout": (_duration, _SPAN, "10m"),
    "deadline": (_duration, _SPAN, "30m"),
    "budget": (_budget, "a number of retries a day", "20/day"),
    "retry-on": (_events, "transient, timeout, error or any, with commas between them", "transient,timeout"),
    "retry-exit-codes": (_codes, f"exit codes from 1 to {_MOST_CODE} with commas between them", "75,110"),
    "stop-signal": (_one_of(*_STOP_SIGNALS), f"one of {', '.join(_STOP_SIGNALS)}", "TERM"),
    "grace": (_duration, _SPAN, "5"),
    "transient-exit-code": (_whole(_MOST_CODE, 1), f"an exit code from 1 to {_MOST_CODE}", "75"),
}

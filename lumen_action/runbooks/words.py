"""The fields of a runbook's file, with what each is for: what the reader knows and what the documentation says."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from lumen_action.slo.reading import Fields, nearest

RUNBOOK_KEYS: Mapping[str, str] = {
    "title": "what it does, in a few words; required",
    "means": "what has happened when it is needed; required",
    "triggers": "the alerts and classes of failure it is for",
    "inputs": "what a run is told, by name",
    "steps": "what is done, one after the other; required",
    "drill": "the inputs of a drill, by name",
}
TRIGGER_KEYS: Mapping[str, str] = {
    "alert": "the name of an alert; this or `error_class`",
    "error_class": "a class of failure",
    "cooldown": "how long it does not start by itself after a start, `1m` to `168h` (default `60m`)",
    "most_a_day": "how often it starts by itself within 24 hours, 1 to 100 (default 3)",
    "means": "for RUNBOOK.md: what the alert means",
    "look_first": "for RUNBOOK.md: where to look first",
    "do": "for RUNBOOK.md: what to do",
    "resolves": "for RUNBOOK.md: when the alert ends",
}
INPUT_KEYS: Mapping[str, str] = {
    "meaning": "what it is, for whoever is asked; required",
    "kind": "`text` (default), `number`, `flag` or `url`",
    "required": "whether a run needs it (default false)",
    "default": "what it is when it is not given",
    "pattern": "for a text: a regular expression that the whole value fits",
    "choices": "for a text: all values there are",
    "from_label": "the label of the alert that it is taken from",
}
STEP_KEYS: Mapping[str, str] = {
    "name": "lower-case words with hyphens, no two alike; required",
    "title": "what it does, in a few words; required",
    "command": "a program and its words, as a list",
    "http": "a request, and what its answer has to be",
    "wait": "a command or a request that is repeated until it holds",
    "manual": "instructions for a person; the run goes on when that person says so",
    "notify": "a message to the team's channels",
    "incident": "a note on the incident that the run is for",
    "timeout": "how long it may take, `1s` to `6h` (default `60s`); not for `manual`",
    "every": "of `wait`: how long it rests between two tries, `1s` to `10m` (default `5s`)",
    "retries": "of `command` and `http`: how often it is tried again, 0 to 10 (default 0)",
    "on_failure": "`stop` (default), `continue` or `rollback`, which undoes the steps that are done",
    "undo": "what takes back what it changed: one of the kinds above but `wait`",
    "reads_only": "whether it changes nothing, so that a dry run and a drill may do it (default: only GET and HEAD)",
    "env": "of `command`, and of a `wait` for one: variables, `NAME: $OURS` takes our own",
    "when": 'the condition under which it is done, `mode == "full"`; skipped else',
    "keep": "the name under which later steps find the first line of what it printed or answered",
}
REQUEST_KEYS: Mapping[str, str] = {
    "url": "an address of http or https; required",
    "method": "`GET` (default), `HEAD`, `POST`, `PUT`, `PATCH` or `DELETE`",
    "headers": "by name; secrets only as `$NAME` of the environment",
    "body": "a text, or a map that becomes JSON",
    "status": "the status that is expected, or a list of them (default 200)",
    "expect": 'conditions on a JSON answer, such as `status == "ok"`',
}
NOTIFY_KEYS: Mapping[str, str] = {
    "title": "the subject; required",
    "text": "what to say; required",
    "severity": "`critical`, `error`, `warning` (default) or `info`",
}
INCIDENT_KEYS: Mapping[str, str] = {
    "event": "`acknowledged`, `investigating`, `updated`, `mitigated`, `cause` or `resolved`; required",
    "text": "what to note; required",
}

_SPAN = re.compile(r"([1-9]\d{0,5})([smh])")
_SECONDS = {"s": 1, "m": 60, "h": 3600}


def span(seconds: float) -> str:
    """Return a length of time as it is written in a file."""
    whole = int(seconds)
    unit = next(unit for unit in "hms" if whole % _SECONDS[unit] == 0)
    return f"{whole // _SECONDS[unit]}{unit}"


def seconds_of(fields: Fields, key: str, default: float, least: int, most: int) -> float:
    """Return a length of time within bounds."""
    found = fields.get(key)
    if found is None:
        return default
    match = _SPAN.fullmatch(found.value) if isinstance(found.value, str) else None
    seconds = int(match[1]) * _SECONDS[match[2]] if match else 0
    if least <= seconds <= most:
        return float(seconds)
    found.refuse(found.shown, f"write a time from {span(least)} to {span(most)}, such as `{key}: {span(default)}`")
    return default


def whole_of(fields: Fields, key: str, default: int, least: int, most: int) -> int:
    """Return a whole number within bounds."""
    found = fields.get(key)
    if found is None:
        return default
    value = found.value
    if isinstance(value, int) and not isinstance(value, bool) and least <= value <= most:
        return value
    found.refuse(found.shown, f"write a whole number from {least} to {most}, such as `{key}: {default}`")
    return default


def one_of(fields: Fields, key: str, known: Sequence[str], default: str) -> str:
    """Return one of the words that are known."""
    found = fields.get(key)
    if found is None:
        return default
    if found.value in known:
        return str(found.value)
    found.refuse(found.shown, f"write one of {', '.join(known)}{nearest(found.value, known)}")
    return default

"""Running a command of a runbook: no shell, a process group and an environment of its own."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from lumen_action.response.runbooks.means import Means, Result, Task, failed, last_line
from lumen_action.runbooks.standing import Event
from lumen_action.running.process import Ending, Patience, run_process
from lumen_action.running.tail import Tail

PASSED_ON = ("PATH", "HOME", "LANG")
"""What of our environment a command is given without asking for it."""
_HEAD_BYTES, _TAIL_BYTES = 1 << 12, 1 << 16
_GRACE_SECONDS = 5.0
# Both take everything and give nothing; two places, since one for both streams would be one pipe.
_NOWHERE = (os.devnull, os.devnull if os.name == "nt" else "/dev/zero")


@dataclass
class _Heard:
    """What a command printed: the begin and the end of each stream, and the digest of all of the first."""

    streams: tuple[Tail, Tail] = field(
        default_factory=lambda: (Tail(_HEAD_BYTES, _TAIL_BYTES), Tail(_HEAD_BYTES, _TAIL_BYTES))
    )

    def __post_init__(self) -> None:
        self.digest = hashlib.sha256()

    def feed(self, stream: int, data: bytes) -> None:
        if stream == 0:
            self.digest.update(data)
        self.streams[stream].feed(0, data)

    def texts(self) -> tuple[str, str]:
        for each in self.streams:
            each.close()
        out, err = (b"".join(each.chunks()).decode(errors="replace") for each in self.streams)
        return out, err


def run_command(task: Task, means: Means) -> Result:
    """Run it to its end, or until its time is over: then it and all that it has started is stopped."""
    deed = task.deed
    argv, env = deed.argv, {name: means.env[name] for name in PASSED_ON if name in means.env}
    if means.ourselves and argv[:1] == (means.ourselves.name,):
        argv, env = (*means.ourselves.argv, *argv[1:]), dict(means.ourselves.env)
    env.update(deed.env)
    if fault := _unspeakable(argv, env):
        return failed(fault)
    heard = _Heard()
    outlets = [os.open(place, os.O_WRONLY) for place in _NOWHERE]
    try:
        how = Patience(task.seconds, grace_seconds=min(_GRACE_SECONDS, task.seconds))
        ending = run_process(argv, env, (outlets[0], outlets[1]), heard.feed, means.signals, how, reads=False)
    finally:
        for outlet in outlets:
            os.close(outlet)
    return _result(ending, heard, task, means)


def _result(ending: Ending, heard: _Heard, task: Task, means: Means) -> Result:
    out, err = (means.clean(text, task.secrets) for text in heard.texts())
    last = (last_line(out) or last_line(err)) if ending.good else (last_line(err) or last_line(out))
    told = {"rc": str(ending.code), "sha256": heard.digest.hexdigest(), "last": last}
    if ending.interrupted:
        return Result(Event.INTERRUPTED, f"its runner was sent the signal {ending.interrupted}", told)
    if ending.good:
        return Result(Event.DONE, "", told, out)
    return failed(f"{ending}: {last}" if last else str(ending), told, out)


def _unspeakable(argv: tuple[str, ...], env: Mapping[str, str]) -> str:
    """Return what no system can be told."""
    for word in (*argv, *env, *env.values()):
        with suppress(UnicodeEncodeError):
            os.fsencode(word)
            if "\0" not in word:
                continue
        return "a word of the command holds a zero byte or half a character, so it was not started"
    return "" if argv and argv[0] else "the command is empty"

"""`lumen notify test`: a sample to every channel, and what each of them answers."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

from lumen_action import __version__
from lumen_action.commands import World
from lumen_action.commands.asked import telling, word
from lumen_action.commands.channels import channels_of, message_secrets
from lumen_action.commands.notify.common import subcommand_parser
from lumen_action.commands.notify.telling import receipt_json, receipt_line, show
from lumen_action.commands.session import Session, session_of
from lumen_action.errors import ConfigError, RemoteError
from lumen_action.ops.notify import Channel, Receipt, State
from lumen_action.ops.notify.channels import WAYS
from lumen_action.ops.notify.message import Link, Message, Row, Severity, digest
from lumen_action.ops.notify.redacting import redacted


@dataclass(frozen=True)
class _Tried:
    """What a channel answered, and how long it took."""

    receipt: Receipt
    took_ms: int

    @property
    def line(self) -> str:
        """Return it for people."""
        return f"{receipt_line(self.receipt)} ({self.took_ms / 1000:.1f} s)"


def parser() -> argparse.ArgumentParser:
    """Say what the command takes."""
    return subcommand_parser(
        "test",
        "Send a sample to every channel that is set up and show what each answers; where a channel keeps open what it\n"
        "was told, the sample is ended at once. Says what would set the other channels up. The exit code is 75 when a\n"
        "channel failed.",
        "--channel slack,mail",
    )


def run(arguments: argparse.Namespace, world: World) -> int:
    """Try every channel; one that failed makes the exit code 75, also in a job: that is what was asked."""
    session = session_of(arguments, world)
    names = word(arguments, world, "channel")
    asked = [each.strip() for each in names.split(",") if each.strip()] or list(WAYS)
    opened, wrong, missing = list[Channel](), list[str](), dict[str, str]()
    for name in asked:
        try:
            opened += channels_of(session, name, telling(world))
        except ConfigError as fault:
            if not names and any("is not set up" in each for each in fault.problems):
                missing[name] = WAYS[name].needs
            else:
                wrong += fault.problems
    sample = redacted(_sample(session), message_secrets(session))
    with ThreadPoolExecutor(max(1, len(opened))) as pool:
        tried = list(pool.map(lambda channel: _try(session, channel, sample), opened))
    _answer(arguments, session, tried, wrong, missing)
    if wrong or not tried:
        return ConfigError.exit_code
    return 0 if all(each.receipt.ok for each in tried) else RemoteError.exit_code


def _try(session: Session, channel: Channel, sample: Message) -> _Tried:
    began = session.world.clock_ms()
    receipt = channel.send(sample)
    if receipt.state is State.SENT and channel.knows_repeats:
        ended = channel.send(replace(sample, resolves=True, key=digest(sample.key, "over")))
        receipt = replace(receipt, told=f"{receipt.told}; its end: {ended.state.value}, {ended.told}")
        receipt = receipt if ended.ok else replace(receipt, state=ended.state)
    return _Tried(receipt, session.world.clock_ms() - began)


def _sample(session: Session) -> Message:
    identity, pipeline = session.host.identity(), session.pipeline
    sentence = f"This is a sample, sent by `lumen notify test` for {pipeline}; nothing is wrong."
    rows = (Row("Pipeline", pipeline), Row("Sent by", f"lumen-sli-action {__version__}"))
    links = (Link("Open the run", identity.url),) if identity.url else ()
    # Another with each call, so that nobody drops it for one that was seen.
    key = digest("test", session.world.new_token())
    return Message(
        subject=f"{pipeline}: a sample",
        sentence=sentence,
        rows=rows,
        text="\n".join([sentence, "", *(f"{row.name}: {row.text}" for row in rows)]),
        key=key,
        thread=key,
        at_ms=session.world.clock_ms(),
        links=links,
        kind="test",
        details={"pipeline": pipeline},
        severity=Severity.INFO,
    )


def _answer(
    arguments: argparse.Namespace,
    session: Session,
    tried: Sequence[_Tried],
    wrong: Sequence[str],
    missing: dict[str, str],
) -> None:
    world = session.world
    for problem in wrong:
        session.host.notice("error", "lumen", problem)
    if arguments.json:
        world.answer_json({"channels": [_plain(each) for each in tried], "wrong": wrong, "not_set_up": missing})
        return
    lines = [each.line for each in tried] + [f"{name}: not set up; set {needs}" for name, needs in missing.items()]
    world.answer("\n".join(lines))
    if tried:
        show(session, "Channels that were tried", [(each.line, each.receipt.ok) for each in tried])


def _plain(tried: _Tried) -> dict[str, Any]:
    return {**receipt_json(tried.receipt), "took_seconds": tried.took_ms / 1000}

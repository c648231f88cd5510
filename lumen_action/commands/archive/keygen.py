"""`lumen archive keygen`: make a key that archives are sealed with, or a pair whose public half can only write."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import replace

from lumen_action.archive.keys import IDENTITY, KEY, OLD_KEYS, RECIPIENTS, Keys, key_id, new_key, written
from lumen_action.commands import World
from lumen_action.commands.options import given
from lumen_action.commands.parsers import plain_parser
from lumen_action.commands.session import open_session
from lumen_action.crypto.age import new_identity
from lumen_action.errors import ConfigError

_KEY_ADVICE = f"""\
Keep it in two places: as the secret {KEY} of the pipeline (`gh secret set {KEY}`), and away from
CI, such as in the team's password safe: without it nobody can ever read what was sealed with it.
To replace it later, move it to {OLD_KEYS}, which opens what was sealed before."""
_PAIR_ADVICE = f"""\
The pipeline gets the public key only: `archive: {{recipients: [age1…]}}` in lumen.yml, or {RECIPIENTS}.
The AGE-SECRET-KEY belongs away from CI, such as in the team's password safe: without it nobody can ever read what was
sealed for it. Whoever restores sets it as {IDENTITY}. Two recipients are better than one: either can read."""


def parser() -> argparse.ArgumentParser:
    """Say what the command takes."""
    made = plain_parser(
        "archive keygen",
        "Make a key for archives and print it, nowhere else; whoever has it can seal, read and restore.",
        "lumen archive keygen",
        "lumen archive keygen --recipient > identity.txt",
    )
    made.add_argument(
        "--recipient", action="store_true", help="make a pair of age: whoever has the public half can only seal"
    )
    made.add_argument("--json", action="store_true", help="print one JSON object")
    return made


def run(arguments: argparse.Namespace, world: World) -> int:
    """Make and print."""
    keys, told, lines, advice = _pair() if arguments.recipient else _key()
    _keep_out_of_logs(arguments, world, keys)
    if arguments.json:
        world.answer_json(told)
    else:
        world.answer("\n".join(lines))
    world.tell(advice)
    return 0


def _key() -> tuple[Keys, Mapping[str, str], tuple[str, str], str]:
    key = new_key()
    text, name = written(key), key_id(key)
    return Keys(key), {"key": text, "key_id": name}, (f"# key id: {name}", f"{KEY}={text}"), _KEY_ADVICE


def _pair() -> tuple[Keys, Mapping[str, str], tuple[str, str], str]:
    """Make a pair; its lines are a file that age takes as an identity."""
    identity = new_identity()
    told = {"identity": identity.secret, "recipient": str(identity.recipient)}
    lines = f"# public key: {told['recipient']}", told["identity"]
    return Keys(identities=(identity,)), told, lines, _PAIR_ADVICE


def _keep_out_of_logs(arguments: argparse.Namespace, world: World, keys: Keys) -> None:
    """Mask a key in a job, whose log is its stdout; a CI that cannot mask gets no key to see."""
    # The runner obeys both streams, but only within one of them is the order certain; JSON is read by a program.
    log = replace(world, stdout=world.stderr) if arguments.json else world
    host = open_session(given(arguments), log).host
    if not host.identity().in_job:
        return
    if world.env.get("GITHUB_ACTIONS") != "true":
        raise ConfigError(
            "keygen: what this job prints stands in its log, where nothing can be masked; run it on your own machine"
        )
    for secret in keys.secrets:
        host.mask(secret)
    world.tell("In this job's log the key is masked: to see it, run this on your own machine.")

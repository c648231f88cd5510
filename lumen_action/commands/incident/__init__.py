"""`lumen incident`: what broke, who took it and when, what it cost and what was learned, kept in the ledger."""

from __future__ import annotations

import argparse

from lumen_action.commands import World
from lumen_action.commands.parsers import Subcommands, parser_of, run_subcommand

SUBCOMMANDS: Subcommands = {
    "open": ("opening", "say that something is broken; the same twice is one incident"),
    "ack": ("acking", "take it: whoever does is its first responder"),
    "update": ("updating", "note what is known, begin to investigate, bring somebody in"),
    "mitigate": ("mitigating", "say that users no longer feel it"),
    "cause": ("explaining", "say what the cause is"),
    "resolve": ("resolving", "say that it is over, and what ended it"),
    "close": ("closing", "end it; needs a cause and a resolution"),
    "reopen": ("reopening", "say that it is back"),
    "merge": ("merging", "say that it is part of another"),
    "false-alarm": ("dismissing", "say that nothing was broken"),
    "escalate": ("grading", "raise or lower its severity"),
    "link": ("linking", "add a run, an alert, a ticket or a page to it"),
    "list": ("listing", "show which there are, and which nobody took in time"),
    "show": ("showing", "show one with its timeline, times and deadlines"),
    "detect": ("detecting", "open what lost days, spreading failures and broken promises call for"),
    "receive": ("arriving", "take what Alertmanager's webhook sends"),
    "postmortem": ("postmortem", "write the postmortem from what is on record, and say when it is done"),
    "report": ("reporting", "show how long it took to take, mitigate and resolve them, and what they cost"),
    "mirror": ("mirroring", "keep an issue of GitHub for each, both ways"),
    "action": ("acting", "note what has to be done so that it does not happen again"),
    "seed": ("seeding", "the older forms --create '{…}', --ack ID --responder NAME and --report"),
}
_OLDER = ("--create", "--ack", "--report")


def _older(first: str) -> str:
    """Read the older forms, which begin with an option, as a sub-command of their own."""
    return "seed" if first.partition("=")[0] in _OLDER else ""


def parser() -> argparse.ArgumentParser:
    """Say what the command takes."""
    what = "Open, take, mend and close incidents; their times, budget and postmortems come by themselves."
    example = "lumen incident open 'uploads fail in eu-west-1' --severity 2"
    return parser_of("incident", what, example, SUBCOMMANDS, _older)


def run(arguments: argparse.Namespace, world: World) -> int:
    """Run the sub-command."""
    return run_subcommand(arguments, world, __name__, SUBCOMMANDS)

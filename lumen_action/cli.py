"""The `lumen` command: finds the subcommand and turns errors into messages and exit codes."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from lumen_action import __version__
from lumen_action.commands import World
from lumen_action.errors import ConfigError, LumenError
from lumen_action.running.outlets import open_closed_streams

# Name, and what it does in a line; the module of the same name is imported only when it is called.
COMMANDS: Mapping[str, str] = {
    "record": "record how a stage ended: classify, decide, keep, publish, summarise",
    "run": "run a stage's command: stream it, retry what is worth it, record how it ended",
    "classify": "say why a log failed, with the line that proves it",
    "publish": "show the ledger's totals in Prometheus",
    "state": "show what the ledger says: runs, stages, days, regions",
    "serve": "serve /metrics and a status page over any ledger",
    "reconcile": "add what killed, cancelled and lost jobs could not say, from the CI's API",
    "ticket": "keep one ticket for each cause that trying again cannot mend",
    "rerun": "run a finished run's failed jobs again, if all of them are worth it and nothing forbids it",
    "backfill": "write the history of the totals for promtool",
    "export": "print the totals as Prometheus, OpenMetrics, JSON or CSV",
    "ledger": "look after the facts: stats, verify, compact, copy, rebuild, prune",
    "signatures": "look at the signatures, try them on texts, check and import them",
    "rules": "make and check alerting rules, and try them on a pipeline like yours",
    "slo": "say whether objectives are kept, what is left of their error budgets, and what can be measured",
    "gate": "say whether a change may be deployed: allow, warn, block or inconclusive",
    "report": "make the report of a day, week or month, and send it",
    "notify": "tell people and machines what went wrong, each once, and when it is over",
    "incident": "open, take, mend and close incidents; their times, budget and postmortems come by themselves",
    "oncall": "say who is on call, find the hours that nobody has, hand over",
    "runbook": "run what is to be done about an alert, step by step, each a fact; waits for people across jobs",
    "health": "check what a pipeline needs before it fails on it, and wait for it to come up",
    "silence": "keep alerts quiet for a time, with a reason and an author",
    "archive": "freeze files as sealed evidence, keep them in several stores, verify and restore them",
    "doctor": "check configuration, ledger and sinks, and say how to fix what is wrong",
    "demo": "play a sample day in two regions and show summary and page",
}

# As sysexits.h has it: 1 would look like a gate's block, or like the code of a command that was run.
OWN_FAULT = 70


def main(argv: Sequence[str] | None = None, world: World | None = None) -> int:
    """Run one command and return its exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    if world is None:
        open_closed_streams()
        world = World()
    for stream in (world.stdout, world.stderr):
        # A log may hold what the terminal's encoding cannot show.
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure:
            reconfigure(errors="backslashreplace")
    if not words or words[0] in ("-h", "--help", "help"):
        world.answer(_usage())
        return 0
    if words[0] in ("-V", "--version"):
        world.answer(f"lumen {__version__}")
        return 0
    name, rest = words[0], words[1:]
    if name not in COMMANDS:
        _complain(world, f"`{name}` is not a command; known are {', '.join(COMMANDS)}. Try `lumen --help`")
        return ConfigError.exit_code
    return _run(name, rest, world)


def _run(name: str, words: Sequence[str], world: World) -> int:
    command = importlib.import_module(f"lumen_action.commands.{name}")
    arguments = command.parser().parse_args(words)
    try:
        with world.closing:
            return int(command.run(arguments, world))
    except ConfigError as fault:
        _complain(world, *fault.problems)
        return fault.exit_code
    except LumenError as fault:
        _complain(world, str(fault))
        return fault.exit_code
    except BrokenPipeError:
        return 0  # the reader, `head` for one, has seen enough
    except Exception as fault:  # noqa: BLE001 - a fault of ours must not turn a green job red
        return _own_fault(name, fault, world)


def _own_fault(name: str, fault: Exception, world: World) -> int:
    """Report a fault of this program; after a stage it is a warning, since telemetry may not break the build."""
    import traceback

    where = traceback.extract_tb(fault.__traceback__)[-1]
    what = f"{type(fault).__name__}: {fault} ({Path(where.filename).name}:{where.lineno})"
    text = f"lumen {name} {__version__} met a fault of its own: {what}; please report it"
    in_job = name == "record" and world.env.get("GITHUB_ACTIONS") == "true"
    forgiven = in_job and world.env.get("LUMEN_INPUT_FAIL_ON_ERROR") != "true"
    _complain(world, text, level="warning" if forgiven else "error")
    if world.env.get("LUMEN_DEBUG") or world.env.get("RUNNER_DEBUG") == "1":
        world.tell("".join(traceback.format_exception(fault)))
    return 0 if forgiven else OWN_FAULT


def _complain(world: World, *problems: str, level: str = "error") -> None:
    """Say what is wrong once: as one annotation in a workflow, as lines on a terminal."""
    if world.env.get("GITHUB_ACTIONS") == "true":
        from lumen_action.host.commands import annotation, disarm

        world.write(annotation(level, "lumen", disarm("\n".join(problems))))
        return
    for problem in problems:
        world.tell(f"{level}: {problem}")


def _usage() -> str:
    width = max(map(len, COMMANDS))
    lines = [f"  {name:<{width}}  {what}" for name, what in COMMANDS.items()]
    return "\n".join(
        [
            "usage: lumen COMMAND [options]",
            "",
            "Why a pipeline stage failed, whether to run it again, and how reliable the pipeline is.",
            "",
            *lines,
            "",
            "`lumen COMMAND --help` explains a command with an example. Every option is also an environment",
            "name: --log-file is LUMEN_LOG_FILE.",
        ]
    )


if __name__ == "__main__":
    sys.exit(main())

"""`lumen rules simulate`: years of a pipeline like yours, watched by our rules and by the usual ones."""

from __future__ import annotations

import argparse
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from lumen_action.alerting.plotting import svg
from lumen_action.alerting.simulating import Alarms, Pipeline, Simulation, alarms, detections
from lumen_action.alerting.worlds import CALENDARS, Chance
from lumen_action.commands import World
from lumen_action.commands.parsers import plain_parser
from lumen_action.commands.rules.simulated import as_json, as_lines
from lumen_action.errors import ConfigError
from lumen_action.files import write_as_told

FREQUENCIES = (1, 4, 24, 100, 500)
"""The runs a day that the plot compares."""

# Name, the default if there is one, what it means, and what to write.
_OPTIONS = (
    ("runs-per-day", None, "N", "how often the pipeline runs on a day it runs, in each region", "24"),
    ("target", None, "T", "the share of runs that has to succeed", "99%"),
    ("failure-rate", None, "P", "the share of runs that fails in the trouble you want to hear of", "10%"),
    ("regions", "1", "R", "in how many regions each run takes place", "2"),
    ("calendar", "always", "|".join(CALENDARS), "when it runs: always, or Monday to Friday from 8 to 18", "office"),
    ("outage-minutes", "0", "M", "failures come together in outages so long; 0 when each comes by itself", "90"),
    ("days", "365", "D", "how long a world lasts", "365"),
    ("worlds", "20", "W", "how many worlds; more of them give narrower answers", "100"),
    ("seed", "1", "S", "the same seed gives the same worlds", "1"),
)
# Name, the least and the most.
_WHOLE = {
    "runs-per-day": (1, 1000),
    "regions": (1, 50),
    "outage-minutes": (0, 43_200),
    "days": (30, 3650),
    "worlds": (1, 10_000),
    "seed": (0, 2**63),
}
_RATIO = re.compile(r"(\d{1,3}(?:\.\d{1,6})?|\.\d{1,6})\s?(%?)")
_LEAST_TARGET, _HIGHEST_TARGET = 0.5, 0.9999
_HUNDRED = 100
# A burn costs little beside a year.
_BURNS_PER_WORLD = 5
_WORLDS_PER_FREQUENCY = 5
# Nobody is in trouble for a year, and failures are what costs.
_DAYS_OF_TROUBLE = 60
_PATIENCE_MS = 2000


@dataclass(frozen=True)
class Asked:
    """What is to be simulated."""

    pipeline: Pipeline
    failure_rate: float
    days: int
    worlds: int
    seed: int


def parser() -> argparse.ArgumentParser:
    """Say what the sub-command takes."""
    made = plain_parser(
        "rules simulate",
        "Say how often a month a pipeline that keeps its target would be paged for nothing, and how soon trouble\n"
        "would be told, by our rules and by the usual multi-window table.",
        "lumen rules simulate --runs-per-day 24 --target 99% --failure-rate 10% --plot alerts.svg",
    )
    for name, default, metavar, what, example in _OPTIONS:
        told = f"the default is {default}" if default else f"e.g. {example}"
        made.add_argument(f"--{name}", metavar=metavar, default=default, help=f"{what} ({told})".replace("%", "%%"))
    made.add_argument("--plot", metavar="FILE.svg", help="also draw it, with other frequencies beside yours")
    made.add_argument("--json", action="store_true", help="print one JSON object")
    return made


def run(arguments: argparse.Namespace, world: World) -> int:
    """Simulate, print the answer, and draw it where that is asked for."""
    asked = read_asked(arguments, world.folder)
    simulation = _simulated(asked, world)
    if arguments.plot:
        drawn = svg(simulation, _by_frequency(asked, world))
        write_as_told("plot", world.folder / arguments.plot, drawn)
        world.tell(f"drawn: {arguments.plot}")
    if arguments.json:
        world.answer_json(as_json(simulation))
        return 0
    for line in as_lines(simulation):
        world.answer(line)
    return 0


def read_asked(arguments: argparse.Namespace, folder: Path) -> Asked:
    """Return what is asked for; a ConfigError names every mistake."""
    problems: list[str] = []
    examples = {name: example for name, _, _, _, example in _OPTIONS}
    given = {name: getattr(arguments, name.replace("-", "_")) for name in examples}
    whole = {name: _whole(name, given[name], examples[name], problems) for name in _WHOLE}
    target = _ratio("target", given["target"], examples["target"], problems)
    if target and not _LEAST_TARGET <= target <= _HIGHEST_TARGET:
        problems.append(f"target: `{given['target']}` is not from 50% to 99.99%; write `--target 99%`")
    rate = _ratio("failure-rate", given["failure-rate"], examples["failure-rate"], problems)
    if given["calendar"] not in CALENDARS:
        problems.append(
            f"calendar: `{given['calendar']}` is not known; write `--calendar {'` or `--calendar '.join(CALENDARS)}`"
        )
    if arguments.plot and not (folder / arguments.plot).parent.is_dir():
        problems.append(f"plot: the folder of `{arguments.plot}` does not exist; make it, or write `--plot alerts.svg`")
    if problems:
        raise ConfigError(problems)
    pipeline = Pipeline(
        whole["runs-per-day"], target, whole["regions"], given["calendar"], whole["outage-minutes"] * 60
    )
    return Asked(pipeline, rate, whole["days"], whole["worlds"], whole["seed"])


def _whole(name: str, word: str | None, example: str, problems: list[str]) -> int:
    least, most = _WHOLE[name]
    if word is None:
        problems.append(f"{name}: is missing; write `--{name} {example}`")
        return least
    number = int(word) if word.isascii() and word.isdecimal() and len(word) <= len(str(most)) else -1
    if not least <= number <= most:
        problems.append(
            f"{name}: `{word[:40]}` is not a whole number from {least} to {most}; write `--{name} {example}`"
        )
        return least
    return number


def _ratio(name: str, word: str | None, example: str, problems: list[str]) -> float:
    """Return a share above 0 and up to 1, or 0 for a mistake."""
    if word is None:
        problems.append(f"{name}: is missing; write `--{name} {example}`")
        return 0
    found = _RATIO.fullmatch(word)
    share = float(found[1]) / (_HUNDRED if found[2] else 1) if found else 0.0
    if not 0 < share <= 1:
        meant = f"{word}%" if found and not found[2] and 1 < share <= _HUNDRED else example
        problems.append(f"{name}: `{word[:40]}` is not a share above 0 and up to 1 or 100%; write `--{name} {meant}`")
        return 0
    return share


def _simulated(asked: Asked, world: World) -> Simulation:
    pipeline, rate = asked.pipeline, asked.failure_rate
    trouble = rate > 1 - pipeline.target
    stated_days = min(asked.days, _DAYS_OF_TROUBLE) if trouble else asked.days
    burns = asked.worlds * _BURNS_PER_WORLD
    chances = _Chances(asked, world)
    return Simulation(
        pipeline=pipeline,
        failure_rate=rate,
        days=asked.days,
        stated_days=stated_days,
        worlds=asked.worlds,
        burns=burns,
        healthy=alarms(pipeline, pipeline.healthy_rate, asked.days, chances(asked.worlds, "healthy worlds")),
        stated=alarms(pipeline, rate, stated_days, chances(asked.worlds, "worlds failing as stated")),
        outage=detections(pipeline, 1, chances(burns, "outages")),
        burn=detections(pipeline, rate, chances(burns, "burns")) if trouble else None,
    )


def _by_frequency(asked: Asked, world: World) -> dict[int, dict[str, Alarms]]:
    """Return how often a month healthy pipelines of other frequencies are told for nothing."""
    chances = _Chances(asked, world)
    worlds = min(asked.worlds, _WORLDS_PER_FREQUENCY)
    found = {}
    for runs_per_day in FREQUENCIES:
        pipeline = replace(asked.pipeline, runs_per_day=runs_per_day)
        named = f"worlds with {runs_per_day} runs a day"
        found[runs_per_day] = alarms(pipeline, pipeline.healthy_rate, asked.days, chances(worlds, named))
    return found


class _Chances:
    """Makes the randomness of worlds, and tells a person at a terminal how far it is."""

    def __init__(self, asked: Asked, world: World) -> None:
        """Begin to be patient."""
        self._seed = asked.seed
        self._world = world
        self._told = world.clock_ms()

    def __call__(self, count: int, what: str) -> Iterator[Chance]:
        """Yield the chance of each world, the same for the same seed."""
        for done in range(count):
            now = self._world.clock_ms()
            if now - self._told >= _PATIENCE_MS and self._world.stderr.isatty():
                self._world.tell(f"{done} of {count} {what}")
                self._told = now
            yield random.Random(f"{self._seed} {what} {done}").random  # noqa: S311 - worlds are no secret

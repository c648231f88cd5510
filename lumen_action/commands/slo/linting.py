"""`lumen slo lint`: refuses targets that cannot be measured, and proposes some that can."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from lumen_action.commands import World
from lumen_action.commands.slo.asked import Asked, read_asked, slo_parser
from lumen_action.commands.slo.places import evaluated, planned
from lumen_action.errors import ConfigError
from lumen_action.measuring import zone_of
from lumen_action.slo.measurable import Finding, Standing, judged, volume_of
from lumen_action.slo.objective import Slo, Window
from lumen_action.slo.phrases import counted
from lumen_action.slo.spans import span_of
from lumen_action.summary.markdown import visible

_DIGITS = 9


def parser() -> argparse.ArgumentParser:
    """Say what the sub-command takes."""
    made = slo_parser(
        "slo lint",
        "Refuse a target that so few events cannot measure: where a single failure breaks it, it says nothing.\n"
        "Propose a target, a window or a number of events that would do. The exit code is 2 when one is refused.",
        "lumen slo lint --slo slo/ --pipeline nightly --config lumen.yml",
    )
    made.add_argument("--json", action="store_true", help="print one JSON list, a row for each objective")
    return made


def run(arguments: argparse.Namespace, world: World) -> int:
    """Print what is found of every objective; 2 when one is refused, 75 when a source did not answer."""
    asked = read_asked(arguments, world)
    answers = evaluated(asked)
    findings = [judged(each, volume_of(each), _planned(asked, each.slo)) for each in answers.evaluations]
    if arguments.json:
        world.answer_json([_row(finding) for finding in findings])
    else:
        for line in _lines(findings):
            world.answer(line)
        world.tell(_summary(findings))
    return ConfigError.exit_code if any(each.standing is Standing.REFUSED for each in findings) else answers.exit_code


def _planned(asked: Asked, slo: Slo) -> Callable[[Window], float | None]:
    """Return what tells how many events an objective would have in another window."""
    events = planned(asked.session.settings, asked.at_ms)
    return lambda window: events(slo, span_of(window, asked.at_ms, zone_of))


def _row(finding: Finding) -> Mapping[str, Any]:
    target, allowed = finding.target, finding.allowed
    return {
        "slo": finding.name,
        "status": finding.standing.value,
        "field": "target",
        "found": finding.found,
        "fix": finding.fix or None,
        "proposed_target_percent": None if target is None else round(100 * target, _DIGITS),
        "proposed_window": str(finding.window) if finding.window else None,
        "failures_allowed": None if allowed is None else round(float(allowed), _DIGITS),
        "regime": finding.regime.name if finding.regime else None,
    }


def _lines(findings: Sequence[Finding]) -> Iterator[str]:
    width = max((len(standing.value) for standing in Standing), default=0)
    for finding in findings:
        yield f"{finding.standing.value:<{width}}  {visible(finding.name)}: {visible(finding.found)}"
        if finding.fix:
            yield f"{'':<{width}}  fix: {finding.fix}"
        elif finding.regime:
            yield f"{'':<{width}}  {finding.regime.value}"


def _summary(findings: Sequence[Finding]) -> str:
    times = Counter(finding.standing for finding in findings)
    told = ", ".join(f"{times[standing]} {standing.value}" for standing in Standing if times[standing])
    return f"{counted(len(findings), 'objective')}: {told}"

"""`lumen rules render`: rule files for what a team promises."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Sequence

from lumen_action.alerting.promises import OWN_NAMES, Promise, promises_of
from lumen_action.alerting.rendering import RUNBOOK, Plan, render
from lumen_action.alerting.words import LANGUAGES
from lumen_action.commands import World
from lumen_action.commands.options import command_parser, given
from lumen_action.commands.planned import failures_threshold, runs_per_day
from lumen_action.commands.rules.documents import read_files, tell
from lumen_action.errors import ConfigError
from lumen_action.files import write_as_told
from lumen_action.gotemplate import check as template_faults
from lumen_action.gotemplate.hosts import PROMETHEUS
from lumen_action.settings import Settings, load_settings


def parser() -> argparse.ArgumentParser:
    """Say what the sub-command takes."""
    made = command_parser(
        "rules render",
        "Write rule files for Prometheus: counts, ratios, budgets and alerts. What lumen.yml and documents promise is\n"
        "written into them; everything else is read from what is published, so that one file serves all pipelines.",
        "lumen rules render --slo slo/ --out rules/",
        ("config", "pipeline"),
    )
    made.add_argument(
        "--slo",
        metavar="FILE",
        action="append",
        default=[],
        help="OpenSLO, sloth or pyrra documents, or folders of them",
    )
    made.add_argument(
        "--out", metavar="DIR", default="", help="write the files here; lumen.rules.yml to stdout if left out"
    )
    made.add_argument("--check", action="store_true", help="write nothing; fail when the files in --out are others")
    made.add_argument("--json", action="store_true", help="print one JSON object")
    return made


def run(arguments: argparse.Namespace, world: World) -> int:
    """Render, and write, print or compare."""
    settings = load_settings(given(arguments), world.env, world.folder)
    taken = read_files(arguments.slo, world.folder)
    promised = promises_of(taken.book.slos)
    tell((*taken.notes, *promised.notes), world)
    plan = _plan(settings, promised.promises, world.clock_ms())
    _refuse_unfit(plan)
    files = render(plan)
    if arguments.check and not arguments.out:
        raise ConfigError("check: compares files; name their folder with `--out rules`")
    folder = world.folder / arguments.out
    if arguments.check:
        other = [
            name
            for name, text in files.items()
            if not (folder / name).is_file() or (folder / name).read_text("utf-8", errors="replace") != text
        ]
        if other:
            raise ConfigError(
                [f"{folder / name}: is not what would be rendered; run it without --check" for name in other]
            )
    elif arguments.out:
        for name, text in files.items():
            write_as_told("out", folder / name, text)
            world.tell(f"wrote {folder / name}")
    if arguments.json:
        world.answer_json(
            {"files": files, "promises": [_row(each) for each in promised.promises], "notes": list(promised.notes)}
        )
    elif not arguments.out:
        world.answer(files["lumen.rules.yml"])
    return 0


def _plan(settings: Settings, promises: Sequence[Promise], now_ms: int) -> Plan:
    own = [Promise(settings.pipeline, name, target) for name, target in settings.objectives.items()]
    if own and not settings.pipeline:
        raise ConfigError("pipeline: is missing, so nobody knows whose objectives these are; write `pipeline: nightly`")
    planned = runs_per_day(settings, now_ms)
    # Without a pipeline the thresholds and volumes that pipelines publish are meant.
    told = settings.pipeline and (planned is not None or settings.consecutive_failures_threshold is not None)
    return Plan(
        language=LANGUAGES[settings.alerts.get("language", "en")],
        runbook=settings.alerts.get("runbook", RUNBOOK),
        labels=settings.alerts.get("labels", {}),
        promises=[*own, *promises],
        runs_per_day={settings.pipeline: planned} if settings.pipeline and planned is not None else {},
        thresholds={settings.pipeline: failures_threshold(settings, planned)} if told else {},
    )


def _refuse_unfit(plan: Plan) -> None:
    """Refuse what would be two rules for one series, or a template that Prometheus cannot expand."""
    problems = [
        f"{promise.slo}: is what the rules call an objective of lumen.yml; give the document another name"
        for promise in plan.promises
        if promise.counts and promise.slo in OWN_NAMES
    ]
    times = Counter((promise.pipeline, promise.slo) for promise in plan.promises)
    problems += [
        f"{slo}: found {count} objectives of this name and target; keep one of them"
        for (_, slo), count in times.items()
        if count > 1 and slo not in OWN_NAMES
    ]
    texts = {f"alerts.labels.{name}": text for name, text in plan.labels.items()}
    problems += [
        f"{name}: found {fault.found}; {fault.fix}"
        for name, text in {**texts, "alerts.runbook": plan.runbook}.items()
        for fault in template_faults(text, PROMETHEUS)
    ]
    if problems:
        raise ConfigError(problems)


def _row(promise: Promise) -> dict[str, object]:
    return {"pipeline": promise.pipeline, "slo": promise.slo, "target": promise.target, "days": promise.days}

"""What is looked for in every file: variables nobody expands, names nobody publishes, old rules, objectives."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from lumen_action.alerting.checks import dashboards, rules
from lumen_action.alerting.checks.meaning import Reading, names
from lumen_action.alerting.checks.setup import Fault, Kind, Look, Node, Setup
from lumen_action.alerting.promises import Promise
from lumen_action.alerting.rendering import Plan, render
from lumen_action.promql import Expr, PromqlError, parse
from lumen_action.promql import render as spelled
from lumen_action.slo.evidence import PERIOD_DAYS, Regime, budget, proposals, regime
from lumen_action.yamlite import load

_VARIABLE = re.compile(r"\$\{([A-Za-z_]\w*)(?::?[-+=?][^}]*)?\}")
_COMMENT = re.compile(r"(?:^|\s)#.*$")
# Prometheus itself fills these: groups of patterns, and labels where the feature is on.
_FILLED_BY_PROMETHEUS = frozenset({"replacement", "target_label", "external_labels"})
_YAML = (Kind.RULES, Kind.PROMETHEUS, Kind.ALERTMANAGER)

_LONGEST_PERIOD_DAYS = 366
_OWN_LABELS = frozenset({"severity", "burn_window"})

Written = Mapping[str, Mapping[str, str]]
"""By group: the rules and their expressions in one spelling."""


def refused(setup: Setup) -> Iterator[Fault]:
    """Say which files could not be read."""
    for file in setup.files:
        if file.refused and not file.unread:
            yield file.refused


def unread(setup: Setup) -> Iterator[Fault]:
    """Say which files only the vendor's own tool can read."""
    for file in setup.files:
        if file.refused and file.unread:
            fix = f"{file.refused.fix}; until then only promtool and amtool look at this file"
            yield Fault(file.name, file.refused.line, f"{file.refused.found}, which is not read here", fix)


def unexpanded(setup: Setup) -> Iterator[Fault]:
    """Say which variables would be sent as they are written."""
    fix = "nobody expands it: use the `…_file` form of the key, or render the file before it is loaded"
    for kind in _YAML:
        for _, root in setup.of(kind):
            for node in root.texts():
                found = _variables(node.text)
                if found and not _FILLED_BY_PROMETHEUS & set(map(str, node.path)):
                    yield node.fault(f"{found} in `{node.key}`", fix)
    for file in setup.files:
        if file.root is None and file.kind is not Kind.DASHBOARD:
            for number, line in enumerate(file.text.splitlines(), 1):
                if found := _variables(_COMMENT.sub("", line)):
                    yield Fault(file.name, number, found, fix)


def _variables(text: str) -> str:
    """Name the variables in a text; the value one falls back to may be a secret."""
    return " and ".join(dict.fromkeys(f"`${{{match[1]}}}`" for match in _VARIABLE.finditer(text)))


def expressions(setup: Setup) -> Iterator[tuple[Node, Expr]]:
    """Yield every query of rules and dashboards that parses."""
    for file, root in setup.of(Kind.RULES):
        yield from rules.expressions(file, root)
    for file, root in setup.of(Kind.DASHBOARD):
        yield from dashboards.expressions(file, root)


def reading(said_by: Reading) -> Look:
    """Look at what every query says."""

    def look(setup: Setup) -> Iterator[Fault]:
        for node, expr in expressions(setup):
            for found, fix in dict.fromkeys(said_by(expr)):
                yield node.fault(found, fix)

    return look


def unpublished(setup: Setup) -> Iterator[Fault]:
    """Say which of our names no rule records and no publisher publishes."""
    known = setup.published | _names_of_ours() | set(_recorded(setup))
    for node, expr in expressions(setup):
        for name in dict.fromkeys(names(expr)):
            if name not in known:
                yield node.fault(
                    f"`{name}`, which nobody publishes or records", "check its name against docs/series.md"
                )


def _recorded(setup: Setup) -> Iterator[str]:
    for _, root in setup.of(Kind.RULES):
        yield from (rule.at("record").text for rule in rules.rules_of(root))


@lru_cache(maxsize=1)
def _names_of_ours() -> frozenset[str]:
    """Return what our own rules record and read."""
    known: set[str] = set()
    for text in render(Plan()).values():
        for rule in _all_rules(text):
            known.update(names(parse(str(rule["expr"]))))
            known.add(str(rule.get("record", "")))
    return frozenset(known)


def _all_rules(text: str) -> Iterator[dict[str, object]]:
    for group in _groups(text):
        yield from group["rules"]


def _groups(text: str) -> list[dict[str, Any]]:
    document: Any = load(text, "rules")
    groups: list[dict[str, Any]] = document["groups"]
    return groups


def outdated(setup: Setup) -> Iterator[Fault]:
    """Say which rule files of ours are from another release, or were changed by hand."""
    ours = _ours()
    for _, root in setup.of(Kind.RULES):
        for group in root.at("groups").items():
            wanted = ours.get(group.at("name").text)
            if wanted is None:
                continue
            theirs = {_title(rule.value): _spelling(rule.at("expr").text) for rule in group.at("rules").items()}
            changed = sorted(name for name, expr in wanted.items() if theirs.get(name) not in {expr, None})
            missing = sorted(set(wanted) - set(theirs))
            if changed or missing:
                counts = f"{len(changed)} rules differ from this release and {len(missing)} are missing"
                found = f"the group `{group.at('name').text}`: {counts}, such as `{(changed + missing)[0]}`"
                yield group.fault(found, "write it anew with `lumen rules render`")


@lru_cache(maxsize=1)
def _ours() -> Written:
    """Return our rules, without those that a team's own objectives change."""
    plain = _by_group(Plan())
    own = _by_group(Plan(promises=[Promise("p", "run", 0.5, 28)], runs_per_day={"p": 1}, thresholds={"p": 2}))
    return {
        group: {title: expr for title, expr in written.items() if own[group].get(title) == expr}
        for group, written in plain.items()
    }


def _by_group(plan: Plan) -> Written:
    return {
        str(group["name"]): {_title(rule): _spelling(str(rule["expr"])) for rule in group["rules"]}
        for text in render(plan).values()
        for group in _groups(text)
    }


def _title(rule: object) -> str:
    """Return what tells a rule from the others; a team may add labels of its own to alerts."""
    if not isinstance(rule, dict):
        return ""
    labels = rule.get("labels")
    own = labels.items() if isinstance(labels, dict) else ()
    marks = ",".join(f'{key}="{value}"' for key, value in sorted(own) if "record" in rule or key in _OWN_LABELS)
    return f"{rule.get('record') or rule.get('alert')}{{{marks}}}"


def _spelling(expr: str) -> str:
    try:
        return spelled(parse(expr))
    except PromqlError:
        return expr


def unmeasurable(setup: Setup) -> Iterator[Fault]:
    """Say which objectives of `lumen.yml` a single failure breaks."""
    said = setup.configured
    if said is None or not said.runs_per_day:
        return
    for slo, target in sorted(said.objectives.items()):
        for found, fix in not_measurable(slo, target, said.runs_per_day):
            yield Fault(said.file, 0, found, fix)


def not_measurable(slo: str, target: float, runs_per_day: float) -> Iterator[tuple[str, str]]:
    """Yield why an objective cannot be measured at so many runs a day, and what can."""
    a_day = min(runs_per_day, 1.0) if slo == "day" else runs_per_day
    if target >= 1:
        found = (
            f"slo.{slo}: an objective of 100 % leaves no budget: the first failure breaks it, and no alert can say so"
        )
        yield found, "write what you would accept, such as 0.99"
    elif regime(budget(a_day * PERIOD_DAYS, target)) is Regime.R0:
        can = proposals(a_day, target)
        allowed = budget(a_day * PERIOD_DAYS, target)
        longer = f", or measure over {can.days} days" if can.days <= _LONGEST_PERIOD_DAYS else ""
        what = "days" if slo == "day" else "runs"
        found = f"slo.{slo}: {target * 100:g} % of the {a_day * PERIOD_DAYS:g} {what} in {PERIOD_DAYS} days"
        yield (
            f"{found} allows {allowed:.2g} failures: it cannot be measured, one failure breaks it",
            f"write `slo: {{{slo.replace('_', '-')}: {_rounded_down(can.target)}}}`{longer}",
        )


def _rounded_down(target: float) -> str:
    """Write a target so that it still allows one failure."""
    return f"{int(target * 10_000) / 10_000:g}"

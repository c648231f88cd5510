"""Rule files and their unit tests: the form of each rule, and whether Prometheus can read its parts."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lumen_action.alerting.checks.setup import Fault, File, Node
from lumen_action.alerting.checks.shapes import anything, duration, labels, mapping, number, several, text
from lumen_action.gotemplate import PROMETHEUS
from lumen_action.gotemplate import check as template_faults
from lumen_action.promql import Expr, PromqlError, parse

RULE = mapping(
    {
        "record": text,
        "alert": text,
        "expr": text,
        "for": duration,
        "keep_firing_for": duration,
        "labels": labels,
        "annotations": labels,
    },
    ("expr",),
)
GROUPS = mapping(
    {
        "groups": several(
            mapping(
                {
                    "name": text,
                    "interval": duration,
                    "query_offset": duration,
                    "limit": number,
                    "labels": labels,
                    "rules": several(RULE),
                    "partial_response_strategy": text,
                    "source_tenants": several(text),
                },
                ("name", "rules"),
            )
        )
    },
    ("groups",),
)
TESTS = mapping(
    {
        "rule_files": several(text),
        "evaluation_interval": duration,
        "fuzzy_compare": anything,
        "group_eval_order": several(text),
        "tests": several(
            mapping(
                {
                    "name": text,
                    "interval": duration,
                    "input_series": several(mapping({"series": text, "values": text}, ("series", "values"))),
                    "alert_rule_test": several(
                        mapping(
                            {"eval_time": duration, "alertname": text, "exp_alerts": anything},
                            ("eval_time", "alertname"),
                        )
                    ),
                    "promql_expr_test": several(
                        mapping({"expr": text, "eval_time": duration, "exp_samples": anything}, ("expr", "eval_time"))
                    ),
                    "external_labels": labels,
                    "external_url": text,
                    "start_timestamp": anything,
                }
            )
        ),
    },
    ("tests",),
)

_NAME = re.compile(r"[A-Za-z_:][A-Za-z0-9_:]*")
_BLOCK = re.compile(r"[|>][-+1-9]*[ \t]*(?:#.*)?$")
_SPOKEN = {
    "severity": ("labels", "add `labels: {severity: page}`, or ticket, or info: routes choose by it"),
    "summary": ("annotations", "add `annotations: {summary: …}`: what a person reads first at 03:00"),
    "runbook_url": ("annotations", "add `annotations: {runbook_url: https://…}`: what to do about it"),
}


def rules_of(root: Node) -> Iterator[Node]:
    """Yield every rule of every group."""
    for group in root.at("groups").items():
        yield from group.at("rules").items()


def expression(node: Node) -> Expr | None:
    """Return what an expression says, None where it does not parse."""
    try:
        return parse(node.text)
    except PromqlError:
        return None


def expressions(_: File, root: Node) -> Iterator[tuple[Node, Expr]]:
    """Yield every expression that parses."""
    for rule in rules_of(root):
        expr = rule.at("expr")
        if tree := expression(expr):
            yield expr, tree


def shape(_: File, root: Node) -> Iterator[Fault]:
    """Say which keys and values of a rule file have the wrong form."""
    yield from GROUPS(root)
    for rule in rules_of(root):
        if isinstance(rule.value, dict) and bool(rule.at("record").text) == bool(rule.at("alert").text):
            yield rule.fault("a rule that is not either `record` or `alert`", "give it one of both")
        only_alerts = ("for", "keep_firing_for", "annotations")
        if rule.at("record").text:
            for key in (key for key in only_alerts if key in rule.value):
                yield rule.at(key).fault(f"`{key}` in a recording rule", "only alerts have it: remove it")
    names: set[str] = set()
    for group in root.at("groups").items():
        name = group.at("name")
        if name.text in names:
            yield name.fault(f"the group `{name.text}` a second time", "give it another name")
        names.add(name.text)


def names(_: File, root: Node) -> Iterator[Fault]:
    """Say which records are no names of series."""
    for rule in rules_of(root):
        record = rule.at("record")
        if record.text and not _NAME.fullmatch(record.text):
            found = f"the record `{record.text}`, which is no name of a series"
            yield record.fault(found, "use letters, digits, `_` and `:`, and no digit at the beginning")


def queries(file: File, root: Node) -> Iterator[Fault]:
    """Say which expressions Prometheus would refuse."""
    for rule in rules_of(root):
        if rule.at("expr").text:
            yield from unparsed(file, rule.at("expr"))


def unparsed(file: File, node: Node) -> Iterator[Fault]:
    """Say why an expression does not parse."""
    try:
        parse(node.text)
    except PromqlError as fault:
        line = _line_within(file, node, fault.line)
        yield Fault(file.name, line, f"{fault.found} at column {fault.column} of the query", fault.fix)


def _line_within(file: File, node: Node, line: int) -> int:
    """Return the line of the file that a line of a text stands on."""
    if _BLOCK.search(file.raw(node.line)):
        return node.line + line
    return node.line + line - 1


def duplicates(_: File, root: Node) -> Iterator[Fault]:
    """Say which rules would write the same series."""
    seen: dict[str, int] = {}
    for rule in rules_of(root):
        kind = "record" if rule.at("record").text else "alert"
        name = rule.at(kind).text
        marks = sorted((label.key, label.text) for label in rule.at("labels").entries())
        line = seen.setdefault(f"{kind} {name} {marks}", rule.line)
        if line != rule.line and name:
            found = f"the {kind} `{name}` with the same labels as on line {line}"
            yield rule.fault(found, "join both by `or`, or give each a label of its own")


def words(_: File, root: Node) -> Iterator[Fault]:
    """Say which alerts nobody can act on."""
    for rule in rules_of(root):
        alert = rule.at("alert")
        if not alert.text:
            continue
        for name, (place, fix) in _SPOKEN.items():
            if not rule.at(place, name).text:
                yield alert.fault(f"the alert `{alert.text}` without `{name}`", fix)
        address = rule.at("annotations", "runbook_url")
        if address.text and not address.text.startswith(("https://", "http://", "{{")):
            yield address.fault("a `runbook_url` that is no address", "write `runbook_url: https://…`")


def templates(file: File, root: Node) -> Iterator[Fault]:
    """Say which labels and annotations Prometheus cannot expand."""
    for rule in rules_of(root):
        for said in (*rule.at("annotations").entries(), *rule.at("labels").entries()):
            for fault in template_faults(said.text, PROMETHEUS) if said.text else ():
                line = _line_within(file, said, fault.line)
                yield Fault(file.name, line, f"{fault.found} in `{said.key}`", fault.fix)


def tests_shape(file: File, root: Node) -> Iterator[Fault]:
    """Say which keys and values of a unit test have the wrong form."""
    yield from TESTS(root)
    for test in root.at("tests").items():
        for asked in test.at("promql_expr_test").items():
            if asked.at("expr").text:
                yield from unparsed(file, asked.at("expr"))

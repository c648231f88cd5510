"""Alertmanager's configuration: its form, its receivers, its templates and where alerts end up."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from lumen_action.alerting.alerts import WATCHES
from lumen_action.alerting.checks.routing import malformed, patterns, tree, unreachable
from lumen_action.alerting.checks.setup import Fault, File, Kind, Node, Setup
from lumen_action.alerting.checks.shapes import anymap, anything, duration, flag, labels, mapping, several, text
from lumen_action.gotemplate import ALERTMANAGER, defines
from lumen_action.gotemplate import check as template_faults

_INTEGRATIONS = (
    *("discord", "email", "incidentio", "jira", "mattermost", "msteams", "msteamsv2", "opsgenie", "pagerduty"),
    *("pushover", "rocketchat", "slack", "sns", "telegram", "victorops", "webex", "webhook", "wechat"),
)
_GLOBAL_PREFIXES = (*_INTEGRATIONS, "smtp", "http_config")


def _everywhere(node: Node) -> Iterator[Fault]:
    if not isinstance(node.value, dict):
        yield node.fault("`global`, which is no map", "write `global: {resolve_timeout: 5m}`")
    for entry in node.entries():
        if entry.key == "resolve_timeout":
            yield from duration(entry) if entry.value is not None else ()
        elif not entry.key.startswith(_GLOBAL_PREFIXES):
            yield entry.fault(f"the unknown key `{entry.key}`", "remove it, or check its spelling")


_ROUTE = {
    "receiver": text,
    "group_by": several(text),
    "group_wait": duration,
    "group_interval": duration,
    "repeat_interval": duration,
    "matchers": malformed,
    "match": labels,
    "match_re": patterns,
    "continue": flag,
    "mute_time_intervals": several(text),
    "active_time_intervals": several(text),
    "routes": several(anything),  # each is looked at by itself
}
_INTERVALS = several(mapping({"name": text, "time_intervals": several(anything)}, ("name",)))
_SHAPE = mapping(
    {
        "global": _everywhere,
        "templates": several(text),
        "route": anything,
        "receivers": several(
            mapping({"name": text, **{f"{each}_configs": several(anymap) for each in _INTEGRATIONS}}, ("name",))
        ),
        "inhibit_rules": several(
            mapping(
                {
                    "source_matchers": malformed,
                    "target_matchers": malformed,
                    "source_match": labels,
                    "source_match_re": patterns,
                    "target_match": labels,
                    "target_match_re": patterns,
                    "equal": several(text),
                    "name": text,
                    "sources": anything,
                }
            )
        ),
        "mute_time_intervals": _INTERVALS,
        "time_intervals": _INTERVALS,
        "tracing": anything,
    },
    ("route", "receivers"),
)
_CALLED = re.compile(r"""template\s+["`]([^"`]+)["`]""")
# Alertmanager brings these along.
_BUILT_IN = re.compile(r"__\w+|\w+\.default\.\w+")
_OUR_ALERTS = tuple((watch.name, watch.severity) for watch in WATCHES)


def shape(_: File, root: Node) -> Iterator[Fault]:
    """Say which keys and values have the wrong form."""
    yield from _SHAPE(root)
    for route in tree(root.at("route")).walk():
        yield from mapping(_ROUTE)(route.node)
    top = root.at("route")
    if isinstance(top.value, dict) and any(key in top.value for key in ("match", "match_re", "matchers")):
        yield top.fault("matchers in the topmost route", "it takes every alert: move them to a route below")
    if isinstance(top.value, dict) and not top.at("receiver").text:
        yield top.fault("a topmost route without `receiver`", "name who gets what no other route takes")


def receivers(_: File, root: Node) -> Iterator[Fault]:
    """Say which receivers are named but not there, and which are there twice."""
    given = [receiver.at("name") for receiver in root.at("receivers").items()]
    counted = Counter(name.text for name in given)
    for name in given:
        if counted[name.text] > 1:
            yield name.fault(f"the receiver `{name.text}` more than once", "join their integrations under one name")
    for route in tree(root.at("route")).walk():
        name = route.node.at("receiver")
        if name.text and name.text not in counted:
            yield name.fault(f"the receiver `{name.text}`, which nobody defines", "add it under `receivers:`")
    intervals = {
        each.at("name").text for key in ("time_intervals", "mute_time_intervals") for each in root.at(key).items()
    }
    for route in tree(root.at("route")).walk():
        for key in ("mute_time_intervals", "active_time_intervals"):
            for name in route.node.at(key).items():
                if name.text not in intervals:
                    yield name.fault(f"the time interval `{name.text}`, which nobody defines", "add it")


def unused_receivers(_: File, root: Node) -> Iterator[Fault]:
    """Say which receivers no route names."""
    named = {route.receiver for route in tree(root.at("route")).walk()}
    for receiver in root.at("receivers").items():
        name = receiver.at("name")
        if name.text not in named:
            yield name.fault(f"the receiver `{name.text}`, which no route names", "name it in a route, or remove it")


def unreachable_routes(_: File, root: Node) -> Iterator[Fault]:
    """Say which routes no alert can come to."""
    yield from unreachable(tree(root.at("route")))


def silent(severity: str, file: File, root: Node) -> Iterator[Fault]:
    """Say which of our alerts of a severity reach nobody."""
    notifying = {
        receiver.at("name").text
        for receiver in root.at("receivers").items()
        if any(each.key.endswith("_configs") and each.value for each in receiver.entries())
    }
    top = tree(root.at("route"))
    lost: dict[str, list[str]] = {}
    for name, wanted in _OUR_ALERTS:
        if wanted == severity:
            reached = top.receivers({"alertname": name, "severity": severity, "pipeline": "nightly"})
            if not notifying & set(reached):
                lost.setdefault(" and ".join(f"`{each}`" for each in reached), []).append(name)
    for nobody, alerts in lost.items():
        line = top.node.line
        found = f"{severity}s such as {min(alerts)} reach only {nobody}, which tells nobody"
        yield Fault(file.name, line, found, f'add a route `matchers: [severity="{severity}"]` to a receiver that tells')


def ungrouped(_: File, root: Node) -> Iterator[Fault]:
    """Say where all alerts would come as one message."""
    top = root.at("route")
    if isinstance(top.value, dict) and not any(route.node.at("group_by").value for route in tree(top).walk()):
        yield top.fault(
            "no `group_by`, so alerts of all pipelines are one message", "add `group_by: [alertname, pipeline]`"
        )


def globs(setup: Setup) -> Iterator[Fault]:
    """Say which patterns of templates lead to no file."""
    for file, root in setup.of(Kind.ALERTMANAGER):
        for pattern in root.at("templates").items():
            if not setup.matches.get((file.name, pattern.text), ("not looked for",)):
                found = f"`templates: {pattern.text}`, which leads to no file"
                yield pattern.fault(found, "paths start beside this file: correct it")


def template_syntax(setup: Setup) -> Iterator[Fault]:
    """Say what Alertmanager cannot read in templates, in files and in the configuration."""
    defined = _defined(setup)
    for file in setup.files:
        if file.kind is Kind.TEMPLATE:
            for fault in template_faults(file.text, ALERTMANAGER, defined | _built_in(file.text)):
                yield Fault(file.name, fault.line, fault.found, fault.fix)
    for _, root in setup.of(Kind.ALERTMANAGER):
        for node in root.at("receivers").texts():
            everybody = defined | frozenset(_CALLED.findall(node.text))
            for fault in template_faults(node.text, ALERTMANAGER, everybody) if "{{" in node.text else ():
                yield node.fault(f"{fault.found} in `{node.key}`", fault.fix)


def missing_templates(setup: Setup) -> Iterator[Fault]:
    """Say which templates receivers use that no file of `templates:` defines."""
    for file, root in setup.of(Kind.ALERTMANAGER):
        patterns = [pattern.text for pattern in root.at("templates").items()]
        listed = [setup.matches.get((file.name, pattern)) for pattern in patterns]
        if any(found is None for found in listed):
            continue  # nobody looked where they lead
        files = {name for found in listed if found for name in found}
        defined = _defined(setup, files)
        for node in root.at("receivers").texts():
            unknown = sorted(set(_CALLED.findall(node.text)) - defined - _built_in(node.text))
            for name in unknown:
                fix = "define it, or check its name" if patterns else "add `templates: [lumen.tmpl]`"
                why = "which no file of `templates:` defines" if patterns else "but there is no `templates:`"
                yield node.fault(f'the template "{name}" in `{node.key}`, {why}: the notification fails', fix)


def _defined(setup: Setup, files: set[str] | None = None) -> frozenset[str]:
    """Return the names of templates that files define."""
    return frozenset(
        name
        for file in setup.files
        if file.kind is Kind.TEMPLATE and (files is None or file.name in files)
        for name in defines(file.text, ALERTMANAGER)
    )


def _built_in(text: str) -> frozenset[str]:
    return frozenset(name for name in _CALLED.findall(text) if _BUILT_IN.fullmatch(name))

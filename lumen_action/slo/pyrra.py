"""pyrra's ServiceLevelObjective resources to objectives."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from lumen_action.slo.headers import slug
from lumen_action.slo.objective import (
    About,
    Duration,
    Objective,
    RatioSource,
    RollingWindow,
    Slo,
    SloBook,
)
from lumen_action.slo.openslo import share
from lumen_action.slo.queries import over_window, selector
from lumen_action.slo.reading import Fields, Findings, Node
from lumen_action.yamlite import Document

API, KIND = "pyrra.dev/v1alpha1", "ServiceLevelObjective"
_HUNDRED = 100
_PIECES = (("w", 604_800), ("d", 86_400), ("h", 3600), ("m", 60), ("s", 1))
_DURATION = re.compile("".join(rf"(?:(\d{{1,6}}){unit})?" for unit, _ in _PIECES))
_LATENCY = re.compile(r"(\d{1,9})(ms|s|m|h)")
_LATENCY_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600}
_OWN_ALERTS = "`lumen rules render` makes alerts of its own for every objective"


def is_pyrra(value: Mapping[str, object]) -> bool:
    """Tell whether a document is one of pyrra's."""
    return str(value.get("apiVersion", "")).startswith("pyrra.dev/")


def read(documents: Sequence[Document], findings: Findings) -> SloBook:
    """Return the objectives of pyrra's documents; what is left behind is told."""
    read_all = [_slo(Node(document, (), document.value, findings)) for document in documents]
    slos = tuple(slo for slo in read_all if slo)
    services = {slo.service: About(slo.service) for slo in slos}
    return SloBook(slos, tuple(services.values()))


def _slo(root: Node) -> Slo | None:
    fields = root.fields()
    if fields is None:
        return None
    for key, wanted in (("apiVersion", API), ("kind", KIND)):
        if (node := fields.need(key, wanted)) and node.value != wanted:
            node.refuse(node.shown, f"only `{key}: {wanted}` can be read")
            return None
    fields.leaves_behind(("apiVersion", "kind", "metadata", "spec"), "it says nothing of what is promised")
    metadata, told = fields.need("metadata", "{name: …}"), fields.need("spec", "{target: '99', window: 28d, …}")
    head, spec = metadata.fields() if metadata else None, told.fields() if told else None
    if head is None or spec is None:
        return None
    about, service = _about(head, spec)
    spec.leaves_behind(("description", "target", "window", "indicator", "alerting"), "it is not known here")
    if (alerting := spec.get("alerting")) and (inner := alerting.fields()):
        inner.leaves_behind((), _OWN_ALERTS)
    target, window, source = _target(spec), _window(spec), _source(spec)
    if not about.name or target is None or window is None or source is None:
        return None
    return Slo(about, service, About(about.name), source, (Objective(target),), RollingWindow(window))


def _about(head: Fields, spec: Fields) -> tuple[About, str]:
    head.leaves_behind(("name", "namespace", "labels"), "it is meant for Kubernetes and pyrra")
    name, namespace = head.need_text("name", "api-errors"), head.text("namespace")
    service = slug(namespace or name)
    if name:
        why = "its namespace" if namespace else "the name of the objective"
        head.node.note(f"pyrra knows no service; taken as {why}, `{service}`")
    return About(slug(name), name, spec.text("description"), head.texts("labels")), service


def _target(spec: Fields) -> float | None:
    node = spec.need("target", "'99.9'")
    if node is None:
        return None
    try:
        value = float(str(node.value))
    except ValueError:
        value = 0.0
    if 1 <= value < _HUNDRED:
        return share(value)
    node.refuse(node.shown, "write a percentage from 1 to under 100 in quotes, such as `target: '99.9'`")
    return None


def _window(spec: Fields) -> Duration | None:
    node = spec.need("window", "28d")
    if node is None:
        return None
    match = _DURATION.fullmatch(str(node.value))
    pieces = (
        [int(count or 0) * seconds for count, (_, seconds) in zip(match.groups(), _PIECES, strict=True)]
        if match
        else []
    )
    whole = sum(pieces)
    fitting = next((each for each in _PIECES[:3] if whole and whole % each[1] == 0), None)
    if fitting is None:
        node.refuse(node.shown, "write whole hours, days or weeks, such as `28d`")
        return None
    return Duration(whole // fitting[1], fitting[0])


def _source(spec: Fields) -> RatioSource | None:
    node = spec.need("indicator", "{ratio: {errors: {metric: …}, total: {metric: …}}}")
    fields = node.fields() if node else None
    if fields is None:
        return None
    given = [key for key in fields if key in fields]
    if len(given) != 1 or given[0] not in _INDICATORS:
        fields.node.refuse(f"`{', '.join(given)}`" if given else "nothing", f"write one of {', '.join(_INDICATORS)}")
        return None
    told = fields.get(given[0])
    inner = told.fields() if told else None
    if inner is None:
        return None
    if grouping := inner.get("grouping"):
        grouping.note(
            "not taken over: all groups together have one budget; write an objective for each that needs its own"
        )
    return _INDICATORS[given[0]](inner)


def _ratio(fields: Fields) -> RatioSource | None:
    fields.only(("errors", "total", "grouping"))
    bad, total = (_sum(fields, key, "increase") for key in ("errors", "total"))
    return RatioSource(bad, total, part_is_good=False, counter=False) if bad and total else None


def _latency(fields: Fields) -> RatioSource | None:
    fields.only(("success", "total", "grouping"))
    good, total = (_sum(fields, key, "increase") for key in ("success", "total"))
    return RatioSource(good, total, part_is_good=True, counter=False) if good and total else None


def _native_latency(fields: Fields) -> RatioSource | None:
    fields.only(("latency", "total", "grouping"))
    node, total = fields.need("latency", "500ms"), _sum(fields, "total", "increase")
    match = _LATENCY.fullmatch(str(node.value)) if node else None
    if node and not match:
        node.refuse(node.shown, "write one number with its unit, such as `500ms`")
    if not match or not total:
        return None
    bound = f"{int(match[1]) * _LATENCY_SECONDS[match[2]]:g}"
    good = f"histogram_fraction(0, {bound}, {total}) * histogram_count({total})"
    return RatioSource(good, f"histogram_count({total})", part_is_good=True, counter=False)


def _bool_gauge(fields: Fields) -> RatioSource | None:
    fields.only(("metric", "grouping"))
    good, total = (_over(fields.need("metric", "up"), function) for function in ("sum_over_time", "count_over_time"))
    fields.node.note("every sample of the gauge is an event; a scrape that fails is none")
    return RatioSource(good, total, part_is_good=True, counter=False) if good and total else None


def _sum(fields: Fields, key: str, function: str) -> str:
    node = fields.need(key, "{metric: requests_total}")
    inner = node.fields() if node else None
    if inner is None:
        return ""
    inner.only(("metric",))
    return _over(inner.need("metric", "requests_total"), function)


def _over(node: Node | None, function: str) -> str:
    found = selector(node) if node else None
    return over_window(found, function) if found else ""


_INDICATORS: Mapping[str, Callable[[Fields], RatioSource | None]] = {
    "ratio": _ratio,
    "latency": _latency,
    "latencyNative": _native_latency,
    "bool_gauge": _bool_gauge,
}

"""Reading documents of objectives in tests."""

from __future__ import annotations

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from lumen_action.slo.documents import AUTO, Taken, read
from lumen_action.yamlite import load_all

LTE = "{op: lte, value: 4.5, target: 0.95}"


def known_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return False
    return True


def taken(*texts: str, form: str = AUTO) -> Taken:
    """Read texts as the files a.yml, b.yml, …"""
    documents = [each for number, text in enumerate(texts) for each in load_all(text, f"{'abcdef'[number]}.yml")]
    return read(documents, known_zone, form)


def slo_text(
    *,
    name: str = "x",
    indicator: str = "indicator: {spec: {ratioMetric: {counter: true, good: {metricSource: {type: Prometheus, "
    "spec: {query: good_total}}}, total: {metricSource: {type: Prometheus, spec: {query: all_total}}}}}}",
    window: str = "{duration: 30d, isRolling: true}",
    method: str = "Occurrences",
    objective: str = "{target: 0.99}",
    more: str = "",
) -> str:
    """Return an SLO in which one thing may differ; a field of the spec is on line 6 and below."""
    return f"""apiVersion: openslo/v1
kind: SLO
metadata: {{name: {name}}}
spec:
  service: shop
  {indicator}
  timeWindow: [{window}]
  budgetingMethod: {method}
  objectives: [{objective}]
{more}"""


def measured(type_: str, spec: str) -> str:
    return f"indicator: {{spec: {{thresholdMetric: {{metricSource: {{type: {type_}, spec: {{{spec}}}}}}}}}}}"


def ratio(parts: str) -> str:
    return f"indicator: {{spec: {{ratioMetric: {{{parts}}}}}}}"


def part(word: str, type_: str, spec: str) -> str:
    return f"{word}: {{metricSource: {{type: {type_}, spec: {{{spec}}}}}}}"


def lumen(spec: str) -> str:
    return ratio(f"counter: true, {part('good', 'lumen', f'outcome: success, {spec}')}, {part('total', 'lumen', spec)}")


def prometheus(good: str, total: str, counter: str = "true") -> str:
    quoted = [f"query: '{query}'" for query in (good, total)]
    return ratio(
        f"counter: {counter}, {part('good', 'Prometheus', quoted[0])}, {part('total', 'Prometheus', quoted[1])}"
    )

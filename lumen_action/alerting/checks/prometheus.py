"""Prometheus' configuration: its form, how it scrapes the Pushgateway, what it loads and how long it remembers."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lumen_action.alerting.checks.setup import Fault, File, Kind, Node, Setup
from lumen_action.alerting.checks.shapes import anything, duration, flag, labels, mapping, several, span_ms, text

PUSHGATEWAY_JOB = "pushgateway"
RETENTION_DAYS = 33
"""30 days, and what the start of a window needs to be known from."""

_MINUTE_MS, _DAY_MS = 60_000, 86_400_000
_LONGEST_INTERVAL_MS = 5 * _MINUTE_MS
_OUT_OF_ORDER_MS = 60 * _MINUTE_MS
_GLOBAL = {
    "scrape_interval": duration,
    "scrape_timeout": duration,
    "evaluation_interval": duration,
    "rule_query_offset": duration,
    "external_labels": labels,
    "query_log_file": text,
    "scrape_failure_log_file": text,
}
_LIMITS = ("_limit", "_protocols", "_scheme", "_validation", "_histograms", "_runtime", "_files", "_ratio", "_factor")
_TARGETS = several(mapping({"targets": several(text), "labels": labels}))
_SCRAPE = {
    "job_name": text,
    "scrape_interval": duration,
    "scrape_timeout": duration,
    "metrics_path": text,
    "honor_labels": flag,
    "honor_timestamps": flag,
    "scheme": text,
    "static_configs": _TARGETS,
    "params": anything,
    **dict.fromkeys(
        [
            *("basic_auth", "authorization", "oauth2", "tls_config", "bearer_token", "bearer_token_file"),
            *("follow_redirects", "enable_http2", "enable_compression", "proxy_url", "no_proxy"),
            *("proxy_from_environment", "proxy_connect_header", "http_headers", "relabel_configs"),
            *(
                "metric_relabel_configs",
                "track_timestamps_staleness",
                "native_histogram_bucket_limit",
                "body_size_limit",
            ),
            *("fallback_scrape_protocol", "native_histogram_min_bucket_factor", "convert_classic_histograms_to_nhcb"),
            *("always_scrape_classic_histograms", "scrape_classic_histograms", "extra_scrape_metrics"),
        ],
        anything,
    ),
}
_SHAPE = mapping(
    {
        "global": mapping(_GLOBAL, endings=_LIMITS),
        "rule_files": several(text),
        "scrape_config_files": several(text),
        "scrape_configs": several(mapping(_SCRAPE, ("job_name",), endings=("_sd_configs", *_LIMITS))),
        "alerting": anything,
        "remote_write": anything,
        "remote_read": anything,
        "storage": anything,
        "tracing": anything,
        "runtime": anything,
        "otlp": anything,
    }
)
_PUSHGATEWAY_PORT = re.compile(r":9091(?:/|$)")


def shape(_: File, root: Node) -> Iterator[Fault]:
    """Say which keys and values have the wrong form."""
    yield from _SHAPE(root)
    seen: dict[str, int] = {}
    for job in root.at("scrape_configs").items():
        name = job.at("job_name")
        line = seen.setdefault(name.text, job.line)
        if name.text and line != job.line:
            yield name.fault(f"the job `{name.text}` a second time, first on line {line}", "give it another name")


def pushgateways(root: Node) -> list[Node]:
    """Return the jobs that scrape a Pushgateway, by name or address."""
    return [job for job in root.at("scrape_configs").items() if _scrapes_pushgateway(job)]


def _scrapes_pushgateway(job: Node) -> bool:
    addresses = (target.text for each in job.at("static_configs").items() for target in each.at("targets").items())
    return PUSHGATEWAY_JOB in job.at("job_name").text.lower() or any(
        "pushgateway" in address.lower() or _PUSHGATEWAY_PORT.search(address) for address in addresses
    )


def honor_labels(_: File, root: Node) -> Iterator[Fault]:
    """Say where the labels of what was pushed are renamed to `exported_…`."""
    for job in pushgateways(root):
        if job.at("honor_labels").value is not True:
            found = f"the job `{job.at('job_name').text}` scrapes a Pushgateway without `honor_labels`"
            yield job.fault(f"{found}: `job` becomes `exported_job`", "add `honor_labels: true`")


def job_names(_: File, root: Node) -> Iterator[Fault]:
    """Say where the alert about a dead Pushgateway would look in vain."""
    jobs = pushgateways(root)
    if jobs and not any(job.at("job_name").text == PUSHGATEWAY_JOB for job in jobs):
        found = f'no job `{PUSHGATEWAY_JOB}`: LumenTelemetryAbsent reads `up{{job="{PUSHGATEWAY_JOB}"}}`'
        yield jobs[0].at("job_name").fault(found, f"write `job_name: {PUSHGATEWAY_JOB}`")


def intervals(_: File, root: Node) -> Iterator[Fault]:
    """Say where samples or rules come so rarely that series seem gone between them."""
    given = [root.at("global", name) for name in ("scrape_interval", "evaluation_interval")]
    for node in (*given, *(job.at("scrape_interval") for job in root.at("scrape_configs").items())):
        if (span_ms(node) or 0) > _LONGEST_INTERVAL_MS:
            yield node.fault(f"`{node.key}: {node.text}`: after 5m without a sample a series is gone", "write `1m`")


def retention(_: File, root: Node) -> Iterator[Fault]:
    """Say where history ends before a window of 30 days begins."""
    node = root.at("storage", "tsdb", "retention", "time")
    if node.text and (span_ms(node) or 0) < RETENTION_DAYS * _DAY_MS:
        found = f"a retention of {node.text}, with which counts over 30 days are never known"
        yield node.fault(found, f"write `time: {RETENTION_DAYS}d`")


def alert_receivers(_: File, root: Node) -> Iterator[Fault]:
    """Say where alerts are sent to nobody."""
    loads = root.at("rule_files")
    if loads.value and not root.at("alerting", "alertmanagers").value:
        yield loads.fault("rules, and no Alertmanager to tell", "add `alerting: {alertmanagers: …}`")


def remote_written(setup: Setup) -> Iterator[Fault]:
    """Say where runs that are written out of order are refused."""
    if setup.configured is None or not setup.configured.remote_write:
        return
    for _, root in setup.of(Kind.PROMETHEUS):
        window = root.at("storage", "tsdb", "out_of_order_time_window")
        if (span_ms(window) or 0) < _OUT_OF_ORDER_MS:
            found = "runs are remote-written, and no `out_of_order_time_window`: late ones are lost"
            fix = "add `storage: {tsdb: {out_of_order_time_window: 3h}}` and --web.enable-remote-write-receiver"
            yield window.fault(found, fix)


def rule_files(setup: Setup) -> Iterator[Fault]:
    """Say which patterns of rule files lead to no file."""
    for file, root in setup.of(Kind.PROMETHEUS):
        for pattern in root.at("rule_files").items():
            if not setup.matches.get((file.name, pattern.text), ("not looked for",)):
                yield pattern.fault(f"`rule_files: {pattern.text}`, which leads to no file", "correct the path")


def rules_not_loaded(setup: Setup) -> Iterator[Fault]:
    """Say where none of the rule files that are loaded is ours."""
    for file, root in setup.of(Kind.PROMETHEUS):
        listed = [setup.matches.get((file.name, pattern.text)) for pattern in root.at("rule_files").items()]
        if any(found is None for found in listed):
            continue  # nobody looked where they lead
        loaded = {name for found in listed for name in found or ()}
        groups = {
            group.at("name").text
            for rules, each in setup.of(Kind.RULES)
            if rules.name in loaded
            for group in each.at("groups").items()
        }
        if "lumen" not in groups:
            found = "no rule file with the group `lumen` is loaded: no counts, no alerts"
            yield root.at("rule_files").fault(found, "add `rule_files: [lumen.rules.yml]`, from `lumen rules render`")

"""What only alerts read: until when a pipeline is quiet, who was seen last, what is open, which failure is wide."""

from __future__ import annotations

from collections.abc import Iterator

from lumen_action.alerting.ratios import held
from lumen_action.alerting.rulefile import Record

FAILED_RUN = "lumen_last_failed_run_timestamp_seconds"
_FORGOTTEN_SECONDS = 7 * 86_400


def supports() -> Iterator[Record]:
    """Yield the records that only alerts read."""
    until, start, end = (
        f"({held(f'lumen_{name}_timestamp_seconds', 'pipeline')})"
        for name in ("suppressed_until", "suppression_planned_start", "suppression_planned_end")
    )
    # Who says only that it is so, without an end, is believed as long as it is said; beside an end it is an old word.
    said = "max by (pipeline) (lumen_alert_suppressed == 1 unless lumen_suppressed_until_timestamp_seconds > 0)"
    yield Record(
        "lumen:suppressed:seconds",
        f"""
        ({until} - time() > 0)
        or ({end} - time() > 0 and {start} <= time())
        or {said} * Inf
        """,
    )
    # What has an end of its own is gone when a publisher no longer shows it, and stands while nobody publishes.
    for name, series in (("ack_deadline", "incident_ack_deadline"), ("postmortem_due", "postmortem_due")):
        record = f"lumen:incident:{name}"
        labels = "pipeline, incident, severity" if series == "incident_ack_deadline" else "pipeline, incident"
        yield Record(
            record,
            f"""
            max by ({labels}) (lumen_{series}_timestamp_seconds)
            or (
              last_over_time({record}[2h])
              unless on (pipeline) lumen_ledger_seq
              and on (pipeline) lumen:pipeline:last_seen
            )
            """,
        )
    # Each by its name: one selector for all fails where two of them have the same labels.
    published = " or ".join(
        f"timestamp({name})"
        for name in ("lumen_runs_total", "lumen_ledger_seq", "lumen_next_deadline_timestamp_seconds")
    )
    yield Record(
        "lumen:pipeline:last_seen",
        f"""
        max by (pipeline) ({published})
        or last_over_time(lumen:pipeline:last_seen[1h]) > time() - {_FORGOTTEN_SECONDS}
        """,
    )
    # A deadline of Monday is published on Friday, and may be sent only once, as runs that are samples are.
    for name, newest in (
        ("deadline", "max by (pipeline) (last_over_time(lumen_next_deadline_timestamp_seconds[2h]))"),
        ("sampled", "group by (pipeline) (last_over_time(lumen_run_event[2h]))"),
    ):
        record = f"lumen:pipeline:{name}"
        yield Record(record, f"{newest} or last_over_time({record}[2h]) and on (pipeline) lumen:pipeline:last_seen")
    yield Record(
        "lumen:recent_failure:regions",
        f"""
        count by (error_class, fingerprint, pipeline) (
          group by (error_class, fingerprint, pipeline, region) (
            last_over_time({FAILED_RUN}{{fingerprint!=""}}[1h]) > time() - 3600
          )
        )
        """,
    )

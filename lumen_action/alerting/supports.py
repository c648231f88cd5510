"""What only alerts read: until when a pipeline is quiet, who was seen last, what is open, which failure is wide."""

from __future__ import annotations

from collections.abc import Iterator

from lumen_action.alerting.ratios import held
from lumen_action.alerting.rulefile import Record

FAILED_RUN = "lumen_last_failed_run_timestamp_seconds"
_FORGOTTEN_SECONDS = 7 * 86_400


def supports() -> Iterator[Record]:
    """Yield the records that only alerts read."""
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
    yield from _suppressions()
    yield from _of_incidents()
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


def _suppressions() -> Iterator[Record]:
    """Yield until when each pipeline is quiet; what is planned for Monday may be published on Friday only."""
    for name, series in (
        ("until", "suppressed_until"),
        ("next_start", "suppression_planned_start"),
        ("next_end", "suppression_planned_end"),
    ):
        record = f"lumen:suppressed:{name}"
        told = held(f"lumen_{series}_timestamp_seconds", "pipeline")
        yield Record(record, f"{told} or last_over_time({record}[2h]) and on (pipeline) lumen:pipeline:last_seen")
    # Who says only that it is so, without an end, is believed as long as it is said; beside an end it is an old word.
    said = "max by (pipeline) (lumen_alert_suppressed == 1 unless lumen_suppressed_until_timestamp_seconds > 0)"
    yield Record(
        "lumen:suppressed:seconds",
        f"""
        (lumen:suppressed:until - time() > 0)
        or (lumen:suppressed:next_end - time() > 0 and lumen:suppressed:next_start <= time())
        or {said} * +Inf
        """,
    )


def _of_incidents() -> Iterator[Record]:
    """Yield what has an end of its own: gone with the publish that no longer shows it, there while nobody publishes."""
    deadline, due = "lumen_incident_ack_deadline_timestamp_seconds", "lumen_postmortem_due_timestamp_seconds"
    yield Record(
        "lumen:incident:last_seen",
        f"""
        max by (pipeline, incident, severity) (timestamp({deadline}))
        or max by (pipeline, incident) (timestamp({due}))
        or last_over_time(lumen:incident:last_seen[2h]) >= on (pipeline) group_left () lumen:pipeline:last_seen
        """,
    )
    for name, labels, series in (
        ("ack_deadline", "pipeline, incident, severity", deadline),
        ("postmortem_due", "pipeline, incident", due),
    ):
        yield Record(
            f"lumen:incident:{name}",
            f"""
            max by ({labels}) ({series})
            or last_over_time(lumen:incident:{name}[2h])
            and on (pipeline, incident, severity) lumen:incident:last_seen
            """,
        )

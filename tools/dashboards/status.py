"""The dashboard for the one who was woken: what is broken now, and where to look."""

from __future__ import annotations

from dashboards import frame, queries
from dashboards.frame import Line, Page, Section
from dashboards.looks import (
    BAD,
    CHECK_STATE,
    GOOD,
    HEALTH_STATE,
    INFO,
    OUTCOME,
    SEVERITY,
    STAGE_STATE,
    TO_RUN,
    UNSHOWN,
    WARNING,
    WHEN,
    coloured,
    in_colour,
    mapped,
    steps,
    to_runbook,
    unit,
)
from dashboards.panels import About, Column, figures, grid, in_one_colour, lines, states

_HOUR = 3600
_PIPELINE, _REGION = Column("pipeline", "Pipeline"), Column("region", "Region")
_CLASS, _ENDED = Column("error_class", "Class"), "Ended"
_REGION_AND_STAGE = "{{pipeline}} / {{region}} / {{stage}}"


def _now() -> Section:
    by_severity = (
        figures(
            About("Alerts by severity", "How many alerts fire now, by whom they call.", "none fire"),
            queries.FIRING_BY_SEVERITY,
            "{{severity}}",
        )
        .unit("none")
        .min(0)
        .thresholds(steps((1, WARNING)))
        .override_by_name("page", [in_one_colour(BAD)])
    )
    firing = grid(
        About("Firing alerts", "What fires now. The runbook says what to do about it.", "no alert fires"),
        [queries.FIRING_ALERTS],
        [
            Column("severity", "Severity", in_colour(SEVERITY)),
            Column("alertname", "Alert"),
            _PIPELINE,
            _REGION,
            Column("stage", "Stage"),
            Column("slo", "Objective"),
            Column("runbook", "Runbook", to_runbook()),
        ],
    )
    return Section("Now", [Line(7, [(6, by_severity), (18, firing)])])


def _runs() -> Section:
    last = grid(
        About(
            "Last run of each pipeline and region",
            "The latest run that ended, whatever came of it. The run leads to its log.",
            "no run is known",
        ),
        [queries.LAST_RUN, queries.IN_A_ROW],
        [
            _PIPELINE,
            _REGION,
            Column("run_id", "Run", TO_RUN),
            Column("outcome", "Outcome", in_colour(OUTCOME)),
            _CLASS,
            Column(0, _ENDED, WHEN),
            Column(1, "Failures in a row", [*unit("none", 0), *coloured(steps((1, WARNING), (2, BAD)))]),
            Column("url", "Address", UNSHOWN),
        ],
        newest=_ENDED,
    )
    failed = grid(
        About(
            "Last failed run of each pipeline and region",
            "Where to look for the cause; it stays after later runs went well.",
            "no run has failed",
        ),
        [queries.LAST_FAILED_RUN],
        [
            _PIPELINE,
            _REGION,
            Column("run_id", "Run", TO_RUN),
            Column("stage", "Stage"),
            _CLASS,
            Column("fingerprint", "Fingerprint"),
            Column(0, _ENDED, WHEN),
            Column("url", "Address", UNSHOWN),
        ],
        newest=_ENDED,
    )
    return Section("Runs", [Line(8, [(24, last)]), Line(8, [(24, failed)])])


def _stages() -> Section:
    stages = states(
        About(
            "Stages",
            "Whether each stage went well when it last ran. A cancelled or skipped stage changes nothing.",
            "no stage has been reported",
        ),
        queries.STAGE_FAILED,
        _REGION_AND_STAGE,
        STAGE_STATE,
    )
    durations = lines(
        About("Durations", "How long each stage took when it last ran.", "no duration has been reported"),
        [(queries.DURATION, _REGION_AND_STAGE)],
    )
    return Section("Stages", [Line(10, [(12, stages), (12, durations.unit("s").min(0))])])


def _incidents() -> Section:
    going_on = (
        figures(
            About("Open incidents", "Incidents that go on, by how bad they are.", "no incident is known"),
            queries.OPEN_INCIDENTS,
            "{{severity}}",
        )
        .unit("none")
        .decimals(0)
        .min(0)
        .thresholds(steps((1, BAD)))
    )
    to_acknowledge = (
        figures(
            About(
                "Time left to acknowledge",
                "How long until somebody has to have taken an incident. Below 0 it is late.",
                "nothing waits for somebody",
            ),
            queries.TIME_TO_ACKNOWLEDGE,
            "{{incident}}",
        )
        .unit("s")
        .decimals(0)
        .thresholds(steps((0, WARNING), base=BAD))
    )
    health = figures(
        About("Health", "What the latest check of each component found.", "no component is checked"),
        queries.HEALTH,
        "{{pipeline}} {{component}} {{region}}",
    ).mappings(mapped(HEALTH_STATE))
    maintenance = (
        figures(
            About("Next maintenance", "How long until alerts are silenced as planned.", "none is planned"),
            queries.UNTIL_MAINTENANCE,
            "{{pipeline}}",
        )
        .unit("s")
        .decimals(0)
        .thresholds(steps(base=INFO))
    )
    return Section(
        "Incidents and health", [Line(6, [(5, going_on), (6, to_acknowledge), (8, health), (5, maintenance)])]
    )


def _checks() -> Section:
    integrity = figures(
        About("Integrity", "Whether the latest verification of stored data held.", "never checked"),
        queries.INTEGRITY,
        "{{pipeline}}",
    ).mappings(mapped(CHECK_STATE))
    report = figures(
        About("Report", "Whether the latest report was generated.", "no report is expected"),
        queries.REPORT,
        "{{pipeline}}",
    ).mappings(mapped(CHECK_STATE))
    deadline = (
        figures(
            About(
                "Time left to the deadline",
                "How long until the next expected run has to report. Below 0 it is late.",
                "no schedule is known",
            ),
            queries.TIME_LEFT,
            "{{pipeline}}",
        )
        .unit("s")
        .decimals(0)
        .thresholds(steps((0, WARNING), (_HOUR, GOOD), base=BAD))
    )
    suppressed = (
        figures(
            About(
                "Alerts suppressed", "How long alerts stay silent; they come back by themselves.", "nothing suppressed"
            ),
            queries.SUPPRESSED,
            "{{pipeline}}",
        )
        .unit("s")
        .decimals(0)
        .min(0)
        .thresholds(steps(base=INFO))
    )
    in_a_row = (
        figures(
            About("Failures in a row", "Failed runs since the last good one.", "no run is known"),
            queries.IN_A_ROW,
            "{{pipeline}} / {{region}}",
        )
        .unit("none")
        .decimals(0)
        .min(0)
        .thresholds(steps((1, WARNING), (2, BAD)))
    )
    age = (
        figures(
            About(
                "Age of the numbers",
                "How long ago Prometheus last saw a pipeline's series. Old numbers make every panel here old.",
                "no pipeline has been seen",
            ),
            queries.TELEMETRY_AGE,
            "{{pipeline}}",
        )
        .unit("s")
        .decimals(0)
        .min(0)
        .thresholds(steps((_HOUR // 4, WARNING), (36 * _HOUR, BAD)))
    )
    return Section(
        "Checks",
        [
            Line(6, [(6, integrity), (6, report), (6, deadline), (6, suppressed)]),
            Line(6, [(14, in_a_row), (10, age)]),
        ],
    )


def page() -> Page:
    """Return the dashboard."""
    return Page(
        uid=frame.STATUS,
        title="Lumen: status",
        description="What runs, what failed, and where to look.",
        since="now-24h",
        other=("Reliability", frame.RELIABILITY),
        variables=[frame.pipeline(), frame.region()],
        sections=[_now(), _incidents(), _runs(), _stages(), _checks()],
    )

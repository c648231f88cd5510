"""The dashboard for the one who promises: how reliable it is, how sure that is, and what is left of the budget."""

from __future__ import annotations

from grafana_foundation_sdk.builders import timeseries
from grafana_foundation_sdk.models.dashboard import DynamicConfigValue as Property

from dashboards import frame, queries
from dashboards.frame import Line, Page, Section
from dashboards.looks import (
    BAD,
    COUNT,
    DAY,
    GOOD,
    INFO,
    OUTCOME,
    REGION_STATE,
    SHARE,
    TO_RUN,
    UNSHOWN,
    VERDICT,
    WARNING,
    coloured,
    in_colour,
    instead,
    steps,
    unit,
    without_number,
)
from dashboards.panels import About, Column, calendar, daily, figures, grid, in_one_colour, lines, states

NOT_ENOUGH = "not enough data"
_PIPELINE, _REGION = Column("pipeline", "Pipeline"), Column("region", "Region")
_CLASS, _ENDED = Column("error_class", "Class"), "Ended"
_SLO = [_PIPELINE, Column("slo", "Objective"), Column("stage", "Stage")]
_UNSURE = [*SHARE, *instead(NOT_ENOUGH)]
_EMPTY_SHARES = steps((0.000001, WARNING), (0.25, GOOD), base=BAD)


def _promise() -> Section:
    kept = grid(
        About(
            "Objectives, and what the runs show",
            "Counted exactly in the chosen window. The truth lies between the bounds: each holds with 95 % "
            "confidence. Met or violated is said only where both bounds are on one side of the objective.",
            "no run is known",
        ),
        [
            queries.EVENTS,
            queries.BAD,
            queries.SUCCESS,
            queries.SUCCESS_LOW,
            queries.SUCCESS_HIGH,
            queries.OBJECTIVE,
            queries.VERDICT,
        ],
        [
            *_SLO,
            Column(6, "Verdict", [*in_colour(VERDICT), *instead("no objective")]),
            Column(5, "Promised", [*SHARE, *instead("no objective")]),
            Column(2, "Good", _UNSURE),
            Column(3, "At least", _UNSURE),
            Column(4, "At most", _UNSURE),
            Column(0, "Events", COUNT),
            Column(1, "Bad", COUNT),
        ],
    )
    unknown = (
        figures(
            About(
                "Counts not known",
                "Regions whose start of the window was not seen. Their pipelines have no numbers for it, rather than "
                "wrong ones.",
                "all counts are known",
            ),
            queries.UNKNOWN,
            "{{pipeline}}",
        )
        .unit("none")
        .decimals(0)
        .min(0)
        .thresholds(steps((1, WARNING)))
    )
    return Section("Is the promise kept?", [Line(10, [(20, kept), (4, unknown)])])


def _budget() -> Section:
    events = grid(
        About(
            "Error budget in events",
            "How many bad events 30 days allow, and how many there were. A budget below 1 cannot be measured: one "
            "failure alone breaks the promise.",
            "no objective is set",
        ),
        [queries.BUDGET, queries.BUDGET_USED, queries.BUDGET_LEFT, queries.BUDGET_SHARE_LEFT],
        [
            *_SLO,
            Column(0, "Allowed", unit("none", 1)),
            Column(1, "Used", COUNT),
            Column(2, "Left", unit("none", 1)),
            Column(3, "Share left", [*unit("percentunit", 1), *coloured(_EMPTY_SHARES)]),
        ],
    )
    burn_down = (
        lines(
            About(
                "Burn-down of the error budget",
                "What is left of the budget of the 30 days before each moment. Below 0 the promise is broken.",
                "no objective is set",
            ),
            [(queries.BURN_DOWN, "{{pipeline}} {{slo}} {{stage}}")],
        )
        .unit("percentunit")
        .decimals(0)
        .axis_soft_min(0)
        .max(1)
        .thresholds(_EMPTY_SHARES)
    )
    return Section("Error budget of 30 days", [Line(9, [(12, events), (12, burn_down)])])


def _days() -> Section:
    volume = (
        daily(
            About(
                "Runs per day",
                "Runs that ended between midnight and midnight of the time zone of this dashboard; no run is in two "
                "bars. A day is shown when it is over.",
            ),
            [(queries.GOOD_PER_DAY, "good"), (queries.FAILED_PER_DAY, "failed")],
        )
        .override_by_query("A", [in_one_colour(GOOD)])
        .override_by_query("B", [in_one_colour(BAD)])
    )
    results = calendar(
        About(
            "Result of each day",
            "A day is good when any region succeeded. A lost day is closed some hours after its end, and its tile "
            "comes at noon. A day that is corrected later keeps its tile; the ratios have the correction.",
            "no day has been decided",
        ),
        queries.DAY_RESULT,
        "{{pipeline}}",
        DAY,
    )
    classes = daily(
        About("Failures per day, by class", "What failed, as first counted: a correction has no class.", "no failures"),
        [(queries.CLASSES_PER_DAY, "{{error_class}}")],
    )
    totals = grid(
        About("Failures by class", "What failed in the last 7 and 30 days, as first counted.", "no run is known"),
        [queries.by_class("7d"), queries.by_class("30d")],
        [Column("error_class", "Class"), Column(0, "7 days", COUNT), Column(1, "30 days", COUNT)],
        newest="30 days",
    )
    return Section("Days and causes", [Line(9, [(12, volume), (12, results)]), Line(9, [(14, classes), (10, totals)])])


def _regions() -> Section:
    timeline = states(
        About("Regions", "Whether the latest run of each region failed.", "no run is known"),
        queries.REGION_FAILS,
        "{{pipeline}} / {{region}}",
        REGION_STATE,
    )
    ratios = (
        figures(
            About(
                "Success ratio of each region",
                "In the chosen window; red below 90 %, orange below 99 %. A region where everything failed shows 0 %, "
                "one where nothing ran says so.",
                "no run is known",
            ),
            queries.REGION_SUCCESS,
            "{{pipeline}} / {{region}}",
        )
        .unit("percentunit")
        .decimals(1)
        .min(0)
        .max(1)
        .mappings(without_number("nothing ran"))
        .thresholds(steps((0.9, WARNING), (0.99, GOOD), base=BAD))
    )
    return Section("Regions", [Line(9, [(12, timeline), (12, ratios)])])


def _reruns() -> Section:
    decisions = daily(
        About("Rerun decisions per day", "What was decided after failures.", "nothing was decided"),
        [(queries.RERUNS_PER_DAY, "{{decision}}")],
    )
    helped = grid(
        About(
            "Did running it again help?",
            "Stages that went well at once, and those that went well in the end, in the chosen window. The difference "
            "is what reruns saved.",
            "no stage has been reported",
        ),
        [queries.STAGES, queries.FIRST_TRY, queries.IN_THE_END, queries.SAVED],
        [
            _PIPELINE,
            Column("stage", "Stage"),
            Column(0, "Stages run", COUNT),
            Column(1, "Good at once", _UNSURE),
            Column(2, "Good in the end", _UNSURE),
            Column(3, "Saved by a rerun", unit("none", 0)),
        ],
    )
    return Section("Reruns", [Line(9, [(12, decisions), (12, helped)])])


def _last_runs() -> Section:
    runs = grid(
        About(
            "Last runs",
            "The latest 200 runs of the shown time, as they were published: of the runs that ended between two "
            "publishes only the last is here. A run whose result was corrected is here with each of its results.",
            "no run is known",
        ),
        [queries.RUNS_OF_RANGE],
        [
            Column(0, _ENDED, unit("dateTimeAsIso")),
            _PIPELINE,
            _REGION,
            Column("run_id", "Run", TO_RUN),
            Column("outcome", "Outcome", in_colour(OUTCOME)),
            _CLASS,
            Column("url", "Address", UNSHOWN),
        ],
        newest=_ENDED,
    )
    return Section("Last runs", [Line(11, [(24, runs)])])


def _uncertainty() -> Section:
    return Section("How sure is it?", [Line(9, [(24, _ratio())])])


def _ratio() -> timeseries.Panel:
    return (
        lines(
            About(
                "Success ratio of $pipeline",
                "Runs that succeeded in the chosen window before each moment, between its bounds with 95 % confidence. "
                "Few runs make the band wide; no run makes a gap.",
                NOT_ENOUGH,
            ),
            [
                (queries.RATIO, "good"),
                (queries.RATIO_LOW, "at least"),
                (queries.RATIO_HIGH, "at most"),
                (queries.RUN_OBJECTIVE, "promised"),
            ],
        )
        .unit("percentunit")
        .decimals(1)
        .axis_soft_min(0.9)
        .max(1)
        .override_by_query("A", [in_one_colour(GOOD)])
        .override_by_query("B", [in_one_colour(INFO), Property("custom.lineWidth", 0)])
        .override_by_query(
            "C",
            [
                in_one_colour(INFO),
                Property("custom.lineWidth", 0),
                Property("custom.fillBelowTo", "at least"),
                Property("custom.fillOpacity", 20),
            ],
        )
        .override_by_query("D", [in_one_colour(WARNING), Property("custom.lineStyle", {"fill": "dash"})])
        .repeat("pipeline")
        .repeat_direction("h")
        .max_per_row(2)
    )


def page() -> Page:
    """Return the dashboard."""
    return Page(
        uid=frame.RELIABILITY,
        title="Lumen: reliability",
        description="How reliable the pipelines are, how sure that is, and what is left of the budget.",
        since="now-30d",
        other=("Status", frame.STATUS),
        variables=[frame.pipeline(), frame.region(), frame.objectives(), frame.window()],
        # A panel that repeats pushes down what follows, so it comes last.
        sections=[_promise(), _budget(), _days(), _regions(), _reruns(), _last_runs(), _uncertainty()],
    )

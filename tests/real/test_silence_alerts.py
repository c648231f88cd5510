"""What a silence mutes, planned, ended early or said by a script: when alerts are quiet, and that they come back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import ruletest
import servers
from ruletest import Expected, Given, firing, series

RULES = servers.ROOT / "rules" / "prometheus" / "lumen.rules.yml"
P = {"pipeline": "p"}
STORE = {"component": "store", **P}
UNTIL = "lumen_suppressed_until_timestamp_seconds"
START, END = (f"lumen_suppression_planned_{name}_timestamp_seconds" for name in ("start", "end"))
HOUR = 3600
Agrees = Callable[[str, list[Given], list[Expected]], None]


@pytest.fixture
def agrees(promtool: str, tmp_path: Path) -> Agrees:
    """Return what evaluates the shipped rules at an interval."""

    def check(interval: str, given: list[Given], expected: list[Expected]) -> None:
        ruletest.promtool_agrees(promtool, tmp_path, [RULES], interval, given, expected)

    return check


def suppressed(at: str, **values: float) -> Expected:
    return ruletest.expecting("lumen:suppressed:seconds", at, **values)


ALERT = "LumenHealthFailing"
FAILING = [series("lumen_health_status", "1x47", status="fail", **STORE)]
TICKET = {"severity": "ticket", **STORE}


def test_a_silence_mutes_until_its_end_and_one_that_is_ended_early_until_the_next_publish(agrees: Agrees) -> None:
    """Published every half hour: from 1 h on until 6 h, ended at 3 h, set again from 4 h until 5 h."""
    given = [*FAILING, series(UNTIL, f"0x1 {6 * HOUR}x3 0x1 {5 * HOUR}x38", **P)]
    expected = [
        firing(ALERT, "30m", TICKET),
        firing(ALERT, "1h"),
        firing(ALERT, "150m"),
        firing(ALERT, "3h", TICKET),
        firing(ALERT, "4h"),
        firing(ALERT, "5h", TICKET),
        suppressed("2h", p=4 * HOUR),
    ]
    agrees("30m", given, expected)


def test_a_planned_silence_begins_and_ends_by_itself_though_it_was_published_once(agrees: Agrees) -> None:
    """Published at the first moment only, as a run a day is: planned from 10 h to 12 h."""
    given = [
        *FAILING,
        *(
            series(name, ruletest.samples({0: value}, 48), **P)
            for name, value in ((UNTIL, 0), (START, 10 * HOUR), (END, 12 * HOUR))
        ),
    ]
    expected = [
        firing(ALERT, "9h", TICKET),
        firing(ALERT, "10h"),
        firing(ALERT, "690m"),
        firing(ALERT, "12h", TICKET),
        suppressed("11h", p=HOUR),
    ]
    agrees("30m", given, expected)


def test_what_was_published_once_on_friday_mutes_on_monday(agrees: Agrees) -> None:
    """Remote-written at the first moment only: quiet until 50 h, and again from 60 h to 64 h."""
    given = [
        *(
            series(name, ruletest.samples({0: value * HOUR}, 70), **P)
            for name, value in ((UNTIL, 50), (START, 60), (END, 64))
        ),
        series("lumen_ledger_seq", ruletest.samples({0: 1}, 70), **P),
    ]
    expected = [
        *(suppressed(f"{at}h", p=left * HOUR) for at, left in ((1, 49), (40, 10), (49, 1), (60, 4), (63, 1))),
        *(suppressed(f"{at}h") for at in (50, 59, 64, 69)),
    ]
    agrees("1h", given, expected)


def test_the_word_of_a_script_mutes_as_long_as_it_is_said(agrees: Agrees) -> None:
    """Somebody pushes the older gauge in a group of his own, and takes it back; ours beside it says no."""
    given = [
        *FAILING,
        series("lumen_alert_suppressed", "0x3 1x3 0x40", job="maintenance", **P),
        series("lumen_alert_suppressed", "0x47", job="lumen", **P),
        series(UNTIL, "0x47", job="lumen", **P),
    ]
    expected = [firing(ALERT, "90m", TICKET), firing(ALERT, "2h"), firing(ALERT, "210m"), firing(ALERT, "4h", TICKET)]
    agrees("30m", given, expected)


def test_the_word_of_a_script_counts_also_in_our_own_group(agrees: Agrees) -> None:
    given = [
        *FAILING,
        series("lumen_alert_suppressed", "0x1 1x1 0x44", job="lumen", **P),
        series(UNTIL, "0x47", job="lumen", **P),
    ]
    agrees("30m", given, [firing(ALERT, "30m", TICKET), firing(ALERT, "1h"), firing(ALERT, "2h", TICKET)])


def test_our_own_word_of_a_silence_that_is_over_mutes_nothing(agrees: Agrees) -> None:
    """Published once: suppressed until 2 h. The gateway shows both numbers for ever."""
    given = [
        *FAILING,
        series("lumen_alert_suppressed", "1x47", job="lumen", **P),
        series(UNTIL, f"{2 * HOUR}x47", job="lumen", **P),
    ]
    agrees("30m", given, [firing(ALERT, "90m"), firing(ALERT, "2h", TICKET), firing(ALERT, "20h", TICKET)])


def test_the_message_of_a_suppression_names_its_end_where_it_has_one(promtool: str, tmp_path: Path) -> None:
    given = [
        series(UNTIL, f"{2 * HOUR}x4", pipeline="ends"),
        series("lumen_alert_suppressed", "1x4", pipeline="endless"),
    ]

    def told(pipeline: str, summary: str) -> dict[str, object]:
        annotations = {
            "summary": summary,
            "description": "They come back by themselves, or when who suppressed them without an end takes it back.",
            "runbook_url": "https://github.com/org/lumen-sli-action/blob/v1/RUNBOOK.md#lumensuppressed",
        }
        return {"exp_labels": {"severity": "none", "pipeline": pipeline}, "exp_annotations": annotations}

    summaries = {
        "ends": "ends: alerts are suppressed for another 1h 0m 0s",
        "endless": "endless: alerts are suppressed",
    }
    alerts = [told(*each) for each in summaries.items()]
    expected = {"eval_time": "1h", "alertname": "LumenSuppressed", "exp_alerts": alerts}
    ruletest.promtool_agrees(promtool, tmp_path, [RULES], "30m", given, [], alerts=[expected])

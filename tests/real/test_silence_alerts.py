"""What incidents, silences, components and drills call: when each alert begins, and that it ends."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import ruletest
import servers
from ruletest import Expected, Given, series

RULES = servers.ROOT / "rules" / "prometheus" / "lumen.rules.yml"
P = {"pipeline": "p"}
INCIDENT = {"incident": "INC-1", "severity": "sev2", **P}
TAKEN = {"incident": "INC-1", **P}
STORE = {"component": "store", **P}
DEADLINE, OPEN = "lumen_incident_ack_deadline_timestamp_seconds", "lumen_incidents_open"
UNTIL = "lumen_suppressed_until_timestamp_seconds"
START, END = (f"lumen_suppression_planned_{name}_timestamp_seconds" for name in ("start", "end"))
HOUR, DAY = 3600, 86_400


def firing(alert: str, at: str, *labels: dict[str, str]) -> Expected:
    """Expect an alert to fire with these labels and no others."""
    told = [{"alertname": alert, "alertstate": "firing", **own} for own in labels]
    samples = [
        {"labels": "ALERTS{{{}}}".format(",".join(f'{name}="{value}"' for name, value in each.items())), "value": 1}
        for each in told
    ]
    return {"expr": f'ALERTS{{alertname="{alert}",alertstate="firing"}}', "eval_time": at, "exp_samples": samples}


def suppressed(at: str, **values: float) -> Expected:
    return ruletest.expecting("lumen:suppressed:seconds", at, **values)


Agrees = Callable[[str, list[Given], list[Expected]], None]


@pytest.fixture
def agrees(promtool: str, tmp_path: Path) -> Agrees:
    """Return what evaluates the shipped rules at an interval."""

    def check(interval: str, given: list[Given], expected: list[Expected]) -> None:
        ruletest.promtool_agrees(promtool, tmp_path, [RULES], interval, given, expected)

    return check


UNACKNOWLEDGED = "LumenIncidentUnacknowledged"


def test_an_incident_that_nobody_takes_pages_from_its_deadline_until_it_is_taken(agrees: Agrees) -> None:
    """Scraped every five minutes: opened at once, due after half an hour, taken after an hour."""
    given = [
        series(DEADLINE, "1800x11 0x12", **INCIDENT),
        series(OPEN, "1x23", severity="sev2", **P),
        series("lumen_ledger_seq", "1x23", **P),
    ]
    page = {"severity": "page", **TAKEN}
    expected = [
        firing(UNACKNOWLEDGED, "30m"),
        firing(UNACKNOWLEDGED, "35m", page),
        firing(UNACKNOWLEDGED, "55m", page),
        firing(UNACKNOWLEDGED, "1h"),
        firing(UNACKNOWLEDGED, "90m"),
    ]
    agrees("5m", given, expected)


def test_what_was_published_once_pages_and_ends_with_the_next_publish(agrees: Agrees) -> None:
    """Remote-written: published at the opening, and ten hours later when it is closed."""
    given = [
        series(DEADLINE, ruletest.samples({0: 1800}, 144), **INCIDENT),
        series(OPEN, ruletest.samples({0: 1, 120: 0}, 144), severity="sev2", **P),
        series("lumen_ledger_seq", ruletest.samples({0: 1, 120: 2}, 144), **P),
    ]
    page = {"severity": "page", **TAKEN}
    expected = [
        firing(UNACKNOWLEDGED, "20m"),
        firing(UNACKNOWLEDGED, "40m", page),
        firing(UNACKNOWLEDGED, "595m", page),
        firing(UNACKNOWLEDGED, "10h"),
        firing(UNACKNOWLEDGED, "11h"),
    ]
    agrees("5m", given, expected)


def test_what_ended_seconds_after_it_was_published_does_not_page(agrees: Agrees) -> None:
    """Opened and published, a false alarm and published before anybody evaluated a rule."""
    given = [
        series(DEADLINE, ruletest.samples({0: 1800}, 120), **INCIDENT),
        series(OPEN, ruletest.samples({0: 1, 1: 0}, 120), severity="sev2", **P),
        series("lumen_ledger_seq", ruletest.samples({0: 1, 1: 2}, 120), **P),
    ]
    agrees("1m", given, [firing(UNACKNOWLEDGED, at) for at in ("31m", "40m", "90m", "110m")])


def test_an_incident_whose_severity_was_raised_is_one_alert(agrees: Agrees) -> None:
    """A runner that is gone has left its last word beside that of the one in its place."""
    given = [
        series(DEADLINE, "1800x20", instance="gone", **INCIDENT),
        series(DEADLINE, "900x20", instance="here", **{**INCIDENT, "severity": "sev1"}),
        *(series(OPEN, "1x20", severity=severity, **P) for severity in ("sev1", "sev2")),
        series("lumen_ledger_seq", "1x20", **P),
    ]
    agrees("5m", given, [firing(UNACKNOWLEDGED, "1h", {"severity": "page", **TAKEN})])


def test_no_maintenance_keeps_an_incident_from_paging(agrees: Agrees) -> None:
    given = [
        series(DEADLINE, "1800x20", **INCIDENT),
        series(OPEN, "1x20", severity="sev2", **P),
        series("lumen_ledger_seq", "1x20", **P),
        series(UNTIL, f"{10 * HOUR}x20", **P),
    ]
    agrees("5m", given, [firing(UNACKNOWLEDGED, "1h", {"severity": "page", **TAKEN})])


def test_a_postmortem_is_a_ticket_from_the_day_it_is_due_until_it_is_written(agrees: Agrees) -> None:
    """Published every six hours; due after two days, written after three."""
    given = [
        series("lumen_postmortem_due_timestamp_seconds", f"{2 * DAY}x11 _x8", **TAKEN),
        series("lumen_ledger_seq", "1x20", **P),
    ]
    expected = [
        firing("LumenPostmortemOverdue", "48h"),
        firing("LumenPostmortemOverdue", "54h", {"severity": "ticket", **TAKEN}),
        firing("LumenPostmortemOverdue", "66h", {"severity": "ticket", **TAKEN}),
        firing("LumenPostmortemOverdue", "72h"),
    ]
    agrees("6h", given, expected)


def test_a_component_that_failed_is_a_ticket_where_it_failed_until_it_is_well(agrees: Agrees) -> None:
    """Checked once a day by a batch job that publishes once: the word is believed in between."""
    every = {"status": "fail", **STORE}
    given = [
        series("lumen_health_status", ruletest.samples({0: 0, 24: 1, 48: 0}, 72), region="eu", **every),
        series("lumen_health_status", ruletest.samples({0: 0, 24: 0, 48: 0}, 72), region="ap", **every),
        series("lumen_health_status", ruletest.samples({0: 1, 24: 0, 48: 1}, 72), status="warn", region="eu", **STORE),
    ]
    failing = {"severity": "ticket", "region": "eu", **STORE}
    expected = [
        firing("LumenHealthFailing", "23h"),
        firing("LumenHealthFailing", "24h", failing),
        firing("LumenHealthFailing", "47h", failing),
        firing("LumenHealthFailing", "48h"),
        firing("LumenHealthFailing", "70h"),
    ]
    agrees("1h", given, expected)


def test_a_component_is_missed_after_two_days_or_three_runs_of_the_plan(agrees: Agrees) -> None:
    """All were checked at the first moment only; one pipeline runs five days a week, one 500 times a day."""
    plans = {"weekdays": 5 / 7, "often": 500, "unplanned": None}
    given = [
        *(series("lumen_health_checked_timestamp_seconds", "0x12", pipeline=name, component="store") for name in plans),
        *(series("lumen_expected_runs_per_day", f"{runs}x12", pipeline=name) for name, runs in plans.items() if runs),
    ]

    def stale(at: str, *names: str) -> Expected:
        said = ({"severity": "ticket", "component": "store", "pipeline": name} for name in sorted(names))
        return firing("LumenHealthStale", at, *said)

    expected = [stale("48h"), stale("60h", "often", "unplanned"), stale("96h", "often", "unplanned")]
    agrees("12h", given, [*expected, stale("108h", *plans)])


def test_a_credential_is_a_ticket_in_its_last_week_and_after_it(agrees: Agrees) -> None:
    """One ends after ten days; another is renewed on the fifth day."""
    expiry = "lumen_credential_expiry_timestamp_seconds"
    given = [
        series(expiry, f"{10 * DAY}x12", component="old", **P),
        series(expiry, f"{10 * DAY}x4 {90 * DAY}x8", component="renewed", **P),
    ]
    old, renewed = ({"severity": "ticket", "component": name, **P} for name in ("old", "renewed"))
    expected = [
        firing("LumenCredentialExpiring", "3d"),
        firing("LumenCredentialExpiring", "4d", old, renewed),
        firing("LumenCredentialExpiring", "5d", old),
        firing("LumenCredentialExpiring", "11d", old),
        ruletest.expecting(
            "round(max by (pipeline) (lumen_credential_expiry_timestamp_seconds - time()) / 86400)", "4d", p=6
        ),
    ]
    agrees("1d", given, expected)


def test_a_runbook_that_nobody_tried_for_a_month_is_told(agrees: Agrees) -> None:
    given = [
        series("lumen_runbook_last_drill_timestamp_seconds", "0x38", runbook="stalled", **P),
        series("lumen_runbook_last_drill_timestamp_seconds", f"0x29 {30 * DAY}x8", runbook="token-expired", **P),
    ]
    expected = [
        firing("LumenRunbookUndrilled", "35d"),
        firing("LumenRunbookUndrilled", "36d", {"severity": "info", "runbook": "stalled", **P}),
    ]
    agrees("1d", given, expected)


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

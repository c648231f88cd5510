"""What incidents, components and drills call: when each alert begins, and that it ends."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import ruletest
import servers
from ruletest import Expected, Given, firing, series

RULES = servers.ROOT / "rules" / "prometheus" / "lumen.rules.yml"
P = {"pipeline": "p"}
INCIDENT = {"incident": "INC-1", "severity": "sev2", **P}
TAKEN = {"incident": "INC-1", **P}
STORE = {"component": "store", **P}
DEADLINE, OPEN = "lumen_incident_ack_deadline_timestamp_seconds", "lumen_incidents_open"
UNTIL = "lumen_suppressed_until_timestamp_seconds"
HOUR, DAY = 3600, 86_400
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
    """Remote-written: published at the opening, and three hours later when it is closed."""
    given = [
        series(DEADLINE, ruletest.samples({0: 1800}, 60), **INCIDENT),
        series(OPEN, ruletest.samples({0: 1, 36: 0}, 60), severity="sev2", **P),
        series("lumen_ledger_seq", ruletest.samples({0: 1, 36: 2}, 60), **P),
    ]
    page = {"severity": "page", **TAKEN}
    expected = [
        firing(UNACKNOWLEDGED, "20m"),
        firing(UNACKNOWLEDGED, "40m", page),
        firing(UNACKNOWLEDGED, "175m", page),
        firing(UNACKNOWLEDGED, "3h"),
        firing(UNACKNOWLEDGED, "4h"),
    ]
    agrees("5m", given, expected)


def test_what_ended_does_not_come_back_when_its_last_publish_is_no_longer_looked_at(agrees: Agrees) -> None:
    """Remote-written: one is closed after 40 minutes, while another of its severity goes on, and is then taken."""
    other = {**INCIDENT, "incident": "INC-2"}
    given = [
        series(DEADLINE, ruletest.samples({0: 600}, 40), **INCIDENT),
        series(DEADLINE, ruletest.samples({0: 600, 20: 600, 30: 0}, 40), **other),
        series(OPEN, ruletest.samples({0: 2, 20: 1, 30: 1}, 40), severity="sev2", **P),
        series("lumen_ledger_seq", ruletest.samples({0: 1, 20: 2, 30: 3}, 40), **P),
    ]
    pages = [{"severity": "page", "incident": name, **P} for name in ("INC-1", "INC-2")]
    expected = [
        firing(UNACKNOWLEDGED, "38m", *pages),
        *(firing(UNACKNOWLEDGED, at, pages[1]) for at in ("40m", "46m", "58m")),
        *(firing(UNACKNOWLEDGED, at) for at in ("60m", "66m", "78m")),
    ]
    agrees("2m", given, expected)


def test_a_postmortem_that_was_written_stays_written_though_it_is_published_once(agrees: Agrees) -> None:
    """Remote-written: due after ten minutes, told again after twenty, written after forty."""
    given = [
        series("lumen_postmortem_due_timestamp_seconds", ruletest.samples({0: 600, 10: 600}, 40), **TAKEN),
        series("lumen_ledger_seq", ruletest.samples({0: 1, 10: 2, 20: 3}, 40), **P),
    ]
    overdue = {"severity": "ticket", **TAKEN}
    expected = [
        *(firing("LumenPostmortemOverdue", at, overdue) for at in ("12m", "38m")),
        *(firing("LumenPostmortemOverdue", at) for at in ("40m", "46m", "78m")),
    ]
    agrees("2m", given, expected)


def test_what_ended_seconds_after_it_was_published_does_not_page(agrees: Agrees) -> None:
    """Opened and published, a false alarm and published before anybody evaluated a rule."""
    given = [
        series(DEADLINE, ruletest.samples({0: 1800}, 60), **INCIDENT),
        series(OPEN, ruletest.samples({0: 1, 1: 0}, 60), severity="sev2", **P),
        series("lumen_ledger_seq", ruletest.samples({0: 1, 1: 2}, 60), **P),
    ]
    agrees("1m", given, [firing(UNACKNOWLEDGED, at) for at in ("31m", "40m", "59m")])


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


def test_a_component_is_missed_after_three_days_or_three_runs_of_the_plan(agrees: Agrees) -> None:
    """All were checked at the first moment only; one pipeline runs five days a week, one 500 times a day."""
    plans = {"weekdays": 5 / 7, "often": 500, "unplanned": None}
    given = [
        *(series("lumen_health_checked_timestamp_seconds", "0x12", pipeline=name, component="store") for name in plans),
        *(series("lumen_expected_runs_per_day", f"{runs}x12", pipeline=name) for name, runs in plans.items() if runs),
    ]

    def stale(at: str, *names: str) -> Expected:
        said = ({"severity": "ticket", "component": "store", "pipeline": name} for name in sorted(names))
        return firing("LumenHealthStale", at, *said)

    expected = [stale("72h"), stale("84h", "often", "unplanned"), stale("96h", "often", "unplanned")]
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
        # Its drill failed after 37 days, and went well a day later.
        series("lumen_runbook_last_drill_timestamp_seconds", f"_x37 0 {38 * DAY}", runbook="dependency", **P),
    ]
    stalled, dependency = ({"severity": "info", "runbook": name, **P} for name in ("stalled", "dependency"))
    expected = [
        firing("LumenRunbookUndrilled", "35d"),
        firing("LumenRunbookUndrilled", "36d", stalled),
        firing("LumenRunbookUndrilled", "37d", stalled, dependency),
        firing("LumenRunbookUndrilled", "38d", stalled),
    ]
    agrees("1d", given, expected)

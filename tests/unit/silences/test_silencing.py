"""Which alerts are quiet by a silence, and the words that several parts of the program have to share."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from facts import HOUR, NOON

from lumen_action.alerting.alerts import NEVER_MUTED, WATCHES
from lumen_action.health import check
from lumen_action.incidents.silences import Silence, ending_fact, setting_fact
from lumen_action.ledger.sqlite import SqliteLedger
from lumen_action.model import Kind
from lumen_action.ops.notify.alertmanager import alert_name
from lumen_action.response.silences import known_silences, silencing
from lumen_action.sinks.series import STATUSES
from lumen_action.sli.state import HEALTH

ROOT = Path(__file__).resolve().parents[3]
WHOLE = Silence("SIL-1", "nightly", "alice", "the database moves", NOON, NOON, NOON + HOUR, "2026-01-02")
SOME = replace(WHOLE, name="SIL-2", matchers='alertname=~"Lumen(Day|Region).*", region!="us", stage=""')


def alert(name: str = "LumenDayLost", **labels: str) -> dict[str, str]:
    return {"alertname": name, "pipeline": "nightly", "severity": "ticket", **labels}


def test_a_maintenance_silences_every_alert_of_the_pipeline() -> None:
    assert silencing([WHOLE], alert()) == WHOLE
    assert silencing([WHOLE], {}) == WHOLE


@pytest.mark.parametrize("name", NEVER_MUTED)
def test_a_broken_promise_and_what_waits_for_a_person_are_never_silenced(name: str) -> None:
    assert silencing([WHOLE, replace(SOME, matchers=f'alertname="{name}"')], alert(name)) is None


def test_the_worst_is_never_silenced() -> None:
    assert silencing([WHOLE], alert("DatabaseDown", severity="sev1")) is None
    assert silencing([WHOLE], alert("DatabaseDown", severity="sev2")) == WHOLE


@pytest.mark.parametrize(
    "labels", [alert(), alert(region="eu"), alert("LumenRegionFailing"), alert("LumenDayLost", severity="none")]
)
def test_matchers_silence_what_fits_all_of_them_and_a_label_that_is_not_there_is_empty(labels: dict[str, str]) -> None:
    assert silencing([SOME], labels) == SOME


@pytest.mark.parametrize(
    "labels", [alert("LumenRegionFailing", region="us"), alert("LumenStageFailed"), alert(stage="build"), {}]
)
def test_matchers_leave_alone_what_does_not_fit_one_of_them(labels: dict[str, str]) -> None:
    assert silencing([SOME], labels) is None


def test_matchers_that_cannot_be_read_silence_nothing() -> None:
    assert silencing([replace(SOME, matchers="alertname")], alert()) is None


def test_only_what_holds_now_in_this_pipeline_is_active(tmp_path: Path) -> None:
    ledger = SqliteLedger(tmp_path / "ledger.db", durable=True)
    ended = replace(WHOLE, name="SIL-3")
    other = replace(WHOLE, name="SIL-4", pipeline="weekly")
    later = replace(WHOLE, name="SIL-5", from_ms=NOON + 10, until_ms=NOON + HOUR)
    for silence in (WHOLE, ended, other, later):
        ledger.put(setting_fact(silence))
    ledger.put(ending_fact(ended, "bob", NOON + 1))

    def active(now_ms: int) -> list[str]:
        return [each.name for each in known_silences(ledger, "nightly") if each.holds(now_ms)]

    assert active(NOON + 5) == ["SIL-1"]
    assert active(NOON + 10) == ["SIL-1", "SIL-5"]
    assert active(NOON + HOUR) == []
    ledger.close()


def test_alertmanager_is_set_up_to_leave_the_same_alerts_alone() -> None:
    text = (ROOT / "rules" / "alertmanager" / "alertmanager.yml").read_text()

    assert f'alertname!~"{"|".join(NEVER_MUTED)}"' in text


def test_what_is_never_muted_is_there_to_be_muted() -> None:
    assert set(NEVER_MUTED) - {watch.name for watch in WATCHES if not watch.suppressible} == {alert_name("incident")}


def test_statuses_and_names_of_health_checks_are_those_of_the_checks() -> None:
    assert tuple(status.value for status in check.Status) == STATUSES
    assert HEALTH == check.HEALTH
    assert Kind.SILENCE.value == "silence"

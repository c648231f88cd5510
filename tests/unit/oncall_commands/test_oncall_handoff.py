"""`lumen oncall handoff`: what who comes next has to know, from a ledger in which all of it happened."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from facts import HOUR, fact
from oncallteam import OnCallTeam
from rosters import PEOPLE, ms, roster

from lumen_action.commands import World
from lumen_action.commands.oncall.gathering import Gathering, sections
from lumen_action.commands.session import Session, open_session
from lumen_action.errors import LedgerError
from lumen_action.incidents.words import Event, Severity
from lumen_action.ledger.sqlite import SqliteLedger
from lumen_action.model import ErrorClass, Outcome
from lumen_action.oncall.handover import HandOver
from lumen_action.oncall.spans import Span
from lumen_action.response.incidents import Incidents, Opening
from lumen_action.response.silences import Asked, Silences
from lumen_action.runbooks.board import start_on_board, step_on_board
from lumen_action.runbooks.facts import Execution, Place
from lumen_action.runbooks.standing import Event as RunbookEvent
from lumen_action.runbooks.standing import Slot
from lumen_action.sli.days import Calendar
from lumen_action.slo.objective import SloBook

ROSTER = f"""
timezone: Asia/Seoul
{PEOPLE}
layers:
  primary: {{rotation: [Ada, Bo], anchor: 2026-01-02}}
holidays: [{{day: 2026-02-11, name: a day off}}]
overrides:
- {{layer: primary, from: 2026-02-08 09:00, to: 2026-02-08 18:00, person: Cy, reason: swap}}
"""
HAND_OFF = ms("2026-02-06T08:00")
NOW = HAND_OFF - HOUR


class Shift(OnCallTeam):
    """The last hour of a shift in which much happened."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.now_ms = NOW
        self.roster(ROSTER)
        self.config(
            f"pipeline: nightly\nledger: sqlite:{self.folder / 'ledger.db'}\noncall: {{roster: oncall.yml}}\n"
            "slo: {run: 0.5}\n"
        )
        self.kept = SqliteLedger(self.folder / "ledger.db", durable=True)
        self.tokens = iter(map(str, range(1000)))

    def desk(self, at_ms: int) -> Incidents:
        return Incidents(self.kept, "nightly", Calendar(), lambda: at_ms, lambda: next(self.tokens))

    def incident(self, title: str, at_ms: int, severity: Severity = Severity.SEV1) -> str:
        opening = Opening(title, severity, sameness=title, by="alertmanager", actor="alertmanager")
        return self.desk(at_ms).report(opening).incident.name

    def ends(self, name: str, at_ms: int) -> None:
        for event, told in (
            (Event.ACKNOWLEDGED, {"actor": "ada"}),
            (Event.CAUSE, {"text": "a full disk"}),
            (Event.RESOLVED, {"text": "made room"}),
            (Event.CLOSED, {"cause": "a full disk", "resolution": "made room"}),
        ):
            desk = self.desk(at_ms)
            desk.happened(desk.find(name), event, told)


@pytest.fixture
def team(tmp_path: Path) -> Shift:
    return Shift(tmp_path)


def test_a_quiet_shift_is_a_short_sheet(team: Shift) -> None:
    assert team.oncall("handoff") == 0

    lines = team.out.splitlines()
    assert lines[0] == "# Hand-off of primary: Ada to Bo"
    assert lines[3] == (
        "- Shift: Fri 2026-01-30 17:00 +09:00 (08:00 UTC) to Fri 2026-02-06 17:00 +09:00 (08:00 UTC), Asia/Seoul"
    )
    assert lines[4].startswith(
        "- Takes over: Bo until Sun 2026-02-08 09:00 +09:00 (00:00 UTC); phone `+49 30 555 0102`"
    )
    assert lines[6] == "- In short: nothing that asks for somebody"
    assert lines[5] == "- Written Fri 2026-02-06 16:00 +09:00 (07:00 UTC), before the hand-off"
    assert "Nothing to tell of: open incidents, " in lines[-1]


def test_open_incidents_come_first_with_their_age_and_who_has_them(team: Shift) -> None:
    team.incident("milder", NOW - 5 * HOUR, Severity.SEV3)
    team.incident("api *down* @team", NOW - 2 * HOUR - HOUR // 2)

    team.oncall("handoff")
    told = team.out.split("## ")[1].splitlines()

    assert told[0] == "Open incidents"
    assert told[2].startswith("- **INC-20260206-043000-")
    assert "Sev1, detected for 2 h 30 min, not acknowledged in time, nobody has it: api &#42;down&#42;" in told[2]
    assert "Sev3" in told[3]
    assert team.out.splitlines()[6] == "- In short: open incidents 2"


def test_what_ended_in_the_shift_is_told_and_what_ended_before_is_not(team: Shift) -> None:
    team.ends(team.incident("before", HAND_OFF - 200 * HOUR), HAND_OFF - 199 * HOUR)
    closed = team.incident("in it", NOW - 30 * HOUR)
    team.ends(closed, NOW - 29 * HOUR)

    sheet = team.answer("handoff")

    assert [each["incident"] for each in sheet["ended_incidents"]] == [closed]
    assert sheet["ended_incidents"][0]["resolution"] == "made room"
    assert [(each["by"], each["reports"]) for each in sheet["reports"]] == [("alertmanager", 1)]


def test_postmortems_are_told_with_their_day(team: Shift) -> None:
    name = team.incident("bad", NOW - 30 * HOUR)
    team.ends(name, NOW - 29 * HOUR)

    (due,) = team.answer("handoff")["postmortems"]

    assert (due["incident"], due["due_at"], due["overdue"]) == (name, "2026-02-12T23:59:59Z", False)


def test_budgets_and_failed_runs_by_class_come_from_the_facts(team: Shift) -> None:
    for number in range(4):
        bad = number < 3
        cause = ErrorClass.DEPENDENCY if number else ErrorClass.NETWORK
        outcome = Outcome.FAILURE if bad else Outcome.SUCCESS
        at, day = NOW - (9 - number) * HOUR, "2026-02-05"
        team.kept.put(fact(outcome=outcome, run=f"r{number}", at=at, day=day, cause=cause if bad else None))
    team.kept.put(fact(outcome=Outcome.FAILURE, run="old", at=NOW - 300 * HOUR, day="2026-01-24"))

    sheet = team.answer("handoff")

    assert [(each["error_class"], each["runs"]) for each in sheet["failed_runs"]] == [("dependency", 2), ("network", 1)]
    assert [(each["objective"], each["status"]) for each in sheet["budgets"]] == [("nightly-run", "exhausted")]


def test_runbooks_that_wait_are_told_with_how_to_go_on(team: Shift) -> None:
    waits = Execution("RB-20260206-010000-ABCD", "token-expired", "nightly", "2026-02-06")
    team.kept.put(start_on_board(waits, NOW - HOUR, {"actor": "ada"}))
    team.kept.put(step_on_board(waits, Place("renew", 1, Slot.ENDED), RunbookEvent.WAITING, NOW - HOUR // 2))

    team.oncall("handoff")

    assert "token-expired, waiting at the step renew for a person, begun 1 h ago" in team.out
    assert "go on with `lumen runbook resume RB-20260206-010000-ABCD`" in team.out


def test_silences_are_told_with_their_end(team: Shift) -> None:
    silences = Silences(team.kept, "nightly", Calendar(), lambda: NOW - HOUR, lambda: next(team.tokens))
    silences.set(Asked("bo", "upgrade", NOW - HOUR, NOW + 2 * HOUR, "severity=ticket"))
    silences.set(Asked("bo", "over", NOW - HOUR, NOW - HOUR // 2))

    (told,) = team.answer("handoff")["silences"]

    assert (told["state"], told["until"], told["reason"]) == ("active", "2026-02-06T09:00:00Z", "upgrade")


def test_changes_in_the_coming_shift_are_told(team: Shift) -> None:
    assert [each["text"] for each in team.answer("handoff")["changes"]] == [
        "Cy takes primary Sun 2026-02-08 09:00 - 18:00, 9 h: swap",
        "holiday Wed 2026-02-11 a day off",
    ]


def test_soon_after_a_hand_off_the_sheet_is_about_that_one(team: Shift) -> None:
    before = team.answer("handoff")
    team.now_ms = HAND_OFF + 2 * HOUR

    after = team.answer("handoff")

    assert [(each["goes"], each["comes"], each["hand_off_at"]) for each in (before, after)] == [
        ("Ada", "Bo", "2026-02-06T08:00:00Z")
    ] * 2


def test_before_the_end_of_a_short_shift_the_sheet_is_about_that_end(team: Shift) -> None:
    # Cy has the Sunday from 9 to 18 by an override.
    at = {hour: team.answer("handoff", "--at", f"2026-02-08T{hour}") for hour in ("12:00", "17:00", "20:00")}

    assert [(each["goes"], each["comes"]) for each in at.values()] == [("Bo", "Cy"), ("Cy", "Bo"), ("Cy", "Bo")]


def test_who_is_alone_hands_over_to_themselves_when_turns_change(team: Shift) -> None:
    team.roster(
        'timezone: Asia/Seoul\npeople: {Ada: {phone: "1"}}\nlayers: {all: {rotation: [Ada], anchor: 2026-01-02}}\n'
    )

    sheet = team.answer("handoff")

    assert (sheet["goes"], sheet["comes"]) == ("Ada", "Ada")
    assert (sheet["from"], sheet["hand_off_at"]) == ("2026-01-30T08:00:00Z", "2026-02-06T08:00:00Z")


def test_a_damaged_ledger_is_told_once_at_the_top(team: Shift) -> None:
    damaged = team.folder / "damaged.db"
    damaged.write_text("no database", encoding="utf-8")

    assert team.oncall("handoff", "--ledger", f"sqlite:{damaged}") == 0

    told, *budgets = [line for line in team.out.splitlines() if "file is not a database" in line]
    assert all(": not known: " in line for line in budgets)
    assert told.startswith(
        "- **Not known** of open incidents, runbooks that are not over, postmortems to write, silences"
    )
    assert "- In short: nothing that asks for somebody in what is known" in team.out
    assert "## Changes in the coming shift" in team.out


def test_a_ledger_that_is_away_is_asked_once_for_all_parts(team: Shift) -> None:
    asked: list[str] = []

    class Away(SqliteLedger):
        def head(self) -> int:
            asked.append("head")
            raise LedgerError("it is away")

    world = World(env={}, folder=team.folder)
    session = open_session({"pipeline": "nightly"}, world)
    layer = roster(ROSTER).layers[0]
    found = HandOver(layer, Span(NOW, HAND_OFF), None, None, None)
    ledger = Away(team.folder / "ledger.db", durable=True)
    known = cast(
        "Session", SimpleNamespace(ledger=lambda: ledger, settings=session.settings, pipeline="nightly", world=world)
    )

    parts = sections(Gathering(known, roster(ROSTER), found, NOW, lambda: SloBook(())))

    assert asked == ["head"]
    assert [part.name for part in parts if not part.missing] == ["budgets", "changes"]


def test_reading_a_sheet_changes_nothing(team: Shift) -> None:
    team.incident("nobody took it", NOW - 5 * HOUR)
    head = team.kept.head()

    team.oncall("handoff")

    assert team.kept.head() == head


def test_without_a_ledger_that_lasts_the_sheet_says_what_is_not_known(team: Shift) -> None:
    team.config("pipeline: nightly\nledger: pushgateway:http://127.0.0.1:9\noncall: {roster: oncall.yml}\n")

    assert team.oncall("handoff", "--json") == 0

    sheet = json.loads(team.out)
    assert sheet["comes"] == "Bo"
    assert "a Pushgateway keeps no evidence" in sheet["missing"]["open_incidents"]
    assert set(sheet["missing"]) == {
        "open_incidents",
        "runbooks",
        "postmortems",
        "silences",
        "failed_runs",
        "reports",
        "ended_incidents",
    }


def test_the_sheet_can_be_kept_as_a_file(team: Shift) -> None:
    assert team.oncall("handoff", "--output", "sheet.md") == 0

    assert (team.folder / "sheet.md").read_text(encoding="utf-8") == team.out

"""`lumen oncall who|schedule|lint|ics` as people and machines ask them."""

from __future__ import annotations

from pathlib import Path

import pytest
from oncallteam import OnCallTeam
from rosters import FOUR_ZONES, OFFICE_HOURS, ms

from lumen_action.commands import World
from lumen_action.commands.oncall.common import roster_of_session
from lumen_action.commands.session import open_session

EXAMPLE = Path(__file__).parents[3] / "rules" / "oncall" / "example.yml"


@pytest.fixture
def team(tmp_path: Path) -> OnCallTeam:
    return OnCallTeam(tmp_path)


def test_who_says_how_to_reach_them_until_when_and_who_is_next(team: OnCallTeam) -> None:
    assert team.oncall("who") == 0

    assert team.out.splitlines() == [
        "Tue 2026-02-03 12:00 +09:00 (03:00 UTC), Asia/Seoul",
        "primary: Ada",
        "  phone +49 30 555 0101, mail ada@team.example",
        "  until Tue 2026-02-03 18:00 +09:00 (09:00 UTC), then nobody until Wed 2026-02-04 09:00 +09:00 (00:00 UTC)",
        "  next Bo from Fri 2026-02-06 17:00 +09:00 (08:00 UTC)",
        "secondary: nobody; Cy from Tue 2026-02-03 18:00 +09:00 (09:00 UTC)",
    ]


def test_when_nobody_is_on_call_that_is_said_first_and_is_no_fault_of_the_command(team: OnCallTeam) -> None:
    assert team.oncall("who", "--at", "2026-02-07T20:00") == 0

    assert team.out.splitlines()[1:] == [
        "NOBODY IS ON CALL: cover begins again Sun 2026-02-08 09:00 +09:00 (00:00 UTC) with Di (secondary)",
        "primary: nobody; Bo from Mon 2026-02-09 09:00 +09:00 (00:00 UTC)",
        "secondary: nobody; Di from Sun 2026-02-08 09:00 +09:00 (00:00 UTC)",
    ]


def test_machines_get_moments_in_utc_and_the_reason(team: OnCallTeam) -> None:
    override = "overrides: [{layer: primary, from: 2026-02-03, to: 2026-02-03, person: Di, reason: swap}]\n"
    team.roster(OFFICE_HOURS + override)

    answer = team.answer("who", "--layer", "primary")

    assert answer == {
        "at": "2026-02-03T03:00:00Z",
        "timezone": "Asia/Seoul",
        "nobody": False,
        "cover_begins_at": None,
        "layers": [
            {
                "layer": "primary",
                "person": {"name": "Di", "phone": "+49 30 555 0104", "mail": "di@team.example"},
                "why": "override",
                "instead_of": None,
                "reason": "swap",
                "since": "2026-02-02T15:00:00Z",
                "until": "2026-02-03T15:00:00Z",
                "until_local": "Wed 2026-02-04 00:00",
                "resumes_at": "2026-02-04T00:00:00Z",
                "next": {
                    "name": "Ada",
                    "phone": "+49 30 555 0101",
                    "mail": "ada@team.example",
                    "at": "2026-02-04T00:00:00Z",
                },
            }
        ],
    }


def test_a_moment_may_have_an_offset_or_be_on_the_clock_of_the_roster(team: OnCallTeam) -> None:
    asked = ("2026-02-05T10:00", "2026-02-05T10:00+09:00", "2026-02-05T01:00Z")

    assert {team.answer("who", "--at", each)["at"] for each in asked} == {"2026-02-05T01:00:00Z"}


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("who", "--at", "soon"), "at: `soon` is no time"),
        (("who", "--at", "9999-12-31"), "at: `9999-12-31` is no time from 2000 to 2199"),
        (
            ("who", "--layer", "primry"),
            "layer: `primry` is not in the roster; write one of primary, secondary; did you",
        ),
        (("who", "--roster", "none.yml"), "none.yml cannot be read"),
        (("schedule", "--days", "0"), "days: `0` is not from 1 to 3660"),
        (("schedule", "--days", "2", "--to", "2026-03-01"), "to: there is --days too"),
        (("schedule", "--to", "2026-01-01"), "to: `2026-01-01` is not after --from"),
        (("schedule", "--month", "2026-13"), "month: `2026-13` is none"),
        (("schedule", "--month", "2026-02", "--layer", "primary"), "layer: is of no use beside --month"),
        (("schedule", "--person", "Dan"), "person: `Dan` is not in the roster"),
        (("lint", "--weeks", "many"), "weeks: `many` is not from 1 to 520"),
        (("ics", "--layer", "x"), "layer: `x` is not in the roster"),
        (("handoff", "--layer", "x"), "layer: `x` is not in the roster"),
    ],
)
def test_a_wrong_word_is_refused_with_the_right_one(team: OnCallTeam, words: tuple[str, ...], told: str) -> None:
    assert team.oncall(*words) == 2
    assert told in team.err


def test_without_a_roster_it_is_said_where_to_name_one(team: OnCallTeam) -> None:
    team.config("pipeline: nightly\n")

    assert team.oncall("who") == 2
    assert "write `--roster oncall.yml`, or `oncall: {roster: oncall.yml}` in lumen.yml" in team.err


def test_a_roster_with_faults_answers_nothing_but_all_of_them(team: OnCallTeam) -> None:
    team.roster(OFFICE_HOURS.replace("rotation: [Ada, Bo]", "rotation: [Ada, Boo]").replace("mon-fri", "mon-fry"))

    assert team.oncall("who") == 2
    assert team.err.count("oncall.yml line") == 3


def test_the_schedule_has_a_row_for_what_each_has_of_a_turn(team: OnCallTeam) -> None:
    assert team.oncall("schedule", "--from", "2026-02-06", "--to", "2026-02-08") == 0

    assert team.out.splitlines() == [
        "times of Asia/Seoul",
        "from                  to                    layer      person  on call",
        "Fri 2026-02-06 09:00  Fri 2026-02-06 17:00  primary    Ada     8 h",
        "Fri 2026-02-06 17:00  Fri 2026-02-06 18:00  primary    Bo      1 h",
        "Fri 2026-02-06 18:00  Sun 2026-02-08 18:00  secondary  Di      23 h",
        "",
        "on call: Di 23 h, Ada 8 h, Bo 1 h",
        "nobody is on call in 40 h of 72 h",
    ]


def test_machines_get_the_stretches_of_a_shift_in_minutes(team: OnCallTeam) -> None:
    answer = team.answer("schedule", "--from", "2026-02-06", "--days", "3", "--layer", "secondary")

    assert answer["shifts"] == [
        {
            "layer": "secondary",
            "person": "Di",
            "from": "2026-02-06T09:00:00Z",
            "to": "2026-02-08T09:00:00Z",
            "on_call_minutes": 23 * 60,
            "why": "rotation",
            "instead_of": None,
            "reason": None,
            "stretches": [
                {"from": "2026-02-06T09:00:00Z", "to": "2026-02-06T14:00:00Z"},
                {"from": "2026-02-07T00:00:00Z", "to": "2026-02-07T09:00:00Z"},
                {"from": "2026-02-08T00:00:00Z", "to": "2026-02-08T09:00:00Z"},
            ],
        }
    ]
    assert (answer["on_call_minutes"], answer["uncovered_minutes"]) == ({"Di": 23 * 60}, 40 * 60)


def test_a_month_is_a_page_with_wide_names_in_their_columns(team: OnCallTeam) -> None:
    team.roster(
        """
timezone: Asia/Seoul
people:
  김민준: {phone: "1"}
  Ada: {phone: "2"}
layers:
  일차: {rotation: [김민준, Ada], anchor: 2026-02-06}
holidays: [{day: 2026-02-17, name: 설날}]
"""
    )

    assert team.oncall("schedule", "--month", "2026-02") == 0

    lines = team.out.splitlines()
    assert lines[:3] == ["February 2026, Asia/Seoul", "", f"{'':78}Sun 1"]
    assert lines[5] == "      Mon 2       Tue 3       Wed 4       Thu 5       Fri 6       Sat 7       Sun 8"
    # Letters of Korean take two columns each.
    assert lines[6] == "일차  Ada         Ada         Ada         Ada         Ada/김민준  김민준      김민준"
    assert "Tue 17*" in team.out
    assert "holidays: 17* 설날" in team.out


def test_a_year_of_four_zones_is_shown(team: OnCallTeam) -> None:
    team.roster(FOUR_ZONES)

    answer = team.answer("schedule", "--from", "2026-01-01", "--to", "2026-12-31")

    assert answer["from"] == "2025-12-31T23:00:00Z"
    assert sum(answer["on_call_minutes"].values()) == sum(each["on_call_minutes"] for each in answer["shifts"])


def test_lint_fails_on_faults_and_shows_what_was_counted(team: OnCallTeam) -> None:
    assert team.oncall("lint") == 1

    lines = team.out.splitlines()
    assert lines[0] == "typical week: 88 h of 168 h are covered, 80 h are not"
    assert lines[1] == "  nobody Mon 23:00 - Tue 09:00, 10 h"
    assert lines[8] == "2026-02-02 to 2026-04-26 (12 weeks): 1056 h of 2016 h are covered"
    assert lines[-1] == "2 layers: 1 fault, 0 notes"


def test_lint_passes_on_notes_alone(team: OnCallTeam) -> None:
    team.roster(f"{OFFICE_HOURS}accepted-uncovered-hours: 80\n")

    assert team.oncall("lint") == 0
    assert team.out.splitlines()[-1] == "2 layers: 0 faults, 1 note"


def test_lint_tells_machines_the_same(team: OnCallTeam) -> None:
    answer = team.answer("lint", "--weeks", "4")

    assert answer["typical_week"]["uncovered_minutes"] == 80 * 60
    assert (answer["weeks"], answer["uncovered_minutes"], len(answer["uncovered"])) == (4, 4 * 80 * 60, 4 * 7 + 1)
    assert answer["load"][0] == {
        "person": "Ada",
        "carried": {"minutes": 5400, "nights": 0, "weekends": 0, "holidays": 0},
        "share": {"minutes": 5400, "nights": 0, "weekends": 0, "holidays": 0},
    }
    assert [each["about"] for each in answer["findings"]] == ["uncovered"]
    assert (answer["faults"], answer["notes"]) == (1, 0)


def test_lint_lists_what_is_wrong_with_the_file_as_faults(team: OnCallTeam) -> None:
    team.roster(OFFICE_HOURS.replace("[Cy, Di]", "[Cy, Dan]"))

    assert team.oncall("lint") == 1
    assert team.out.splitlines()[-1] == "1 fault"
    assert team.answer("lint")["findings"][0]["what"].startswith("oncall.yml line 17: layers.secondary.rotation[1]")


def test_the_example_that_ships_is_without_faults(team: OnCallTeam) -> None:
    team.now_ms = ms("2026-11-22")
    team.roster(EXAMPLE.read_text(encoding="utf-8"))

    assert team.oncall("lint", "--weeks", "26") == 0
    assert team.out.splitlines()[-1] == "2 layers: 0 faults, 0 notes"


def test_a_calendar_is_written_to_a_file_or_to_stdout(team: OnCallTeam) -> None:
    assert team.oncall("ics", "--person", "Ada", "--days", "7", "--output", "ada.ics") == 0

    written = (team.folder / "ada.ics").read_bytes()
    assert written.count(b"SUMMARY:On call: Ada (primary)\r\n") == 4
    assert (team.out, team.err) == ("", "4 shifts in ada.ics\n")
    assert team.oncall("ics", "--person", "Ada", "--days", "7") == 0
    assert team.out.encode() == written
    assert team.answer("ics", "--person", "Ada", "--days", "7") == {"shifts": 4, "calendar": written.decode()}


def test_hostile_names_do_not_reach_the_terminal_as_they_are(team: OnCallTeam) -> None:
    override = (
        '{layer: primary, from: 2026-02-03, to: 2026-02-03, person: Di, reason: "a\\u202eb\\u001b[31m\\n::error::x"}'
    )
    team.roster(f"{OFFICE_HOURS}overrides: [{override}]\n")

    for words in (("who",), ("schedule",), ("schedule", "--month", "2026-02"), ("lint",), ("handoff",)):
        team.oncall(*words)
        assert "\u202e" not in team.out
        assert "\x1b" not in team.out
        assert "\n::" not in team.out


@pytest.mark.parametrize("name", ["who", "schedule", "handoff", "lint", "ics"])
def test_help_has_an_example(team: OnCallTeam, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        team.oncall(name, "--help")

    assert ended.value.code == 0
    assert f"lumen oncall {name} --roster oncall.yml" in capsys.readouterr().out


def test_others_get_the_roster_that_the_environment_or_the_settings_name_if_there_is_one(tmp_path: Path) -> None:
    team = OnCallTeam(tmp_path)

    def known(config: str, **env: str) -> str | None:
        team.config(config)
        world = World(env={"LUMEN_STATE_DIR": str(tmp_path / "state"), **env}, folder=tmp_path)
        found = roster_of_session(open_session({}, world))
        return found.timezone if found else None

    (tmp_path / "other.yml").write_text(OFFICE_HOURS.replace("Asia/Seoul", "UTC"), encoding="utf-8")
    named = "oncall: {roster: oncall.yml}\n"

    assert known("pipeline: nightly\n") is None
    assert known(named) == "Asia/Seoul"
    assert known(named, LUMEN_ROSTER="other.yml") == "UTC"

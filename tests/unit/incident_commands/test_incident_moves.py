"""What people write between the first red stage and the closed incident, and what they are refused."""

from __future__ import annotations

import pytest
from brokenteam import MINUTE, BrokenTeam
from facts import NOON

from lumen_action.incidents.words import Severity


def test_an_incident_from_its_opening_to_its_end_has_every_time(team: BrokenTeam) -> None:
    opened = team.answer("open", "uploads fail", "--severity", "2", "--component", "upload")
    assert (opened["created"], opened["state"], opened["severity"], opened["breached"]) == (
        True,
        "detected",
        "sev2",
        False,
    )
    for minutes, words in (
        (5, ["ack", "--responder", "bob"]),
        (10, ["update", "--state", "investigating", "--text", "the disk is full", "--responder", "carol"]),
        (20, ["mitigate", "--text", "other disk"]),
        (25, ["cause", "--text", "nobody removed old reports"]),
        (40, ["resolve", "--text", "old reports removed"]),
        (50, ["close"]),
    ):
        team.now_ms = NOON + minutes * MINUTE
        # The only one that is open need not be named.
        found = team.answer(*words)
        assert f"{opened['name']} is the only one that is open" in team.err
    assert found["state"] == "closed"
    assert [found[f"seconds_to_{what}"] for what in ("acknowledge", "mitigate", "resolve")] == [300, 1200, 2400]
    assert (found["cause"], found["resolution"]) == ("nobody removed old reports", "old reports removed")
    assert (found["responders"], found["postmortem_owed"]) == (["bob", "carol"], True)
    assert [each["event"] for each in found["timeline"]] == [
        "opened",
        "acknowledged",
        "investigating",
        "joined",
        "mitigated",
        "cause",
        "resolved",
        "closed",
    ]
    assert {each["actor"] for each in found["timeline"]} == {"alice"}


def test_a_move_that_cannot_be_is_refused_with_those_that_can(team: BrokenTeam) -> None:
    name = team.opened().name
    assert team.lumen("mitigate") == 2
    assert f"{name} is detected, so it cannot be mitigated" in team.err
    assert f"`lumen incident ack {name}`" in team.err
    assert team.desk.find(name).moments[1:] == ()


def test_an_incident_is_not_closed_before_cause_and_resolution_are_known(team: BrokenTeam) -> None:
    name = team.opened().name
    for words in (["ack"], ["resolve"]):
        assert team.lumen(*words) == 0
    assert team.lumen("close") == 2
    assert "a cause and a resolution" in team.err
    found = team.answer("close", "--cause", "a typo", "--resolution", "mended")
    assert (found["name"], found["state"], found["cause"], found["resolution"]) == (name, "closed", "a typo", "mended")


def test_an_incident_may_be_named_by_a_part_but_not_guessed(team: BrokenTeam) -> None:
    first = team.opened("one").name
    team.now_ms += 1000
    second = team.opened("two").name
    assert team.lumen("ack") == 2
    assert f"2 are open; write one of {first}, {second}" in team.err
    assert team.lumen("ack", "INC-2026") == 2
    assert "write one of them whole" in team.err
    assert team.answer("ack", second.rpartition("-")[0].lower())["name"] == second
    assert team.lumen("ack", "INC-1999") == 2
    assert "is not known in the pipeline nightly" in team.err


def test_without_an_open_incident_nothing_is_taken(team: BrokenTeam) -> None:
    assert team.lumen("ack") == 2
    assert "none is open in the pipeline nightly" in team.err


@pytest.mark.parametrize(
    ("at", "said"),
    [
        ("2026-01-02T12:03:00Z", None),
        ("2026-01-02T12:03", None),
        ("2026-01-02T21:03:00+09:00", None),
        ("yesterday", "is no time"),
        ("2026-01-02T14:00:00Z", "lies ahead"),
        ("99999999-01-01", "is no time"),
    ],
)
def test_what_was_done_earlier_is_noted_with_its_own_time(team: BrokenTeam, at: str, said: str | None) -> None:
    team.opened()
    team.now_ms += 60 * MINUTE
    code = team.lumen("ack", "--at", at, "--json")
    assert (code, said is None or said in team.err) == (2 if said else 0, True)
    if not said:
        (incident,) = team.desk.all()
        assert (incident.acked_ms, incident.breached(team.now_ms)) == (NOON + 3 * MINUTE, False)


def test_a_minute_of_a_clock_that_is_ahead_is_now(team: BrokenTeam) -> None:
    team.opened()
    assert team.lumen("ack", "--at", "2026-01-02T12:00:30Z") == 0
    assert team.desk.all()[0].acked_ms == NOON


def test_what_ended_before_it_was_taken_is_refused(team: BrokenTeam) -> None:
    incident = team.opened()
    team.now_ms += 30 * MINUTE
    assert team.lumen("ack") == 0
    assert team.lumen("resolve", "--at", "2026-01-02T12:10:00Z") == 2
    assert "write a later time" in team.err
    assert team.desk.find(incident.name).resolved_ms is None


def test_what_is_back_goes_on_and_is_ended_again(team: BrokenTeam) -> None:
    incident = team.closed(team.opened())
    found = team.answer("reopen", incident.name, "--text", "fails again")
    assert (found["state"], found["resolved_at"], found["seconds_to_resolve"]) == ("investigating", None, None)


def test_a_false_alarm_and_an_update_of_nothing(team: BrokenTeam) -> None:
    team.opened()
    assert team.lumen("update") == 2
    assert "text: is missing" in team.err
    assert team.lumen("update", "--state", "resolved") == 2
    assert "is not investigating" in team.err
    assert team.lumen("cause") == 2
    assert "text: is missing" in team.err
    assert team.answer("false-alarm", "--text", "the check was wrong")["state"] == "false_alarm"


def test_one_incident_becomes_part_of_another(team: BrokenTeam) -> None:
    first, second = (team.opened(title, severity) for title, severity in (("a", Severity.SEV3), ("b", Severity.SEV1)))
    assert team.lumen("merge", second.name) == 2
    assert "into: is missing" in team.err
    assert team.lumen("merge", second.name, second.name) == 2
    assert "cannot be merged into itself" in team.err
    found = team.answer("merge", second.name, first.name, "--text", "the same disk")
    assert (found["state"], found["merged_into"]) == ("merged", first.name)
    assert team.desk.find(first.name).severity is Severity.SEV1
    assert team.lumen("merge", first.name, second.name) == 2


def test_a_severity_is_raised_and_lowered_with_its_deadline(team: BrokenTeam) -> None:
    team.opened(severity=Severity.SEV3)
    for said, problem in (("sev9", "is none"), ("", "is missing"), ("P3", "is Sev3 already")):
        assert team.lumen("escalate", *(["--severity", said] if said else [])) == 2
        assert problem in team.err
    team.now_ms += 10 * MINUTE
    assert team.answer("escalate", "--severity", "SEV-1")["ack_due_at"] == "2026-01-02T12:25:00Z"
    team.now_ms += MINUTE
    assert team.answer("escalate", "--severity", "low")["ack_due_at"] == "2026-01-02T16:00:00Z"


def test_who_came_too_late_is_on_record_and_told_by_whoever_looks_next(team: BrokenTeam) -> None:
    incident = team.opened()
    team.now_ms += 31 * MINUTE
    assert team.lumen("list") == 0
    assert "NOT TAKEN, 1 m late" in team.out
    assert "nobody was told of" in team.err
    found = team.desk.find(incident.name)
    assert [(each.event.value, each.at_ms) for each in found.moments[1:]] == [("breached", NOON + 30 * MINUTE)]
    assert team.answer("ack")["breached"] is True
    assert team.lumen("list") == 0
    assert "nobody was told of" not in team.err


def test_what_a_person_does_shows_at_once_where_alerts_are_made(team: BrokenTeam) -> None:
    folder = team.folder / "metrics"
    folder.mkdir()
    team.config(f"textfile-dir: {folder}\n")

    def deadlines() -> list[float]:
        (file,) = folder.glob("*.prom")
        lines = file.read_text(encoding="utf-8").splitlines()
        return [float(line.split()[-1]) for line in lines if line.startswith("lumen_incident_ack_deadline_")]

    assert team.lumen("open", "uploads fail", "--severity", "1") == 0
    assert deadlines() == [(NOON + 15 * MINUTE) / 1000]
    assert team.lumen("ack") == 0
    assert deadlines() == [0]


def test_where_alerts_are_made_may_be_away(team: BrokenTeam) -> None:
    team.config("pushgateway-url: http://127.0.0.1:9\n")
    assert team.answer("open", "uploads fail")["created"] is True
    assert "127.0.0.1:9" in team.err

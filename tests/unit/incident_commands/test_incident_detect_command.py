"""`lumen incident detect`, and publishing that does the same where a team wants it."""

from __future__ import annotations

import io

import pytest
from brokenteam import BrokenTeam
from facts import HOUR, NOON

from lumen_action.cli import main
from lumen_action.commands import World
from lumen_action.model import Outcome

DAY = 24 * HOUR


def broken(team: BrokenTeam) -> None:
    """Let a promise of 90 percent be broken."""
    team.runs(Outcome.SUCCESS, *(NOON - n * DAY for n in range(4, 8)))
    team.runs(Outcome.FAILURE, NOON - 3 * HOUR, NOON - 2 * HOUR, NOON - HOUR)


def test_a_spent_budget_opens_one_incident_however_often_it_looks(team: BrokenTeam) -> None:
    broken(team)
    first = team.answer("detect", "--rules", "budget-exhausted")
    assert {(each["severity"], each["opened_by"], each["created"]) for each in first} == {
        ("sev2", "rule:budget-exhausted", True)
    }
    again = team.answer("detect", "--rules", "budget-exhausted")
    assert [(each["name"], each["created"]) for each in again] == [(each["name"], False) for each in first]
    assert team.lumen("detect", "--rules", "budget-exhausted") == 0
    assert team.out.startswith("known  INC-")


def test_the_rules_are_those_of_the_configuration_else_all(team: BrokenTeam) -> None:
    broken(team)
    team.config("incidents: {open-on: [day-lost]}\n")
    assert team.lumen("detect") == 0
    assert team.out == "nothing of nightly calls for an incident\n"
    team.config("")
    assert team.answer("detect") != []
    assert team.lumen("detect", "--rules", "day-lost,whatever") == 2
    assert "rules: `whatever` is none of day-lost" in team.err


def test_without_a_promise_there_is_none_to_break(team: BrokenTeam) -> None:
    broken(team)
    (team.folder / "lumen.yml").write_text("pipeline: nightly\n", encoding="utf-8")
    assert team.answer("detect", "--rules", "budget-exhausted") == []


def publish(team: BrokenTeam, *words: str) -> tuple[int, str]:
    out = io.StringIO()
    env = {"LUMEN_STATE_DIR": str(team.folder / "state")}
    (team.folder / "textfile").mkdir(exist_ok=True)
    world = World(env=env, folder=team.folder, stdout=out, stderr=out, clock_ms=lambda: team.now_ms)
    ledger = f"sqlite:{team.folder / 'ledger.db'}"
    code = main(["publish", "--ledger", ledger, "--textfile-dir", str(team.folder / "textfile"), *words], world)
    return code, out.getvalue()


def test_publishing_opens_incidents_only_where_that_is_wanted(team: BrokenTeam) -> None:
    broken(team)
    assert publish(team)[0] == 0
    assert team.desk.all() == ()
    team.config("incidents: {open-on: [budget-exhausted]}\n")
    code, said = publish(team)
    assert (code, "nobody was told of INC-" in said) == (0, True)
    assert {each.opened_by for each in team.desk.all()} == {"rule:budget-exhausted"}


def test_what_goes_wrong_with_the_rules_holds_no_totals_up(team: BrokenTeam, monkeypatch: pytest.MonkeyPatch) -> None:
    broken(team)
    team.config("incidents: {open-on: [budget-exhausted]}\n")
    from lumen_action.commands.incident import detecting

    def failing(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(detecting, "detect", failing)
    code, said = publish(team)
    assert (code, "warning: incidents.open-on: not all was looked for" in said) == (0, True)
    assert list((team.folder / "textfile").iterdir())

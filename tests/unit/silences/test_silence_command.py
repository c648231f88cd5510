"""`lumen silence` from end to end: what is set, ended and listed, and what is shown of it at once."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from facts import HOUR, NOON, fact

from lumen_action.cli import main
from lumen_action.commands import World
from lumen_action.ledger.sqlite import SqliteLedger

MINUTE = 60_000


@dataclass
class Team:
    """A folder with a ledger and a textfile collector; every call comes a second after the one before."""

    folder: Path
    now_ms: int = NOON
    env: dict[str, str] = field(default_factory=lambda: {"USER": "alice"})
    out: str = ""
    err: str = ""
    pipeline: str = "nightly"

    def silence(self, *words: str, sinks: bool = True) -> int:
        self.now_ms += 1000
        out, err = io.StringIO(), io.StringIO()
        env = {"LUMEN_STATE_DIR": str(self.folder / "state"), **self.env}
        if sinks:
            env["LUMEN_TEXTFILE_DIR"] = str(self.folder)
        world = World(env=env, folder=self.folder, stdout=out, stderr=err, clock_ms=lambda: self.now_ms)
        try:
            return main(["silence", *words, "--pipeline", self.pipeline, *self.ledger], world)
        finally:
            self.out, self.err = out.getvalue(), err.getvalue()

    @property
    def ledger(self) -> Sequence[str]:
        return ("--ledger", f"sqlite:{self.folder / 'ledger.db'}")

    def ran(self) -> None:
        ledger = SqliteLedger(self.folder / "ledger.db", durable=True)
        ledger.put(fact(at=NOON - HOUR))
        ledger.close()

    def answer(self, *words: str) -> Any:  # noqa: ANN401
        assert self.silence(*words, "--json") == 0, self.err
        return json.loads(self.out)

    def listed(self) -> dict[str, str]:
        return {each["name"]: each["state"] for each in self.answer("list")}

    def shown(self) -> dict[str, float]:
        """Return what the textfile says of suppression."""
        lines = [each for file in self.folder.glob("*.prom") for each in file.read_text().splitlines()]
        found = (line.rsplit(" ", 1) for line in lines if line.startswith("lumen_") and "suppress" in line)
        return {name.partition("{")[0]: float(value) for name, value in found}


@pytest.fixture
def team(tmp_path: Path) -> Team:
    made = Team(tmp_path)
    made.ran()
    return made


SET = ("--for", "2h", "--reason", "the database moves")


def test_the_short_form_silences_the_whole_pipeline_from_now_on(team: Team) -> None:
    found = team.answer(*SET)

    assert (found["author"], found["reason"], found["state"]) == ("alice", "the database moves", "active")
    assert (found["from"], found["until"], found["matchers"]) == ("2026-01-02T12:00:01Z", "2026-01-02T14:00:01Z", None)


def test_it_is_shown_at_once_and_shown_as_over_at_once(team: Team) -> None:
    name = team.answer(*SET)["name"]
    assert team.shown()["lumen_alert_suppressed"] == 1
    assert team.shown()["lumen_suppressed_until_timestamp_seconds"] == (NOON + 1000 + 2 * HOUR) / 1000

    assert team.silence("end", name) == 0
    assert set(team.shown().values()) == {0}


def test_silences_that_overlap_are_one_and_one_to_come_is_known_ahead(team: Team) -> None:
    team.answer(*SET)
    team.answer("set", "--from", "1h", "--for", "3h", "--reason", "longer")
    team.answer("set", "--from", "2026-01-03T02:00", "--until", "2026-01-03T03:00", "--reason", "the next night")

    assert team.shown() == {
        "lumen_alert_suppressed": 1,
        "lumen_suppressed_until_timestamp_seconds": (NOON + 2000 + 4 * HOUR) / 1000,
        "lumen_suppression_planned_start_timestamp_seconds": (NOON + 14 * HOUR) / 1000,
        "lumen_suppression_planned_end_timestamp_seconds": (NOON + 15 * HOUR) / 1000,
    }


def test_one_with_matchers_does_not_suppress_the_pipeline(team: Team) -> None:
    found = team.answer(*SET, "--match", 'alertname="LumenDayLost",region=~"eu-.*"', "--match", "stage!=build")

    assert found["matchers"] == 'alertname="LumenDayLost", region=~"eu-.*", stage!="build"'
    assert team.shown()["lumen_alert_suppressed"] == 0


def test_the_list_tells_what_holds_what_is_to_come_and_what_is_over(team: Team) -> None:
    active, over = team.answer(*SET)["name"], team.answer("set", "--for", "1h", "--reason", "short")["name"]
    coming = team.answer("set", "--from", "5h", "--for", "1h", "--reason", "later")["name"]
    team.now_ms += 90 * MINUTE

    assert team.listed() == {active: "active", coming: "coming", over: "over"}
    assert list(team.listed()) == [active, coming, over]
    assert team.silence("list") == 0
    assert "alice: the database moves" in team.out


def test_of_those_that_are_over_the_last_ones_are_listed_unless_all_are_asked_for(team: Team) -> None:
    for _ in range(12):
        team.answer("set", "--for", "1m", "--reason", "short")
    team.now_ms += HOUR

    assert len(team.answer("list")) == 10
    assert len(team.answer("list", "--all")) == 12


def test_the_only_one_may_be_ended_without_its_name(team: Team) -> None:
    name = team.answer(*SET)["name"]

    ended = team.answer("end", "--actor", "bob")
    assert (ended["name"], ended["state"], ended["ended_by"]) == (name, "over", "bob")
    assert team.silence("end") == 2
    assert "there is none to end" in team.err


def test_of_several_one_has_to_be_named(team: Team) -> None:
    names = {team.answer(*SET)["name"] for _ in range(2)}

    assert team.silence("end") == 2
    assert all(name in team.err for name in names)
    assert team.silence("end", "SIL-2020") == 2
    assert "is not the name of one" in team.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--reason", "x"), "for, until: an end is missing"),
        (("--for", "1h", "--until", "2026-01-03", "--reason", "x"), "both are given"),
        (("--for", "31d", "--reason", "x"), "more than 30 days"),
        (("--until", "2026-03-02", "--reason", "x"), "more than 30 days"),
        (("--until", "2026-01-01", "--reason", "x"), "is over before the silence begins"),
        (("--for", "long", "--reason", "x"), "is no length of time"),
        (("--until", "tonight", "--reason", "x"), "is no time"),
        (("--for", "1h", "--from", "2026-01-01", "--reason", "x"), "lies in the past"),
        (("--for", "1h", "--from", "100d", "--reason", "x"), "more than 90 days ahead"),
        (("--for", "1h"), "reason: is missing"),
        (("--for", "1h", "--reason", "\n \t"), "reason: is missing"),
        ((*SET, "--match", "alertname"), "`alertname` is no matcher"),
        ((*SET, "--match", 'pipeline="other"'), "the pipeline is given apart"),
        ((*SET, "--match", "alertname=LumenBudgetExhausted"), "is never quiet"),
        ((*SET, "--match", 'region=~"("'), "in the pattern of `region`"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_set(team: Team, words: tuple[str, ...], said: str) -> None:
    assert team.silence(*words) == 2
    assert said in team.err
    assert team.listed() == {}


def test_all_that_is_wrong_is_said_at_once(team: Team) -> None:
    team.env = {}

    assert team.silence("set", "--for", "40d", "--match", "x") == 2
    assert [line.partition(":")[2].partition(":")[0].strip() for line in team.err.splitlines()] == [
        *("author", "reason", "for", "match")
    ]


def test_a_pipeline_of_which_nothing_is_known_is_silenced_with_a_warning(tmp_path: Path) -> None:
    team = Team(tmp_path)

    assert team.silence(*SET) == 0
    assert "nothing is known yet of a pipeline `nightly`" in team.err


def test_a_ledger_that_ends_with_the_job_is_refused(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Team, "ledger", ("--ledger", "pushgateway:http://127.0.0.1:9"))

    assert team.silence(*SET, sinks=False) == 2
    assert "a silence outlives the job that sets it" in team.err


def test_secrets_in_a_reason_and_line_breaks_are_not_kept(team: Team) -> None:
    token = "ghp_" + "a1B2" * 9
    reason = team.answer("set", "--for", "1h", "--reason", f"rotate {token}\n::set-env name=x::y")["reason"]

    assert token not in reason
    assert "\n" not in reason


def test_a_fork_silences_nothing(team: Team) -> None:
    event = team.folder / "event.json"
    head, base = ({"repo": {"full_name": name, "fork": name != "org/app"}} for name in ("mallory/app", "org/app"))
    event.write_text(json.dumps({"pull_request": {"head": head, "base": base}}), encoding="utf-8")
    for name in ("output", "summary"):
        (team.folder / name).touch()
    team.env |= {
        "GITHUB_ACTIONS": "true",
        "GITHUB_REPOSITORY": "org/app",
        "GITHUB_RUN_ID": "7",
        "GITHUB_EVENT_NAME": "pull_request",
        "GITHUB_EVENT_PATH": str(event),
        "GITHUB_OUTPUT": str(team.folder / "output"),
        "GITHUB_STEP_SUMMARY": str(team.folder / "summary"),
    }

    assert team.silence(*SET) == 0
    assert "a fork's" in team.err
    team.env = {"USER": "alice"}
    assert team.listed() == {}


def test_syncing_needs_an_alertmanager(team: Team) -> None:
    assert team.silence("sync") == 2
    assert "alertmanager: is missing" in team.err


def test_a_slip_in_the_name_of_a_pipeline_silences_nothing(team: Team) -> None:
    team.pipeline = "nigthly"

    assert team.silence(*SET) == 2
    assert "nothing is known of `nigthly`; write one of nightly" in team.err
    assert team.listed() == {}

"""`lumen rules simulate`: what people and programs are told, and what is refused."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from facts import NOON

from lumen_action.cli import main
from lumen_action.commands import World

HOURLY = ("--runs-per-day", "24", "--target", "99%", "--failure-rate", "10%", "--worlds", "2", "--days", "90")


class Person(io.StringIO):
    """Somebody at a terminal."""

    def isatty(self) -> bool:
        return True


class Terminal:
    """A terminal in a folder of its own; its clock moves on by a second at each look."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.out = self.err = ""
        self._now = NOON

    def simulate(self, *words: str, watched: bool = False) -> int:
        out, err = io.StringIO(), Person() if watched else io.StringIO()
        world = World(env={}, folder=self.folder, stdout=out, stderr=err, clock_ms=self._clock)
        try:
            return main(["rules", "simulate", *words], world)
        finally:
            self.out, self.err = out.getvalue(), err.getvalue()

    def _clock(self) -> int:
        self._now += 1000
        return self._now


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    return Terminal(tmp_path)


def answer_of(terminal: Terminal, *words: str) -> dict[str, Any]:
    assert terminal.simulate(*words, "--json") == 0
    assert terminal.err == ""
    return dict(json.loads(terminal.out))


def test_a_person_sees_our_rules_beside_the_usual_ones(terminal: Terminal) -> None:
    assert terminal.simulate(*HOURLY) == 0
    lines = terminal.out.splitlines()
    assert lines[:3] == [
        "24 runs a day in 1 region (always), target 99 %",
        "7.2 of 720 runs a month may fail; R1, coarse: under 10 failures fit, rows of failures tell more than ratios",
        "what fires: 2 failures in a row; in a window 1h off, 6h 5 of 6, 1d 3 of 24, 3d 3 of 72, 7d 4 of 168",
    ]
    [pages] = [line for line in lines if line.startswith("false pages")]
    assert pages.startswith("false pages, half the budget rate: 0.5 % fail")
    [outage] = [line for line in lines if line.startswith("outage, all runs fail: a page  ")]
    assert "  2 runs, " in outage
    assert "  1 run, " in outage
    assert max(map(len, lines)) <= 120


def test_a_program_gets_one_object(terminal: Terminal) -> None:
    answer = answer_of(terminal, *HOURLY)
    assert answer["regime"] == "R1"
    assert (answer["days"], answer["stated_days"]) == (90, 60)
    assert answer["failures_in_a_row_to_page"] == 2
    assert [row["failures_to_fire"] for row in answer["windows"]] == [None, 5, 3, 3, 4]
    assert answer["outage"]["ours"]["page"]["runs"] == {"mean": 2, "low": 2, "high": 2}
    assert answer["outage"]["ours"]["page"]["share_detected"] == 1
    healthy, stated = (answer[key] for key in ("healthy", "stated"))
    assert healthy["ours"]["pages_per_month"]["mean"] < healthy["usual"]["pages_per_month"]["mean"]
    assert stated["ours"]["pages_per_month"]["mean"] > healthy["ours"]["pages_per_month"]["mean"]
    assert answer == answer_of(terminal, *HOURLY)
    assert answer != answer_of(terminal, *HOURLY, "--seed", "2")


def test_what_the_target_allows_is_no_trouble_and_its_pages_are_false(terminal: Terminal) -> None:
    kept = ("--runs-per-day", "4", "--target", ".95", "--failure-rate", "0.05", "--worlds", "1")
    answer = answer_of(terminal, *kept)
    assert answer["burn"] is None
    assert answer["stated_days"] == answer["days"] == 365
    assert terminal.simulate(*kept) == 0
    assert "false pages, as stated: 5 % fail" in terminal.out
    assert "5 % of the runs fail" not in terminal.out


def test_regions_office_hours_and_outages_change_the_answer(terminal: Terminal) -> None:
    plain = answer_of(terminal, *HOURLY)
    for words in (("--regions", "3"), ("--calendar", "office"), ("--outage-minutes", "180")):
        assert answer_of(terminal, *HOURLY, *words)["healthy"] != plain["healthy"]
    assert answer_of(terminal, *HOURLY, "--regions", "3")["budget_runs_per_month"] == 21.6
    assert answer_of(terminal, *HOURLY, "--calendar", "office")["budget_runs_per_month"] == 5.14


def test_a_drawing_is_written_and_named(terminal: Terminal) -> None:
    assert terminal.simulate(*HOURLY, "--plot", "alerts.svg") == 0
    assert terminal.err == "drawn: alerts.svg\n"
    drawn = (terminal.folder / "alerts.svg").read_text(encoding="utf-8")
    assert drawn.startswith("<svg")
    for runs_per_day in (1, 4, 24, 100, 500):
        assert drawn.count(f", {runs_per_day} runs a day: ") == 2


def test_a_drawing_that_nobody_can_write_is_a_wrong_input(terminal: Terminal) -> None:
    (terminal.folder / "folder.svg").mkdir()
    words = ("--runs-per-day", "1", "--target", "95%", "--failure-rate", "50%", "--days", "30", "--worlds", "1")
    assert terminal.simulate(*words, "--plot", "folder.svg") == 2
    assert "folder.svg cannot be written (Is a directory)" in terminal.err


def test_who_waits_at_a_terminal_is_told_how_far_it_is(terminal: Terminal) -> None:
    assert terminal.simulate(*HOURLY, watched=True) == 0
    assert "1 of 2 healthy worlds" in terminal.err
    assert terminal.simulate(*HOURLY) == 0
    assert terminal.err == ""


def test_every_mistake_is_named_at_once(terminal: Terminal) -> None:
    words = ("--target", "99", "--failure-rate", "many", "--regions", "0", "--calendar", "moon", "--plot", "no/a.svg")
    assert terminal.simulate(*words) == 2
    told = terminal.err.splitlines()
    assert [line.split(": ")[1] for line in told] == [
        "runs-per-day",
        "regions",
        "target",
        "failure-rate",
        "calendar",
        "plot",
    ]
    assert "is missing; write `--runs-per-day 24`" in told[0]
    assert "write `--target 99%`" in told[2]
    assert terminal.out == ""


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("runs-per-day", "0"),
        ("runs-per-day", "1001"),
        ("runs-per-day", "2.5"),
        ("runs-per-day", "٣"),
        ("target", "100%"),
        ("target", "49%"),
        ("target", "-1"),
        ("failure-rate", "0"),
        ("failure-rate", "1.5"),
        ("failure-rate", "101%"),
        ("failure-rate", "nan"),
        ("days", "29"),
        ("worlds", "0"),
        ("seed", "-1"),
    ],
)
def test_a_value_out_of_its_bounds_is_refused_with_one_to_write(name: str, value: str, terminal: Terminal) -> None:
    assert terminal.simulate(*HOURLY, f"--{name}={value}") == 2
    [told] = terminal.err.splitlines()
    assert told.startswith(f"error: {name}: `{value}` is not ")
    assert f"; write `--{name} " in told


def test_the_help_shows_an_example_that_works(terminal: Terminal, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        terminal.simulate("--help")
    assert stopped.value.code == 0
    example = capsys.readouterr().out.splitlines()[-1].split()
    assert example[:3] == ["lumen", "rules", "simulate"]
    assert terminal.simulate(*example[3:], "--worlds", "1", "--days", "30") == 0

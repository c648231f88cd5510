"""The same words everywhere."""

from __future__ import annotations

from datetime import timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from views import DAY_OPEN, EU_WON, RETRY, START, TICKET

from lumen_action.model import Action, Decision, Outcome, Scope
from lumen_action.summary.words import badge, day_line, moment, place, step, took


@pytest.mark.parametrize(
    ("duration_ms", "words"),
    [
        (None, ""),
        (-5, "0 ms"),
        (0, "0 ms"),
        (999, "999 ms"),
        (1000, "1 s"),
        (1499, "1 s"),
        (59_500, "1 m"),
        (72_000, "1 m 12 s"),
        (3_600_000, "1 h"),
        (7_380_000, "2 h 3 m"),
        (93_600_000, "1 d 2 h"),
    ],
)
def test_durations(duration_ms: int | None, words: str) -> None:
    assert took(duration_ms) == words


def test_times_name_their_zone() -> None:
    assert moment(START) == "2026-01-02 04:12 UTC"
    assert moment(START, ZoneInfo("Asia/Seoul")) == "2026-01-02 13:12 Asia/Seoul"
    assert moment(START, timezone(timedelta(hours=-3))) == "2026-01-02 01:12 UTC-03:00"


def test_a_time_beyond_the_calendar_is_still_said() -> None:
    assert moment(10**18) == f"{10**18} ms after 1970"


@pytest.mark.parametrize("outcome", [*Outcome, None])
def test_no_sign_stands_without_its_word(outcome: Outcome | None) -> None:
    sign, word = badge(outcome).split(" ", 1)
    assert not sign.isascii()
    assert word.isalpha()


def test_one_unnamed_region_is_not_worth_a_word() -> None:
    assert [place(region) for region in ("", "default", "eu")] == ["", "", " in eu"]


def test_the_next_step_in_a_few_words() -> None:
    assert step(RETRY) == "retry 1 of 2 here in 5 s"
    assert step(TICKET) == "not retried"
    assert step(Decision(Action.RERUN_LATER, Scope.JOB, "")) == "run again later"


def test_how_a_day_stands() -> None:
    assert day_line(EU_WON) == "success, won by eu (eu success, us failure)"
    assert day_line(DAY_OPEN) == "open (eu failure, us open)"

"""Two languages that say the same things, each with words of its own."""

from __future__ import annotations

import re

import pytest

from lumen_action.errors import ConfigError
from lumen_action.model import ErrorClass, Outcome
from lumen_action.report.document import LABELS
from lumen_action.report.model import Period, PeriodKind
from lumen_action.report.words import LANGUAGES, words_of
from lumen_action.slo.evaluation import Judgement, Status
from lumen_action.slo.objective import UNIT_SECONDS

ENGLISH, KOREAN = words_of("en"), words_of("ko")
HANGUL = re.compile("[가-힣]")
# Numbers, names and forms that are the same in every language.
SAME = re.compile(r"[\s\d%~·:,.()/-]|\{[a-z_]*\}|API|JSON|PDF|Markdown|HTML")
_PLACE = re.compile(r"\{([a-z_]+)")


def test_both_languages_have_the_same_keys() -> None:
    assert ENGLISH.texts.keys() == KOREAN.texts.keys()
    assert ENGLISH.counts.keys() == KOREAN.counts.keys()
    assert (len(ENGLISH.months), len(ENGLISH.weekdays)) == (len(KOREAN.months), len(KOREAN.weekdays)) == (12, 7)


@pytest.mark.parametrize(
    "key", [key for key in ENGLISH.texts if not key.startswith(("date", "day.", "month.", "span"))]
)
def test_both_languages_say_the_same_values(key: str) -> None:
    english, korean = set(_PLACE.findall(ENGLISH[key])), set(_PLACE.findall(KOREAN[key]))
    # Notes are written in English: a Korean report says where they are.
    assert english - korean == ({"note"} if key == "objectives.note" else set())
    assert korean <= english


@pytest.mark.parametrize("key", KOREAN.texts)
def test_korean_is_written_in_hangul_and_english_is_not(key: str) -> None:
    if SAME.sub("", KOREAN[key]):
        assert HANGUL.search(KOREAN[key])
    assert not HANGUL.search(ENGLISH[key])


@pytest.mark.parametrize("key", ENGLISH.counts)
def test_one_and_many_are_counted(key: str) -> None:
    assert ENGLISH.count(key, 1).startswith("1 ")
    assert "1,204" in ENGLISH.count(key, 1204)
    assert ENGLISH.count(key, 1).split(" ", 1)[1] != ENGLISH.count(key, 2).split(" ", 1)[1]
    assert "1,204" in KOREAN.count(key, 1204)
    assert HANGUL.search(KOREAN.count(key, 1))


def test_every_word_of_a_closed_set_has_a_name() -> None:
    groups = {"class": ErrorClass, "status": Status, "verdict": Judgement}
    named = [f"{group}.{word.value}" for group, closed in groups.items() for word in closed]
    named += [f"outcome.{word.value}" for word in (Outcome.SUCCESS, Outcome.FAILURE, Outcome.MISSING)]
    named += [f"label.{name}" for name in LABELS]
    assert {name for name in named if name not in ENGLISH.texts} == set()
    assert {f"window.{unit}" for unit in (*UNIT_SECONDS, "M", "Q", "Y")} <= ENGLISH.counts.keys()


@pytest.mark.parametrize(
    ("milliseconds", "english", "korean"),
    [
        (0, "0 s", "0초"),
        (499, "0 s", "0초"),
        (59_499, "59 s", "59초"),
        (60_000, "1 min", "1분"),
        (754_000, "12 min 34 s", "12분 34초"),
        (3_600_000, "1 h", "1시간"),
        (5_400_000, "1 h 30 min", "1시간 30분"),
        (90_000_000, "1 d 1 h", "1일 1시간"),
    ],
)
def test_durations_are_told_in_their_two_largest_units(milliseconds: int, english: str, korean: str) -> None:
    assert (ENGLISH.duration(milliseconds), KOREAN.duration(milliseconds)) == (english, korean)


@pytest.mark.parametrize(
    ("first", "last", "english", "korean"),
    [
        ("2026-03-02", "2026-03-08", "2 to 8 March 2026", "2026년 3월 2일 ~ 2026년 3월 8일"),
        ("2026-03-30", "2026-04-05", "30 March to 5 April 2026", "2026년 3월 30일 ~ 2026년 4월 5일"),
        ("2026-12-28", "2027-01-03", "28 December 2026 to 3 January 2027", "2026년 12월 28일 ~ 2027년 1월 3일"),
        ("2026-03-04", "2026-03-04", "Wed 4 March 2026", "2026년 3월 4일 (수)"),
    ],
)
def test_days_from_and_to_are_told_once(first: str, last: str, english: str, korean: str) -> None:
    period = Period(PeriodKind.WEEK, "2026-W10", first, last, 0, 0, "UTC")
    assert (ENGLISH.span(period), KOREAN.span(period)) == (english, korean)


def test_another_language_is_refused_with_what_to_write() -> None:
    with pytest.raises(ConfigError, match="language: `fr` is not one of en, ko"):
        words_of("fr")
    assert LANGUAGES == ("en", "ko")

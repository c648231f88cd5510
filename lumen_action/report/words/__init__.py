"""What reports say, a table a language: all sentences, labels, dates and units of one language stand in its module."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone, tzinfo
from functools import cache

from lumen_action.errors import ConfigError, shown
from lumen_action.report.model import Period, PeriodKind

LANGUAGES = ("en", "ko")
_BIRTH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_SECOND_MS = 1000
# In which units a duration of at least so many seconds is told; the second is left out where it is 0.
_UNITS = ((86_400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s"))


@dataclass(frozen=True)
class Words:
    """One language: texts by key, and for what is counted the text of one and of many."""

    code: str
    texts: Mapping[str, str]
    counts: Mapping[str, tuple[str, str]]
    months: tuple[str, ...]
    weekdays: tuple[str, ...]
    """Short, from Monday."""

    def __getitem__(self, key: str) -> str:
        """Return a text as it stands."""
        return self.texts[key]

    def say(self, key: str, **values: object) -> str:
        """Fill in a text."""
        return self.texts[key].format(**values)

    def count(self, key: str, number: int) -> str:
        """Count things: `1 run`, `1,204 runs`."""
        one, many = self.counts[key]
        return (one if number == 1 else many).format(n=f"{number:,}")

    def told(self, group: str, word: str) -> str:
        """Return what a word of a closed set is called; a word that nobody foresaw is itself."""
        return self.texts.get(f"{group}.{word}", word)

    def listed(self, parts: list[str]) -> str:
        """Return several things in a row."""
        return self["list.between"].join(parts)

    def day(self, day: str, form: str = "date") -> str:
        """Return a day of the calendar: a `date` in full, a `date.short` in a table."""
        then = datetime.fromisoformat(day)
        return self.say(
            form,
            year=then.year,
            month=then.month,
            month_name=self.months[then.month - 1],
            day=then.day,
            weekday=self.weekdays[then.weekday()],
        )

    def moment(self, at_ms: int, zone: tzinfo, form: str = "date") -> str:
        """Return a day and a time of it, as the clocks of a zone show them."""
        local = (_BIRTH + timedelta(milliseconds=at_ms)).astimezone(zone)
        return f"{self.day(local.date().isoformat(), form)} {local:%H:%M}"

    def duration(self, duration_ms: int) -> str:
        """Return a duration in its two largest units."""
        seconds = (duration_ms + _SECOND_MS // 2) // _SECOND_MS
        for size, unit, smaller, smaller_unit in _UNITS:
            if seconds >= size:
                rest = seconds % size // smaller
                parts = [self.say(f"unit.{unit}", n=seconds // size)]
                parts += [self.say(f"unit.{smaller_unit}", n=rest)] if rest else []
                return " ".join(parts)
        return self.say("unit.s", n=seconds)

    def period(self, period: Period, form: str) -> str:
        """Return the name of a period: as a `title`, or within a sentence as `in` or `so_far`."""
        if period.kind is PeriodKind.WEEK:
            year, week = period.name.split("-W")
            return self.say(f"week.{form}", year=year, week=int(week))
        return self.day(period.first, f"{period.kind.value}.{form}")

    def span(self, period: Period) -> str:
        """Return the days of a period."""
        if period.first == period.last:
            return self.day(period.first, "date.weekday")
        same = next((part for part, length in (("month", 7), ("year", 4)) if _same(period, length)), "none")
        first = self.day(period.first, f"span.same_{same}")
        return self.say("span", first=first, last=self.day(period.last))


def _same(period: Period, length: int) -> bool:
    return period.first[:length] == period.last[:length]


@cache
def words_of(language: str) -> Words:
    """Return the words of a language; the other ones are not read."""
    if language == "en":
        from lumen_action.report.words.en import ENGLISH

        return ENGLISH
    if language == "ko":
        from lumen_action.report.words.ko import KOREAN

        return KOREAN
    raise ConfigError(f"language: {shown(language)} is not one of {', '.join(LANGUAGES)}; write `--language ko`")

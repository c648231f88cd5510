"""Which archives are kept: the newest of each of the last days, weeks and months that have one."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from lumen_action.archive import ArchiveId
from lumen_action.archive.holdings import Held, order


@dataclass(frozen=True)
class Rule:
    """How many days, weeks and months with an archive keep one, counted back from the newest archive."""

    daily: int = 0
    weekly: int = 0
    monthly: int = 0

    def __bool__(self) -> bool:
        """Tell whether it keeps anything at all."""
        return any((self.daily, self.weekly, self.monthly))


@dataclass(frozen=True)
class Planned:
    """What becomes of one archive in one store."""

    held: Held
    kept_as: tuple[str, ...] = ()
    """By which words of the rule it is kept; none where it goes."""
    locked_until_ms: int | None = None
    """Until when the store does not let it go, though the rule would."""

    @property
    def id(self) -> ArchiveId:
        """Return which archive it is."""
        return self.held.id

    @property
    def goes(self) -> bool:
        """Tell whether it is to be removed."""
        return not self.kept_as and self.locked_until_ms is None


def _week(day: date) -> str:
    year, week, _ = day.isocalendar()
    return f"{year}-W{week:02}"


_PERIODS: Mapping[str, Callable[[date], str]] = {
    "daily": date.isoformat,
    "weekly": _week,
    "monthly": lambda day: f"{day:%Y-%m}",
}


def kept(ids: Collection[ArchiveId], rule: Rule) -> dict[ArchiveId, tuple[str, ...]]:
    """Return the archives that are kept, and why: each pipeline and region by itself."""
    found: dict[ArchiveId, tuple[str, ...]] = {}
    series: dict[tuple[str, str], list[ArchiveId]] = {}
    for id_ in sorted(ids, key=order, reverse=True):
        series.setdefault((id_.pipeline, id_.region), []).append(id_)
    for newest_first in series.values():
        for word, period in _PERIODS.items():
            for id_ in _first_of_each(newest_first, period, getattr(rule, word)):
                found[id_] = (*found.get(id_, ()), word)
    return found


def _first_of_each(newest_first: Sequence[ArchiveId], period: Callable[[date], str], most: int) -> Iterable[ArchiveId]:
    first: dict[str, ArchiveId] = {}
    for id_ in newest_first:
        first.setdefault(period(date.fromisoformat(id_.day)), id_)
    return list(first.values())[:most]


def planned(held: Collection[Held], rule: Rule) -> list[Planned]:
    """Say what becomes of each archive that a store holds, the newest of each region last.

    One of which a part is gone takes no place of a whole one. It stays where it would stay if it were whole, as
    evidence of its loss, and goes where it would go: so a removal that was cut off is finished by the next.
    """
    of_whole = kept([each.id for each in held if each.whole], rule)
    of_all = kept([each.id for each in held], rule)
    return [
        Planned(each, (of_whole if each.whole else of_all).get(each.id, ()))
        for each in sorted(held, key=lambda each: order(each.id))
    ]

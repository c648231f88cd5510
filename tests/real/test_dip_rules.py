"""Totals that fall back for up to two hours, because an old push landed late, are counted as if they had not."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import ruletest
import servers
from ruletest import Expected, Given, expecting, samples, series

RULES = servers.ROOT / "rules" / "prometheus" / "lumen.rules.yml"
RUNS = "lumen:runs:count"
EU = {"pipeline": "p", "region": "eu"}
WINDOWS = {"1h": 6, "1d": 144}  # in steps of ten minutes
LONGEST_DIP = 11  # at the twelfth step the last total before it is no longer within two hours


@dataclass
class Scraped:
    """What is scraped every ten minutes, and the newest total that was ever published by then."""

    shown: list[int] = field(default_factory=list)
    newest: list[int] = field(default_factory=list)

    def published(self, total: int, steps: int) -> Scraped:
        """Show a total that is the newest for some steps."""
        self.shown += [total] * steps
        self.newest += [total] * steps
        return self

    def overwritten(self, total: int, steps: int) -> Scraped:
        """Show an old total for some steps."""
        self.shown += [total] * steps
        self.newest += [self.newest[-1]] * steps
        return self

    def given(self, total: str = "lumen_runs_total", **labels: str) -> list[Given]:
        """Return the series."""
        start = series("lumen_series_start_timestamp_seconds", f"0x{len(self.shown)}", **EU)
        return [start, series(total, samples(dict(enumerate(self.shown)), len(self.shown)), **EU, **labels)]

    def exact(self, steps: Iterable[int]) -> list[Expected]:
        """Expect every window to count what was published in it."""
        return [
            count(window, step, self.newest[step] - self.newest[step - length])
            for step in steps
            for window, length in WINDOWS.items()
        ]


def count(window: str, step: int, value: int | None) -> Expected:
    expression = f'{RUNS}{{window="{window}"}}'
    return expecting(expression, f"{10 * step}m", **({} if value is None else {"p": value}))


def agrees(promtool: str, directory: Path, given: Iterable[Given], expected: Iterable[Expected]) -> None:
    ruletest.promtool_agrees(promtool, directory, [RULES], "10m", given, expected)


DIP = range(156, 156 + LONGEST_DIP)


@pytest.fixture
def dipped() -> Scraped:
    """Return two days with three runs just before the dip, one of which shows in it, and two runs just after it."""
    before = Scraped().published(500, DIP.start - 2).published(503, 2)
    return before.overwritten(501, len(DIP)).published(503, 1).published(505, 172)


def test_a_dip_in_the_present_changes_no_count(promtool: str, tmp_path: Path, dipped: Scraped) -> None:
    agrees(promtool, tmp_path, dipped.given(), dipped.exact(DIP))


def test_a_dip_at_the_start_of_a_window_changes_no_count(promtool: str, tmp_path: Path, dipped: Scraped) -> None:
    for_an_hour, for_a_day = (range(DIP.start + length, DIP.stop + length) for length in WINDOWS.values())
    agrees(promtool, tmp_path, dipped.given(), dipped.exact([*for_an_hour, *for_a_day]))


@pytest.mark.parametrize("seed", range(3))
def test_wherever_totals_fall_back_every_window_counts_what_was_published_in_it(
    promtool: str, tmp_path: Path, seed: int
) -> None:
    chance, scraped, total = random.Random(seed), Scraped(), 100
    while len(scraped.shown) < 360:
        for _ in range(chance.randrange(1, 10)):
            total += chance.randrange(3)
            scraped.published(total, 1)
        scraped.overwritten(total - chance.randrange(1, 9), chance.randrange(LONGEST_DIP + 1))
    agrees(promtool, tmp_path, scraped.given(), scraped.exact(range(144, 360)))


def test_every_total_is_read_in_the_same_way(promtool: str, tmp_path: Path, dipped: Scraped) -> None:
    totals = {
        "lumen:runs_failed:count": ("lumen_runs_failed_total", {"error_class": "network"}),
        "lumen:stage_success:count": ("lumen_stage_success_total", {"stage": "build"}),
        "lumen:stage_failed:count": ("lumen_stage_failed_total", {"stage": "build", "error_class": "network"}),
        "lumen:days:count": ("lumen_days_total", {"outcome": "success"}),
    }
    given = dipped.given()
    for total, labels in totals.values():
        given += dipped.given(total, **labels)[1:]
    expected = [
        expecting(f'{record}{{window="1d"}}', f"{10 * step}m", p=dipped.newest[step] - dipped.newest[step - 144])
        for record in totals
        for step in range(DIP.start, DIP.stop + 144)
    ]
    agrees(promtool, tmp_path, given, expected)


def test_a_stage_that_an_old_push_takes_away_again_keeps_its_count(promtool: str, tmp_path: Path) -> None:
    scraped = Scraped().published(500, 200)
    new: dict[int, object] = {**dict.fromkeys(range(150, 155), 2), 155: "stale", **dict.fromkeys(range(165, 200), 2)}
    given = [
        *scraped.given(),
        series("lumen_stage_success_total", samples(new, 200), stage="new", **EU),
    ]
    stages = 'lumen:stage_success:count{window="1h"}'
    expected = [expecting(stages, f"{10 * step}m", p=2) for step in range(150, 156)]
    expected += [expecting(stages, f"{10 * step}m", p=0) for step in range(156, 190)]
    agrees(promtool, tmp_path, given, expected)


def test_a_dip_of_three_hours_is_taken_for_a_new_ledger_after_two(promtool: str, tmp_path: Path) -> None:
    """What it hid is missing while it lasts, and counts again in a window that starts in its third hour."""
    scraped = Scraped().published(500, 154).published(503, 2).overwritten(501, 18).published(503, 166)
    expected = scraped.exact(range(156, 167))
    expected += [count("1h", step, None) for step in range(168, 174)]
    expected += [count("1d", step, 1) for step in range(168, 174)]
    expected += [count("1h", step, 2) for step in range(174, 180)]
    expected += scraped.exact(range(180, 300))
    expected += [count("1d", step, 2) for step in range(312, 318)]
    expected += scraped.exact(range(318, 340))
    agrees(promtool, tmp_path, scraped.given(), expected)


def test_what_is_born_and_falls_back_at_once_counts_from_zero(promtool: str, tmp_path: Path) -> None:
    born = 30
    runs: dict[int, object] = {**dict.fromkeys(range(born, 70), 3), **dict.fromkeys(range(born + 1, born + 5), 1)}
    given = [
        series("lumen_series_start_timestamp_seconds", samples(dict.fromkeys(runs, born * 600), 70), **EU),
        series("lumen_runs_total", samples(runs, 70), **EU),
    ]
    expected = [count("1h", born - 1, None)]
    expected += [count("1h", step, 3) for step in range(born, born + 6)]
    expected += [count("1h", step, 0) for step in range(born + 6, 70)]
    expected += [count("1d", step, 3) for step in range(born, 70)]
    agrees(promtool, tmp_path, given, expected)


def test_the_start_of_a_region_is_read_as_it_is_now(promtool: str, tmp_path: Path) -> None:
    """It falls when older facts are found; a maximum of it would count a region's whole past for two hours."""
    born, found = 30, 32
    starts = {step: born * 600 if step < found else 0 for step in range(born, 70)}
    runs = {step: 3 if step < found else 500 for step in range(born, 70)}
    given = [
        series("lumen_series_start_timestamp_seconds", samples(starts, 70), **EU),
        series("lumen_runs_total", samples(runs, 70), **EU),
    ]
    expected = [count("1h", step, 3) for step in range(born, found)]
    expected += [count("1h", step, None) for step in range(found, born + 6)]
    expected += [count("1h", found + 6, 0)]
    agrees(promtool, tmp_path, given, expected)

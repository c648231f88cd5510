"""Objectives as a person reads them: on a terminal, as Markdown, and with all formulas."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from zoneinfo import ZoneInfo

import pytest
from evaluatedslo import DAY, HOUR, NOON, RUNS, evaluated

from lumen_action.slo.evaluation import Tick
from lumen_action.slo.objective import (
    Budgeting,
    CalendarWindow,
    Comparison,
    Duration,
    Events,
    LedgerSource,
    RatioSource,
    Threshold,
    ValueSource,
)
from lumen_action.summary.derivation import derivation
from lumen_action.summary.objectives import as_lines, as_markdown, as_text

UTC = timezone.utc
API = evaluated(1_234_567, 987, 0.999, name="api", display="API availability", ago=8 * DAY)


def block(text: str) -> list[str]:
    return [line.rstrip() for line in text.strip("\n").splitlines()]


def test_a_block_has_target_actual_used_left_status_and_verdict() -> None:
    assert as_text([API], NOON, UTC).splitlines() == block("""
Objectives at 2026-03-04 12:00 UTC

API availability (api)
  target    99.9 %   over the last 30 days
  actual   99.92 %   1,233,580 of 1,234,567 events good
  used     79.95 %   987 bad, 1,234.57 may be
  left     20.05 %   247.57 more may be bad
  status   healthy
  verdict  met

1 objective: 1 healthy; 1 met
""")


def test_too_many_failures_are_told_with_the_day_of_recovery() -> None:
    lines = as_text([evaluated(1000, 65, ago=DAY)], NOON, ZoneInfo("Asia/Seoul")).splitlines()
    assert lines[3:-2] == block("""
  target     95 %   over the last 30 days
  actual   93.5 %   935 of 1,000 events good
  used      130 %   65 bad, 50 may be
  left      -30 %   15 too many
  status   exhausted
  verdict  violated
  ahead    has budget again on 2026-04-02 21:00 Asia/Seoul if nothing more fails
""")


def test_no_data_is_never_a_number() -> None:
    lines = as_text([evaluated(source=RUNS, notes=("the ledger is new",))], NOON, UTC).splitlines()
    assert lines[3:-2] == block("""
  target      95 %   over the last 30 days
  actual   unknown   nothing was counted over the last 30 days
  used     unknown
  left     unknown
  status   no data
  verdict  not enough evidence: 59 clean runs show it
  note     the ledger is new
""")


def test_a_budget_of_a_part_of_an_event_is_broken_by_the_next() -> None:
    assert "the next bad run breaks it" in as_text([evaluated(30, 1, source=RUNS)], NOON, UTC)


def test_hostile_names_stay_on_their_line_and_mean_nothing() -> None:
    hostile = evaluated(1000, 1, display="a|b\n## <img src=x> @team\x1b[31m \u202egood", notes=("<b>`note`",))
    text = as_text([hostile], NOON, UTC)
    assert "\x1b" not in text
    assert "\n## " not in text
    markdown = as_markdown([hostile], NOON, UTC)
    assert "<" not in markdown
    assert "@team" not in markdown
    assert all(line.count(" | ") == 6 for line in markdown.splitlines() if line.startswith("| "))


def test_markdown_has_a_row_for_each_and_what_lies_ahead_below() -> None:
    markdown = as_markdown([API, evaluated(1000, 65, ago=DAY)], NOON, UTC)
    assert markdown.startswith(
        "## Objectives at 2026-03-04 12:00 UTC\n\n"
        "**2 objectives: 1 healthy, 1 exhausted; 1 met, 1 violated**\n\n| Objective | Target |"
    )
    assert "| API availability (api) | 99.9 % | 99.92 % | 79.95 % | 20.05 % | ✅ healthy | met |" in markdown
    assert "| shop | 95 % | 93.5 % | 130 % | -30 % | ❌ exhausted | violated |" in markdown
    assert markdown.endswith("- shop: has budget again on 2026-04-02 12:00 UTC if nothing more fails\n")


def test_lines_begin_with_the_verdict() -> None:
    assert list(as_lines([API, evaluated(1000, 65), evaluated(30, 1, source=RUNS), evaluated()])) == [
        "met                  API availability (api): 99.92 % of 99.9 %, 79.95 % of the budget used, healthy",
        "violated             shop: 93.5 % of 95 %, 130 % of the budget used, exhausted",
        "not enough evidence  shop: 96.67 % of 95 %, 66.67 % of the budget used, healthy; 63 more clean runs show it",
        "not enough evidence  shop: no data over the last 30 days; promised 95 %",
    ]


def test_every_number_is_derived_with_its_formula() -> None:
    one = evaluated(source=RUNS, ticks=tuple(Tick(NOON - day * DAY - HOUR, 1, int(day == 2)) for day in range(30)))
    assert list(derivation(one, NOON, UTC)) == block("""
shop
  counts    the ledger: runs that ended well, by their latest attempt (pipeline nightly)
  window    after 2026-02-02 12:00 UTC, up to 2026-03-04 12:00 UTC: over the last 30 days
  data      last heard of on 2026-03-04 11:00 UTC, 1 h before
  actual    (30 - 1 bad) / 30 runs = 96.67 % good
            in truth over 86.35 %, and under 99.26 % (Wilson, each with 95 % confidence)
  budget    (1 - 0.95) x 30 runs = 1.5 may be bad
  used      1 / 1.5 = 66.67 %, so 33.33 % is left
  status    healthy: over 20 % of the budget is left
  evidence  at just 95 %, 30 runs have 1 bad or fewer with a chance of 55.35 %
            63 more clean runs bring that to 4.998 %
            a chance of 5 % or less rules luck out
  verdict   not enough evidence: 1 bad is within 1.5, but that may be luck
  burn      1h: no runs
            6h: 0 (0 bad of 1)
            1d: 0 (0 bad of 1)
            3d: 6.67 (1 bad of 3)
            7d: 2.86 (1 bad of 7)
            30d: 0.67 (1 bad of 30)
            1 is the pace that uses up exactly the whole budget
  ahead     used up on 2026-03-08 00:00 UTC at the pace of the last 7 days
""")


def test_a_tiny_budget_is_broken_only_where_luck_is_ruled_out() -> None:
    unlucky = "\n".join(derivation(evaluated(50, 1, 0.99, source=RUNS), NOON, UTC))
    assert "verdict   not enough evidence: 1 bad is over 0.5, a budget that a single one breaks; only" in unlucky
    broken = "\n".join(derivation(evaluated(10, 4, 0.99, source=RUNS), NOON, UTC))
    assert "verdict   violated: 4 bad are over 0.1, a budget that a single one breaks; surely" in broken


@pytest.mark.parametrize(
    ("total", "target", "planned"), [(126, 0.999, None), (101, 0.9999, None), (3, 0.95, 30 * 1 / 7)]
)
def test_a_formula_computes_to_what_is_shown(total: int, target: float, planned: float | None) -> None:
    text = "\n".join(derivation(evaluated(total, 1, target, source=RUNS, planned=planned), NOON, UTC)).replace(",", "")
    (share, volume, allowed), (used, shown_allowed, percent) = (
        re.search(pattern, text).groups()  # type: ignore[union-attr]
        for pattern in (r"\(1 - (\S+)\) x (\S+) runs = (\S+) may", r"used +(\S+) / (\S+) = (\S+) %")
    )
    assert allowed == shown_allowed
    assert (1 - float(share)) * float(volume) == pytest.approx(float(allowed), rel=1e-5)
    assert round(100 * float(used) / float(allowed), 2) == float(percent)


def test_planned_events_are_told() -> None:
    lines = list(derivation(evaluated(3, source=RUNS, planned=30), NOON, UTC))
    assert "  budget    (1 - 0.95) x 30 runs = 1.5 may be bad" in lines
    assert "            planned are 30, there were 3; the larger counts" in lines


def test_sources_say_what_they_count() -> None:
    def counts(**more: object) -> str:
        return "\n".join(derivation(evaluated(**more), NOON, UTC))  # type: ignore[arg-type]

    ratio = RatioSource("sum(bad)", "sum(all)", part_is_good=False, counter=True, data_source="metrics")
    assert "Prometheus (metrics): bad are sum(bad)\n            of sum(all)" in counts(source=ratio)
    value = ValueSource("queue", Threshold(Comparison.LT, 10))
    assert "Prometheus: queue\n            good where it is under 10" in counts(source=value)
    assert "the file counts.csv: column `bad` has the bad events, `total` all" in counts()
    slow = LedgerSource(Events.DURATION, "nightly", stage="build", threshold=Threshold(Comparison.LTE, 7200))
    assert "the ledger: stages that took at most 7200 s (pipeline nightly, stage build)" in counts(source=slow)
    sliced = counts(source=ratio, budgeting=Budgeting.TIMESLICES, slice_window=Duration(1, "h"))
    assert "each slice of 1h is good where 100 % of it is" in sliced


def test_a_calendar_window_says_when_it_closes() -> None:
    march = CalendarWindow(Duration(1, "M"), datetime(2026, 1, 1), "UTC")  # noqa: DTZ001 - a clock in its zone
    text = "\n".join(derivation(evaluated(10, 9, window=march), NOON, UTC))
    assert "up to 2026-03-04 12:00 UTC: this calendar month" in text
    assert "it closes on 2026-04-01 00:00 UTC" in text
    assert "has budget again on 2026-04-01 00:00 UTC if nothing more fails" in text

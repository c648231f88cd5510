"""Which runbook is called for, with which inputs, and whether it may start by itself now."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from runbooktexts import WHOLE, read, with_steps

from lumen_action.runbooks.runbook import Trigger
from lumen_action.runbooks.triggers import inputs_from, may_start, triggered

DISK = read(WHOLE, "disk.yml")
OWN = replace(read(WHOLE, "zz-own.yml"), own=True)
PLAIN = read(with_steps("name: look\ncommand: [look]"), "plain.yml")
ALL = {each.name: each for each in (DISK, OWN, PLAIN)}
MINUTE = 60_000
NOW = 1_800_000_000_000


def names(**wanted: str) -> list[str]:
    return [each.runbook.name for each in triggered(ALL, **wanted)]


def test_an_alert_and_a_class_call_for_the_runbooks_that_name_them_the_teams_own_first() -> None:
    assert names(alert="DiskFull") == ["zz-own", "disk"]
    assert names(error_class="environment") == ["zz-own", "disk"]
    assert names(alert="Other", error_class="network") == []
    assert names() == []


def test_an_alert_that_names_its_class_too_calls_once_by_the_alert() -> None:
    found = triggered(ALL, alert="DiskFull", error_class="environment")

    assert [(each.runbook.name, each.trigger.name) for each in found] == [("zz-own", "DiskFull"), ("disk", "DiskFull")]


def test_by_themselves_start_only_those_that_are_named_for_it() -> None:
    assert [each.runbook.name for each in triggered(ALL, alert="DiskFull", automatic=["disk"])] == ["disk"]
    assert triggered(ALL, alert="DiskFull", automatic=[]) == ()


def test_inputs_come_from_the_labels_that_are_named() -> None:
    assert inputs_from(DISK, {"pipeline": "nightly", "mode": "full", "other": "x"}) == {"pipeline": "nightly"}


def test_a_label_that_does_not_fit_is_left_out_unless_it_is_needed() -> None:
    optional = replace(DISK, inputs=tuple(replace(each, required=False) for each in DISK.inputs))

    assert inputs_from(optional, {"pipeline": "$(id)"}) == {}
    assert inputs_from(DISK, {"pipeline": "$(id)"}) == {"pipeline": "$(id)"}


TRIGGER = Trigger(alert="A", cooldown_minutes=60, most_a_day=2)


@pytest.mark.parametrize(
    ("ago", "why"),
    [
        ([], ""),
        ([60], ""),
        ([59], "it was started less than 60 min ago; it may again in 1 min"),
        ([0], "it was started less than 60 min ago; it may again in 60 min"),
        ([-5], "it was started less than 60 min ago; it may again in 60 min"),
        ([61, 1439], "it was started 2 times within 24 hours, and 2 are the most"),
        ([61, 1440], ""),
        ([1440, 1441, 9999], ""),
    ],
)
def test_it_waits_for_the_cooldown_and_starts_only_so_often_a_day(ago: list[int], why: str) -> None:
    assert may_start(TRIGGER, [NOW - each * MINUTE for each in ago], NOW) == why


@given(st.lists(st.integers(0, 4 * 1440), max_size=200), st.integers(1, 300), st.integers(1, 9))
def test_whoever_asks_each_time_never_starts_it_too_often(asked: list[int], cooldown: int, most: int) -> None:
    trigger = Trigger(alert="A", cooldown_minutes=cooldown, most_a_day=most)
    starts: list[int] = []
    for minute in sorted(asked):
        if not may_start(trigger, [each * MINUTE for each in starts], minute * MINUTE):
            starts.append(minute)
    assert all(later - earlier >= cooldown for earlier, later in pairwise(starts))
    assert all(sum(start <= each < start + 1440 for each in starts) <= most for start in starts)

"""Rosters as YAML: what they come to, and all that can be wrong with one told together."""

from __future__ import annotations

import re
import zoneinfo
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rosters import OFFICE_HOURS, PEOPLE, ms, roster

from lumen_action.errors import ConfigError
from lumen_action.oncall import walltime
from lumen_action.oncall.reading import read, roster_of
from lumen_action.oncall.roster import HOLIDAY, Away, Override, Weekend, Window

PLAIN = f"timezone: Europe/Berlin\n{PEOPLE}\nlayers:\n  primary: {{rotation: [Ada, Bo], anchor: 2026-01-02}}\n"


def problems(text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        roster_of(text, "oncall.yml")
    return caught.value.problems


def layer(more: str) -> str:
    return f"timezone: Europe/Berlin\n{PEOPLE}\nlayers:\n  primary:\n{more}"


def test_a_layer_changes_weekly_on_fridays_at_five_and_is_always_covered_unless_told_otherwise() -> None:
    (primary,) = roster(PLAIN).layers

    assert (primary.days, primary.hand_off, primary.anchor) == (7, 17 * 60, date(2026, 1, 2))
    assert (primary.cover, primary.weekend, primary.fallback) == ((), None, "")
    assert primary.timezone == "Europe/Berlin"


def test_hours_are_read_with_days_as_words_ranges_and_lists() -> None:
    read_in = roster(
        layer(
            """    rotation: [Ada]
    anchor: 2026-01-02
    cover:
    - {days: fri-mon, from: "22:00", to: "06:00"}
    - {days: "tue, holidays", from: "00:00", to: "24:00"}
    - {days: [Wednesday, thu], from: 09:30, to: 10:00}
"""
        )
    )

    assert read_in.layers[0].cover == (
        Window(frozenset({4, 5, 6, 0}), 22 * 60, 30 * 60),
        Window(frozenset({1, HOLIDAY}), 0, 24 * 60),
        Window(frozenset({2, 3}), 9 * 60 + 30, 10 * 60),
    )


def test_a_weekend_may_go_over_into_monday() -> None:
    read_in = roster(
        layer(
            "    rotation: [Ada]\n    anchor: 2026-01-02\n"
            "    weekend: {rotation: [Bo, Cy], from: fri 17:00, to: mon 09:00}\n"
        )
    )

    assert read_in.layers[0].weekend == Weekend(("Bo", "Cy"), (4 * 24 + 17) * 60, (7 * 24 + 9) * 60)


def test_overrides_are_on_the_clock_of_their_layer_and_a_day_alone_is_meant_whole() -> None:
    read_in = roster(
        f"{PLAIN.replace('anchor: 2026-01-02', 'anchor: 2026-01-02, timezone: Asia/Seoul')}"
        "overrides:\n- {layer: primary, from: 2026-03-04, to: 2026-03-05, person: Cy, reason: swap}\n"
        "- {layer: primary, from: 2026-03-03 18:00, to: 2026-03-04, person: Di}\n".replace(
            "to: 2026-03-04,", "to: 2026-03-04 00:00,"
        )
    )

    assert read_in.overrides == (
        Override("primary", ms("2026-03-03T09:00"), ms("2026-03-03T15:00"), "Di"),
        Override("primary", ms("2026-03-03T15:00"), ms("2026-03-05T15:00"), "Cy", "swap"),
    )


def test_who_is_away_is_so_on_the_clock_where_they_live() -> None:
    text = PLAIN.replace(
        "Ada: {", "Ada: {timezone: Asia/Seoul, unavailable: [{from: 2026-03-04, to: 2026-03-04, reason: day off}], "
    )

    assert roster(text).people["Ada"].away == (Away(ms("2026-03-03T15:00"), ms("2026-03-04T15:00"), "day off"),)


def test_holidays_are_days_with_or_without_a_name() -> None:
    text = f"{PLAIN}holidays: [2026-12-25, {{day: 2027-01-01, name: New Year}}]\n"

    assert roster(text).holidays == {date(2026, 12, 25): "", date(2027, 1, 1): "New Year"}


def test_somebody_without_a_contact_is_read_all_the_same() -> None:
    assert roster(PLAIN.replace("people:", "people:\n  Eve:")).people["Eve"].contacts == {}


def test_everything_that_is_wrong_is_told_at_once_with_file_line_and_field() -> None:
    text = """timezone: Europe/Berlinn
people:
  Ada: {mail: nobody, fax: "1"}
  Bo: {timezone: Mars/Base, unavailable: [{from: 2026-03-09, to: 2026-03-08}]}
layers:
  primary:
    rotation: [Ada, Boo]
    length: 1M
    anchor: 2026-01-02
  secondary:
    rotation: [Bo]
    hand-off: tue 17:00
    anchor: 2026-01-02
    cover: [{days: workdays, from: "9:00", to: "18:00"}, {days: mon, from: "09:00", to: "09:00"}]
    fallback: primry
holidays: [2026-02-30, 2026-12-25, 2026-12-25]
overrides:
- {layer: tertiary, from: 2026-03-04, to: 2026-03-05, person: Ada}
- {layer: primary, from: 2026-03-04 25:00, to: soon, person: Dan}
accepted-uncovered-hours: 200
colour: red
"""

    told = problems(text)

    assert [each.split(";")[0].split(", which")[0] for each in told] == [
        "oncall.yml line 21: colour: found an unknown field",
        "oncall.yml line 1: timezone: found `Europe/Berlinn`",
        "oncall.yml line 3: people.Ada.fax: found an unknown field",
        "oncall.yml line 3: people.Ada.mail: found `nobody`",
        "oncall.yml line 4: people.Bo.timezone: found `Mars/Base`",
        "oncall.yml line 4: people.Bo.unavailable[0].to: found `2026-03-08`",
        "oncall.yml line 7: layers.primary.rotation[1]: found `Boo`",
        "oncall.yml line 8: layers.primary.length: found `1M`",
        "oncall.yml line 13: layers.secondary.anchor: found `2026-01-02`, a fri, but turns change on tue",
        "oncall.yml line 14: layers.secondary.cover[0].days: found `workdays`",
        "oncall.yml line 14: layers.secondary.cover[0].from: found `9:00`",
        "oncall.yml line 14: layers.secondary.cover[1].to: found a window from 09:00 to 09:00",
        "oncall.yml line 15: layers.secondary.fallback: found `primry`",
        "oncall.yml line 16: holidays[0]: found `2026-02-30`",
        "oncall.yml line 16: holidays[2]: found 2026-12-25 a second time",
        "oncall.yml line 18: overrides[0].layer: found `tertiary`",
        "oncall.yml line 19: overrides[1].person: found `Dan`",
        "oncall.yml line 19: overrides[1].from: found `2026-03-04 25:00`",
        "oncall.yml line 19: overrides[1].to: found `soon`",
        "oncall.yml line 20: accepted-uncovered-hours: found `200`",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "oncall.yml: found 0 documents; write one, with `people:` and `layers:`"),
        ("a: 1\n---\na: 2\n", "found 2 documents"),
        ("- Ada\n", "write indented `key: value` lines"),
        ("timezone: UTC\nlayers: {p: {rotation: [A], anchor: 2026-01-02}}\n", "people: found nothing"),
        (f"timezone: UTC\n{PEOPLE}", "layers: found nothing"),
        (f"timezone: UTC\n{PEOPLE}\nlayers: {{}}\n", "layers: found no layer"),
        (
            layer("    rotation: [Ada]\n    rotation: [Bo]\n    anchor: 2026-01-02\n"),
            "line 12: found the key `rotation`",
        ),
        (layer("    rotation: []\n    anchor: 2026-01-02\n"), "rotation: found `[]`; write a list"),
        (layer("    rotation: [Ada]\n"), "anchor: found nothing; write `anchor: 2026-01-02`"),
        (layer("    rotation: [Ada]\n    anchor: 2026-01-03\n"), "such as `2026-01-09`"),
        (
            layer("    rotation: [Ada]\n    anchor: 2026-01-02\n    length: 3d\n    hand-off: fri 17:00\n"),
            "hand-off: found `fri 17:00`; turns of days change at a time: write a time of the day",
        ),
        (layer("    rotation: [Ada]\n    anchor: 2026-01-02\n    length: 400d\n"), "at most `366d`"),
        (
            layer("    rotation: [Ada]\n    anchor: 2026-01-02\n    length: 0w\n"),
            "length: found `0w`; write days or weeks",
        ),
        (layer("    rotation: [Ada]\n    anchor: 1026-01-02\n"), "write a day from 2000 to 2199"),
        (
            layer("    rotation: [Ada]\n    anchor: 2026-01-02\n    fallback: primary\n"),
            "fallback: found `primary`; remove it",
        ),
        (
            layer("    rotation: [Ada]\n    anchor: 2026-01-02\n    weekend: {rotation: [Bo], from: wed 17:00}\n"),
            "weekend.from: found `wed 17:00`; write a time on fri or sat",
        ),
        (
            f"{PLAIN}overrides: [{{layer: primary, from: 2026-03-04, to: 2026-03-04 00:00, person: Ada}}]\n",
            "after `from`",
        ),
        (
            f"{PLAIN}overrides: [{{layer: primary, from: 2026-03-04, to: 2026-03-05, person: Dan}}]\n",
            "known person: Ada, Bo",
        ),
        (f"{PLAIN}overrides: [{{layer: primery, from: 2026-03-04, to: 2026-03-05, person: Ada}}]\n", "mean `primary`?"),
        (PLAIN.replace("Ada", '"A\\u202eb"'), "a name that does not fit on a line"),
    ],
)
def test_a_fault_names_its_fix(text: str, expected: str) -> None:
    assert expected in "\n".join(problems(text))


def test_overrides_of_one_layer_never_overlap() -> None:
    text = (
        f"{PLAIN}  secondary: {{rotation: [Cy], anchor: 2026-01-02}}\noverrides:\n"
        "- {layer: primary, from: 2026-03-04, to: 2026-03-06, person: Cy}\n"
        "- {layer: secondary, from: 2026-03-04, to: 2026-03-06, person: Di}\n"
        "- {layer: primary, from: 2026-03-06 12:00, to: 2026-03-07, person: Di}\n"
    )

    (told,) = problems(text)

    assert "line 15: overrides[2]: found an override of `primary` that overlaps the one of line 13" in told
    assert "Cy and Di would both be on call" in told


def test_a_layer_that_takes_over_for_others_has_no_fallback_itself() -> None:
    text = PLAIN.replace("anchor: 2026-01-02", "anchor: 2026-01-02, fallback: b") + (
        "  b: {rotation: [Cy], anchor: 2026-01-02, fallback: primary}\n"
    )

    told = problems(text)

    assert len(told) == 2
    assert all("has a fallback itself" in each for each in told)


def test_a_machine_without_time_zones_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    walltime.zone_of.cache_clear()
    monkeypatch.setattr(walltime, "available_timezones", set)
    monkeypatch.setattr(walltime, "ZoneInfo", _Unknown)

    (told,) = problems(PLAIN)

    assert "this machine has no time zone database; install the package tzdata" in told
    assert roster_of(PLAIN.replace("Europe/Berlin", "UTC"), "oncall.yml").timezone == "UTC"


def test_the_example_of_the_documentation_can_be_read() -> None:
    page = (Path(__file__).parents[3] / "docs" / "oncall.md").read_text(encoding="utf-8")
    (example,) = (block for block in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL) if "people:" in block)

    assert [layer.name for layer in roster_of(example, "docs/oncall.md").layers] == ["primary", "secondary"]


class _Unknown:
    def __init__(self, name: str) -> None:
        raise zoneinfo.ZoneInfoNotFoundError(name)


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=200))
def test_any_text_is_read_or_refused_with_words(text: str) -> None:
    found = read(text, "oncall.yml")

    assert (found.roster is None) == bool(found.problems)


@given(st.data())
def test_a_roster_with_any_one_value_replaced_is_read_or_refused_with_words(data: st.DataObject) -> None:
    lines = OFFICE_HOURS.splitlines()
    number = data.draw(st.integers(0, len(lines) - 1))
    key = lines[number].partition(":")[0]
    value = data.draw(
        st.sampled_from(["", "null", "[]", "{}", "1", "-1", "[[1]]", "{a: 1}", "true", '"\\u0000"', "24:00"])
    )
    lines[number] = f"{key}: {value}"
    found = read("\n".join(lines), "oncall.yml")

    assert (found.roster is None) == bool(found.problems)
    assert all("oncall.yml" in each for each in found.problems)

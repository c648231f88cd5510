"""Facts about incidents: small enough, and by keys that let the first of many win."""

from __future__ import annotations

from dataclasses import replace

import pytest
from facts import NOON
from happenings import met, opened
from hypothesis import given, settings
from hypothesis import strategies as st

from lumen_action.incidents.facts import event_fact, identity, incident_name
from lumen_action.incidents.folding import incidents_in
from lumen_action.incidents.words import Event
from lumen_action.model import Fact
from lumen_action.model.fact import MAX_FACT_BYTES

LONG = st.sampled_from(["x", '"', "\\", "\0", "한", "\ud800", "a,b"]).flatmap(
    lambda piece: st.integers(0, 6000).map(lambda count: piece * count)
)
WORDS = (
    "actor",
    "text",
    "title",
    "components",
    "alert",
    "link_name",
    "link_url",
    "cause",
    "resolution",
    "region",
    "by",
)


@settings(max_examples=50)
@given(st.dictionaries(st.sampled_from(WORDS), LONG), LONG, LONG)
def test_no_text_makes_a_fact_too_long_or_takes_from_what_it_says(told: dict[str, str], same: str, mark: str) -> None:
    for fact in (opened(same=same, **told), met(Event.SEEN, mark=mark, **told)):
        kept = Fact.decode(fact.encode())
        assert len(fact.encode()) <= MAX_FACT_BYTES
        assert kept == fact
        assert kept.told["incident"] == "INC-1"
    (incident,) = incidents_in([opened(same=same, **told)])
    assert incident.sameness == identity(same or "INC-1")


def test_what_is_too_long_gives_way_before_what_the_incident_goes_by() -> None:
    fact = met(Event.SEVERITY, severity="sev1", text="t" * 9000, actor="a" * 9000, cause="c" * 9000, mark="m" * 9000)
    assert (fact.told["severity"], fact.told["mark"]) == ("sev1", identity("m" * 9000))
    assert fact.told["text"].endswith("…")
    assert len(fact.told["text"]) > 400


def test_a_list_is_cut_between_its_names_and_an_address_is_whole_or_gone() -> None:
    fact = opened(
        components=",".join(f"service-{number}" for number in range(900)), link_url="https://a.example/" + "x" * 2000
    )
    names = fact.told["components"].split(",")
    assert all(name == f"service-{number}" for number, name in enumerate(names))
    assert "link_url" not in fact.told


@given(st.text("ab한"), st.text("ab한"))
def test_long_words_stay_different(one: str, other: str) -> None:
    assert (identity("x" * 300 + one) == identity("x" * 300 + other)) is (one == other)


def test_a_name_says_when_and_differs_in_one_second() -> None:
    names = {incident_name(NOON + more, same, token) for more in (0, 999) for same in "ab" for token in "xyz"}
    assert len(names) == 6
    assert all(name.startswith("INC-20260102-120000-") for name in names)
    assert incident_name(-5, "a", "x").startswith("INC-19700101-000000-")


def test_the_key_of_an_opening_has_no_name_and_no_moment() -> None:
    assert opened("INC-1", same="a").key == opened("INC-2", same="a", at=9).key != opened("INC-1", same="b").key


@pytest.mark.parametrize("event", [Event.ACKNOWLEDGED, Event.FALSE_ALARM])
def test_changes_of_the_state_compete_for_one_place(event: Event) -> None:
    def change(what: Event, place: int | None, mark: str) -> Fact:
        at = replace(met(what), details=())
        return event_fact("nightly", "INC-1", what, day=at.day, at_ms=NOON, mark=mark, told={}, place=place)

    assert change(event, 1, "a").key == change(Event.MERGED, 1, "b").key != change(event, 2, "a").key
    assert change(event, None, "a").key != change(event, None, "b").key

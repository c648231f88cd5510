"""Conditions on JSON answers, as people write them."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lumen_action.expectations import COMPARISONS, expectation_of

ANSWER = {
    "status": "ok",
    "n": 3,
    "ratio": 0.5,
    "on": True,
    "none": None,
    "list": [1, 2, [True]],
    "data": {"items": [{"age": 4}, {"age": 7}], "a.b": "dotted", "x y": 1},
    "huge": 10**400,
}


@pytest.mark.parametrize(
    "text",
    [
        'status == "ok"',
        '$.status == "ok"',
        'status != "down"',
        "n == 3",
        "n == 3.0",
        "n >= 3",
        "n <= 3",
        "n < 4",
        "n > 2.5",
        "n in [1, 2, 3]",
        'status contains "o"',
        "list contains 2",
        'data contains "items"',
        "data.items[1].age > 5",
        'data["a.b"] == "dotted"',
        'data["x y"] == 1',
        "$.data.items[0].age == 4",
        "none present",
        "none == null",
        "missing absent",
        "data.items[2] absent",
        "list[0] == 1",
        "list == [1, 2, [true]]",
        "huge > 1",
        "on == true",
        "$ present",
        '$["status"] == "ok"',
        "  n  ==  3  ",
    ],
)
def test_a_condition_that_holds_says_nothing(text: str) -> None:
    assert expectation_of(text).failing(ANSWER) == ""


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('status == "OK"', '"ok"'),
        ("status == 1", '"ok"'),
        ("on == 1", "true"),
        ("n == true", "3"),
        ("list == [1, 2, [1]]", "[1, 2, [true]]"),
        ("list contains true", "[1, 2, [true]]"),
        ("n in [true]", "3"),
        ("status < 5", '"ok"'),
        ("on > 0", "true"),
        ("missing != 3", "nothing there"),
        ("missing == null", "nothing there"),
        ("missing present", "nothing there"),
        ("none absent", "null"),
        ("data.items[9].age == 1", "nothing there"),
        ("status.deeper == 1", "nothing there"),
        ("list.name == 1", "nothing there"),
        ("data[0] == 1", "nothing there"),
        ("n contains 3", "3"),
    ],
)
def test_a_condition_that_does_not_hold_says_what_was_found(text: str, found: str) -> None:
    assert expectation_of(text).failing(ANSWER) == f"expected {text}, found {found}"


@pytest.mark.parametrize(
    ("text", "document"),
    [("$ == 3", 3), ("$ == [1]", [1]), ('$ == "ok"', "ok"), ("$[0] == 1", [1]), ("$ contains 1", [1]), ("$ == {}", {})],
)
def test_a_dollar_is_the_whole_document(text: str, document: object) -> None:
    assert expectation_of(text).failing(document) == ""
    assert expectation_of(text).failing({"else": 1}) != ""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "write for example"),
        ("== 3", "is no condition"),
        ("status", "is no condition"),
        ("status = 3", "compares by `=`"),
        ("status ~ 3", "known are"),
        ("status == ok", 'quote a text: `status == "ok"`'),
        ("status == NaN", "no JSON value"),
        ("status == ", "no JSON value"),
        ("status present 3", "compares by `present`"),
        ('a["\\x"] == 1', "is no JSON text"),
        ("a" * 501 + " == 1", "is no condition"),
        ("status == " + "[" * 450, "no JSON value"),
    ],
)
def test_what_is_no_condition_is_refused_with_what_to_write(text: str, said: str) -> None:
    with pytest.raises(ValueError) as fault:
        expectation_of(text)
    assert said in str(fault.value)


def test_what_was_found_is_cut_and_can_be_printed() -> None:
    said = expectation_of("a == 1").failing({"a": "\ud800" + "x" * 500})

    assert len(said) < 100
    assert said.encode()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=9,
)


@given(st.text(max_size=80), JSON)
def test_any_text_is_a_condition_or_is_refused_and_any_document_is_judged(text: str, document: object) -> None:
    try:
        expectation = expectation_of(text)
    except ValueError as fault:
        said = str(fault)
    else:
        said = expectation.failing(document)
    assert len(said) < 700


@given(JSON, st.sampled_from(sorted({*COMPARISONS} - {"in", "contains"})), JSON)
def test_any_comparison_judges_any_two_values(found: object, comparison: str, wanted: object) -> None:
    text = f"$.a {comparison} {json.dumps(wanted)}"
    if len(text) <= 500:
        assert isinstance(expectation_of(text).failing({"a": found}), str)


@given(st.text(min_size=1, max_size=20), JSON)
def test_every_key_can_be_named_in_quotes(key: str, value: object) -> None:
    written, wanted = json.dumps(key), json.dumps(value)
    if len(written) + len(wanted) < 400:
        assert expectation_of(f"$[{written}] == {wanted}").failing({key: value}) == ""


@given(JSON)
def test_a_value_is_itself_and_not_other_than_itself(value: object) -> None:
    written = json.dumps(value)
    if len(written) < 400:
        assert expectation_of(f"$ == {written}").failing(value) == ""
        assert expectation_of(f"$ != {written}").failing(value) != ""

"""What is written as YAML reads back equal, by our own reader and by another."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from lumen_action import yamlite
from lumen_action.yamlite.writing import KeyPath, Writable, dump

TRICKY = st.sampled_from(
    ["", "null", "yes", "true", "1", "1e3", "0x1f", "~", "<<", "- a", "a: b", "a #b", " x", "x ", ".inf", "'", '"', "%"]
)
texts = (
    st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
    | st.text("ab#:-' \"\\\n\t[]{}&*!|>%@`,?~.01eE", max_size=8)
    | TRICKY
)
values = st.recursive(
    texts | st.booleans() | st.integers(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=12,
)


@settings(max_examples=500, deadline=None)
@given(values)
def test_it_reads_back_the_same(value: Writable) -> None:
    assert repr(yamlite.load(dump(value), "written")) == repr(value)


@settings(max_examples=100, deadline=None)
@given(values)
def test_another_reader_reads_the_same(value: Writable) -> None:
    assert YAML(typ="safe", pure=True).load(dump(value)) == value


@pytest.mark.parametrize(
    ("value", "comments", "text"),
    [
        ({"a": "b c", "n": 1, "f": False}, {}, "a: b c\nn: 1\nf: false\n"),
        ({"a": ["x", {"b": "1", "c": []}]}, {}, "a:\n  - x\n  - b: '1'\n    c: []\n"),
        ({"a": "b: c", "d e": "it's"}, {}, "a: 'b: c'\n'd e': 'it''s'\n"),
        ("two\nlines\x00", {}, '"two\\nlines\\u0000"\n'),
        ({"a": {"b": "c"}}, {("a", "b"): "sure?", ("a",): "above"}, "# above\na:\n  b: c  # sure?\n"),
        ([["x"], "y"], {(0,): "first", (1,): "second"}, "# first\n- - x\n- y  # second\n"),
    ],
)
def test_it_looks_as_a_person_would_write_it(value: Writable, comments: Mapping[KeyPath, str], text: str) -> None:
    assert dump(value, comments) == text
    assert yamlite.load(text, "written") == value

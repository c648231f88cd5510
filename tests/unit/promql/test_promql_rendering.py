"""Canonical text means what the tree means, whatever stands in it."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from lumen_action.promql import Selected, parse, render, selectors
from lumen_action.promql.literals import duration, milliseconds, quoted, unquoted
from lumen_action.promql.tree import (
    END,
    START,
    Aggregation,
    Binary,
    Call,
    Expr,
    Grouping,
    Matcher,
    Matching,
    Number,
    Selector,
    Unary,
)

HOUR = 3_600_000

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
words = st.sampled_from(["a", "le", "by", "on", "without", "inf", "nan", "bool", "odd name", "a.b", "é", "sum", "NaN"])
metrics = st.sampled_from(["up", "a:b", "sum", "on", "inf", "odd name", "by", "atan2", "é"])
lengths = st.integers(1, 10**12)
labels = st.lists(words, max_size=3).map(tuple)
matchers = st.builds(Matcher, words, st.sampled_from(["=", "!="]), texts)
patterns = st.builds(Matcher, words, st.sampled_from(["=~", "!~"]), st.sampled_from(["a|b", ".*", r"\d+\."]))
times = st.one_of(st.none(), st.sampled_from([START, END]), st.integers(-(10**13), 10**13))
selectors_by_name = st.builds(
    Selector,
    metrics,
    st.lists(matchers | patterns, max_size=3).map(tuple),
    offset_ms=st.integers(-(10**10), 10**10),
    at=times,
)
numbers = st.sampled_from(["0", "1", "0.25", "1e+16", "NaN", "Inf"]).map(Number)


def compound(inner: st.SearchStrategy[Expr]) -> st.SearchStrategy[Expr]:
    """Build what gives an instant vector out of what gives one."""
    matching = st.builds(Matching, st.just("ignoring"), labels, st.sampled_from(["", "group_left"]))
    arithmetic = st.sampled_from(["+", "-", "*", "/", "%", "^", "atan2"])
    comparison = st.sampled_from(["==", "!=", "<", "<=", ">", ">="])
    return st.one_of(
        st.builds(Binary, arithmetic, inner, inner, st.just(False), st.none() | matching),  # noqa: FBT003 - as the field
        st.builds(Binary, comparison, inner, inner | numbers, st.booleans()),
        st.builds(Binary, st.sampled_from(["and", "or", "unless"]), inner, inner),
        st.builds(Unary, st.sampled_from("+-"), inner),
        st.builds(Call, st.just("abs"), st.tuples(inner)),
        st.builds(Call, st.just("clamp_min"), st.tuples(inner, numbers)),
        st.builds(Aggregation, st.sampled_from(["sum", "avg"]), inner, st.none(), st.none() | groupings),
        st.builds(Aggregation, st.just("topk"), inner, numbers, st.none() | groupings),
    )


groupings = st.builds(Grouping, st.sampled_from(["by", "without"]), labels)
expressions = st.recursive(selectors_by_name, compound, max_leaves=12)


@settings(deadline=None)
@given(expr=expressions)
def test_parsing_what_was_rendered_gives_the_same_tree(expr: Expr) -> None:
    text = render(expr)

    assert parse(text) == expr
    assert render(parse(text)) == text


@given(text=texts)
def test_a_string_survives_its_quotes(text: str) -> None:
    assert unquoted(quoted(text), 0) == text


@given(length=lengths)
def test_a_duration_survives_its_units(length: int) -> None:
    assert milliseconds(duration(length), 0) == length


def test_bytes_that_are_no_text_survive() -> None:
    assert render(parse(r'up{a="\xff\n"}')) == r'up{a="\xff\n"}'


def test_what_an_expression_reads_and_how_far_back() -> None:
    expr = parse('sum(rate({__name__="a", job="x"}[1h] offset 2h)) / max_over_time((b + 1)[3h:5m] offset 1h)')
    matcher = Matcher("job", "=", "x")

    assert selectors(expr) == (
        Selected("a", (matcher,), HOUR, 2 * HOUR, 3 * HOUR, 9),
        Selected("b", (), None, 0, 4 * HOUR, 66),
    )


def test_a_pattern_is_no_name() -> None:
    (selected,) = selectors(parse('{__name__=~"a|b"}'))

    assert (selected.metric, selected.matchers) == (None, ())

"""What an expression means, and what is said when it means nothing."""

from __future__ import annotations

import pytest

from lumen_action.promql import Dialect, PromqlError, ValueType, parse, render, value_type
from lumen_action.promql.functions import AGGREGATORS, FUNCTIONS
from lumen_action.promql.tree import Selector, Subquery

MINUTE = 60_000


def refusal(text: str, dialect: Dialect | None = None) -> str:
    with pytest.raises(PromqlError) as raised:
        parse(text, dialect or Dialect())
    return str(raised.value)


@pytest.mark.parametrize(
    ("spelled", "meant"),
    [
        ("a + b * c", "a + (b * c)"),
        ("a * b + c", "(a * b) + c"),
        ("a - b - c", "(a - b) - c"),
        ("a ^ b ^ c", "a ^ (b ^ c)"),
        ("-a ^ b", "-(a ^ b)"),
        ("-a * b", "(-a) * b"),
        ("a ^ -b * c", "(a ^ (-b)) * c"),
        ("a or b and c unless d", "a or ((b and c) unless d)"),
        ("a == b + c", "a == (b + c)"),
        ("a > b < c", "(a > b) < c"),
        ("a atan2 b + c", "(a atan2 b) + c"),
        ("-a offset 5m", "-(a offset 5m)"),
        ("a + max_over_time(b[5m:])", "a + (max_over_time(b[5m:]))"),
        ("SUM BY (job) (up)", "sum(up) by (job)"),
        ("topk(3, up)", "topk((3), (up))"),
        ("0x1F + 017 + 1e1", "31 + 15 + 10"),
        ('up{job="a",}', "up{job='a'}"),
        ("up # as seen by\n  > 1", "up > 1"),
        ("rate(up[ 1h30m ])", "rate(up[1h30m])"),
        ("up @ 1e3 offset -5m", "up offset -5m @ 1000"),
    ],
)
def test_two_spellings_of_one_expression(spelled: str, meant: str) -> None:
    assert parse(spelled) == parse(meant)
    assert render(parse(spelled)) == render(parse(meant))


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("sum(rate(x[5m]))by(a,b)", "sum by (a, b) (rate(x[5m]))"),
        ("(((up)))", "up"),
        ("(a+b)*c", "(a + b) * c"),
        ("a+(b*c)", "a + b * c"),
        ("a - (b - c)", "a - (b - c)"),
        ("(a ^ b) ^ c", "(a ^ b) ^ c"),
        ("(a - b)[1d:5m]", "(a - b)[1d:5m]"),
        ("a==bool on(x)group_left b", "a == bool on (x) group_left () b"),
        ("up[90m]", "up[1h30m]"),
        ("up[30d]", "up[30d]"),
        ("up[14d]", "up[2w]"),
        ("{__name__=~`a\\.b`}", '{__name__=~"a\\\\.b"}'),
        ('{"odd name", "x.y"="z"}', '{"odd name", "x.y"="z"}'),
        ("1 + 5m", "1 + 300"),
        ("count_values by (le) ('v', x)", 'count_values by (le) ("v", x)'),
    ],
)
def test_canonical_text(text: str, canonical: str) -> None:
    assert render(parse(text)) == canonical


@pytest.mark.parametrize(
    ("text", "given"),
    [
        ("1 + 2", ValueType.SCALAR),
        ("1 + up", ValueType.INSTANT),
        ("up[5m]", ValueType.RANGE),
        ("up[5m:]", ValueType.RANGE),
        ('"text"', ValueType.STRING),
        ("scalar(up)", ValueType.SCALAR),
        ("sum(up)", ValueType.INSTANT),
    ],
)
def test_the_type_of_an_expression(text: str, given: ValueType) -> None:
    assert value_type(parse(text)) is given


def test_ranges_and_times_are_milliseconds() -> None:
    selector = parse("up[1d12h] @ 1.5 offset 250ms")
    assert isinstance(selector, Selector)
    assert (selector.range_ms, selector.at, selector.offset_ms) == (36 * 60 * MINUTE, 1500, 250)

    subquery = parse("up[1h:5m] @ end()")
    assert isinstance(subquery, Subquery)
    assert (subquery.range_ms, subquery.step_ms, subquery.at) == (60 * MINUTE, 5 * MINUTE, "end()")


def test_every_keyword_that_may_be_a_metric_is_one() -> None:
    for word in ["by", "offset", "sum", "start", "and"]:
        assert parse(f"{word} + 1") == parse(f"{word}{{}} + 1")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "line 1, column 1: found no expression; write one, such as `up == 0`"),
        (
            "sum(up",
            (
                "line 1, column 7: found the end of the expression in the arguments of sum(); "
                "write `,` before one more, or close with `)`"
            ),
        ),
        ("up)", "line 1, column 3: found `)` that closes nothing; take it away, or open it before"),
        ('up{job="a"', "line 1, column 3: found `{` without its `}`; close it with `}`"),
        ("up{job=a}", "line 1, column 8: found `a` where a value between quotes belongs; write a string"),
        (
            "a +\n  rate(b)",
            (
                "line 2, column 8: found an instant vector in rate(), which takes a range vector; "
                "give it a range, such as `[5m]`, or `[1h:5m]` after an expression"
            ),
        ),
        (
            "sum(up[5m])",
            (
                "line 1, column 5: found a range vector in sum(), which takes an instant vector; "
                "wrap it in a function over time, such as rate() or max_over_time()"
            ),
        ),
        (
            "increase(x[7d]) by (job)",
            (
                "line 1, column 17: found `by` behind something that is no aggregation; "
                "aggregate, as in `sum by (label) (…)`"
            ),
        ),
        ("1 == 1", "line 1, column 3: found a comparison of two scalars by `==`; write `== bool`"),
        ("up and 1", "line 1, column 4: found a scalar beside `and`; wrap it in vector()"),
        (
            "a and on(x) group_left b",
            ("line 1, column 3: found `group_left` after `and`; sets match many to many: leave it out"),
        ),
        (
            "a * on(x) group_left(x) b",
            ("line 1, column 3: found the label x in `on` and in `group_left`; keep it in one of them"),
        ),
        (
            '{job=""}',
            (
                "line 1, column 1: found a selector whose matchers all match the empty text, "
                'so it would read every series; name the metric, or add a matcher such as `job!=""`'
            ),
        ),
        (
            'up{job=~"(?!a)"}',
            (
                "line 1, column 4: found a look-around in the pattern of the label job; "
                "RE2 has none: use two matchers, one of them `!~`"
            ),
        ),
        (
            r'up{job=~"(a)\\1"}',
            (
                "line 1, column 4: found the back-reference `\\1` in the pattern of the label job; "
                "RE2 has none: write the text again"
            ),
        ),
        ('up{job="\\d"}', "line 1, column 9: found the escape \\d; write \\\\d for a backslash, or use `raw quotes`"),
        ("RATE(up[5m])", "line 1, column 1: found the unknown function RATE(); write rate()"),
        ("round(up, 1, 2)", "line 1, column 1: found 3 arguments for round(); give 1 to 2"),
        ("topk(up)", "line 1, column 1: found 1 argument for topk(); write `topk(parameter, vector)`"),
        (
            "(up)[5m]",
            (
                "line 1, column 5: found a range behind something that is no selector; "
                "write it right behind the metric, or a subquery such as `[1h:5m]`"
            ),
        ),
        (
            "up offset 5m[5m]",
            ("line 1, column 13: found a range behind `offset` or `@`; write the range first: `m[5m] offset 1h`"),
        ),
        ("up[5m] offset 1h offset 1h", "line 1, column 18: found a second `offset`; add the two up"),
        (
            "up[12h1d]",
            (
                "line 1, column 4: found the duration 12h1d; "
                "write units from large to small, each once, as in `1d12h30m`"
            ),
        ),
        ("up =~ 'a'", 'line 1, column 4: found `=~`; match labels in braces: `metric{label=~"a|b"}`'),
        (
            "up[$__range]",
            (
                "line 1, column 4: found `$` between brackets; "
                "write a range such as `[5m]` or a subquery such as `[1h:5m]`"
            ),
        ),
    ],
)
def test_a_fault_names_its_place_and_what_to_write(text: str, said: str) -> None:
    assert refusal(text) == said


def test_too_many_levels_are_a_fault_and_no_crash() -> None:
    assert "more levels than anyone can read" in refusal("(" * 100_000 + "1" + ")" * 100_000)


@pytest.mark.parametrize(
    ("text", "since"),
    [
        ("up[300]", (2, 54)),
        ("1_000", (2, 48)),
        ('{"up"}', (3, 0)),
        ('sum by ("a.b") (up)', (3, 0)),
        ("histogram_avg(up)", (2, 50)),
    ],
)
def test_what_a_version_does_not_know_yet(text: str, since: tuple[int, int]) -> None:
    assert parse(text) == parse(text, Dialect(since))
    assert f"needs Prometheus {since[0]}.{since[1]}" in refusal(text, Dialect((since[0], since[1] - 1)))


def test_what_a_version_no_longer_knows() -> None:
    parse("holt_winters(up[5m], 0.5, 0.5)", Dialect((2, 55)))

    assert "which Prometheus 3.0 no longer has" in refusal("holt_winters(up[5m], 0.5, 0.5)", Dialect((3, 0)))


def test_experimental_functions_need_to_be_switched_on() -> None:
    for text in ["mad_over_time(up[5m])", "limitk(1, up)", 'info(up, {x=~".*"})']:
        assert "promql-experimental-functions" in refusal(text)
        assert parse(text, Dialect(experimental=True)) == parse(text, Dialect((3, 7), experimental=True))


def test_no_name_is_a_function_and_an_aggregation() -> None:
    assert not FUNCTIONS.keys() & AGGREGATORS.keys()

"""Configuration and rule files are read as YAML 1.2, or refused with the line and the remedy."""

from __future__ import annotations

import io
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML, YAMLError

from lumen_action.errors import ConfigError
from lumen_action.yamlite import load


def ruamel(text: str) -> object:
    return YAML(typ="safe", pure=True).load(text)


def same(left: object, right: object) -> bool:
    """Compare values with their types, NaN equal to itself."""
    if type(left) is not type(right):
        return False
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    return left == right or (left != left and right != right)  # noqa: PLR0124 - NaN


TRICKY = {
    "nothing": "",
    "only comments": "# a\n\n  # b\n",
    "marker": "---\na: 1\n",
    "marker with comment": "# before\n--- # first\na: 1\n...\n# after\n",
    "end marker": "a: 1\n...\n",
    "byte order mark": "\ufeffa: 1\n",
    "windows line ends": "a: |\r\n  x\r\n  y\r\nb: 'c\r\n  d'\r\n",
    "words of YAML 1.1": "a: yes\nb: no\nc: on\nd: off\ne: y\nf: N\non: push\nyes: 1\n",
    "booleans": "a: true\nb: False\nc: TRUE\nd: tRUE\n",
    "nulls": "a:\nb: ~\nc: null\nd: NULL\ne: Null\nf: nUll\ng: ''\n",
    "integers": "a: 0\nb: -1\nc: +2\nd: 010\ne: 0o17\nf: 0xFf\ng: 123456789012345678901\n",
    "not integers": "b: 0o8\nc: 0xG\nd: 12:30\ne: 1:2:3\nf: 1.2.3\ng: 1-2\nh: '1'\ni: + 1\nj: '-'\n",
    "floats": "a: 1.5\nb: .5\nc: 1.\nd: 1e3\ne: -1.5E-3\ng: .inf\nh: -.INF\ni: +.Inf\nj: .nan\n",
    "not floats": "a: e3\nb: .\nc: 1e\nd: inf\ne: nan\nf: .infinity\ng: 1.5.\n",
    "comments": "a: b # c\nb: c#d\nc: 'd' # e\nd: [1, # f\n  2] # g\n# h\ne: # i\n  f: g\n",
    "hash in quotes": "a: 'b # c'\nb: \"d # e\"\nc: [\"# f\", '#g']\n",
    "hash at a line's begin in quotes": 'a: "b\n  # c\n  d"\n',
    "colons": "a: b:c\nb: http://x:80/y?z=1\nc: :d\nd: e:\\f\ng:h: i\n'j: k': l\n\"m\": n\n",
    "colon in a flow": "a: [b:c, http://x/y, {d: e:f}, {\"g\":1}, {'h':i}]\n",
    "signs inside plain text": "a: b & c\nb: d * e\nc: f!g\nd: h | i > j\ne: k%\nf: (l)\ng: m @n `o`\nh: p[0]{q}, r\n",
    "signs that begin plain text": "a: -b\nb: ?c\nc: :d\nd: --e\ne: <f>\nf: $g\ng: ^h\nj: ~k\n",
    "list at the indent of its key": "a:\n- 1\n- b: 2\n  c: 3\n- - 4\n  - 5\nd: 6\n",
    "list deeper than its key": "a:\n    - 1\n    -   b: 2\n        c: 3\n    - - 4\n      - 5\n",
    "empty items": "-\n- \n- # x\n- ''\n-\n  a: 1\n-\n  - 2\n",
    "compact list of maps of lists": "- a:\n  - 1\n  - 2\n  b:\n    - 3\n- c: {d: [4]}\n",
    "plain text on several lines": "a: b\n  c\n   d\n\n\n  e # f\ng: h\n",
    "plain text of its own lines": "a:\n  b\n  c\n- x\n".replace("- x\n", "d: e\n"),
    "continuation that looks like an item": "a: b\n  - c\n  ? d\n  [e\n",
    "text as document": "a b\nc\n\nd\n",
    "number as document": "12\n",
    "quoted document": '"a\\tb"\n',
    "single quotes": "a: 'b''c'\nb: ''''\nc: ''\nd: 'e\\n'\ne: 'f\n\n\n  g   \n  h'\nf: ' i '\ng: '\n  j\n  '\n",
    "double quotes": r"""a: "b\nc"
b: "\"\\\/\0\a\b\t\v\f\r\e\ \N\_\L\P"
c: "\x41\u00e9\U0001F600"
d: ""
e: " f "
""",
    "double quotes on several lines": 'a: "b\n\n  c   \n  d\\\n  e\\\n\n  f\\ \n  g\\\\\n  h"\n',
    "double quotes that begin or end with a line": 'b: "\n  i\n  "\nc: "j \\\n  \\ k"\n',
    "literal": "a: |\n  b\n\n    c\n  d\n\ne: f\n",
    "literal chomped": "a: |-\n  b\n\nc: |+\n  d\n\n\ne: |2-\n    f\n   g\nh: |-2\n    i\n",
    "literal with comment and markup": "a: | # x\n  # not a comment\n  - b: [\n  'c\nd: e\n",
    "literal without end of line": "a: |\n  b",
    "literal with blanks only": "a: |\n  \n\nb: |+\n\n\nc: |-\n\nd: >\n\n",
    "literal under a dash": "- |\n  a\n   b\n- >-\n  c\n  d\n- e: |\n    f\n  g: h\n",
    "literal with trailing blanks": "a: |\n  b  \n    \n  c\n",
    "literal under a marker of lists": "a:\n- |\n  b\n- c\n",
    "folded": "a: >\n  b\n  c\n\n  d\n\n\n  e\n\n    f\n    g\n\n  h\n  i\nj: k\n",
    "folded chomped": "a: >-\n  b\n  c\n\nd: >+\n  e\n\n\nf: >2\n   g\n  h\n",
    "folded that begins deep": "a: >\n\n\n  b\n    c\n  d\n",
    "flow": "a: [1, 'b', \"c\", d e, [f], {g: h, i: , 'j': k}, [], {}]\nb: [1, 2, ]\nc: {d: 1, }\n",
    "flow on several lines": "a: [\n  1,\n\n  # x\n  2\n]\nb: {c: 1,\nd: [\n3]\n}\ne: f\n",
    "flow as document": '{"a": [1, 2.5, true, null, "x\\u00e9"],\n "b": {"c": []}}\n',
    "flow under a dash": "- [a, b]\n- {c: d}\n- [\n  e]\n",
    "unicode": "é: ü\nb: 日本語\nc: 😀\nd: a\u00a0b\ne: \u3000x\n",
    "tabs inside text": "b: \"x\ty\"\nc: |\n  x\ty\n  \tz\nd: 'e\n  \tf'\n",
    "deep": "a:\n  b:\n    c:\n      d:\n      - e:\n          f: g\n  h: i\n",
    "long key": f"{'k' * 200}: 1\n",
}


@pytest.mark.parametrize("text", TRICKY.values(), ids=TRICKY.keys())
def test_reads_what_the_reference_reads(text: str) -> None:
    expected = ruamel(text)
    assert same(load(text, "x.yml"), expected), (load(text, "x.yml"), expected)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2026-01-02", "2026-01-02"),
        ("2026-01-02T03:04:05Z", "2026-01-02T03:04:05Z"),
        ("1_000", "1_000"),
        ("-0x1f", "-0x1f"),
        ("0b11", "0b11"),
        ("{a:}", {"a": None}),
        ("a\u2028b", "a\u2028b"),
        ("a\x85b", "a\x85b"),
        ("a:\t1\t# b", {"a": 1}),
        ("[+.5e1, =]", [5.0, "="]),
        ("\t", None),
        ("...", None),
    ],
)
def test_keeps_to_the_core_schema_where_the_reference_adds_to_it(text: str, value: object) -> None:
    assert same(load(text, "x.yml"), value)


REFUSED = {
    "tab as indentation": ("a:\n\tb: 1\n", 2, "a tab in the indentation", "indent with blanks"),
    "tab after blanks": ("a:\n  \tb: 1\n", 2, "a tab in the indentation", "indent with blanks"),
    "tab after a dash": ("a: 1\n-\tb\n", 2, "a list item", "quote"),
    "repeated key": ("a: 1\nb: 2\na: 3\n", 3, "the key `a` a second time", "keep one"),
    "key repeated in quotes": ("a: 1\n'a': 3\n", 2, "the key `a` a second time", "keep one"),
    "repeated key in a flow": ("x: {a: 1,\n a: 2}\n", 2, "the key `a` a second time", "keep one"),
    "anchor": ("a: &b 1\n", 1, "an anchor", "write the value out"),
    "anchor on a list": ("a: &b\n- 1\n", 1, "an anchor", "write the value out"),
    "alias": ("a: 1\nb: *a\n", 2, "an alias", "write the value out"),
    "alias in a flow": ("b: [*a]\n", 1, "an alias", "write the value out"),
    "alias as item": ("- *a\n", 1, "an alias", "write the value out"),
    "glob without quotes": ("paths: **/*.log\n", 1, "an alias", "quote the text"),
    "merge key": ("a:\n  <<: {b: 1}\n", 2, "the merge key `<<`", "write the keys out"),
    "tag": ("a: !!int 1\n", 1, "a tag", "leave it out"),
    "tag on a line of its own": ("!x\na: 1\n", 1, "a tag", "leave it out"),
    "directive": ("%YAML 1.2\n---\na: 1\n", 2, "a second document", "one document"),
    "lone directive": ("%YAML 1.2\n", 1, "`%`", "quote"),
    "complex key": ("? a\n: b\n", 1, "a complex key", "`key: value`"),
    "list as key": ("[a]: b\n", 1, "a key that is not plain text", "text as key"),
    "map as key in a flow": ("a: {{b: c}: d}\n", 1, "a complex key", "text as key"),
    "number as key": ("1: a\n", 1, "the key `1`, which is not text", 'write `"1":`'),
    "null as key in a flow": ("a: {~: b}\n", 1, "the key `~`, which is not text", 'write `"~":`'),
    "value without key": ("a: 1\n: b\n", 2, "a value without a key", "`key: value`"),
    "two documents": ("a: 1\n---\nb: 2\n", 2, "a second document", "one document"),
    "text after the end": ("a: 1\n...\nb: 2\n", 3, "a second document", "one document"),
    "text beside the marker": ("--- a\n", 1, "text after `---`", "next line"),
    "second colon": ("a: b: c\n", 1, "a second `: ` in the line", "quote"),
    "missing blank after the colon": ("a: 1\nb:2\n", 2, "`b:2` among the keys", "blank after the colon"),
    "missing blank after a quoted key": ("a: 1\n'b':2\n", 2, "`'b':2` among the keys", "blank after the colon"),
    "item among keys": ("a: 1\n- b\n", 2, "a list item", "line of its own"),
    "item beside its key": ("a: - b\n", 1, "a list item", "line of its own"),
    "key among items": ("- a\nb: 1\n", 2, "`b: 1` indented by 0", "align"),
    "key deeper than its neighbours": ("a: 'x'\n  b: 1\n", 2, "`b: 1` indented by 2", "align"),
    "key in the text above": ("a: x\n  b: 1\n", 2, "`b: 1` indented by 2", "align"),
    "key between two levels": ("a:\n    b: 1\n  c: 2\n", 3, "`c: 2` indented by 2", "align"),
    "text after a comment": ("a: b # c\n  d\n", 2, "`d` indented by 2", "align"),
    "text after a comment line": ("a: b\n  # c\n  d\n", 3, "`d` indented by 2", "align"),
    "open double quote": ('a: "b\nc: d\n', 1, 'no end of the text in "', "close it"),
    "open single quote": ("x: 1\na: 'b\n", 2, "no end of the text in '", "close it"),
    "open bracket": ("x: 1\na: [1,\nb\n", 2, "no end of the brackets", "close them"),
    "open brace": ("a: {b: 1\n", 1, "no end of the brackets", "close them"),
    "wrong bracket": ("a: [1}\n", 1, "`}` inside the brackets of line 1", "put `,` or `]`"),
    "missing comma": ("a: [1\n  2]\n", 2, "`2]` inside the brackets of line 1", "put `,` or `]`"),
    "forgotten value": ("a: {b, c: 1}\n", 1, "the key `b` without a value", "blank after the colon"),
    "missing blank in a flow": ("a: {b:1}\n", 1, "the key `b:1` without a value", "blank after the colon"),
    "pair in a list": ("a: [b: 1]\n", 1, "`: 1]` inside the brackets", "put `,` or `]`"),
    "two commas": ("a: [1,,2]\n", 1, "a comma without a value", "remove"),
    "text after a quote": ("a: 'b' c\n", 1, "`c` after the end of the value", "quote the whole value"),
    "text after brackets": ("a: [b] c\n", 1, "`c` after the end of the value", "quote the whole value"),
    "comment without a blank": ("a: 'b'#c\n", 1, "`#c` after the end", "quote"),
    "reserved sign": ("a: @b\n", 1, "`@`", "quote"),
    "backtick": ("a: `b`\n", 1, "a backtick", "quote"),
    "percent": ("a: %b\n", 1, "`%`", "quote"),
    "unknown escape": ('a: "\\d+"\n', 1, "the unknown escape `\\d`", "write `\\\\d`"),
    "half a character": ('a: "\\ud83d"\n', 1, "which is no character", "the character itself"),
    "no character": ('a: "\\U00110000"\n', 1, "which is no character", "the character itself"),
    "literal with words": ("a: |keep\n  b\n", 1, "`|` with more than", "next line"),
    "literal less deep than its blank line": ("a: |\n     \n  b\n", 3, "less indented than the blank line", "empty"),
    "NUL": ("a: 1\nb: \0\n", 2, "the character U+0000", "escape"),
    "ANSI": ("a: \x1b[31m\n", 1, "the character U+001B", "escape"),
    "too many digits": (f"a: {'1' * 5000}\n", 1, "a number of too many digits", "quote"),
    "too deep": ("[" * 100_000, 1, "more levels", "nest less"),
    "too many dashes": ("- " * 100_000, 1, "more levels", "nest less"),
}


@pytest.mark.parametrize(("text", "line", "found", "fix"), REFUSED.values(), ids=REFUSED.keys())
def test_refuses_with_the_line_what_was_found_and_the_fix(text: str, line: int, found: str, fix: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(text, "lumen.yml")
    (problem,) = caught.value.problems
    begin, _, remedy = problem.rpartition("; ")
    assert begin.startswith(f"lumen.yml line {line}: found ")
    assert found in begin
    assert fix in remedy


def test_a_long_line_costs_no_more_than_its_length() -> None:
    size = 200_000
    assert load(f"[{'1, ' * size}]", "x") == [1] * size
    assert load(f"a: {'b ' * size}", "x") == {"a": ("b " * size).strip()}
    with pytest.raises(ConfigError):
        load(f"a: b{' ' * size}c: d", "x")


# The reference also breaks lines where only YAML 1.1 does.
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x85\u2028\u2029"), max_size=30) | st.text(
    "ab:#-?'\"\\ \n\t[]{},&*!|>%@`0~", max_size=12
)
# The reference writes keys that are empty, long or of several lines as complex keys, which are refused on purpose.
keys = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1, max_size=12)
scalars = st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.floats() | texts
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=15,
)


@given(values, st.sampled_from([None, False]), st.sampled_from([60, 10_000]))
def test_reads_back_what_the_reference_writes(value: object, style: object, width: int) -> None:
    writer = YAML(typ="safe", pure=True)
    writer.default_flow_style, writer.width = style, width
    out = io.StringIO()
    writer.dump(value, out)
    read = load(out.getvalue(), "x")
    # The reference loses a blank where it wraps after an escape, and takes `[?x]` for a map.
    assert same(read, value) or same(read, ruamel(out.getvalue())), out.getvalue()


json_texts = st.text(st.characters(exclude_categories=["Cs", "Cc", "Cn"]), max_size=20) | st.text(
    "ab:#-?'\"\\ \n\t[]{},&", max_size=12
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | json_texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(json_texts, inner, max_size=4),
    max_leaves=15,
)


@given(json_values, st.sampled_from([None, 1, 4]))
def test_reads_json(value: object, indent: int | None) -> None:
    assert same(load(json.dumps(value, ensure_ascii=False, indent=indent), "x"), value)


def emitted(value: object, depth: int = 0) -> str:
    """Write maps and lists in block style, simple text literally and everything else as JSON."""
    pad = "  " * depth
    if isinstance(value, dict) and value:
        return "".join(f"\n{pad}{json.dumps(key)}: {emitted(item, depth + 1)}" for key, item in value.items())
    if isinstance(value, list) and value:
        return "".join(f"\n{pad}- {emitted(item, depth + 1)}" for item in value)
    if isinstance(value, str) and re.fullmatch(r"[abc][abc\n]*", value):
        chomping = "+" if value.endswith("\n") else "-"
        return f"|{chomping}" + "".join(
            f"\n{pad}  {line}" if line else "\n" for line in value.removesuffix("\n").split("\n")
        )
    return json.dumps(value)


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.text("abc\n", max_size=10)
        | st.text("x:#-?'\"\\ \n\t[]{}", max_size=9),
        lambda inner: (
            st.lists(inner, max_size=4) | st.dictionaries(st.text("kxyz\"\\' :#", max_size=6), inner, max_size=4)
        ),
        max_leaves=15,
    )
)
def test_reads_back_what_is_written_in_block_style(value: object) -> None:
    assert same(load(emitted(value) + "\n", "x"), value)


FRAGMENTS = [
    *("a", "b: ", "c:", "- ", "-", " ", "  ", "\n", "\n", "\n", "\n  ", "\n    ", "# x", " # y", "'", '"', "\\", "''"),
    *("[", "]", "{", "}", ", ", ",", ":", " : ", "|", "|-\n", "|+\n", ">\n", ">-\n", ">2\n", "1", "-1", "1.5"),
    *("~", "null", "true", "yes", "?", "é", "x y", "&", "*", "!", "%", "@", "k: v\n", "- i\n", "  k: v\n", "  - i\n"),
    *("\n\n", "\n \n", "text", "\n   text", " #", "http://a:80/b", "-x", "?x", ":x", "a#b"),
]
# Where the reference departs from the specification: a colon before a bracket, `?x` inside brackets,
# and blank lines before literal text.
DEPARTURES = re.compile(r":[\]}]|[\[{,]\s*\?|[|>][^\n]*\n *\n")


@given(st.lists(st.sampled_from(FRAGMENTS), max_size=12).map("".join))
def test_whatever_is_read_is_read_as_by_the_reference(text: str) -> None:
    try:
        value = load(text, "x")
    except ConfigError:
        return
    if DEPARTURES.search(text):
        return
    try:
        expected = ruamel(text)
    except YAMLError as fault:
        pytest.fail(f"read {text!r} as {value!r}, the reference says {fault}")
    assert same(value, expected), text

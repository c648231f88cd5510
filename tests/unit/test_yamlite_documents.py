"""A file may hold several documents, and every value knows its line."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML, YAMLError
from ruamel.yaml.comments import CommentedMap, CommentedSeq

from lumen_action.errors import ConfigError
from lumen_action.yamlite import load, load_all
from lumen_action.yamlite.document import KeyPath
from lumen_action.yamlite.writing import dump_all

STREAMS = {
    "nothing": "",
    "comments": "# a\n",
    "one": "a: 1\n",
    "marked": "---\na: 1\n",
    "two": "a: 1\n---\nb: 2\n",
    "two marked": "--- # first\na: 1\n--- # second\nb: 2\n",
    "empty between": "a: 1\n---\n---\nb: 2\n",
    "empty at the end": "a: 1\n---\n",
    "ended": "a: 1\n...\n---\nb: 2\n...\n",
    "literal before a marker": "a: |\n  x\n  ---\n---\nb: |+\n  y\n\n",
    "literal without line end": "a: |\n  x\n---\nb: |\n  y",
    "marker in quotes": "a: ' --- '\n---\nb: ---x\n",
    "lists and text": "- 1\n- 2\n---\ntext\nof two lines\n---\n[3]\n",
}


def reference(text: str) -> list[object]:
    return list(YAML(typ="safe", pure=True).load_all(text))


@pytest.mark.parametrize("text", STREAMS.values(), ids=STREAMS.keys())
def test_reads_the_documents_that_the_reference_reads(text: str) -> None:
    assert [document.value for document in load_all(text, "x.yml")] == reference(text)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: 1\n---\nb: &x 2\n", "x.yml line 3: found an anchor"),
        ("a: 1\n---\nb: 1\nb: 2\n", "x.yml line 4: found the key `b` a second time"),
        ("a: 1\n--- b\n", "x.yml line 2: found text after `---`"),
        ("a: 1\n...\nb: 2\n", "x.yml line 3: found text after the end of a document; begin the next one with `---`"),
        ("a: 1\n...\n...\n", "x.yml line 3: found the end of a document that did not begin; remove it"),
        ("a: 'b\n---\nc'\n", "x.yml line 1: found no end of the text"),
        ("a: 1\n---\nb: \x07\n", "x.yml line 3: found the character U+0007"),
    ],
)
def test_stays_strict_in_every_document(text: str, problem: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_all(text, "x.yml")
    assert caught.value.problems[0].startswith(problem)


def test_a_literal_before_an_end_marker_keeps_its_line_break() -> None:
    assert load("a: |\n  b\n...", "x") == {"a": "b\n"}


TEXT = """# a comment
kind: SLO

spec:
  list:
    - one
    -
      two: 2
      three: [a, {b: 1,
        c: 2}]
  - not: read
---
- {x: 1}
- y: |
    some
  z: end
"""


def test_every_value_knows_its_line() -> None:
    first, second = load_all(TEXT.replace("  - not: read\n", ""), "x.yml")
    lines: dict[KeyPath, int] = {
        (): 2,
        ("kind",): 2,
        ("spec",): 4,
        ("spec", "list"): 5,
        ("spec", "list", 0): 6,
        ("spec", "list", 1): 7,
        ("spec", "list", 1, "two"): 8,
        ("spec", "list", 1, "three"): 9,
        ("spec", "list", 1, "three", 1, "b"): 9,
        ("spec", "list", 1, "three", 1, "c"): 10,
    }
    assert {path: first.line(path) for path in lines} == lines
    assert [second.line(path) for path in ((), (0, "x"), (1, "y"), (1, "z"))] == [12, 12, 13, 15]


def test_what_is_missing_is_looked_for_where_it_belongs() -> None:
    (document,) = load_all("a: 1\nb:\n  c: 2\n", "x.yml")
    assert document.line(("b", "d")) == 2
    assert document.line(("b", "c", "e", 0)) == 3
    assert document.line(("z",)) == 1


keys = st.text("abcd", min_size=1, max_size=3)
values = st.recursive(
    st.integers() | st.text("ab\n c", max_size=5) | st.floats(allow_nan=False) | st.none() | st.booleans(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=10,
)


@given(st.lists(values, min_size=1, max_size=4))
def test_reads_back_what_is_written(documents: list[object]) -> None:
    assert [each.value for each in load_all("---\n" + dump_all(documents), "x")] == documents  # type: ignore[arg-type]


def marked(value: object, path: KeyPath = ()) -> Iterator[tuple[KeyPath, int]]:
    """Yield the lines that the reference gives to the keys and items of block style."""
    if isinstance(value, CommentedMap):
        for key, item in value.items():
            yield (*path, key), value.lc.key(key)[0] + 1
            yield from marked(item, (*path, key))
    elif isinstance(value, CommentedSeq):
        for number, item in enumerate(value):
            yield from marked(item, (*path, number))


@given(st.lists(values, min_size=1, max_size=3))
def test_the_lines_of_keys_are_those_of_the_reference(documents: list[object]) -> None:
    text = dump_all(documents)  # type: ignore[arg-type]
    for read, expected in zip(load_all(text, "x"), YAML(typ="rt", pure=True).load_all(text), strict=True):
        assert {path: read.line(path) for path, _ in marked(expected)} == dict(marked(expected))


PIECES = [
    "a: 1\n",
    "- x\n",
    "---\n",
    "...\n",
    "--- \n",
    "# c\n",
    "\n",
    "b: |\n  t\n",
    "text\n",
    "--- # c\n",
    "  ---\n",
    "'q'\n",
]


@given(st.lists(st.sampled_from(PIECES), max_size=8).map("".join))
def test_whatever_is_read_is_read_as_by_the_reference(text: str) -> None:
    try:
        read = [document.value for document in load_all(text, "x")]
    except ConfigError:
        return
    try:
        expected = reference(text)
    except YAMLError as fault:
        pytest.fail(f"read {text!r} as {read!r}, the reference says {fault}")
    assert read == expected, text

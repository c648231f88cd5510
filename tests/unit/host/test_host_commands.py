"""Our own words reach the runner as they are; foreign words never do."""

from __future__ import annotations

import pytest
from hostile import SHAPES, hostile_texts
from hypothesis import given
from hypothesis import strategies as st
from runner_parser import Command, Runner, parse, parse_legacy, read_file_command

from lumen_action.host.commands import (
    MAX_MESSAGE_CHARACTERS,
    annotation,
    disarm,
    escape_data,
    escape_property,
    lines_of,
    output_entry,
    variable_entry,
)


@pytest.mark.parametrize("text", SHAPES.values(), ids=SHAPES.keys())
def test_the_shapes_are_hostile_and_are_disarmed(text: str) -> None:
    assert Runner().read(text).shown != lines_of(text)
    assert Runner().read(disarm(text)).obeyed == []


@given(hostile_texts)
def test_no_disarmed_text_is_a_command(text: str) -> None:
    runner = Runner().read(disarm(text))
    assert (runner.obeyed, runner.stop_token) == ([], None)


@given(hostile_texts)
def test_disarmed_text_stays_disarmed(text: str) -> None:
    assert disarm(disarm(text)) == disarm(text)


@pytest.mark.parametrize("line", ["a::b::c", "std::vector<int>", "# [x]", "#[derive(Debug)]", "a: b", ""])
def test_harmless_text_is_left_alone(line: str) -> None:
    assert disarm(line) == line


def test_disarming_costs_no_more_than_the_length() -> None:
    size = 300_000
    for piece in ("\n", " ", "\u3000", "##[", "::\n"):
        assert len(disarm(piece * size)) >= size


@given(st.text().map(str.strip), st.text())
def test_an_annotation_arrives_as_it_was_meant(title: str, message: str) -> None:
    runner = Runner().read(annotation("warning", title, message))
    properties = {"title": title} if title else {}
    assert runner.obeyed == [Command("warning", properties, message)]
    assert runner.shown == []


def test_escapes_the_percent_sign_first() -> None:
    assert escape_data("50%\r\n%0A") == "50%25%0D%0A%250A"
    assert escape_property("a:b,c%") == "a%3Ab%2Cc%25"


def test_an_annotation_joins_its_lines_and_is_clipped_before_it_is_escaped() -> None:
    assert annotation("error", "lumen", "one\ntwo") == "::error title=lumen::one%0Atwo"
    assert annotation("debug", "lumen", "x") == "::debug::x"
    long = parse(annotation("error", "", "\n" * 5000))
    assert long is not None
    assert long.data == "\n" * (MAX_MESSAGE_CHARACTERS - 1) + "…"


def test_the_message_of_an_annotation_cannot_hold_an_old_command() -> None:
    line = annotation("error", "##[add-mask]x", "##[add-mask]x")
    assert parse(line) is not None
    assert Runner().read(line).obeyed[0].name == "error"


@given(st.dictionaries(st.from_regex(r"[a-z][a-z0-9-]{0,9}", fullmatch=True), st.text(), max_size=4))
def test_outputs_are_read_back_by_the_runner(outputs: dict[str, str]) -> None:
    content = "".join(output_entry(name, value, f"t{number}") for number, (name, value) in enumerate(outputs.items()))
    assert read_file_command(content) == outputs


def test_an_output_cannot_end_itself() -> None:
    hostile = "x\nEOF\nother=1\nlumen_guess\n"
    assert output_entry("a", hostile, "t1") == f"a<<lumen_t1\n{hostile}\nlumen_t1\n"
    with pytest.raises(ValueError, match="holds the delimiter"):
        output_entry("a", "x\nlumen_t1\nother=1", "t1")
    with pytest.raises(ValueError, match="holds the delimiter"):
        output_entry("a", "x", "")


@pytest.mark.parametrize("name", ["", "a b", "a=b", "a<<b", "a\nb", "1a", "é"])
def test_names_of_outputs_are_plain(name: str) -> None:
    with pytest.raises(ValueError, match="not a name"):
        output_entry(name, "x", "t1")


def test_variables_are_in_capitals_and_of_one_line() -> None:
    assert variable_entry("TRACEPARENT", "00-1-2-01", "t1") == "TRACEPARENT<<lumen_t1\n00-1-2-01\nlumen_t1\n"
    for name in ("Path", "a", "A-B", ""):
        with pytest.raises(ValueError, match="not a name"):
            variable_entry(name, "x", "t1")
    for value in ("a\nb", "a\rb", "\n"):
        with pytest.raises(ValueError, match="several lines"):
            variable_entry("A", value, "t1")


def test_the_port_of_the_runner_reads_what_the_runner_reads() -> None:
    assert parse("  ::error file=a.py,line=1,title=x%3Ay::b%0Ac") == Command(
        "error", {"file": "a.py", "line": "1", "title": "x:y"}, "b\nc"
    )
    assert parse("text ::error::x") is None
    assert parse("::unknown::x") is None
    assert parse_legacy("a ##[set-env name=x%3B;]b%5D") == Command("set-env", {"name": "x;"}, "b]")
    assert parse_legacy("##[unknown]x") is None
    assert read_file_command("a=1\nb<<E\nx\n\ny\nE\nc=d<<e\n") == {"a": "1", "b": "x\n\ny", "c": "d<<e"}

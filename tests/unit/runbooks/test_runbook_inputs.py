"""The values of a run: what fits is taken as it is, and nothing else gets in, whatever somebody writes."""

from __future__ import annotations

import json
import re
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from runbooktexts import WHOLE, read

from lumen_action.errors import ConfigError
from lumen_action.runbooks.inputs import faults_of, values_of
from lumen_action.runbooks.placeholders import as_word, in_json, in_url, kept
from lumen_action.runbooks.runbook import Input, InputKind

RUNBOOK = read(WHOLE)
HOSTILE = st.one_of(
    st.text(max_size=40),
    st.text(alphabet=st.sampled_from(list("ab-$`;|&<>(){}[]'\"\\ \n\r\0\x1b/.@%:*?#!~=")), max_size=40),
    st.sampled_from(
        ["-rf", "--", "$(id)", "`id`", "; id", "| id", "&& id", "\n", "a\nb", "\u2028", "\ud800", "{{ x }}"]
    ),
)


def faults(**given_values: str) -> list[str]:
    with pytest.raises(ConfigError) as fault:
        values_of(RUNBOOK, {"pipeline": "nightly", **given_values})
    return fault.value.problems


def test_what_was_not_given_is_its_default_or_empty() -> None:
    assert values_of(RUNBOOK, {"pipeline": "nightly"}) == {
        "pipeline": "nightly",
        "keep_days": "7",
        "really": "false",
        "host": "",
        "mode": "part",
        "ticket": "",
    }


def test_all_faults_are_told_together() -> None:
    with pytest.raises(ConfigError) as fault:
        values_of(RUNBOOK, {"keep_days": "many", "mode": "ful", "hosts": "x", "ticket": "lower-1"})

    assert fault.value.problems == [
        "input hosts: mend-it takes no such input; did you mean `host`?",
        "input pipeline: is needed (the pipeline); write `--input pipeline=PIPELINE`",
        "input keep_days: `many` is no number; write one such as 3 or 0.5",
        "input mode: `ful` is none of part, full; did you mean `full`?",
        "input ticket: `lower-1` does not fit `[A-Z]+-[0-9]+`; write a ticket",
    ]


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("pipeline", "-rf", "could be read as an option"),
        ("pipeline", "a b", "other signs than letters"),
        ("pipeline", "$(id)", "other signs than letters"),
        ("pipeline", "a\nb", "control characters"),
        ("pipeline", "a" * 201, "has 201 letters; write at most 200"),
        ("ticket", "A-1\n", "control characters"),
        ("ticket", "A-1x", "does not fit"),
        ("keep_days", "007", "is no number"),
        ("keep_days", "1e9", "is no number"),
        ("keep_days", "NaN", "is no number"),
        ("keep_days", "\u0661", "is no number"),
        ("really", "yes", "is neither true nor false"),
        ("host", "file:///etc/passwd", "is no address of http or https"),
        ("host", "https://", "is no address of http or https"),
        ("host", "https://a.example/ b", "is no address of http or https"),
        ("host", "https://a.example\\@b.example", "is no address of http or https"),
        ("host", "https://me:secret@a.example", "has a name or a password in it"),
        ("host", "https://a.example:0", "is no address of http or https"),
        ("host", "https://a.example:x", "is no address of http or https"),
        ("host", "https://[a.example", "is no address of http or https"),
    ],
)
def test_a_value_that_does_not_fit_is_refused(name: str, value: str, said: str) -> None:
    (fault,) = faults(**{name: value})
    assert fault.startswith(f"input {name}: ")
    assert said in fault
    assert "secret" not in fault


def test_a_pattern_may_allow_a_leading_hyphen() -> None:
    asked = Input("x", "it", pattern="-?[a-z]+")

    assert list(faults_of(asked, "-v")) == []


def test_a_pattern_holds_for_the_whole_value_also_where_it_names_alternatives() -> None:
    asked = Input("x", "it", pattern="a|b")

    assert list(faults_of(asked, "a")) == []
    assert list(faults_of(asked, "ax")) != []
    assert list(faults_of(asked, "xb")) != []


@given(HOSTILE)
def test_a_text_that_is_taken_is_one_plain_word(value: str) -> None:
    if not list(faults_of(Input("x", "it"), value)):
        assert value == "" or re.fullmatch(r"(?!-)[A-Za-z0-9._:/@+-]{1,200}", value)


@given(HOSTILE)
def test_an_address_that_is_taken_leads_to_a_host_over_http(value: str) -> None:
    for address in (value, f"https://{value}", f"https://a.example/{value}"):
        if not list(faults_of(Input("x", "it", InputKind.URL), address)) and address:
            parts = urlsplit(address)
            assert parts.scheme in ("http", "https")
            assert parts.hostname
            assert parts.password is None


@given(
    st.dictionaries(st.one_of(st.sampled_from(list(values_of(RUNBOOK, RUNBOOK.drill))), HOSTILE), HOSTILE, max_size=6)
)
def test_whatever_is_given_fits_or_every_fault_is_told_on_a_line(given_values: dict[str, str]) -> None:
    names = [each.name for each in RUNBOOK.inputs]
    problems: list[str] = []
    try:
        names = list(values_of(RUNBOOK, given_values))
    except ConfigError as fault:
        problems = fault.problems
    assert names == [each.name for each in RUNBOOK.inputs]
    assert all("\n" not in each and "\0" not in each for each in problems)


@given(HOSTILE, HOSTILE)
def test_what_is_filled_into_an_address_stays_in_its_place(path: str, query: str) -> None:
    values = {"host": "https://a.example/api", "p": path, "q": query}
    try:
        address = in_url("{{ host }}/x/{{ p }}?q={{ q }}", values)
    except UnicodeEncodeError:
        assert any("\ud800" <= sign <= "\udfff" for sign in path + query)
        return
    except ConfigError:
        assert path in ("", ".", "..")
        return
    parts = urlsplit(address)

    assert (parts.scheme, parts.netloc) == ("https", "a.example")
    assert parts.path.startswith("/api/x/")
    assert parts.path.count("/") == 3
    assert parts.query.startswith("q=")
    assert "&" not in parts.query
    assert parts.fragment == ""


@pytest.mark.parametrize("value", ["", ".", ".."])
@pytest.mark.parametrize(
    "address", ["https://a.example/jobs/{{ p }}", "{{ host }}/{{ p }}/x", "{{ host }}/x/{{ p }}?q=1"]
)
def test_nothing_that_is_filled_in_leads_to_another_place_of_a_host(address: str, value: str) -> None:
    with pytest.raises(ConfigError, match=r"p: .* as a part of an address leads elsewhere"):
        in_url(address, {"host": "https://a.example", "p": value})
    assert in_url("{{ host }}/x?p={{ p }}", {"host": "https://a.example", "p": ".."}) == "https://a.example/x?p=.."


@given(HOSTILE)
def test_what_is_filled_into_json_is_one_text_of_it(value: str) -> None:
    assert json.loads(in_json('{"a": "x {{ v }} y", "b": 1}', {"v": value})) == {"a": f"x {value} y", "b": 1}


@given(HOSTILE)
def test_what_is_filled_in_is_not_read_again(value: str) -> None:
    assert as_word("x={{ v }}", {"v": value.replace("\0", ""), "x": "no"}, {"v"}) == "x=" + value.replace("\0", "")


@given(HOSTILE)
def test_what_a_step_printed_never_becomes_an_option(value: str) -> None:
    try:
        word = as_word("{{ v }}", {"v": value}, ())
    except ConfigError:
        assert value.startswith("-") or "\0" in value
    else:
        assert not word.startswith("-")


@given(st.text(max_size=400))
def test_what_is_kept_of_what_was_printed_is_short_and_on_one_line(printed: str) -> None:
    value = kept(printed)
    assert len(value) <= 200
    assert value.isprintable()


def test_what_is_kept_is_the_first_line_that_says_something() -> None:
    assert kept("\n  \x1b[1m42 % \r\nmore") == "[1m42 %"

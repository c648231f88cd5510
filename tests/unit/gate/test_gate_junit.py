"""Results of tests in JUnit's form, of honest writers and of others."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lumen_action.gate.junit import MOST_BYTES, RefusedError, Results, read_results


def read(text: str, size: int = 1000) -> Results:
    data = text.encode()
    return read_results(data[at : at + size] for at in range(0, len(data), size))


CASE = '<testcase classname="pay" name="{name}">{inner}</testcase>'


def suite(*cases: str, claims: str = "") -> str:
    return f"<testsuite {claims}>{''.join(cases)}</testsuite>"


def case(name: str, inner: str = "") -> str:
    return CASE.format(name=name, inner=inner)


def test_failures_and_errors_fail_and_skipped_tests_did_not_run() -> None:
    text = suite(case("a"), case("b", "<failure/>"), case("c", "<error>x</error>"), case("d", "<skipped/>"))
    found = read(f"<testsuites>{text}</testsuites>")
    assert (found.tests, found.ran, found.failed, found.skipped) == (4, 3, 2, 1)
    assert found.failures == ("pay.b", "pay.c")


def test_nested_suites_are_counted_once_whatever_their_parents_claim() -> None:
    inner = suite(case("a"), case("b", "<failure/>"), claims='tests="2" failures="1"')
    found = read(
        f'<testsuites tests="2" failures="1">{suite(inner, claims="tests=" + chr(34) + "2" + chr(34))}</testsuites>'
    )
    assert (found.tests, found.failed) == (2, 1)


def test_a_suite_may_claim_more_than_it_lists() -> None:
    found = read(suite(case("a"), claims='tests="5" failures="1" errors="1"'))
    assert (found.tests, found.failed) == (5, 2)


@pytest.mark.parametrize("claim", ["9" * 20, "9" * 5000, " 1 "])
def test_claims_of_failures_are_read_however_large(claim: str) -> None:
    assert read(suite(case("a"), claims=f'tests="1" failures="{claim}"')).failed > 0


@pytest.mark.parametrize("name", ["failures", "errors"])
@pytest.mark.parametrize("claim", ["-1", "1.0", "1e3", "\uff10", "many"])
def test_a_claim_of_failures_that_is_no_number_is_refused(name: str, claim: str) -> None:
    with pytest.raises(RefusedError, match=f'claims {name}="{claim}", which is no number'):
        read(suite(case("a"), claims=f'{name}="{claim}"'))


def test_a_claim_that_says_nothing_is_none() -> None:
    assert read(suite(case("a"), claims='failures="" skipped="None" tests="x"')) == Results(1)


def test_a_fault_outside_of_any_test_counts() -> None:
    found = read(suite(case("a"), '<error message="set-up failed"/>'))
    assert (found.failed, found.failures) == (1, ("set-up failed",))


def test_what_a_flaky_test_did_before_it_passed_does_not_fail_it() -> None:
    assert read(suite(case("a", "<flakyFailure/><rerunFailure/><system-out>failure</system-out>"))).failed == 0


def test_a_failure_inside_of_the_output_is_text() -> None:
    assert read(suite(case("a", "<system-out><failure/></system-out>"))).failed == 0


def test_names_of_a_namespace_are_known() -> None:
    assert read('<j:testsuite xmlns:j="urn:x"><j:testcase name="a"><j:failure/></j:testcase></j:testsuite>').failed == 1


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('<!DOCTYPE a [<!ENTITY b "c">]><testsuite/>', "declares a document type"),
        ('<!DOCTYPE testsuite SYSTEM "http://evil.example/x.dtd"><testsuite/>', "declares a document type"),
        ("<html></html>", "begins with <html>"),
        ("<testsuite>", "is no XML: no element found"),
        ("", "is no XML"),
        ("<testsuite>&x;</testsuite>", "undefined entity"),
        ("<testsuite>" * 65, "nested deeper than 64"),
        ('<?xml version="1.0" encoding="klingon"?><testsuite/>', "unknown encoding"),
    ],
)
def test_what_is_refused(text: str, why: str) -> None:
    with pytest.raises(RefusedError, match=why):
        read(text)


def test_entities_are_never_expanded() -> None:
    levels = "".join(f'<!ENTITY a{level} "{f"&a{level - 1};" * 10}">' for level in range(1, 9))
    with pytest.raises(RefusedError, match="document type"):
        read(f'<!DOCTYPE x [<!ENTITY a0 "ha">{levels}]><testsuite>&a8;</testsuite>')


def endless(piece: bytes, begin: bytes) -> Iterator[bytes]:
    yield begin
    while True:
        yield piece


def test_a_file_without_an_end_is_left() -> None:
    with pytest.raises(RefusedError, match=f"larger than {MOST_BYTES >> 20} MiB"):
        read_results(endless(b" " * 65_536, b"<testsuite>"))


def test_a_tag_without_an_end_is_left() -> None:
    with pytest.raises(RefusedError, match="a tag of more than 4 MiB"):
        read_results(endless(b"a" * 65_536, b'<testsuite name="'))


def test_the_failures_that_are_named_have_a_limit() -> None:
    found = read(suite(*(case(f"t{number}" + "x" * 600, "<failure/>") for number in range(150))), size=65_536)
    assert (found.failed, len(found.failures), max(map(len, found.failures))) == (150, 100, 500)


@given(st.lists(st.sampled_from(["", "<failure/>", "<error/>", "<skipped/>"])), st.integers(1, 40))
def test_however_the_file_is_cut(inners: list[str], size: int) -> None:
    found = read(suite(*(case(str(number), inner) for number, inner in enumerate(inners))), size)
    failed = sum(inner in ("<failure/>", "<error/>") for inner in inners)
    assert (found.tests, found.failed, found.skipped) == (len(inners), failed, inners.count("<skipped/>"))


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with suppress(RefusedError):
        assert read_results([b"<testsuite>", data, b"</testsuite>"]).failed <= 200

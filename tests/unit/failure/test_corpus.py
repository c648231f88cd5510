"""Whole logs, each with the cause a person would name, in every form a CI may give them."""

from __future__ import annotations

import codecs
import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lumen_action.catalogue import load_catalogue
from lumen_action.failure import Analysis, classify

CORPUS = Path(__file__).resolve().parents[2] / "corpus"
CATALOGUE = load_catalogue()

# What is expected of each log: class and subclass, and the number of the line that proves it, None if nothing does.
EXPECTED: dict[str, tuple[str, int | None]] = {
    "artifact-warning-then-merge": ("build/vcs", 4),
    "assertion-speaks-of-503": ("build/test", 19),
    "attempts-run-out": ("token_expired/invalid_credentials", 6),
    "blank": ("unknown/no_log", None),
    "cancelled": ("unknown/cancelled", 4),
    "checkout-dns": ("network/dns", 11),
    "colours-inside-words": ("build/compile", 1),
    "first-failed-step": ("build/vcs", 4),
    "gitlab-credentials": ("token_expired/invalid_credentials", 4),
    "go-test": ("build/test", 6),
    "green-with-frightening-names": ("unknown/no_failure", None),
    "hostile": ("dependency/conflict", 9),
    "java-compile": ("build/compile", 5),
    "jenkins-green": ("unknown/no_failure", None),
    "nothing-known": ("unknown/no_match", 4),
    "npm-conflict": ("dependency/conflict", 3),
    "own-block-is-skipped": ("build/vcs", 1),
    "progress-bars": ("dependency/not_found", 3),
    "rate-limit": ("external_api/rate_limit", 4),
    "recovered-download-then-test": ("build/test", 13),
    "runner-lost": ("environment/runner_lost", 6),
    "script-holds-the-words": ("dependency/not_found", 9),
    "tests-talk-then-one-fails": ("build/test", 8),
    "typescript-first-error": ("build/compile", 4),
}


def log(name: str) -> bytes:
    return (CORPUS / f"{name}.log").read_bytes()


def told(analysis: Analysis) -> tuple[str, int | None]:
    verdict = analysis.verdict
    return f"{verdict.error_class}/{verdict.subclass}", verdict.evidence.line if verdict.evidence else None


def test_every_log_of_the_corpus_has_an_expectation() -> None:
    assert {file.stem for file in CORPUS.glob("*.log")} == set(EXPECTED)


def stamped(text: bytes) -> bytes:
    return b"".join(b"2026-03-04T05:06:07.1234567Z " + line for line in text.splitlines(keepends=True))


def coloured(text: bytes) -> bytes:
    return b"".join(b"\x1b[36m" + line[:9] + b"\x1b[0m" + line[9:] for line in text.splitlines(keepends=True))


FORMS: dict[str, Callable[[bytes], bytes]] = {
    "as it is": lambda text: text,
    "UTF-8 with a byte order mark": lambda text: codecs.BOM_UTF8 + text,
    "UTF-16, little end first": lambda text: text.decode().encode("utf-16"),
    "UTF-16, big end first, no mark": lambda text: text.decode().encode("utf-16-be"),
    "CRLF": lambda text: text.replace(b"\n", b"\r\n"),
    "zero bytes between the lines": lambda text: text.replace(b"\n", b"\0\n"),
    "no line feed at the end": lambda text: text.rstrip(b"\n"),
    "as `gh run view --log` shows it": lambda text: b"".join(
        b"build\tTest\t2026-03-04T05:06:07.1234567Z " + line for line in text.splitlines(keepends=True)
    ),
}


GH_FORM = "as `gh run view --log` shows it"
# A log whose lines bear a time already cannot get a second one; a blank one with times is no longer blank.
PLAIN = [name for name in EXPECTED if name != "blank" and not log(name).startswith((b"2026-", b"\x1b"))]
CASES = [(name, form) for name in EXPECTED for form in FORMS if form != GH_FORM or name in PLAIN]


@pytest.mark.parametrize(("name", "form"), CASES)
def test_the_cause_and_its_line_are_found_in_every_form(name: str, form: str) -> None:
    assert told(classify([FORMS[form](log(name))], CATALOGUE)) == EXPECTED[name]


# Colouring cuts between bytes, which would break the characters of these two.
@pytest.mark.parametrize("name", sorted({*PLAIN} - {"hostile", "green-with-frightening-names"}))
def test_timestamps_and_colours_in_the_middle_of_words_change_nothing(name: str) -> None:
    assert told(classify([stamped(coloured(log(name)))], CATALOGUE)) == EXPECTED[name]


def pieces(data: bytes, cuts: list[int]) -> Iterator[bytes]:
    places = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    yield from (data[begin:end] for begin, end in itertools.pairwise(places))


@settings(max_examples=60, deadline=None)
@given(
    name=st.sampled_from(sorted(EXPECTED)),
    form=st.sampled_from(sorted(FORMS)),
    cuts=st.lists(st.integers(0, 1 << 20), max_size=12),
)
def test_any_chunking_gives_the_same_analysis(name: str, form: str, cuts: list[int]) -> None:
    data = FORMS[form](log(name))
    whole, cut = classify([data], CATALOGUE), classify(pieces(data, cuts), CATALOGUE)
    assert (cut, cut.candidates) == (whole, whole.candidates)


@pytest.mark.parametrize("filler", [b"compiling module 17 of 900\n" * 20_000, b"x" * 700_000 + b"\n"])
@pytest.mark.parametrize("name", ["checkout-dns", "typescript-first-error", "recovered-download-then-test"])
def test_the_window_does_not_change_the_verdict(name: str, filler: bytes) -> None:
    error_class, line = EXPECTED[name]
    assert line is not None
    begun = filler.count(b"\n")
    assert told(classify([filler + log(name)], CATALOGUE)) == (error_class, line + begun)


def test_a_wait_that_is_named_near_the_line_is_read() -> None:
    assert classify([log("rate-limit")], CATALOGUE).verdict.retry_after_seconds == 42


def test_what_lost_is_told_with_its_reason() -> None:
    analysis = classify([log("recovered-download-then-test")], CATALOGUE)
    reasons = {each.signature: (each.status, each.reason) for each in analysis.candidates}
    assert reasons["npm-reset"] == ("recovered", "the step went on")


def test_nothing_that_commands_a_terminal_or_turns_text_around_is_quoted() -> None:
    analysis = classify([log("hostile")], CATALOGUE)
    evidence = analysis.verdict.evidence
    assert evidence
    said = "".join((evidence.text, *evidence.before, *evidence.after, *(each.text for each in analysis.candidates)))
    assert said.replace("\t", " ").isprintable()


def test_a_group_that_claims_to_be_ours_hides_no_more_than_its_lines() -> None:
    text = b"##[group]lumen\n" + b"quiet\n" * 2500 + b"error: failed to push some refs to 'https://git.example/a.git'\n"
    assert classify([text], CATALOGUE).verdict.name == "build/vcs"


def test_lines_and_bytes_are_counted() -> None:
    analysis = classify([b"one\ntw", b"o\nthree"], CATALOGUE)
    assert (analysis.lines, analysis.bytes) == (3, 13)

"""How tools write what is no cause: names of tests, retries, echoes, ends. Data only."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from functools import cached_property

from lumen_action.failure.lines import Level, Line
from lumen_action.model import OWN_MARK

OWN_GROUP = "lumen"
# What a line is can be told from its first characters.
_TELLING = 1000


class Role(str, Enum):
    """What a line is, before anyone asks what it says."""

    EVIDENCE = "evidence"
    ECHO = "the echo of a command"
    OWN = "our own output"
    PASSED = "a test that passed"
    TEST = "the name or an assertion of a test"
    RETRIED = "an attempt that was to be repeated"
    WARNING = "a warning"
    NOTE = "a note of an application"


@dataclass(frozen=True)
class Shape:
    """How lines of a kind look; the literal, looked for first, stands in every one of them."""

    literal: str
    source: str

    # Compiled on first use, as few of them are needed for any one log.
    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """Return what the line must look like."""
        return re.compile(self.source)

    def fits(self, text: str) -> bool:
        """Tell whether a line looks so."""
        return self.literal in text and bool(self.pattern.search(text))


def _shapes(*rows: tuple[str, str]) -> tuple[Shape, ...]:
    return tuple(Shape(literal, source) for literal, source in rows)


_ECHO = _shapes(
    # What a variable gets may be what a command has said.
    ("+ ", r"^\s{0,4}\+{1,4} (?!\w{1,60}=['\"$]{0,2}(?i:error|fatal|failed)\b)(?=[\w./\[$({\"'-])"),
    ("$ ", r"^\$ \S"),
    ("Step ", r"^Step \d{1,3}/\d{1,3} :"),
    ("#", r"^#\d{1,4} \[[^\]\n]{0,60}\d{1,3}/\d{1,3}\] "),
    ("] ", r"^\s{0,4}(?:> )?\[[^\]\n]{0,60}\d{1,3}/\d{1,3}\] (?:RUN|COPY|FROM|ADD)\b"),
    (">>> RUN ", r"^\s{0,4}(?:\d{1,4} \| )?>>> RUN "),
    # Source as jest, ruff, gcc and rustc show it beside its line number, and the lines of a diff.
    (" | ", r"^\s{0,8}(?:> )?\s{0,6}\d{1,6} \| (?!>>> |ERROR |WARNING )"),
    ("    ", r"^[+-] {4,80}\S"),
    ("Picked up ", r"^Picked up (?:_JAVA_OPTIONS|JAVA_TOOL_OPTIONS)"),
)
_PASSED = _shapes(
    ("PASSED", r"\bPASSED\b(?!.{0,200}\bFAILED\b)"),
    ("::", r"^\S{1,300}::\S{1,300} PASSED"),
    ("", r"^\s{0,40}[✓✔√☑] ?"),
    ("ok ", r"^\s{0,40}ok \d{1,7}\b"),
    ("---", r"^\s{0,40}--- (?:PASS|SKIP):"),
    ("===", r"^\s{0,40}=== (?:RUN|PAUSE|CONT)\b"),
    ("...", r"\.\.\. ?(?:ok|OK|skipped|ignored|passed)\b"),
    ("[", r"^\[ {2,12}(?:OK|PASSED) {1,12}\]|^\[ RUN {1,12}\]"),
    ("PASS", r"^\s{0,20}PASS\b"),
    ("ok ", r"^\s{0,40}ok (?:- |#)"),
    ("# Subtest: ", r"^\s{0,40}# Subtest: "),
    ("* test ", r"^ {2}\* test "),
    (" | ", r"^(?:stderr|stdout) \| \S{1,300} > "),
    ("<testsuite", r"<testsuite [^>]{0,300}\berrors=\"0\" failures=\"0\""),
    ("xfail", r"^xfail"),
    ("XFAIL", r"\bXFAIL\b"),
)
_TEST = _shapes(
    # Not the errors of deployment tools, which begin with the same mark.
    (
        "",
        r"^\s{0,40}[✗✘✕\u00d7✖] (?!\[ERROR\]|Error\b| ?E[A-Z]{5,}\b|Missing |Failed to |Unable to |Could not )",
    ),
    ("not ok ", r"^\s{0,40}not ok \d{1,7}\b"),
    ("--- FAIL", r"^\s{0,40}--- FAIL:"),
    ("FAILED", r"^\[ {1,4}FAILED {1,4}\]|^FAILED \S{1,300}::|^test \S{1,300} \.\.\. FAILED"),
    ("ERROR ", r"^ERROR [^\s(]\S{0,299}::"),
    (" (", r"^(?:FAIL|ERROR): \w+ \("),
    ("FAIL", r"^\s{0,40}(?:FAIL|FAILED):? (?!\((?:Invalid|Account|Rate|Access|Login|Expired))\S{1,300}(?: |$)"),
    ("● ", r"^\s{0,40}● "),
    ("Assertion", r"\b(?:AssertionError|AssertionFailedError|AssertionFailure)\b"),
    ("ComparisonFailure", r"\bComparisonFailure\b"),
    ("", r"^\s{0,40}(?:E {1,12})?(?:assert |Expected\b|Actual\b|expected:|actual:|got:|want:)"),
    ("Received", r"^\s{0,40}Received(?: value| string| number of calls)?:"),
    ("expected", r"\bexpected\b.{1,200}\bto (?:equal|be|match|contain|have|include|throw)\b"),
    # Not the words of a client about the length or the checksum of an answer, nor of a signer about a missing time.
    (
        "expected",
        (
            r"^(?!.{0,300}\b(?i:checksum|hash|digest|sha-?\d{1,3}(?:sum)?|md5(?:sum)?|bytes|download)\b)"
            r".{0,300}(?<!was )\bexpected\b(?!: [\d,]{1,20}; ).{1,200}\b(?:but was|got|received)\b"
        ),
    ),
    ("to", r"\b(?:toBe|toEqual|toContain|toMatch|toThrow)"),
    ("assert", r"\b(?:assertEqual\w*|assertThat|assert_eq!)"),
    ("expect(", r"\bexpect\("),
    ("should", r"\bshould(?:_| )(?:return|throw|fail|raise|retry|handle|be|not|have|report)\b"),
)
_RETRIED = _shapes(
    (" remaining", r"\btr(?:y|ies) remaining\b"),
    ("Retrying", r"\bRetrying\b(?! failed)"),
    ("etry", r"(?i:\bretry(?:ing)? (?:in|after) \d)"),
    ("retr", r"(?i:\bwill (?:be )?retr(?:y|ied)\b)"),
    ("Back", r"\bBack ?off \d"),
    (" seconds before", r"\bWaiting \d{1,4} seconds before\b"),
    (" failed", r"(?i:\b(?:attempt|try) #?\d{1,3} ?(?:of|/) ?\d{1,3} failed)"),
    ("etry", r"(?i:\bretry(?:ing)? (?:attempt )?#?\d{1,3} ?(?:of|/) ?\d{1,3}\b)"),
    ("retries", r"(?i:\b\d{1,3} retries left\b|\bnum_retries_left\b)"),
    ("RERUN", r"\bRERUN\b"),
    ("FLAKY", r"^FLAKY\b"),
    ("rying again in", r"(?i:\btrying again in\b)"),
    ("caught when", r"(?i:I/O exception .{1,200} caught when processing request)"),
)
# What a server under test writes about those who called it.
_NOTE = _shapes(
    (" /", r"^\"?(?:GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS) /\S{0,300}"),
    ("HTTP/", r"\"(?:GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS) /\S{0,300} HTTP/\d"),
)
# In order of precedence: what the level alone proves, and what the text does.
_ROLES: tuple[tuple[Role, Level | None, tuple[Shape, ...]], ...] = (
    (Role.ECHO, Level.COMMAND, _ECHO),
    (Role.OWN, None, _shapes((OWN_MARK, "^" + re.escape(OWN_MARK)))),
    (Role.PASSED, None, _PASSED),
    (Role.RETRIED, None, _RETRIED),
    (Role.WARNING, Level.WARNING, ()),
    (Role.NOTE, Level.INFO, _NOTE),
    (Role.TEST, None, _TEST),
)

# The line before, and the line after, of a piece of a program that a traceback or a compiler shows.
SOURCE_FOLLOWS = re.compile(rb"^.{0,60}?\bFile \"[^\"\n]{1,300}\", line \d{1,7}(?:, in .{1,200})?\r?$")
SOURCE_MARKER = re.compile(rb"^.{0,40}?[ \t]{2,200}[~^]{1,200}\r?$")


def role_of(line: Line, *, echoed: bool) -> Role:
    """Tell what a line is."""
    if echoed:
        return Role.ECHO
    text = line.text[:_TELLING]
    for role, level, shapes in _ROLES:
        if line.level is level or any(shape.fits(text) for shape in shapes):
            return role
    return Role.EVIDENCE

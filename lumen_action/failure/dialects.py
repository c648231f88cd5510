"""How tools write what is no cause: names of tests, retries, echoes, ends. Data only."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from functools import cached_property

from lumen_action.failure.lines import Level, Line
from lumen_action.model import OWN_MARK

OWN_GROUP = "lumen"


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


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{each})" for each in patterns))


_ECHO = _any(
    r"^\s{0,4}\+{1,4} (?=[\w./\[$({\"'-])",
    r"^\$ \S",
    r"^Step \d{1,3}/\d{1,3} :",
    r"^#\d{1,4} \[[^\]\n]{0,60}\d{1,3}/\d{1,3}\] ",
    r"^\s{0,4}(?:> )?\[[^\]\n]{0,60}\d{1,3}/\d{1,3}\] (?:RUN|COPY|FROM|ADD)\b",
    r"^\s{0,4}(?:\d{1,4} \| )?>>> RUN ",
    r"^Picked up (?:_JAVA_OPTIONS|JAVA_TOOL_OPTIONS)",
)
_PASSED = _any(
    r"\bPASSED\b(?!.{0,200}\bFAILED\b)",
    r"^\S{1,300}::\S{1,300} PASSED",
    r"^\s{0,40}[✓✔√☑] ?",
    r"^\s{0,40}ok \d{1,7}\b",
    r"^\s{0,40}--- (?:PASS|SKIP):",
    r"^\s{0,40}=== (?:RUN|PAUSE|CONT)\b",
    r"\.\.\. ?(?:ok|OK|skipped|ignored|passed)\b",
    r"^\[ {2,12}(?:OK|PASSED) {1,12}\]|^\[ RUN {1,12}\]",
    r"^\s{0,20}PASS\b",
    r"^xfail|\bXFAIL\b",
)
_TEST = _any(
    r"^\s{0,40}[✗✘✕\u00d7✖] ",
    r"^\s{0,40}not ok \d{1,7}\b",
    r"^\s{0,40}--- FAIL:",
    r"^\[ {1,4}FAILED {1,4}\]",
    r"^FAILED \S{1,300}::",
    r"^ERROR \S{1,300}::",
    r"^(?:FAIL|ERROR): \w+ \(",
    r"^\s{0,40}(?:FAIL|FAILED):? \S{1,300}(?: |$)",
    r"^\s{0,40}● ",
    r"^test \S{1,300} \.\.\. FAILED",
    r"\b(?:AssertionError|AssertionFailedError|ComparisonFailure|AssertionFailure)\b",
    r"^\s{0,40}(?:E {1,12})?(?:assert |Expected\b|Received\b|Actual\b|expected:|actual:|got:|want:)",
    r"\bexpected\b.{1,200}\b(?:to (?:equal|be|match|contain|have|include|throw)|but (?:was|got)|got|received)\b",
    r"\b(?:toBe|toEqual|toContain|toMatch|toThrow|assertEqual\w*|assertThat|assert_eq!|expect\()",
    r"\bshould(?:_| )(?:return|throw|fail|raise|retry|handle|be|not|have|report)\b",
)
_RETRIED = _any(
    r"\btr(?:y|ies) remaining\b",
    r"\bRetrying\b(?! failed)",
    r"(?i:\bretry(?:ing)? (?:in|after) \d)",
    r"(?i:\bwill (?:be )?retr(?:y|ied)\b)",
    r"\bBack ?off \d|\bWaiting \d{1,4} seconds before\b",
    r"(?i:\b(?:attempt|try) #?\d{1,3} ?(?:of|/) ?\d{1,3} failed)",
    r"(?i:\bretry(?:ing)? (?:attempt )?#?\d{1,3} ?(?:of|/) ?\d{1,3}\b)",
    r"(?i:\b\d{1,3} retries left\b|\bnum_retries_left\b)",
    r"^(?:RERUN|FLAKY)\b|\bRERUN\b",
    r"(?i:\btrying again in\b)",
    r"(?i:I/O exception .{1,200} caught when processing request)",
)


# What a server under test writes about those who called it.
_NOTE = _any(
    r"^\"?(?:GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS) /\S{0,300}",
    r"\"(?:GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS) /\S{0,300} HTTP/\d",
)
# In order of precedence: what the level alone proves, and what the text does.
_ROLES: tuple[tuple[Role, Level | None, re.Pattern[str] | None], ...] = (
    (Role.ECHO, Level.COMMAND, _ECHO),
    (Role.OWN, None, re.compile("^" + re.escape(OWN_MARK))),
    (Role.PASSED, None, _PASSED),
    (Role.RETRIED, None, _RETRIED),
    (Role.WARNING, Level.WARNING, None),
    (Role.NOTE, Level.INFO, _NOTE),
    (Role.TEST, None, _TEST),
)


def role_of(line: Line, *, echoed: bool) -> Role:
    """Tell what a line is."""
    if echoed:
        return Role.ECHO
    for role, level, pattern in _ROLES:
        if line.level is level or (pattern and pattern.search(line.text)):
            return role
    return Role.EVIDENCE


class Ending(Enum):
    """What a line says about what came before it."""

    WHOLE = "the whole log ended well"
    PART = "what it belongs to succeeded afterwards"
    AGAIN = "it was to be repeated"
    ONWARD = "the job went on"
    TEST = "the test it belongs to passed"
    BAD = "it failed"


@dataclass(frozen=True)
class Mark:
    """A line that says how something ended; nothing before the good end of the whole is a cause."""

    literal: str
    source: str
    ending: Ending

    # Compiled on first use, as few of them stand in any one log.
    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """Return what the line must look like."""
        return re.compile(self.source)


def _marks(ending: Ending, *rows: tuple[str, str]) -> tuple[Mark, ...]:
    return tuple(Mark(literal, source, ending) for literal, source in rows)


# Where a line bears several marks, the first of these counts.
MARKS: tuple[Mark, ...] = (
    *_marks(
        Ending.WHOLE,
        ("Your build exited with", r"Your build exited with 0\b"),
        ("Finished: SUCCESS", r"^Finished: SUCCESS$"),
        ("Job succeeded", r"^Job succeeded$"),
        ("##[section]Finishing", r"^Finishing: Finalize Job$"),
    ),
    *_marks(
        Ending.PART,
        ("BUILD SUCCESS", r"\bBUILD SUCCESS(?:FUL)?\b"),
        ("exited with 0", r"^The command \".{0,4000} exited with 0\.$"),
        ("Build succeeded.", r"^Build succeeded\.$"),
        (" passed", r"^=+ (?!.{0,120}\b(?:failed|error)).{0,120}\b\d{1,7} passed\b.{0,80} in \d"),
        ("OK (", r"^OK \((?:\d+ tests?|skipped|expected failures)"),
        ("OK", r"^OK$"),
        ("FAILED (", r"^FAILED \((?:known|expected) failures=\d+(?:, ?skipped=\d+)?\)$"),
        ("test result: ok", r"^test result: ok\. "),
        (" passing (", r"^\s{0,6}\d+ passing \("),
        (" 0 failures", r"^\d{1,7} (?:examples|tests|runs|specs),.{0,60} 0 failures(?!, [1-9])"),
        ("Tests:  ", r"^Tests:\s{1,8}(?!.{0,80}failed).{0,80}\b\d{1,7} passed"),
        ("Test Run Successful", r"^Test Run Successful\.$"),
        ("will exit with status code 0", r"will exit with status code 0\b"),
        ("Successfully built", r"^Successfully built [0-9a-f]{12}$"),
        ("Apply complete!", r"^Apply complete! "),
    ),
    *_marks(
        Ending.AGAIN,
        ("trying again", r"(?i)\btrying again in\b|\bbefore trying again\b"),
        ("ttempt ", r"(?i)\battempt #?\d{1,3} ?(?:of|/) ?\d{1,3} failed"),
        ("etrying ", r"^\W{0,10}(?:\w{1,20}: )?[Rr]etrying (?:in|after|attempt|once|\d|\.\.\.)"),
        ("etry ", r"^\W{0,10}(?:Will |will )?[Rr]etry (?:in|after|#?\d{1,3} ?(?:of|/) ?\d)"),
    ),
    *_marks(
        Ending.ONWARD,
        ("Post job cleanup", r"^Post job cleanup\.$"),
    ),
    *_marks(
        Ending.TEST,
        (" PASSED", r"^(?:\[gw\d{1,3}\] .{0,20})?\S{1,300}::\S{1,300} PASSED"),
        ("--- PASS:", r"^\s{0,40}--- PASS: "),
    ),
    *_marks(
        Ending.BAD,
        ("exit code ", r"\bexit code:? [1-9]\d{0,2}\b"),
        ("exited with ", r"\b(?:exited with|exited with code|exited with status) [1-9]\d{0,2}\b"),
        ("exit status ", r"\bexit status [1-9]\d{0,2}\b"),
        ("BUILD FAIL", r"\bBUILD FAIL(?:ED|URE)\b"),
        ("Build FAILED", r"^Build FAILED\.$"),
        ("Finished: FAILURE", r"^Finished: (?:FAILURE|UNSTABLE|ABORTED)$"),
        ("ERROR: Job failed", r"^ERROR: Job failed"),
        ("make: ***", r"^make(?:\[\d+\])?: \*\*\* "),
        ("make[", r"^make\[\d+\]: \*\*\* "),
        ("npm ERR!", r"^npm ERR!"),
        ("npm error", r"^npm error"),
        ("error Command failed", r"^error Command failed"),
        ("FAILED (", r"^FAILED \((?:failures|errors)=\d"),
        (" failed", r"^=+ .{0,120}\b\d{1,7} (?:failed|errors?)\b.{0,120} in \d"),
        ("test result: FAILED", r"^test result: FAILED"),
        ("Tests:  ", r"^Tests:\s+\d+ failed"),
        (" failures", r"\b[1-9]\d* failures\b"),
        ("There are test failures", r"^There are test failures"),
        ("could not compile", r"^error: could not compile"),
        ("The command '", r"returned a non-zero code: [1-9]"),
        ("ninja: build stopped", r"^ninja: build stopped"),
    ),
)
GROUP_LITERALS = ("##[group]", "##[endgroup]", "::group::", "::endgroup::", "##[error]")

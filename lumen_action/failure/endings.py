"""How tools say that what came before went well, badly, or on. Data only."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from lumen_action.failure.dialects import Shape


class Ending(Enum):
    """What a line says about what came before it."""

    WHOLE = "the whole log ended well"
    PART = "what it belongs to succeeded afterwards"
    AGAIN = "it was to be repeated"
    CLOSED = "the job came to its end without calling it an error"
    READY = "what it waited for came up"
    TOLERATED = "the script went on in spite of it"
    ONWARD = "the job went on"
    TEST = "the test it belongs to passed"
    BAD = "it failed"


@dataclass(frozen=True)
class Mark(Shape):
    """A line that says how something ended; nothing before the good end of the whole is a cause."""

    ending: Ending


def _marks(ending: Ending, *rows: tuple[str, str]) -> tuple[Mark, ...]:
    return tuple(Mark(literal, source, ending) for literal, source in rows)


# Where a line bears several marks, the first of these counts.
MARKS: tuple[Mark, ...] = (
    *_marks(
        Ending.WHOLE,
        ("Your build exited with", r"Your build exited with 0\b"),
        ("Finished: SUCCESS", r"^Finished: SUCCESS$"),
        ("Job succeeded", r"^Job succeeded$"),
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
        (
            " 0 failures",
            r"^\d{1,7} (?:examples|tests|runs|specs),(?!.{0,90}\b[1-9]\d{0,6} err).{0,60} 0 failures",
        ),
        ("Tests:  ", r"^Tests:\s{1,8}(?!.{0,80}failed).{0,80}\b\d{1,7} passed"),
        ("Test Run Successful", r"^Test Run Successful\.$"),
        ("will exit with status code 0", r"will exit with status code 0\b"),
        ("Successfully built", r"^Successfully built [0-9a-f]{12}$"),
        ("Apply complete!", r"^Apply complete! "),
        (" passed (", r"^\s{1,8}Tests {2}(?!.{0,80}failed).{0,40}\b\d{1,7} passed\b.{0,40} \(\d"),  # vitest
        ("# fail", r"^# fail(?:ures)? {1,4}0$"),  # TAP
        ("\u2139 fail ", r"^\u2139 fail 0$"),  # node:test
        (", pass: ", r"^# \{ total: \d+, pass: \d+(?:, (?:skip|todo): \d+)* \}$"),  # tap
        ("All tests successful.", r"^All tests successful\.$"),  # prove
        ("OK, but ", r"^OK, but .{0,60}tests!$"),  # PHPUnit
        ("100% tests passed", r"^100% tests passed"),  # CTest
        ("  PASSED  ", r"^(?:\d+: )?\[ {2}PASSED {2}\] \d+ tests?\.$"),  # GoogleTest
        ('"pass","Package"', r'"Action":"pass","Package":"[^"]{1,300}","Elapsed"'),  # go test -json
        (" passed", r"^(?!.{0,120}\b(?:failed|error)).{0,120}\b\d{1,7} passed\b.{0,80} in \d+\.\d+s\b"),  # pytest -q
        (" passed, 0 failed", r"^\d+ (?:features?|scenarios?|steps?|tests?),? (?:\d+ )?passed, 0 failed\b"),  # behave
        ("failed=0", r"^\S+ {1,60}: ok=\d+ .{0,60}unreachable=0 {1,6}failed=0\b"),  # Ansible
        ("compiled ", r"^webpack \S+ compiled (?:with \d+ warnings? |successfully )in \d"),
        ("(0 errors, ", r"^\u2716 \d+ problems? \(0 errors, "),  # ESLint
        ("build succeeded", r"^build succeeded(?:, \d+ warnings?)?\.$"),  # Sphinx
        ("dpkg-buildpackage: info:", r"^dpkg-buildpackage: info: (?:binary-only|full|source-only) upload"),
        ("Status: ", r"^Status: (?:OK|(?:\d+ (?:WARNING|NOTE)s?(?:, )?){1,2})$"),  # R CMD check
        ("# FAIL:", r"^# FAIL: {1,4}0$"),  # Automake
        (" tests passed", r"^All \d+ tests passed$"),  # Automake, before 1.13
        ("received exit code 0", r"^CircleCI received exit code 0$"),
        ("Cases: ", r"^\s{0,80}Cases: (\d+) {1,2}Tried: \1 {1,2}Errors: 0 {1,2}Failures: 0$"),  # HUnit
        ("congratulations :)", r"^\s{0,8}congratulations :\)"),  # tox
        ("Successfully installed ", r"^Successfully installed \S+-\d"),  # pip
        ("esult: SUCCESS", r"^(?:== Tests result: SUCCESS ==|Result: SUCCESS)$"),  # CPython's own tests
    ),
    *_marks(
        Ending.CLOSED,
        ("##[section]Finishing", r"^Finishing: Finalize Job$"),
    ),
    *_marks(
        Ending.READY,
        (" is ready", r"(?i)^\W{0,6}(?:\S{1,40} ){1,6}is (?:now )?ready\b"),
        (" is up", r"(?i)^\W{0,6}(?:\S{1,40} ){1,6}is up(?: and running)?\W{0,4}$"),
        ("healthy", r"^healthy$|(?i:\bis healthy\b)"),
        (" is available after", r" is available after \d"),
        ("accepting connections", r"\baccepting connections$"),
        ('" 200', r"^\S{3,45} - - \[.{10,40}\] \"(?:GET|HEAD|POST) \S{1,300} HTTP/\d\.\d\" 200 "),
        ("< HTTP/", r"^< HTTP/(?:1\.1|2) 200\b"),
    ),
    *_marks(
        Ending.TOLERATED,
        ("+ true", r"^\+{1,4} true$"),
        ("+ :", r"^\+{1,4} :$"),
        ("(ignored)", r"^make(?:\[\d+\])?: \[.{1,300}\] Error \d+ \(ignored\)$"),
        ("...ignoring", r"^\.\.\.ignoring$"),
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
        ("Cache save failed", r"^(?:Warning: )?Cache save failed\.$"),
        ("##[end-action ", r"^##\[end-action .{0,200}outcome=failure;conclusion=success"),
    ),
    *_marks(
        Ending.TEST,
        ("PASSED", r"^(?:\[gw\d{1,3}\] .{0,20})?\S{1,300}::\S{1,300} PASSED"),
        ("--- PASS:", r"^\s{0,40}--- PASS: "),
        ("ok  ", r"^ok {2}\t\S+\t"),  # go test, one of several packages
        ("PASSED", r"^PASSED(?: {1,80}\[ {0,2}\d{1,3}%\])?$"),  # pytest -s
        ("ok ", r"^\s{0,40}ok \d{1,7} "),  # TAP
        ("\u2713", r"^\s{0,40}\u2713 "),
        ("\u2714", r"^\s{0,40}\u2714 "),
        ("   OK ]", r"^(?:\d+: )?\[ {7}OK \] "),  # GoogleTest
        ('"pass","Package"', r'"Action":"pass","Package":"[^"]{1,300}","Test":'),
        ("[L#", r"^ {2}\* test .{1,300} \(\d.{0,12}ms\) \[L#\d+\]$"),  # mix test --trace
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

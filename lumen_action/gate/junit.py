"""The results of tests as JUnit writes them, from files that nobody has to trust."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from xml.parsers import expat

MOST_BYTES = 64 * 1024 * 1024
_DEEPEST = 64
_MOST_NAMES = 100
_LONGEST_NAME = 500
_LONGEST_TAG = 4 * 1024 * 1024
_ROOTS = ("testsuites", "testsuite")
_BAD = ("failure", "error")
_FAULTS = ("failures", "errors")
_MOST_DIGITS = 9


class RefusedError(ValueError):
    """A file that is no such result, or that would do harm; says why."""


@dataclass(frozen=True)
class Results:
    """What came of tests; `refused` says of each file that could not be read why."""

    tests: int = 0
    failed: int = 0
    skipped: int = 0
    failures: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()

    @property
    def ran(self) -> int:
        """Return the tests that were not skipped."""
        return max(self.failed, self.tests - self.skipped)

    def __add__(self, other: Results) -> Results:
        """Return the results of both."""
        return Results(
            self.tests + other.tests,
            self.failed + other.failed,
            self.skipped + other.skipped,
            (*self.failures, *other.failures)[:_MOST_NAMES],
            (*self.refused, *other.refused),
        )


def read_results(pieces: Iterable[bytes]) -> Results:
    """Count the tests in the pieces of one file; a RefusedError says what is wrong with it."""
    reading = _Reading()
    # Entities are refused where they are declared, so nothing is ever fetched or blown up.
    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = _refuse_doctype
    parser.EntityDeclHandler = _refuse_doctype
    parser.StartElementHandler = reading.begin
    parser.EndElementHandler = reading.end
    try:
        fed = 0
        for piece in pieces:
            fed += len(piece)
            parser.Parse(piece, False)  # noqa: FBT003 - expat takes no names
            _refuse_excess(fed, fed - parser.CurrentByteIndex)
        parser.Parse(b"", True)  # noqa: FBT003
    except RefusedError:
        raise
    except expat.ExpatError as fault:
        raise RefusedError(f"is no XML: {fault}") from None
    except (LookupError, ValueError) as fault:
        raise RefusedError(f"cannot be read: {fault}") from None
    return reading.results


def _refuse_excess(fed: int, unfinished: int) -> None:
    if fed > MOST_BYTES:
        raise RefusedError(f"is larger than {MOST_BYTES >> 20} MiB; give the results of fewer tests")
    # What has no end yet is read from its begin again with each piece.
    if unfinished > _LONGEST_TAG:
        raise RefusedError(f"holds a tag of more than {_LONGEST_TAG >> 20} MiB")


def _refuse_doctype(name: str, *_: object) -> None:
    raise RefusedError(f"declares a document type or an entity (`{name[:40]}`), which no test result needs")


@dataclass
class _Suite:
    """A suite that is being read: what it claims of itself, and what stands in it."""

    claimed: Results
    found: Results = field(default_factory=Results)

    @property
    def results(self) -> Results:
        """Return what it comes to: a suite may count what it does not list, and list what it does not count."""
        tests, failed, skipped = (
            max(getattr(self.claimed, name), getattr(self.found, name)) for name in ("tests", "failed", "skipped")
        )
        return Results(tests, failed, skipped, self.found.failures)


@dataclass
class _Case:
    """A test that is being read."""

    name: str
    failed: bool = False
    skipped: bool = False

    @property
    def results(self) -> Results:
        """Return what came of it."""
        return Results(1, int(self.failed), int(self.skipped and not self.failed), (self.name,) * self.failed)


@dataclass
class _Reading:
    """The elements that are open, the suites and the test among them."""

    results: Results = field(default_factory=Results)
    path: list[str] = field(default_factory=list)
    suites: list[_Suite] = field(default_factory=list)
    case: _Case | None = None

    def begin(self, tag: str, attributes: dict[str, str]) -> None:
        """Take in an element that begins."""
        name = _local(tag)
        if not self.path and name not in _ROOTS:
            raise RefusedError(f"begins with <{name[:40]}>, not with <testsuites> or <testsuite>")
        if len(self.path) >= _DEEPEST:
            raise RefusedError(f"is nested deeper than {_DEEPEST} elements")
        parent = self.path[-1] if self.path else ""
        self.path.append(name)
        if name in _ROOTS:
            self.suites.append(_Suite(_claimed(attributes)))
        elif name == "testcase" and self.case is None:
            self.case = _Case(_called(attributes))
        elif parent == "testcase" and self.case:
            self.case.failed |= name in _BAD
            self.case.skipped |= name == "skipped"
        elif parent == "testsuite" and name in _BAD:
            # What went wrong outside of any test.
            label = attributes.get("message") or attributes.get("type") or name
            self.suites[-1].found += Results(1, 1, 0, (label[:_LONGEST_NAME],))

    def end(self, tag: str) -> None:
        """Take in that an element is over."""
        name = _local(tag)
        self.path.pop()
        if name == "testcase" and self.case and "testcase" not in self.path:
            self.suites[-1].found += self.case.results
            self.case = None
        elif name in _ROOTS:
            done = self.suites.pop().results
            if self.suites:
                self.suites[-1].found += done
            else:
                self.results = done


def _local(tag: str) -> str:
    return tag.rpartition(":")[2]


def _called(attributes: dict[str, str]) -> str:
    named = [attributes[word] for word in ("classname", "name") if attributes.get(word)]
    return ".".join(named)[:_LONGEST_NAME] or "a test without a name"


def _claimed(attributes: dict[str, str]) -> Results:
    def number(*names: str) -> int:
        return sum(_number(name, attributes.get(name, "").strip()) for name in names)

    return Results(number("tests"), number(*_FAULTS), number("skipped", "disabled"))


def _number(name: str, word: str) -> int:
    """Return what a suite claims; a claim of failures that nobody can read must not pass for none."""
    if word.isascii() and word.isdigit():
        return int(word) if len(word) <= _MOST_DIGITS else 10**_MOST_DIGITS
    if word and name in _FAULTS:
        raise RefusedError(f'claims {name}="{word[:40]}", which is no number of tests')
    return 0

"""The linter refuses each kind of careless signature with its id, its field and the fix, and no sound one."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lumen_action.failure import Catalogue, parse_catalogue
from lumen_action.failure.linting import CHECKS, Finding, Level, green_hits, lint
from lumen_action.failure.linting.anchors import reachable
from lumen_action.failure.linting.cost import slowness
from lumen_action.failure.linting.numbers import open_begun, open_ended
from lumen_action.failure.linting.samples import samples
from lumen_action.failure.linting.trials import trials
from lumen_action.failure.linting.wording import alternatives


def row(**changes: object) -> dict[str, Any]:
    plain: dict[str, Any] = {
        "id": "acme-lost",
        "class": "network",
        "subclass": "reset",
        "anchors": ["acme: connection lost"],
        "pattern": r"acme: connection lost at \w{1,40}",
        "meaning": "The connection broke off.",
        "hint": "Run it again.",
        "examples": {"matches": ["acme: connection lost at night"], "ignores": ["acme: connection found"]},
        "source": "acme",
    }
    return {key: value for key, value in {**plain, **changes}.items() if value is not None}


def catalogue(*rows: dict[str, Any]) -> Catalogue:
    return parse_catalogue({"acme.yml": {"ecosystem": "acme", "signatures": list(rows)}})


def matching(text: str, **changes: object) -> dict[str, Any]:
    """Return a row with this positive example."""
    return row(examples={"matches": [text], "ignores": ["acme: connection found"]}, **changes)


def findings(*rows: dict[str, Any], level: Level = Level.FAULT) -> list[Finding]:
    return [each for each in lint(catalogue(*rows)) if each.level is level]


def test_a_sound_signature_is_left_alone() -> None:
    assert list(lint(catalogue(row()))) == []


PLANTED: dict[str, tuple[dict[str, Any], str, str, str]] = {
    "what is no pattern": (row(pattern="acme: (lost"), "regular expression", "pattern", "is no regular expression"),
    "an atomic group": (row(pattern="(?>acme): connection"), "newer syntax", "pattern", "unknown to Python 3.10"),
    "a repeat that gives nothing back": (row(pattern="acme:++"), "newer syntax", "pattern", "unknown to Python 3.10"),
    "a repeat of a repeat": (row(pattern=r"acme: (?:\w+ ?)+"), "slow", "pattern", "in too many ways"),
    "words in a class": (row(pattern="acme: connection [lost|found]"), "class", "pattern", "not lost or found"),
    "numbers in a class": (
        matching("acme: HTTP Error 503", anchors=["acme: HTTP"], pattern=r"acme: HTTP Error 5[00|02|03]\d{0,2}"),
        "class",
        "pattern",
        "not 00 or 02 or 03",
    ),
    "a word twice in brackets": (
        matching("acme [ERROR] lost", anchors=["acme ["], pattern=r"acme .[ERROR]"),
        "class",
        "pattern",
        "has the brackets",
    ),
    "a letter twice in a class": (row(pattern="acme: c[onnection]+ lost"), "class", "pattern", "a character twice"),
    "parentheses of the text": (
        matching("acme failed (AccessDenied)", anchors=["acme failed"], pattern=r"acme failed .(AccessDenied)"),
        "group",
        "pattern",
        "the text has the parentheses",
    ),
    "a group that captures": (row(pattern=r"acme: (\w{1,20}) lost"), "group", "pattern", "captures what nobody reads"),
    "a group with a name": (row(pattern=r"acme: (?P<what>\w{1,20}) lost"), "group", "pattern", "nothing reads"),
    "a number without an end": (
        matching("acme: exit code 8", anchors=["acme: exit"], pattern="acme: exit code 8"),
        "number",
        "pattern",
        "may end within a longer number",
    ),
    "a number without a begin": (
        matching(
            "acme: 401 connection lost", pattern=r"(?:denied|401).{0,80}connection lost", anchors=["connection l"]
        ),
        "number",
        "pattern",
        "may begin within a longer number",
    ),
    "an anchor that ends with a number": (
        matching("acme: exit code 8", anchors=["acme: exit code 8"], pattern=None),
        "number",
        "anchors",
        "may end within a longer number",
    ),
    "a pattern that matches everything": (row(pattern=r"(?:acme)?\w{0,9}"), "empty", "pattern", "the empty text"),
    "a mark of the runner": (row(pattern=r"^##\[error\]acme: connection"), "prefix", "pattern", "are taken off"),
    "a time": (
        row(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ acme|^acme: connection"),
        "prefix",
        "pattern",
        "are taken off",
    ),
    "a colour": (row(pattern=r"\x1b\[31macme: connection|acme: connection"), "prefix", "pattern", "are taken off"),
    "a line feed": (row(pattern=r"connection lost\n|acme: connection"), "prefix", "pattern", "are taken off"),
    "an anchor in the wrong case": (
        row(anchors=["acme: connection lost", "ACME: Connection"]),
        "dead anchor",
        "anchors",
        "`ACME: Connection` is dead: the pattern has other letters in upper case",
    ),
    "an anchor of other words": (
        row(anchors=["acme: connection lost", "wire was cut"]),
        "dead anchor",
        "anchors",
        "`wire was cut` is dead",
    ),
    "an anchor with a mark": (
        row(anchors=["acme: connection lost", "##[error]acme"]),
        "dead anchor",
        "anchors",
        "stands in no line as it is read",
    ),
    "an anchor that is too long": (
        row(anchors=["acme: connection lost", "a" * 9000]),
        "dead anchor",
        "anchors",
        "longer than what is kept of a line",
    ),
    "an example without an anchor": (matching("connection gone"), "example", "examples.matches 1", "no line of it"),
    "an example that does not fit": (
        matching("acme: connection lost."),
        "example",
        "examples.matches 1",
        "it holds `acme: connection lost`, but not the pattern",
    ),
    "an example that is vetoed": (row(unless=["night"]), "example", "examples.matches 1", "`unless` finds `night`"),
    "an example that stands alone": (row(near=["morning"]), "example", "examples.matches 1", "not all of `near`"),
    "an example that is a warning": (
        matching("warning: acme: connection lost at night"),
        "example",
        "examples.matches 1",
        "it stands in a warning",
    ),
    "a negative example that fits": (
        row(examples={"matches": ["acme: connection lost at night"], "ignores": ["acme: connection lost at dawn"]}),
        "counter-example",
        "examples.ignores 1",
        "`acme: connection lost at dawn` as it is matches",
    ),
}


@pytest.mark.parametrize("what", PLANTED)
def test_a_planted_fault_is_refused_with_its_id_field_and_fix(what: str) -> None:
    planted, check, field, fault = PLANTED[what]
    found = [each for each in findings(planted) if (each.check, each.field) == (check, field)]
    assert [each.signature for each in found] == ["acme-lost"]
    assert fault in found[0].fault
    assert found[0].fix


def test_every_check_that_fails_has_a_planted_fault() -> None:
    checks = {each.name for each in CHECKS if each.level is Level.FAULT}
    assert checks - {check for _, check, _, _ in PLANTED.values()} == {"shadow"}


def test_a_signature_that_others_always_win_over_is_refused() -> None:
    general = row(id="tool-lost", pattern=None, anchors=["connection lost"], tier="tool")
    (found,) = [each for each in findings(row(), general) if each.check == "shadow"]
    assert (found.signature, found.field) == ("tool-lost", "pattern")
    assert "`acme-lost` always wins" in found.fault


def test_a_wrapper_may_stand_in_the_shadow() -> None:
    wrapper = row(id="tool-lost", pattern=None, anchors=["connection lost"], wrapper=True)
    assert [each for each in findings(row(), wrapper) if each.check == "shadow"] == []


@pytest.mark.parametrize(
    ("changes", "check", "fault"),
    [
        ({"anchors": ["acme: connection lost", "lost at midnight"]}, "unproven anchor", "in no positive example"),
        ({"anchors": ["acme: connection lost", "connec"]}, "common anchor", "in very many lines"),
        ({"pattern": r"acme: connection.lost at \w{1,40}"}, "dot", "takes any character"),
    ],
)
def test_what_could_be_better_is_advice(changes: dict[str, Any], check: str, fault: str) -> None:
    assert findings(row(**changes)) == []
    advice = findings(row(**changes), level=Level.ADVICE)
    assert [each.check for each in advice] == [check]
    assert all(fault in each.fault for each in advice)


def test_only_those_asked_for_are_told_of_while_the_others_cast_their_shadow() -> None:
    general = row(id="tool-lost", pattern=None, anchors=["connection lost"], tier="tool")
    broken = row(id="acme-broken", pattern="(")
    known = catalogue(row(), general, broken)
    assert {each.signature for each in lint(known, ["tool-lost"])} == {"tool-lost"}
    assert {each.signature for each in lint(known)} == {"tool-lost", "acme-broken"}


def test_a_green_log_with_a_class_names_log_line_and_text() -> None:
    log = b"begin\nacme: connection lost at night\n"
    (found,) = green_hits(catalogue(row(), row(id="acme-broken", pattern="(")), [("a.log", [log]), ("b.log", [b"x\n"])])
    assert (found.signature, found.check, found.level) == ("acme-lost", "green log", Level.FAULT)
    assert "a.log network/reset, line 2: `acme: connection lost at night`" in found.fault


EVIL = [
    "x(?:a+)+",
    "x(?:a*b?)*",
    "x(?:(?:x{2,}))+",
    r"x(?:[)]+\)){3,}",
    "x(a|a)*",
    r"x(\w|\d)+",
    "x(?:a|ab|b)*y",
    r"x(?:\s*\w+)*y",
    "x(.*)*",
    "x.*.*y",
    r"x\s*\s*y",
    r"x\w+\w+y",
    r"x\w+\d+y",
    "x.*b.*c",
    "x(?=.*.*y)z",
    "x(?:a{1,30}){1,30}b",
    "x.{1,1000}.{1,1001}y",
    "x(?: > .{1,200}){1,5}y",
    ".*error",
    "^.*error",
    r"\s+error",
    r"(?:.*|y)error",
    r"(?=.*y)x",
]
CHEAP = [
    "x(?:a{1,9}b)+",
    "x(?:a|b)*",
    "x[+*]+",
    r"\(a+\)+",
    "x(?:a+b){0,3}",
    "error: .+",
    "x.*y",
    r"^\s*\d+ errors",
    r"\b\d+ problems",
    r"x(?:\w{2})+y",
    r"x(?:\w{1,40} ){0,16}y",
    r"x(?:[0-9a-f]{4}-){3,}[0-9a-f]{12}",
    "x(?:[^,]*,)*y",
    "x.{0,400}y.{0,300}z",
    r"x\d+\s+\w*",
    "(?<!a)b+c",
    "x✖*[✓✔]*y",
]


@pytest.mark.parametrize("pattern", EVIL)
def test_what_can_take_minutes_is_seen(pattern: str) -> None:
    assert slowness(pattern)


@pytest.mark.parametrize("pattern", CHEAP)
def test_what_is_cheap_passes(pattern: str) -> None:
    assert slowness(pattern) == ""


sets = st.sampled_from(["a", r"\w", r"\d", r"\S", "[a-f]", r"\s", "[^,]", "."])
words = st.text("xyz:= ", min_size=1, max_size=6).map(re.escape)
bounded = st.builds(lambda one, low, more: f"{one}{{{low},{low + more}}}", sets, st.integers(0, 3), st.integers(1, 96))
choices = st.lists(words, min_size=2, max_size=4).map(lambda each: f"(?:{'|'.join(each)})")


# Three bounded pieces at most: more of them can share out a text in more than a million ways.
@given(words, st.lists(st.one_of(words, bounded, choices), max_size=8), st.integers(1, 3))
def test_bounded_pieces_after_a_literal_are_never_called_slow(begin: str, pieces: list[str], most: int) -> None:
    repeats = [piece for piece in pieces if piece.endswith("}")][:most]
    pattern = begin + "".join(piece for piece in pieces if not piece.endswith("}") or piece in repeats[:3])
    assert pattern.count("{") > 3 or slowness(pattern) == ""


@given(words, sets, st.sampled_from(["+", "*", "{2,}"]), st.sampled_from(["+", "*", "{3,}"]), words)
def test_a_repeat_of_a_repeat_is_always_called_slow(begin: str, one: str, inner: str, outer: str, end: str) -> None:
    assert slowness(f"{begin}(?:{one}{inner}){outer}{end}")
    assert slowness(f"{begin}{one}{inner}{one}{outer}{end}")
    assert slowness(f"{one}{inner}{end}")


@given(st.lists(st.one_of(words, bounded, choices), min_size=1, max_size=6))
@example(["(?:x|y)", r"\s{0,4}"])
def test_a_sample_matches_and_holds_only_what_can_be_reached(pieces: list[str]) -> None:
    pattern = "".join(pieces)
    for text in samples(pattern):
        found = re.search(pattern, text)
        assert found
        assert found[0] == "" or reachable(found[0], pattern)


@pytest.mark.parametrize(
    ("anchor", "pattern", "possible"),
    [
        ("connection lost", "acme: connection lost", True),
        ("connection lost at", "connection lost(?= at)", True),
        ("status 401 Un", r"\b401 Unauthorized", True),
        ("denied", "acme: Denied", False),
        ("denied", "(?i)acme: Denied", True),
        ("acme: lost", r"acme: (?:found|missed)$", False),
        ("anything", "x.{1,30}y", True),
        ("anything", "", True),
    ],
)
def test_whether_an_anchor_can_stand_where_the_pattern_matches(anchor: str, pattern: str, possible: object) -> None:
    assert reachable(anchor, pattern) is possible


@pytest.mark.parametrize(
    ("pattern", "begun", "ended"),
    [
        ("401", True, True),
        (r"\b401\b", False, False),
        ("status 401", False, True),
        ("401 Unauthorized", False, False),
        (r"401.{0,80}denied", True, False),
        ("got 5\\d\\d", False, True),
        (r"got \d{3}", False, False),
        (r"got \d+", False, False),
        ("code (?:8|12)(?!\\d)", False, False),
        ("code (?:8|12)", False, True),
        ("error TS2307", False, False),
        (r"host 127\.0\.0\.1|::1", False, False),
        ("exit code: 1$", False, False),
        ("sha256", False, False),
    ],
)
def test_where_a_number_may_go_on(pattern: str, begun: object, ended: object) -> None:
    assert (open_begun(pattern), open_ended(pattern)) == (begun, ended)


def test_alternatives_are_those_outside_of_groups() -> None:
    assert alternatives(r"a(?:b|c)|[|]d|\|e") == ["a(?:b|c)", "[|]d", r"\|e"]
    assert alternatives(r"(a)|b\1") == [r"(a)|b\1"]


def test_a_trial_shows_every_line_that_is_recognised_and_what_speaks_against_it() -> None:
    known = catalogue(
        row(unless=["drill"]), row(id="acme-dark", near=["lamp"], pattern=None, anchors=["lost at night"])
    )
    log = b"acme: connection lost at night\nacme: connection lost at drill\n"
    found = [(each.line, each.signature.id, each.start, each.end, each.counts) for each in trials([log], known)]
    assert found == [
        (1, "acme-lost", 0, 30, True),
        (1, "acme-dark", 17, 30, False),
        (2, "acme-lost", 0, 30, False),
    ]
    (lonely, vetoed) = [each for each in trials([log], known) if not each.counts]
    assert lonely.lonely
    assert vetoed.vetoed_by == "drill"

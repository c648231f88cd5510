"""Lines that belong together are read together: a message in a box, a piece of a program and the place it stands at."""

from __future__ import annotations

import pytest

from lumen_action.catalogue import load_catalogue
from lumen_action.failure import classify

CATALOGUE = load_catalogue()

TRACEBACK = """\
Traceback (most recent call last):
  File "/srv/app/tool.py", line 3, in <module>
    raise DiskFull("write: No space left on device")
  File "/srv/app/settings.py", line 9, in region
    return values["region"]  # 401 Unauthorized without one
KeyError: 'region'
"""
JAVAC = """\
src/Login.java:12: error: incompatible types: String cannot be converted to int
        int code = fail("fatal: Authentication failed for 'https://git.example/'");
                       ^
1 error
"""
BOX = """\
╷
│ Error: Failed to query available provider packages
│
│ Could not retrieve the list of available versions for provider acme/net: could not
│ connect to registry.example: failed to request discovery document: Get
│ "https://registry.example/": dial tcp 198.51.100.7:443: i/o
│ timeout
╵
"""


def stamped(log: str) -> str:
    return "".join(f"2026-03-04T05:06:07.1234567Z {line}\n" for line in log.splitlines())


@pytest.mark.parametrize("log", [TRACEBACK, stamped(TRACEBACK), TRACEBACK.replace("\n", "\r\n")])
def test_the_source_in_a_traceback_is_no_evidence(log: str) -> None:
    verdict = classify([log.encode()], CATALOGUE).verdict
    assert verdict.name == "build/crash"
    assert verdict.evidence
    assert verdict.evidence.line == 6


def test_the_source_over_the_marker_of_a_compiler_is_no_evidence() -> None:
    verdict = classify([JAVAC.encode()], CATALOGUE).verdict
    assert verdict.name == "build/compile"
    assert verdict.evidence
    assert verdict.evidence.line == 1


def test_the_same_words_count_where_no_program_is_shown() -> None:
    bare = JAVAC.splitlines()[1].split('"')[1]
    assert classify([bare.encode()], CATALOGUE).verdict.name == "token_expired/invalid_credentials"


@pytest.mark.parametrize("log", [BOX, stamped(BOX)])
def test_a_sentence_that_a_box_wraps_is_read_whole(log: str) -> None:
    verdict = classify([log.encode()], CATALOGUE).verdict
    assert verdict.name == "network/connect_timeout"
    assert verdict.evidence
    assert verdict.evidence.line == 6
    assert verdict.evidence.column == log.splitlines()[5].index("dial tcp") + 1


def test_the_right_wall_of_a_box_is_no_part_of_the_sentence() -> None:
    walled = "".join(f"{line:<90}│\n" if line.startswith("│ ") else f"{line}\n" for line in BOX.splitlines())
    verdict = classify([walled.encode()], CATALOGUE).verdict
    assert verdict.name == "network/connect_timeout"
    assert verdict.evidence
    assert verdict.evidence.line == 6
    assert verdict.evidence.column


def test_what_stands_in_the_next_box_is_another_sentence() -> None:
    apart = BOX.replace("│ timeout\n", "╵\n│ timeout\n")
    assert classify([apart.encode()], CATALOGUE).verdict.name != "network/connect_timeout"

"""CODEOWNERS as GitHub reads it, and the file that a line of a log points at."""

from __future__ import annotations

import pytest

from lumen_action.ops.tickets.owners import CodeOwners, path_in, people

# In the manner of GitHub's own example.
FILE = r"""
# a comment
*                @everybody @other
*.js             @js  #an inline comment
*.go             docs@example.com
*.txt            @org/writers
/build/logs/     @logs
docs/*           @docs
apps/            @apps
/scripts/        @one @two
**/logs          @deep
/apps/github
with\ space/*    @space
!negated         @nobody
[a-z].md         @nobody
"""


@pytest.mark.parametrize(
    ("path", "owners"),
    [
        ("README.md", ("@everybody", "@other")),
        ("a.md", ("@everybody", "@other")),
        ("src/deep/app.js", ("@js",)),
        ("main.go", ("docs@example.com",)),
        ("notes/a.txt", ("@org/writers",)),
        ("build/logs/x.js", ("@deep",)),
        ("docs/start.js", ("@docs",)),
        ("docs/build/start.js", ("@js",)),
        ("apps/a.txt", ("@apps",)),
        ("src/apps/a.txt", ("@apps",)),
        ("scripts/run.sh", ("@one", "@two")),
        ("src/scripts/run.sh", ("@everybody", "@other")),
        ("a/b/logs/c", ("@deep",)),
        ("apps/github/x", ()),
        ("with space/x", ("@space",)),
        ("negated", ("@everybody", "@other")),
    ],
)
def test_the_last_rule_that_matches_wins(path: str, owners: tuple[str, ...]) -> None:
    assert CodeOwners.parse(FILE).owners(path) == owners


@pytest.mark.parametrize(
    ("pattern", "matches", "others"),
    [
        ("foo", "foo foo/bar bar/foo bar/foo/baz", "foo.txt bar/foo.txt"),
        ("/foo", "foo foo/bar", "fool bar/foo"),
        ("foo/", "foo/bar bar/foo/baz", "foo bar/foo"),
        ("foo/bar", "foo/bar foo/bar/baz", "foo/bart baz/foo/bar"),
        ("foo/bar/", "foo/bar/baz", "foo/bar baz/foo/bar/qux"),
        ("f*", "foo foo/bar bar/foo", "xfoo"),
        ("/*", "foo", "foo/bar"),
        ("/*/", "foo/bar foo/bar/baz", "foo"),
        (r"f\*o", "f*o", "foo"),
        ("foo/*", "foo/bar", "foo foo/bar/baz bar/foo/baz"),
        ("foo/*.txt", "foo/a.txt", "foo/a/b.txt x/foo/a.txt"),
        ("foo/*/baz", "foo/a/baz foo/a/baz/b", "foo/baz"),
        ("f?o", "foo", "fo fooo"),
        ("**/foo/bar", "foo/bar a/b/foo/bar/c", "foo/a/bar"),
        ("foo/**", "foo/a foo/a/b", "foo a/foo/b"),
        ("foo/**/bar", "foo/bar foo/a/b/bar foo/bar/c", "a/foo/bar"),
    ],
)
def test_patterns(pattern: str, matches: str, others: str) -> None:
    rules = CodeOwners.parse(f"{pattern} @it")
    assert [path for path in matches.split() if not rules.owners(path)] == []
    assert [path for path in others.split() if rules.owners(path)] == []


def test_a_rule_that_could_take_for_ever_is_left_out() -> None:
    rules = CodeOwners.parse("* @all\n" + "**/a/" * 20 + "b @slow\n" + "*a" * 20 + " @slow\n")
    assert rules.owners("a/" * 40 + "c") == ("@all",)
    assert rules.owners("a" * 100 + "b") == ("@all",)


def test_sections_of_gitlab_each_have_a_last_rule_and_may_have_owners() -> None:
    rules = CodeOwners.parse("* @all\n[Docs][2] @writers\n*.md\n^[Tests]\ntests/ @testers\ntests/x @x\n")
    assert rules.owners("README.md") == ("@all", "@writers")
    assert rules.owners("tests/x") == ("@all", "@x")


def test_headers_of_one_name_are_one_section_of_gitlab() -> None:
    rules = CodeOwners.parse("[Ruby] @first\n*.rb\n[Docs]\ndocs/ @docs\n[ruby]\nmodel/*.rb @second\n")
    assert rules.owners("a.rb") == ("@first",)
    assert rules.owners("model/a.rb") == ("@second",)


def test_only_people_can_be_assigned() -> None:
    assert people(("@alice", "@org/team", "bob@example.com", "@carol-x", "mallory")) == ("alice", "carol-x")


@pytest.mark.parametrize(
    ("line", "path"),
    [
        ("src/app.py:12: error: no", "src/app.py"),
        ("/home/runner/work/app/app/src/a.ts(3,4): error TS1", "src/a.ts"),
        ("/builds/group/app/src/a.c:3:4: error", "src/a.c"),
        ("FAILED tests/test_x.py::test_a - assert", "tests/test_x.py"),
        ('  File "src/x/y.py", line 12, in z', "src/x/y.py"),
        (r"D:\a\app\app\src\Main.cs(4,5): error CS1", "src/Main.cs"),
        ("/usr/lib/python3/a.py:3: x", ""),
        ("../../etc/passwd.txt:3", ""),
        ("curl: (6) Could not resolve host: a.example", ""),
        ("", ""),
    ],
)
def test_the_file_that_a_line_points_at(line: str, path: str) -> None:
    assert path_in(line) == path


def test_a_long_line_of_anything_is_read_in_no_time() -> None:
    assert path_in("a/" * 200_000) == ""
    assert path_in("a." * 200_000) == ""

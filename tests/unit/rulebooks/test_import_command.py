"""`lumen signatures import` from a file to a file that `lumen` reads."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from lumen_action import yamlite
from lumen_action.catalogue import OWN_RULES, load_catalogue
from lumen_action.cli import main
from lumen_action.commands import World

RULES = [{"error_text": "Could not resolve host: example.org", "ticket": 12}, {"error_text": "ab", "ticket": 13}]


class Terminal:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "errors.json").write_text(json.dumps(RULES), encoding="utf-8")
        self.out = self.err = ""

    def run(self, *words: str) -> int:
        out, err = io.StringIO(), io.StringIO()
        code = main(["signatures", "import", *words], World(env={}, folder=self.folder, stdout=out, stderr=err))
        self.out, self.err = out.getvalue(), err.getvalue()
        return code


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    return Terminal(tmp_path)


def test_the_file_goes_to_stdout_and_the_words_to_stderr(terminal: Terminal) -> None:
    assert terminal.run("errors.json") == 0
    document = yamlite.load(terminal.out, "out")
    assert isinstance(document, dict)
    assert [row["id"] for row in document["signatures"]] == ["openvino-could-not-resolve-host-example-org"]
    assert terminal.err.splitlines()[1:] == [
        (
            "rule 2: left out: `ab` is too short, or no text of one line; "
            "`ab` is short and will be found in much that is no failure"
        ),
        "1 of 2 rules taken over from errors.json (openvino)",
    ]


def test_what_is_written_is_read_as_the_workspaces_own_rules(terminal: Terminal) -> None:
    assert terminal.run("errors.json", "--output", str(OWN_RULES)) == 0
    assert terminal.out == ""
    own = load_catalogue(own=terminal.folder / OWN_RULES)
    assert [each.id for each in own.signatures.values() if each.origin] == [
        "openvino-could-not-resolve-host-example-org"
    ]
    assert terminal.run("errors.json", "--output", str(OWN_RULES)) == 2
    assert "is there already; name a new file and join the two by hand" in terminal.err


def test_as_json_it_is_one_object_with_the_document_and_what_became_of_each_rule(terminal: Terminal) -> None:
    assert terminal.run("errors.json", "--json", "--format", "openvino") == 0
    answer = json.loads(terminal.out)
    assert answer["format"] == "openvino"
    assert answer["document"]["signatures"][0]["id"] == answer["rules"][0]["id"]
    assert (answer["rules"][1]["place"], answer["rules"][1]["id"]) == ("rule 2", None)
    assert answer["rules"][1]["left_out"].startswith("`ab` is too short")


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (("nowhere.json",), "nowhere.json cannot be read"),
        (("errors.json", "--format", "gitlab"), "errors.json: is not of the form it should be"),
        (("errors.json", "--output", "errors.json/x.yml"), "cannot be written"),
        (("binary",), "give the path of a text file in UTF-8"),
        (("large",), "is larger than 1 MiB"),
    ],
)
def test_what_cannot_be_done_is_one_clear_error(words: tuple[str, ...], fault: str, terminal: Terminal) -> None:
    (terminal.folder / "binary").write_bytes(b"\xff\xfe\x00")
    (terminal.folder / "large").write_bytes(b"#" * ((1 << 20) + 1))
    assert terminal.run(*words) == 2
    assert fault in terminal.err


def test_what_a_foreign_file_says_does_not_reach_the_terminal_as_a_command(terminal: Terminal) -> None:
    hostile = [{"error_text": "\x1b[2Jgone", "ticket": "\x1b]0;x\x07"}, {"error_text": "a good one"}]
    (terminal.folder / "errors.json").write_text(json.dumps(hostile), encoding="utf-8")
    assert terminal.run("errors.json") == 0
    assert "\x1b" not in terminal.out + terminal.err

"""`lumen signatures`: what people and programs are told about the signatures."""

from __future__ import annotations

import gzip
import io
import json
import re
import zipfile
from pathlib import Path
from typing import Any

import pytest
from golden import assert_golden
from runner_parser import Runner

from lumen_action import yamlite
from lumen_action.cli import main
from lumen_action.commands import World
from lumen_action.commands.signatures import SUBCOMMANDS
from lumen_action.failure import parse_catalogue

LOST = """
ecosystem: acme
signatures:
  - id: acme-lost
    class: network
    subclass: reset
    anchors: ['acme: connection lost']
    pattern: 'acme: connection lost at \\w{1,40}'
    unless: ['drill']
    meaning: The connection broke off.
    hint: 'Run it again.'
    examples:
      matches: ['acme: connection lost at night']
      ignores: ['acme: connection found']
    source: acme
  - id: acme-full
    class: environment
    subclass: runner_lost
    anchors: ['acme: disk full']
    near: ['writing']
    meaning: No room is left.
    hint: 'Remove something.'
    examples:
      matches: ["writing\\nacme: disk full"]
      ignores: ['acme: disk half full']
    source: acme
"""
OWN = """
override:
  - id: acme-lost
    scope: job
signatures:
  - id: own-late
    class: external_api
    subclass: rate_limit
    anchors: ['come back later']
    meaning: It is too early.
    hint: 'Wait.'
    examples: {matches: ['come back later'], ignores: ['come back']}
    source: us
"""


class Terminal:
    """A person's terminal in a folder with a folder of rules."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.env: dict[str, str] = {}
        self.times = iter(range(0, 10**9, 100))
        self.out = self.err = ""
        self.file("rules/acme.yml", LOST)

    def file(self, name: str, text: str | bytes) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    def run(self, *words: str, stdin: bytes = b"") -> int:
        out, err = io.StringIO(), io.StringIO()
        world = World(
            env=self.env,
            folder=self.folder,
            stdin=io.BytesIO(stdin),
            stdout=out,
            stderr=err,
            clock_ms=lambda: next(self.times),
        )
        try:
            return main(["signatures", *words], world)
        finally:
            self.out, self.err = out.getvalue(), err.getvalue()

    def acme(self, command: str, *words: str, stdin: bytes = b"") -> int:
        return self.run(command, *words, "--rules", "rules", stdin=stdin)

    def answer(self) -> Any:  # noqa: ANN401 - any JSON value
        return json.loads(self.out)


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    return Terminal(tmp_path)


@pytest.mark.parametrize("name", sorted(SUBCOMMANDS))
def test_every_subcommand_explains_itself_with_an_example(
    name: str, terminal: Terminal, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        terminal.run(name, "--help")
    assert ended.value.code == 0
    said = capsys.readouterr().out
    assert re.search(rf"examples?:\n  lumen signatures {name}", said)
    assert "--json" in said


def test_without_a_subcommand_it_says_which_there_are(terminal: Terminal, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        terminal.run()
    assert ended.value.code == 2
    assert "SUBCOMMAND" in capsys.readouterr().err


def test_the_list_is_a_table_with_counts(terminal: Terminal) -> None:
    terminal.file(".lumen/signatures.yml", OWN)
    assert terminal.acme("list") == 0
    assert_golden("signatures/list.txt", terminal.out)
    assert terminal.acme("list", "--class", "network", "--subclass", "connection_reset", "--json") == 0
    (row,) = terminal.answer()
    assert (row["id"], row["error_subclass"], row["rerun_scope"], row["own"]) == ("acme-lost", "reset", "job", True)
    assert terminal.acme("list", "--ecosystem", "acme", "--class", "build") == 0
    assert terminal.out == "0 signatures of 0 ecosystems\n"


def test_words_that_nothing_goes_by_are_told_together_with_the_nearest(terminal: Terminal) -> None:
    assert terminal.acme("list", "--class", "netwrk", "--ecosystem", "acne", "--subclass", "rset") == 2
    assert terminal.err.splitlines() == [
        "error: --class: nothing is called `netwrk`; did you mean `network`?",
        "error: --ecosystem: nothing is called `acne`; did you mean `acme`?",
        "error: --subclass: nothing is called `rset`; did you mean `reset`?",
    ]


def test_what_is_shown_reads_back_as_a_rule_file(terminal: Terminal) -> None:
    assert terminal.acme("show", "acme-full") == 0
    assert_golden("signatures/show.txt", terminal.out)
    _, _, written = terminal.out.partition("\n\n")
    again = parse_catalogue({"again": yamlite.load(written, "again")})
    assert again.signatures["acme-full"].matches == ("writing\nacme: disk full",)
    assert terminal.acme("show", "acme-lost", "--json") == 0
    assert terminal.answer()["rule"]["unless"] == ["drill"]


def test_an_unknown_id_names_the_nearest(terminal: Terminal) -> None:
    assert terminal.acme("show", "acme-last") == 2
    assert terminal.err == "error: show: no signature is called `acme-last`; nearest are `acme-lost`, `acme-full`\n"


def test_a_text_is_tried_on_every_signature(terminal: Terminal) -> None:
    assert terminal.acme("test", "acme: connection lost at night", "acme: connection lost at drill") == 0
    assert terminal.out.splitlines() == [
        "line 1: acme: connection lost at night",
        "  acme-lost network/reset at 0-30: `acme: connection lost at night`",
        "line 2: acme: connection lost at drill",
        "  acme-lost network/reset at 0-30: `acme: connection lost at drill`, but `unless` finds `drill`",
        "network reset by acme-lost, retry scope step",
    ]
    assert terminal.acme("test", "--json", "acme: disk full") == 0
    answer = terminal.answer()
    assert [(each["signature"], each["near_missing"], each["counts"]) for each in answer["matches"]] == [
        ("acme-full", True, False)
    ]
    assert answer["verdict"]["error_class"] == "unknown"
    assert terminal.acme("test", "all is well") == 0
    assert terminal.out.startswith("no signature matches; ")


def test_a_log_is_tried_from_a_file_or_from_stdin(terminal: Terminal) -> None:
    log = b"writing\r\n##[error]acme: disk full\r\n"
    terminal.file("job.log.gz", gzip.compress(log))
    assert terminal.acme("test", "--log", "job.log.gz") == 0
    from_file = terminal.out
    assert terminal.acme("test", "--log", "-", stdin=log) == 0
    assert terminal.out == from_file
    assert "line 2: acme: disk full" in from_file
    assert terminal.acme("test", "--log", "-", "and a text") == 2


def test_on_a_runner_what_is_quoted_commands_nothing(terminal: Terminal) -> None:
    terminal.env["GITHUB_ACTIONS"] = "true"
    text = "acme: connection lost at night ##[add-path]/evil"
    for words in ([], ["--json"]):
        assert terminal.acme("test", *words, text) == 0
        assert Runner().read(terminal.out).obeyed == []


def test_without_a_text_every_example_is_tried(terminal: Terminal) -> None:
    assert terminal.acme("test") == 0
    assert terminal.out == "4 examples of 2 signatures, 0 failed\n"
    terminal.file("rules/acme.yml", LOST.replace("lost at night", "gone at night"))
    assert terminal.acme("test") == 2
    assert "acme-lost: examples.matches 1: " in terminal.out
    assert terminal.acme("test", "--json") == 2
    assert [each["signature"] for each in terminal.answer()["failures"]] == ["acme-lost"]


def test_sound_rules_have_nothing_to_mend(terminal: Terminal) -> None:
    terminal.file(".lumen/signatures.yml", OWN)
    assert terminal.acme("lint") == 0
    assert terminal.out == "3 signatures looked at, 0 faults\n"
    assert terminal.acme("lint", "--json") == 0
    assert terminal.answer() == []


def test_faults_of_the_file_and_of_the_rules_are_told_together(terminal: Terminal) -> None:
    terminal.file(
        "rules/acme.yml",
        LOST.replace("class: environment", "class: enviroment").replace(r"\w{1,40}", r"(\w+\s?)+"),
    )
    terminal.file("rules/more.yml", "ecosystem: [more\n")
    assert terminal.acme("lint") == 2
    first, second, *others, last = terminal.out.splitlines()
    assert first.startswith("more.yml line ")
    assert second.startswith("acme.yml: acme-full: class: `enviroment` is not one of network,")
    assert any(line.startswith("acme.yml: acme-lost: pattern: ") and "too many ways" in line for line in others)
    assert any("captures what nobody reads; write `(?:`" in line for line in others)
    assert last == "1 signatures looked at, 4 faults"
    assert terminal.acme("lint", "--json") == 2
    assert {each["check"] for each in terminal.answer()} == {"schema", "slow", "group"}
    assert terminal.answer()[1] == {
        "file": "acme.yml",
        "signature": "acme-full",
        "field": "class",
        "fault": terminal.answer()[1]["fault"],
        "fix": terminal.answer()[1]["fix"],
        "check": "schema",
        "level": "fault",
    }


def test_a_signature_without_examples_is_told_of_and_no_stack_trace(terminal: Terminal) -> None:
    text = LOST.replace("    examples:\n      matches: ['acme: connection lost at night']\n", "    was:\n")
    terminal.file("rules/acme.yml", text)
    assert terminal.acme("lint") == 2
    assert "acme.yml: acme-lost: examples: missing; give `matches:` and `ignores:`" in terminal.out
    assert "acme.yml: acme-lost: was: unknown field `was`" in terminal.out


def test_given_files_are_looked_at_with_the_others_beside_them(terminal: Terminal) -> None:
    shadow = LOST.replace("acme-", "copy-").replace("tier:", "")
    terminal.file("draft.yml", shadow.replace("acme: disk full", "disk fill").replace("half full", "half fill"))
    terminal.file("rules/bad.yml", LOST.replace("acme-", "bad-").replace("'drill'", "'(drill'"))
    assert terminal.acme("lint", "draft.yml") in (0, 2)
    assert "bad-" not in terminal.out
    assert terminal.out.splitlines()[-1].startswith("2 signatures looked at")
    assert terminal.acme("lint", "rules/bad.yml") == 2
    assert "bad.yml: bad-lost: unless: `(drill` is no regular expression" in terminal.out
    terminal.file("own.yml", OWN.replace("acme-lost", "acme-lots"))
    assert terminal.acme("lint", "own.yml") == 2
    assert "own.yml: acme-lots: id: " in terminal.out
    assert terminal.acme("lint", "nowhere.yml") == 2
    assert "nowhere.yml: cannot be read" in terminal.out


def test_a_green_log_with_a_class_is_a_fault(terminal: Terminal) -> None:
    terminal.file("green/deep/job.log", "begin\nacme: connection lost at night\n")
    terminal.file("green/quiet.log", "all is well\n")
    assert terminal.acme("lint", "--green", "green") == 2
    assert terminal.out.splitlines()[0] == (
        "acme.yml: acme-lost: pattern: calls the green log deep/job.log network/reset, line 2: "
        "`acme: connection lost at night`; tighten it, or add an `unless`"
    )
    assert terminal.acme("lint", "--green", "nowhere") == 2
    assert "nowhere: is no folder" in terminal.err


def test_advice_is_told_when_asked_for_and_does_not_fail(terminal: Terminal) -> None:
    terminal.file("rules/acme.yml", LOST.replace("connection lost']", "connection lost', 'lost at midnight']"))
    assert terminal.acme("lint") == 0
    assert "advice" not in terminal.out
    assert terminal.acme("lint", "--advice") == 0
    assert "advice: acme.yml: acme-lost: anchors: `lost at midnight` stands in no positive example" in terminal.out


def test_who_waits_long_is_told_how_far_it_is(terminal: Terminal) -> None:
    terminal.times = iter(range(0, 10**9, 4000))
    assert terminal.acme("lint") == 0
    assert "1 of 2 signatures looked at" in terminal.err


@pytest.fixture
def logs(terminal: Terminal) -> Terminal:
    terminal.file("logs/lost.log", "acme: connection lost at night\n")
    terminal.file("logs/more/full.txt.gz", gzip.compress(b"writing\nacme: disk full\n"))
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("1_build.txt", "all is well\n")
    terminal.file("logs/quiet.zip", packed.getvalue())
    return terminal


def test_a_backtest_says_what_the_rules_say(logs: Terminal) -> None:
    assert logs.acme("backtest", "logs") == 0
    assert logs.out.splitlines() == [
        "lost.log: network reset by acme-lost, retry scope step, line 1",
        "more/full.txt.gz: environment runner_lost by acme-full, retry scope job, line 2",
        "quiet.zip: unknown no_failure, retry scope none",
        "3 logs: 1 network, 1 environment, 1 unknown",
    ]
    assert logs.acme("backtest", "logs", "--json") == 0
    assert logs.answer()["logs"]["lost.log"]["evidence_text"] == "acme: connection lost at night"


def test_what_has_changed_since_a_saved_answer_is_told(logs: Terminal) -> None:
    assert logs.acme("backtest", "logs", "--save", "before.json") == 0
    assert logs.acme("backtest", "logs", "--baseline", "before.json") == 0
    assert logs.out == "0 of 3 logs changed\n"
    logs.file("rules/acme.yml", LOST.replace("subclass: reset", "subclass: dns"))
    logs.file("logs/new.log", "")
    (logs.folder / "logs" / "quiet.zip").unlink()
    assert logs.acme("backtest", "logs", "--baseline", "before.json") == 0
    assert logs.out.splitlines() == [
        "lost.log: error_subclass reset -> dns",
        "new.log: new",
        "quiet.zip: gone",
        "1 of 3 logs changed: 1 error_subclass",
    ]
    logs.file("rules/acme.yml", LOST.replace("    near", "    scope: none\n    near"))
    assert logs.acme("backtest", "logs", "--baseline", "before.json", "--json") == 1
    changes = logs.answer()["changes"]
    assert changes["logs"] == {"more/full.txt.gz": {"rerun_scope": {"before": "job", "after": "none"}}}
    assert (changes["counts"], changes["regressed"]) == ({"rerun_scope": 1}, True)


def test_rules_are_compared_with_rules(logs: Terminal) -> None:
    logs.file("older/acme.yml", LOST.replace("class: network", "class: external_api").replace("reset", "registry"))
    assert logs.acme("backtest", "logs", "--against", "older") == 1
    assert logs.out.splitlines()[0] == (
        "lost.log: error_class external_api -> network, error_subclass registry -> reset"
    )


@pytest.mark.parametrize(
    "text", ["no json", "[]", '{"version": 7}', '{"version": 1}', '{"version": 1, "logs": {"a": 1}}']
)
def test_a_baseline_that_is_none_is_refused(text: str, logs: Terminal) -> None:
    logs.file("before.json", text)
    assert logs.acme("backtest", "logs", "--baseline", "before.json") == 2
    assert "error: --baseline: " in logs.err
    assert "make it anew with --save" in logs.err


def test_labels_beside_the_logs_give_the_accuracy(logs: Terminal) -> None:
    rows = [
        {"file": "lost.log", "label": "network", "subclass": "connection_reset", "evidence_line": 1},
        {"file": "more/full.txt.gz", "label": "environment", "evidence_line": 1},
        {"file": "quiet.zip", "label": "build", "note": "not looked at"},
    ]
    logs.file("logs/labels.jsonl", "".join(f"{json.dumps(row)}\n" for row in rows))
    assert logs.acme("backtest", "logs") == 0
    assert logs.out.splitlines()[-2:] == [
        "quiet.zip: labelled build, found unknown no_failure, retry scope none",
        "right: class 2 of 3 (66.7 %), subclass 1 of 1 (100.0 %), evidence_line 1 of 2 (50.0 %)",
    ]
    assert logs.acme("backtest", "logs", "--json") == 0
    assert logs.answer()["accuracy"]["class"] == {"right": 2, "labelled": 3}


def test_faults_of_the_labels_are_told_together(logs: Terminal) -> None:
    rows = [
        '{"file": "lost.log", "label": "netwrok"}',
        "no json",
        '{"file": "gone.log", "label": "network"}',
        '{"file": "lost.log", "label": "network", "subclass": "disk"}',
        '{"file": "lost.log", "label": "network", "evidence_line": "1"}',
        "[]",
    ]
    logs.file("logs/labels.jsonl", "\n".join(rows))
    assert logs.acme("backtest", "logs") == 2
    assert [line.split(": ")[1] for line in logs.err.splitlines()] == [f"labels.jsonl line {n}" for n in range(1, 7)]
    assert "did you mean `network`?" in logs.err


def test_a_log_that_cannot_be_read_is_left_out_and_told_of(logs: Terminal) -> None:
    logs.file("logs/torn.zip", b"PK\x03\x04 torn")
    assert logs.acme("backtest", "logs") == 0
    assert "torn.zip" not in logs.out
    assert "left out: log-file: " in logs.err
    assert "torn.zip" in logs.err
    assert logs.acme("backtest", "nowhere") == 2

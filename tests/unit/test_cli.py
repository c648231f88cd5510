from __future__ import annotations

import io
import json
import re
from pathlib import Path

import pytest
from facts import NOON
from runner_parser import Runner

from lumen_action import __version__
from lumen_action.cli import COMMANDS, main
from lumen_action.commands import World


class Terminal:
    """A person's terminal in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.env = {"LUMEN_STATE_DIR": str(folder / "state")}
        self.out = self.err = ""

    def run(self, *words: str, stdin: bytes = b"") -> int:
        out, err = io.StringIO(), io.StringIO()
        world = World(
            env=self.env, folder=self.folder, stdin=io.BytesIO(stdin), stdout=out, stderr=err, clock_ms=lambda: NOON
        )
        try:
            return main(list(words), world)
        finally:
            self.out, self.err = out.getvalue(), err.getvalue()


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    return Terminal(tmp_path)


def test_without_a_command_it_says_what_there_is(terminal: Terminal) -> None:
    assert terminal.run() == 0
    assert all(name in terminal.out for name in COMMANDS)
    assert terminal.run("--version") == 0
    assert terminal.out == f"lumen {__version__}\n"


def test_an_unknown_command_names_the_known_ones(terminal: Terminal) -> None:
    assert terminal.run("recrod") == 2
    assert "`recrod` is not a command" in terminal.err
    assert "record" in terminal.err


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_explains_itself_with_an_example(
    name: str, terminal: Terminal, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        terminal.run(name, "--help")
    assert ended.value.code == 0
    assert re.search(rf"examples?:\n  (make .*\| )?lumen {name}", capsys.readouterr().out)


def test_a_recorded_run_is_in_the_state(terminal: Terminal) -> None:
    terminal.run("record", "--stage", "build", "--pipeline", "nightly", "--region", "eu", "--outcome", "success")
    terminal.run("record", "--stage", "run", "--pipeline", "nightly", "--region", "eu", "--outcome", "success")
    assert terminal.err.startswith("run succeeded in eu\n")
    assert terminal.run("state") == 0
    assert "eu: 1 of 1 runs succeeded\n" in terminal.out
    assert terminal.run("state", "--json") == 0
    region = json.loads(terminal.out)["pipelines"]["nightly"]["regions"]["eu"]
    assert (region["runs"], region["success"], region["stages"]["build"]["success"]) == (1, 1, 1)


def test_record_answers_with_one_object_and_nothing_else(terminal: Terminal) -> None:
    terminal.run("record", "--stage", "run", "--outcome", "success", "--json", "--run-id", "r1")
    answer = json.loads(terminal.out)
    assert answer["run"] == "r1"
    assert answer["rerun"] is False


def test_an_empty_ledger_says_how_to_begin(terminal: Terminal) -> None:
    assert terminal.run("state") == 0
    assert "lumen record" in terminal.out


@pytest.mark.parametrize(
    ("form", "holds"),
    [
        ("prometheus", 'lumen_runs_total{pipeline="p",region="default"} 1'),
        ("openmetrics", "# EOF"),
        ("json", '"lumen_runs_total"'),
        ("csv", "lumen_runs_total"),
    ],
)
def test_the_totals_come_in_four_formats(form: str, holds: str, terminal: Terminal) -> None:
    terminal.run("record", "--stage", "run", "--pipeline", "p", "--outcome", "success")
    assert terminal.run("export", "--format", form) == 0
    assert holds in terminal.out


def test_the_last_line_of_classify_starts_with_the_class(terminal: Terminal) -> None:
    log = b"step 1 ok\ncurl: (6) Could not resolve host: registry.example.org\n"
    (terminal.folder / "build.log").write_bytes(log)
    for words, stdin in ((["build.log"], b""), (["-"], log), ([], log)):
        with_folder = [str(terminal.folder / word) if word == "build.log" else word for word in words]
        assert terminal.run("classify", *with_folder, stdin=stdin) == 0
        assert terminal.out.splitlines()[-1].startswith("network dns ")
        assert "line 2, column 11: curl: (6)" in terminal.out


def test_classify_explains_every_candidate(terminal: Terminal) -> None:
    log = b"curl: (6) Could not resolve host: a.example.org\nmake: *** [all] Error 6\n"
    assert terminal.run("classify", "--explain", stdin=log) == 0
    assert "won" in terminal.out
    assert terminal.run("classify", "--explain", "--json", stdin=log) == 0
    answer = json.loads(terminal.out)
    assert answer["error_class"] == "network"
    assert [row["status"] for row in answer["candidates"]].count("won") == 1


def test_classify_of_a_missing_file_is_one_clear_error(terminal: Terminal) -> None:
    assert terminal.run("classify", "nowhere.log") == 2
    assert "nowhere.log" in terminal.err


def test_publishing_to_nowhere_says_what_to_set(terminal: Terminal) -> None:
    assert terminal.run("publish") == 2
    assert "--pushgateway-url" in terminal.err


def test_publish_writes_the_textfile(terminal: Terminal) -> None:
    folder = terminal.folder / "textfile"
    folder.mkdir()
    terminal.run("record", "--stage", "run", "--pipeline", "p", "--outcome", "success")
    assert terminal.run("publish", "--textfile-dir", str(folder), "--json") == 0
    assert json.loads(terminal.out)["published"][0]["fault"] is None
    [written] = folder.glob("*.prom")
    assert 'lumen_runs_total{pipeline="p",region="default"} 1' in written.read_text()


def test_the_doctor_finds_a_healthy_set_up_and_every_fault(terminal: Terminal) -> None:
    assert terminal.run("doctor") == 0
    assert "fail" not in terminal.out
    assert terminal.run("doctor", "--pushgateway-url", "http://127.0.0.1:9") == 75
    assert "fail  pushgateway:http://127.0.0.1:9" in terminal.out
    (terminal.folder / "lumen.yml").write_text("timezone: Mars\nledgre: x\n")
    assert terminal.run("doctor", "--json") == 2
    findings = json.loads(terminal.out)
    assert [finding["status"] for finding in findings if finding["check"] == "configuration"] == ["fail", "fail"]


def test_the_doctor_names_facts_that_wait(terminal: Terminal) -> None:
    (terminal.folder / "file").write_text("")
    ledger = f"sqlite:{terminal.folder / 'file' / 'l.db'}"
    assert terminal.run("record", "--stage", "build", "--outcome", "success", "--ledger", ledger) == 0
    assert "waits in" in terminal.err
    (terminal.folder / "file").unlink()
    assert terminal.run("doctor", "--ledger", ledger) == 0
    assert "1 waiting for the ledger" in terminal.out


def test_a_fact_that_nobody_can_keep_is_a_warning_and_on_request_an_error(terminal: Terminal) -> None:
    (terminal.folder / "state").write_text("")
    record = ["record", "--stage", "build", "--outcome", "success"]
    assert terminal.run(*record) == 0
    assert "the fact is lost" in terminal.err
    assert terminal.run(*record, "--fail-on-error", "true") == 75


def test_a_spool_that_cannot_be_written_does_not_keep_a_fact_from_the_ledger(terminal: Terminal) -> None:
    (terminal.folder / "state").write_text("")
    ledger = f"sqlite:{terminal.folder / 'ledger.db'}"
    assert terminal.run("record", "--stage", "build", "--outcome", "success", "--ledger", ledger, "--json") == 0
    assert json.loads(terminal.out)["ledger"] == "created"


def test_the_demo_ends_with_a_summary_and_a_page(terminal: Terminal) -> None:
    for _ in range(2):
        assert terminal.run("demo", "--folder", "shown") == 0
        page = terminal.folder / "shown" / "page.html"
        assert str(page) in terminal.out
        assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
        assert "network/reset" in terminal.out
        assert "token_expired/secret_expired" in terminal.out
        assert "won by eu-west-1" in terminal.out.replace("\\", "")


def test_on_a_runner_an_answer_that_quotes_a_log_commands_nothing(terminal: Terminal) -> None:
    terminal.env["GITHUB_ACTIONS"] = "true"
    log = b"##[add-mask]x\ncurl: (6) Could not resolve host: ##[add-path]/evil\n::set-output name=a::b\n"
    for words in ([], ["--json"], ["--explain"], ["--explain", "--json"]):
        assert terminal.run("classify", *words, stdin=log) == 0
        assert Runner().read(terminal.out).obeyed == []
    assert json.loads(terminal.out)["evidence"]["text"].endswith("##[add-path]/evil")


def test_a_fault_of_ours_is_neither_a_block_nor_the_code_of_a_command(terminal: Terminal) -> None:
    terminal.run("demo")

    def no_clock() -> int:
        raise RuntimeError("no clock")

    out, err = io.StringIO(), io.StringIO()
    world = World(env=terminal.env, folder=terminal.folder, stdout=out, stderr=err, clock_ms=no_clock)
    assert main(["gate", "--ledger", "sqlite:lumen-demo/ledger.db"], world) == 70
    assert "lumen gate" in err.getvalue()
    assert "RuntimeError: no clock" in err.getvalue()
    assert "please report it" in err.getvalue()

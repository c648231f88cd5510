"""`lumen rules import` and `lumen rules export`, from files to files."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from slodocuments import slo_text, taken

from lumen_action import yamlite
from lumen_action.cli import main
from lumen_action.commands import World

SLOTH = """version: prometheus/v1
service: shop
slos:
  - name: errors
    objective: 99
    sli: {events: {error_query: "sum(rate(a[{{.window}}]))", total_query: "sum(rate(b[{{.window}}]))"}}
"""


class Terminal:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.out = self.err = ""

    def run(self, *words: str) -> int:
        out, err = io.StringIO(), io.StringIO()
        code = main(["rules", *words], World(env={}, folder=self.folder, stdout=out, stderr=err))
        self.out, self.err = out.getvalue(), err.getvalue()
        return code

    def write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    return Terminal(tmp_path)


def test_documents_go_to_stdout_and_words_to_stderr(terminal: Terminal) -> None:
    terminal.write("sloth.yml", SLOTH)
    assert terminal.run("import", "sloth.yml") == 0
    assert [slo.name for slo in taken(terminal.out).book.slos] == ["shop-errors"]
    assert terminal.err.splitlines()[0].startswith(
        "note: sloth.yml line 6: slos[0].sli.events.error_query: every `rate`"
    )
    assert terminal.err.splitlines()[-1] == "objectives taken over: 1"


def test_a_folder_is_read_and_a_folder_is_written(terminal: Terminal) -> None:
    terminal.write("in/a.yml", SLOTH)
    terminal.write("in/b.yaml", slo_text())
    terminal.write("in/README.md", "no: [document")
    assert terminal.run("import", "in", "--out", "out", "--json") == 0
    answer = json.loads(terminal.out)
    written = sorted(path.name for path in (terminal.folder / "out").iterdir())
    assert written == ["shared.yml", "shop-errors.yml", "x.yml"]
    assert sorted(Path(name).name for name in answer["files"]) == written
    assert sorted(answer["slos"]) == ["shop-errors", "x"]
    assert len(answer["documents"]) == 3
    assert terminal.run("import", "out") == 0
    assert terminal.run("import", "out", "--out", "out") == 2
    assert terminal.err.count("is there already; name another folder") == 3


def test_names_that_would_be_one_file_become_two(terminal: Terminal) -> None:
    names = ("a/b", "a_b", "shared", "..", "가" * 250)
    for number, name in enumerate(names):
        terminal.write(f"in/{number}.yml", slo_text(name=f"'{name}'"))
    terminal.write("in/sloth.yml", SLOTH)
    assert terminal.run("import", "in", "--out", "out") == 0
    written = {path.name for path in (terminal.folder / "out").iterdir()}
    assert written > {"a_b.yml", "a_b-2.yml", "shared.yml", "shared-2.yml", "unnamed.yml"}
    assert terminal.run("import", "out", "--json") == 0
    assert sorted(json.loads(terminal.out)["slos"]) == sorted((*names, "shop-errors"))


def test_a_file_without_a_document_is_told(terminal: Terminal) -> None:
    terminal.write("a.yml", "# nothing yet\n")
    assert terminal.run("import", "a.yml") == 0
    assert "note: a.yml: holds no document" in terminal.err


def test_every_fault_of_every_file_is_told_and_nothing_is_written(terminal: Terminal) -> None:
    terminal.write("a.yml", slo_text(objective="{target: 1}"))
    terminal.write("b.yml", "a: &x 1\n")
    terminal.write("c.yml", SLOTH.replace("99", "101"))
    assert terminal.run("import", "a.yml", "b.yml", "c.yml", "d.yml", "--out", "out") == 2
    for told in (
        "a.yml line 9: spec.objectives[0].target",
        "b.yml line 1: found an anchor",
        "c.yml line 5: slos[0].objective",
        "d.yml cannot be read",
    ):
        assert told in terminal.err
    assert not (terminal.folder / "out").exists()


def test_from_says_whose_they_are(terminal: Terminal) -> None:
    terminal.write("a.yml", SLOTH)
    assert terminal.run("import", "a.yml", "--from", "openslo") == 2
    assert "apiVersion: found nothing; write `apiVersion: openslo/v1`" in terminal.err


def test_an_empty_folder_is_no_success(terminal: Terminal) -> None:
    (terminal.folder / "in").mkdir()
    assert terminal.run("import", "in") == 2
    assert "in: found no file that ends in .yml, .yaml, .json" in terminal.err


def test_export_writes_what_lumen_yml_promises(terminal: Terminal) -> None:
    terminal.write("lumen.yml", "pipeline: Nightly report\nslo: {run: 0.95, day: 0.9, stage: 0.8, first-try: 0.7}\n")
    assert terminal.run("export", "--config", "lumen.yml") == 0
    found = taken(terminal.out)
    assert (found.problems, found.notes) == ((), ())
    run, day, stage, first_try = found.book.slos
    assert (run.name, run.objectives[0].target, str(run.window.duration)) == ("nightly-report-run", 0.95, "30d")
    assert (day.name, day.service, day.objectives[0].target) == ("nightly-report-day", "nightly-report", 0.9)
    assert (stage.name, first_try.name) == ("nightly-report-stage", "nightly-report-first-try")
    assert [slo.source.pipeline for slo in (run, day)] == ["Nightly report", "Nightly report"]
    assert terminal.run("export", "--config", "lumen.yml", "--json") == 0
    assert json.loads(terminal.out) == [document.value for document in yamlite.load_all(as_yaml(terminal), "x")]


@pytest.mark.parametrize("pipeline", ["long " * 20, "야간 보고서"])
def test_objectives_of_any_pipeline_have_names_of_their_own(pipeline: str, terminal: Terminal) -> None:
    terminal.write("lumen.yml", f"pipeline: '{pipeline.strip()}'\nslo: {{run: 0.95, first-try: 0.7}}\n")
    found = taken(as_yaml(terminal))
    assert (found.problems, found.notes) == ((), ())
    run, first_try = found.book.slos
    assert run.name.endswith("-run")
    assert first_try.name.endswith("-first-try")
    assert len(run.name) <= 63 >= len(first_try.name)


def as_yaml(terminal: Terminal) -> str:
    terminal.run("export", "--config", "lumen.yml")
    return terminal.out


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("pipeline: x\n", "slo: no objective is set; write `slo: {run: 0.95}`"),
        ("slo: {run: 0.9}\n", "pipeline: is missing"),
    ],
)
def test_export_says_what_is_missing(terminal: Terminal, text: str, problem: str) -> None:
    terminal.write("lumen.yml", text)
    assert terminal.run("export", "--config", "lumen.yml") == 2
    assert problem in terminal.err

"""`lumen runbook list`, `show`, `lint` and `render` from a terminal."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from facts import NOON

from lumen_action.cli import main
from lumen_action.commands import World
from lumen_action.runbookfiles import load_runbooks
from lumen_action.runbooks.markdown import markdown

OWN = """\
title: Ours
means: It broke.
triggers: [{alert: OursBroke}]
steps: [{name: a, manual: Do it all by hand now.}]
"""
RULES = """\
groups:
  - name: ours
    rules:
      - alert: OursBroke
        expr: up == 0
        annotations: {runbook_url: "https://wiki.example/RUNBOOK.md#%s"}
      - record: x
        expr: up
"""
DAY = 86_400_000


@dataclass
class Desk:
    """Somebody at a terminal in a folder of a team."""

    folder: Path
    now_ms: int = NOON
    env: dict[str, str] = field(default_factory=dict)
    out: str = ""
    err: str = ""

    def run(self, *words: str) -> int:
        out, err = io.StringIO(), io.StringIO()
        world = World(
            env={"LUMEN_STATE_DIR": str(self.folder / "state"), "PATH": "/usr/bin:/bin", **self.env},
            folder=self.folder,
            stdin=io.BytesIO(),
            stdout=out,
            stderr=err,
            clock_ms=lambda: self.now_ms,
        )
        try:
            with world.closing:
                return main(["runbook", *words], world)
        finally:
            self.out, self.err = out.getvalue(), err.getvalue()

    def rows(self) -> list[dict[str, Any]]:
        """Return what was answered, of one thing as of many."""
        found = json.loads(self.out)
        return found if isinstance(found, list) else [found]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    (tmp_path / "books").mkdir()
    (tmp_path / "books" / "ours.yml").write_text(OWN)
    (tmp_path / "lumen.yml").write_text(
        "pipeline: nightly\nrunbooks: {folder: books, automatic: [ours]}\nalerts: {runbook: 'https://wiki.example/RUNBOOK.md'}\n"
    )
    return Desk(tmp_path)


def test_the_list_says_what_starts_each_and_that_drills_cannot_be_known(desk: Desk) -> None:
    assert desk.run("list") == 0
    assert "ours: Ours (the team's own; starts by itself)\n    started by OursBroke\n" in desk.out
    assert "stalled: Start a pipeline that does not run\n    started by LumenPipelineStalled" in desk.out
    assert "when each was drilled cannot be known: no ledger is set" in desk.err


def test_the_list_for_machines_has_one_row_a_runbook(desk: Desk) -> None:
    assert desk.run("list", "--json") == 0
    rows = {row["name"]: row for row in desk.rows()}

    assert set(rows) == {*load_runbooks(None), "ours"}
    assert rows["ours"] == {
        "name": "ours",
        "title": "Ours",
        "alerts": ["OursBroke"],
        "error_classes": [],
        "steps": 1,
        "automatic": True,
        "last_drill": None,
        "own": True,
    }


def test_a_drill_is_seen_in_the_list_and_satisfies_lint_for_thirty_days(desk: Desk) -> None:
    desk.env["LUMEN_LEDGER"] = f"sqlite:{desk.folder}/ledger.db"
    assert desk.run("drill", "ours") == 0
    assert desk.run("list", "--json") == 0
    assert next(row["last_drill"] for row in desk.rows() if row["name"] == "ours").startswith("20")

    def undrilled() -> set[str]:
        assert desk.run("lint", "--json") == 1
        return {row["runbook"] for row in desk.rows() if row["check"] == "undrilled"}

    assert undrilled() == set(load_runbooks(None))
    desk.now_ms += 31 * DAY
    assert undrilled() == {*load_runbooks(None), "ours"}


def test_show_says_what_one_does(desk: Desk) -> None:
    assert desk.run("show", "ours") == 0
    assert "Do it all by hand now." in desk.out
    assert desk.run("show", "slo-burn", "--json") == 0
    assert desk.rows()[0]["steps"][0]["deed"]["argv"][:3] == ["lumen", "slo", "report"]


def test_show_names_those_there_are(desk: Desk) -> None:
    assert desk.run("show", "nothing") == 2
    assert "stage-failed" in desk.err
    assert desk.run("show") == 2


def test_lint_without_a_ledger_says_that_it_could_not_look_and_fails_only_where_that_is_asked(desk: Desk) -> None:
    assert desk.run("lint") == 0
    assert "note: when each was drilled cannot be known" in desk.out
    assert desk.run("lint", "--drilled") == 1
    assert "fault: when each was drilled cannot be known" in desk.out


@pytest.mark.parametrize(("anchor", "code"), [("oursbroke", 0), ("other", 1)])
def test_lint_follows_the_links_of_rule_files(desk: Desk, anchor: str, code: int) -> None:
    (desk.folder / "ours.rules.yml").write_text(RULES % anchor)

    assert desk.run("lint", "--rules", "ours.rules.yml") == code
    assert ("link-to-nowhere" in desk.out or "OursBroke leads to `#other`" in desk.out) is bool(code)


def test_rule_files_may_also_be_named_in_the_environment(desk: Desk) -> None:
    (desk.folder / "ours.rules.yml").write_text(RULES % "other")
    desk.env["LUMEN_RULES"] = "ours.rules.yml"

    assert desk.run("lint") == 1


def test_what_a_rule_file_says_stays_on_its_line(desk: Desk) -> None:
    (desk.folder / "ours.rules.yml").write_text(RULES.replace("alert: OursBroke", 'alert: "a\\n::error::b"') % "other")

    assert desk.run("lint", "--rules", "ours.rules.yml") == 1
    assert not any(line.startswith("::") for line in desk.out.splitlines())


def test_lint_finds_faults_of_the_teams_own(desk: Desk) -> None:
    (desk.folder / "books" / "ours.yml").write_text(OWN.replace("Do it all by hand now.", "Go.").replace("ours", "x"))

    assert desk.run("lint", "--json") == 1
    assert [(row["runbook"], row["check"]) for row in desk.rows() if row["level"] == "fault"] == [
        ("ours", "instructions")
    ]


def test_a_rule_file_without_alerts_is_refused(desk: Desk) -> None:
    (desk.folder / "empty.yml").write_text("groups: []\n")

    assert desk.run("lint", "--rules", "empty.yml", "--rules", "gone.yml") == 2
    assert "empty.yml holds no alert" in desk.err
    assert "gone.yml cannot be read" in desk.err


def test_a_command_that_is_not_there_is_a_note(desk: Desk) -> None:
    step = "{name: a, command: [no-such-program], reads_only: true}, {name: b, command: [lumen, nothing]}"
    (desk.folder / "books" / "ours.yml").write_text(
        f"title: Ours\nmeans: It.\ntriggers: [{{alert: A}}]\nsteps: [{step}]\n"
    )

    assert desk.run("lint") == 0
    assert "note: ours: a: `no-such-program` is not on this machine" in desk.out
    assert "note: ours: b: `lumen` has no command `nothing`" in desk.out


def test_render_writes_the_page_and_check_says_when_it_is_out_of_date(desk: Desk) -> None:
    page = desk.folder / "RUNBOOK.md"

    assert desk.run("render", "--check") == 1
    assert not page.exists()
    assert desk.run("render") == 0
    assert page.read_text(encoding="utf-8") == markdown(load_runbooks(desk.folder / "books"))
    assert desk.run("render", "--check") == 0
    (desk.folder / "books" / "ours.yml").write_text(OWN.replace("It broke", "It is gone"))
    assert desk.run("render", "--check", "--json") == 1
    assert desk.rows()[0]["up_to_date"] is False
    assert desk.run("render", "--out", "docs/alarms.md") == 0
    assert "It is gone" in (desk.folder / "docs" / "alarms.md").read_text(encoding="utf-8")
    assert "It is gone" not in page.read_text(encoding="utf-8")


def test_faults_of_a_teams_file_are_told_with_exit_code_2(desk: Desk) -> None:
    (desk.folder / "books" / "ours.yml").write_text("titel: x\n")

    assert desk.run("list") == 2
    assert "ours.yml line 1: titel: found an unknown field; remove it; did you mean `title`?" in desk.err

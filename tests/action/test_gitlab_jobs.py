"""Jobs of GitLab CI as its shell executor plays them, with the real program."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import check_jsonschema
import jsonschema
import pytest
from gitlabapi import TOKEN, GitLabApi, Trouble
from gitlabjob import COMPONENT, REPOSITORY, GitLab, component, documents, read_pipeline

EXAMPLE = (REPOSITORY / "examples" / "gitlab-ci.yml").read_text(encoding="utf-8")
SCHEMA = json.loads(
    (Path(check_jsonschema.__file__).parent / "builtin_schemas" / "vendor" / "gitlab-ci.json").read_text(
        encoding="utf-8"
    )
)
IMAGE = {"image": "registry.example/lumen:1"}
GOOD = "#!/bin/sh\necho fine\n"
WRONG = (
    "#!/bin/sh\necho 'E   AssertionError: 3 != 4'\necho 'FAILED tests/test_a.py::test_sum - AssertionError'\nexit 3\n"
)
RESET = "#!/bin/sh\necho 'curl: (56) Recv failure: Connection reset by peer'\nexit 56\n"
CHECK = """
  variables: {LUMEN_STAGE: check, LUMEN_LOG_FILE: check.log}
  script: ["./check.sh > check.log 2>&1"]
"""


@dataclass
class Team:
    """A project with the example as its configuration, and a ledger that outlives the jobs."""

    folder: Path
    scripts: dict[str, str] = field(default_factory=dict)

    def gitlab(self, text: str = EXAMPLE, *, api: GitLabApi | None = None, **variables: str) -> GitLab:
        files = {"build.sh": GOOD, "test.sh": GOOD, "upload.sh": GOOD, **self.scripts}
        return GitLab(read_pipeline(text), self.folder, files, {"LUMEN_LEDGER": self.ledger, **variables}, api=api)

    @property
    def ledger(self) -> str:
        return f"sqlite:{self.folder / 'ledger.db'}"

    def state(self) -> dict[str, Any]:
        command = [sys.executable, str(REPOSITORY / "entrypoint.py"), "state", "--json", "--ledger", self.ledger]
        done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=self.folder)
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    def run_of(self, pipeline: str = "nightly") -> dict[str, Any]:
        (found,) = self.state()["pipelines"][pipeline]["runs"]
        whole: dict[str, Any] = found
        return whole

    def region(self) -> dict[str, Any]:
        found: dict[str, Any] = self.state()["pipelines"]["nightly"]["regions"]["eu-west-1"]
        return found


@pytest.fixture
def team(tmp_path: Path) -> Team:
    return Team(tmp_path)


def test_the_example_and_the_component_are_what_gitlab_publishes_a_schema_for() -> None:
    validator = jsonschema.Draft7Validator(SCHEMA)
    assert list(validator.iter_errors(documents(EXAMPLE)[0])) == []
    header, body = documents(COMPONENT.read_text(encoding="utf-8").replace("$[[ inputs.retries ]]", "2"))
    assert list(validator.iter_errors(header)) == []
    assert list(validator.iter_errors(body)) == []
    assert list(validator.iter_errors(component({**IMAGE, "retries": 0}))) == []


def test_so_is_every_block_in_the_documentation() -> None:
    page = (REPOSITORY / "docs" / "gitlab.md").read_text(encoding="utf-8")
    blocks = re.findall(r"(?ms)^```yaml\n(.*?)^```$", page)
    assert len(blocks) > 1
    for block in blocks:
        assert list(jsonschema.Draft7Validator(SCHEMA).iter_errors(documents(block)[0])) == []


def test_the_job_that_the_documentation_shows_does_what_it_says(team: Team) -> None:
    page = (REPOSITORY / "docs" / "gitlab.md").read_text(encoding="utf-8")
    block = next(text for text in re.findall(r"(?ms)^```yaml\n(.*?)^```$", page) if "retry:" in text)
    team.scripts["upload.sh"] = RESET
    gitlab = team.gitlab(block)
    assert gitlab.play("upload").exit_code == 75
    assert len(gitlab.played) == 3
    gitlab.files = {**gitlab.files, "upload.sh": WRONG}
    assert gitlab.play("upload").exit_code == 1
    gitlab.files = {**gitlab.files, "upload.sh": GOOD}
    assert gitlab.play("upload").exit_code == 0


@pytest.mark.parametrize("inputs", [{}, {**IMAGE, "retries": 3}, {**IMAGE, "retries": "2"}, {**IMAGE, "colour": "red"}])
def test_the_component_refuses_wrong_inputs(inputs: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="input"):
        component(inputs)


def test_a_green_pipeline_is_one_run_on_the_day_it_was_created(team: Team) -> None:
    gitlab = team.gitlab()
    gitlab.run()
    assert [(played.name, played.status) for played in gitlab.played] == [
        ("build", "success"),
        ("test", "success"),
        ("upload", "success"),
        ("lumen-success", "success"),
    ]
    run = team.run_of()
    assert (run["outcome"], run["day"], run["region"]) == ("success", "2026-03-01", "eu-west-1")
    assert [stage["stage"] for stage in run["stages"]] == ["build", "test", "upload"]
    assert run["url"] == "https://gitlab.example/group/app/-/pipelines/1000"


def test_the_after_script_knows_that_the_job_failed_and_changes_nothing_about_it(team: Team) -> None:
    team.scripts["build.sh"] = WRONG
    gitlab = team.gitlab()
    gitlab.run()
    build, closing = gitlab.played
    assert (build.status, build.exit_code, closing.name) == ("failed", 3, "lumen-failure")
    assert "[lumen] build failed in eu-west-1: build/test" in build.log
    assert build.dotenv["LUMEN_OUTPUT_ERROR_CLASS"] == "build"
    assert "AssertionError" in build.artifacts[".lumen/summary.md"]
    run = team.run_of()
    assert (run["outcome"], run["failure"]["error_class"]) == ("failure", "build")


def test_a_script_that_does_not_say_the_outcome_is_told_to(team: Team) -> None:
    gitlab = team.gitlab("late:\n  stage: .post\n  script: [lumen record --stage run]\n")
    late = gitlab.play("late")
    assert late.exit_code == 2
    assert "outcome: is missing" in late.log


def test_later_jobs_know_what_earlier_ones_found(team: Team) -> None:
    text = EXAMPLE + "\nlook:\n  stage: test\n  script: ['echo seen $LUMEN_OUTPUT_OUTCOME in $LUMEN_OUTPUT_RUN_ID']\n"
    gitlab = team.gitlab(text)
    gitlab.run()
    (look,) = gitlab.of("look")
    assert "seen success in 20260301-eu-west-1-1a2b3c4" in look.log


def test_a_transient_failure_is_tried_again_by_gitlab_itself_and_its_success_stands(team: Team) -> None:
    mark = team.folder / "tried"
    team.scripts["upload.sh"] = f"#!/bin/sh\n[ -e {mark} ] || {{ touch {mark}; {RESET.splitlines()[1]}; exit 56; }}\n"
    gitlab = team.gitlab()
    gitlab.run()
    assert [(played.status, played.exit_code) for played in gitlab.of("upload")] == [("failed", 75), ("success", 0)]
    assert len({played.id for played in gitlab.of("upload")}) == 2
    assert (team.run_of()["outcome"], team.region()["corrected"]) == ("success", [])
    # Both tries are kept, and neither is taken for a second word about the same event.
    assert team.region()["stages"]["upload"] == {"success": 1, "failed": {"network": 1}}
    assert team.state()["conflicts"] == 0
    assert {stage["stage"]: stage["outcome"] for stage in team.run_of()["stages"]}["upload"] == "success"


def test_it_is_tried_as_often_as_gitlab_was_told_and_no_more(team: Team) -> None:
    team.scripts["upload.sh"] = RESET
    gitlab = team.gitlab()
    gitlab.run()
    assert [played.exit_code for played in gitlab.of("upload")] == [75, 75, 75]
    assert team.run_of()["failure"]["error_class"] == "network"


def test_a_command_that_lumen_runs_asks_for_another_try_as_well(team: Team) -> None:
    team.scripts["upload.sh"] = RESET
    script = "lumen run --stage up --retries 0 --transient-exit-code 75 -- ./upload.sh"
    gitlab = team.gitlab(f"{EXAMPLE}\nwrapped:\n  extends: .lumen-run\n  stage: upload\n  script: [{script}]\n")
    gitlab.play("wrapped")
    assert [played.exit_code for played in gitlab.played] == [75, 75, 75]
    assert team.region()["stages"]["up"] == {"success": 0, "failed": {"network": 3}}


def test_a_permanent_failure_is_not_tried_again_and_stays_red(team: Team) -> None:
    team.scripts["upload.sh"] = WRONG
    gitlab = team.gitlab()
    gitlab.run()
    assert [(played.status, played.exit_code) for played in gitlab.of("upload")] == [("failed", 1)]


def test_a_job_that_someone_starts_again_corrects_the_pipeline(team: Team) -> None:
    team.scripts["test.sh"] = WRONG
    gitlab = team.gitlab()
    gitlab.run()
    assert team.run_of()["outcome"] == "failure"
    gitlab.files = {**gitlab.files, "test.sh": GOOD}
    for name in ("test", "upload", "lumen-success"):
        assert gitlab.play(name).status == "success"
    assert (team.run_of()["outcome"], team.run_of()["counted"]) == ("success", "failure")
    assert team.region()["corrected"] == [{"from": "failure", "to": "success", "count": 1}]


def test_what_a_job_recovered_from_is_not_why_the_pipeline_failed(team: Team) -> None:
    mark = team.folder / "tried"
    team.scripts["upload.sh"] = f"#!/bin/sh\n[ -e {mark} ] || {{ touch {mark}; {RESET.splitlines()[1]}; exit 56; }}\n"
    team.scripts["check.sh"] = WRONG
    gitlab = team.gitlab(f"{EXAMPLE}\ncheck:\n  extends: .lumen\n  stage: upload\n{CHECK}")
    gitlab.run()
    assert [played.status for played in gitlab.played[2:]] == ["failed", "success", "failed", "success"]
    assert team.run_of()["failure"]["error_class"] == "build"


def test_without_a_log_file_the_job_reads_its_own_log(team: Team) -> None:
    team.scripts["test.sh"] = WRONG
    with GitLabApi().serving() as api:
        gitlab = team.gitlab(api=api, LUMEN_GITLAB_TOKEN=TOKEN)
        gitlab.run()
    (test,) = gitlab.of("test")
    assert "[lumen] test failed in eu-west-1: build/test" in test.log
    assert api.requests == [f"GET /api/v4/projects/7/jobs/{test.id}/trace"]
    assert not any(TOKEN in word for played in gitlab.played for word in (played.log, *played.artifacts.values()))


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_log_that_is_refused_is_one_line_and_the_fact_is_kept(team: Team, status: int) -> None:
    team.scripts["test.sh"] = WRONG
    with GitLabApi(troubles=[Trouble(status)]).serving() as api:
        gitlab = team.gitlab(api=api, LUMEN_GITLAB_TOKEN=TOKEN)
        gitlab.run()
    (test,) = gitlab.of("test")
    (warning,) = [line for line in test.log.splitlines() if line.startswith("[lumen] warning")]
    assert f"({status})" in warning
    assert (test.status, test.exit_code) == ("failed", 3)
    assert team.run_of()["failure"]["error_class"] == "unknown"


def test_a_merge_request_of_a_fork_counts_for_nothing(team: Team) -> None:
    gitlab = team.gitlab(CI_MERGE_REQUEST_SOURCE_PROJECT_ID="8")
    gitlab.run()
    assert gitlab.played[-1].status == "success"
    assert "nightly" not in team.state()["pipelines"]


def test_a_ledger_that_is_away_leaves_every_job_as_it_was(team: Team) -> None:
    gitlab = team.gitlab(LUMEN_LEDGER="sqlite:/proc/no/ledger.db")
    gitlab.run()
    assert {played.status for played in gitlab.played} == {"success"}
    assert "waits in" in gitlab.played[0].log

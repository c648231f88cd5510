"""`lumen ticket sync` from end to end: jobs record failures, the tracker gets its tickets, people see what was done."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from facts import HOUR, NOON
from githubapi import TOKEN, GitHubApi, Trouble
from githubissues import Issues
from gitlabissues import PROJECT, GitLabIssuesApi
from gitlabissues import TOKEN as GITLAB_TOKEN
from hookreceiver import Receiver
from ticketworld import failed, permanent

from lumen_action.cli import main
from lumen_action.commands import World
from lumen_action.ledger.sqlite import SqliteLedger

pytestmark = pytest.mark.usefixtures("no_proxy")


class Team:
    """A folder with a ledger, and a terminal or a job in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.out = self.err = ""
        self.env: dict[str, str] = {"LUMEN_STATE_DIR": str(folder / "state")}

    def fails(self, run: str = "1", **where: Any) -> None:  # noqa: ANN401
        ledger = SqliteLedger(self.folder / "ledger.db", durable=True)
        ledger.put(failed(run, NOON, **where))
        ledger.close()

    def sync(self, *words: str) -> int:
        out, err = io.StringIO(), io.StringIO()
        world = World(env=self.env, folder=self.folder, stdout=out, stderr=err, clock_ms=lambda: NOON + HOUR)
        try:
            return main(["ticket", "sync", "--ledger", f"sqlite:{self.folder / 'ledger.db'}", *words], world)
        finally:
            self.out, self.err = out.getvalue(), err.getvalue()

    def config(self, text: str) -> None:
        (self.folder / "lumen.yml").write_text(text, encoding="utf-8")


@pytest.fixture
def api() -> Iterator[GitHubApi]:
    with GitHubApi().serving() as serving:
        yield serving


@pytest.fixture
def team(tmp_path: Path, api: GitHubApi) -> Team:
    made = Team(tmp_path)
    made.env |= {"GITHUB_API_URL": api.url, "GITHUB_REPOSITORY": "org/app", "LUMEN_TOKEN": TOKEN}
    return made


def test_it_opens_what_the_ledger_asks_for_and_says_so(team: Team, api: GitHubApi) -> None:
    issues = Issues.of(api)
    team.fails()
    assert team.sync("--json") == 0
    answer = json.loads(team.out)
    assert [(each["count"], each["url"]) for each in answer["opened"]] == [(1, "https://github.com/org/app/issues/1")]
    assert answer["writes"] == len(issues.known) == 1
    assert "1 causes: 1 opened" in team.err
    assert team.sync() == 0
    assert "nothing to do" in team.err


def test_a_dry_run_opens_nothing(team: Team, api: GitHubApi) -> None:
    issues = Issues.of(api)
    team.fails()
    assert team.sync("--dry-run", "--json") == 0
    assert len(json.loads(team.out)["opened"]) == 1
    assert issues.known == {}


def test_the_window_is_a_choice(team: Team, api: GitHubApi) -> None:
    issues = Issues.of(api)
    team.fails()
    assert team.sync("--since", "2026-01-03") == 0
    assert issues.known == {}


def test_the_teams_words_are_used(team: Team, api: GitHubApi) -> None:
    issues = Issues.of(api, assignable={"alice", "bob"})
    team.config(
        "tickets:\n  labels: [ops]\n  assignees: {build: ['@alice'], network: [bob]}\n  quiet-days: 3\n"
        "  ignore: [dependency]\nlinks: {runbook: 'https://wiki.example/r'}\n"
    )
    team.fails()
    assert team.sync() == 0
    issue = issues.known[1]
    assert [person["login"] for person in issue["assignees"]] == ["alice"]
    assert "ops" in [label["name"] for label in issue["labels"]]
    assert "after 3 days" in issue["body"]
    assert "https://wiki.example/r#test" in issue["body"]


def test_who_owns_the_file_is_asked(team: Team, api: GitHubApi) -> None:
    issues = Issues.of(api, assignable={"carol"})
    (team.folder / ".github").mkdir()
    (team.folder / ".github" / "CODEOWNERS").write_text("* @nobody\n/tests/ @carol @org/testers\n", encoding="utf-8")
    (team.folder / "tests").mkdir()
    (team.folder / "tests" / "test_a.py").touch()
    team.fails()
    team.fails("2", cause=permanent("f" * 16, evidence="tests/not_there.py:3: error"))
    assert team.sync() == 0
    assigned = {issue["title"][-20:]: [each["login"] for each in issue["assignees"]] for issue in issues.known.values()}
    assert sorted(assigned.values()) == [[], ["carol"]]
    assert any("`@org/testers`" in issue["body"] for issue in issues.known.values())


@pytest.mark.parametrize("status", [403, 404, 410])
def test_without_permission_the_job_is_green_and_the_summary_has_the_text(
    team: Team, api: GitHubApi, status: int
) -> None:
    Issues.of(api)
    summary = team.folder / "summary.md"
    summary.touch()
    team.env |= {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(summary), "RUNNER_ENVIRONMENT": "self-hosted"}
    team.env |= {"RUNNER_TEMP": str(team.folder / "temp")}
    team.fails()
    api.troubles = [Trouble("POST /repos/org/app/issues", status, body={"message": "no"})]
    assert team.sync() == 0
    said = summary.read_text(encoding="utf-8")
    assert "1 to be opened by hand" in said
    assert "Seen in **1** run" in said
    assert "<!-- lumen:fingerprint 0123456789abcdef -->" in said
    assert "::warning" in team.out
    api.troubles = [Trouble("POST /repos/org/app/issues", status, body={"message": "no"})]
    team.config("fail-on-error: true\n")
    assert team.sync() == 75


def test_on_a_terminal_the_text_is_printed(team: Team, api: GitHubApi) -> None:
    Issues.of(api, may_write=False)
    team.fails()
    assert team.sync() == 0
    assert "open this ticket by hand: build/test in nightly" in team.err
    assert "Seen in **1** run" in team.err


def test_a_pushgateway_keeps_too_little(team: Team) -> None:
    assert team.sync("--ledger", "pushgateway:http://127.0.0.1:9") == 2
    assert "keeps no evidence" in team.err


def test_gitlab(tmp_path: Path) -> None:
    with GitLabIssuesApi().serving() as api:
        team = Team(tmp_path)
        team.env |= {"CI_API_V4_URL": api.url, "LUMEN_GITLAB_TOKEN": GITLAB_TOKEN}
        team.config("tickets: {tracker: gitlab}\n")
        team.fails()
        assert team.sync("--repository", PROJECT) == 0
        assert len(api.known) == 1


def test_a_webhook_is_told_once_and_signed(tmp_path: Path) -> None:
    with Receiver().serving() as receiver:
        team = Team(tmp_path)
        team.env |= {"LUMEN_WEBHOOK_SECRET": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}
        team.config(f"tickets: {{tracker: '{receiver.url}'}}\n")
        team.fails()
        assert [team.sync(), team.sync()] == [0, 0]
        ((headers, body),) = receiver.got
    assert json.loads(body)["event"] == "opened"
    assert headers["webhook-signature"].startswith("v1,")


@pytest.mark.parametrize(
    ("config", "env", "words", "said"),
    [
        ("", {"LUMEN_TOKEN": ""}, (), "token: is missing; set LUMEN_TOKEN"),
        ("", {"GITHUB_REPOSITORY": ""}, (), "repository: is missing or malformed"),
        ("", {}, ("--since", "soon"), "since: `soon` is no time"),
        ("tickets: {tracker: jira}", {}, (), "github, gitlab or the URL of a webhook"),
        ("tickets: {assignees: {bild: [a]}}", {}, (), "`tickets.assignees` is"),
        ("tickets: {assignees: {build: ['a b']}}", {}, (), "`tickets.assignees` is"),
        ("tickets: {labels: ['a,b']}", {}, (), "`tickets.labels` is"),
        ("tickets: {quiet-days: 0}", {}, (), "`tickets.quiet-days` is"),
        ("tickets: {ignore: [sometimes]}", {}, (), "`tickets.ignore` is"),
    ],
)
def test_wrong_words_are_named_with_the_right_ones(
    team: Team, config: str, env: dict[str, str], words: tuple[str, ...], said: str
) -> None:
    team.config(config)
    team.env |= env
    assert team.sync(*words) == 2
    assert said in team.err

"""`lumen gate` from end to end: what is asked, what is found, what is kept and what people see."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from facts import HOUR, NOON, fact
from gateteam import DAY, GateTeam
from githubapi import TOKEN, Answer, Asked, GitHubApi, Trouble
from githubspec import sample
from loopback import answering

from lumen_action.incidents.facts import event_fact, opening_fact
from lumen_action.incidents.words import Event, Severity
from lumen_action.model import Kind, Outcome, Trust
from lumen_action.model.fact import details

pytestmark = pytest.mark.usefixtures("no_proxy")
OVERRIDE = ("--override-reason", "the fix must go out", "--override-author", "alice", "--override-until", "2h")
FORK = {
    "pull_request": {
        "head": {"repo": {"full_name": "eve/app"}, "sha": "f" * 40},
        "base": {"repo": {"full_name": "org/app"}},
    }
}
OWN = {
    "pull_request": {
        "head": {"repo": {"full_name": "org/app"}, "sha": "f" * 40},
        "base": {"repo": {"full_name": "org/app"}},
    }
}


@pytest.fixture
def team(tmp_path: Path) -> GateTeam:
    return GateTeam(tmp_path)


@pytest.fixture
def api() -> Iterator[GitHubApi]:
    def created(schema: str) -> Any:  # noqa: ANN401
        def answer(_: Asked) -> Answer:
            return 201, sample(schema), {}

        return answer

    repo = "/repos/{owner}/{repo}"
    routes = {
        ("POST", f"{repo}/check-runs"): created("check-run"),
        ("POST", f"{repo}/statuses/{{sha}}"): created("status"),
    }
    with GitHubApi(routes=routes).serving() as serving:
        yield serving


def test_only_a_block_fails(team: GateTeam) -> None:
    team.runs(20, 9)
    codes = {change: team.gate("--change", change) for change in ("feature", "bugfix", "security", "rollback")}
    assert codes == {"feature": 1, "bugfix": 0, "security": 0, "rollback": 0}


def test_json_says_everything_and_nothing_else_stands_on_stdout(team: GateTeam) -> None:
    team.runs(20, 9)
    found = team.answer()
    assert team.out.count("\n") == 1
    assert set(found) == {
        *(
            "decision",
            "allowed",
            "reason",
            "change",
            "pipeline",
            "decided_at",
            "overridden",
            "failed_closed",
            "reasons",
        ),
        *("objectives", "conditions", "worst_objective", "budget_left_percent", "budget_left_events", "burn"),
        *("recovers_at", "override", "ended_override", "dry_run", "warnings"),
    }
    assert (found["decision"], found["allowed"], found["pipeline"]) == ("block", False, "nightly")
    assert found["objectives"][0]["budget_used_percent"] == pytest.approx(310.344827586)
    # The window has to roll over the 7th of the 9 failures: with under 2.9 of them left it has budget again.
    assert found["recovers_at"] == "2026-02-01T11:00:00Z"


def test_nothing_known_is_null_and_never_a_hundred_percent(team: GateTeam) -> None:
    found = team.answer()
    assert (found["decision"], found["allowed"]) == ("inconclusive", True)
    assert (found["budget_left_percent"], found["burn"], found["recovers_at"]) == (None, None, None)
    assert "100" not in found["reason"]


def test_a_terminal_shows_the_answer_the_figures_and_what_to_do(team: GateTeam) -> None:
    team.runs(20, 9)
    team.gate()
    assert team.out.splitlines() == [
        (
            "gate for a feature: block: the error budget of nightly-run is used up: "
            "9 bad runs where 2.9 may be, 310.34 % of it"
        ),
        "",
        "violated  nightly-run: 68.97 % of 90 %, 310.34 % of the budget used, exhausted",
        "",
        "ok  incidents: no open incident of Sev1 or Sev2",
        "",
        "the budget is back on 2026-02-01 11:00 UTC if nothing more fails",
        "may pass meanwhile: a fix or a security change or a revert",
        "to go past it give override-reason, override-author and override-until; the ledger keeps that",
    ]


def test_every_mistake_is_told_at_once(team: GateTeam) -> None:
    team.config("pipeline: nightly\nslo: {run: 0.9}\n")
    words = (
        "--change",
        "feat",
        "--name",
        "A b",
        "--on-inconclusive",
        "maybe",
        "--max-age",
        "2 weeks",
        "--min-events",
        "0",
    )
    assert team.gate(*words, "--status", "both", "--override-reason", "x") == 2
    names = ("change", "name", "on-inconclusive", "max-age", "min-events", "status", "override-author, override-until")
    assert sorted(line.split(":")[1].strip() for line in team.err.splitlines()) == sorted(names)


@pytest.mark.parametrize("said", ["{security: block}", "{fix: perhaps}", "{chore: warn}", "[fix]", "{}"])
def test_a_kind_in_the_file_that_cannot_be_is_refused(team: GateTeam, said: str) -> None:
    team.config(f"pipeline: nightly\nslo: {{run: 0.9}}\ngate: {{kinds: {said}}}\n")
    assert team.gate() == 2
    assert "security and revert are never blocked" in team.err


def test_the_file_says_what_the_options_may_say_otherwise(team: GateTeam) -> None:
    team.config(
        "pipeline: nightly\nslo: {run: 0.9}\n"
        "gate: {kinds: {feature: warn, hotfix: block}, min-events: 40, max-age: 36h, on-inconclusive: fail-closed}\n"
    )
    team.runs(20, 9)
    assert (team.gate(), team.gate("--change", "fix")) == (0, 1)
    team.runs(10, at=NOON - 40 * HOUR)
    team.now_ms = NOON + 36 * HOUR
    assert team.answer()["reason"].startswith("nothing can be said, and that blocks here")
    assert team.gate("--on-inconclusive", "open") == 0
    assert team.gate("--max-age", "3d") == 0


def test_decisions_do_not_make_data_young(team: GateTeam) -> None:
    team.runs(30)
    assert team.gate() == 0
    team.now_ms = NOON + 3 * DAY
    team.gate()
    again = team.answer()
    assert again["reason"] == "nightly-run: data is 3 days old, at most 48 hours are allowed"
    assert again["objectives"][0]["total"] == 30


def test_a_missed_deadline_makes_data_old(team: GateTeam) -> None:
    team.config('pipeline: nightly\nslo: {run: 0.9}\nexpected: {times: ["11:00"], patience-minutes: 30}\n')
    team.runs(30)
    team.now_ms = NOON + 23 * HOUR
    assert team.answer()["decision"] == "allow"
    team.now_ms = NOON + 24 * HOUR
    assert team.answer()["reason"].endswith("data is 25 hours old: a run that was due 30 minutes ago is missing")


def test_an_override_passes_later_gates_until_it_ends(team: GateTeam) -> None:
    team.runs(20, 9)
    first = team.answer(*OVERRIDE)
    assert (first["decision"], first["overridden"], first["override"]["author"]) == ("warn", True, "alice")
    assert team.gate() == 0
    team.now_ms += 2 * HOUR
    ended = team.answer()
    assert (ended["decision"], ended["overridden"], ended["ended_override"]["author"]) == ("block", False, "alice")
    assert "the override by alice ended at 2026-01-02T14:00:01Z" in ended["reason"]


def test_a_time_without_a_zone_is_that_of_the_pipeline(team: GateTeam) -> None:
    team.config("pipeline: nightly\nslo: {run: 0.9}\ntimezone: Asia/Seoul\n")
    team.runs(20, 9)
    team.gate(*OVERRIDE[:-1], "2026-01-02T22:00:00")
    assert team.answer()["override"]["until"] == "2026-01-02T13:00:00Z"


def test_an_override_of_another_pipeline_is_none(team: GateTeam) -> None:
    team.runs(20, 9)
    team.config("slo: {run: 0.9}\n")
    team.gate("--pipeline", "upload", *OVERRIDE)
    assert team.gate("--pipeline", "nightly") == 1


def test_an_override_can_be_ended(team: GateTeam) -> None:
    team.runs(20, 9)
    team.gate(*OVERRIDE)
    assert team.gate("--revoke-override", "--override-author", "bob") == 1
    assert team.gate() == 1
    (given, revoked) = (each for each in team.kept() if "override" in each.told)
    assert (given.told["override"], revoked.told["override"], revoked.told["author"]) == ("given", "revoked", "bob")
    assert team.answer("--revoke-override")["warnings"] == [
        "revoke-override: no override holds now, so there is none to end"
    ]


def test_an_override_of_a_clock_that_is_ahead_can_be_ended_and_given_again(team: GateTeam) -> None:
    team.runs(20, 9)
    team.now_ms += HOUR
    team.gate(*OVERRIDE)
    team.now_ms -= HOUR
    assert team.gate("--revoke-override") == 1
    assert team.gate() == 1
    team.gate(*OVERRIDE)
    assert team.gate() == 0


def test_only_what_would_pass_is_said_to_pass(team: GateTeam) -> None:
    team.config("pipeline: nightly\nslo: {run: 0.9, day: 0.9}\ngate: {on-inconclusive: fail-closed}\n")
    team.runs(20, 9)
    assert team.gate() == 1
    # There are too few days to say anything, which blocks here.
    assert team.gate("--change", "fix") == 1
    assert "may pass meanwhile: a security change or a revert\n" in team.out


def test_a_fork_overrides_nothing_and_writes_nothing(team: GateTeam) -> None:
    team.runs(20, 9)
    team.in_job(event=FORK)
    assert team.gate(*OVERRIDE) == 1
    assert "a fork&#39;s job may neither" in team.out or "a fork's job may neither" in team.out
    assert team.kept() == []


@pytest.mark.parametrize("words", [("--dry-run",), ("--at", "2026-01-02T11:30:00Z")])
def test_what_is_only_tried_writes_nothing(team: GateTeam, words: tuple[str, ...]) -> None:
    team.runs(20, 9)
    assert team.gate(*words, *(OVERRIDE if words == ("--dry-run",) else ())) == (0 if words == ("--dry-run",) else 1)
    assert team.kept() == []


def test_the_past_knows_nothing_of_what_came_later(team: GateTeam) -> None:
    team.runs(20, 9)
    team.gate(*OVERRIDE)
    assert team.gate("--at", "2026-01-02T11:59:00Z") == 1
    assert team.answer("--at", "2026-01-01T00:00:00Z")["decision"] == "inconclusive"


def test_the_same_step_twice_is_one_fact(team: GateTeam) -> None:
    team.runs(20, 9)
    team.in_job()
    assert (team.gate(), team.gate()) == (1, 1)
    team.gate("--name", "eu")
    assert [(each.key.stage, each.told["decision"]) for each in team.kept()] == [("gate", "block"), ("eu", "block")]
    assert {(each.pipeline, each.day, each.trust) for each in team.kept()} == {("nightly", "2026-01-02", Trust.TRUSTED)}


def test_on_a_terminal_each_question_is_an_event(team: GateTeam) -> None:
    team.runs(20, 9)
    team.gate()
    team.gate("--change", "fix")
    assert [each.told["decision"] for each in team.kept()] == ["block", "warn"]
    assert team.err == ""


def test_a_ledger_that_does_not_answer_says_nothing_and_loses_nothing(team: GateTeam) -> None:
    team.runs(20, 9)
    alive, team.ledger = team.ledger, f"sqlite:{team.folder / 'lumen.yml' / 'ledger.db'}"
    found = team.answer(*OVERRIDE)
    assert (found["decision"], found["allowed"]) == ("inconclusive", True)
    assert "nightly-run could not be measured: " in found["reason"]
    assert {each["state"] for each in found["conditions"]} == {"unknown"}
    assert any("waits in" in warning for warning in found["warnings"])
    waiting = list((team.folder / "state" / "spool").rglob("*.fact"))
    assert len(waiting) == 2
    assert team.gate("--on-inconclusive", "fail-closed", "--dry-run") == 0  # the override waits here
    team.ledger = alive
    assert team.gate() == 1


def test_without_an_override_a_dead_ledger_blocks_where_that_is_asked(team: GateTeam) -> None:
    team.ledger = f"sqlite:{team.folder / 'lumen.yml' / 'ledger.db'}"
    assert team.gate("--on-inconclusive", "fail-closed") == 1
    assert team.gate("--on-inconclusive", "closed", "--change", "revert") == 0


def test_a_prometheus_that_does_not_answer_says_nothing(team: GateTeam) -> None:
    document = json.loads(
        '{"apiVersion": "openslo/v1", "kind": "SLO", "metadata": {"name": "api"}, "spec": {"service": "api",'
        '"indicator": {"metadata": {"name": "api"}, "spec": {"ratioMetric": {"counter": true,'
        '"good": {"metricSource": {"type": "Prometheus", "spec": {"query": "good_total"}}},'
        '"total": {"metricSource": {"type": "Prometheus", "spec": {"query": "all_total"}}}}}},'
        '"timeWindow": [{"duration": "30d", "isRolling": true}], "budgetingMethod": "Occurrences",'
        '"objectives": [{"target": 0.99}]}}'
    )
    (team.folder / "api.yml").write_text(json.dumps(document), encoding="utf-8")
    with answering(lambda request: request.reply(401, {}, b"no")) as url:
        found = team.answer("--slo", "api.yml", "--prometheus-url", url)
    assert (found["decision"], found["allowed"], found["objectives"]) == ("inconclusive", True, [])
    assert found["reason"].startswith("api could not be measured: ")


def test_a_hosted_runner_without_a_ledger_is_told_to_name_one(team: GateTeam) -> None:
    team.in_job(RUNNER_ENVIRONMENT="github-hosted")
    team.ledger = f"sqlite:{team.folder / 'temp' / 'l.db'}"
    assert team.gate() == 2
    assert "set the ledger that the pipelines write to" in team.out


def test_a_fork_that_is_not_told_the_ledger_gets_an_answer_all_the_same(team: GateTeam) -> None:
    team.in_job(event=FORK, RUNNER_ENVIRONMENT="github-hosted")
    team.ledger = ""
    assert team.gate("--require-checks", "integrity", *OVERRIDE) == 0
    assert team.outputs["decision"] == "inconclusive"
    assert "a fork's job is not told the ledger" in team.outputs["reason"]
    assert team.gate("--on-inconclusive", "fail-closed") == 1


def test_a_pushgateway_keeps_no_override(team: GateTeam) -> None:
    team.ledger = "pushgateway:http://127.0.0.1:9"
    assert team.gate(*OVERRIDE) == 2
    assert "a Pushgateway keeps no evidence" in team.err


def test_an_open_incident_blocks_a_feature_and_warns_a_revert(team: GateTeam) -> None:
    team.runs(30)
    opened = replace(
        fact("INC-7", kind=Kind.INCIDENT, at=NOON - 20 * DAY, day="2025-12-13"),
        details=details({"incident": "INC-7", "severity": "Sev1", "state": "open"}),
    )
    team.put(opened)
    found = team.answer()
    assert (found["decision"], found["reason"]) == ("block", "incidents: 1 incident is open: Sev1 INC-7")
    assert team.answer("--change", "revert")["decision"] == "warn"
    closed = replace(opened, key=replace(opened.key, stage="INC-7.closed"), observed_at_ms=NOON - DAY, day="2026-01-01")
    team.put(replace(closed, details=details({"incident": "INC-7", "state": "closed"})))
    assert team.answer()["decision"] == "allow"


def test_an_incident_blocks_for_as_long_as_it_goes_on(team: GateTeam) -> None:
    team.runs(30)
    day, began_ms = "2025-10-02", NOON - 92 * DAY
    worst = Severity.SEV1
    team.put(
        opening_fact(
            "nightly", "INC-9", day=day, at_ms=began_ms, severity=worst, sameness="uploads", generation=0, told={}
        )
    )
    found = team.answer()
    assert (found["decision"], found["reason"]) == ("block", "incidents: 1 incident is open: Sev1 INC-9")
    team.put(event_fact("nightly", "INC-9", Event.FALSE_ALARM, day=day, at_ms=began_ms + DAY, mark="", told={}))
    assert team.answer()["decision"] == "allow"


def test_incidents_of_all_pipelines_that_objectives_are_about_matter(team: GateTeam) -> None:
    team.config("pipeline: deploy\n")
    team.runs(30)
    ours = Path(__file__).parents[3] / "rules" / "slo" / "pipeline.yml"
    asked = ("--slo", str(ours), "--only", "nightly-runs")
    assert team.answer(*asked)["decision"] == "allow"
    told = details({"incident": "INC-7", "severity": "Sev1", "state": "open"})
    team.put(replace(fact("INC-7", kind=Kind.INCIDENT), details=told))
    found = team.answer(*asked)
    assert (found["pipeline"], found["decision"]) == ("deploy", "block")


def test_checks_that_are_asked_for(team: GateTeam) -> None:
    team.runs(30)
    team.put(
        fact("integrity", kind=Kind.CHECK, run="1"),
        fact("report", Outcome.FAILURE, kind=Kind.CHECK, run="1", at=NOON - 9),
        fact("report", kind=Kind.CHECK, run="2", trust=Trust.FORK),
        fact("report", kind=Kind.CHECK, run="1", region="us"),
    )
    states = {
        each["name"]: each["state"] for each in team.answer("--require-checks", "integrity,report, seal")["conditions"]
    }
    assert states == {"incidents": "ok", "check integrity": "ok", "check report": "failed", "check seal": "unknown"}


def test_results_of_tests_by_their_files(team: GateTeam) -> None:
    team.runs(30)
    (team.folder / "build" / "deep").mkdir(parents=True)
    case = '<testcase name="login password=hunter22secret **bold** ::error::x">{}</testcase>'
    (team.folder / "build" / "a.xml").write_text(f"<testsuite>{case.format('')}</testsuite>", encoding="utf-8")
    assert team.answer("--tests", "build/**/*.xml")["conditions"][1]["found"] == "1 test passed"
    (team.folder / "build" / "deep" / "b.xml").write_text(
        f"<testsuite>{case.format('<error/>')}</testsuite>", encoding="utf-8"
    )
    team.in_job()
    assert team.gate("--tests", "build/**/*.xml", "build/a.xml") == 1
    assert "1 of 2 tests failed: login password=[redacted]" in team.out
    assert "hunter22" not in team.out + team.summary
    assert "**bold**" not in team.summary
    assert [line for line in team.out.splitlines() if line.startswith(("::error::", "##["))] == []
    (team.folder / "build" / "c.xml").write_text('<!DOCTYPE x [<!ENTITY a "b">]><testsuite/>', encoding="utf-8")
    assert "c.xml declares a document type" in team.answer("--tests", str(team.folder / "build" / "*.xml"))["reason"]
    assert team.answer("--tests", "nothing/*.xml")["decision"] == "inconclusive"


def test_hostile_names_of_files_are_text_and_a_folder_is_told(team: GateTeam) -> None:
    team.runs(30)
    (team.folder / "build").mkdir()
    (team.folder / "build" / "a\n::error::x \rpassword=hunter22secret.xml").write_text("<x/>", encoding="utf-8")
    found = team.answer("--tests", "build/*.xml")["conditions"][1]["found"]
    assert found.startswith("a ::error::x password=[redacted]")
    assert found.endswith("begins with <x>, not with <testsuites> or <testsuite>")
    found = team.answer("--tests", "build/")["conditions"][1]["found"]
    assert found == "no file fits build/ (a folder; write build/**/*.xml)"


def test_conditions_alone_need_no_objective(team: GateTeam) -> None:
    team.config("pipeline: nightly\n")
    assert team.gate() == 2
    assert "no objective is set" in team.err
    team.put(fact("integrity", kind=Kind.CHECK))
    found = team.answer("--require-checks", "integrity")
    assert (found["decision"], found["objectives"]) == ("allow", [])


def test_later_steps_are_told(team: GateTeam) -> None:
    team.runs(30, 2)
    team.in_job()
    assert team.gate() == 0
    assert team.outputs == {
        "decision": "allow",
        "allowed": "true",
        "reason": "nightly-run has 37.5 % of its error budget left",
        "change": "feature",
        "overridden": "false",
        "budget-left-percent": "37.5",
        "budget-remaining": "1.2",
        "burn": "0.62",
        "recover-at": "",
    }
    assert team.summary.startswith(
        "## ✅ Gate: allow (feature)\n\n**nightly-run has 37.5 % of its error budget left**\n"
    )


@pytest.mark.parametrize(
    ("runs", "conclusion", "state"),
    [((30, 0), "success", "success"), ((20, 9), "failure", "failure"), ((), "neutral", "success")],
)
def test_the_decision_at_the_commit(
    team: GateTeam, api: GitHubApi, runs: tuple[int, int], conclusion: str, state: str
) -> None:
    team.runs(*(runs or (0, 0)))
    team.in_job(event=OWN, GITHUB_API_URL=api.url, LUMEN_INPUT_TOKEN=TOKEN)
    team.gate("--status", "check")
    team.gate("--status", "commit", "--name", "eu")
    check, status = api.changes
    assert (check.body["name"], check.body["head_sha"], check.body["conclusion"]) == (
        "lumen gate",
        "f" * 40,
        conclusion,
    )
    assert "Gate:" in check.body["output"]["summary"]
    assert (status.names["sha"], status.body["state"], status.body["context"]) == ("f" * 40, state, "lumen gate eu")


def test_a_missing_permission_is_one_warning(team: GateTeam, api: GitHubApi) -> None:
    team.runs(30)
    api.troubles = [Trouble("check-runs", 403, body={"message": "Resource not accessible by integration"})]
    team.in_job(GITHUB_API_URL=api.url, LUMEN_INPUT_TOKEN=TOKEN)
    assert team.gate("--status", "check") == 0
    (warning,) = [line for line in team.out.splitlines() if line.startswith("::warning")]
    assert "`permissions: {checks: write}`" in warning


@pytest.mark.parametrize(("status", "path"), [("check", "check-runs"), ("commit", "statuses")])
@pytest.mark.parametrize("code", [404, 422, 500])
def test_a_status_that_is_refused_is_one_warning_that_says_so(
    team: GateTeam, api: GitHubApi, status: str, path: str, code: int
) -> None:
    team.runs(20, 9)
    api.troubles = [Trouble(path, code, body={"message": "no"}, times=9)]
    team.in_job(GITHUB_API_URL=api.url, LUMEN_INPUT_TOKEN=TOKEN)
    assert team.gate("--status", status) == 1
    (warning,) = [line for line in team.out.splitlines() if line.startswith("::warning")]
    assert "status: the decision does not stand at the commit: " in warning


def test_a_title_at_the_commit_is_one_line(team: GateTeam, api: GitHubApi) -> None:
    team.runs(20, 9)
    team.in_job(GITHUB_API_URL=api.url, LUMEN_INPUT_TOKEN=TOKEN)
    team.gate("--status", "commit", *OVERRIDE, "--override-reason", "two\n\x1b[31mlines \u202eon")
    (status,) = api.changes
    assert "(two [31mlines [U+202E]on)" in status.body["description"]


def test_a_terminal_writes_no_status(team: GateTeam) -> None:
    team.runs(30)
    assert team.gate("--status", "commit") == 0
    assert "a job of GitHub Actions only" in team.err

"""What a companion must not overlook, and that a dry run tells the truth without writing anything."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from facts import NOON, fact
from githubapi import Asked, Trouble
from githubruns import REPO, RUNNING, SaidPull
from githubspec import sample
from rerunteam import RESET, SHA, Team, decided, job, run

from lumen_action.incidents.folding import incidents_in
from lumen_action.model import ErrorClass, Failure, Kind, Outcome, Scope, Trust

RUN = f"{REPO}/actions/runs/{{run_id}}"
JOBS = f"{RUN}/attempts/{{attempt_number}}/jobs"
DNS = RESET.replace("curl: (56) Recv failure: Connection reset by peer", "Could not resolve host: registry.example")
SIX = tuple(job(id_) for id_ in range(11, 17))


def seen_elsewhere(team: Team, mark: str, trust: Trust = Trust.TRUSTED) -> None:
    same = Failure(ErrorClass.NETWORK, "dns", "x", mark, scope=Scope.STEP)
    runs = (fact("build", Outcome.FAILURE, run=str(number)) for number in range(1, 10))
    team.put(*(replace(each, failure=same, trust=trust) for each in runs))


def marks(team: Team) -> dict[int, str]:
    return {each["id"]: each["fingerprint"] for each in team.rerun("--dry-run")[1]["jobs"]}


class TestDryRun:
    def test_it_writes_nothing_at_all(self, team: Team) -> None:
        assert team.rerun("--dry-run")[1]["decision"] == "rerun"
        ledger = team.opened()
        assert (list(ledger.scan()), ledger.note("rerun/demoted")) == ([], None)
        ledger.close()

    def test_it_decides_as_the_real_one_would_behind_the_claim_of_another(self, team: Team) -> None:
        team.api.troubles = [Trouble("/rerun-failed-jobs", 500)]
        assert team.rerun()[0] == 75
        (told_code, told), (code, done) = team.rerun("--dry-run"), team.rerun()
        assert (told_code, decided(told), told["reason"]) == (code, decided(done), done["reason"])
        assert (code, decided(done)) == (75, ("later", "claim"))

    def test_it_does_not_say_that_an_incident_is_known(self, team: Team) -> None:
        team.knows(run(*SIX))
        assert team.rerun("--dry-run")[1]["decision"] == "incident"
        assert "would be opened, or is known already" in team.summary
        assert "would be opened, or is known already" in team.words
        assert team.facts(Kind.INCIDENT) == []


class TestWidespread:
    def test_one_of_several_causes_that_is_everywhere_holds_all_back(self, team: Team) -> None:
        team.knows(run(job(11), job(12), job(13)), {11: RESET, 12: RESET, 13: DNS})
        everywhere = marks(team)[13]
        seen_elsewhere(team, everywhere)
        _, answer = team.rerun()
        assert (answer["decision"], team.reruns.made) == ("incident", 0)
        (found,) = incidents_in(team.facts(Kind.INCIDENT))
        told = dict(found.moments[0].told)
        assert told["fingerprint"] == everywhere
        assert found.title == "the same failure in many places: Could not resolve host: registry.example"
        assert (found.detected_ms, found.opened_ms > NOON) == (NOON, True)

    def test_what_a_fork_reports_opens_no_incident_and_holds_nobody_back(self, team: Team) -> None:
        seen_elsewhere(team, marks(team)[11], Trust.FORK)
        team.knows(run(*SIX, event="pull_request", head_repo="ann/app"))
        _, answer = team.rerun()
        assert (decided(answer), answer["incident_key"]) == (("nothing", "fork"), None)
        assert team.facts(Kind.INCIDENT) == []
        team.knows(run(job()))
        assert decided(team.rerun()[1]) == ("rerun", None)


class TestWhatGitHubSays:
    def test_a_pull_request_of_the_same_branch_into_a_fork_is_not_ours(self, team: Team) -> None:
        said = run(job(), event="pull_request", branch="feature")
        team.knows(said)
        team.reruns.pulls = [SaidPull(3, "b" * 40, "ann:other", "closed"), SaidPull(7, SHA)]
        listed = [sample("pull-request-minimal", number=number) for number in (3, 7)]
        listed[0]["base"]["repo"] |= {"id": 99, "url": "https://api.github.com/repos/ann/app", "name": "app"}

        def told(_: Asked) -> tuple[int, Any, dict[str, str]]:
            return 200, {**team.api.run(said, 1), "pull_requests": listed}, {}

        team.api.routes["GET", RUN] = told
        assert decided(team.rerun("--dry-run")[1]) == ("rerun", None)

    def test_a_list_of_jobs_that_lacks_one_decides_nothing(self, team: Team) -> None:
        def told(asked: Asked) -> tuple[int, Any, dict[str, str]]:
            _, whole, headers = team.api._of_runs(asked.path, asked.names, asked.query)
            return 200, {**whole, "total_count": 2}, headers

        team.api.routes["GET", JOBS] = told
        assert (team.rerun()[0], team.reruns.made) == (75, 0)
        assert "announced 2 jobs" in team.words

    def test_an_organisation_that_wants_single_sign_on_is_a_missing_right(self, team: Team) -> None:
        said = "Resource protected by organization SAML enforcement. You must grant your token access."
        team.api.troubles = [Trouble("/rerun-failed-jobs", 403, body={"message": said})]
        assert team.rerun()[0] == 2
        assert "SAML" in team.words

    @pytest.mark.parametrize("status", [403, 409])
    def test_a_run_that_goes_on_means_that_somebody_was_faster(self, team: Team, status: int) -> None:
        team.api.troubles = [Trouble("/rerun-failed-jobs", status, body={"message": RUNNING})]
        code, answer = team.rerun()
        assert (code, decided(answer)) == (0, ("nothing", "attempt"))

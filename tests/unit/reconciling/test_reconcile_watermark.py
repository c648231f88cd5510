"""How far `lumen reconcile` has come: nothing is skipped, nothing counted twice, whoever else is at it."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from facts import HOUR, NOON
from githubapi import SaidAttempt, SaidRun, Trouble
from reconcileteam import MINUTE, Team, job, outcomes, run


class TestTheWatermark:
    def test_a_run_that_still_runs_holds_it_back_and_is_counted_when_it_has_ended(self, team: Team) -> None:
        running = run(100, job("us", None, status="in_progress", ended_ms=None), conclusion=None)
        running = replace(running, attempts=(replace(running.attempts[0], status="in_progress"),))
        team.api.runs = [run(99, job("eu")), running]
        team.speaks("99", "eu")
        code, answer = team.reconcile()
        assert (code, answer["added"], answer["unfinished"]) == (0, [], ["100"])
        assert answer["watermark"] == "2026-01-02T11:59:00Z"
        for _ in range(2):
            team.now_ms += 30 * HOUR
            assert team.reconcile()[1]["watermark"] == "2026-01-02T11:59:00Z"
        team.api.runs[1] = run(100, job("us", "timed_out"), conclusion="failure")
        code, answer = team.reconcile()
        assert outcomes(answer) == [("100", "us", "timeout")]
        assert answer["watermark"] == answer["until"]
        assert team.api.asked("/runs/99/attempts/1/jobs") == 1

    @pytest.mark.parametrize("job_status", ["queued", "in_progress"])
    def test_a_run_that_is_over_before_its_last_job_is_not(self, team: Team, job_status: str) -> None:
        late = job("us", None, status=job_status, ended_ms=None)
        team.api.runs = [run(100, job("eu"), late, conclusion="cancelled")]
        team.speaks("100", "eu")
        _, answer = team.reconcile()
        assert (answer["added"], answer["unfinished"]) == ([], ["100"])

    def test_a_fork_that_waits_for_consent_has_not_begun(self, team: Team) -> None:
        team.api.runs = [run(99, job("eu")), run(100, conclusion="action_required")]
        team.speaks("99", "eu")
        assert team.reconcile()[1]["unfinished"] == ["100"]

    def test_what_was_settled_costs_no_more_than_the_list(self, team: Team) -> None:
        team.api.runs = [run(100 + n, job("eu")) for n in range(5)]
        for n in range(5):
            team.speaks(str(100 + n), "eu")
        assert team.reconcile()[1]["calls"] == 6
        assert team.reconcile()[1]["calls"] == 1

    def test_more_runs_than_the_api_shows_are_asked_for_in_parts(self, team: Team) -> None:
        team.api.runs = [
            replace(run(5000 + n), name="lint", path="lint.yml", created_ms=NOON - n * MINUTE) for n in range(1100)
        ]
        team.api.runs.append(replace(run(100, job("us", "cancelled")), created_ms=NOON - 1099 * MINUTE))
        team.speaks("100", "eu", stage="build", job=12)
        code, answer = team.reconcile("--since", "2026-01-01")
        assert code == 0
        assert outcomes(answer) == [("100", "eu", "cancelled")]

    def test_a_window_by_hand_looks_at_all_of_it_and_leaves_the_watermark(self, team: Team) -> None:
        team.api.runs = [run(100, job("eu"))]
        team.speaks("100", "eu")
        before = team.reconcile()[1]["watermark"]
        team.now_ms += HOUR
        assert team.reconcile("--runs", "100")[1]["attempts"] == 1
        assert team.reconcile("--since", "36h")[1]["attempts"] == 1
        assert team.reconcile("--since", "36h")[1]["watermark"] == before

    def test_a_dry_run_says_what_is_missing_and_writes_nothing(self, team: Team) -> None:
        team.api.runs = [run(100, job("eu"), job("us", "cancelled"))]
        team.speaks("100", "eu")
        for _ in range(2):
            code, answer = team.reconcile("--dry-run")
            assert (code, outcomes(answer)) == (0, [("100", "us", "cancelled")])
        assert len(team.facts()) == 1
        assert "missing: nightly us 2026-01-02 run 100 attempt 1" in team.words


class TestTogether:
    def test_two_at_once_add_each_fact_once(self, team: Team) -> None:
        team.api.runs = [run(100 + n, replace(job("us", "cancelled"), id=50 + n)) for n in range(20)]
        team.speaks("99", "us")
        with ThreadPoolExecutor(4) as pool:
            done = list(pool.map(lambda _: team.reconcile(), range(4)))
        assert {code for code, _ in done} == {0}
        assert sum(len(answer["added"]) for _, answer in done) == 20
        assert len(team.facts()) == 21

    @pytest.mark.parametrize("seed", range(4))
    def test_through_a_day_of_trouble_no_run_is_skipped_and_none_counts_twice(self, team: Team, seed: int) -> None:
        chance = random.Random(seed)
        team.speaks("99", "us")
        for tick in range(10):
            team.now_ms = NOON + tick * 7 * HOUR
            for n in range(chance.randrange(4)):
                running = job("us", None, status="in_progress", ended_ms=None, id=1000 * tick + n + 1000)
                began = team.now_ms - chance.randrange(6 * HOUR)
                attempt = SaidAttempt((replace(running, began_ms=began),), None, "in_progress")
                team.api.runs.append(SaidRun(100 * tick + n + 100, began, (attempt,)))
            for place, each in enumerate(team.api.runs):
                if each.attempts[0].conclusion is None and chance.random() < 0.4:
                    team.api.runs[place] = ended_now(each, team.now_ms)
            part = chance.choice(["/runs?", f"/runs/{chance.randrange(100, 1100)}/", "/jobs", "/nothing"])
            team.api.troubles = [Trouble(part, chance.choice([400, 429]), {"Retry-After": "900"})]
            team.reconcile()
        team.api.troubles = []
        team.now_ms += HOUR
        team.api.runs = [
            ended_now(each, team.now_ms) if each.attempts[0].conclusion is None else each for each in team.api.runs
        ]
        assert team.reconcile()[0] == 0
        assert sorted(fact.key.run for fact in team.facts()) == sorted(["99", *(str(r.id) for r in team.api.runs)])


def ended_now(run: SaidRun, now_ms: int) -> SaidRun:
    (attempt,) = run.attempts
    (job,) = attempt.jobs
    over = replace(job, status="completed", conclusion="cancelled", ended_ms=now_ms)
    return replace(run, attempts=(replace(attempt, jobs=(over,), status="completed", conclusion="cancelled"),))

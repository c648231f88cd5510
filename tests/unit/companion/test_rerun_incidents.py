"""Failures that are everywhere at once: one incident and no rerun."""

from __future__ import annotations

from dataclasses import replace

import pytest
from facts import HOUR, NOON, fact
from rerunteam import Team, job, run

from lumen_action.incidents.folding import incidents_in
from lumen_action.incidents.incident import LinkKind
from lumen_action.incidents.words import Severity
from lumen_action.model import ErrorClass, Failure, Kind, Outcome, Scope


class TestIncidents:
    def test_more_failed_jobs_than_are_a_flake(self, team: Team) -> None:
        team.knows(run(*(job(id_) for id_ in range(11, 17))))
        code, answer = team.rerun()
        assert (code, answer["decision"], answer["incident_opened"], team.reruns.made) == (0, "incident", True, 0)
        (found,) = incidents_in(team.facts(Kind.INCIDENT))
        mark = dict(found.moments[0].told)["fingerprint"]
        assert (answer["incident"], answer["incident_key"]) == (found.name, f"2026-01-02-{mark}")
        assert (found.opened_by, found.severity, found.seen) == ("rule:widespread", Severity.SEV2, 1)
        assert [(link.kind, bool(link.url)) for link in found.links] == [(LinkKind.RUN, True)]
        assert team.rerun()[1]["incident_opened"] is False
        assert incidents_in(team.facts(Kind.INCIDENT)) == (found,)

    def test_of_many_failed_jobs_ten_logs_are_read(self, team: Team) -> None:
        team.knows(run(*(job(id_) for id_ in range(11, 61))))
        _, answer = team.rerun()
        assert (answer["decision"], team.api.asked("/logs")) == ("incident", 10)
        assert answer["calls"] <= 15

    @pytest.mark.parametrize(
        ("seen", "decision"),
        [
            ([("1", "a", "eu"), ("2", "a", "eu"), ("3", "a", "eu"), ("4", "a", "eu")], "incident"),
            ([("1", "a", "eu"), ("2", "a", "eu"), ("3", "a", "eu")], "rerun"),
            ([("1", "a", "eu"), ("2", "b", "eu")], "incident"),
            ([("1", "a", "eu"), ("2", "a", "us"), ("3", "a", "ap")], "incident"),
            ([("100", "nightly", "eu"), ("100", "nightly", "us"), ("100", "nightly", "ap")], "rerun"),
        ],
    )
    def test_the_same_failure_everywhere(self, seen: list[tuple[str, str, str]], decision: str, team: Team) -> None:
        _, answer = team.rerun("--dry-run")
        mark = answer["jobs"][0]["fingerprint"]
        said = Failure(ErrorClass.NETWORK, "reset", "x", mark, scope=Scope.STEP)
        team.put(
            *(
                replace(fact("b", Outcome.FAILURE, run=run_, pipeline=pipeline, region=region), failure=said)
                for run_, pipeline, region in seen
            )
        )
        assert team.rerun()[1]["decision"] == decision

    def test_what_is_past_is_past(self, team: Team) -> None:
        _, answer = team.rerun("--dry-run")
        said = Failure(ErrorClass.NETWORK, "reset", "x", answer["jobs"][0]["fingerprint"], scope=Scope.STEP)
        old = [
            replace(fact("b", Outcome.FAILURE, run=str(each), at=NOON - HOUR), failure=said) for each in range(1, 20)
        ]
        team.put(*old)
        assert team.rerun()[1]["decision"] == "rerun"

"""States to show: a week of a nightly pipeline in two regions, folded from facts as in real life."""

from __future__ import annotations

from dataclasses import replace

from lumen_action.model import Action, ErrorClass, Fact, FactKey, Failure, Kind, Outcome, Scope
from lumen_action.sli.days import Calendar
from lumen_action.sli.fold import collect, fold
from lumen_action.sli.state import State

DAY_MS = 86_400_000
FIRST_MS = 1_766_981_520_000  # 2025-12-29T04:12:00Z
TITLE = "Lumen demo"
GENERATED_AT = "2026-01-03 06:00 UTC"

DNS = Failure(
    error_class=ErrorClass.NETWORK,
    subclass="dns",
    signature="network.dns.curl",
    line=812,
    evidence="curl: (6) Could not resolve host: packages.example.test",
    decision=Action.RETRY_NOW,
    scope=Scope.STEP,
)
SECRET = Failure(
    error_class=ErrorClass.TOKEN_EXPIRED,
    subclass="secret_expired",
    signature="token.oidc.secret_expired",
    line=57,
    evidence="AADSTS7000222: The provided client secret keys for app 'deployer' are expired.",
    decision=Action.TICKET,
)
TESTS = Failure(
    error_class=ErrorClass.BUILD,
    subclass="test",
    signature="build.test.pytest",
    line=2204,
    evidence="FAILED tests/test_totals.py::test_sum - AssertionError: assert 41 == 42",
    decision=Action.TICKET,
)


def run_facts(
    day: int, region: str, failed: str = "", failure: Failure | None = None, *, ended: bool = True
) -> list[Fact]:
    """Return the facts of one run: its stages up to the failed one, and its end."""
    start = FIRST_MS + day * DAY_MS
    names = ["setup", "build", "test", "deploy"]
    facts = []
    for index, name in enumerate(names[: names.index(failed) + 1] if failed else names):
        bad = name == failed
        facts.append(
            Fact(
                key=FactKey("github", "github.com", "org/app", str(70 + day), 1, "nightly", region, Kind.STAGE, name),
                pipeline="nightly",
                day=Calendar().day_of(start),
                outcome=Outcome.FAILURE if bad else Outcome.SUCCESS,
                observed_at_ms=start + (index + 1) * 95_000 + len(region) * 1000,
                run_id=f"day{day}-{region}-ab12cd{day}",
                failure=failure if bad else None,
                duration_ms=95_000,
                url=f"https://github.com/org/app/actions/runs/{70 + day}",
            )
        )
    last = facts[-1]
    return [*facts, replace(last, key=replace(last.key, kind=Kind.RUN, stage="run"))] if ended else facts


def folded(facts: list[Fact]) -> State:
    return fold(collect(facts), now_ms=FIRST_MS + 5 * DAY_MS, calendar=Calendar())


WEEK = folded(
    [
        *run_facts(0, "eu-west-1"),
        *run_facts(0, "ap-northeast-2"),
        *run_facts(1, "eu-west-1", "build", DNS),
        *run_facts(1, "ap-northeast-2"),
        *run_facts(2, "eu-west-1", "test", TESTS),
        *run_facts(2, "ap-northeast-2", "test", TESTS),
        *run_facts(3, "eu-west-1", "build", DNS),
        *run_facts(3, "ap-northeast-2", "setup", DNS),
        *run_facts(4, "eu-west-1"),
        *run_facts(4, "ap-northeast-2", "deploy", SECRET),
        *run_facts(5, "eu-west-1", ended=False),
    ]
)

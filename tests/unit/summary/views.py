"""Views to compose: one world of a nightly pipeline in two regions, short to vary."""

from __future__ import annotations

from dataclasses import replace

from lumen_action.model import Action, Decision, ErrorClass, Evidence, Failure, Outcome, Scope, Verdict
from lumen_action.sli.state import DayState, RunRef, RunResult, StageResult
from lumen_action.summary.view import SummaryView

START = 1_767_327_120_000  # 2026-01-02T04:12:00Z

DNS = Verdict(
    error_class=ErrorClass.NETWORK,
    subclass="dns",
    signature="network.dns.curl",
    scope=Scope.STEP,
    confidence=0.95,
    evidence=Evidence(
        line=812,
        text="curl: (6) Could not resolve host: packages.example.test",
        before=("Fetching 41 packages", "  packages.example.test/simple/attrs"),
        after=("make: *** [Makefile:12: deps] Error 6", "##[error]Process completed with exit code 2."),
    ),
    meaning="the name of a host could not be resolved.",
    hint="Check the spelling of `packages.example.test` and the runner's resolver.",
)
RETRY = Decision(Action.RETRY_NOW, Scope.STEP, "retry 1 of 2 here in 5 s: `network/dns` is transient", 5, 2)

SECRET = Verdict(
    error_class=ErrorClass.TOKEN_EXPIRED,
    subclass="secret_expired",
    signature="token.oidc.secret_expired",
    scope=Scope.NONE,
    confidence=0.99,
    evidence=Evidence(
        line=57,
        text="AADSTS7000222: The provided client secret keys for app 'deployer' are expired.",
        before=("Logging in as service principal",),
        after=("Error: Login failed with exit code 1.",),
    ),
    meaning="the client secret that this job logs in with has expired.",
    hint="renew the client secret and store it as `AZURE_CLIENT_SECRET`",
)
TICKET = Decision(
    Action.TICKET,
    Scope.NONE,
    "not retried: `token_expired/secret_expired` is permanent; "
    "renew the client secret and store it as `AZURE_CLIENT_SECRET`",
)

LINKS = (
    ("Run", "https://github.com/org/app/actions/runs/7"),
    ("Runbook", "https://github.com/org/app/blob/main/runbooks/network.md#dns"),
    ("Dashboard", "https://grafana.example.test/d/lumen?var-pipeline=nightly&var-region=eu"),
)


def stage(
    name: str,
    outcome: Outcome = Outcome.SUCCESS,
    *,
    seconds: float = 12,
    attempt: int = 1,
    failure: Failure | None = None,
    leg: str = "",
) -> StageResult:
    return StageResult(
        stage=name,
        outcome=outcome,
        attempt=attempt,
        observed_at_ms=START + 60_000,
        duration_ms=round(seconds * 1000),
        failure=failure,
        leg=leg,
    )


def result(
    *stages: StageResult, region: str = "eu", outcome: Outcome | None = None, failure: Failure | None = None
) -> RunResult:
    return RunResult(
        ref=RunRef("github", "github.com", "org/app", "7"),
        pipeline="nightly",
        region=region,
        day="2026-01-02",
        run_id=f"20260102-{region}-ab12cd3",
        attempt=1,
        outcome=outcome,
        failure=failure,
        stages=stages,
        first_seen_ms=START,
        completed_ms=START + 724_000 if outcome else None,
        duration_ms=724_000 if outcome else None,
        sha="ab12cd3",
    )


SETUP = stage("setup", seconds=0.84)
BUILT = stage("build", seconds=192)
TESTED = stage("test", seconds=451)
DEPLOYED = stage("deploy", seconds=72)
BUILD_FAILED = stage("build", Outcome.FAILURE, seconds=31, failure=Failure.of(DNS, RETRY))
DEPLOY_FAILED = stage("deploy", Outcome.FAILURE, seconds=4, failure=Failure.of(SECRET, TICKET))
SKIPPED = stage("deploy", Outcome.SKIPPED, seconds=0)

EU_WON = DayState("2026-01-02", Outcome.SUCCESS, "eu", {"us": Outcome.FAILURE, "eu": Outcome.SUCCESS})
DAY_OPEN = DayState("2026-01-02", None, "", {"eu": Outcome.FAILURE, "us": None})
US_FAILED = result(
    SETUP, BUILT, DEPLOY_FAILED, region="us", outcome=Outcome.FAILURE, failure=Failure.of(SECRET, TICKET)
)
US_RUNNING = result(SETUP, region="us")

GREEN_RUN = SummaryView(
    pipeline="nightly",
    region="eu",
    stage="run",
    outcome=Outcome.SUCCESS,
    run=result(SETUP, BUILT, TESTED, DEPLOYED, outcome=Outcome.SUCCESS),
    others=(US_FAILED,),
    day=EU_WON,
    links=LINKS,
    published="published 42 samples to gateway.example.test in 212 ms",
)
TRANSIENT_STAGE = SummaryView(
    pipeline="nightly",
    region="eu",
    stage="build",
    outcome=Outcome.FAILURE,
    run=result(SETUP, BUILD_FAILED),
    verdict=DNS,
    decision=RETRY,
    others=(US_RUNNING,),
    links=LINKS,
)
PERMANENT_STAGE = SummaryView(
    pipeline="nightly",
    region="us",
    stage="deploy",
    outcome=Outcome.FAILURE,
    run=replace(US_FAILED, outcome=None, completed_ms=None),
    verdict=SECRET,
    decision=TICKET,
    links=LINKS[:1],
    notes=("totals not published: the ledger lives on this runner only; set `ledger` to one that outlives the job",),
)
RUN_AFTER_EXPLAINED = SummaryView(
    pipeline="nightly",
    region="eu",
    stage="run",
    outcome=Outcome.FAILURE,
    run=result(SETUP, BUILD_FAILED, SKIPPED, outcome=Outcome.FAILURE, failure=Failure.of(DNS, RETRY)),
    others=(US_RUNNING,),
    day=DAY_OPEN,
    already_explained=True,
    links=LINKS[:1],
)
FAILED_RUN = replace(RUN_AFTER_EXPLAINED, already_explained=False)
HUGE_RUN = replace(
    FAILED_RUN,
    run=replace(
        FAILED_RUN.run,
        stages=(
            *(stage(f"shard-{number}", seconds=number) for number in range(200)),
            BUILD_FAILED,
            *(stage(f"shard-{number}", seconds=number) for number in range(200, 399)),
        ),
    ),
    notes=("the ledger was away for 3 s",),
    published="published 4,200 samples in 212 ms",
)

NASTY = (
    "</details>```~~~\n# heading\r\n| a | b |\n|---|---| @everyone @org/team #123 GH-1 org/app#9 `x` ``y`` :tada: $x$ "
    "<script>alert(1)</script><img src=x onerror=alert(1)> ![i](https://evil.test/i.png) [x](javascript:alert(1)) "
    "[ref]: https://evil.test www.evil.test https://evil.test/a?b mail@evil.test \u202egnp.exe\u2066 \u200b\u00ad"
    "\x1b[31m\x00 ::error::x ##[add-mask]y > quote &lt;b&gt; \\ \\| *b* _i_ ~~s~~ \u2028 \ud83d \U000e0041 `"
)


def hostile(text: str) -> SummaryView:
    """Return a view in which every foreign word is this text."""
    verdict = replace(
        SECRET,
        subclass=text,
        signature=text,
        evidence=Evidence(3, text, (text, text), (text, text)),
        meaning=text,
        hint=text,
    )
    decision = replace(TICKET, reason=text)
    failed = replace(BUILD_FAILED, stage=text, leg=text, failure=Failure.of(verdict, decision))
    run = replace(
        result(failed, SETUP, region=text, outcome=Outcome.FAILURE), run_id=text, pipeline=text, day=text, sha=text
    )
    return SummaryView(
        pipeline=text,
        region=text,
        stage=text,
        outcome=Outcome.FAILURE,
        run=run,
        verdict=verdict,
        decision=decision,
        others=(run,),
        day=DayState(text, Outcome.SUCCESS, text, {text: Outcome.FAILURE}),
        links=((text, text), (text, f"https://github.com/{text}"), ("Run", text)),
        notes=(text, text),
        published=text,
    )

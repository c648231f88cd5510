"""Findings on their way into the ledger, and what is known of those before them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from lumen_action.commands.lasting import lasting_ledger
from lumen_action.commands.session import Session
from lumen_action.errors import IntegrityError, RemoteError
from lumen_action.health.check import Check, Finding
from lumen_action.health.facts import health_fact, health_run, is_news, pasts
from lumen_action.health.judging import Judged, Past, judged
from lumen_action.jobmemory import JobMemory
from lumen_action.model import Fact, Kind, Outcome, Trust
from lumen_action.record import DEFAULT_REGION
from lumen_action.record.keeping import Keeper
from lumen_action.record.moment import Moment

_DAYS = 8
"""How far back a look for the past of a component goes, where it is not found before: beyond a weekend and a week."""
WHY = "what is found would end with this job"
"""Why a ledger is needed that does not."""


@dataclass
class Memory:
    """What was found last of each component: in this program, and where it is recorded in the ledger."""

    session: Session
    recorded: bool
    known: dict[str, Past] = field(default_factory=dict)
    told: dict[str, Past] = field(default_factory=dict)
    """As the ledger has it."""

    @classmethod
    def of(cls, session: Session, checks: Sequence[Check], warnings: list[str], *, record: bool) -> Memory:
        """Ask the ledger once, if it is to remember; what a fork finds is not recorded."""
        if record and session.host.identity().trust is Trust.FORK:
            warnings.append("a fork's job records nothing: what it finds is only shown")
            record = False
        made = cls(session, record)
        if record:
            made.told = dict(_recorded(session, {check.name for check in checks}, warnings))
            made.known = dict(made.told)
        return made

    def judge(self, findings: Sequence[Finding], warnings: list[str], *, settled: bool = False) -> list[Judged]:
        """Hold findings against those before, keep them in mind, and record what is news.

        What is settled has failed as often as it has to.
        """
        found = [judged(each, self._past(each, settled=settled)) for each in findings]
        self.known.update((each.name, each.past) for each in found)
        if self.recorded:
            news = [each for each in found if is_news(each, self.told.get(each.name, Past()))]
            self._record(news, warnings)
        return found

    def _past(self, finding: Finding, *, settled: bool) -> Past:
        past = self.known.get(finding.check.name, Past())
        return replace(past, row=max(past.row, finding.check.tries - 1)) if settled else past

    def _record(self, news: Sequence[Judged], warnings: list[str]) -> None:
        if not news:
            return
        session = self.session
        like = _like(session)
        keeper = Keeper(session.spool, session.ledger, session.world.clock_ms)
        keeper.keep([health_fact(like, each) for each in news], "", warnings)
        self.told.update((each.name, each.past) for each in news)


def _recorded(session: Session, names: set[str], warnings: list[str]) -> Mapping[str, Past]:
    calendar, now_ms = session.settings.calendar, session.world.clock_ms()
    region = session.settings.region or DEFAULT_REGION
    waiting = [fact for _, fact in session.spool.pending()]
    facts = list(waiting)
    try:
        ledger = lasting_ledger(session, WHY, evidence=True)
        today = date.fromisoformat(calendar.day_of(now_ms))
        for ago in range(_DAYS):
            facts += ledger.scan(run=health_run(session.pipeline, (today - timedelta(days=ago)).isoformat()))
            # A change of the last hour may be of yesterday, whoever was looked at since.
            if ago and names <= pasts(facts, session.pipeline, region).keys():
                break
    except (RemoteError, IntegrityError) as fault:
        warnings.append(f"{fault}; how often in a row something failed is not known")
        facts = waiting
    return pasts(facts, session.pipeline, region)


def _like(session: Session) -> Fact:
    settings, now_ms = replace(session.settings, stage="health"), session.world.clock_ms()
    identity = session.host.identity()
    region, day = settings.region or DEFAULT_REGION, settings.calendar.day_of(now_ms)
    moment = Moment(identity, session.pipeline, region, now_ms, day, JobMemory())
    return moment.fact(settings, Kind.CHECK, Outcome.SUCCESS, None)

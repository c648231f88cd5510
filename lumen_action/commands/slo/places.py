"""Where the sources of objectives are found, and what all of them came to although some may not answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING

from lumen_action.commands.asked import telling
from lumen_action.commands.planned import runs_per_day
from lumen_action.commands.session import Session
from lumen_action.commands.slo.asked import Asked
from lumen_action.errors import ConfigError, RemoteError
from lumen_action.http import HttpError
from lumen_action.measuring import Places, measure, zone_of
from lumen_action.measuring.events import day_tick
from lumen_action.settings import Settings
from lumen_action.slo.evaluating import evaluate
from lumen_action.slo.evaluation import Evaluation, Measured, Span
from lumen_action.slo.objective import CountsSource, Events, LedgerSource, RatioSource, Slo, SloBook, ValueSource
from lumen_action.slo.spans import span_of

if TYPE_CHECKING:
    from lumen_action.promserver import PrometheusOptions, PromServer

_DAY_MS = 86_400_000


@dataclass
class Answers:
    """What the objectives came to, and why nothing is known of some; these are told as no data."""

    evaluations: Sequence[Evaluation] = ()
    unanswered: dict[str, str] = field(default_factory=dict)
    """By the name of an objective."""

    @property
    def exit_code(self) -> int:
        """Return the code of a command that showed what it could."""
        return RemoteError.exit_code if self.unanswered else 0


def places(asked: Asked) -> Places:
    """Return where the sources are; nothing is opened yet."""
    session, settings = asked.session, asked.session.settings
    return Places(
        ledger=session.ledger,
        calendar=settings.calendar,
        planned=planned(settings, asked.at_ms),
        folder=session.world.folder,
        prometheus=_prometheus(asked),
        tell=telling(session.world),
        schedule=settings.schedule,
    )


def planned(settings: Settings, now_ms: int) -> Callable[[Slo, Span], float | None]:
    """Return what tells how many events a whole window is expected to have."""

    def events(slo: Slo, span: Span) -> float | None:
        source = slo.source
        if not isinstance(source, LedgerSource) or source.pipeline != settings.pipeline:
            return None
        if source.events is Events.RUN:
            a_day = runs_per_day(settings, now_ms)
            return None if a_day is None else a_day * span.length_ms / _DAY_MS
        return _scheduled_days(settings, span) if source.events is Events.DAY else None

    return events


def evaluated(asked: Asked) -> Answers:
    """Return what every objective came to; a source that does not answer is told, and hides no other."""
    answers, where = Answers(), places(asked)
    problems: list[str] = []
    found: dict[str, list[Evaluation]] = {}
    silent: dict[str, RemoteError] = {}
    for slos, server in groups(asked.book):
        try:
            if server in silent:
                raise silent[server]
            for each in measure(slos, where, asked.at_ms):
                found.setdefault(each.slo.name, []).append(each)
        except ConfigError as fault:
            problems += fault.problems
        except RemoteError as fault:
            if server and is_silent(fault):
                silent[server] = fault
            for slo in slos:
                found[slo.name] = list(_unknown(slo, _told(fault), where, asked.at_ms))
                answers.unanswered |= dict.fromkeys((each.name for each in found[slo.name]), _told(fault))
    if problems:
        raise ConfigError(list(dict.fromkeys(problems)))
    answers.evaluations = [each for slo in asked.book.slos for each in found[slo.name]]
    _tell(answers.unanswered, where.tell)
    return answers


def groups(book: SloBook) -> Iterator[tuple[Sequence[Slo], str]]:
    """Yield what is read together, and the server whose silence is that of all its objectives."""
    for sort in (CountsSource, LedgerSource):
        together = [slo for slo in book.slos if isinstance(slo.source, sort)]
        if together:
            yield together, ""
    for slo in book.slos:
        if isinstance(slo.source, (RatioSource, ValueSource)):
            yield [slo], f"prometheus {slo.source.data_source}"


def is_silent(fault: BaseException | None) -> bool:
    """Tell whether a server said nothing at all, so that another question would only wait as long."""
    while fault and not isinstance(fault, HttpError):
        fault = fault.__cause__
    return isinstance(fault, HttpError) and fault.status is None


def _told(fault: RemoteError) -> str:
    """Return what happened, without the names of the objectives: they stand beside it."""
    inner = fault.__cause__
    return str(inner if isinstance(inner, RemoteError) and not isinstance(inner, HttpError) else fault)


def _unknown(slo: Slo, why: str, where: Places, now_ms: int) -> Iterator[Evaluation]:
    span = span_of(slo.window, now_ms, zone_of)
    for objective in slo.objectives:
        yield evaluate(slo, objective, span, Measured(notes=(why,)), where.planned(slo, span))


def _tell(unanswered: Mapping[str, str], tell: Callable[[str], None]) -> None:
    by_reason: dict[str, list[str]] = {}
    for name, why in unanswered.items():
        by_reason.setdefault(why, []).append(name)
    for why, names in by_reason.items():
        tell(f"error: nothing is known of {', '.join(names)}: {why}")


def _prometheus(asked: Asked) -> Callable[[str], PromServer]:
    """Return what opens the Prometheus of a data source once."""
    opened: dict[str, PromServer] = {}

    def server(name: str) -> PromServer:
        if name not in opened:
            from lumen_action.measuring.prometheus import access_of
            from lumen_action.promserver import PromServer

            made = PromServer(
                access_of(name, asked.book.data_sources, prometheus_options(asked.session, asked.prometheus_url))
            )
            asked.session.world.closing.callback(made.close)
            opened[name] = made
        return opened[name]

    return server


def prometheus_options(session: Session, named: str = "") -> PrometheusOptions:
    """Return where Prometheus is and what lets us in; a URL that was named wins over that of lumen.yml."""
    from lumen_action.promserver import PrometheusOptions, problems

    env, told = session.world.env, session.settings.prometheus
    token, user, password, ca_file = (
        env.get(f"LUMEN_PROMETHEUS_{name}", "") for name in ("TOKEN", "USER", "PASSWORD", "CA_FILE")
    )
    url, authority = named or told.get("url", ""), ca_file or told.get("ca-file")
    options = PrometheusOptions(url, token, user, password, told.get("headers", {}), authority)
    faults = problems(options)
    if faults:
        raise ConfigError(faults)
    return options


def _scheduled_days(settings: Settings, span: Span) -> float | None:
    """Return on how many days that begin within the window a run is expected."""
    schedule, calendar = settings.schedule, settings.calendar
    if schedule is None:
        return None
    first, last = (date.fromisoformat(calendar.day_of(at_ms)) for at_ms in (span.begin_ms, span.closes_ms))
    days = ((first + timedelta(days=number)).isoformat() for number in range((last - first).days + 1))
    within = (day for day in days if span.begin_ms < day_tick(day, calendar, good=True).at_ms <= span.closes_ms)
    return float(sum(1 for day in within if schedule.slots(day, calendar)))

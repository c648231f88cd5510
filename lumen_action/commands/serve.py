"""`lumen serve`: `/metrics`, the status page and `/health/…`, of any ledger, and perhaps a place that takes alerts."""

from __future__ import annotations

import argparse
import signal
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime, timezone
from functools import partial
from urllib.parse import urlsplit

from lumen_action.commands import World
from lumen_action.commands.asked import flag, word
from lumen_action.commands.coalescing import Folder, Shown
from lumen_action.commands.health.keeping import WHY, Memory
from lumen_action.commands.health.known import around_of, checks_asked
from lumen_action.commands.health.watching import Watch
from lumen_action.commands.healthpages import health_pages
from lumen_action.commands.lasting import lasting_ledger
from lumen_action.commands.options import command_parser, given
from lumen_action.commands.session import PATIENT_SECONDS, Session, open_session, session_of
from lumen_action.commands.state import RUNS
from lumen_action.commands.webpages import Site, Taker, serving
from lumen_action.errors import ConfigError, LedgerError, RemoteError
from lumen_action.health.check import Check
from lumen_action.health.judging import Judged
from lumen_action.ops.probes.running import Prober
from lumen_action.sinks.exposition import prometheus_text
from lumen_action.sinks.series import families
from lumen_action.sli.fold import state_of
from lumen_action.sli.state import State
from lumen_action.totals import Totals, put_on_record

LISTEN = "127.0.0.1:9469"
_REFRESH_SECONDS = 60.0
_CHECK_SECONDS = 30.0


def parser() -> argparse.ArgumentParser:
    """Say what the command takes."""
    made = command_parser(
        "serve",
        "Serve /metrics, /healthz, /readyz, /health/… and a status page over any ledger, until it is told to stop.",
        "lumen serve --ledger sqlite:/var/lib/lumen/ledger.db --listen 127.0.0.1:9469",
        ("pipeline", "ledger", "config"),
    )
    made.add_argument("--listen", default=LISTEN, metavar="HOST:PORT", help=f"default: {LISTEN}; port 0: any free one")
    made.add_argument(
        "--refresh",
        type=float,
        default=_REFRESH_SECONDS,
        metavar="SECONDS",
        help=f"fold again at the latest after so long, new facts or not (default: {_REFRESH_SECONDS:g})",
    )
    made.add_argument("--checks", metavar="FILE", help="a file of checks for /health (default: what lumen.yml names)")
    made.add_argument(
        "--check-every",
        type=float,
        default=_CHECK_SECONDS,
        metavar="SECONDS",
        help=f"the pause between two rounds of checks (default: {_CHECK_SECONDS:g})",
    )
    made.add_argument("--record", action="store_true", help="keep what the checks find in the ledger")
    made.add_argument("--take-alerts", action="store_true", help="take Alertmanager's webhooks at POST /alerts")
    return made


def run(arguments: argparse.Namespace, world: World) -> int:
    """Fold in this thread and answer in others, until SIGTERM or SIGINT."""
    host, port = address(arguments.listen)
    settings = given(arguments)
    # Said here, what is wrong with the settings ends the program before it listens.
    first = open_session(settings, world, patience_seconds=PATIENT_SECONDS)
    sessions = iter([first])

    def opened() -> View:
        # A session remembers that its ledger failed; after a fault there is a new one.
        return View(next(sessions, None) or open_session(settings, world, patience_seconds=PATIENT_SECONDS))

    folder = Folder(opened, refresh_seconds=arguments.refresh, tell=world.tell)
    problems: list[str] = []
    record, takes = (flag(arguments, world, name, problems) for name in ("record", "take-alerts"))
    if problems:
        raise ConfigError(problems)
    if record:
        # One that is away now may be there at the first round.
        with suppress(RemoteError):
            lasting_ledger(first, WHY, evidence=True)
    watch = _watch(arguments, first, folder.shown, record=record)
    site = Site(folder.shown, health_pages(watch, folder.shown), _takers(arguments, world) if takes else {})
    with _stopping(folder.stop), _watching(watch), serving(host, port, site) as url:
        world.tell(f"listening on {url}: {site.paths}{''.join(f' (POST) {path}' for path in site.takers)}")
        folder.work()
    world.tell("stopped")
    return 0


def _watch(
    arguments: argparse.Namespace, session: Session, shown: Callable[[], Shown | None], *, record: bool
) -> Watch:
    """Return what looks in the background, with a ledger of its own where it records."""
    world = session.world
    checks = checks_asked(session, word(arguments, world, "checks"), often=True)
    slowest = max((check.timeout_seconds for check in checks), default=0.0) + 1
    prober = Prober(around_of(session, partial(_head, shown)))
    memories: list[Memory] = []

    def look(asked: Sequence[Check]) -> Sequence[Judged]:
        warnings: list[str] = []
        if not memories:
            # Some ledgers belong to one thread, and this is not the one that folds.
            own = session_of(arguments, world)
            memories.append(Memory.of(own, asked, warnings, record=record))
        found = memories[0].judge(prober.findings(asked, deadline_seconds=slowest), warnings)
        for warning in warnings:
            world.tell(f"warning: {warning}")
        return found

    seconds = arguments.check_every
    return Watch(checks, look, interval_seconds=seconds, clock_ms=world.clock_ms, tell=world.tell)


def _head(shown: Callable[[], Shown | None]) -> int:
    """Return the head as it is shown: the ledger is asked by whoever folds it."""
    found = shown()
    if found is None:
        raise LedgerError("the ledger does not answer, or its first fold is not done")
    return found.head


def _takers(arguments: argparse.Namespace, world: World) -> Mapping[str, Taker]:
    from lumen_action.commands.incident.receiving import Receiver

    return {"/alerts": Receiver(given(arguments), world).take}


@contextmanager
def _watching(watch: Watch) -> Iterator[None]:
    """Look in the background; a round at hand is not waited for."""
    threading.Thread(target=watch.work, name="health", daemon=True).start()
    try:
        yield
    finally:
        watch.stop()


@contextmanager
def _stopping(stop: Callable[[], None]) -> Iterator[None]:
    """Let the first SIGTERM or Ctrl-C end the work in good order; the second does what it always does."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}

    def stop_once(number: int, _: object) -> None:
        signal.signal(number, before[signal.Signals(number)])
        stop()

    for number in before:
        signal.signal(number, stop_once)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def address(listen: str) -> tuple[str, int]:
    """Return host and port; an IPv6 host stands in brackets."""
    try:
        parts = urlsplit(f"//{listen}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or port is None or listen.rpartition(":")[0].strip("[]").lower() != host:
        raise ConfigError(f"listen: `{listen[:60]}` is not HOST:PORT; write for example `--listen {LISTEN}`")
    return host, port


class View:
    """One ledger as it is shown."""

    def __init__(self, session: Session) -> None:
        """Fold the ledger of this session, each time only what has come since the last."""
        self._session = session
        self._totals: dict[str, Totals] = {}

    def head(self) -> int:
        """Return the ledger's head."""
        return self._session.ledger().head()

    def fold(self, head: int) -> Shown:
        """Fold the ledger, which has at least this head."""
        from lumen_action.report.page import render

        session = self._session
        state = self._state(session)
        now = datetime.fromtimestamp(session.world.clock_ms() / 1000, timezone.utc)
        page = render(state, title="Lumen", generated_at=f"{now:%Y-%m-%d %H:%M} UTC")
        return Shown(head, prometheus_text(families(state, session.constants(head))).encode(), page.encode())

    def _state(self, session: Session) -> State:
        ledger, settings, now_ms = session.ledger(), session.settings, session.world.clock_ms()
        names = [settings.pipeline] if settings.pipeline else ledger.pipelines()
        # The schedule of `lumen.yml` is that of one pipeline.
        schedule = settings.schedule if len(names) == 1 else None
        tallied = {}
        for name in names:
            totals = self._totals.setdefault(name, Totals(ledger, name))
            tallied[name] = totals.read(runs=RUNS).tallied
            # Who may only read shows the same, and a late run moves the number.
            with suppress(LedgerError):
                put_on_record(ledger, name, tallied[name], schedule, settings.calendar, now_ms)
        return state_of(tallied, now_ms=now_ms, calendar=settings.calendar)

    def close(self) -> None:
        """Let go of the ledger."""
        self._session.ledger().close()

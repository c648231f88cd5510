"""`lumen serve`: `/metrics` and the status page, folded from any ledger when somebody asks."""

from __future__ import annotations

import argparse
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timezone
from urllib.parse import urlsplit

from lumen_action.commands import World
from lumen_action.commands.coalescing import Folder, Shown
from lumen_action.commands.options import command_parser, given
from lumen_action.commands.session import PATIENT_SECONDS, Session, open_session
from lumen_action.commands.state import RUNS
from lumen_action.commands.webpages import serving
from lumen_action.errors import ConfigError, LedgerError
from lumen_action.sinks.exposition import prometheus_text
from lumen_action.sinks.series import families
from lumen_action.sli.fold import state_of
from lumen_action.sli.state import State
from lumen_action.totals import Totals, put_on_record

LISTEN = "127.0.0.1:9469"
_REFRESH_SECONDS = 60.0


def parser() -> argparse.ArgumentParser:
    """Say what the command takes."""
    made = command_parser(
        "serve",
        "Serve /metrics, /healthz, /readyz and a status page over any ledger, until it is told to stop.",
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
    with _stopping(folder.stop), serving(host, port, folder.shown) as url:
        world.tell(f"listening on {url}: / /metrics /healthz /readyz")
        folder.work()
    world.tell("stopped")
    return 0


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

"""The data of a Prometheus that has watched the sample month, and the ledger it comes from."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from unpacked import program

from lumen_action.ledger.sqlite import SqliteLedger
from lumen_action.model import Fact
from stack.month import month
from stack.past import replay, steps
from stack.programs import run
from stack.provisioning import historian
from stack.recording import recorded, rules_of, storeys

Tell = Callable[[str], None]
LEDGER = "ledger.db"
# So long that promtool reads its input once or twice, and makes as many blocks.
_BLOCK = "--max-block-duration=1458h"


def build(folder: Path, port: int, days: int, tell: Tell) -> None:
    """Write ledger and data; every fact waits for the disk, so the ledger is filled beside the rest."""
    now_ms = int(time.time() * 1000)
    started = time.monotonic()
    facts = month(now_ms, days)
    tell(f"replaying {days} days of {len(facts)} facts")
    given_up = threading.Event()
    with ThreadPoolExecutor(1) as beside, _told(given_up):
        filled = beside.submit(_fill, folder / LEDGER, facts, given_up)
        _blocks(folder, replay(facts, now_ms))
        tell(f"  the totals of every hour took {time.monotonic() - started:.0f} s")
        _record(folder, port, steps(facts, now_ms), tell)
        filled.result()
    tell(f"  ledger {folder / LEDGER} is filled")


@contextlib.contextmanager
def _told(given_up: threading.Event) -> Iterator[None]:
    """Let who works beside know when this is given up."""
    try:
        yield
    except BaseException:
        given_up.set()
        raise


def _fill(file: Path, facts: Sequence[Fact], given_up: threading.Event) -> None:
    with contextlib.closing(SqliteLedger(file, durable=True)) as ledger:
        for fact in facts:
            if given_up.is_set():
                return
            ledger.put(fact)


def _record(folder: Path, port: int, told_of: range, tell: Tell) -> None:
    started = time.monotonic()
    server = historian(folder, port)
    with server.running(folder):
        rules = rules_of(server)
    tell(f"recording what {len(rules)} rules would have said, those that rest on others after them")
    for rested in storeys(rules):
        # Each storey reads the blocks of those before: a Prometheus looks for new ones when it starts.
        with server.running(folder):
            lines = list(recorded(server, rested, told_of))
        _blocks(folder, lines)
    tell(f"  recorded series and past alerts took {time.monotonic() - started:.0f} s")


def _blocks(folder: Path, pieces: Iterable[str]) -> None:
    """Turn OpenMetrics into blocks of the data."""
    text = folder / "past.om"
    samples = False
    with text.open("w", encoding="utf-8") as file:
        for piece in pieces:
            samples = samples or bool(piece)
            file.write(piece)
        file.write("# EOF\n")
    if samples:
        run(
            program("prometheus", "promtool"),
            *("tsdb", "create-blocks-from", "openmetrics", _BLOCK, str(text), str(folder / "data")),
        )
    text.unlink()

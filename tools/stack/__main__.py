"""Start the local stack, keep it moving, stop it: `make stack`."""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import FrameType

from unpacked import MissingProgramError

from lumen_action.errors import LumenError
from lumen_action.ledger.sqlite import SqliteLedger
from stack import provisioning
from stack.building import LEDGER, build
from stack.inbox import PAGE, taking
from stack.living import Living
from stack.looking import addresses, pages, standing, wait
from stack.programs import StackError, ports

# A file that says that ledger and data are complete.
_BUILT = "history-is-complete"
_FIRST_PAGE_SECONDS = 30.0


def _tell(line: str) -> None:
    # In one piece: notifications arrive on threads of their own.
    sys.stdout.write(f"{time.strftime('%H:%M:%S')}  {line}\n")
    sys.stdout.flush()


def main(arguments: Sequence[str]) -> int:
    """Let the stack stand until it is interrupted."""
    parser = argparse.ArgumentParser(prog="make stack", description=__doc__)
    parser.add_argument("--days", type=int, default=30, help="length of the sample history (default: 30)")
    parser.add_argument("--every", type=float, default=30, metavar="SECONDS", help="a new run so often (default: 30)")
    parser.add_argument("--port-base", type=int, metavar="N", help="six ports from here on; 0: any free ones")
    parser.add_argument("--once", action="store_true", help="start, see whether everything works, stop")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep ledger, data and logs here, and go on from them")
    asked = parser.parse_args(arguments)
    if asked.days < 1 or asked.every <= 0:
        parser.error("--days and --every have to be above 0")
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupted)
    # Whatever proxy the environment names: everything is on this machine.
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1"
    try:
        with _folder(asked.keep) as folder:
            return _stand(asked, folder)
    except (StackError, MissingProgramError, LumenError, OSError) as fault:
        print(f"the stack does not stand: {fault}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        _tell("stopped")
        return 0


def _interrupted(_number: int, _frame: FrameType | None) -> None:
    """Stop once: what is being cleaned up may not be interrupted."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


@contextlib.contextmanager
def _folder(kept: Path | None) -> Iterator[Path]:
    """Give a folder that is gone afterwards, or the one that is kept."""
    if kept:
        kept.mkdir(parents=True, exist_ok=True)
        if any(kept.iterdir()) and not (kept / _BUILT).exists():
            raise StackError(f"--keep: {kept} is neither empty nor a folder with a finished history; give another")
        yield kept.resolve()
        return
    folder = Path(tempfile.mkdtemp(prefix="lumen-stack-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _stand(asked: argparse.Namespace, folder: Path) -> int:
    started = time.monotonic()
    chosen = ports(asked.port_base)
    paged = threading.Event()

    def told(line: str) -> None:
        if line.startswith(PAGE):
            paged.set()
        _tell(line)

    prometheus = provisioning.prometheus(folder, chosen)
    pushgateway = provisioning.pushgateway(chosen)
    alertmanager = provisioning.alertmanager(folder, chosen)
    node_exporter = provisioning.node_exporter(folder, chosen)
    with contextlib.ExitStack() as stack:
        if not (folder / _BUILT).exists():
            build(folder, chosen["prometheus"], asked.days, _tell)
            (folder / _BUILT).touch()
        ledger = stack.enter_context(contextlib.closing(SqliteLedger(folder / LEDGER, durable=True)))
        stack.enter_context(taking(chosen["web"], chosen["mail"], told))
        stack.enter_context(pushgateway.running(folder))
        living = Living(ledger, pushgateway.url)
        living.publish()
        for server in (node_exporter, alertmanager, prometheus):
            stack.enter_context(server.running(folder))
        _tell("started; waiting for the first scrapes and rules")
        found = wait(prometheus)
        if pages(prometheus) and not paged.wait(_FIRST_PAGE_SECONDS):
            found.append("a page fires and has not arrived")
        for fault in found:
            _tell(f"warning: {fault}")
        _tell(f"{standing(prometheus)}; all of it took {time.monotonic() - started:.0f} s\n")
        servers = (prometheus, pushgateway, alertmanager, node_exporter)
        places = {server.name: server.url for server in servers}
        places["remote write"] = f"{prometheus.url}/api/v1/write"
        places["textfiles"] = str(folder / "textfile")
        print(addresses(prometheus, places, folder), flush=True)
        if asked.once:
            return 1 if found else 0
        print(f"\nA new run every {asked.every:g} s; notifications are printed here. Ctrl-C stops everything.\n")
        sys.stdout.flush()
        while True:
            time.sleep(asked.every)
            _tell(f"run         {living.go_on()}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""From a URL to a ledger: one row a kind, each imported only when it is chosen."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from lumen_action.ledger import Ledger


@dataclass(frozen=True)
class Place:
    """Where we stand: what a ledger may use, and what ends with the job."""

    env: Mapping[str, str]
    cache: Path
    """A folder for what can be fetched again."""
    dies_with_job: tuple[Path, ...] = ()
    machine_dies: bool = False


def _sqlite(url: str, place: Place) -> Ledger:
    from lumen_action.ledger.sqlite import SCHEME, SqliteLedger

    path = Path(url.removeprefix(SCHEME)).expanduser().absolute()
    doomed = place.machine_dies or any(folder.absolute() in path.parents for folder in place.dies_with_job)
    return SqliteLedger(path, durable=not doomed)


def _git(url: str, place: Place) -> Ledger:
    from lumen_action.ledger.git import GitLedger

    return GitLedger(url, place.cache, environment=place.env)


def _s3(url: str, _: Place) -> Ledger:
    from lumen_action.ledger.objects import Bucket
    from lumen_action.ledger.s3 import S3Ledger

    return S3Ledger(Bucket(url))


def _postgres(url: str, place: Place) -> Ledger:
    from lumen_action.ledger.pgurl import read_target
    from lumen_action.ledger.postgres import PostgresLedger

    # The URL with the password stands in the environment only; `postgresql:` alone says to take it from there.
    asked = place.env.get("DATABASE_URL", url) if url.rstrip("/") == "postgresql:" else url
    target = read_target(asked, place.env)
    # A server beside a job of a machine that is thrown away is thrown away, too.
    return PostgresLedger(target, durable=not (place.machine_dies and target.on_this_machine))


def _pushgateway(url: str, place: Place) -> Ledger:
    from lumen_action.ledger.pushgateway import PushgatewayLedger

    return PushgatewayLedger(
        url,
        token=place.env.get("LUMEN_PUSHGATEWAY_TOKEN", ""),
        ca_file=place.env.get("LUMEN_PUSHGATEWAY_CA_FILE"),
    )


_KINDS: Mapping[str, Callable[[str, Place], Ledger]] = {
    "sqlite": _sqlite,
    "git": _git,
    "s3": _s3,
    "postgresql": _postgres,
    "postgres": _postgres,
    "pushgateway": _pushgateway,
}


def open_ledger(url: str, place: Place | None = None) -> Ledger:
    """Open the ledger of a URL; it is durable unless it lies where nothing outlives the job."""
    return _KINDS[url.partition(":")[0]](url, place or Place(os.environ, Path.home() / ".cache" / "lumen"))

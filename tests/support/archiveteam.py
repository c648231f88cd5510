"""A team that freezes, uploads, verifies and prunes archives at its terminal or in a job, with folders as stores."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from facts import HOUR, NOON

from lumen_action.archive import ArchiveId
from lumen_action.commands import World, archive
from lumen_action.errors import LumenError
from lumen_action.ledger.sqlite import SqliteLedger
from lumen_action.model import Fact, Kind

DAY_MS = 24 * HOUR
KEY = base64.b64encode(bytes(range(32))).decode()
OTHER_KEY = base64.b64encode(bytes(range(1, 33))).decode()
TODAY = "2026-01-02"


@dataclass
class ArchiveTeam:
    """A folder with a lumen.yml and a ledger; what was last asked left its words in `out` and `err`."""

    folder: Path
    now_ms: int = NOON
    env: dict[str, str] = field(default_factory=dict)
    key: str = KEY
    out: str = ""
    err: str = ""
    stores: Sequence[str] = ("file:a", "file:b")

    def __post_init__(self) -> None:
        self.config()

    def config(self, more: str = "") -> None:
        (self.folder / "lumen.yml").write_text(f"pipeline: nightly\n{more}", encoding="utf-8")

    def archive(self, *words: str) -> int:
        """Run a sub-command as the command line does."""
        self.now_ms += 1000
        out, err = io.StringIO(), io.StringIO()
        env = {
            "LUMEN_STATE_DIR": str(self.folder / "state"),
            "LUMEN_LEDGER": f"sqlite:{self.folder / 'ledger.db'}",
            **({"LUMEN_ARCHIVE_KEY": self.key} if self.key else {}),
            **self.env,
        }
        world = World(env=env, folder=self.folder, stdout=out, stderr=err, clock_ms=lambda: self.now_ms)
        try:
            with world.closing:
                return archive.run(archive.parser().parse_args(words), world)
        except LumenError as fault:
            err.write(f"error: {fault}\n")
            return fault.exit_code
        finally:
            self.out, self.err = out.getvalue(), err.getvalue()

    def asked(self, *words: str) -> dict[str, Any]:
        """Return what a sub-command answers to machines."""
        self.archive(*words, "--json")
        found: dict[str, Any] = json.loads(self.out.splitlines()[-1])
        return found

    def at(self, *urls: str) -> list[str]:
        """Return the options that name stores."""
        return [word for url in urls or self.stores for word in ("--store", url)]

    def frozen(
        self,
        day: str = TODAY,
        files: Mapping[str, str] | None = None,
        *,
        region: str = "eu",
        version: str = "1",
        upload_to: Sequence[str] | None = None,
    ) -> ArchiveId:
        """Freeze files, and upload the archive."""
        source = self.folder / "sources" / f"{day}-{region}-{version}"
        for name, text in (files or {"report.txt": f"all is well in {region} on {day}, {version}\n"}).items():
            file = source / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        about = ("--region", region, "--version", version)
        assert self.archive("freeze", str(source), "--day", day, *about) == 0, self.err
        urls = self.stores if upload_to is None else upload_to
        if urls:
            assert self.archive("upload", day, *about, *self.at(*urls)) == 0, self.err
        return ArchiveId("nightly", day, region, version)

    def file(self, store: str, id_: ArchiveId, end: str = "sealed") -> Path:
        """Return where an object of an archive stands."""
        return self.folder / store / str(getattr(id_, end))

    def facts(self, kind: Kind | None = None) -> list[Fact]:
        """Return the facts in the ledger in their order."""
        ledger = SqliteLedger(self.folder / "ledger.db", durable=True)
        found = sorted(ledger.scan(), key=lambda each: each.order)
        ledger.close()
        return [each for each in found if kind in (None, each.key.kind)]


def spoilt(file: Path, at: int = -1) -> None:
    """Change a bit of a file."""
    body = bytearray(file.read_bytes())
    body[at] ^= 1
    file.write_bytes(body)

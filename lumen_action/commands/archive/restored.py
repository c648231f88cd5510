"""What came back, in words, as JSON, and as a fact, and how to go back to it."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lumen_action.archive.manifest import Entry
from lumen_action.archive.progress import size
from lumen_action.archive.restoring import Fetched
from lumen_action.commands.session import Session
from lumen_action.model.instants import stamp
from lumen_action.summary.markdown import plain, visible


@dataclass(frozen=True)
class Restored:
    """An archive that came back, or would."""

    fetched: Fetched
    below: str
    """The folder of the target that it is in; empty for the target itself."""
    entries: Sequence[Entry]
    """The files that were wanted of it."""

    def path_of(self, entry: Entry) -> str:
        """Return where in the target a file is."""
        return f"{self.below}/{entry.path}" if self.below else entry.path

    @property
    def bytes(self) -> int:
        """Return how much it is."""
        return sum(each.size for each in self.entries)


def told(restored: Restored) -> Mapping[str, str]:
    """Return what a fact tells of it."""
    return {
        "store": restored.fetched.where,
        "root": restored.fetched.contents.root,
        "files": str(len(restored.entries)),
        "bytes": str(restored.bytes),
    }


def answer(
    arguments: argparse.Namespace,
    session: Session,
    restored: Sequence[Restored],
    in_the_way: Sequence[str],
    target: Path | None,
    *,
    dry_run: bool,
) -> None:
    """Tell it to whoever asked, to later steps and to the job summary."""
    host, world = session.host, session.world
    lines = [_line(each, target, dry_run=dry_run) for each in restored]
    steps = [] if dry_run else _rollback(restored, target)
    if arguments.json:
        world.answer_json(
            {
                "target": str(target) if target else None,
                "dry_run": dry_run,
                "archives": [_plain(each, listed=dry_run) for each in restored],
                "in_the_way": list(in_the_way),
                "rollback": steps,
            }
        )
    else:
        files = [
            f"  {visible(each.path_of(entry))}  {entry.size} B  {entry.mode:03o}"
            for each in restored
            for entry in each.entries
            if dry_run
        ]
        blocked = [f"in the way: {visible(each)}" for each in in_the_way]
        world.answer("\n".join([*lines, *files, *blocked, *steps]))
    if dry_run:
        return
    count = sum(len(each.entries) for each in restored)
    host.set_outputs({"folder": str(target), "files": str(count)})
    summary = "### ✅ Archives restored\n\n" + "".join(f"- {plain(line)}\n" for line in lines) + "\n"
    if len(summary.encode()) <= host.summary_room():
        host.write_summary(summary)


def _line(restored: Restored, target: Path | None, *, dry_run: bool) -> str:
    fetched = restored.fetched
    count, all_of_it = len(restored.entries), fetched.contents.files
    files = f"{count} {'file' if count == 1 else 'files'}" + (f" of {all_of_it}" if count != all_of_it else "")
    where = f" to {target / restored.below}" if target else ""
    done = "would be restored" if dry_run else "restored"
    return f"{fetched.id}: {done} from {fetched.where}{where}: {files}, {size(restored.bytes)}; every byte proved right"


def _rollback(restored: Sequence[Restored], target: Path | None) -> list[str]:
    """Return what a person does to go back to what was frozen."""
    days = sorted({each.fetched.id.day for each in restored})
    runs = sorted({each.fetched.contents.origin.run_id or each.fetched.contents.origin.run for each in restored} - {""})
    made_by = f" (made by {visible(', '.join(runs))})" if runs else ""
    return [
        "",
        "To roll back to this:",
        f"  1. pin: let deployments use the version of {', '.join(days)}{made_by}, and stop what would publish a newer",
        f"  2. publish: look through {target}, then publish from there as the pipeline does",
        f"  3. verify: `lumen archive verify {days[0]} --level 3`, and look at what is live now",
        "  4. say it: `lumen record --stage rollback --outcome success`, so that the ledger tells why things changed",
    ]


def _plain(restored: Restored, *, listed: bool) -> dict[str, Any]:
    fetched = restored.fetched
    contents, id_ = fetched.contents, fetched.id
    said: dict[str, Any] = {
        "archive": id_.name,
        "pipeline": id_.pipeline,
        "day": id_.day,
        "region": id_.region,
        "version": id_.version,
        "from": fetched.where,
        "below": restored.below,
        "files": len(restored.entries),
        "bytes": restored.bytes,
        "files_in_archive": contents.files,
        "root": contents.root,
        "frozen_at": stamp(contents.origin.frozen_at_ms),
        "run": contents.origin.run,
        "run_id": contents.origin.run_id,
        "checkpoint": contents.origin.checkpoint or None,
    }
    if listed:
        said["entries"] = [
            {"path": restored.path_of(each), "size_bytes": each.size, "mode": f"{each.mode:03o}", "sha256": each.sha256}
            for each in restored.entries
        ]
    return said

"""`lumen ledger stats`: what the ledger holds."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from lumen_action.commands import World
from lumen_action.commands.ledger.common import subcommand_parser
from lumen_action.commands.session import session_of
from lumen_action.ledger.checkpoints import SegmentedLedger
from lumen_action.model import Fact, Kind


@dataclass
class _Counts:
    """What is counted in one pass over all facts."""

    kinds: Counter[str] = field(default_factory=Counter)
    pipelines: Counter[str] = field(default_factory=Counter)
    size_bytes: int = 0
    first_day: str | None = None
    last_day: str | None = None

    @classmethod
    def of(cls, facts: Iterable[Fact]) -> _Counts:
        counts = cls()
        for fact in facts:
            counts.kinds[fact.key.kind.value] += 1
            counts.pipelines[fact.pipeline] += 1
            counts.size_bytes += len(fact.encode())
            counts.first_day = min(counts.first_day or fact.day, fact.day)
            counts.last_day = max(counts.last_day or fact.day, fact.day)
        return counts


def parser() -> argparse.ArgumentParser:
    """Say what the sub-command takes."""
    return subcommand_parser(
        "stats",
        "Count the facts by kind, pipeline and day, the segments and what waits in the spool.",
        "--ledger sqlite:/var/lib/lumen/ledger.db --json",
    )


def run(arguments: argparse.Namespace, world: World) -> int:
    """Print what the ledger holds."""
    session = session_of(arguments, world)
    ledger = session.ledger()
    counts = _Counts.of(ledger.scan())
    sizes = [len(segment.facts) for segment in ledger.segments()] if isinstance(ledger, SegmentedLedger) else []
    told = {
        "ledger": ledger.url,
        "facts": counts.kinds.total(),
        "kinds": dict(sorted(counts.kinds.items())),
        "pipelines": dict(sorted(counts.pipelines.items())),
        "first_day": counts.first_day,
        "last_day": counts.last_day,
        "size_bytes": counts.size_bytes,
        "conflicts": counts.kinds[Kind.CONFLICT.value],
        "segments": len(sizes),
        "closed_facts": sum(sizes),
        "pending": sum(1 for _ in session.spool.pending()),
    }
    if arguments.json:
        world.answer_json(told, indent=2)
    else:
        world.answer("\n".join(_lines(counts, told)))
    return 0


def _lines(counts: _Counts, told: dict[str, object]) -> Iterator[str]:
    yield str(told["ledger"])
    days = f", from {counts.first_day} to {counts.last_day}" if counts.first_day else ""
    yield f"  {told['facts']} facts, {counts.size_bytes} bytes{days}"
    for title, numbers in (("kinds", counts.kinds), ("pipelines", counts.pipelines)):
        if numbers:
            yield f"  {title}: " + ", ".join(f"{count} {name}" for name, count in sorted(numbers.items()))
    yield f"  {told['closed_facts']} of them closed in {told['segments']} segments"
    if told["conflicts"]:
        yield f"  {told['conflicts']} conflicts: second accounts that differ from the first; they are not counted"
    if told["pending"]:
        yield f"  {told['pending']} facts wait in the spool; `lumen publish` delivers them"

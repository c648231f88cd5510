"""What a pipeline's channels still have before them: threads that are not over, and messages that were held back."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from lumen_action.model import Fact
from lumen_action.model.fact import canonical
from lumen_action.ops.notify.message import Link, Message, Row, clipped
from lumen_action.ops.notify.threads import severity_of

# A fact holds 4 KiB with everything: each way says less than the one before it.
_MOST_BYTES = 2200
_WAYS = ((1200, 6), (400, 4), (120, 2), (40, 0))
_LABELS = ("pipeline", "region", "stage", "error_class")


class Note(str, Enum):
    """What a fact of the board says."""

    OPEN = "open"
    OVER = "over"
    KEPT = "kept"
    LEFT = "left"


@dataclass(frozen=True)
class Kept:
    """A message that was held back from a channel, until a moment or, without one, until its run is over."""

    whom: str
    message: Message
    until_ms: int
    run: str


@dataclass(frozen=True)
class OpenThread:
    """A thread of which somebody was told, or will be, and which is not over."""

    thread: str
    subject: str
    region: str
    stage: str


@dataclass(frozen=True)
class Board:
    """The facts of one pipeline's board, read once: what is kept, and what is open, for whom."""

    kept: tuple[Kept, ...] = ()
    opened: tuple[tuple[str, OpenThread], ...] = ()

    def waiting(self, whom: str) -> tuple[Kept, ...]:
        """Return what is held back from a channel, the oldest first."""
        return tuple(each for each in self.kept if each.whom == whom)

    def open_for(self, whoms: Collection[str]) -> tuple[OpenThread, ...]:
        """Return what is open for any of some channels; what only others were told of nobody here can end."""
        found: dict[str, OpenThread] = {}
        for whom, thread in self.opened:
            if whom in whoms:
                found.setdefault(thread.thread, thread)
        return tuple(found.values())


def board_of(facts: Iterable[Fact]) -> Board:
    """Read the board, whatever the order of its facts."""
    by_note: dict[str, list[Fact]] = {note.value: [] for note in Note}
    for fact in facts:
        if fact.key.stage in by_note:
            by_note[fact.key.stage].append(fact)
    left = {(fact.key.repo, fact.key.job) for fact in by_note[Note.LEFT]}
    kept = [
        Kept(fact.key.repo, message_in(fact.told), int(fact.told.get("until_ms", "0")), fact.told.get("run", ""))
        for fact in by_note[Note.KEPT]
        if (fact.key.repo, fact.key.job) not in left
    ]
    kept.sort(key=lambda each: (each.message.at_ms, each.message.key))
    opened = [*_opened(by_note[Note.OPEN], by_note[Note.OVER]), *((each.whom, _thread_of(each)) for each in kept)]
    return Board(tuple(kept), tuple(opened))


def _opened(opened: Iterable[Fact], over: Iterable[Fact]) -> Iterator[tuple[str, OpenThread]]:
    ended: dict[tuple[str, str], int] = {}
    for fact in over:
        place = (fact.key.repo, fact.key.job)
        ended[place] = max(fact.key.attempt, ended.get(place, 0))
    for fact in sorted(opened, key=lambda fact: fact.order):
        if fact.key.attempt > ended.get((fact.key.repo, fact.key.job), 0):
            said = (fact.told.get(name, "") for name in ("about", "region", "stage"))
            yield fact.key.repo, OpenThread(fact.key.job, *said)


def _thread_of(kept: Kept) -> OpenThread:
    message = kept.message
    return OpenThread(message.thread, message.subject, message.label("region"), message.label("stage"))


def kept_details(message: Message) -> Mapping[str, str]:
    """Return a message as a fact keeps it: without files, and clipped where it is long."""
    ways = [canonical(_plain(message, longest, rows)) for longest, rows in _WAYS]
    # Within a fact every quote is escaped once more.
    fitting = (way for way in ways if len(canonical(way.decode())) <= _MOST_BYTES)
    return {"body": next(fitting, ways[-1]).decode()}


def _plain(message: Message, longest: int, rows: int) -> dict[str, Any]:
    def cut(text: str) -> str:
        return clipped(text, longest).encode(errors="replace").decode()

    return {
        "subject": cut(message.subject),
        "sentence": cut(message.sentence),
        "text": cut(message.text),
        "rows": [[cut(row.name), cut(row.text)] for row in message.rows[:rows]],
        "links": [[cut(link.text), link.url] for link in message.links[:rows] if len(link.url) <= longest],
        "key": message.key,
        "thread": message.thread,
        "at_ms": message.at_ms,
        "kind": message.kind,
        "severity": message.severity.value if message.severity else "",
        "details": {name: cut(message.label(name)) for name in _LABELS if message.label(name)},
    }


def message_in(told: Mapping[str, str]) -> Message:
    """Return the message that a fact keeps."""
    body = json.loads(told["body"])
    return Message(
        subject=body["subject"],
        sentence=body["sentence"],
        rows=tuple(Row(*row) for row in body["rows"]),
        text=body["text"],
        key=body["key"],
        thread=body["thread"],
        at_ms=body["at_ms"],
        links=tuple(Link(*link) for link in body["links"]),
        kind=body["kind"],
        details=body["details"],
        severity=severity_of(body["severity"]),
    )

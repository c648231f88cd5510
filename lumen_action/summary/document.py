"""A document of blocks that gives up the least important ones until it fits its room."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

_NAME_ROOM = 60


@dataclass(frozen=True)
class Cut:
    """A shorter form of a block; cuts are taken in the order of their rank.

    `shrink` gets the bytes the block may take and returns the shorter text with the name of what it lost.
    """

    rank: int
    shrink: Callable[[int], tuple[str, str]]


@dataclass(frozen=True)
class Block:
    """One block of Markdown, complete in itself, so that no cut can leave a fence open."""

    text: str
    cuts: tuple[Cut, ...] = ()


def instead(rank: int, text: str, lost: str) -> Cut:
    """Return a cut to a fixed text, or to nothing."""
    return Cut(rank, lambda _room: (text, lost))


def fit(blocks: Sequence[Block], room: int) -> str:
    """Return the blocks as one text of at most `room` bytes; the last line names what was left out.

    The room is counted on the finished text. Nothing at all is returned when not even the last forms fit.
    """
    texts = [block.text for block in blocks]
    lost: list[str] = []
    cuts = [(cut, index) for index, block in enumerate(blocks) for cut in block.cuts]
    for cut, index in sorted(cuts, key=lambda pair: pair[0].rank):
        if _size(texts, lost) <= room:
            break
        others = [*texts[:index], *texts[index + 1 :]]
        shorter, name = cut.shrink(room - _size(others, lost) - _NAME_ROOM)
        if shorter != texts[index]:
            texts[index] = shorter
            lost.append(name)
    return _joined(texts, lost) if _size(texts, lost) <= room else ""


def _joined(texts: Sequence[str], lost: Sequence[str]) -> str:
    said = [f"Left out for lack of room: {', '.join(lost)}."] if lost else []
    kept = [text for text in [*texts, *said] if text]
    return "\n\n".join(kept) + "\n" if kept else ""


def _size(texts: Sequence[str], lost: Sequence[str]) -> int:
    return len(_joined(texts, lost).encode())

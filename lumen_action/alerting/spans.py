"""Stretches of time, from a second up to another, in order and apart from each other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

Span = tuple[int, int]


def union(*parts: Iterable[Span]) -> list[Span]:
    """Return the time that any part covers; stretches that touch become one."""
    found: list[Span] = []
    for start, end in sorted(span for part in parts for span in part):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found


def intersection(these: Sequence[Span], those: Sequence[Span]) -> list[Span]:
    """Return the time that both cover."""
    found: list[Span] = []
    here = there = 0
    while here < len(these) and there < len(those):
        start, end = max(these[here][0], those[there][0]), min(these[here][1], those[there][1])
        if start < end:
            found.append((start, end))
        if these[here][1] < those[there][1]:
            here += 1
        else:
            there += 1
    return found


def not_within(these: Iterable[Span], those: Sequence[Span]) -> list[Span]:
    """Return the stretches that no other covers whole."""
    found: list[Span] = []
    there = 0
    for start, end in these:
        while there < len(those) and those[there][1] <= start:
            there += 1
        if not (there < len(those) and those[there][0] <= start and end <= those[there][1]):
            found.append((start, end))
    return found

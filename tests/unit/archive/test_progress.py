"""Progress is told now and then of what takes long, and of nothing else."""

from __future__ import annotations

import pytest

from lumen_action.archive.progress import Progress, size

MIB = 1 << 20


def told(total: int, steps: list[tuple[float, int]]) -> list[str]:
    """Return what is told when so many bytes have moved at each time."""
    lines: list[str] = []
    now = [100.0]
    progress = Progress("freezing x", total, lines.append, lambda: now[0])
    for at, moved in steps:
        now[0] = 100.0 + at
        progress(moved)
    return lines


def test_what_is_over_soon_is_not_spoken_of() -> None:
    assert told(10 * MIB, [(0.5, 5 * MIB), (2.9, 5 * MIB)]) == []


def test_how_much_how_fast_and_how_long_still() -> None:
    assert told(100 * MIB, [(4.0, 20 * MIB)]) == ["freezing x: 20.0 MiB of 100 MiB (20 %), 5.0 MiB/s, 16 s left"]


def test_it_is_told_every_few_seconds_only() -> None:
    assert len(told(1000 * MIB, [(second / 10, MIB) for second in range(200)])) == 4


def test_what_is_sent_again_is_taken_back() -> None:
    assert told(100 * MIB, [(1, 50 * MIB), (2, -40 * MIB), (5, 0)]) == [
        "freezing x: 10.0 MiB of 100 MiB (10 %), 2.0 MiB/s, 45 s left"
    ]


def test_nothing_yet_has_no_end_in_sight() -> None:
    assert told(100 * MIB, [(4, 0)]) == ["freezing x: 0 B of 100 MiB (0 %), 0 B/s"]


def test_a_total_nobody_knows_is_left_out() -> None:
    assert told(0, [(4, 8 * MIB)]) == ["freezing x: 8.0 MiB, 2.0 MiB/s"]


def test_more_than_was_announced_is_no_more_than_all() -> None:
    assert told(MIB, [(4, 2 * MIB)]) == ["freezing x: 2.0 MiB of 1.0 MiB (100 %), 512 KiB/s"]


@pytest.mark.parametrize(
    ("total", "left"), [(20, "16 s left"), (1000, "16 min 36 s left"), (100_000, "27 h 46 min left")]
)
def test_long_times_are_told_in_two_units(total: int, left: str) -> None:
    assert told(total * MIB, [(4, 4 * MIB)])[0].endswith(left)


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (99.4 * MIB, "99.4 MiB"),
        (1023.6 * MIB, "1.0 GiB"),
        (1 << 60, "1048576 TiB"),
    ],
)
def test_sizes_read_well(count: float, words: str) -> None:
    assert size(count) == words

"""The largest matrix there is ends at once, and every job reports to one git ledger over a slow network."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import gitracers
import pytest
from githost import GitHost

WRITERS = 256
LATENCY_SECONDS = 0.3


@pytest.mark.slow
def test_256_writers_at_once_lose_nothing_and_double_nothing(tmp_path: Path) -> None:
    with GitHost.create(tmp_path).serving() as host:
        host.latency_seconds = LATENCY_SECONDS
        # Every event is reported by two writers.
        written = gitracers.write_at_once(host, tmp_path, WRITERS, lambda number: [number, (number + 1) % WRITERS])
        kept = gitracers.fold(host, tmp_path)
    answers = Counter(answer for _, answer in written.answers.elements())
    assert answers == {"created": WRITERS, "same": WRITERS}
    everyone = dict.fromkeys(map(str, range(WRITERS)), 1)
    assert kept.seen == everyone
    assert kept.closed == everyone
    assert not kept.refs_left

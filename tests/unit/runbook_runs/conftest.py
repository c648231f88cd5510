"""A crew on a ledger of its own, and a team with a folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from runbookteam import Crew, RunbookTeam, crew_in


@pytest.fixture
def crew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Crew]:
    """Return a crew; commands run in the folder of the test."""
    monkeypatch.chdir(tmp_path)
    with crew_in(tmp_path) as found:
        yield found


@pytest.fixture
def team(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunbookTeam:
    """Return a team; commands run in its folder."""
    monkeypatch.chdir(tmp_path)
    return RunbookTeam(tmp_path)

from __future__ import annotations

from pathlib import Path

import pytest
from brokenteam import BrokenTeam


@pytest.fixture
def team(tmp_path: Path) -> BrokenTeam:
    return BrokenTeam(tmp_path)

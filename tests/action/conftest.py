"""One machine for all workflows of a session, and a fresh repository for each."""

from __future__ import annotations

from pathlib import Path

import pytest
from act import Consumer, Runner, export_action


@pytest.fixture(scope="session")
def runner(tmp_path_factory: pytest.TempPathFactory) -> Runner:
    """Serve the working tree as the published Action; the path has a blank on purpose."""
    home = tmp_path_factory.mktemp("machine")
    return Runner(action=export_action(home / "the action"), home=home)


@pytest.fixture
def consumer(tmp_path: Path) -> Consumer:
    """Return a repository that uses the Action, still empty."""
    (tmp_path / "consumer").mkdir()
    return Consumer(tmp_path / "consumer")

"""A team whose runs are known to nobody yet."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from githubapi import GitHubApi
from reconcileteam import Team


@pytest.fixture
def team(tmp_path: Path, no_proxy: None) -> Iterator[Team]:
    del no_proxy
    with GitHubApi().serving() as api:
        yield Team(tmp_path, api)

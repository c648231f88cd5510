"""A team whose newest run has failed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from githubapi import GitHubApi
from githubruns import Reruns
from rerunteam import Team, job, run


@pytest.fixture
def team(tmp_path: Path, no_proxy: None) -> Iterator[Team]:
    del no_proxy
    with GitHubApi().serving() as api:
        made = Team(tmp_path, api, Reruns(api))
        made.knows(run(job()))
        yield made

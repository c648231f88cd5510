"""What the tests of tickets begin with."""

from __future__ import annotations

import pytest
from ticketworld import World


@pytest.fixture
def world() -> World:
    return World()

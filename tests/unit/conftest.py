from __future__ import annotations

import pytest
from hypothesis import settings

# A loaded machine is no fault of the code: nothing here asserts time.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")


@pytest.fixture
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reach loopback directly, whatever proxy the machine uses."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)

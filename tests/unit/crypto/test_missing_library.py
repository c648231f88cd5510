"""What is said where cryptography is missing: who needs it, and what to do."""

from __future__ import annotations

import pytest

from lumen_action.crypto import library
from lumen_action.errors import ConfigError, RemoteError


def test_a_package_that_is_not_installed_is_a_wrong_set_up() -> None:
    told = "sealed archives need the package cryptography; `pip install cryptography`"
    with pytest.raises(ConfigError, match=told), library("sealed archives"):
        raise ModuleNotFoundError


def test_one_that_could_not_be_prepared_may_come_later() -> None:
    told = r"sealed archives need cryptography, which cannot be loaded\. no index answers"
    with pytest.raises(RemoteError, match=told) as raised, library("sealed archives"):
        raise ImportError("no index answers")
    assert raised.value.exit_code == 75

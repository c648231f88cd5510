"""Signing, sealing and agreeing on keys: the only place that knows cryptography, loaded when it is first needed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from lumen_action.errors import ConfigError, RemoteError


@contextmanager
def library(wanted_by: str) -> Iterator[None]:
    """Say in words, around its import, that the library cryptography is missing; `wanted_by` are several things."""
    try:
        yield
    except ModuleNotFoundError as fault:
        raise ConfigError(f"{wanted_by} need the package cryptography; `pip install cryptography`") from fault
    except ImportError as fault:
        # It could not be prepared on this machine, such as when no package index answers: nobody's wrong input.
        raise RemoteError(f"{wanted_by} need cryptography, which cannot be loaded. {fault}") from fault

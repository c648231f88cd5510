"""The store that a URL names; its module is imported only then."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from lumen_action.archive.stores import Store
from lumen_action.errors import ConfigError, shown
from lumen_action.http import Timing

_MODULES: Mapping[str, str] = {"file": "directory", "s3": "s3", "gdrive": "gdrive", "dropbox": "dropbox"}
FORMS = "file:FOLDER, s3://BUCKET/PREFIX, gdrive:FOLDER-ID, dropbox:/FOLDER"


@dataclass(frozen=True)
class StoreOptions:
    """What stores are opened with; each takes what concerns it."""

    env: Mapping[str, str] = field(repr=False)
    folder: Path
    """What a relative path is relative to."""
    tell: Callable[[str], None]
    timing: Timing = field(default_factory=Timing)
    now_ms: int = 0
    lock_days: int = 0
    """How long S3 shall keep an object from being removed; 0 for no lock."""
    s3_checksum: str = "auto"
    """`auto`, `required` or `off`: whether S3 has to check a SHA-256."""


def open_store(url: str, options: StoreOptions) -> Store:
    """Return the store; a ConfigError says all that is wrong with the URL or with what lets us in."""
    scheme = url.partition(":")[0]
    if scheme not in _MODULES:
        raise ConfigError(f"store: {shown(url)} is no store; write one of {FORMS}")
    module = importlib.import_module(f"lumen_action.archive.stores.{_MODULES[scheme]}")
    made: Store = module.opened(url, options)
    return made

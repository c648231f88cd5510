"""Make the pinned dependencies importable at their first use; what no command imports is never installed."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from types import ModuleType

PROVIDES = {
    "core": ("actions_toolkit", "certifi", "charset_normalizer", "idna", "requests", "urllib3"),
    "archive": (
        "_cffi_backend",
        "boto3",
        "botocore",
        "cffi",
        "cryptography",
        "dateutil",
        "jmespath",
        "pycparser",
        "s3transfer",
        "six",
        "typing_extensions",
    ),
    "report": ("PIL", "reportlab"),
    "scan": ("ahocorasick_rs",),
}
# What only makes things faster; it has no wheels for musl.
OPTIONAL = frozenset({"scan"})
LOCK_OF = {module: lock for lock, modules in PROVIDES.items() for module in modules}


class BootstrapError(ImportError):
    """Dependencies could not be prepared; the message says what was tried and what to set."""


class Finder:
    """Put the directory that holds a pinned module on the path just before the module is looked for."""

    def __init__(self, directory: Callable[[str], str]) -> None:
        """Take the function that finds or prepares the directory of a lock."""
        self._directory = directory
        self._refused: dict[str, str] = {}

    def find_spec(self, name: str, _path: Sequence[str] | None = None, _target: ModuleType | None = None) -> None:
        """Extend the path when the module is pinned; finding it there is left to Python."""
        lock = LOCK_OF.get(name)
        if lock is None:
            return
        # A library that swallows the ImportError and asks again must not start the installers again.
        if lock in self._refused:
            raise BootstrapError(self._refused[lock], name=name)
        try:
            put_on_path(self._directory(lock))
        except BootstrapError as fault:
            self._refused[lock] = str(fault)
            raise


def put_on_path(directory: str) -> None:
    """Add a directory after the standard library and before whatever else is installed on this machine."""
    if directory not in sys.path:
        others = (index for index, entry in enumerate(sys.path) if entry.endswith(("site-packages", "dist-packages")))
        sys.path.insert(next(others, len(sys.path)), directory)


def install() -> None:
    """Let imports of pinned modules find, or prepare, what the locks pin."""
    sys.meta_path.insert(0, Finder(lambda lock: str(import_module("lumen_action.bootstrap.sites").ready(lock))))

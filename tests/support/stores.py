"""A fresh store of every kind of ledger, behind its URL."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import postgres
import s3host
import servers
from githost import GitHost

KINDS = ("sqlite", "git", "postgres", *s3host.SERVERS)
AWS = {
    "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "geheim",
    "AWS_REGION": "eu-central-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}
_NUMBERS = itertools.count(1)


@dataclass
class Stores:
    """Servers that are started at their first use and serve all tests of a module."""

    folder: Callable[[str], Path]
    stopping: contextlib.ExitStack
    _databases: list[postgres.Postgres] = field(default_factory=list)
    _objects: dict[str, servers.Server] = field(default_factory=dict)

    def url(self, kind: str, setenv: Callable[[str, str], None]) -> str:
        """Return the URL of an empty store, and point the environment to it where that is how it is found."""
        if kind == "git":
            host = self.stopping.enter_context(GitHost.create(self.folder("git")).serving())
            return f"git:{host.url}"
        if kind == "postgres":
            if not self._databases:
                self._databases.append(self.stopping.enter_context(postgres.serving()))
            return self._databases[0].url(self._databases[0].database())
        if kind in s3host.SERVERS:
            return self._bucket(kind, setenv)
        return f"sqlite:{self.folder('sqlite') / 'ledger.db'}"

    def _bucket(self, kind: str, setenv: Callable[[str, str], None]) -> str:
        if kind not in self._objects:
            self._objects[kind] = s3host.start(self.folder("s3"), kind)
            self.stopping.callback(self._objects[kind].stop)
        endpoint, bucket = self._objects[kind].url, f"bucket-{next(_NUMBERS)}"
        assert s3host.ask(endpoint, "PUT", f"/{bucket}") == 200
        for name, value in (AWS | {"AWS_ENDPOINT_URL": endpoint}).items():
            setenv(name, value)
        return f"s3://{bucket}/lumen"

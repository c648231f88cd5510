"""Fixtures that start real servers; a missing program fails the test with the command that fetches it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import gitmachines
import pytest
import servers
import stores
from githost import GitHost

from lumen_action.http import Http


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reach loopback directly, whatever proxy the machine uses."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")


@pytest.fixture
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., servers.Server]]:
    """Start a server in a directory of its own, `running(servers.start_prometheus, target)`; stop it at the end."""
    with contextlib.ExitStack() as started:

        def start(starter: Callable[..., servers.Server], *details: object, **more: object) -> servers.Server:
            try:
                server = starter(tmp_path_factory.mktemp("server"), *details, **more)
            except servers.MissingProgramError as missing:
                pytest.fail(str(missing), pytrace=False)
            started.callback(server.stop)
            return server

        yield start


@pytest.fixture
def pushgateway(running: Callable[..., servers.Server]) -> servers.Server:
    """Return an empty Pushgateway."""
    return running(servers.start_pushgateway)


@pytest.fixture
def http_client() -> Iterator[Http]:
    """Return our own HTTP as the program uses it."""
    client = Http()
    yield client
    client.close()


@pytest.fixture
def promtool() -> str:
    """Return the path of promtool."""
    try:
        return servers.promtool()
    except servers.MissingProgramError as missing:
        pytest.fail(str(missing), pytrace=False)


@pytest.fixture
def certificate(tmp_path: Path) -> servers.Certificate:
    """Return a certificate for 127.0.0.1 by an authority nobody else knows."""
    try:
        return servers.make_certificate(tmp_path)
    except servers.MissingProgramError as missing:
        pytest.fail(str(missing), pytrace=False)


@pytest.fixture(scope="module")
def running_stores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[stores.Stores]:
    """Return what starts the servers of ledgers at their first use, once for a module."""
    with contextlib.ExitStack() as stack:
        yield stores.Stores(tmp_path_factory.mktemp, stack)


@pytest.fixture
def store_url(running_stores: stores.Stores, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], str]:
    """Return what makes an empty store of a kind and tells its URL."""

    def url(kind: str) -> str:
        try:
            return running_stores.url(kind, monkeypatch.setenv)
        except servers.MissingProgramError as missing:
            pytest.fail(str(missing), pytrace=False)

    return url


@pytest.fixture
def host(tmp_path: Path) -> Iterator[GitHost]:
    """Return an empty repository behind git's own smart HTTP."""
    with GitHost.create(tmp_path).serving() as serving:
        yield serving


@pytest.fixture
def machine(host: GitHost, tmp_path: Path) -> Iterator[gitmachines.Opener]:
    """Return what opens the git ledger of the host as on the machine of a name, `machine("a")`."""
    with gitmachines.over(host, tmp_path) as opener:
        yield opener

"""Remote write: where to, with which credentials, and what is wrong with that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
from facts import NOON
from notebook import Notebook
from remotewriting import URL, Receiver, sink

from lumen_action.sinks.remote_write import RemoteWrite, RemoteWriteOptions, problems


def test_the_name_tells_receivers_apart_and_holds_no_secret() -> None:
    assert sink(Receiver()).name == "remote_write:https://mimir.example/api/v1/push"
    options = RemoteWriteOptions(URL, token="geheim", headers={"X-Key": "geheim"})  # noqa: S106 - made up
    assert "geheim" not in repr(options)
    assert options.secrets == ("geheim", "bWU6Z2VoZWlt", "geheim")


def test_credentials_and_the_tenant_go_in_headers() -> None:
    receiver = Receiver()
    options = RemoteWriteOptions(URL, headers={"X-Scope-OrgID": "team-a"})
    RemoteWrite(options, receiver, Notebook(), clock_ms=lambda: NOON).probe()
    bearer = RemoteWriteOptions("http://mimir.example/api/v1/push", token="t0ken")  # noqa: S106 - made up
    RemoteWrite(bearer, receiver, Notebook(), clock_ms=lambda: NOON).probe()
    first, second = receiver.asked
    assert (first.url, first.auth) == ("https://mimir.example/api/v1/push", ("me", "geheim"))
    assert first.headers["X-Scope-OrgID"] == "team-a"
    assert second.authorization == "Bearer t0ken"


GOOD = RemoteWriteOptions("https://mimir.example/api/v1/push")


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"url": "ftp://me:geheim@mimir.example/x"}, "remote-write-url: the URL needs http:// or https:// and a host"),
        ({"url": "http://me:geheim@mimir.example:port/x"}, "remote-write-url: host or port"),
        ({"url": "http://me:geheim@mimir.example"}, "remote-write-url: the URL needs the path"),
        ({"url": "http://mimir.example/a b"}, "remote-write-url: the URL holds a blank"),
        ({"url": URL, "token": "geheim"}, "remote-write-url: both a password and a bearer token"),
        ({"token": "two geheim"}, "LUMEN_REMOTE_WRITE_TOKEN: it holds a blank"),
        ({"headers": {"X-Scope-OrgID": "a\nb"}}, "remote-write.headers: 'X-Scope-OrgID' is no header"),
        ({"headers": {"Content-Type": "x"}}, "remote-write.headers: Content-Type is set by us"),
        ({"ca_file": "/nowhere.pem"}, "remote-write.ca-file: '/nowhere.pem' is not a file"),
        ({"timeout_seconds": 0}, "remote-write.timeout-seconds: 0 s is not a time"),
        ({"window_seconds": 0}, "remote-write.window-seconds: 0 s is not a time; write how late"),
    ],
)
def test_what_is_wrong_is_explained_without_a_secret(changed: Mapping[str, object], told: str) -> None:
    assert problems(GOOD) == []
    (said,) = problems(replace(GOOD, **changed))
    assert said.startswith(told)
    assert "geheim" not in said

"""What answers in place of an Alertmanager is told as such, whatever it says."""

from __future__ import annotations

import loopback
import pytest

from lumen_action.errors import RemoteError
from lumen_action.ops.notify.posting import Access
from lumen_action.ops.silences.alertmanager import AlertmanagerSilences, Standing


def known(body: bytes) -> list[Standing]:
    with loopback.answering(lambda request: request.reply(200, {}, body)) as url:
        server = AlertmanagerSilences(url, Access())
        try:
            return list(server.known("nightly"))
        finally:
            server.close()


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", b"null", b'"x"', b"[1]", b'{"a": 1}', b'[{"id": "1"}]', b"\xff", b"[" * 100_000],
    ids=["empty", "page", "null", "text", "numbers", "object", "half", "bytes", "deep"],
)
def test_an_answer_of_something_else_is_a_service_that_does_not_answer(body: bytes) -> None:
    with pytest.raises(RemoteError, match="answered something else than an Alertmanager does"):
        known(body)


def test_a_silence_without_words_is_none_of_ours() -> None:
    assert known(b'[{"id": 1, "comment": null, "status": {"state": "active"}}]') == [
        Standing("1", "None", expired=False)
    ]

"""The same failure of another run has the same fingerprint; another failure has another one."""

from __future__ import annotations

import pytest

from lumen_action.failure.fingerprint import fingerprint, normalised


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("2026-03-04T05:06:07Z connect failed", "2026-04-05 06:07:08 connect failed"),
        ("dial tcp 10.0.0.7:443: i/o timeout", "dial tcp 172.16.3.9:8443: i/o timeout"),
        ("object 1a2b3c4d5e6f is missing", "object 99887766aabb is missing"),
        ("gave up after 12 s", "gave up after 3.5 s"),
        ("cannot write /tmp/tmp.aX12/out", "cannot write /tmp/tmp.Qq99/out"),
        ("job 123e4567-e89b-12d3-a456-426614174000 died", "job 00000000-0000-4000-8000-0123456789ab died"),
        ("/home/runner/work/app/main.c:17: error", "/home/runner/work/app/main.c:93: error"),
        ("  spaced   out ", "spaced out"),
    ],
)
def test_what_varies_from_run_to_run_does_not_count(one: str, other: str) -> None:
    assert normalised(one) == normalised(other)
    assert fingerprint("rule", one) == fingerprint("rule", other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Could not resolve host: a.example", "Could not resolve host: b.example"),
        ("no package left-pad", "no package right-pad"),
        ("HTTP 5xx from upstream", "HTTP 4xx from upstream"),
    ],
)
def test_what_tells_failures_apart_counts(one: str, other: str) -> None:
    assert fingerprint("rule", one) != fingerprint("rule", other)


def test_another_signature_is_another_failure() -> None:
    assert fingerprint("one", "text") != fingerprint("two", "text")
    assert len(fingerprint("one", "text")) == 16

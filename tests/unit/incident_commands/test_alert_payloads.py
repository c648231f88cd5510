"""What Alertmanager sends is data: read exactly, bounded, and refused whole where it is something else."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from alertpayloads import NEVER, alert, payload
from facts import HOUR, NOON
from hypothesis import given
from hypothesis import strategies as st

from lumen_action.errors import ConfigError
from lumen_action.failure.redaction import redact
from lumen_action.incidents.words import Severity
from lumen_action.ops.notify.alertmanager import fired
from lumen_action.ops.notify.message import Message
from lumen_action.ops.notify.message import Severity as Loudness
from lumen_action.response.alerts import MOST_ALERTS, MOST_BYTES, Alert, alerts_of


def read(*told: dict[str, Any], now_ms: int = NOON + HOUR) -> tuple[Alert, ...]:
    return alerts_of(payload(*told), now_ms, redact)


def test_an_alert_is_read_with_all_that_an_incident_needs() -> None:
    told = alert(severity="page", labels={"region": "eu", "stage": "upload", "error_class": "network"})
    (found,) = read(told)
    assert (found.name, found.pipeline, found.region, found.component, found.cause) == (
        "LumenFailing",
        "nightly",
        "eu",
        "upload",
        "network",
    )
    assert (found.firing, found.severity, found.starts_ms, found.title) == (
        True,
        Severity.SEV2,
        NOON,
        "LumenFailing of nightly",
    )
    assert (found.url, found.fingerprint) == ("http://prometheus.example:9090/graph?g0.expr=up", "lumenfailing0000")


@pytest.mark.parametrize(
    ("said", "more", "meant"),
    [
        ("page", {}, Severity.SEV2),
        ("critical", {}, Severity.SEV1),
        ("ticket", {}, Severity.SEV3),
        ("warning", {}, Severity.SEV3),
        ("info", {}, Severity.SEV4),
        ("strange", {}, Severity.SEV3),
        ("", {}, Severity.SEV3),
        ("sev1", {}, Severity.SEV1),
        ("info", {"lumen_severity": "P1"}, Severity.SEV1),
        ("page", {"lumen_severity": "sev4"}, Severity.SEV4),
        ("page", {"lumen_severity": "whatever"}, Severity.SEV2),
        ("none", {"lumen_severity": "2"}, Severity.SEV2),
    ],
)
@pytest.mark.parametrize("place", ["labels", "annotations"])
def test_how_bad_it_is_the_severity_says_and_a_label_or_annotation_overrides(
    said: str, more: dict[str, str], meant: Severity, place: str
) -> None:
    (found,) = read(alert(severity=said, **{place: more}))
    assert found.severity is meant


def test_what_is_about_incidents_or_fires_when_all_is_well_opens_none() -> None:
    message = Message("s", "s", (), "s", "k", "t", NOON, kind="incident", severity=Loudness.ERROR)
    own = {**alert(), "labels": fired(message)["labels"]}
    assert read(own, alert("LumenIncidentUnacknowledged"), alert("Watchdog", severity="none")) == ()


@pytest.mark.parametrize(
    ("since", "meant"),
    [
        ("2026-01-02T12:00:00.123456789Z", NOON + 123),
        ("2026-01-02T21:00:00+09:00", NOON),
        ("2026-01-02T12:00:00z", NOON),
        ("2030-01-01T00:00:00Z", NOON + HOUR),  # a clock that is ahead
        (NEVER, NOON + HOUR),
        ("", NOON + HOUR),
        ("yesterday", NOON + HOUR),
        ("2026-02-31T00:00:00Z", NOON + HOUR),
        ("9999-12-31T23:59:59-23:59", NOON + HOUR),
        ("1969-12-31T23:59:59Z", NOON + HOUR),
    ],
)
def test_it_began_when_it_says_so_but_never_later_than_now(since: str, meant: int) -> None:
    (found,) = read({**alert(), "startsAt": since})
    assert (found.starts_ms, found.ends_ms >= found.starts_ms) == (meant, True)


def test_it_ended_after_it_began() -> None:
    ends = [
        found.ends_ms for found in read(alert(ends=NOON + 5), alert(ends=NOON - 5), {**alert(ends=1), "endsAt": ""})
    ]
    assert ends == [NOON, NOON, NOON + HOUR]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "it is no JSON"),
        (b"\xff\xfe", "it is no JSON"),
        (b"[" * 200_000, "it is no JSON"),
        (b"[]", "is `null`, not"),
        (b'{"version": 4, "alerts": []}', 'is `4`, not `"4"`'),
        (b'{"version": "3", "alerts": []}', '`"3"`, not `"4"`'),
        (b'{"version": "4"}', "`alerts` is no list"),
        (b'{"version": "4", "alerts": {}}', "`alerts` is no list"),
        (b'{"version": "4", "alerts": [7]}', "alerts[0] is no object"),
        (b'{"version": "4", "alerts": [{"labels": {}}]}', "alerts[0].status"),
        (b'{"version": "4", "alerts": [{"status": "firing"}]}', "alerts[0].labels"),
        (b'{"version": "4", "alerts": [{"status": "firing", "labels": {"a": 1}}]}', "alerts[0].labels"),
        (b'{"version": "4", "alerts": [{"status": "firing", "labels": {}, "annotations": []}]}', "annotations"),
        (b'{"version": "4", "alerts": [{"status": "firing", "labels": {}, "startsAt": 1}]}', "startsAt is no text"),
        (b" " * (MOST_BYTES + 1), "more than 4 MiB"),
    ],
)
def test_what_is_no_payload_is_refused_with_its_fault(body: bytes, said: str) -> None:
    with pytest.raises(ConfigError, match="payload") as refused:
        alerts_of(body, NOON, redact)
    assert said in str(refused.value)


def test_of_many_faults_the_first_are_told() -> None:
    with pytest.raises(ConfigError) as refused:
        alerts_of(json.dumps({"version": "4", "alerts": [1] * 5000}).encode(), NOON, redact)
    assert len(refused.value.problems) == 6
    with pytest.raises(ConfigError, match="max_alerts"):
        alerts_of(json.dumps({"version": "4", "alerts": [1] * (MOST_ALERTS + 1)}).encode(), NOON, redact)


def test_foreign_words_are_one_line_bounded_and_without_secrets() -> None:
    hostile = "x\r\n::error::\x00\x1b[31m $(reboot) password=hunter22secret " + "y" * 100_000
    (found,) = read(
        alert(
            labels={"pipeline": hostile, "region": hostile, "stage": "a,b"},
            annotations={"summary": hostile, "description": hostile},
        ),
    )
    for text in (found.pipeline, found.region, found.title, found.text):
        assert "\n" not in text
        assert "\x1b" not in text
        assert "hunter22secret" not in text
        assert len(text) <= 1000
    assert found.component == "a b"
    for url in ("javascript:alert(1)", "http://user:hunter22secret@x.example/", "http://x y/"):
        assert read({**alert(), "generatorURL": url})[0].url == ""


def test_without_a_fingerprint_the_labels_tell_alerts_apart() -> None:
    first, again, other = (
        read({**alert(labels={"a": value}), "fingerprint": said})[0]
        for value, said in (("1", ""), ("1", "../x\n"), ("2", ""))
    )
    assert first.fingerprint == again.fingerprint != other.fingerprint


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats()
        | st.text(max_size=8)
        | st.sampled_from(["4", "firing"]),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["version", "alerts", "status", "labels", "annotations", "startsAt", "endsAt"]), inner
            )
        ),
        max_leaves=12,
    )
)
def test_whatever_is_sent_is_read_or_refused(told: object) -> None:
    for body in (told, {"version": "4", "alerts": [told]}, {"version": "4", "alerts": told}):
        found: tuple[Alert, ...] = ()
        # Nothing else is raised.
        with suppress(ConfigError):
            found = alerts_of(json.dumps(body).encode(), NOON, redact)
        assert all(each.starts_ms <= NOON for each in found)

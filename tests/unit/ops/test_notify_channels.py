"""Every channel over HTTP against receivers as strict as the real ones: forms, limits, faults, and no secret told."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import alarmreceivers as receivers
import pytest
from alarmreceivers import HANG_UP, LATE, ROUTING_KEY, Answer, Receiver
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lumen_action.http import Timing
from lumen_action.ops.notify import Channel, Receipt, State
from lumen_action.ops.notify.alertmanager import Alertmanager
from lumen_action.ops.notify.generic import Generic, encoded
from lumen_action.ops.notify.message import Link, Message, Row, Severity
from lumen_action.ops.notify.pagerduty import PagerDuty, dedup_key
from lumen_action.ops.notify.posting import Access
from lumen_action.ops.notify.signing import signer
from lumen_action.ops.notify.slack import Slack
from lumen_action.ops.notify.teams import Teams
from lumen_action.ops.notify.webhook import Webhook

pytestmark = pytest.mark.usefixtures("no_proxy")
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105 - of the published vector
TOKEN = "t0ken-of-the-tests"  # noqa: S105 - of the tests
ALARM = Message(
    subject="nightly failed & <!channel>, 야간 보고",
    sentence="build failed in eu-west-1 **[click](https://evil.example)** <https://evil.example|click>",
    rows=(Row("Class", "network/dns & *more*"), Row("Line", "getaddrinfo _failed_")),
    text="build failed in eu-west-1\n\nClass: network/dns",
    key="0123456789abcdef",
    thread="fedcba9876543210",
    at_ms=1_772_500_000_000,
    links=(Link("See the run", "https://ci.example/runs/7?a=1&b=2"),),
    kind="stage.failed",
    details={"pipeline": "nightly", "region": "eu-west-1", "stage": "build", "error_class": "network"},
    severity=Severity.ERROR,
)
OVER = replace(ALARM, subject="nightly works again", key="next", resolves=True)
REPORT = replace(ALARM, severity=None)
OPENED: dict[str, Callable[..., Channel]] = {
    "slack": Slack,
    "teams": Teams,
    "webhook": lambda url, **how: Webhook(url, signer=signer(SECRET, "LUMEN_ALERT_SECRET"), **how),
    "generic": lambda url, **how: Generic(url, headers={"X-Gotify-Key": TOKEN}, **how),
    "pagerduty": lambda url, **how: PagerDuty(ROUTING_KEY, url, **how),
    "alertmanager": lambda url, **how: Alertmanager(
        url.removesuffix("/api/v2/alerts"), access=Access(token=TOKEN, secrets=(TOKEN,)), **how
    ),
}
MADE: dict[str, Callable[[], Receiver]] = {
    "slack": receivers.slack,
    "teams": receivers.teams,
    "webhook": receivers.plain,
    "generic": receivers.plain,
    "pagerduty": lambda: receivers.PagerDuty().receiver,
    "alertmanager": receivers.alertmanager,
}
REPEATS = ("webhook", "pagerduty", "alertmanager")


class Bench:
    """A channel of each kind and its receiver, a clock that does not wait, and what was said."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self.slept: list[float] = []
        self.told: list[str] = []
        self.at: dict[str, Receiver] = {}

    def receiver(self, kind: str) -> Receiver:
        if kind not in self.at:
            self.serve(kind, MADE[kind]())
        return self.at[kind]

    def serve(self, kind: str, receiver: Receiver) -> None:
        self.at[kind] = self._stack.enter_context(receiver.serving())

    def channel(self, kind: str, **how: Any) -> Channel:  # noqa: ANN401
        timing = Timing(sleep=self.slept.append, chance=lambda: 0.0, now=lambda: 1614265330.0)
        return OPENED[kind](self.receiver(kind).url, tell=self.told.append, timing=timing, **how)

    def send(self, kind: str, message: Message = ALARM, faults: tuple[Answer | str, ...] = (), **how: Any) -> Receipt:  # noqa: ANN401
        self.receiver(kind).faults = list(faults)
        return self.channel(kind, **how).send(message)


@pytest.fixture
def bench() -> Iterator[Bench]:
    with ExitStack() as stack:
        yield Bench(stack)


@pytest.mark.parametrize("message", [ALARM, OVER, REPORT], ids=["alarm", "over", "report"])
@pytest.mark.parametrize("kind", [name for name in OPENED if name != "alertmanager"])
def test_every_channel_is_taken_by_its_receiver(bench: Bench, kind: str, message: Message) -> None:
    receipt = bench.send(kind, message)
    assert (receipt.state, len(bench.at[kind].got)) == (State.SENT, 1), receipt


@pytest.mark.parametrize("kind", OPENED)
def test_a_dry_run_shows_the_bytes_that_would_leave(bench: Bench, kind: str) -> None:
    shown = bench.channel(kind).preview(ALARM)["body"]
    assert bench.send(kind).state is State.SENT
    assert bench.at[kind].got[0][1].decode().replace(ROUTING_KEY, "***") == shown


def text(subject: str, times: int) -> str:
    return (subject * times)[:20_000]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=25)
@given(st.text(max_size=20), st.text(max_size=20), st.integers(1, 3000), st.integers(0, 25))
@pytest.mark.parametrize("kind", OPENED)
def test_whatever_a_message_holds_is_within_the_limits(
    bench: Bench, kind: str, subject: str, sentence: str, times: int, rows: int
) -> None:
    long = replace(
        ALARM,
        subject=text(subject, times),
        sentence=text(sentence, times),
        text=text(sentence, times) * 40,
        thread=text("t", times),
        rows=(Row(text(subject, times), text(sentence, times)),) * rows,
        links=(Link(text(subject, times), f"https://ci.example/{'a' * times}"),) * 9,
        details={"pipeline": text(subject, times), "found": [text(sentence, times)] * rows},
    )
    receipt = bench.send(kind, long)
    assert receipt.state is State.SENT, receipt


FAULTS: dict[str, tuple[list[Answer | str], State, int, str]] = {
    "redirect": ([(302, {"Location": "http://127.0.0.1:9/"}, b"")], State.FAILED, 1, "configure that address instead"),
    "400": ([(400, {}, b"no")], State.FAILED, 1, "answered 400"),
    "403": ([(403, {}, b"")], State.FAILED, 1, "takes no messages from us"),
    "410": ([(410, {}, b"")], State.FAILED, 1, "takes no messages from us"),
    "429 for an hour": ([(429, {"Retry-After": "3600"}, b"")], State.FAILED, 1, "wants to be asked in 3600 s"),
    "500 for ever": ([(500, {}, b"")] * 4, State.FAILED, 4, "(4 tries)"),
    "503 and then well": ([(503, {}, b"")], State.SENT, 2, ""),
}


@pytest.mark.parametrize("kind", OPENED)
@pytest.mark.parametrize("what", FAULTS)
def test_every_fault_is_told_in_words_and_without_a_secret(bench: Bench, kind: str, what: str) -> None:
    answers, state, tries, words = FAULTS[what]
    receipt = bench.send(kind, faults=tuple(answers))
    assert (receipt.state, len(bench.at[kind].got)) == (state, tries), receipt
    assert words in receipt.told
    said = f"{receipt}{bench.told}{bench.channel(kind).preview(ALARM)}{bench.channel(kind)!r}"
    for secret in ("s3cr3t", TOKEN, ROUTING_KEY, SECRET, "0123456789abcdef/triggers"):
        assert secret not in said


@pytest.mark.parametrize("kind", OPENED)
def test_an_answer_that_repeats_a_secret_is_cut(bench: Bench, kind: str) -> None:
    path = urlsplit(bench.receiver(kind).url)
    echo = json.dumps({"errors": [f"{path.path} {path.query} {TOKEN} {ROUTING_KEY} s3cr3t-path s3cr3t-signature"]})
    receipt = bench.send(kind, faults=((400, {}, echo.encode()),))
    mine = {"generic": TOKEN, "alertmanager": TOKEN, "pagerduty": ROUTING_KEY, "teams": "s3cr3t-signature"}
    assert mine.get(kind, "s3cr3t-path") not in receipt.told
    assert receipt.state is State.FAILED


@pytest.mark.parametrize("kind", OPENED)
@pytest.mark.parametrize(
    ("said", "slept"),
    [("7", 7), ("Thu, 25 Feb 2021 15:02:20 GMT", 10), ("soon", 0)],
    ids=["seconds", "date", "garbage"],
)
def test_a_receiver_that_is_busy_is_given_its_time(bench: Bench, kind: str, said: str, slept: float) -> None:
    assert bench.send(kind, faults=((429, {"Retry-After": said}, b""),)).state is State.SENT
    assert bench.slept == [slept]


@pytest.mark.parametrize("kind", OPENED)
def test_who_hangs_up_is_told_again_only_where_a_repeat_is_known(bench: Bench, kind: str) -> None:
    receipt = bench.send(kind, faults=(HANG_UP,))
    again = kind in REPEATS
    assert (receipt.state, len(bench.at[kind].got)) == ((State.SENT, 2) if again else (State.UNKNOWN, 1)), receipt
    assert bench.channel(kind).knows_repeats is again


@pytest.mark.parametrize("kind", OPENED)
def test_who_is_late_leaves_it_unknown_unless_a_repeat_is_known(bench: Bench, kind: str) -> None:
    receipt = bench.send(kind, faults=(LATE,), timeout_seconds=0.15)
    assert receipt.state is (State.SENT if kind in REPEATS else State.UNKNOWN), receipt


@pytest.mark.parametrize("kind", OPENED)
def test_who_took_it_has_it_even_with_an_answer_too_long_to_read(bench: Bench, kind: str) -> None:
    assert bench.send(kind, faults=((202, {"Connection": "close"}, bytes(2 << 20)),)).state is State.SENT
    assert bench.slept == []


@pytest.mark.parametrize("kind", OPENED)
def test_who_is_down_has_not_got_it(bench: Bench, kind: str) -> None:
    timing = Timing(sleep=bench.slept.append, chance=lambda: 0.0)
    channel = OPENED[kind]("http://127.0.0.1:9/s3cr3t-path", tell=bench.told.append, timing=timing)
    receipt = channel.send(ALARM)
    assert (receipt.state, len(bench.slept)) == (State.FAILED, 3)
    assert "s3cr3t" not in f"{receipt}{bench.told}"


@pytest.mark.parametrize("kind", OPENED)
def test_who_is_gone_is_not_asked_again(bench: Bench, kind: str) -> None:
    bench.receiver(kind).faults = [(410, {}, b"")]
    channel = bench.channel(kind)
    first, second = channel.send(ALARM), channel.send(replace(ALARM, key="second"))
    assert first.state is second.state is State.FAILED
    assert len(bench.at[kind].got) == 1


@pytest.mark.parametrize("kind", ["slack", "teams"])
def test_people_see_how_things_stand_and_a_report_stands_nowhere(bench: Bench, kind: str) -> None:
    seen = []
    for message in (ALARM, OVER, REPORT):
        assert bench.send(kind, message).state is State.SENT
        seen.append(bench.at[kind].got[-1][1].decode())
    assert "[error] nightly failed" in seen[0]
    assert "[resolved] nightly works again" in seen[1]
    assert '"nightly failed' in seen[2]


def test_teams_shows_it_in_colours_too(bench: Bench) -> None:
    styles = []
    for message in (*(replace(ALARM, severity=each) for each in Severity), OVER, REPORT):
        bench.send("teams", message)
        styles.append(bench.at["teams"].told["attachments"][0]["content"]["body"][0].get("style"))
    assert styles == ["attention", "attention", "warning", "accent", "good", None]


def test_teams_shows_rows_and_links_and_obeys_no_markdown(bench: Bench) -> None:
    bench.send("teams")
    card = bench.at["teams"].told["attachments"][0]["content"]
    told = [[run["text"] for run in block["inlines"]] for block in card["body"][1:]]
    assert told == [[ALARM.sentence], ["Class: ", "network/dns & *more*"], ["Line: ", "getaddrinfo _failed_"]]
    assert card["actions"] == [{"type": "Action.OpenUrl", "title": "See the run", "url": ALARM.links[0].url}]


def test_pagerduty_opens_an_alert_and_closes_the_same(bench: Bench) -> None:
    service = receivers.PagerDuty()
    bench.serve("pagerduty", service.receiver)
    assert bench.send("pagerduty").told.startswith("taken (202 ")
    event = service.receiver.told
    assert service.alerts == {ALARM.thread: True}
    assert (event["event_action"], event["payload"]["severity"]) == ("trigger", "error")
    names = ("summary", "source", "component", "group", "class", "timestamp")
    assert [event["payload"][name] for name in names] == [
        ALARM.subject,
        "nightly",
        "build",
        "eu-west-1",
        "network",
        "2026-03-03T01:06:40Z",
    ]
    assert event["payload"]["custom_details"]["Class"] == "network/dns & *more*"
    assert event["links"] == [{"href": ALARM.links[0].url, "text": "See the run"}]
    assert bench.send("pagerduty", OVER).told.startswith("closes the alert (202 ")
    assert service.alerts == {ALARM.thread: False}


def test_a_thread_that_is_too_long_for_pagerduty_has_one_short_name() -> None:
    long = "t" * 256
    assert dedup_key("t" * 255) == "t" * 255
    assert dedup_key(long) == dedup_key(long) != dedup_key(long + "t")
    assert len(dedup_key(long)) <= 255


def test_pagerduty_says_what_is_wrong_with_an_event(bench: Bench) -> None:
    url = bench.receiver("pagerduty").url
    receipt = PagerDuty("W" * 32, url, tell=bench.told.append).send(ALARM)
    assert receipt.state is State.FAILED
    assert "'routing_key' is invalid; set LUMEN_PAGERDUTY_KEY" in receipt.told


def test_another_server_than_pagerduty_has_not_taken_an_alarm(bench: Bench) -> None:
    receipt = bench.send("pagerduty", faults=((200, {}, b"<html>login</html>"),))
    assert receipt.state is State.FAILED
    assert "answered 200, which PagerDuty does not; correct LUMEN_PAGERDUTY_URL" in receipt.told


def test_pagerduty_is_asked_at_its_path_unless_another_is_given(bench: Bench) -> None:
    origin = bench.receiver("pagerduty").url.removesuffix("/v2/enqueue")
    assert PagerDuty(ROUTING_KEY, origin, tell=bench.told.append).send(ALARM).state is State.SENT


def test_a_webhook_says_what_a_machine_follows_and_a_report_says_no_more_than_before(bench: Bench) -> None:
    assert bench.send("webhook", OVER).state is State.SENT
    data = bench.at["webhook"].told["data"]
    assert (data["severity"], data["resolved"], data["thread"]) == ("error", True, ALARM.thread)
    assert bench.send("webhook", REPORT).state is State.SENT
    names = ["pipeline", "region", "stage", "error_class", "subject", "sentence", "text", "links"]
    assert list(bench.at["webhook"].told["data"]) == names


FORM = {
    "topic": "ops",
    "title": "{title}",
    "message": "{sentence}\n{text:12}",
    "priority": 4,
    "extras": [{"click": "{link}", "who": "{pipeline}/{region} {state} {severity} {kind} {key} {thread}"}],
}


def test_a_form_of_a_team_is_filled_and_nothing_put_in_gets_out_of_its_text(bench: Bench) -> None:
    nasty = replace(ALARM, subject='a","topic":"evil', sentence='"}{text}\\ {link} </script>')
    assert bench.send("generic", nasty, body=FORM).state is State.SENT
    assert bench.at["generic"].told == {
        "topic": "ops",
        "title": '[error] a","topic":"evil',
        "message": '"}{text}\\ {link} </script>\nbuild faile…',
        "priority": 4,
        "extras": [
            {
                "click": ALARM.links[0].url,
                "who": "nightly/eu-west-1 firing error stage.failed 0123456789abcdef fedcba9876543210",
            }
        ],
    }
    assert bench.at["generic"].got[0][0]["x-gotify-key"] == TOKEN
    assert bench.channel("generic").preview(ALARM)["headers"] == ["X-Gotify-Key"]


@given(st.text(max_size=60), st.text(max_size=60))
def test_whatever_is_put_into_a_form_is_read_back_as_it_was(subject: str, sentence: str) -> None:
    told = json.loads(encoded(replace(ALARM, sentence=sentence, text=subject), {"a": "{sentence}", "b": "<{text}>"}))
    whole = [each.encode(errors="replace").decode() for each in (sentence, f"<{subject}>")]
    assert [told["a"], told["b"]] == whole
    assert list(told) == ["a", "b"]


def test_without_a_form_it_is_that_of_the_webhook(bench: Bench) -> None:
    bench.send("generic")
    bench.send("webhook")
    assert bench.at["generic"].got[0][1] == bench.at["webhook"].got[0][1]
    assert "webhook-signature" not in bench.at["generic"].got[0][0]

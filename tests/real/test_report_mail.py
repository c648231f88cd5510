"""Mail through a real SMTP server with TLS: what arrives, what is refused, and that nothing arrives twice."""

from __future__ import annotations

import base64
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
import servers
from mailserver import PASSWORD, USER, MailServer

from lumen_action.http import Timing
from lumen_action.ops.notify import Receipt, State
from lumen_action.ops.notify.mail import Mail
from lumen_action.ops.notify.message import Attachment, Link, Message, Row
from lumen_action.ops.notify.options import Mailbox, MailOptions, Security

PDF = b"%PDF-1.7\r\n.\r\n..\n" + bytes(range(256)) * 40
MESSAGE = Message(
    subject="nightly, 2026년 10주차: 오류 예산 정상",
    sentence="nightly은 약속을 지켰습니다.",
    rows=(Row("실행", "7회"),),
    text="nightly은 약속을 지켰습니다.\n\n.점으로 시작하는 줄\n실행: 7회",
    key="k" * 32,
    thread="t" * 32,
    at_ms=1_772_500_000_000,
    links=(Link("보고서 보기", "https://reports.example/"),),
    attachments=(Attachment("야간-2026-W10.pdf", "application/pdf", PDF),),
    left_out="PDF는 첨부하지 않았습니다.",
)
TO = ("ops@team.example", "lead@team.example")

Start = Callable[..., MailServer]


@pytest.fixture
def start(certificate: servers.Certificate) -> Iterator[Start]:
    """Start a mail server, `start(security="tls")`; stop it at the end."""
    with ExitStack() as stack:
        yield lambda **how: stack.enter_context(MailServer(certificate, **how).serving())


class Told:
    """A sender that does not wait, and what it said while it tried."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.slept: list[float] = []

    def send(self, server: MailServer, message: Message = MESSAGE, **changed: object) -> Receipt:
        options = MailOptions(
            host=server.host,
            port=server.port,
            security=Security(server.security),
            sender=Mailbox("reports@team.example", "보고서"),
            to=tuple(map(Mailbox, TO)),
            user=USER if server.security != "none" else "",
            password=PASSWORD if server.security != "none" else "",
            ca_file=str(server.certificate.authority) if server.certificate else None,
        )
        timing = Timing(sleep=self.slept.append, chance=lambda: 0.5)
        return Mail(replace(options, **changed), tell=self.lines.append, timing=timing).send(message)  # type: ignore[arg-type]


@pytest.fixture
def sender() -> Told:
    return Told()


@pytest.mark.parametrize("security", ["starttls", "tls", "none"])
def test_what_arrives_is_what_was_sent(start: Start, sender: Told, security: str) -> None:
    server = start(security=security)
    receipt = sender.send(server)
    assert (receipt.state, receipt.told, receipt.refused) == (State.SENT, "taken for 2 of 2 (250 taken)", {})
    (mail,), (envelope,) = server.mails, server.envelopes
    assert (mail["Subject"], mail["To"]) == (MESSAGE.subject, ", ".join(TO))
    assert (envelope.mail_from, envelope.rcpt_tos) == ("reports@team.example", list(TO))
    assert mail["From"].addresses[0].display_name == "보고서"
    assert mail["Date"].datetime.isoformat() == "2026-03-03T01:06:40+00:00"
    body = mail.get_body(("plain",))
    assert body
    assert body.get_content().replace("\r\n", "\n").strip() == MESSAGE.text
    (attached,) = mail.iter_attachments()
    assert (attached.get_filename(), attached.get_content_type()) == ("야간-2026-W10.pdf", "application/pdf")
    assert attached.get_content() == PDF


def test_a_server_that_signed_itself_is_refused_and_gets_nothing(start: Start, sender: Told) -> None:
    for security in ("starttls", "tls"):
        server = start(security=security)
        receipt = sender.send(server, ca_file=None)
        assert (receipt.state, server.mails) == (State.FAILED, [])
        assert "certificate is not trusted" in receipt.told
        assert (server.connections, sender.slept) == (1, [])


def test_a_certificate_of_another_host_is_refused(start: Start, sender: Told) -> None:
    server = start()
    receipt = sender.send(server, host="localhost")
    assert (receipt.state, server.mails) == (State.FAILED, [])
    assert "mismatch" in receipt.told


def test_a_server_without_starttls_gets_neither_password_nor_mail(start: Start, sender: Told) -> None:
    server = start(security="none")
    receipt = sender.send(server, security=Security.STARTTLS, user=USER, password=PASSWORD)
    assert (receipt.state, server.mails, sender.slept) == (State.FAILED, [], [])
    assert "does not offer STARTTLS" in receipt.told


def test_a_server_that_speaks_no_tls_at_all_is_told_in_words(start: Start, sender: Told) -> None:
    receipt = sender.send(start(security="none"), security=Security.TLS)
    assert receipt.state is State.FAILED
    assert "no TLS could be agreed on" in receipt.told


def test_a_wrong_password_is_told_once_and_never_shown(start: Start, sender: Told) -> None:
    server = start()
    receipt = sender.send(server, password="another one")  # noqa: S106
    assert (receipt.state, server.mails, sender.slept) == (State.FAILED, [], [])
    assert "does not let us in (535" in receipt.told
    assert "another one" not in receipt.told


def test_a_server_without_logins_says_so(start: Start, sender: Told) -> None:
    receipt = sender.send(start(authenticated=False))
    assert receipt.state is State.FAILED
    assert "authentication method" in receipt.told


def test_what_passes_is_tried_again_with_growing_pauses(start: Start, sender: Told) -> None:
    server = start(data=["451 try later", "452 still busy"])
    assert sender.send(server).state is State.SENT
    assert (len(server.mails), sender.slept) == (1, [1.0, 2.0])
    assert "451 try later; trying again in 1 s" in sender.lines[0]


def test_what_does_not_pass_in_four_tries_has_failed(start: Start, sender: Told) -> None:
    receipt = sender.send(start(data=["451 busy"] * 9))
    assert (receipt.state, len(sender.slept)) == (State.FAILED, 3)
    assert "451 busy (4 tries)" in receipt.told


def test_what_is_refused_for_good_is_not_tried_again(start: Start, sender: Told) -> None:
    receipt = sender.send(start(data=["554 no such content"]))
    assert (receipt.state, sender.slept) == (State.FAILED, [])
    assert "554 no such content" in receipt.told


def test_a_connection_that_breaks_before_the_end_is_tried_again(start: Start, sender: Told) -> None:
    server = start(hang_up=["data", "data"])
    # More than fits into the buffers on the way, so that the break is met before the end.
    large = replace(MESSAGE, attachments=(replace(MESSAGE.attachments[0], content=bytes(16 << 20)),))
    assert sender.send(server, large).state is State.SENT
    assert (len(server.mails), server.connections) == (1, 3)


def test_an_answer_lost_after_the_mail_is_unknown_and_never_repeated(start: Start, sender: Told) -> None:
    server = start(hang_up=["after"])
    receipt = sender.send(server)
    assert (receipt.state, sender.slept) == (State.UNKNOWN, [])
    assert "its answer was lost" in receipt.told
    assert (len(server.mails), server.connections) == (1, 1)


def test_a_server_that_is_down_has_failed(sender: Told, certificate: servers.Certificate) -> None:
    receipt = sender.send(MailServer(certificate, port=9))
    assert (receipt.state, len(sender.slept)) == (State.FAILED, 3)
    assert "127.0.0.1:9" in receipt.told


def test_one_refused_recipient_is_named_and_the_other_gets_the_mail(start: Start, sender: Told) -> None:
    server = start(recipients={TO[0]: ["550 no such user"]})
    receipt = sender.send(server)
    assert (receipt.state, receipt.refused) == (State.PARTLY, {TO[0]: "550 no such user"})
    assert [envelope.rcpt_tos for envelope in server.envelopes] == [[TO[1]]]


def test_who_is_put_off_is_tried_again_alone(start: Start, sender: Told) -> None:
    server = start(recipients={TO[0]: ["450 greylisted", "450 greylisted"]})
    assert sender.send(server).state is State.SENT
    assert [envelope.rcpt_tos for envelope in server.envelopes] == [[TO[1]], [TO[0]]]
    first, second = server.mails
    assert first["Message-ID"] == second["Message-ID"]


def test_when_all_recipients_are_refused_nothing_is_sent(start: Start, sender: Told) -> None:
    server = start(recipients={name: ["550 no such user"] for name in TO})
    receipt = sender.send(server)
    assert (receipt.state, set(receipt.refused), server.mails) == (State.FAILED, set(TO), [])


@pytest.mark.parametrize("how", [{"size_limit": 6000}, {"data": ["552 too large"]}], ids=["told before", "told after"])
def test_a_pdf_that_is_too_large_is_left_out_and_the_text_says_so(
    start: Start, sender: Told, how: dict[str, object]
) -> None:
    server = start(**how)
    receipt = sender.send(server)
    assert (receipt.state, "without its attachment" in receipt.told) == (State.SENT, True)
    (mail,) = server.mails
    assert list(mail.iter_attachments()) == []
    assert mail.get_content().strip().endswith(MESSAGE.left_out)


def test_a_mail_that_is_too_large_without_its_pdf_has_failed(start: Start, sender: Told) -> None:
    receipt = sender.send(start(size_limit=100))
    assert (receipt.state, sender.slept) == (State.FAILED, [])
    assert "it takes 100" in receipt.told


@pytest.mark.parametrize(("when", "state", "tries"), [("hello", State.FAILED, 4), ("drips", State.UNKNOWN, 1)])
def test_a_server_that_drips_its_answers_is_not_waited_for(
    start: Start, sender: Told, when: str, state: State, tries: int
) -> None:
    server = start(hang_up=[when])
    receipt = sender.send(server, patience_seconds=0.5)
    assert (receipt.state, server.connections) == (state, tries)
    assert "was not done in 0.5 s" in receipt.told


def test_an_answer_that_is_none_leaves_it_unknown(start: Start, sender: Told) -> None:
    receipt = sender.send(start(data=["thanks"]))
    assert (receipt.state, sender.slept) == (State.UNKNOWN, [])
    assert "something that is not SMTP" in receipt.told


def test_who_hangs_up_while_tls_is_agreed_on_is_tried_again(sender: Told, certificate: servers.Certificate) -> None:
    class HangsUp(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.recv(65536)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), HangsUp) as listening:
        threading.Thread(target=listening.serve_forever, args=(0.01,), daemon=True).start()
        receipt = sender.send(MailServer(certificate, security="tls", port=listening.server_address[1]))
        listening.shutdown()
    assert (receipt.state, len(sender.slept)) == (State.FAILED, 3)
    assert "hung up while TLS was agreed on" in receipt.told


def test_a_server_that_repeats_the_password_does_not_make_us_show_it(start: Start, sender: Told) -> None:
    login = base64.b64encode(f"\0{USER}\0{PASSWORD}".encode()).decode()
    receipt = sender.send(start(data=[f"451 {login}", f"554 {PASSWORD}"], recipients={TO[0]: [f"550 {PASSWORD}"]}))
    assert "554 ***" in receipt.told
    assert "451 ***" in sender.lines[0]
    assert PASSWORD not in f"{receipt}{sender.lines}"


def test_an_authority_that_is_none_is_told_in_words(start: Start, sender: Told, tmp_path: Path) -> None:
    (tmp_path / "not.pem").write_text("no certificate")
    receipt = sender.send(start(), ca_file=str(tmp_path / "not.pem"))
    assert receipt.state is State.FAILED
    assert "holds no certificate" in receipt.told

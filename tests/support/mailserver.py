"""A real SMTP server: with TLS from the start, by STARTTLS or not at all, and with the faults it is told to have."""

from __future__ import annotations

import asyncio
import contextlib
import email
import email.policy
import logging
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any

import servers
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

USER, PASSWORD = "lumen@team.example", "pass word of the mail"
_PLAIN = "none"


@dataclass
class MailServer:
    """What arrived, and how it answers: `data`, `recipients` and `hang_up` are used up try by try."""

    certificate: servers.Certificate | None = None
    security: str = "starttls"
    authenticated: bool = True
    size_limit: int = 33_554_432
    data: list[str] = field(default_factory=list)
    """Answers to whole mails, in place of taking them."""
    recipients: dict[str, list[str]] = field(default_factory=dict)
    """Answers to recipients by address."""
    hang_up: list[str] = field(default_factory=list)
    """When to hang up: at `data`, before a mail has come, or `after` it was taken; or to answer line by line without
    an end, at `hello` or, after a mail, as `drips`."""
    mails: list[EmailMessage] = field(default_factory=list)
    envelopes: list[Envelope] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    """Ways to log in that it does not have."""
    connections: int = 0
    host: str = "127.0.0.1"
    port: int = 0

    async def handle_RCPT(  # noqa: N802 - the name aiosmtpd gives it
        self,
        server: SMTP,  # noqa: ARG002
        session: Session,  # noqa: ARG002
        envelope: Envelope,
        address: str,
        rcpt_options: list[str],  # noqa: ARG002
    ) -> str:
        answers = self.recipients.get(address)
        if answers:
            return answers.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        assert bool(session.ssl) is (self.security == "starttls")  # it does not see TLS from the start as such
        assert bool(session.authenticated) is (self.authenticated and self.security != _PLAIN)
        if self.data:
            return self.data.pop(0)
        content = envelope.content
        assert isinstance(content, bytes)
        self.mails.append(email.message_from_bytes(content, policy=email.policy.default))  # type: ignore[arg-type]
        self.envelopes.append(envelope)
        if self.hang_up[:1] == ["after"]:
            self.hang_up.pop(0)
            server.transport.abort()
        if self.hang_up[:1] == ["drips"]:
            await _drip(server)
        return "250 taken"

    @contextlib.contextmanager
    def serving(self) -> Iterator[MailServer]:
        """Listen until left."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        logging.getLogger("mail.log").setLevel(logging.CRITICAL)
        controller = _Controller(self)
        controller.start()
        self.connections = 0  # the start dials in once
        try:
            yield self
        finally:
            asyncio.run_coroutine_threadsafe(controller.hang_up(), controller.loop).result(10)
            controller.stop()

    def _context(self) -> ssl.SSLContext:
        assert self.certificate
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self.certificate.chain, self.certificate.key)
        return context


class _Controller(Controller):
    def __init__(self, mail: MailServer) -> None:
        self.mail = mail
        self.conversations: list[SMTP] = []
        context = mail._context() if mail.security != _PLAIN else None
        starttls = {"tls_context": context, "require_starttls": True} if mail.security == "starttls" else {}
        in_tls = mail.security == "tls"
        auth = {"authenticator": _may_send, "auth_required": not in_tls} if mail.authenticated and context else {}
        super().__init__(
            mail,
            hostname="127.0.0.1",
            port=mail.port,
            ssl_context=context if in_tls else None,
            data_size_limit=mail.size_limit,
            auth_require_tls=not in_tls,
            auth_exclude_mechanism=mail.left_out if mail.authenticated else ["LOGIN", "PLAIN"],
            **starttls,
            **auth,
        )

    def factory(self) -> SMTP:
        mail = self.mail
        mail.connections += 1

        class Faulty(SMTP):
            async def smtp_EHLO(self, hostname: str) -> None:  # noqa: N802
                if mail.hang_up[:1] == ["hello"]:
                    await _drip(self)
                await super().smtp_EHLO(hostname)

            async def smtp_DATA(self, arg: str) -> None:  # noqa: N802
                if mail.hang_up[:1] == ["data"]:
                    mail.hang_up.pop(0)
                    await self.push("354 go on")
                    self.transport.abort()
                    return
                await super().smtp_DATA(arg)

        self.conversations.append(Faulty(self.handler, **self.SMTP_kwargs))
        return self.conversations[-1]

    async def hang_up(self) -> None:
        """Close what clients have left open: a loop that stops leaves it to whoever collects the rubbish."""
        for conversation in self.conversations:
            if conversation.transport:
                conversation.transport.abort()
        await asyncio.sleep(0.01)


async def _drip(server: SMTP) -> None:
    while server.transport and not server.transport.is_closing():
        await server.push("250-still there")
        await asyncio.sleep(0.01)


def _may_send(_server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: Any) -> AuthResult:  # noqa: ANN401
    good = isinstance(data, LoginPassword) and (data.login, data.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=good, handled=False)  # handled, a wrong password would end in silence

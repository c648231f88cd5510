"""One conversation with a mail server: verified TLS, and always known whether the mail was taken."""

from __future__ import annotations

import re
import smtplib
import socket
import ssl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from threading import Timer
from typing import Any

from lumen_action.errors import RemoteError
from lumen_action.ops.notify.message import one_line
from lumen_action.ops.notify.options import MailOptions, Security

_TIMEOUT_SECONDS = 30.0
_READY, _OK, _GO_AHEAD = 220, frozenset({250, 251}), 354
_CLOSING = 421
_TOO_LARGE = frozenset({552, 523})
_PASSING, _REFUSING = range(400, 500), range(400, 600)
_SIZE = re.compile(r"[0-9]{1,18}")
_LONGEST_WORDS = 200


class MailError(RemoteError):
    """A mail that was not taken, as far as is known."""

    def __init__(self, told: str, *, passing: bool = False, unsure: bool = False, too_large: bool = False) -> None:
        """Keep what decides about another try."""
        super().__init__(told)
        self.passing = passing
        self.unsure = unsure
        self.too_large = too_large


@dataclass(frozen=True)
class Handed:
    """For whom the server took a mail, for whom it will not, and for whom it may later, with its words."""

    taken: tuple[str, ...] = ()
    refused: Mapping[str, str] = field(default_factory=dict)
    deferred: Mapping[str, str] = field(default_factory=dict)
    words: str = ""


def hand_over(mail: bytes, recipients: Sequence[str], options: MailOptions) -> Handed:
    """Give a mail to the server; a MailError says whether that may be tried again."""
    with _connected(options) as client:
        limit = client.esmtp_features.get("size", "")
        if _SIZE.fullmatch(limit) and 0 < int(limit) < len(mail):
            told = f"the mail has {len(mail)} bytes, and it takes {limit}"
            raise MailError(told, too_large=True)
        size = [f"size={len(mail)}"] if client.has_extn("size") else []
        _expect(_OK, client.mail(options.sender.address, size), "does not take mail from us")
        taken, refused, deferred = _named(client, recipients)
        if not taken:
            client.rset()
            return Handed((), refused, deferred)
        return Handed(tuple(taken), refused, deferred, _sent(client, mail, options.patience_seconds))


def _named(client: smtplib.SMTP, recipients: Sequence[str]) -> tuple[list[str], dict[str, str], dict[str, str]]:
    """Name those it is meant for; one that is refused does not keep the others from it."""
    taken: list[str] = []
    refused: dict[str, str] = {}
    deferred: dict[str, str] = {}
    for each in recipients:
        code, said = client.rcpt(each)
        if code in _OK:
            taken.append(each)
        elif code == _CLOSING:
            _expect(_OK, (code, said), "is closing")
        else:
            (deferred if code in _PASSING else refused)[each] = _answer(code, said)
    return taken, refused, deferred


def _sent(client: smtplib.SMTP, mail: bytes, patience_seconds: float) -> str:
    """Send the mail; only what goes wrong after its end leaves open whether it was taken."""
    _expect({_GO_AHEAD}, client.docmd("data"), "does not take the mail")
    body = re.sub(rb"^\.", b"..", mail, flags=re.MULTILINE)
    client.send(body if body.endswith(b"\r\n") else body + b"\r\n")
    # Sent for itself: a mail whose end did not leave this machine was never whole.
    client.send(b".\r\n")
    if client.sock:  # it may look into the mail for long, and whoever hangs up too early never knows
        client.sock.settimeout(patience_seconds)
    try:
        code, said = client.getreply()
    except OSError as fault:
        told = f"it had the whole mail, and its answer was lost ({_reason(fault)})"
        raise MailError(told, unsure=True) from None
    if code not in _OK and code not in _REFUSING:
        raise MailError(f"it had the whole mail and answered {_answer(code, said)}", unsure=True)
    _expect(_OK, (code, said), "does not take the mail")
    return _answer(code, said)


class _Client(smtplib.SMTP):
    """A conversation that ends in time, and whose other side cannot make us show the password."""

    def __init__(self, options: MailOptions, **how: Any) -> None:  # noqa: ANN401 - what smtplib takes
        self._options = options
        # A server that drips its answers never runs into a timeout.
        self._over = Timer(options.patience_seconds, self._hang_up)
        self._over.daemon = True
        self._late = False
        self._over.start()
        try:
            super().__init__(options.host, options.port, timeout=min(_TIMEOUT_SECONDS, options.patience_seconds), **how)
        except BaseException:
            self.close()
            raise

    def getreply(self) -> tuple[int, bytes]:
        try:
            code, said = super().getreply()
        except smtplib.SMTPServerDisconnected:
            if self._late:
                told = f"it was not done in {self._options.patience_seconds:g} s"
                raise TimeoutError(told) from None
            raise
        for secret in self._options.secrets:
            said = said.replace(secret, b"***")
        return code, said

    def close(self) -> None:
        self._over.cancel()
        super().close()

    def _hang_up(self) -> None:
        self._late = True
        if self.sock:
            with suppress(OSError):
                # Not that of TLS, which would pull the socket away from who reads it.
                socket.socket.shutdown(self.sock, socket.SHUT_RDWR)


class _TlsClient(_Client, smtplib.SMTP_SSL):
    """The same over TLS from the start."""


@contextmanager
def _connected(options: MailOptions) -> Iterator[smtplib.SMTP]:
    """Greet the server, over TLS and logged in where that is set; every fault becomes a MailError."""
    place = f"{options.host}:{options.port}"
    try:
        client = _opened(options)
        try:
            _expect(_OK, client.ehlo(), "does not greet us")
            if options.security is Security.STARTTLS:
                _start_tls(client, options)
            if options.user:
                client.login(options.user, options.password)
            yield client
            with suppress(OSError):  # it has taken what we gave it
                client.quit()
        finally:
            client.close()
    except MailError as fault:
        fault.args = (f"{place}: {fault}",)
        raise
    except OSError as fault:
        raise _tls_fault(fault, place) or _answered(fault, place) from None


def _tls_fault(fault: OSError, place: str) -> MailError | None:
    if isinstance(fault, ssl.SSLCertVerificationError):
        return MailError(
            f"{place}: its certificate is not trusted ({fault.verify_message}); nothing was sent. If it is by an "
            "authority of your own, name that in `mail: {ca-file: …}`, and the host as the certificate has it"
        )
    if isinstance(fault, ssl.SSLEOFError):
        return MailError(f"{place} hung up while TLS was agreed on", passing=True)
    if isinstance(fault, ssl.SSLError):
        return MailError(
            f"{place}: no TLS could be agreed on ({fault.reason}); `mail: {{security: …}}` is `tls` for port 465 "
            "and `starttls` for port 587"
        )
    return None


def _answered(fault: OSError, place: str) -> MailError:
    """Say what the server answered, or why it did not; all that smtplib raises is an OSError."""
    if isinstance(fault, smtplib.SMTPResponseException):
        passing = fault.smtp_code in _PASSING
        told = _answer(fault.smtp_code, fault.smtp_error)
        if isinstance(fault, smtplib.SMTPAuthenticationError):
            hint = "" if passing else "; see LUMEN_SMTP_USER and LUMEN_SMTP_PASSWORD"
            return MailError(f"{place} does not let us in ({told}){hint}", passing=passing)
        return MailError(f"{place} answered {told}", passing=passing)
    if isinstance(fault, smtplib.SMTPServerDisconnected):
        return MailError(f"{place} hung up ({_reason(fault)})", passing=True)
    if isinstance(fault, smtplib.SMTPNotSupportedError):
        return MailError(f"{place} offers no login; take LUMEN_SMTP_USER and LUMEN_SMTP_PASSWORD away if it needs none")
    return MailError(f"{place}: {_reason(fault)}", passing=not isinstance(fault, smtplib.SMTPException))


def _opened(options: MailOptions) -> smtplib.SMTP:
    return _TlsClient(options, context=_context(options)) if options.security is Security.TLS else _Client(options)


def _start_tls(client: smtplib.SMTP, options: MailOptions) -> None:
    if not client.has_extn("starttls"):
        raise MailError(
            "it does not offer STARTTLS, or somebody on the way took the offer out; nothing was sent. A server that "
            "speaks TLS from the start needs `mail: {security: tls}`"
        )
    _expect({_READY}, client.starttls(context=_context(options)), "does not start TLS")
    _expect(_OK, client.ehlo(), "does not greet us over TLS")


def _context(options: MailOptions) -> ssl.SSLContext:
    """Return what verifies certificate and host name."""
    try:
        return ssl.create_default_context(cafile=options.ca_file)
    except ssl.SSLError:
        raise MailError(f"mail.ca-file: {options.ca_file!r} holds no certificate in PEM") from None


def _expect(codes: frozenset[int] | set[int], answer: tuple[int, bytes], otherwise: str) -> None:
    code, said = answer
    if code not in codes:
        told = f"it {otherwise}: {_answer(code, said)}"
        raise MailError(told, passing=code in _PASSING, too_large=code in _TOO_LARGE)


def _answer(code: int, said: bytes | str) -> str:
    return f"{code} {_words(said)}" if code > 0 else "something that is not SMTP"


def _words(said: bytes | str) -> str:
    text = said.decode(errors="replace") if isinstance(said, bytes) else said
    return one_line(text)[:_LONGEST_WORDS]


def _reason(fault: BaseException) -> str:
    return _words(str(getattr(fault, "strerror", None) or fault) or type(fault).__name__)

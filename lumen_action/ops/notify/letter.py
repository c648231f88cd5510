"""A message as a mail: headers that cannot be split, readable text, files beside it; equal messages, equal bytes."""

from __future__ import annotations

from datetime import datetime, timezone
from email import policy
from email.header import Header
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime

from lumen_action import __version__
from lumen_action.ops.notify.message import Message, digest, one_line
from lumen_action.ops.notify.options import Mailbox, MailOptions

_PLAIN_LETTERS = 60
# Without eight-bit parts every server can carry it.
_POLICY = policy.SMTP.clone(cte_type="7bit")


def letter(message: Message, options: MailOptions, *, attached: bool = True) -> bytes:
    """Return the mail as it is sent; without its files it says that they were left out."""
    recipients = ",".join(sorted(each.address.lower() for each in options.to))
    domain = options.sender.address.rpartition("@")[2]
    root = f"<{digest(message.thread, recipients)}@{domain}>"
    mail = EmailMessage(policy=_POLICY)
    mail["From"] = _address(options.sender)
    mail["To"] = tuple(map(_address, options.to))
    mail["Date"] = format_datetime(datetime.fromtimestamp(message.at_ms // 1000, timezone.utc))
    mail["Message-ID"] = f"<{digest(message.key, recipients)}@{domain}>"
    # Nobody has got this one: what names it is shown together.
    mail["In-Reply-To"] = mail["References"] = root
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Mailer"] = f"lumen-sli-action/{__version__}"
    left_out = f"\n{message.left_out}\n" if message.attachments and not attached else ""
    mail.set_content(f"{message.text.rstrip()}\n{left_out}", charset="utf-8")
    for file in message.attachments if attached else ():
        kind, _, subkind = file.media_type.partition("/")
        mail.add_attachment(file.content, maintype=kind, subtype=subkind, filename=one_line(file.name))
    if mail.is_multipart():
        # Neither base64 nor quoted-printable can hold `=_`.
        mail.set_boundary(f"=_{digest(message.key)}")
    return _subject(message.title) + mail.as_bytes()


def _subject(text: str) -> bytes:
    """Return the header for itself: folded with the others it would lose or gain a blank between encoded words."""
    needs_encoding = len(text) > _PLAIN_LETTERS or not text.isascii() or "=?" in text
    told = Header(text, "utf-8", header_name="Subject").encode(linesep="\r\n") if needs_encoding else text
    return f"Subject: {told}\r\n".encode("ascii")


def _address(mailbox: Mailbox) -> Address:
    return Address(display_name=mailbox.name, addr_spec=mailbox.address)

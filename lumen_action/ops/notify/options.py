"""Where messages go: what `lumen.yml` and the environment say of mail, Slack and webhooks, with every mistake noted."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from lumen_action.addresses import access_faults, address_fault, is_loopback, login_secrets
from lumen_action.errors import shown
from lumen_action.http import split_credentials
from lumen_action.ops.notify.message import one_line
from lumen_action.ops.notify.posting import Access

SLACK_URL = "LUMEN_SLACK_WEBHOOK"
ALERT_URL, ALERT_SECRET, ALERT_SIGNATURE = "LUMEN_ALERT_URL", "LUMEN_ALERT_SECRET", "LUMEN_ALERT_SIGNATURE"
TEAMS_URL = "LUMEN_TEAMS_URL"
PAGERDUTY_KEY, PAGERDUTY_URL = "LUMEN_PAGERDUTY_KEY", "LUMEN_PAGERDUTY_URL"
ALERTMANAGER_URL, ALERTMANAGER_TOKEN = "LUMEN_ALERTMANAGER_URL", "LUMEN_ALERTMANAGER_TOKEN"
ALERTMANAGER_USER, ALERTMANAGER_PASSWORD = "LUMEN_ALERTMANAGER_USER", "LUMEN_ALERTMANAGER_PASSWORD"
NOTIFY_URL, NOTIFY_HEADERS, NOTIFY_BODY = "LUMEN_NOTIFY_URL", "LUMEN_NOTIFY_HEADERS", "LUMEN_NOTIFY_BODY"
# What is asked in turn; the short names are those of older scripts.
_VARIABLES: Mapping[str, tuple[str, ...]] = {
    "host": ("LUMEN_SMTP_HOST", "SMTP_HOST"),
    "port": ("LUMEN_SMTP_PORT", "SMTP_PORT"),
    "user": ("LUMEN_SMTP_USER", "SMTP_USER"),
    "password": ("LUMEN_SMTP_PASSWORD", "SMTP_PASSWORD", "SMTP_PASS"),
    "from": ("LUMEN_SMTP_FROM", "SMTP_FROM"),
    "to": ("LUMEN_SMTP_TO", "SMTP_TO"),
}
_ADDRESS = re.compile(
    r"(?!\.)[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}(?<!\.)@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252}[A-Za-z0-9])?"
)
_NAMED = re.compile(r"\s*\"?([^\"<>]*?)\"?\s*<([^<>]*)>\s*")
# A comma between two quotes belongs to a name.
_BETWEEN = re.compile(r'[,;](?=(?:[^"]*"[^"]*")*[^"]*$)')
_HIGHEST_PORT = 65535


class Security(str, Enum):
    """How the way to the mail server is protected."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


_PORTS = {Security.STARTTLS: 587, Security.TLS: 465, Security.NONE: 25}


@dataclass(frozen=True)
class Mailbox:
    """An address with the name of whom it belongs to."""

    address: str
    name: str = ""


@dataclass(frozen=True)
class MailOptions:
    """The mail server, how to be let in, and who writes to whom."""

    host: str
    port: int
    security: Security
    sender: Mailbox
    to: tuple[Mailbox, ...]
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    ca_file: str | None = None
    patience_seconds: float = 120.0
    """How long one conversation may take; four fit into the time after which a message counts as lost."""

    @property
    def secrets(self) -> tuple[bytes, ...]:
        """Return what a server could repeat of the login, the longest first."""
        if not self.password:
            return ()
        password = self.password.encode()
        login = b"\0".join([b"", self.user.encode(), password])
        return base64.b64encode(login), base64.b64encode(password), password


def mail_options(config: Mapping[str, Any], env: Mapping[str, str], to: str, problems: list[str]) -> MailOptions | None:
    """Return how to send mail, None where nothing names a server; recipients that are given here come first."""
    said = _said(config, env)
    if not said.get("host"):
        return None
    security = Security(said.get("security") or _usual_security(said.get("port", "")))
    port = _port(said.get("port", ""), security, problems)
    found = [_mailbox("mail.to", each, problems) for each in _listed(to or said.get("to", ""))]
    sender = _mailbox("mail.from", said.get("from", ""), problems)
    options = MailOptions(
        host=said["host"],
        port=port,
        security=security,
        sender=sender,
        # Who is named twice gets one mail.
        to=tuple({each.address.lower(): each for each in found}.values()),
        user=said.get("user", ""),
        password=said.get("password", ""),
        ca_file=said.get("ca-file") or None,
    )
    problems += _faults(options)
    return options


def webhook_url(variable: str, env: Mapping[str, str], problems: list[str]) -> str:
    """Return the URL of a webhook that the environment names; it is never repeated, for it lets in whoever knows it."""
    url = env.get(variable, "").strip()
    if not url:
        return ""
    if fault := address_fault(url):
        problems.append(f"{variable}: {fault}; paste the whole URL again")
        return ""
    parts = urlsplit(url)
    if parts.scheme != "https" and not is_loopback(parts.hostname or ""):
        problems.append(f"{variable}: the URL is not https, so everybody on the way could read it; use https://")
        return ""
    return url


def teams_url(env: Mapping[str, str], problems: list[str]) -> str:
    """Return the URL of a Teams workflow; one of a connector is refused, for those are switched off."""
    url = webhook_url(TEAMS_URL, env, problems)
    host = urlsplit(url).hostname or ""
    if host.endswith("webhook.office.com") or host == "outlook.office.com":
        problems.append(
            f"{TEAMS_URL}: is an Office 365 connector, which Microsoft retired; make a workflow of the kind `Post to a "
            "channel when a webhook request is received` in Teams, and set its URL"
        )
        return ""
    return url


def pagerduty_key(env: Mapping[str, str], problems: list[str]) -> str:
    """Return the key of a PagerDuty integration."""
    key = env.get(PAGERDUTY_KEY, "").strip()
    if key and not re.fullmatch(r"[A-Za-z0-9]{32}", key):
        problems.append(
            f"{PAGERDUTY_KEY}: a key of 32 letters and digits is expected; paste that of an `Events API v2` integration"
        )
        return ""
    return key


def alertmanager_access(env: Mapping[str, str], problems: list[str]) -> tuple[str, Access | None]:
    """Return the URL of an Alertmanager and what lets us in; like a Pushgateway it may be in a network of its own."""
    url = env.get(ALERTMANAGER_URL, "").strip()
    if not url:
        return "", None
    token, user, password = (
        env.get(name, "").strip("\r\n") for name in (ALERTMANAGER_TOKEN, ALERTMANAGER_USER, ALERTMANAGER_PASSWORD)
    )
    found = []
    if fault := address_fault(url):
        found.append(f"{ALERTMANAGER_URL}: {fault}; write for example http://alertmanager:9093")
    elif urlsplit(url).query or urlsplit(url).fragment:
        found.append(
            f"{ALERTMANAGER_URL}: leave out what begins with ? or #; write for example http://alertmanager:9093"
        )
    in_url = None if found else split_credentials(url)[1]
    if sum(map(bool, (token, user or password, in_url))) > 1:
        found.append(f"{ALERTMANAGER_TOKEN}: a token and a password, or two passwords, are given; keep one")
    found += access_faults("notify", ALERTMANAGER_TOKEN, token, None, 1)
    problems += found
    login = in_url or ((user, password) if user or password else None)
    access = Access(auth=login, token=token, secrets=login_secrets(login, token))
    return ("", None) if found else (split_credentials(url)[0], access)


def _said(config: Mapping[str, Any], env: Mapping[str, str]) -> dict[str, str]:
    words = {
        name: ",".join(value) if isinstance(value, Sequence) and not isinstance(value, str) else str(value)
        for name, value in config.items()
    }
    for name, variables in _VARIABLES.items():
        # Secrets are often pasted with a line break.
        told = next((env[each].strip("\r\n") for each in variables if env.get(each, "").strip()), "")
        if told:
            words[name] = told
    return words


def _usual_security(port: str) -> Security:
    return Security.TLS if port == str(_PORTS[Security.TLS]) else Security.STARTTLS


def _port(text: str, security: Security, problems: list[str]) -> int:
    if not text:
        return _PORTS[security]
    if re.fullmatch(r"[0-9]{1,5}", text) and 0 < int(text) <= _HIGHEST_PORT:
        return int(text)
    problems.append(f"mail.port: {shown(text)} is no port; write `mail: {{port: 587}}`")
    return _PORTS[security]


def _listed(text: str) -> list[str]:
    return [each for each in _BETWEEN.split(text) if each.strip()]


def _mailbox(name: str, text: str, problems: list[str]) -> Mailbox:
    """Read an address; what could end a header or name a second recipient is refused."""
    text = text.strip()
    named = _NAMED.fullmatch(text)
    label, address = (named[1], named[2]) if named else ("", text)
    if not text:
        problems.append(f"{name}: is missing; write `mail: {{from: reports@team.example}}`")
    elif one_line(text) != text or not _ADDRESS.fullmatch(address) or ".." in address or "=?" in label:
        problems.append(
            f"{name}: {shown(one_line(text))} is no mail address; write one as `ops@team.example` or "
            "`Team <ops@team.example>`, in ASCII and without a line break"
        )
    return Mailbox(address, label)


def _is_host(text: str) -> bool:
    try:
        return bool(ip_address(text))
    except ValueError:
        pass
    try:
        return bool(text.encode("idna")) and not re.search(r"[^\w.-]|^[.-]", text)
    except UnicodeError:
        return False


def _faults(options: MailOptions) -> list[str]:
    found = []
    if not _is_host(options.host):
        told = shown(one_line(options.host))
        found.append(f"mail.host: {told} is no host; write `mail: {{host: smtp.team.example, port: 587}}`")
    if not options.to:
        found.append("mail.to: is missing; write `mail: {to: [ops@team.example]}` or `--to ops@team.example`")
    if options.security is Security.NONE and not is_loopback(options.host):
        found.append("mail.security: without TLS mail goes only to this machine; write `mail: {security: starttls}`")
    if options.user and options.security is Security.NONE:
        found.append("LUMEN_SMTP_USER: a password is sent over TLS only; write `mail: {security: starttls}`")
    if bool(options.user) != bool(options.password):
        found.append("LUMEN_SMTP_PASSWORD: user and password are needed together; set both or neither")
    if not (options.user + options.password).isascii():
        found.append("LUMEN_SMTP_PASSWORD: user or password has letters outside ASCII, which SMTP cannot carry")
    if options.ca_file and not Path(options.ca_file).is_file():
        found.append(f"mail.ca-file: {options.ca_file!r} is not a file; give the authority's certificate as PEM")
    return found

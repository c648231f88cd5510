"""Whether the hosts of receivers can be reached: a connection is opened and closed, and nothing is sent."""

from __future__ import annotations

import re
import socket
import ssl
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from lumen_action.alerting.checks.setup import Fault, Kind, Node, Setup

_PATIENCE_SECONDS = 3.0
_AT_ONCE = 8
_URL_KEYS = frozenset({"url", "api_url", "webhook_url", "opsgenie_api_url", "victorops_api_url"})
_NO_HOST = re.compile(r"\{\{|\$\{|<secret>")
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class Address:
    """A host that a receiver talks to; `verified` asks for TLS and a certificate that this machine trusts."""

    node: Node
    host: str
    port: int
    verified: bool


def unreachable_receivers(setup: Setup) -> Iterator[Fault]:
    """Say which hosts do not take a connection from here."""
    found = list(addresses(setup))
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for address, why in zip(found, pool.map(_refusal, found), strict=True):
            if why:
                told = f"{address.host}:{address.port} cannot be reached from this machine: {why}"
                yield address.node.fault(told, "correct the address, or let Alertmanager's machine reach it")


def addresses(setup: Setup) -> Sequence[Address]:
    """Return each host once, with where it is named."""
    found: dict[tuple[str, int, bool], Address] = {}
    for _, root in setup.of(Kind.ALERTMANAGER):
        for address in _named(root):
            found.setdefault((address.host, address.port, address.verified), address)
    return list(found.values())


def _named(root: Node) -> Iterator[Address]:
    for receiver in root.at("receivers").items():
        for integrations in receiver.entries():
            for each in integrations.items():
                own = [key for key in each.entries() if key.key.removesuffix("_file") in _URL_KEYS]
                config = each.at("http_config")
                if config.at("proxy_url").value is None:  # else only the proxy is reached from here
                    plain = config.at("tls_config").value is None
                    yield from (address for key in own for address in _of_url(key, verified=plain))
                if integrations.key == "email_configs":
                    smarthost = each.at("smarthost")
                    yield from _of_mail(smarthost if smarthost.text else root.at("global", "smtp_smarthost"))


def _of_url(node: Node, *, verified: bool) -> Iterator[Address]:
    text = node.text
    if node.key.endswith("_file"):
        with suppress(OSError, UnicodeDecodeError):
            text = Path(node.text).read_text(encoding="utf-8").strip()
    with suppress(ValueError):
        parts = urlsplit(text)
        if not _NO_HOST.search(text) and parts.scheme in _PORTS and parts.hostname:
            secure = parts.scheme == "https" and verified
            yield Address(node, parts.hostname, parts.port or _PORTS[parts.scheme], secure)


def _of_mail(node: Node) -> Iterator[Address]:
    host, _, port = node.text.rpartition(":")
    if host and port.isdecimal() and not _NO_HOST.search(node.text):
        yield Address(node, host, int(port), verified=False)


def _refusal(address: Address) -> str:
    """Return why no connection comes about, nothing where it does."""
    try:
        with socket.create_connection((address.host, address.port), _PATIENCE_SECONDS) as connection:
            if address.verified:
                context = ssl.create_default_context()
                with context.wrap_socket(connection, server_hostname=address.host):
                    pass
    except ssl.SSLCertVerificationError as fault:
        return f"its certificate is not trusted: {fault.verify_message}"
    except TimeoutError:
        return f"no answer in {_PATIENCE_SECONDS:g} s"
    except OSError as fault:
        return fault.strerror or type(fault).__name__
    return ""

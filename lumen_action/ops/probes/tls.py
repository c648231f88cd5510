"""A certificate: that it is trusted, of this name, and for how many days more."""

from __future__ import annotations

import socket
import ssl

from lumen_action.health.check import Check
from lumen_action.ops.probes.seen import DAY_MS, Around, Seen, ending, failed
from lumen_action.ops.probes.tcp import refusal

# X509_V_ERR_CERT_NOT_YET_VALID and X509_V_ERR_CERT_HAS_EXPIRED
_FIXES = {9: "look at the clock of this machine, or wait until it begins", 10: "renew it now"}
_FIX = "mend the certificate and its chain, or give `ca-file`"


def look(check: Check, around: Around) -> Seen:
    """Shake hands as a careful client does, and read the certificate."""
    host, port = check.text("host"), int(check.number("port") or 0)
    name = check.text("server-name") or host
    try:
        context = ssl.create_default_context(cafile=check.text("ca-file") or None)
    except (OSError, ssl.SSLError):
        return failed("the file of `ca-file` cannot be read as certificates", "give a PEM file")
    try:
        with (
            socket.create_connection((host, port), check.timeout_seconds) as connection,
            context.wrap_socket(connection, server_hostname=name) as secured,
        ):
            certificate = secured.getpeercert() or {}
    except ssl.SSLCertVerificationError as fault:
        told = f"the certificate of {name} is not trusted: {fault.verify_message}"
        return failed(told, _FIXES.get(fault.verify_code, _FIX))
    except ssl.SSLError as fault:
        return failed(
            f"{host}:{port} does not speak TLS as it should: {fault.reason or 'broken off'}", "look at its log"
        )
    except (OSError, ValueError) as fault:
        return failed(refusal(host, port, fault), "start it, or correct `host` and `port`")
    expires_at_ms = int(ssl.cert_time_to_seconds(str(certificate["notAfter"])) * 1000)
    limits = (DAY_MS * (check.number("warn-days") or 0), DAY_MS * (check.number("fail-days") or 0))
    return ending(f"the certificate of {name}", expires_at_ms, around.clock_ms(), limits, "renew it")

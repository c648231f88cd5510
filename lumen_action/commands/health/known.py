"""What is looked at, and with what: a team's own checks, else what its configuration names."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from lumen_action.commands.session import Session
from lumen_action.commands.slo.places import prometheus_options
from lumen_action.errors import ConfigError
from lumen_action.health.check import Check, ProbeKind
from lumen_action.health.kinds import KEYS
from lumen_action.health.reading import checks_of
from lumen_action.http import split_credentials
from lumen_action.ledger.opening import Place, open_ledger

if TYPE_CHECKING:
    from lumen_action.ops.probes.seen import Around

_SLOW_SECONDS = 30.0
_PLACES = {"s3": "aws", "dropbox": "dropbox"}


def checks_asked(session: Session, file: str, *, often: bool = False) -> tuple[Check, ...]:
    """Return the checks of a file, else those that the configuration is enough for.

    Who looks often, and was not told at what, does not use up credentials by it.
    """
    named = file or session.settings.health.get("checks", "")
    if not named:
        return tuple(check for check in _known(session) if not often or check.kind is not ProbeKind.CREDENTIAL)
    try:
        text = (session.world.folder / named).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as fault:
        why = getattr(fault, "strerror", None) or "it is no UTF-8"
        raise ConfigError(f"checks: `{named[:200]}` cannot be read ({why}); write `--checks health.yml`") from None
    return checks_of(text, named)


def around_of(session: Session, head: Callable[[], int] | None = None) -> Around:
    """Return the world as probes see it; `head` is that of a ledger that is open already."""
    from lumen_action.ops.notify.redacting import environment_secrets
    from lumen_action.ops.probes.seen import Around

    world, prometheus = session.world, prometheus_options(session)
    secrets = (*session.settings.secrets, *prometheus.secrets, *environment_secrets(world.env))
    return Around(world.env, world.folder, world.clock_ms, prometheus, secrets, head or partial(_head, session))


def _head(session: Session) -> int:
    """Open the ledger, ask and close it, all in the thread of the probe."""
    host = session.host
    place = Place(session.world.env, host.state_dir, host.scratch_dirs, host.ephemeral)
    with closing(open_ledger(session.ledger_url, place)) as ledger:
        return ledger.head()


def _known(session: Session) -> Iterator[Check]:
    """Yield what is worth a look for anybody who has a lumen.yml, and for nobody else."""
    settings = session.settings
    yield _check("ledger", ProbeKind.LEDGER, {}, timeout=_SLOW_SECONDS)
    yield _check("disk", ProbeKind.DISK, {})
    gateway, prometheus = settings.pushgateway, prometheus_options(session)
    if gateway:
        headers = _entry(gateway.user, gateway.password, gateway.token)
        yield _service("pushgateway", gateway.url, headers, gateway.ca_file)
    if prometheus.url:
        headers = _entry(prometheus.user, prometheus.password, prometheus.token)
        yield _service("prometheus", prometheus.url, {**prometheus.headers, **headers}, prometheus.ca_file)
    stores = settings.archive.get("stores", ())
    schemes = dict.fromkeys(url.partition(":")[0] for url in (session.ledger_url, *stores))
    for provider in filter(None, map(_PLACES.get, schemes)):
        yield _check(provider, ProbeKind.CREDENTIAL, {"provider": provider}, timeout=_SLOW_SECONDS)
    yield from _certificates(session, prometheus.url)


def _entry(user: str, password: str, token: str) -> dict[str, str]:
    """Return the header that lets us in."""
    from lumen_action.http import Request

    said = Request("GET", "", auth=(user, password) if user else None, token=token).authorization
    return {"Authorization": said} if said else {}


def _service(name: str, url: str, headers: dict[str, str], ca_file: str | None) -> Check:
    wants = {"url": f"{url.rstrip('/')}/-/ready", "headers": headers, "ca-file": ca_file}
    return _check(name, ProbeKind.HTTP, wants)


def _certificates(session: Session, prometheus: str) -> Iterator[Check]:
    """Yield a look at the certificate of each https address; what it says of another day is a warning today."""
    settings = session.settings
    sinks = (settings.pushgateway, settings.remote_write, settings.otlp)
    addresses = [*((sink.url, sink.ca_file) for sink in sinks if sink), (prometheus, None)]
    addresses += [(settings.grafana.get("url", ""), None)]
    seen: set[tuple[str, int]] = set()
    for url, ca_file in addresses:
        parts = urlsplit(split_credentials(url)[0])
        place = (parts.hostname or "", parts.port or 443)
        if parts.scheme == "https" and place not in seen:
            seen.add(place)
            letters = "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in place[0])
            name = f"tls-{letters}-{place[1]}".lower()[:63]
            wants = {"host": place[0], "port": place[1], "ca-file": ca_file}
            yield _check(name, ProbeKind.TLS, wants, critical=False)


def _check(
    name: str, kind: ProbeKind, wants: Mapping[str, object], *, timeout: float = 10.0, critical: bool = True
) -> Check:
    whole = {key: how.default for key, how in KEYS[kind].items()} | dict(wants)
    said = {key: value for key, value in whole.items() if value is not None}
    return Check(name, kind, said, timeout_seconds=timeout, critical=critical)

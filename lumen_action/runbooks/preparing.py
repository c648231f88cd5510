"""A deed with every value in its place, ready to be done or to be shown."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from lumen_action.errors import ConfigError
from lumen_action.runbooks.placeholders import as_word, filled, in_json, in_url
from lumen_action.runbooks.runbook import Deed, Request, StepKind

_OWN = re.compile(r"\$([A-Za-z_][A-Za-z0-9_]*)")

Own = Callable[[str], str]
"""What a variable of our own environment holds."""


@dataclass(frozen=True)
class Values:
    """What stands for the names in a runbook's texts."""

    inputs: Mapping[str, str]
    """Held against their patterns."""
    kept: Mapping[str, str]
    """What steps have printed, which may be anything."""

    @property
    def all(self) -> Mapping[str, str]:
        """Return both; an input keeps its name."""
        return {**self.kept, **self.inputs}


def prepared(deed: Deed, values: Values, own: Own) -> Deed:
    """Return the deed with all values in it; a ConfigError names what has none or must not stand there.

    Only what the runbook itself says reads `$NAME`: no value gets at our environment.
    """
    told = values.all
    try:
        return replace(
            deed,
            argv=tuple(as_word(word, told, values.inputs) for word in deed.argv),
            env={name: _with_own(text, told, own) for name, text in deed.env.items()},
            request=_request(deed.request, told, own) if deed.request else None,
            instructions=filled(deed.instructions, told),
            title=filled(deed.title, told),
            text=filled(deed.text, told),
        )
    except KeyError as fault:
        raise ConfigError(f"{fault.args[0]}: has no value, the step that was to leave one has left none") from None


def _request(request: Request, told: Mapping[str, str], own: Own) -> Request:
    return replace(
        request,
        url=in_url(request.url, told),
        headers={name: _header(name, _with_own(text, told, own)) for name, text in request.headers.items()},
        body=in_json(request.body, told),
    )


def _header(name: str, text: str) -> str:
    if not text.isprintable() or not text.isascii():
        raise ConfigError(f"{name}: the header holds a line break, a control character or a letter beyond ASCII")
    return text


def _with_own(text: str, told: Mapping[str, str], own: Own) -> str:
    parts = _OWN.split(text)
    return "".join(own(part) if place % 2 else filled(part, told) for place, part in enumerate(parts))


def shown(deed: Deed) -> str:
    """Say in one line, or in the lines that a person is to read, what a deed does."""
    return _SHOWN[deed.kind](deed)


def _asking(deed: Deed) -> str:
    request = deed.request
    if request is None:
        names = "".join(f"{name}=… " for name in deed.env)
        return f"{names}{shlex.join(deed.argv)}"
    statuses = " or ".join(map(str, request.statuses))
    expected = "".join(f", {each.text}" for each in request.expect)
    body = f" with {request.body}" if request.body else ""
    return f"{request.method} {request.url}{body}, expecting {statuses}{expected}"


_SHOWN: Mapping[StepKind, Callable[[Deed], str]] = {
    StepKind.COMMAND: _asking,
    StepKind.HTTP: _asking,
    StepKind.WAIT: lambda deed: f"until it holds: {_asking(deed)}",
    StepKind.MANUAL: lambda deed: deed.instructions.strip(),
    StepKind.NOTIFY: lambda deed: f"tell the channels: {deed.title}: {deed.text}".rstrip(": "),
    StepKind.INCIDENT: lambda deed: f"incident {deed.event} {deed.severity} {deed.text}".strip(),
}

"""Where a PostgreSQL ledger is and who asks: from a URL, the usual PG… variables and the password file."""

from __future__ import annotations

import stat
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlsplit

from lumen_action.addresses import is_loopback
from lumen_action.errors import ConfigError

SCHEMES = ("postgresql", "postgres")
SSL_MODES = ("disable", "prefer", "require", "verify-ca", "verify-full")
CHANNEL_BINDINGS = ("disable", "prefer", "require")
_PARAMETERS = ("host", "port", "user", "password", "dbname", "sslmode", "sslrootcert", "channel_binding")
# What comes from the URL wins over what comes from here.
_VARIABLES = {
    "host": "PGHOST",
    "port": "PGPORT",
    "user": "PGUSER",
    "password": "PGPASSWORD",
    "dbname": "PGDATABASE",
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
    "channel_binding": "PGCHANNELBINDING",
}
_DEFAULTS = {"host": "localhost", "port": "5432", "sslmode": "prefer", "channel_binding": "prefer"}
_LAST_PORT = 65535
_EXAMPLE = "postgresql://lumen@db.example:5432/lumen?sslmode=verify-full"


@dataclass(frozen=True)
class Target:
    """One database and one role; a host that begins with a slash is the folder of a Unix socket."""

    host: str
    port: int
    user: str
    database: str
    password: str = field(default="", repr=False)
    sslmode: str = "prefer"
    sslrootcert: str = ""
    channel_binding: str = "prefer"

    @property
    def url(self) -> str:
        """Return the URL without what is secret."""
        user, database = quote(self.user, safe=""), quote(self.database, safe="")
        if self.socket:
            return f"{SCHEMES[0]}://{user}@/{database}?host={self.host}&port={self.port}"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{SCHEMES[0]}://{user}@{host}:{self.port}/{database}"

    @property
    def socket(self) -> str:
        """Return the path of the Unix socket, empty when the server is asked over TCP."""
        return f"{self.host}/.s.PGSQL.{self.port}" if self.host.startswith("/") else ""

    @property
    def on_this_machine(self) -> bool:
        """Tell whether the server ends with the machine we run on."""
        return bool(self.socket) or is_loopback(self.host)


def read_target(url: str, env: Mapping[str, str]) -> Target:
    """Read a URL and what the environment adds to it; a ConfigError carries every fault and no secret."""
    try:
        parts = urlsplit(url)
        inside, faults = _inside(parts)
    except ValueError:
        raise ConfigError(f"ledger: this is not a URL; write it as {_EXAMPLE}") from None
    if parts.scheme not in SCHEMES:
        faults.append(f"a PostgreSQL URL begins with {SCHEMES[0]}://")
    from_env = {name: env[variable] for name, variable in _VARIABLES.items() if env.get(variable)}
    said = {**_DEFAULTS, **from_env, **inside}
    faults += _wrong_words(said)
    if not said.get("user"):
        faults.append("no user is named; set PGUSER or write it before the @")
    port = said["port"]
    if not (port.isdecimal() and port.isascii() and 0 < int(port) <= _LAST_PORT):
        faults.append(f"the port is not a number from 1 to {_LAST_PORT}")
        port = "0"
    user = said.get("user", "")
    target = Target(
        host=said["host"],
        port=int(port),
        user=user,
        database=said.get("dbname") or user,
        password=said.get("password", ""),
        sslmode=said["sslmode"],
        sslrootcert=said.get("sslrootcert", ""),
        channel_binding=said["channel_binding"],
    )
    password = target.password
    if not password and not faults:
        password, faults = _from_password_file(target, env)
    if faults:
        raise ConfigError([f"ledger: {fault}; for example {_EXAMPLE}" for fault in faults])
    return replace(target, password=password)


def _inside(parts: SplitResult) -> tuple[dict[str, str], list[str]]:
    """Return what the URL says, and its faults; never a part of it, since a password may be anywhere in a wrong one."""
    faults = []
    userinfo, at, place = parts.netloc.rpartition("@")
    user, _, password = userinfo.partition(":")
    host, port = _host_and_port(place)
    said = {
        "user": unquote(user) if at else "",
        "password": unquote(password),
        "host": unquote(host),
        "port": port,
        "dbname": unquote(parts.path[1:]),
    }
    for name, value in parse_qsl(parts.query, keep_blank_values=True):
        if name in _PARAMETERS:
            said[name] = value
        else:
            # Where a ? in a password was not written as %3F, this is a piece of it.
            called = "a parameter" if "@" in parts.query or not name.isidentifier() else f"the parameter {name}"
            faults.append(f"{called} is unknown; the known ones are {', '.join(_PARAMETERS)}")
    if parts.fragment:
        faults.append("a # ends a URL; in a password it is written %23, as / is %2F, ? is %3F and @ is %40")
    if any("\0" in value for value in said.values()):
        faults.append("there is a NUL in it")
    return {name: value for name, value in said.items() if value}, faults


def _host_and_port(place: str) -> tuple[str, str]:
    if place.startswith("["):
        host, _, rest = place[1:].partition("]")
        return host, rest.removeprefix(":")
    host, _, port = place.partition(":")
    return host, port


def _wrong_words(said: Mapping[str, str]) -> Iterator[str]:
    for name, known in (("sslmode", SSL_MODES), ("channel_binding", CHANNEL_BINDINGS)):
        if said[name] not in known:
            yield f"{name} is none of {', '.join(known)}"
    if "," in said["host"] + said["port"]:
        yield "several hosts are named; name one, or a name that always leads to the primary"
    root = said.get("sslrootcert", "")
    if root and root != "system" and not Path(root).expanduser().is_file():
        yield "the file of sslrootcert is not there"


def _from_password_file(target: Target, env: Mapping[str, str]) -> tuple[str, list[str]]:
    """Return the password of the first line that fits, and what is wrong with the file that holds it."""
    home = env.get("HOME")
    path = Path(env.get("PGPASSFILE") or (Path(home) if home else Path("~").expanduser()) / ".pgpass")
    wanted = ("localhost" if target.socket else target.host, str(target.port), target.database, target.user)
    try:
        readable_by_others = stat.S_IMODE(path.stat().st_mode) & (stat.S_IRWXG | stat.S_IRWXO)
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        return "", []
    for line in lines:
        *places, password = _fields(line)
        if len(places) == len(wanted) and all(
            place in ("*", value) for place, value in zip(places, wanted, strict=True)
        ):
            if readable_by_others and sys.platform != "win32":
                return "", [f"{path} holds the password and is open to others; run `chmod 600 {path}`"]
            return password, []
    return "", []


def _fields(line: str) -> list[str]:
    """Split a line of the password file at its colons; a backslash takes the next letter as it is."""
    if line.startswith("#"):
        return [""]
    fields = [""]
    letters = iter(line)
    for letter in letters:
        if letter == ":":
            fields.append("")
        else:
            fields[-1] += next(letters, "") if letter == "\\" else letter
    return fields

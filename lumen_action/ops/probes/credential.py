"""What lets a stage in somewhere: that it works, and for how long; what it is is never said."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timezone

from lumen_action.health.check import Check
from lumen_action.ops.probes import aws, dropbox, github
from lumen_action.ops.probes.seen import DAY_MS, Around, Probe, Seen, ending, failed, passed

_PLACEHOLDER = re.compile(
    r"(?i)(?:changeme|change-me|xxx+|todo|dummy|placeholder|secret|password|example)|<.*>|\$\{.*\}|\*+"
)
_WEEK_SECONDS = 7 * 86_400.0


def look(check: Check, around: Around) -> Seen:
    """Use it for something that changes nothing."""
    return _PROVIDERS[check.text("provider")](check, around)


def _secret(check: Check, around: Around) -> Seen:
    """Look at what a variable holds, as far as anybody can without asking its service."""
    name = check.text("variable")
    if not name:
        return failed("nobody said which variable it is", "give `variable`")
    value = around.env.get(name, "")
    fault = _fault(check, value)
    if fault:
        return failed(f"{name} {fault}", f"set {name} anew")
    if not check.text("expires"):
        return passed()
    # It is good to the end of its day everywhere.
    end_ms = int(datetime.fromisoformat(check.text("expires")).replace(tzinfo=timezone.utc).timestamp() * 1000) + DAY_MS
    warn_ms = 1000 * (check.number("warn-before") or _WEEK_SECONDS)
    return ending(name, end_ms, around.clock_ms(), (warn_ms, 0.0), f"make a new one and set {name}")


def _fault(check: Check, value: str) -> str:
    if not value:
        return "is empty or not set"
    if "-----BEGIN" not in value and (value != value.strip() or "\n" in value):
        return "holds a blank or a line break that does not belong to it"
    if _PLACEHOLDER.fullmatch(value):
        return "holds a placeholder"
    if len(value) < (check.number("min-length") or 1):
        return "is shorter than `min-length`"
    pattern = check.text("pattern")
    if pattern and not re.fullmatch(pattern, value, re.DOTALL):
        return "does not match `pattern`"
    return ""


_PROVIDERS: Mapping[str, Probe] = {
    "aws": aws.look,
    "github": github.look,
    "dropbox": dropbox.look,
    "secret": _secret,
}

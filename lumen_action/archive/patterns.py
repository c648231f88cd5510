"""Patterns that files are left out or picked by."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import translate
from itertools import accumulate


@dataclass
class Patterns:
    """Shell patterns; one without a slash looks at each part of a path, and a folder stands for all below it."""

    told: Sequence[str]
    used: set[str] = field(default_factory=set)
    """Those that something has matched."""

    def __post_init__(self) -> None:
        """Read each pattern once."""
        wanted = {each: each.removeprefix("./").rstrip("/") for each in self.told}
        self._parsed = [(each, "/" in plain, re.compile(translate(plain))) for each, plain in wanted.items()]

    def match(self, path: str) -> bool:
        """Tell whether a path or a folder above it is meant."""
        found = [each for each, whole, read in self._parsed if any(map(read.match, _views(path, whole=whole)))]
        self.used.update(found)
        return bool(found)

    @property
    def unused(self) -> list[str]:
        """Return the patterns that nothing has matched."""
        return [each for each in self.told if each not in self.used]


def _views(path: str, *, whole: bool) -> Iterator[str]:
    parts = path.split("/")
    return accumulate(parts, lambda above, part: f"{above}/{part}") if whole else iter(parts)

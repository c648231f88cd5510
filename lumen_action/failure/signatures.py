"""Signatures as values: what a failure looks like, what it means, and what to do next."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from functools import cached_property

from lumen_action.errors import ConfigError
from lumen_action.failure.likeness import Likeness
from lumen_action.model import ErrorClass, Scope


class Tier(IntEnum):
    """How much a matching line says by itself."""

    GENERIC = 1
    """Words many tools print; loses to anything that names more."""
    TOOL = 2
    """Names the tool or the operation, not the reason."""
    CAUSE = 3
    """Names the tool and the reason."""


@dataclass(frozen=True)
class Signature:
    """One kind of failure: how to recognise its line and what to say about it.

    A line matches when it holds one of `anchors`, `pattern` (if any) is found in it, none of `unless` is, and each of
    `near` is found in it or within a few lines of it. A group named `retry_after` in `pattern` gives seconds to wait.
    """

    id: str
    error_class: ErrorClass
    subclass: str
    ecosystem: str
    anchors: tuple[str, ...]
    scope: Scope
    meaning: str
    hint: str
    runbook: str
    source: str
    matches: tuple[str, ...]
    ignores: tuple[str, ...]
    pattern: str = ""
    unless: tuple[str, ...] = ()
    near: tuple[str, ...] = ()
    pick_first: bool = False
    tier: Tier = Tier.CAUSE
    wrapper: bool = False
    origin: str = ""
    """The file of the user's that added or changed it, empty when it came with us."""

    @property
    def name(self) -> str:
        """Return class and subclass as people write them."""
        return f"{self.error_class}/{self.subclass}"

    # Compiled on first use: most signatures never meet a line that holds one of their anchors.
    @cached_property
    def _pattern(self) -> re.Pattern[str] | None:
        return self._compiled("pattern", self.pattern) if self.pattern else None

    @cached_property
    def _unless(self) -> tuple[re.Pattern[str], ...]:
        return tuple(self._compiled("unless", each) for each in self.unless)

    @cached_property
    def _near(self) -> tuple[re.Pattern[str], ...]:
        return tuple(self._compiled("near", each, re.MULTILINE) for each in self.near)

    def _compiled(self, name: str, pattern: str, flags: int = 0) -> re.Pattern[str]:
        try:
            return re.compile(pattern, flags)
        except re.error as fault:
            raise ConfigError(f"{self.id}: {name}: `{pattern}` is no regular expression ({fault}); repair it") from None

    def found(self, text: str) -> re.Match[str] | None:
        """Return where the pattern (or an anchor) stands in the text."""
        anchor = next((each for each in self.anchors if each in text), None)
        if anchor is None:
            return None
        return (self._pattern or re.compile(re.escape(anchor))).search(text)

    def vetoed_by(self, text: str) -> str:
        """Return the veto pattern found in the text, empty if there is none."""
        return next((each.pattern for each in self._unless if each.search(text)), "")

    def has_company(self, window: str) -> bool:
        """Tell whether everything that must stand near the line does."""
        return all(each.search(window) for each in self._near)


@dataclass(frozen=True, eq=False)
class Catalogue:
    """All signatures, by id, in the order they were read; equal only to itself, so that work on it can be kept.

    Where `signatures` are read only when they are asked for, `anchors` says by id what calls for each. `likeness` is
    asked only about a log that none of them explains.
    """

    signatures: Mapping[str, Signature] = field(default_factory=dict)
    anchors: Mapping[str, tuple[str, ...]] | None = None
    likeness: Callable[[], Likeness] | None = None

    @cached_property
    def ids_by_anchor(self) -> dict[str, tuple[str, ...]]:
        """Return the ids of the signatures that each anchor calls for."""
        known = {each.id: each.anchors for each in self.signatures.values()} if self.anchors is None else self.anchors
        index: dict[str, tuple[str, ...]] = {}
        for identity, anchors in known.items():
            for anchor in anchors:
                index[anchor] = (*index.get(anchor, ()), identity)
        return index

    @cached_property
    def by_anchor(self) -> dict[str, tuple[Signature, ...]]:
        """Return the signatures that each anchor calls for."""
        return {anchor: tuple(self.signatures[each] for each in ids) for anchor, ids in self.ids_by_anchor.items()}

"""A rule of another project, as far as all of them agree on what a rule is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lumen_action.failure.signatures import Tier
from lumen_action.rulebooks.dialects import Dialect


@dataclass(frozen=True)
class Part:
    """What a line must hold: a plain text, or a regular expression in the source's own dialect."""

    text: str
    regular: bool = False


@dataclass(frozen=True)
class ForeignRule:
    """One rule: its parts must all be found, the last of them in the line that is quoted.

    `lost` says what the source also asks for and a signature cannot; `left_out` why the rule must not be taken at all.
    """

    place: str
    parts: tuple[Part, ...]
    about: str = ""
    hint: str = ""
    ticket: str = ""
    retried: bool = False
    lost: tuple[str, ...] = ()
    left_out: str = ""


@dataclass(frozen=True)
class Format:
    """A kind of file: how to know one, and what its rules are; `rules` adds what is wrong in the file to a list."""

    name: str
    shape: str
    prefix: str
    dialect: Dialect
    tier: Tier
    fits: Callable[[object], bool]
    rules: Callable[[object, str, list[str]], list[ForeignRule]]

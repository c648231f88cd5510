"""What a gate is asked: which change, which objectives and conditions, and whether somebody overrides it."""

from __future__ import annotations

import argparse
import re
from dataclasses import dataclass, replace
from typing import Any

from lumen_action.commands import World
from lumen_action.commands.asked import flag, word
from lumen_action.commands.planned import freshness
from lumen_action.commands.session import Session, session_of
from lumen_action.commands.slo.asked import Asked, moment_asked, objectives_asked, slo_parser, words
from lumen_action.errors import ConfigError, shown
from lumen_action.gate.overriding import Override, asked_override
from lumen_action.gate.policy import ALIASES, CLOSES, Change, Freshness, Policy, change_of, length_ms
from lumen_action.model import Trust
from lumen_action.settings import Settings
from lumen_action.slo.objective import LedgerSource, SloBook

STATUSES = ("none", "check", "commit")
# Name, what to write, and what it means.
_OPTIONS = (
    ("change", "KIND", f"what is to be deployed: {', '.join(Change)} (default {Change.FEATURE.value})"),
    ("name", "NAME", "what this gate is called, where a job has several (default gate)"),
    ("on-inconclusive", "WORD", "fail-open or fail-closed: what happens when nothing can be said (default fail-open)"),
    ("max-age", "TIME", "how old the data may be, as 36h or 3d (default: until a run is overdue, else 48h)"),
    ("min-events", "N", "fewer events than this say nothing (default: enough for the target to allow one failure)"),
    ("require-checks", "NAMES", "checks that must have passed, as integrity,report"),
    ("override-reason", "WORDS", "go past the gate, and why; needs an author and an end"),
    ("override-author", "NAME", "who goes past the gate"),
    ("override-until", "TIME", "until when, as 2h, 3d or 2026-01-02T18:00:00Z; at most 7 days"),
    ("status", "|".join(STATUSES), "show the decision at the commit, as a check run or a commit status"),
)
_NAME = re.compile(r"[a-z0-9_-]{1,40}")


@dataclass(frozen=True)
class Wish:
    """What somebody wants of a gate beside its answer."""

    override: Override | None = None
    revoke: bool = False
    author: str = ""
    status: str = "none"
    dry_run: bool = False
    past: bool = False
    """Whether another moment than now is asked about, of which nothing is ever written."""


@dataclass(frozen=True)
class GateAsked:
    """A gate and all that it is asked."""

    objectives: Asked
    change: Change
    policy: Policy
    name: str
    pipeline: str
    checks: tuple[str, ...]
    tests: tuple[str, ...]
    wish: Wish

    @property
    def session(self) -> Session:
        """Return the edges of this call."""
        return self.objectives.session

    @property
    def at_ms(self) -> int:
        """Return the moment that is asked about."""
        return self.objectives.at_ms

    @property
    def pipelines(self) -> frozenset[str]:
        """Return the pipelines whose incidents matter: its own, and those that the objectives are about."""
        return _about(self.objectives.book) | {self.pipeline}

    @property
    def of_fork(self) -> bool:
        """Tell whether it is a fork's job that asks."""
        return self.session.host.identity().trust is Trust.FORK

    @property
    def needs_ledger(self) -> bool:
        """Tell whether something was asked that only the ledger knows or keeps."""
        of_ledger = any(isinstance(slo.source, LedgerSource) for slo in self.objectives.book.slos)
        return of_ledger or bool(self.checks or self.wish.override or self.wish.revoke)


def parser() -> argparse.ArgumentParser:
    """Say what the command takes."""
    made = slo_parser(
        "gate",
        "Say whether a change may be deployed: allow, warn, block or inconclusive, with the reason, what is left of\n"
        "the error budget and when a spent one is back. The exit code is 1 only when the change is blocked. Each\n"
        "decision and each override is kept in the ledger.",
        "lumen gate --pipeline nightly --change fix --tests 'build/test-results/**/*.xml'",
    )
    for name, metavar, what in _OPTIONS:
        made.add_argument(f"--{name}", metavar=metavar, help=what)
    made.add_argument(
        "--tests", metavar="GLOB", nargs="+", action="extend", help="results of tests, as JUnit writes them"
    )
    made.add_argument("--revoke-override", action="store_true", help="end the override that holds now")
    made.add_argument("--dry-run", action="store_true", help="decide and write nothing; --at does the same")
    made.add_argument("--json", action="store_true", help="print one JSON object")
    return made


def read_gate(arguments: argparse.Namespace, world: World) -> GateAsked:
    """Return what was asked; a ConfigError tells every mistake."""
    problems: list[str] = []
    change = _change(word(arguments, world, "change") or Change.FEATURE.value, problems)
    name = word(arguments, world, "name") or "gate"
    if not _NAME.fullmatch(name):
        problems.append(
            f"name: {shown(name)} is not allowed, expected 1 to 40 of a-z, 0-9, _ and -; write `name: gate`"
        )
    checks = tuple(filter(None, re.split(r"[,\s]+", word(arguments, world, "require-checks"))))
    tests = tuple(words(arguments, world, "tests"))
    session = _session(arguments, world, problems)
    settings = session.settings if session else Settings()
    at_ms = moment_asked(arguments, settings, world, problems)
    wish = _wish(arguments, world, settings, at_ms, problems)
    policy = _policy(arguments, world, settings, problems)
    book = SloBook(())
    if session:
        book = _book(arguments, world, settings, problems, alone=bool(checks or tests))
    if problems or session is None:
        raise ConfigError(problems)
    objectives = Asked(session, book, at_ms, word(arguments, world, "prometheus-url"))
    pipeline = _pipeline(session, book)
    policy = replace(policy, freshness=freshness(settings, pipeline, policy.freshness.max_age_ms))
    return GateAsked(objectives, change, policy, name, pipeline, checks, tests, wish)


def _session(arguments: argparse.Namespace, world: World, problems: list[str]) -> Session | None:
    try:
        return session_of(arguments, world)
    except ConfigError as fault:
        problems.extend(fault.problems)
        return None


def _change(text: str, problems: list[str]) -> Change:
    try:
        return change_of(text)
    except ValueError:
        known = ", ".join([*Change, *ALIASES])
        problems.append(f"change: {shown(text)} is no kind of change, expected one of {known}; write `change: fix`")
        return Change.FEATURE


def _wish(arguments: argparse.Namespace, world: World, settings: Settings, at_ms: int, problems: list[str]) -> Wish:
    reason, author, until = (word(arguments, world, f"override-{part}") for part in ("reason", "author", "until"))
    revoke = flag(arguments, world, "revoke-override", problems)
    past = bool(word(arguments, world, "at"))
    dry_run = flag(arguments, world, "dry-run", problems) or past
    override = None
    if revoke and (reason or until):
        problems.append(
            "revoke-override: ends an override, so give no `override-reason` and no `override-until` beside it"
        )
    elif not revoke:
        try:
            override = asked_override(reason, author, until, at_ms, settings.calendar.zone)
        except ConfigError as fault:
            problems.extend(fault.problems)
    status = word(arguments, world, "status") or "none"
    if status not in STATUSES:
        problems.append(
            f"status: {shown(status)} is not allowed, expected {', '.join(STATUSES)}; write `status: check`"
        )
    return Wish(override, revoke, author, status, dry_run, past)


def _policy(arguments: argparse.Namespace, world: World, settings: Settings, problems: list[str]) -> Policy:
    told = settings.gate
    closes = word(arguments, world, "on-inconclusive") or told.get("on-inconclusive", "fail-open")
    if closes not in CLOSES:
        problems.append(
            f"on-inconclusive: {shown(closes)} is not allowed, expected fail-open or fail-closed; "
            "write `on-inconclusive: fail-closed`"
        )
    fewest = word(arguments, world, "min-events")
    if fewest and not (fewest.isascii() and fewest.isdigit() and int(fewest[:20]) > 0):
        problems.append(f"min-events: {shown(fewest)} is not a whole number from 1; write `min-events: 20`")
        fewest = ""
    age = word(arguments, world, "max-age")
    if age and length_ms(age) is None:
        problems.append(f"max-age: {shown(age)} is no length of time; write `max-age: 36h` or `max-age: 3d`")
    return Policy(
        kinds=told.get("kinds", {}),
        min_events=int(fewest) if fewest else told.get("min-events"),
        freshness=Freshness(length_ms(age) if age else None),
        fails_closed=CLOSES.get(closes, False),
    )


def _book(
    arguments: argparse.Namespace, world: World, settings: Settings, problems: list[str], *, alone: bool
) -> SloBook:
    """Return the objectives; a gate may also do with its conditions alone, where nothing is promised."""
    named: list[Any] = [*words(arguments, world, "slo"), word(arguments, world, "counts")]
    if alone and not any(named) and not settings.objectives:
        return SloBook(())
    try:
        return objectives_asked(arguments, settings, world)
    except ConfigError as fault:
        problems.extend(fault.problems)
        return SloBook(())


def _pipeline(session: Session, book: SloBook) -> str:
    """Return whose gate it is: as told, else the one pipeline that the objectives are about, else the workflow's."""
    about = _about(book)
    only = next(iter(about)) if len(about) == 1 else ""
    return session.settings.pipeline or only or session.host.identity().pipeline


def _about(book: SloBook) -> frozenset[str]:
    return frozenset(slo.source.pipeline for slo in book.slos if isinstance(slo.source, LedgerSource)) - {""}

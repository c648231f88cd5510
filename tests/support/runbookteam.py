"""A team that runs runbooks in a folder: its files, its ledger, and what was last said to it."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from facts import HOUR, NOON

from lumen_action.commands import World, runbook
from lumen_action.errors import LumenError
from lumen_action.http import Timing
from lumen_action.ledger import Ledger
from lumen_action.ledger.sqlite import SqliteLedger
from lumen_action.model import Fact
from lumen_action.response.incidents import Incidents
from lumen_action.response.runbooks.means import Means, Saying
from lumen_action.response.runbooks.records import Records
from lumen_action.response.runbooks.running import Runner
from lumen_action.runbooks.runbook import Deed, OnFailure, Runbook, Step, StepKind
from lumen_action.running.signals import Signals
from lumen_action.sli.days import Calendar

PIPELINE = "nightly"
DAY_MS = 24 * HOUR


def command(
    name: str, *argv: str, undo: tuple[str, ...] = (), env: Mapping[str, str] | None = None, **more: object
) -> Step:
    """Return a step that runs a command; `undo` are the words of another."""
    deed = Deed(StepKind.COMMAND, argv=argv, env=env or {})
    undoing = Deed(StepKind.COMMAND, argv=undo) if undo else None
    return replace(Step(name, f"Do {name}", deed, undo=undoing), **more)  # type: ignore[arg-type]


def manual(name: str, instructions: str = "Do it by hand.", **more: object) -> Step:
    """Return a step for a person."""
    step = Step(name, f"Ask for {name}", Deed(StepKind.MANUAL, instructions=instructions))
    return replace(step, **more)  # type: ignore[arg-type]


def runbook_with(*steps: Step) -> Runbook:
    """Return a runbook of these steps."""
    return Runbook("mend", "Mend it", "It broke.", steps=steps)


ROLL_BACK = OnFailure.ROLLBACK


@dataclass
class Crew:
    """Runners on one ledger, and what they told whom; nobody sits at the terminal."""

    ledger: Ledger
    signals: Signals
    now_ms: int = NOON
    env: Mapping[str, str] = field(default_factory=lambda: {"PATH": "/usr/local/bin:/usr/bin:/bin"})
    told: list[str] = field(default_factory=list)
    said: list[Saying] = field(default_factory=list)
    tokens: int = 0
    unheard: str = ""
    """Why nobody can be told."""

    def token(self) -> str:
        self.tokens += 1
        return f"token-{self.tokens}"

    def notify(self, saying: Saying) -> str:
        self.said.append(saying)
        return self.unheard

    @property
    def records(self) -> Records:
        return Records(self.ledger, Calendar(), lambda: self.now_ms, self.token)

    @property
    def incidents(self) -> Incidents:
        return Incidents(self.ledger, PIPELINE, Calendar(), lambda: self.now_ms, self.token)

    def means(self, secrets: Sequence[str] = ()) -> Means:
        timing = Timing(sleep=lambda _: None, chance=lambda: 0.0)
        return Means(self.env, self.signals, timing, self.notify, self.incidents, secrets)

    def runner(self, actor: str = "ann") -> Runner:
        return Runner(self.records, self.means(), actor, self.told.append)

    def facts(self, execution: str) -> list[Fact]:
        return list(self.ledger.scan(run=f"runbook {execution}"))


@contextmanager
def crew_in(folder: Path) -> Iterator[Crew]:
    """Return a crew on a ledger of its own."""
    ledger, signals = SqliteLedger(folder / "ledger.db", durable=True), Signals()
    signals.listen()
    try:
        yield Crew(ledger, signals)
    finally:
        signals.release()
        ledger.close()


class Keyboard(io.BytesIO):
    """A terminal's input."""

    def isatty(self) -> bool:
        return True


class Screen(io.StringIO):
    """A terminal's output."""

    def isatty(self) -> bool:
        return True


@dataclass
class RunbookTeam:
    """A folder with a lumen.yml and runbooks; what was last asked left its words in `out` and `err`."""

    folder: Path
    now_ms: int = NOON
    env: dict[str, str] = field(default_factory=dict)
    out: str = ""
    err: str = ""
    typed: str | None = None
    """What somebody types at the terminal; without a terminal stdin is full of answers too."""

    def __post_init__(self) -> None:
        (self.folder / "runbooks").mkdir()
        self.config()

    def config(self, more: str = "") -> None:
        text = f"pipeline: {PIPELINE}\nrunbooks:\n  folder: runbooks\n  automatic: [mend]\n{more}"
        (self.folder / "lumen.yml").write_text(text, encoding="utf-8")

    def write(self, steps: str, *, name: str = "mend", head: str = "", drill: str = "{}") -> None:
        """Write a runbook; `head` is what it says beside its steps."""
        text = f"title: Mend it\nmeans: It broke.\n{head}drill: {drill}\nsteps:\n{steps}"
        (self.folder / "runbooks" / f"{name}.yml").write_text(text, encoding="utf-8")

    @property
    def environment(self) -> dict[str, str]:
        return {
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "LUMEN_STATE_DIR": str(self.folder / "state"),
            "LUMEN_LEDGER": f"sqlite:{self.folder / 'ledger.db'}",
            "USER": "ann",
            **self.env,
        }

    def runbook(self, *words: str) -> int:
        """Run a sub-command as the command line does."""
        self.now_ms += 1000
        out, err = io.StringIO(), io.StringIO()
        stdin = io.BytesIO(b"y\ny\ny\n")
        if self.typed is not None:
            stdin, err = Keyboard(self.typed.encode()), Screen()
        world = World(
            env=self.environment, folder=self.folder, stdin=stdin, stdout=out, stderr=err, clock_ms=lambda: self.now_ms
        )
        try:
            with world.closing:
                return runbook.run(runbook.parser().parse_args(words), world)
        except LumenError as fault:
            err.write(f"error: {fault}\n")
            return fault.exit_code
        finally:
            self.out, self.err = out.getvalue(), err.getvalue()

    def asked(self, *words: str) -> Any:  # noqa: ANN401 - one object or a list
        """Return what a sub-command answers to machines."""
        self.runbook(*words, "--json")
        assert self.out, self.err
        return json.loads(self.out)

    def facts(self) -> list[Fact]:
        ledger = SqliteLedger(self.folder / "ledger.db", durable=True)
        try:
            return list(ledger.scan())
        finally:
            ledger.close()

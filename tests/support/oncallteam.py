"""A team with a roster, asked at its terminal at a moment of its own."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rosters import OFFICE_HOURS, ms

from lumen_action.cli import main
from lumen_action.commands import World


@dataclass
class OnCallTeam:
    """A folder with `oncall.yml`; what was last asked left its words in `out` and `err`."""

    folder: Path
    now_ms: int = ms("2026-02-03T03:00")
    env: dict[str, str] = field(default_factory=dict)
    out: str = ""
    err: str = ""

    def __post_init__(self) -> None:
        self.roster(OFFICE_HOURS)
        self.config("pipeline: nightly\noncall: {roster: oncall.yml}\n")

    def roster(self, text: str) -> None:
        (self.folder / "oncall.yml").write_text(text, encoding="utf-8")

    def config(self, text: str) -> None:
        (self.folder / "lumen.yml").write_text(text, encoding="utf-8")

    def oncall(self, *words: str) -> int:
        return self.lumen("oncall", *words)

    def lumen(self, *words: str) -> int:
        out, err = io.StringIO(), io.StringIO()
        env = {"LUMEN_STATE_DIR": str(self.folder / "state"), "USER": "ada", **self.env}
        world = World(env=env, folder=self.folder, stdout=out, stderr=err, clock_ms=lambda: self.now_ms)
        try:
            return main(list(words), world)
        finally:
            self.out, self.err = out.getvalue(), err.getvalue()

    def answer(self, *words: str) -> Any:  # noqa: ANN401 - JSON
        self.oncall(*words, "--json")
        return json.loads(self.out)

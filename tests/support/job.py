"""A workflow's job to run our commands in: the real host on files in a temporary folder."""

from __future__ import annotations

import io
import itertools
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from facts import NOON

from lumen_action.cli import main
from lumen_action.commands import World


@dataclass
class Job:
    """One job of a run; `step` is one `uses:` line and its answer."""

    folder: Path
    run: str = "100"
    attempt: str = "1"
    region: str = "eu"
    ledger: str = ""
    extra: dict[str, str] = field(default_factory=dict)
    now_ms: int = NOON
    log: str = ""

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        for name in ("output", "summary", "env"):
            (self.folder / name).touch()

    def step(self, stage: str, status: str = "success", **inputs: str) -> int:
        self.now_ms += 60_000
        env = {
            "GITHUB_ACTIONS": "true",
            "GITHUB_SERVER_URL": "https://github.com",
            "GITHUB_REPOSITORY": "org/app",
            "GITHUB_RUN_ID": self.run,
            "GITHUB_RUN_ATTEMPT": self.attempt,
            "GITHUB_JOB": "deploy",
            "GITHUB_WORKFLOW": "nightly",
            "GITHUB_SHA": "1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d",
            "GITHUB_OUTPUT": str(self.folder / "output"),
            "GITHUB_ENV": str(self.folder / "env"),
            "GITHUB_STEP_SUMMARY": str(self.folder / "summary"),
            "RUNNER_TEMP": str(self.folder / "temp"),
            "LUMEN_INPUT_JOB_STATUS": status,
            "LUMEN_INPUT_STAGE": stage,
            "LUMEN_INPUT_REGION": self.region,
            "LUMEN_INPUT_MATRIX": json.dumps({"region": self.region}),
            "LUMEN_INPUT_LEDGER": self.ledger,
            **self.extra,
            **{f"LUMEN_INPUT_{name.upper()}": value for name, value in inputs.items()},
        }
        out, tokens = io.StringIO(), itertools.count()
        code = main(
            ["record"],
            World(
                env=env,
                folder=self.folder,
                stdout=out,
                stderr=out,
                clock_ms=lambda: self.now_ms,
                random=lambda: 1.0,
                new_token=lambda: f"token{next(tokens)}{self.now_ms}",
            ),
        )
        self.log = out.getvalue()
        return code

    @property
    def outputs(self) -> Mapping[str, str]:
        """Return the outputs as the runner would read them: the last entry of a name counts."""
        text = (self.folder / "output").read_text(encoding="utf-8")
        return {name: value for name, _, value in re.findall(r"(?sm)^([a-z-]+)<<(\S+)\n(.*?)\n\2$", text)}

    @property
    def json(self) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(self.outputs["json"])
        return answer

    @property
    def summary(self) -> str:
        return (self.folder / "summary").read_text(encoding="utf-8")

    @property
    def env(self) -> str:
        return (self.folder / "env").read_text(encoding="utf-8")

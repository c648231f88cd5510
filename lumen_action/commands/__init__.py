"""The commands of `lumen`, one module each: `parser` says what it takes, `run` does it and returns the exit code."""

from __future__ import annotations

import os
import random
import secrets
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, TextIO


@dataclass(frozen=True)
class World:
    """Everything outside that a command may touch."""

    env: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    folder: Path = field(default_factory=Path.cwd)
    stdin: BinaryIO = field(default_factory=lambda: sys.stdin.buffer)
    stdout: TextIO = field(default_factory=lambda: sys.stdout)
    stderr: TextIO = field(default_factory=lambda: sys.stderr)
    clock_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000
    random: Callable[[], float] = random.random
    new_token: Callable[[], str] = lambda: secrets.token_hex(16)
    closing: ExitStack = field(default_factory=ExitStack)
    """What has to be let go of when the command is over."""

    def answer(self, text: str) -> None:
        """Print an answer to stdout; on a runner, where stdout is the log, nothing it quotes is obeyed."""
        if self.env.get("GITHUB_ACTIONS") == "true":
            from lumen_action.host.commands import disarm

            text = disarm(text)
        self.write(text)

    def answer_json(self, value: object, indent: int | None = None) -> None:
        """Print one JSON value to stdout; the runner obeys `##[` in mid-line, so it never stands there as such."""
        import json

        self.write(json.dumps(value, ensure_ascii=False, indent=indent).replace("##[", "#\\u0023["))

    def write(self, text: str) -> None:
        """Print to stdout as it is."""
        self.stdout.write(text if text.endswith("\n") else f"{text}\n")

    def tell(self, text: str) -> None:
        """Print words for a person to stderr."""
        self.stderr.write(f"{text}\n")

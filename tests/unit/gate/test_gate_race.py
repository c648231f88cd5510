"""Two deployments at the same moment: real processes, one ledger."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

from facts import HOUR
from gateteam import GateTeam

ROOT = Path(__file__).resolve().parents[3]
ASKERS = 6


def test_gates_at_the_same_moment_lose_nothing_and_see_the_same_numbers(tmp_path: Path) -> None:
    team = GateTeam(tmp_path)
    team.runs(20, 9, at=time.time_ns() // 1_000_000 - HOUR)
    env = {"PATH": "/usr/bin:/bin", "LUMEN_STATE_DIR": str(tmp_path / "state")}
    command = [sys.executable, str(ROOT / "entrypoint.py"), "gate", "--ledger", team.ledger, "--json"]
    override = ["--override-reason", "INC-7", "--override-author", "alice", "--override-until", "2h"]
    askers = [
        subprocess.Popen(
            [*command, *(override if number == 0 else ())],
            cwd=tmp_path,
            env={**env, "LUMEN_RUN_ID": f"deploy-{number}"},
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(ASKERS)
    ]
    answers = [(json.loads(asker.communicate()[0]), asker.returncode) for asker in askers]
    assert {(answer["objectives"][0]["bad"], answer["objectives"][0]["total"]) for answer, _ in answers} == {(9, 29)}
    # Whoever saw the override passed by it, whoever did not was blocked: nothing in between.
    for answer, code in answers:
        assert (answer["decision"], answer["overridden"], code) in (("warn", True, 0), ("block", False, 1))
        assert bool(answer["override"]) == answer["overridden"]
    assert answers[0][0]["overridden"]
    kept = [each.told["decision"] for each in team.kept() if "decision" in each.told]
    assert sorted(kept) == sorted(answer["decision"] for answer, _ in answers)
    # From then on it is seen by all.
    team.now_ms = time.time_ns() // 1_000_000
    assert team.answer()["overridden"]

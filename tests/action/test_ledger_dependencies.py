"""What a ledger needs is prepared when it is first used, on a machine that has Python and nothing else."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import s3host
import servers
import stores

from lumen_action.bootstrap.sites import FOLDER
from lumen_action.errors import LedgerError

ROOT = Path(__file__).resolve().parents[2]
LOCKS = tuple(str(ROOT / "locks" / f"{name}.txt") for name in ("core", "archive"))
KEY = base64.b64encode(bytes(range(32))).decode()
GITHUB = {
    "GITHUB_ACTIONS": "true",
    "GITHUB_SERVER_URL": "https://github.com",
    "GITHUB_REPOSITORY": "acme/reports",
    "GITHUB_RUN_ID": "77",
    "GITHUB_RUN_ATTEMPT": "1",
    "GITHUB_JOB": "report",
    "GITHUB_WORKFLOW": "nightly",
    "GITHUB_SHA": "0a1b2c3d",
}


@dataclass(frozen=True)
class Answer:
    """What the program said."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Machine:
    """A machine that reaches no package index, and has a folder of wheels."""

    home: Path
    python: Path
    environ: dict[str, str]

    @property
    def prepared(self) -> int:
        """Return how many locks lie ready."""
        return len(list((self.home / "tools" / FOLDER).glob("*")))

    def lumen(self, *words: str, **more: str) -> Answer:
        """Run the program as the Action does."""
        done = subprocess.run(
            [str(self.python), str(ROOT / "entrypoint.py"), *words],
            cwd=self.home,
            env={**self.environ, **more},
            capture_output=True,
            encoding="utf-8",
            timeout=120,
            check=False,
        )
        return Answer(done.returncode, done.stdout, done.stderr)


@pytest.fixture(scope="module")
def wheelhouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder filled by the command that docs/bootstrap.md names."""
    folder = tmp_path_factory.mktemp("wheels")
    how = ("--require-hashes", "--only-binary", ":all:", "--no-deps", "--quiet", "--disable-pip-version-check")
    for lock in LOCKS:
        pip = [sys.executable, "-m", "pip", "download", *how, "-r", lock, "-d", str(folder)]
        done = subprocess.run(pip, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def machine(tmp_path: Path, wheelhouse: Path) -> Machine:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "bare")], check=True)
    python = tmp_path / "bare" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    environ = {
        "PATH": str(tmp_path),
        "HOME": str(tmp_path),
        "RUNNER_TOOL_CACHE": str(tmp_path / "tools"),
        "RUNNER_TEMP": str(tmp_path / "temp"),
        "LUMEN_STATE_DIR": str(tmp_path / "state"),
        "LUMEN_WHEELHOUSE": str(wheelhouse),
        "PIP_INDEX_URL": "http://127.0.0.1:1/simple",
        **GITHUB,
    }
    without = subprocess.run(
        [str(python), "-I", "-c", "import boto3"], cwd=tmp_path, env=environ, capture_output=True, check=False
    )
    assert b"ModuleNotFoundError" in without.stderr
    return Machine(tmp_path, python, environ)


@pytest.fixture
def bucket(machine: Machine) -> Iterator[str]:
    """Return the URL of a ledger in an empty bucket, to which the machine is pointed."""
    with contextlib.ExitStack() as started:
        try:
            server = s3host.start(machine.home, "localbucket")
        except servers.MissingProgramError as missing:
            pytest.fail(str(missing), pytrace=False)
        started.callback(server.stop)
        assert s3host.ask(server.url, "PUT", "/team") == 200
        machine.environ.update(stores.AWS | {"AWS_ENDPOINT_URL": server.url})
        yield "s3://team/lumen"


def test_the_first_record_in_a_bucket_prepares_boto3_and_the_second_finds_it(machine: Machine, bucket: str) -> None:
    first = machine.lumen("record", "--stage", "build", "--outcome", "success", "--ledger", bucket)
    assert first.code == 0, first.err
    assert "prepared archive dependencies with wheelhouse" in first.err
    second = machine.lumen("record", "--stage", "test", "--outcome", "success", "--ledger", bucket, LUMEN_WHEELHOUSE="")
    assert (second.code, "prepared" in second.err) == (0, False)
    state = machine.lumen("state", "--json", "--ledger", bucket, LUMEN_WHEELHOUSE="")
    assert json.loads(state.out)["facts"] == 2


def test_a_signing_key_prepares_cryptography_and_without_one_nothing_is_prepared(machine: Machine) -> None:
    ledger = ("--ledger", f"sqlite:{machine.home / 'ledger.db'}")
    recorded = machine.lumen("record", "--stage", "build", "--outcome", "success", *ledger)
    assert (recorded.code, machine.prepared) == (0, 0), recorded.err
    compact = ("ledger", "compact", "--before", "2100-01-01", "--json", *ledger)
    unsigned = machine.lumen(*compact)
    assert (json.loads(unsigned.out)["public_key"], machine.prepared) == (None, 0)
    signed = machine.lumen(*compact, LUMEN_SIGNING_KEY=KEY)
    assert signed.code == 0, signed.err
    assert "prepared archive dependencies with wheelhouse" in signed.err
    answer = json.loads(signed.out)
    assert answer["checkpoint"]["size"] == 1
    verified = machine.lumen("ledger", "verify", "--public-key", answer["public_key"], *ledger)
    assert verified.code == 0, verified.err


def test_where_boto3_cannot_be_had_the_job_stays_green_and_the_fact_waits(machine: Machine, bucket: str) -> None:
    said = machine.lumen(
        "record", "--stage", "build", "--outcome", "success", "--ledger", bucket, LUMEN_WHEELHOUSE="/nowhere"
    )
    assert said.code == 0, said.err
    assert "locks/archive.txt could not be prepared" in said.out + said.err
    later = machine.lumen("record", "--stage", "test", "--outcome", "success", "--ledger", bucket)
    assert later.code == 0, later.err
    assert json.loads(machine.lumen("state", "--json", "--ledger", bucket).out)["facts"] == 2


def test_where_cryptography_cannot_be_had_it_is_told_what_was_tried(machine: Machine) -> None:
    compact = ("ledger", "compact", "--ledger", f"sqlite:{machine.home / 'ledger.db'}")
    said = machine.lumen(*compact, LUMEN_WHEELHOUSE="/nowhere", LUMEN_SIGNING_KEY=KEY)
    assert said.code == LedgerError.exit_code
    assert "locks/archive.txt could not be prepared" in said.out + said.err
    assert KEY not in said.out + said.err

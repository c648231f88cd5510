"""Verifying, drilling, listing and pruning by the real commands at the stand-ins of Drive, Dropbox and S3."""

from __future__ import annotations

import io
import os
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
from archiveteam import ArchiveTeam, spoilt
from fakedrive import SHARED, FakeDrive
from fakedriveparts import checksums
from fakedropbox import FakeDropbox
from s3faults import BUCKET, StrictS3

from lumen_action.archive import ArchiveId
from lumen_action.archive.fingerprints import SHA256, fingerprint, parts_of
from lumen_action.archive.stores import s3 as s3_store

pytestmark = pytest.mark.slow

DAYS = ("2025-12-30", "2026-01-01", "2026-01-02")
PART = 5 << 20
LONG = {"log.txt": "a line of a log\n" * (PART // 8)}


@dataclass(frozen=True)
class Cloud:
    """A team whose only store is a stand-in, and what spoils a sealed archive there."""

    team: ArchiveTeam
    spoil: Callable[[ArchiveId], None]
    needs_receipt: bool = False
    """Whether what the store computes means something only to whoever sent the bytes."""


@contextmanager
def dropbox(folder: Path, _env: pytest.MonkeyPatch) -> Iterator[Cloud]:
    with FakeDropbox(folder / "account").serving() as fake:
        team = ArchiveTeam(folder, env={**os.environ, **fake.env}, stores=("dropbox:/evidence",))
        yield Cloud(
            team,
            lambda id_: spoilt(fake.files[f"/evidence/{id_.sealed}".lower()].file, 100),
            needs_receipt=True,
        )


@contextmanager
def drive(folder: Path, _env: pytest.MonkeyPatch) -> Iterator[Cloud]:
    with FakeDrive().running() as fake:
        # A token is signed with the time, which Google holds against its own.
        now_ms = int(time.time() * 1000)
        team = ArchiveTeam(folder, now_ms, env={**os.environ, **fake.env()}, stores=(f"gdrive:{SHARED}",))

        def spoil(id_: ArchiveId) -> None:
            (file,) = (each for each in fake.files.values() if each.name == id_.sealed and not each.trashed)
            assert file.body is not None
            file.body[100] ^= 1
            file.told = checksums(bytes(file.body))

        yield Cloud(team, spoil)


@contextmanager
def s3(folder: Path, env: pytest.MonkeyPatch) -> Iterator[Cloud]:
    with StrictS3().serving() as (fake, url):
        for name, value in {
            "AWS_ENDPOINT_URL": url,
            "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "geheim",
            "AWS_REGION": "eu-central-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "HOME": str(folder),
        }.items():
            env.setenv(name, value)
        team = ArchiveTeam(folder, env=dict(os.environ), stores=(f"s3://{BUCKET}/lumen",))

        def spoil(id_: ArchiveId) -> None:
            kept = fake.objects[f"lumen/{id_.sealed}"]
            body = bytearray(kept.body)
            body[100] ^= 1
            kept.body = bytes(body)
            in_parts = kept.headers["x-amz-checksum-type"] == "COMPOSITE"
            computed = fingerprint(parts_of(PART) if in_parts else SHA256, io.BytesIO(body))
            kept.headers["x-amz-checksum-sha256"] = (
                computed if in_parts else b64encode(bytes.fromhex(computed)).decode()
            )

        yield Cloud(team, spoil)


@contextmanager
def s3_in_parts(folder: Path, env: pytest.MonkeyPatch) -> Iterator[Cloud]:
    env.setattr(s3_store, "Limits", partial(s3_store.Limits, single_bytes=PART, part_bytes=PART))
    with s3(folder, env) as cloud:
        yield Cloud(cloud.team, cloud.spoil, needs_receipt=True)


@pytest.fixture(params=[dropbox, drive, s3, s3_in_parts], ids=lambda kind: kind.__name__)
def cloud(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    with request.param(tmp_path, monkeypatch) as made:
        yield made


def test_every_level_is_shown_and_damage_found_from_the_metadata_on(cloud: Cloud) -> None:
    team = cloud.team
    id_ = team.frozen(files=LONG)
    for level in "0123":
        found = team.asked("verify", "--level", level, *team.at())
        assert (found["verdict"], found["level_reached"]) == ("ok", int(level)), found
    assert team.archive("drill", *team.at()) == 0, team.out
    cloud.spoil(id_)
    for level, code in zip("0123", (0, 3, 3, 3), strict=True):
        assert team.archive("verify", "--level", level, *team.at()) == code, team.out
    assert team.archive("drill", *team.at()) == 3


def test_without_a_ledger_the_key_is_enough_and_level_one_never_guesses(cloud: Cloud) -> None:
    team = cloud.team
    team.frozen(files=LONG)
    team.env = {**team.env, "LUMEN_LEDGER": f"sqlite:{team.folder / 'fresh.db'}"}
    folder = ("--folder", "elsewhere")
    for level, code in zip("0123", (2, 2 if cloud.needs_receipt else 0, 0, 0), strict=True):
        assert team.archive("verify", "--level", level, *folder, *team.at()) == code, team.out
    team.key = ""
    assert team.asked("verify", *folder, *team.at())["verdict"] == "unverifiable"


def test_what_no_rule_keeps_goes_and_the_rest_stays(cloud: Cloud) -> None:
    team = cloud.team
    for day in DAYS:
        team.frozen(day)
    assert team.archive("prune", "--keep-daily", "2", *team.at()) == 0, team.err
    assert "1 archive would go" in team.out
    assert team.archive("prune", "--keep-daily", "2", "--yes", *team.at()) == 0, team.err
    found = team.asked("list", *team.at())["archives"]
    states = {each["day"]: each["stores"][0]["state"] for each in found}
    assert states == dict(zip(DAYS, ("pruned", "there", "there"), strict=True))
    for day in DAYS[1:]:
        assert team.archive("verify", day, "--level", "3", *team.at()) == 0, team.out
    assert team.archive("verify", DAYS[0], *team.at()) == 2

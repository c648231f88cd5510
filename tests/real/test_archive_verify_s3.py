"""Verifying, drilling and pruning in the bucket of a real S3 server that computes hashes and holds locks."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import s3host
import servers
import stores
from archiveteam import ArchiveTeam

from lumen_action.s3client import S3Bucket, open_bucket

pytestmark = pytest.mark.slow

KIND = "ministack"
_NUMBERS = itertools.count(1)


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    try:
        server = s3host.start(tmp_path_factory.mktemp(KIND), KIND)
    except servers.MissingProgramError as missing:
        pytest.fail(str(missing), pytrace=False)
    yield server.url
    server.stop()


@pytest.fixture
def bucket(endpoint: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> S3Bucket:
    for each in [each for each in os.environ if each.startswith("AWS_")]:
        monkeypatch.delenv(each)
    for key, value in {**stores.AWS, "AWS_ENDPOINT_URL": endpoint, "HOME": str(tmp_path)}.items():
        monkeypatch.setenv(key, value)
    made = open_bucket("store", f"s3://judged-{next(_NUMBERS)}/archives")
    place = {"CreateBucketConfiguration": {"LocationConstraint": stores.AWS["AWS_REGION"]}}
    made.client.create_bucket(Bucket=made.name, ObjectLockEnabledForBucket=True, **place)
    return made


@pytest.fixture
def team(bucket: S3Bucket, tmp_path: Path) -> ArchiveTeam:
    return ArchiveTeam(tmp_path, stores=(f"s3://{bucket.name}/archives",), env=dict(os.environ))


def test_every_level_is_shown_and_damage_found_from_the_metadata_on(team: ArchiveTeam, bucket: S3Bucket) -> None:
    id_ = team.frozen()
    for level in "0123":
        found = team.asked("verify", "--level", level, *team.at())
        assert (found["verdict"], found["level_reached"]) == ("ok", int(level)), found
    assert team.archive("drill", *team.at()) == 0, team.out
    key = f"archives/{id_.sealed}"
    body = bytearray(bucket.client.get_object(Bucket=bucket.name, Key=key)["Body"].read())
    body[100] ^= 1
    bucket.client.put_object(Bucket=bucket.name, Key=key, Body=bytes(body), ChecksumAlgorithm="SHA256")
    for level, code in zip("0123", (0, 3, 3, 3), strict=True):
        assert team.archive("verify", "--level", level, *team.at()) == code, team.out
    assert team.archive("drill", *team.at()) == 3
    bucket.client.delete_object(Bucket=bucket.name, Key=key)
    assert team.asked("verify", *team.at())["verdict"] == "missing"


def test_what_the_bucket_locks_is_kept_until_the_lock_ends(team: ArchiveTeam) -> None:
    team.config("archive: {lock-days: 30}\n")
    for day in ("2026-01-01", "2026-01-02"):
        team.frozen(day)
    assert team.archive("prune", "--keep-daily", "1", "--yes", *team.at()) == 0, team.out
    assert "kept nightly 2026-01-01 eu 1: the store keeps it until" in team.out
    assert team.archive("verify", "2026-01-01", *team.at()) == 0, team.out

"""Archives in buckets of four real servers, each of which holds to other parts of the protocol."""

from __future__ import annotations

import hashlib
import itertools
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import s3faults
import s3host
import servers
import stores
from storecontract import NAME, StoreContract, put, read, some_bytes

from lumen_action.archive.fingerprints import SHA256, parts_of
from lumen_action.archive.stores import LockedError, RefusedError, Store
from lumen_action.archive.stores.opening import StoreOptions, open_store
from lumen_action.archive.stores.s3 import Limits, S3Store
from lumen_action.s3client import S3Bucket, open_bucket

MIB = 1 << 20
# No part but the last may be smaller than 5 MiB.
PARTS = Limits(single_bytes=6 * MIB, part_bytes=5 * MIB)
LARGE = some_bytes(11 * MIB + 1)
DAY_MS = 86_400_000
_NUMBERS = itertools.count(1)


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], str]]:
    """Return what starts a server at its first use and tells its address."""
    started: dict[str, servers.Server] = {}

    def url(kind: str) -> str:
        if kind not in started:
            try:
                started[kind] = s3host.start(tmp_path_factory.mktemp(kind), kind)
            except servers.MissingProgramError as missing:
                pytest.fail(str(missing), pytrace=False)
        return started[kind].url

    yield url
    for server in started.values():
        server.stop()


@pytest.fixture(scope="module")
def clients() -> dict[str, S3Bucket]:
    return {}


@pytest.fixture
def bucket_of(
    endpoint: Callable[[str], str], clients: dict[str, S3Bucket], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Callable[..., S3Bucket]:
    """Return what makes an empty bucket on a server, and points the job to it."""

    def made(kind: str, *, locks: bool = False) -> S3Bucket:
        for each in [each for each in os.environ if each.startswith("AWS_")]:
            monkeypatch.delenv(each)
        for key, value in {**stores.AWS, "AWS_ENDPOINT_URL": endpoint(kind), "HOME": str(tmp_path)}.items():
            monkeypatch.setenv(key, value)
        # A client takes longer to make than most tests to run.
        clients[kind] = clients.get(kind) or open_bucket("store", "s3://evidence/archives")
        bucket = replace(clients[kind], name=f"evidence-{next(_NUMBERS)}")
        locked = {"ObjectLockEnabledForBucket": True} if locks else {}
        place = {"CreateBucketConfiguration": {"LocationConstraint": stores.AWS["AWS_REGION"]}}
        bucket.client.create_bucket(Bucket=bucket.name, **place, **locked)
        return bucket

    return made


def options(**more: object) -> StoreOptions:
    return StoreOptions(os.environ, Path(), print, **more)  # type: ignore[arg-type]


class TestMoto(StoreContract):
    # It looks and writes in two steps, between which racers can slip, and keeps no checksum that it is only sent.
    atomic = checks = False

    @pytest.fixture
    def store(self, bucket_of: Callable[..., S3Bucket]) -> Store:
        return S3Store(bucket_of("moto_server"), options())


class TestLocalbucket(StoreContract):
    checks = False

    @pytest.fixture
    def store(self, bucket_of: Callable[..., S3Bucket]) -> Store:
        return S3Store(bucket_of("localbucket"), options())


@pytest.mark.slow
class TestMinistack(StoreContract):
    @pytest.fixture
    def store(self, bucket_of: Callable[..., S3Bucket]) -> Store:
        return S3Store(bucket_of("ministack"), options())

    def test_parts_are_proven_by_the_hash_of_their_hashes(self, bucket_of: Callable[..., S3Bucket]) -> None:
        bucket = bucket_of("ministack")
        receipt = put(S3Store(bucket, options(), limits=PARTS), NAME, LARGE)
        assert (receipt.existed, receipt.checked) == (False, parts_of(5 * MIB))
        again = put(S3Store(bucket, options(), limits=PARTS), NAME, LARGE)
        assert (again.existed, again.checked) == (True, parts_of(5 * MIB))
        assert hashlib.sha256(read(S3Store(bucket, options()), NAME)).digest() == hashlib.sha256(LARGE).digest()

    def test_a_lock_holds_against_us_and_against_others(self, bucket_of: Callable[..., S3Bucket]) -> None:
        bucket = bucket_of("ministack", locks=True)
        store = S3Store(bucket, options(lock_days=30), limits=PARTS)
        receipt = put(store, NAME, b"sealed")
        assert receipt.stored.locked_until_ms is not None
        assert receipt.note == ""
        with pytest.raises(LockedError):
            store.delete(NAME)
        place = {"Bucket": bucket.name, "Key": bucket.prefix + NAME, "VersionId": receipt.stored.version}
        with pytest.raises(bucket.client.exceptions.ClientError, match="AccessDenied"):
            bucket.client.delete_object(**place)

    def test_a_lock_that_it_forgets_is_told(self, bucket_of: Callable[..., S3Bucket]) -> None:
        """It does not lock what came in parts."""
        store = S3Store(bucket_of("ministack", locks=True), options(lock_days=30), limits=PARTS)
        assert "does not show the lock" in put(store, NAME, LARGE).note

    def test_a_bucket_without_locks_refuses_one(self, bucket_of: Callable[..., S3Bucket]) -> None:
        with pytest.raises(RefusedError, match="lock"):
            put(S3Store(bucket_of("ministack"), options(lock_days=1)), NAME, b"x")

    def test_a_bucket_with_versions_keeps_the_older_ones(self, bucket_of: Callable[..., S3Bucket]) -> None:
        bucket = bucket_of("ministack", locks=True)
        store = S3Store(bucket, options())
        version = put(store, NAME, b"first").stored.version
        store.delete(NAME)
        assert store.stat(NAME) is None
        assert put(store, NAME, b"second").stored.version != version
        old = bucket.client.get_object(Bucket=bucket.name, Key=bucket.prefix + NAME, VersionId=version)
        assert old["Body"].read() == b"first"


@pytest.mark.slow
class TestRclone(StoreContract):
    """It knows signatures, and neither checksums, conditions nor locks."""

    atomic = checks = False

    @pytest.fixture
    def store(self, bucket_of: Callable[..., S3Bucket]) -> Store:
        return S3Store(bucket_of("rclone"), options())

    def test_what_it_only_repeats_is_no_proof(self, bucket_of: Callable[..., S3Bucket]) -> None:
        receipt = put(S3Store(bucket_of("rclone"), options(lock_days=1)), NAME, b"sealed")
        assert (receipt.checked, receipt.stored.fingerprints) == ("", {})
        assert "ignores If-None-Match" in receipt.note
        assert "lock" in receipt.note

    def test_parts_are_not_proven(self, bucket_of: Callable[..., S3Bucket]) -> None:
        store = S3Store(bucket_of("rclone"), options(), limits=PARTS)
        assert put(store, NAME, LARGE).checked == ""
        assert hashlib.sha256(read(store, NAME)).digest() == hashlib.sha256(LARGE).digest()

    def test_a_proof_that_is_required_is_refused(self, bucket_of: Callable[..., S3Bucket]) -> None:
        with pytest.raises(RefusedError, match="required"):
            put(S3Store(bucket_of("rclone"), options(s3_checksum="required")), NAME, b"sealed")

    def test_a_wrong_secret_is_refused(
        self, bucket_of: Callable[..., S3Bucket], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        url = bucket_of("rclone").url
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "another secret")
        with pytest.raises(RefusedError, match="403 SignatureDoesNotMatch; check the credentials") as caught:
            open_store(url, options()).stat(NAME)
        assert "another secret" not in str(caught.value)


@pytest.mark.parametrize(
    "kind", [*s3host.SERVERS, *(pytest.param(each, marks=pytest.mark.slow) for each in s3host.ARCHIVE_SERVERS)]
)
def test_a_bucket_that_is_not_there_is_no_missing_archive(bucket_of: Callable[..., S3Bucket], kind: str) -> None:
    bucket_of(kind)
    with pytest.raises(RefusedError, match="there is no bucket nobody"):
        open_store("s3://nobody/archives", options()).stat(NAME)


_UPLOAD = """
import hashlib, os, sys
from pathlib import Path
from lumen_action.archive.stores import content_of
from lumen_action.archive.stores.opening import StoreOptions, open_store

path, size = Path(sys.argv[1]), int(sys.argv[2])
digest = hashlib.sha256()
with path.open("rb") as file:
    while piece := file.read(1 << 20):
        digest.update(piece)
moved = 0
def tick(count):
    global moved
    moved += count
store = open_store(sys.argv[3], StoreOptions(os.environ, Path(), print))
receipt = store.put("large.lumen", content_of(path, size, digest.hexdigest()), tick)
assert moved == size
# ru_maxrss would begin with that of the process that started this one.
peak = next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(receipt.checked, peak)
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("size", "checked", "acts"),
    [(200 * MIB, SHA256, 1), ((5 << 30) + 1, parts_of(64 * MIB), 81)],
    ids=["200 MiB", "5 GiB and 1"],
)
def test_memory_does_not_grow_with_the_object(tmp_path: Path, size: int, checked: str, acts: int) -> None:
    file = tmp_path / "large"
    with file.open("wb") as made:
        made.truncate(size)
    strict = s3faults.StrictS3(keeps=False)
    with strict.serving() as (_, url):
        environment = {**os.environ, **stores.AWS, "AWS_ENDPOINT_URL": url, "PYTHONPATH": str(servers.ROOT)}
        arguments = [str(file), str(size), f"s3://{s3faults.BUCKET}/a"]
        done = subprocess.run(
            [sys.executable, "-c", textwrap.dedent(_UPLOAD), *arguments],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
    assert not done.stderr
    algorithm, kilobytes = done.stdout.split()
    assert algorithm == checked
    assert strict.objects["a/large.lumen"].size == size
    assert len([asked for asked in strict.seen if asked.size > MIB // 2 or asked.act == "UploadPart"]) == acts
    assert int(kilobytes) < 120_000

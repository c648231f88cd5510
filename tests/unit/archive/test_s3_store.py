"""Archives in a bucket against a strict S3 of our own that breaks at every request."""

from __future__ import annotations

import hashlib
import io
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import accumulate
from pathlib import Path

import pytest
import stores
from s3faults import BUCKET, Answer, Asked, Fate, Faults, Kept, StrictS3, at
from shelf import Time
from storecontract import NAME, StoreContract, nobody_listens, put, read, some_bytes, states_only_truth

from lumen_action.archive.fingerprints import SHA256, fingerprint, parts_of
from lumen_action.archive.stores import (
    Content,
    GoneError,
    LockedError,
    RefusedError,
    Store,
    StoreError,
    TakenError,
    content_of_bytes,
)
from lumen_action.archive.stores.opening import StoreOptions, open_store
from lumen_action.archive.stores.reading import whole
from lumen_action.archive.stores.s3 import Limits, S3Store
from lumen_action.archive.stores.s3requests import PROBE
from lumen_action.archive.stores.s3sending import part_bytes
from lumen_action.errors import ConfigError, IntegrityError, LumenError
from lumen_action.http import Timing
from lumen_action.s3client import S3Bucket, Waits, open_bucket

URL = f"s3://{BUCKET}/archives"
KEY = f"archives/{NAME}"
NOW_MS = 1_767_366_000_000
SMALL = Limits(single_bytes=1000, part_bytes=400)
BODY, LARGE = some_bytes(900), some_bytes(1500)

Opener = Callable[..., S3Store]


@pytest.fixture(scope="module")
def strict() -> Iterator[StrictS3]:
    """Serve once for all tests, as the job that asks has credentials of its own and nothing of the machine's."""
    with pytest.MonkeyPatch.context() as patched, StrictS3().serving() as (strict, url):
        for name in [name for name in os.environ if name.startswith("AWS_") or name.lower().endswith("_proxy")]:
            patched.delenv(name)
        for name, value in {**stores.AWS, "AWS_ENDPOINT_URL": url, "AWS_CONFIG_FILE": os.devnull}.items():
            patched.setenv(name, value)
        yield strict


@pytest.fixture(scope="module")
def bucket(strict: StrictS3) -> Iterator[S3Bucket]:
    assert not strict.objects
    bucket = open_bucket("store", URL, Waits(connect_seconds=2, read_seconds=0.5))
    yield bucket
    bucket.client.close()


@pytest.fixture
def s3(strict: StrictS3) -> StrictS3:
    strict.reset()
    return strict


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def opened(s3: StrictS3, bucket: S3Bucket, tmp_path: Path, said: list[str]) -> Opener:
    """Return what opens a store of a job of its own, in which waiting takes no time."""
    assert not s3.objects

    def make(limits: Limits = SMALL, **options: object) -> S3Store:
        taken = StoreOptions(os.environ, tmp_path, said.append, Time().timing(), NOW_MS)
        return S3Store(bucket, replace(taken, **options), limits=limits)  # type: ignore[arg-type]

    return make


class TestInOneRequest(StoreContract):
    @pytest.fixture
    def store(self, opened: Opener) -> Store:
        return opened(Limits())


class TestInParts(StoreContract):
    @pytest.fixture
    def store(self, opened: Opener) -> Store:
        return opened(Limits(single_bytes=254, part_bytes=10_000))


class TestWithoutChecksums(StoreContract):
    checks = False

    @pytest.fixture
    def store(self, opened: Opener) -> Store:
        return opened(Limits(), s3_checksum="off")


class TestNextToNothing(StoreContract):
    """A store that knows neither checksums nor conditions."""

    atomic = checks = False

    @pytest.fixture
    def store(self, s3: StrictS3, opened: Opener) -> Store:
        s3.checksums, s3.conditions = "refused", "refused"
        return opened(Limits())


LATER = [
    Fate(503, "SlowDown", {"Retry-After": "3"}),
    Fate(500, "InternalError"),
    Fate(429, "TooManyRequests", {"Retry-After": "1"}),
    Fate(409, "ConditionalRequestConflict"),
    Fate(400, "RequestTimeout"),
    Fate(deed="unheard"),
    Fate(deed="lost"),
]
CUT = [Fate(deed="cut"), Fate(deed="flip")]
SENDING = ["PutObject", "CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload", "HeadObject"]


@pytest.mark.parametrize("fate", LATER, ids=lambda fate: fate.deed or fate.code)
@pytest.mark.parametrize("act", SENDING)
def test_what_passes_at_any_request_of_an_upload_is_waited_out(
    s3: StrictS3, opened: Opener, act: str, fate: Fate
) -> None:
    for body, times in ((BODY, 1), (LARGE, 2)):
        s3.faults, s3.objects = at(act, fate, times, after=act in ("PutObject", "UploadPart")), {}
        moved: list[int] = []
        receipt = opened().put(NAME, content_of_bytes(body), moved.append)
        assert s3.objects[KEY].body == body
        assert (receipt.existed, sum(moved)) == (False, len(body))
        states_only_truth(receipt.stored, body)
        assert receipt.checked in (SHA256, parts_of(400))


@pytest.mark.parametrize("fate", CUT, ids=lambda fate: fate.deed)
@pytest.mark.parametrize(("act", "body"), [("PutObject", BODY), ("UploadPart", LARGE)])
def test_bytes_that_break_on_their_way_are_sent_again(
    s3: StrictS3, opened: Opener, act: str, body: bytes, fate: Fate
) -> None:
    s3.faults = at(act, fate, times=2, after=1)
    moved: list[int] = []
    assert not opened().put(NAME, content_of_bytes(body), moved.append).existed
    assert (s3.objects[KEY].body, sum(moved), max(accumulate(moved))) == (body, len(body), len(body))
    assert s3.acts().count(act) >= len(body) // 400


def test_a_line_that_flips_bits_for_ever_stores_nothing(s3: StrictS3, opened: Opener) -> None:
    s3.faults = at("PutObject", Fate(deed="flip"), times=99, after=1)
    with pytest.raises(StoreError, match=r"XAmzContentSHA256Mismatch \(\d+ tries\)"):
        put(opened(), NAME, BODY)
    assert KEY not in s3.objects


@pytest.mark.parametrize("mode", ["auto", "off"])
def test_a_slow_server_is_given_up_and_asked_again(s3: StrictS3, opened: Opener, mode: str) -> None:
    s3.slow_seconds = 1.0
    s3.faults = at("PutObject", Fate(deed="slow"), after=1)
    assert not put(opened(s3_checksum=mode), NAME, BODY).existed


def test_a_time_to_wait_beyond_our_patience_ends_the_waiting(s3: StrictS3, opened: Opener) -> None:
    s3.faults = at("HeadObject", Fate(503, "SlowDown", {"Retry-After": "3600"}))
    # The GET that asks for the reason of a refused HEAD is for refusals only.
    with pytest.raises(StoreError, match=r"503 .*1 try, it asks to wait 3600 s") as caught:
        opened().stat(NAME)
    assert (caught.value.exit_code, s3.acts()) == (75, ["HeadObject"])


@pytest.mark.parametrize("limits", [Limits(), Limits(single_bytes=1, part_bytes=6 << 20)], ids=["one request", "parts"])
def test_a_line_that_breaks_late_is_tried_again(s3: StrictS3, tmp_path: Path, limits: Limits) -> None:
    body, time = some_bytes(5 << 20), Time()
    sent = ("PutObject", "UploadPart")
    s3.faults = lambda asked: Fate(deed="cut") if asked.act in sent and asked.key == KEY and time.now < 2 else None
    options = StoreOptions(os.environ, tmp_path, print, time.timing(), NOW_MS)

    def a_second_for_each_mib(moved: int) -> None:
        time.now += max(moved, 0) / (1 << 20)

    store = S3Store(open_bucket("store", URL), options, limits=limits, patience_seconds=2)
    receipt = store.put(NAME, content_of_bytes(body), a_second_for_each_mib)
    store.close()
    assert (receipt.existed, s3.objects[KEY].body) == (False, body)
    assert time.now > 5


class TestALostAnswer:
    def test_is_our_own_write(self, s3: StrictS3, opened: Opener) -> None:
        s3.faults = at("PutObject", Fate(deed="lost"), after=2)
        assert not put(opened(), NAME, BODY).existed
        assert s3.acts().count("PutObject") == 4

    def test_after_completing_is_our_own_write(self, s3: StrictS3, opened: Opener) -> None:
        s3.faults = at("CompleteMultipartUpload", Fate(deed="lost"))
        assert not put(opened(), NAME, LARGE).existed
        assert s3.acts().count("CompleteMultipartUpload") == 2

    @pytest.mark.parametrize("body", [BODY, LARGE])
    def test_of_somebody_else_with_the_same_bytes_is_told_as_theirs(
        self, s3: StrictS3, opened: Opener, body: bytes
    ) -> None:
        other = opened()
        s3.faults = self.meanwhile(lambda: put(other, NAME, body))
        receipt = put(opened(), NAME, body)
        assert receipt.existed
        assert receipt.checked

    @pytest.mark.parametrize("body", [BODY, LARGE])
    @pytest.mark.parametrize("mode", ["auto", "off"])
    def test_of_somebody_else_with_other_bytes_is_a_refusal(
        self, s3: StrictS3, opened: Opener, body: bytes, mode: str
    ) -> None:
        other = opened()
        s3.faults = self.meanwhile(lambda: put(other, NAME, body[::-1]))
        with pytest.raises(TakenError, match="--version"):
            put(opened(s3_checksum=mode), NAME, body)
        assert (s3.objects[KEY].body, s3.uploads) == (body[::-1], {})

    def meanwhile(self, act: Callable[[], object]) -> Faults:
        """Let somebody write after we have looked whether the name is free."""
        left = [act]

        def faults(asked: Asked) -> None:
            if left and asked.key == KEY and asked.act in ("PutObject", "CreateMultipartUpload"):
                left.pop()()

        return faults


def lies(**headers: str) -> Fate:
    """Let an answer say something else."""

    def change(answer: Answer) -> None:
        if answer.status < 300:
            answer.headers |= {name.replace("_", "-"): value for name, value in headers.items()}

    return Fate(changes=change)


WRONG = "x" * 43 + "="


class TestAStoreThatSaysOtherwise:
    """Whatever it says, there is no receipt for other bytes than ours."""

    @pytest.mark.parametrize(
        ("act", "fate"),
        [
            ("PutObject", lies(x_amz_checksum_sha256=WRONG)),
            ("HeadObject", lies(x_amz_checksum_sha256=WRONG)),
            ("HeadObject", lies(Content_Length="899")),
        ],
    )
    def test_after_one_request(self, s3: StrictS3, opened: Opener, act: str, fate: Fate) -> None:
        s3.faults = at(act, fate, times=9, after=1)
        with pytest.raises(IntegrityError) as caught:
            put(opened(), NAME, BODY)
        assert caught.value.exit_code == 3

    @pytest.mark.parametrize(
        ("act", "fate"),
        [
            ("UploadPart", lies(x_amz_checksum_sha256=WRONG)),
            ("HeadObject", lies(x_amz_checksum_sha256=f"{WRONG}-4")),
            ("HeadObject", lies(Content_Length="1499")),
        ],
    )
    def test_after_parts(self, s3: StrictS3, opened: Opener, act: str, fate: Fate) -> None:
        s3.faults = at(act, fate, times=9, after=1)
        with pytest.raises(IntegrityError):
            put(opened(), NAME, LARGE)
        assert not s3.uploads

    def test_that_nothing_is_there_after_taking_it(self, s3: StrictS3, opened: Opener) -> None:
        def forgets(asked: Asked) -> None:
            if asked.act == "HeadObject":
                s3.objects.clear()

        s3.faults = forgets
        with pytest.raises(StoreError, match="is not there"):
            put(opened(), NAME, BODY)

    def test_that_it_was_there_with_our_hash_in_metadata_only(self, s3: StrictS3, opened: Opener) -> None:
        claim = {"x-amz-meta-lumen-sha256": hashlib.sha256(BODY).hexdigest(), "Last-Modified": "", "ETag": '"x"'}
        s3.objects[KEY] = Kept(900, BODY[::-1], b"", {**claim, "Last-Modified": "Fri, 02 Jan 2026 03:04:05 GMT"})
        found = opened().stat(NAME)
        assert found is not None
        assert (found.fingerprints, found.claimed) == ({}, {SHA256: hashlib.sha256(BODY).hexdigest()})
        with pytest.raises(TakenError):
            put(opened(), NAME, BODY)


class TestChecksums:
    def test_of_the_whole_and_of_parts(self, s3: StrictS3, opened: Opener) -> None:
        store = opened()
        first, second = put(store, NAME, BODY), put(store, f"{NAME}.x", LARGE)
        assert (first.checked, first.note) == (SHA256, "")
        assert second.checked == parts_of(400)
        assert "sent in parts" in second.note
        assert second.stored.fingerprints == {parts_of(400): fingerprint(parts_of(400), io.BytesIO(LARGE))}
        assert not s3.uploads
        # A later upload knows them again.
        assert put(opened(), f"{NAME}.x", LARGE).checked == parts_of(400)

    @pytest.mark.parametrize("kind", ["refused", "dropped", "echoed"])
    @pytest.mark.parametrize("body", [BODY, LARGE])
    def test_that_a_store_does_not_compute_are_no_proof(
        self, s3: StrictS3, opened: Opener, kind: str, body: bytes
    ) -> None:
        s3.checksums = kind
        receipt = put(opened(), NAME, body)
        assert (receipt.checked, receipt.stored.fingerprints) == ("", {})
        assert receipt.stored.claimed == {SHA256: hashlib.sha256(body).hexdigest()}
        assert "level 2" in receipt.note
        again = put(opened(), NAME, body)
        assert (again.existed, again.checked) == (True, "")
        assert "GetObject" in s3.acts()

    @pytest.mark.parametrize("kind", ["refused", "dropped", "echoed"])
    @pytest.mark.parametrize("body", [BODY, LARGE])
    def test_that_are_required_and_not_computed_are_an_error(
        self, s3: StrictS3, opened: Opener, kind: str, body: bytes
    ) -> None:
        s3.checksums = kind
        with pytest.raises(RefusedError) as caught:
            put(opened(s3_checksum="required"), NAME, body)
        assert caught.value.exit_code == 2
        assert not s3.uploads

    @pytest.mark.parametrize("body", [BODY, LARGE])
    def test_that_are_off_are_never_spoken_of(self, s3: StrictS3, opened: Opener, body: bytes) -> None:
        assert put(opened(s3_checksum="off"), NAME, body).checked == ""
        assert not [name for asked in s3.seen for name in asked.headers if "checksum" in name]
        sent = [asked for asked in s3.seen if asked.act in ("PutObject", "UploadPart")]
        assert all("content-md5" in asked.headers for asked in sent)

    def test_in_a_mode_that_nobody_knows_are_a_wrong_setting(self, opened: Opener) -> None:
        with pytest.raises(ConfigError, match=r"archive\.s3-checksum: `maybe`"):
            opened(s3_checksum="maybe")


class TestConditions:
    @pytest.mark.parametrize("kind", ["ignored", "refused"])
    def test_that_a_store_does_not_keep_are_told_and_nothing_is_replaced(
        self, s3: StrictS3, opened: Opener, kind: str
    ) -> None:
        s3.conditions = kind
        assert "ignores If-None-Match" in put(opened(), NAME, BODY).note
        with pytest.raises(TakenError):
            put(opened(), NAME, LARGE)
        assert s3.objects[KEY].body == BODY

    def test_are_probed_once_in_a_run_and_the_probe_is_no_archive(self, s3: StrictS3, opened: Opener) -> None:
        store = opened()
        for number in range(3):
            put(store, f"{NAME}{number}", BODY)
        probes = [asked for asked in s3.seen if asked.key == f"archives/{PROBE}"]
        assert len(probes) == 2
        assert len(list(store.names(""))) == 3
        put(opened(), "other", BODY)
        assert s3.acts().count("PutObject") == 3 + 2 + 1 + 1

    def test_another_who_replaced_ours_in_a_store_without_them_is_noticed(self, s3: StrictS3, opened: Opener) -> None:
        s3.conditions = "ignored"
        store = opened()
        put(store, "first", BODY)
        other, left = opened(), [True]

        def faults(asked: Asked) -> None:
            stands = KEY in s3.objects
            if stands and asked.act == "HeadObject" and left:
                left.pop()
                other._sent(NAME, content_of_bytes(BODY[::-1]), nobody_listens, "theirs")

        other._conditional = False
        s3.faults = faults
        with pytest.raises(TakenError):
            put(store, NAME, BODY)


class TestLocks:
    def test_are_asked_for_and_told(self, s3: StrictS3, opened: Opener) -> None:
        for name, body in ((NAME, BODY), ("large", LARGE)):
            receipt = put(opened(lock_days=30), name, body)
            assert receipt.stored.locked_until_ms == NOW_MS + 30 * 86_400_000
            assert "lock" not in receipt.note
        assert s3.objects[KEY].headers["x-amz-object-lock-mode"] == "GOVERNANCE"

    def test_hold_until_they_end(self, s3: StrictS3, opened: Opener) -> None:
        put(opened(lock_days=30), NAME, BODY)
        with pytest.raises(LockedError, match=r"locked until 2026-02-01 \d\d:\d\d UTC"):
            opened().delete(NAME)
        assert "DeleteObject" not in s3.acts()
        opened(now_ms=NOW_MS + 31 * 86_400_000).delete(NAME)
        assert KEY not in s3.objects
        assert not [asked for asked in s3.seen if "x-amz-bypass-governance-retention" in asked.headers]

    def test_a_legal_hold_is_respected(self, s3: StrictS3, opened: Opener) -> None:
        put(opened(), NAME, BODY)
        s3.objects[KEY].headers["x-amz-object-lock-legal-hold"] = "ON"
        with pytest.raises(LockedError, match="legal hold"):
            opened().delete(NAME)

    @pytest.mark.parametrize("fate", [Fate(501, "NotImplemented"), Fate(403, "AccessDenied"), Fate(404, "")])
    def test_that_a_store_only_repeats_are_told(self, s3: StrictS3, opened: Opener, fate: Fate) -> None:
        s3.faults = at("GetObjectRetention", fate)
        assert "does not show the lock" in put(opened(lock_days=30), NAME, BODY).note

    @pytest.mark.parametrize("mode", ["auto", "required", "off"])
    def test_that_a_bucket_does_not_have_are_a_refusal(self, s3: StrictS3, opened: Opener, mode: str) -> None:
        s3.faults = lambda asked: Fate(400, "InvalidRequest") if "x-amz-object-lock-mode" in asked.headers else None
        with pytest.raises(RefusedError, match="switch Object Lock on"):
            put(opened(lock_days=30, s3_checksum=mode), NAME, BODY)

    def test_of_what_was_there_before_may_be_shorter(self, opened: Opener) -> None:
        put(opened(lock_days=30), NAME, BODY)
        assert "stays locked until 2026-02-01" in put(opened(lock_days=90), NAME, BODY).note


class TestRefusals:
    @pytest.mark.parametrize(
        ("status", "code", "told"),
        [
            (403, "AccessDenied", r"allow s3:PutObject on arn:aws:s3:::evidence and .*/archives/\*$"),
            (400, "ExpiredToken", "token_expired: .* assume the role"),
            (403, "RequestTimeTooSkewed", "the clock of this machine is wrong"),
            (403, "InvalidAccessKeyId", "check AWS_ACCESS_KEY_ID"),
            (400, "InvalidToken", "AWS_SESSION_TOKEN"),
            (403, "SignatureDoesNotMatch", "check the credentials"),
            (404, "NoSuchBucket", "there is no bucket evidence"),
            (404, "", "answered 404"),
            (507, "StorageFull", "the store is full"),
        ],
    )
    @pytest.mark.parametrize("body", [BODY, LARGE])
    def test_say_what_to_do(self, s3: StrictS3, opened: Opener, body: bytes, status: int, code: str, told: str) -> None:
        s3.faults = lambda asked: Fate(status, code) if asked.act in ("PutObject", "UploadPart") else None
        with pytest.raises(StoreError, match=told) as caught:
            put(opened(), NAME, body)
        assert caught.value.exit_code == 2
        assert str(caught.value).startswith(URL)
        assert "geheim" not in str(caught.value)

    @pytest.mark.parametrize(
        ("fate", "told"),
        [
            (Fate(403, "AccessDenied"), "allow s3:GetObject and s3:ListBucket"),
            (Fate(404, "NoSuchBucket"), "there is no bucket"),
            (Fate(400, "ExpiredToken"), "token_expired"),
        ],
    )
    def test_without_a_body_are_asked_for_their_reason(
        self, s3: StrictS3, opened: Opener, fate: Fate, told: str
    ) -> None:
        """Otherwise a bucket that is not there would look like an archive that is not there."""

        def faults(asked: Asked) -> Fate:
            return replace(fate, code="") if asked.act == "HeadObject" else fate

        s3.faults = faults
        for ask in (opened().stat, opened().delete):
            with pytest.raises(RefusedError, match=told):
                ask(NAME)

    def test_name_the_region_of_a_bucket_that_lies_elsewhere(self, s3: StrictS3, opened: Opener) -> None:
        s3.faults = lambda _asked: Fate(301, "PermanentRedirect", {"x-amz-bucket-region": "eu-west-3"})
        with pytest.raises(RefusedError, match="lies in eu-west-3; set AWS_REGION to eu-west-3"):
            put(opened(), NAME, BODY)

    @pytest.mark.parametrize(
        ("act", "use", "permission"),
        [
            ("ListObjectsV2", lambda store: list(store.names("")), "s3:ListBucket"),
            ("DeleteObject", lambda store: store.delete(NAME), "s3:DeleteObject"),
            ("GetObject", lambda store: read(store, NAME), "s3:GetObject and s3:ListBucket"),
        ],
    )
    def test_name_the_permission(
        self, s3: StrictS3, opened: Opener, act: str, use: Callable[[Store], object], permission: str
    ) -> None:
        put(opened(), NAME, BODY)
        s3.faults = at(act, Fate(403, "AccessDenied"))
        with pytest.raises(RefusedError, match=f"access denied; allow {permission} on"):
            use(opened())

    def test_of_the_lock_name_its_permission(self, s3: StrictS3, opened: Opener) -> None:
        s3.faults = at("PutObject", Fate(403, "AccessDenied"), after=2)
        with pytest.raises(RefusedError, match="allow s3:PutObject and s3:PutObjectRetention"):
            put(opened(lock_days=1), NAME, BODY)

    @pytest.mark.usefixtures("s3")
    def test_without_credentials_say_where_to_get_them(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            monkeypatch.delenv(name)
        with pytest.raises(RefusedError, match=r"no usable AWS credentials .*OIDC"):
            open_store(URL, StoreOptions(os.environ, tmp_path, print)).stat(NAME)


class TestUnfinishedParts:
    @pytest.mark.parametrize(
        ("act", "fate"),
        [
            ("UploadPart", Fate(403, "AccessDenied")),
            ("UploadPart", Fate(404, "NoSuchUpload")),
            ("CompleteMultipartUpload", Fate(400, "InvalidPart")),
        ],
    )
    def test_are_given_up(self, s3: StrictS3, opened: Opener, act: str, fate: Fate) -> None:
        s3.faults = at(act, fate, after=0)
        with pytest.raises(StoreError):
            put(opened(), NAME, LARGE)
        assert (s3.uploads, KEY in s3.objects) == ({}, False)

    def test_are_told_of_when_they_cannot_be_removed(self, s3: StrictS3, opened: Opener, said: list[str]) -> None:
        def faults(asked: Asked) -> Fate | None:
            act = asked.act
            return Fate(403, "AccessDenied") if act in ("UploadPart", "AbortMultipartUpload") else None

        s3.faults = faults
        with pytest.raises(RefusedError, match="s3:PutObject"):
            put(opened(), NAME, LARGE)
        assert re.search("parts of an unfinished upload .* s3:AbortMultipartUpload .* lifecycle rule", said[0])

    def test_are_removed_when_the_job_is_cancelled(self, s3: StrictS3, opened: Opener) -> None:
        def cancelled(moved: int) -> None:
            if moved > 0 and s3.uploads:
                raise KeyboardInterrupt

        with pytest.raises((KeyboardInterrupt, LumenError)):
            opened().put(NAME, content_of_bytes(LARGE), cancelled)
        assert not s3.uploads


class TestReading:
    @pytest.mark.parametrize("deed", ["half", "reset", "unheard"])
    def test_goes_on_where_it_broke_off(self, s3: StrictS3, opened: Opener, deed: str) -> None:
        body, store = some_bytes(3_000_000), opened(Limits())
        put(store, NAME, body)
        s3.faults = at("GetObject", Fate(deed=deed), times=3)
        assert b"".join(whole(store, NAME, Time().timing())) == body

    def test_waits_for_a_server_that_cannot_now(self, s3: StrictS3, opened: Opener) -> None:
        put(opened(), NAME, BODY)
        s3.faults = at("GetObject", Fate(503, "SlowDown"), times=2)
        assert b"".join(whole(opened(), NAME, Time().timing())) == BODY

    def test_of_a_server_that_gives_half_for_ever_ends_in_an_error(self, s3: StrictS3, opened: Opener) -> None:
        put(opened(), NAME, BODY)
        s3.faults = lambda asked: Fate(status=503, code="SlowDown") if asked.act == "GetObject" else None
        with pytest.raises(StoreError, match="6 tries"):
            list(whole(opened(), NAME, Time().timing()))

    def test_refuses_a_server_that_ignores_where_to_begin(self, s3: StrictS3, opened: Opener) -> None:
        put(opened(), NAME, BODY)

        def whole_again(answer: Answer) -> None:
            answer.status, answer.body = 200, BODY
            answer.headers.pop("Content-Range")

        s3.faults = at("GetObject", Fate(changes=whole_again))
        with pytest.raises(StoreError, match="something else"):
            read(opened(), NAME, 10)

    def test_what_was_removed_meanwhile_is_gone(self, opened: Opener) -> None:
        with pytest.raises(GoneError):
            read(opened(), NAME, 10)


def test_what_appears_while_it_is_asked_for_is_seen(s3: StrictS3, opened: Opener) -> None:
    put(opened(), NAME, BODY)
    s3.faults = at("HeadObject", Fate(404, ""))
    found = opened().stat(NAME)
    assert found is not None
    states_only_truth(found, BODY)


def test_a_store_that_lets_read_and_not_ask_is_refused(s3: StrictS3, opened: Opener) -> None:
    put(opened(), NAME, BODY)
    s3.faults = at("HeadObject", Fate(403, ""))
    with pytest.raises(RefusedError, match="answered 403"):
        opened().stat(NAME)


def test_an_upload_that_a_file_changed_under_leaves_no_parts(s3: StrictS3, opened: Opener) -> None:
    lying = Content(lambda: io.BytesIO(LARGE[::-1]), len(LARGE), hashlib.sha256(LARGE).hexdigest())
    with pytest.raises(IntegrityError, match="changed"):
        opened().put(NAME, lying, nobody_listens)
    assert (s3.uploads, KEY in s3.objects) == ({}, False)


def test_a_page_that_fails_is_asked_for_again(s3: StrictS3, opened: Opener) -> None:
    for number in range(5):
        put(opened(), f"{NAME}{number}", BODY)
    s3.faults = at("ListObjectsV2", Fate(deed="half"), times=2, after=1)
    assert [each.name for each in opened().names("")] == [f"{NAME}{number}" for number in range(5)]


@pytest.mark.parametrize(
    ("size", "parts", "expected"),
    [(1, 64, 64), (640_000, 64, 64), (640_001, 64, 128), (5 << 40, 64 << 20, 576 << 20)],
)
def test_no_object_needs_more_parts_than_s3_takes(size: int, parts: int, expected: int) -> None:
    assert part_bytes(size, parts) == expected
    assert -(-size // expected) <= 10_000


@pytest.mark.parametrize("url", ["s3://Evidence/x", "s3://", "s3://key:secret@evidence/x", "s3://evidence/a?b=c"])
def test_a_wrong_url_is_a_wrong_setting(url: str, tmp_path: Path, said: list[str]) -> None:
    with pytest.raises(ConfigError, match=r"^store: ") as caught:
        open_store(url, StoreOptions(os.environ, tmp_path, said.append, Timing()))
    assert "secret" not in str(caught.value)


def _with(answer: Answer, **headers: str) -> None:
    answer.headers |= {name.replace("_", "-"): value for name, value in headers.items()}


class TestBucketsWithVersions:
    """A DELETE hides even a locked object behind a marker there."""

    @pytest.fixture
    def versioned(self, s3: StrictS3, opened: Opener) -> S3Store:
        put(opened(), NAME, BODY)
        s3.faults = at("HeadObject", Fate(changes=lambda answer: _with(answer, x_amz_version_id="v1")), times=9)
        return opened()

    def test_what_is_removed_is_said_to_stay(self, s3: StrictS3, versioned: S3Store, said: list[str]) -> None:
        versioned.delete(NAME)
        assert KEY not in s3.objects
        assert [words for words in said if "the bucket keeps versions" in words]

    def test_nothing_is_hidden_whose_lock_may_not_be_seen(self, s3: StrictS3, versioned: S3Store) -> None:
        looks = s3.faults
        denied = Fate(403, "AccessDenied")
        s3.faults = lambda asked: denied if asked.act == "GetObjectRetention" else looks(asked)
        with pytest.raises(RefusedError, match="allow s3:GetObjectRetention"):
            versioned.delete(NAME)
        assert KEY in s3.objects


class TestAnswersThatAreNoneOfS3s:
    def test_an_error_that_breaks_off_is_asked_for_again(self, s3: StrictS3, opened: Opener) -> None:
        put(store := opened(), NAME, BODY)
        s3.faults = at("GetObject", Fate(503, "SlowDown", deed="reset"), after=0)
        assert b"".join(whole(store, NAME, Time().timing())) == BODY

    def test_a_date_that_is_none_ends_in_an_error(self, s3: StrictS3, opened: Opener) -> None:
        put(store := opened(), NAME, BODY)
        s3.faults = at("HeadObject", Fate(changes=lambda answer: _with(answer, Last_Modified="never")), times=999)
        with pytest.raises(StoreError, match="none of S3's"):
            store.stat(NAME)

    @pytest.mark.parametrize(
        "rows",
        [
            b"",
            b"<IsTruncated>true</IsTruncated>",
            b"<IsTruncated>false</IsTruncated><Contents><Key>archives/a</Key></Contents>",
            (
                b"<IsTruncated>true</IsTruncated><Contents><Key>archives/a</Key><Size>1</Size>"
                b"<LastModified>2026-01-02T03:04:05.000Z</LastModified></Contents>"
            ),
        ],
        ids=["no listing", "nothing and more", "without a size", "always the same"],
    )
    def test_a_listing_that_does_not_get_on_is_never_taken_for_whole(
        self, s3: StrictS3, opened: Opener, rows: bytes
    ) -> None:
        def listed(answer: Answer) -> None:
            answer.body = b"<ListBucketResult>" + rows + b"</ListBucketResult>"

        s3.faults = at("ListObjectsV2", Fate(changes=listed), times=999)
        with pytest.raises(StoreError):
            list(opened().names(""))


def test_a_store_that_asks_to_wait_for_an_hour_is_not_waited_for(s3: StrictS3, opened: Opener) -> None:
    put(store := opened(), NAME, BODY)
    s3.faults = at("GetObject", Fate(503, "SlowDown", {"Retry-After": "3600"}), times=999)
    waiting = Time()
    with pytest.raises(StoreError, match="asks to wait 3600 s"):
        list(whole(store, NAME, waiting.timing()))
    assert waiting.now < 60

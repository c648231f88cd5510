"""What lets us into Google Drive: tokens that end while the work goes on, and what is said when none is to be had."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from fakedrive import SHARED, FakeDrive
from fakedrivetokens import AUDIENCE, CLIENT_SECRET, EMAIL, REFRESH_TOKEN, SCOPE, Denial, Tokens, pem, pem_of
from storecontract import NAME, put, some_bytes

from lumen_action.archive.stores import RefusedError, Store
from lumen_action.archive.stores.gdrive import opened
from lumen_action.archive.stores.opening import StoreOptions, open_store
from lumen_action.crypto.jwt import service_account_jwt
from lumen_action.errors import ConfigError
from lumen_action.http import Timing

BODY = some_bytes(1000)
MEANS = ("service account", "refresh token")

pytestmark = pytest.mark.usefixtures("no_proxy")


@pytest.fixture
def fake() -> Iterator[FakeDrive]:
    with FakeDrive().running() as running:
        yield running


class Runner:
    """A machine with an environment and clocks that a test turns."""

    def __init__(self, fake: FakeDrive, folder: Path) -> None:
        self.fake = fake
        self.folder = folder
        self.told: list[str] = []
        self.seconds = 0.0
        self.skew_seconds = 0.0

    def _sleep(self, seconds: float) -> None:
        self.seconds += seconds

    def store(self, env: dict[str, str]) -> Store:
        timing = Timing(
            sleep=self._sleep,
            clock=lambda: self.seconds,
            now=lambda: time.time() + self.skew_seconds,
            chance=lambda: 0.5,
        )
        return opened(f"gdrive:{SHARED}", StoreOptions(env, self.folder, self.told.append, timing))


@pytest.fixture
def runner(fake: FakeDrive, tmp_path: Path) -> Runner:
    return Runner(fake, tmp_path)


def refusal(fake: FakeDrive, store: Store) -> str:
    """Return why nothing can be stored; no secret is in it."""
    with pytest.raises(RefusedError) as caught:
        put(store, NAME, BODY)
    told = str(caught.value)
    assert told.startswith(store.url)
    assert not [secret for secret in (*fake.secrets, "assertion=") if secret in told]
    return told


class TestTokensThatEnd:
    @pytest.mark.parametrize(("means", "met"), [("service account", 5), *(("refresh token", met) for met in range(8))])
    def test_a_token_that_is_refused_in_the_midst_of_the_work_is_renewed(
        self, fake: FakeDrive, runner: Runner, means: str, met: int
    ) -> None:
        fake.plan("expired", after=met)
        assert put(runner.store(fake.env(means)), NAME, BODY).checked == "sha256"
        assert fake.calls.count("token") == (2 if met else 1)
        assert runner.seconds == 0
        assert len(fake.held(NAME)) == 1

    def test_a_token_is_renewed_before_it_ends(self, fake: FakeDrive, runner: Runner) -> None:
        store = runner.store(fake.env())
        store.stat(NAME)
        runner.seconds += 3500
        store.stat(NAME)
        assert fake.calls.count("token") == 1
        runner.seconds += 60
        store.stat(NAME)
        assert fake.calls.count("token") == 2

    @pytest.mark.parametrize("means", MEANS)
    def test_a_fresh_token_that_is_refused_too(self, fake: FakeDrive, runner: Runner, means: str) -> None:
        for _ in range(2):
            fake.plan("401 authError", "start")
        told = refusal(fake, runner.store(fake.env(means)))
        assert "token_expired" in told
        assert "fresh token" in told

    def test_a_token_somebody_made_is_warned_of_and_ends(self, fake: FakeDrive, runner: Runner) -> None:
        store = runner.store(fake.env("token"))
        assert "dies within an hour" in runner.told[0]
        put(store, "other", BODY)
        fake.tokens.revoke()
        told = refusal(fake, store)
        assert "token_expired" in told
        assert "GDRIVE_SERVICE_ACCOUNT" in told

    def test_a_download_renews_its_token_too(self, fake: FakeDrive, runner: Runner) -> None:
        fake.add(NAME, BODY)
        fake.plan("expired", "download")
        with runner.store(fake.env()).read(NAME) as pieces:
            assert b"".join(pieces) == BODY


class TestNoToken:
    def test_a_refresh_token_that_was_revoked(self, fake: FakeDrive, runner: Runner) -> None:
        fake.tokens.refresh_tokens.clear()
        told = refusal(fake, runner.store(fake.env("refresh token")))
        assert "token_expired" in told
        assert "GDRIVE_REFRESH_TOKEN was revoked" in told
        assert fake.calls == ["token"]

    def test_a_refresh_token_that_is_revoked_in_the_midst_of_the_work(self, fake: FakeDrive, runner: Runner) -> None:
        fake.hooks["chunk"] = fake.tokens.refresh_tokens.clear
        fake.plan("expired", "chunk")
        assert "token_expired" in refusal(fake, runner.store(fake.env("refresh token")))
        assert not fake.held(NAME)

    def test_another_client_than_the_token_was_made_for(self, fake: FakeDrive, runner: Runner) -> None:
        told = refusal(fake, runner.store({**fake.env("refresh token"), "GDRIVE_CLIENT_SECRET": "another"}))
        assert "invalid_client" in told
        assert "GDRIVE_CLIENT_ID" in told
        assert "token_expired" not in told

    def test_an_account_that_was_deleted(self, fake: FakeDrive, runner: Runner) -> None:
        key = {**fake.key(), "client_email": "gone@team.iam.example"}
        told = refusal(fake, runner.store({**fake.env(), "GDRIVE_SERVICE_ACCOUNT": json.dumps(key)}))
        assert "token_expired" in told
        assert "gone@team.iam.example" in told

    @pytest.mark.parametrize(("skew", "words"), [(3600, "s ahead of"), (-3600, "s behind")])
    def test_a_clock_that_is_wrong(self, fake: FakeDrive, runner: Runner, skew: int, words: str) -> None:
        runner.skew_seconds = skew
        told = refusal(fake, runner.store(fake.env()))
        assert words in told
        assert "clock of this machine" in told
        assert "token_expired" not in told

    def test_a_clock_that_is_a_little_wrong_does_no_harm(self, fake: FakeDrive, runner: Runner) -> None:
        runner.skew_seconds = -200
        assert put(runner.store(fake.env()), NAME, BODY).checked == "sha256"


class TestSettings:
    def test_the_key_may_be_a_file(self, fake: FakeDrive, runner: Runner, tmp_path: Path) -> None:
        (tmp_path / "key.json").write_text(json.dumps(fake.key()))
        for env in (
            {"GDRIVE_SERVICE_ACCOUNT": "key.json"},
            {"GOOGLE_APPLICATION_CREDENTIALS": str(tmp_path / "key.json")},
        ):
            assert runner.store({"LUMEN_GDRIVE_URL": fake.url, **env}).stat(NAME) is None

    def test_what_lasts_counts_before_what_passes(self, fake: FakeDrive, runner: Runner) -> None:
        runner.store({**fake.env("token"), **fake.env("refresh token")}).stat(NAME)
        assert fake.calls[0] == "token"
        assert not runner.told

    def test_google_itself_is_the_default(self, runner: Runner) -> None:
        env = {"GDRIVE_REFRESH_TOKEN": "r", "GDRIVE_CLIENT_ID": "c", "GDRIVE_CLIENT_SECRET": "s"}
        store = open_store(f"gdrive:{SHARED}", StoreOptions(env, runner.folder, print))
        calls = store._calls  # type: ignore[attr-defined]
        assert calls.address("/drive/v3/files", {}).startswith("https://www.googleapis.com/drive/v3/files")
        assert calls.access._grant.token_url.startswith("https://oauth2.googleapis.com/token")

    def test_all_that_is_wrong_is_said_at_once(self, tmp_path: Path) -> None:
        env = {"LUMEN_GDRIVE_URL": "ftp://drive.example", "GDRIVE_REFRESH_TOKEN": REFRESH_TOKEN}
        with pytest.raises(ConfigError) as caught:
            opened("gdrive:https://drive.example/drive/folders/abc?usp=sharing", StoreOptions(env, tmp_path, print))
        assert [problem.partition(":")[0] for problem in caught.value.problems] == [
            "store",
            "LUMEN_GDRIVE_URL",
            "GDRIVE_CLIENT_ID",
            "GDRIVE_CLIENT_SECRET",
        ]
        assert "/folders/" in caught.value.problems[0]

    @pytest.mark.parametrize(
        "url", ["http://drive.example", "https://user:word@drive.example", "https://drive.example?x=y", "drive.example"]
    )
    def test_no_token_goes_where_others_could_read_it(self, runner: Runner, url: str) -> None:
        with pytest.raises(ConfigError) as caught:
            runner.store({"LUMEN_GDRIVE_URL": url, "GDRIVE_TOKEN": "ya29.token"})
        [problem] = caught.value.problems
        assert problem.startswith("LUMEN_GDRIVE_URL: ")
        assert "word" not in problem

    def test_nothing_lets_us_in(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigError, match="set GDRIVE_SERVICE_ACCOUNT"):
            opened(f"gdrive:{SHARED}", StoreOptions({}, tmp_path, print))

    @pytest.mark.parametrize(
        ("changed", "words"),
        [
            ({"type": "external_account"}, "`external_account`"),
            ({"type": "authorized_user"}, "`service_account`"),
            ({"client_email": ""}, "lacks `client_email`"),
            ({"private_key": ""}, "`private_key`"),
            ({"private_key": "-----BEGIN PRIVATE KEY-----\nno key\n-----END PRIVATE KEY-----"}, "no RSA key"),
            ({"token_uri": "ftp://token.example"}, "`token_uri`"),
            ({"token_uri": "http://token.example/token"}, "use https"),
        ],
    )
    def test_a_key_that_is_none(self, fake: FakeDrive, runner: Runner, changed: dict[str, str], words: str) -> None:
        key = json.dumps({**fake.key(), **changed})
        with pytest.raises(ConfigError) as caught:
            runner.store({**fake.env(), "GDRIVE_SERVICE_ACCOUNT": key})
        [problem] = caught.value.problems
        assert problem.startswith("GDRIVE_SERVICE_ACCOUNT: ")
        assert words in problem
        assert not [secret for secret in fake.secrets if secret in problem]

    @pytest.mark.parametrize("given", ["no-such-file.json", "{", "[]", '{"type":', pem(), "x" * 5000, "a\0b"])
    def test_a_key_that_cannot_be_read(self, fake: FakeDrive, runner: Runner, given: str) -> None:
        with pytest.raises(ConfigError) as caught:
            runner.store({**fake.env(), "GDRIVE_SERVICE_ACCOUNT": given})
        [problem] = caught.value.problems
        assert problem.startswith("GDRIVE_SERVICE_ACCOUNT: ")
        assert pem().splitlines()[1] not in problem

    def test_a_token_with_a_line_break(self, fake: FakeDrive, runner: Runner) -> None:
        with pytest.raises(ConfigError, match="GDRIVE_TOKEN: it holds"):
            runner.store({"LUMEN_GDRIVE_URL": fake.url, "GDRIVE_TOKEN": "ya29.first\nsecond"})

    def test_what_lets_us_in_is_in_no_representation(self, fake: FakeDrive, runner: Runner) -> None:
        for means in (*MEANS, "token"):
            access = runner.store(fake.env(means))._calls.access  # type: ignore[attr-defined]
            shown = f"{access!r} {vars(access)!r}" if means != "token" else repr(access)
            assert not [secret for secret in (*fake.secrets, CLIENT_SECRET) if secret in shown]


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"private_key": "another"}, "Signature"),
        ({"audience": "https://other.example"}, "audience"),
        ({"scope": "https://www.googleapis.com/auth/drive.readonly"}, "scope"),
        ({"now_s": 1_700_000_000}, "timeframe"),
        ({"email": "nobody@team.iam.example"}, "not found"),
    ],
)
def test_the_stand_in_takes_no_assertion_that_google_would_refuse(changed: dict[str, str | int], words: str) -> None:
    """Else the tests above would show nothing."""
    sound = {
        "email": EMAIL,
        "private_key": pem(),
        "key_id": "key-1",
        "scope": SCOPE,
        "audience": AUDIENCE,
        "now_s": int(time.time()),
    }

    def answered(stated: dict[str, str | int]) -> object:
        form = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": service_account_jwt(**stated)}  # type: ignore[arg-type]
        return Tokens().answer("application/x-www-form-urlencoded", urlencode(form).encode())

    assert answered(sound)
    if "private_key" in changed:
        other = rsa.generate_private_key(65537, 2048)
        changed = {"private_key": pem_of(other)}
    with pytest.raises(Denial) as caught:
        answered({**sound, **changed})
    assert words in caught.value.told

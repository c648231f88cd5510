"""The whole way of an archive, frozen, uploaded, verified and restored, with a fault at every request of every store.

Whatever happens, the bytes are the same or somebody is told: there is no receipt, no `ok` and no file that is wrong.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path

import fakedrive
import fakedropbox
import frozenfiles
import pytest
from fakedrive import SHARED, FakeDrive
from fakedropbox import FakeDropbox
from frozenfiles import ID, KEYS, quiet, write_files
from s3faults import BUCKET, Asked, Fate, StrictS3

from lumen_action.archive.local import Frozen
from lumen_action.archive.restoring import copies_of, fetch
from lumen_action.archive.stores import Store
from lumen_action.archive.stores.opening import StoreOptions, open_store
from lumen_action.archive.stores.reading import whole
from lumen_action.archive.unpacking import Keep
from lumen_action.archive.uploading import Upload, upload
from lumen_action.archive.verifying import Expected, Finding, Level, Means, Verdict, verify
from lumen_action.errors import LumenError
from lumen_action.http import Timing

pytestmark = pytest.mark.slow

FILES = {"report.html": b"<p>all is well</p>" * 500, "empty": b"", "data/one": b"1"}
# Nothing here waits: what passes has passed by the next try.
TIMING = Timing(sleep=lambda _: None, chance=lambda: 0.0)
S3_FATES = {
    "unheard": Fate(deed="unheard"),
    "cut": Fate(deed="cut"),
    "lost": Fate(deed="lost"),
    "half": Fate(deed="half"),
    "reset": Fate(deed="reset"),
    "flip": Fate(deed="flip"),
    "503": Fate(503, "SlowDown"),
    "429": Fate(429, "TooManyRequests", {"Retry-After": "7"}),
    "409": Fate(409, "ConditionalRequestConflict"),
    "skew": Fate(403, "RequestTimeTooSkewed"),
    "expired": Fate(400, "ExpiredToken"),
}


@dataclass(frozen=True)
class World:
    """A store and the means to break it."""

    open: Callable[[], Store]
    strike: Callable[[int, str], None]
    """Let a fault meet the request of this number from now on, 0 for the next."""
    calm: Callable[[], None]
    """Forget the faults that met nobody."""
    asked: Callable[[], int]
    """How many requests there have been."""


@contextmanager
def dropbox(tmp_path: Path, _env: pytest.MonkeyPatch) -> Iterator[World]:
    with FakeDropbox(tmp_path / "account").serving() as fake:
        options = StoreOptions(fake.env, tmp_path, print, TIMING)
        yield World(
            lambda: open_store("dropbox:/evidence", options),
            lambda number, fault: fake.faults.update({len(fake.asked) + number: fault}),
            fake.faults.clear,
            lambda: len(fake.asked),
        )


@contextmanager
def drive(tmp_path: Path, _env: pytest.MonkeyPatch) -> Iterator[World]:
    with FakeDrive().running() as fake:
        options = StoreOptions(fake.env(), tmp_path, print, TIMING)
        yield World(
            lambda: open_store(f"gdrive:{SHARED}", options),
            lambda number, fault: fake.plan(fault, after=number),
            fake._plans.clear,
            lambda: len(fake.asked),
        )


@contextmanager
def s3(tmp_path: Path, env: pytest.MonkeyPatch) -> Iterator[World]:
    planned: dict[int, str] = {}
    count = itertools.count()
    seen: list[int] = []

    def faults(_asked: Asked) -> Fate | None:
        seen.append(next(count))
        fault = planned.pop(seen[-1], "")
        return S3_FATES[fault] if fault else None

    with StrictS3(faults).serving() as (_, url):
        for name, value in {
            "AWS_ENDPOINT_URL": url,
            "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "geheim",
            "AWS_REGION": "eu-central-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "HOME": str(tmp_path),
        }.items():
            env.setenv(name, value)
        options = StoreOptions({}, tmp_path, print, TIMING)
        yield World(
            lambda: open_store(f"s3://{BUCKET}/lumen", options),
            lambda number, fault: planned.update({len(seen) + number: fault}),
            planned.clear,
            lambda: len(seen),
        )


WORLDS = {"dropbox": dropbox, "gdrive": drive, "s3": s3}
# A server that is slow is slow for each of hundreds of requests: the stores' own tests have it.
FAULTS = [
    *(("dropbox", fault) for fault in (*fakedropbox.BREAKS, *fakedropbox.REFUSALS, *fakedropbox.LIES)),
    *(("gdrive", fault) for fault in (*fakedrive.BROKEN, "expired", "flip", "nosha", "half", "gone")),
    *(("s3", fault) for fault in S3_FATES),
]
LIES = {"flip", *fakedropbox.LIES}
FAULTS = [(kind, fault) for kind, fault in FAULTS if fault != "slow"]


@pytest.fixture(scope="module")
def frozen(tmp_path_factory: pytest.TempPathFactory) -> Frozen:
    folder = tmp_path_factory.mktemp("road")
    write_files(folder / "reports", FILES)
    return frozenfiles.frozen(folder, folder / "archives", ["reports"])


def uploaded(frozen: Frozen, store: Store) -> Upload:
    (done,) = upload(frozen, [store], lambda label: KEYS.proves(label) is True, lambda _: quiet, TIMING)
    return done


def verified(frozen: Frozen, store: Store) -> Finding:
    return verify(Expected(ID, local=frozen.label), store, Level.CONTENT, Means(KEYS, TIMING), quiet)


def restored(store: Store) -> dict[str, bytes]:
    """Return the files that a store gives back."""
    files: dict[str, list[bytes]] = {}

    def begin() -> tuple[Keep, None]:
        files.clear()
        return (lambda path, _mode: nullcontext(files.setdefault(path, []).append)), None

    found = copies_of([store], ID.pipeline, ID.day, print, TIMING)
    fetch(ID, found.get(ID, []), KEYS, begin, lambda _: quiet, print)
    return {name.removeprefix("reports/"): b"".join(pieces) for name, pieces in files.items()}


def held(store: Store) -> bytes | None:
    """Return what really stands in the store."""
    return b"".join(whole(store, ID.sealed, TIMING)) if store.stat(ID.sealed) else None


@pytest.mark.parametrize(("kind", "fault"), FAULTS)
def test_a_fault_at_any_request_is_outlived_or_told(
    frozen: Frozen, kind: str, fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sealed = frozen.sealed.read_bytes()
    met = 0
    for number in itertools.count():
        folder = tmp_path / str(number)
        folder.mkdir()
        with WORLDS[kind](folder, monkeypatch) as world, ExitStack() as runs:
            # Three runs of the program, each with its own connections and tokens.
            first_run, next_run, last_run = (runs.enter_context(closing(world.open())) for _ in range(3))
            world.strike(number, fault)
            first = uploaded(frozen, first_run)
            within = world.asked() > number
            world.calm()
            if first.receipt:
                assert held(next_run) == sealed
            again = uploaded(frozen, next_run)
            assert again.receipt, again.told
            assert held(next_run) == sealed
            for look in (_verified, _restored):
                before = world.asked()
                world.strike(number, fault)
                look(frozen, last_run, lies=fault in LIES)
                within = within or world.asked() - before > number
                world.calm()
        met += 1
        if not within:
            break
    assert met > 4


def _verified(frozen: Frozen, store: Store, *, lies: bool) -> None:
    finding = verified(frozen, store)
    # Nothing there is wrong, so only a store that lies makes it look so; one that fails does not.
    assert finding.verdict in (Verdict.OK, Verdict.UNVERIFIABLE, *((Verdict.MISMATCH,) if lies else ()))
    assert (finding.verdict is Verdict.OK) == (finding.reached is Level.CONTENT)


def _restored(_frozen: Frozen, store: Store, *, lies: bool) -> None:
    del lies
    with suppress(LumenError):
        assert restored(store) == FILES

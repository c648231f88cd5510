"""Dependencies come from what a machine offers, once, checked, never from the workspace; with real installers."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

import pytest

from lumen_action.bootstrap import PROVIDES
from lumen_action.bootstrap.sites import ABANDONED_AFTER_SECONDS, FOLDER

ROOT = Path(__file__).resolve().parents[2]
LOCK = ROOT / "locks" / "core.txt"
DRIVER = """
import sys
sys.path.insert(0, sys.argv[1])
from lumen_action import bootstrap
bootstrap.install()
for module in sys.argv[2:]:
    try:
        print(__import__(module).__file__)
    except ImportError as fault:
        print(type(fault).__name__, fault, sep="\\n")
"""
UNREACHABLE = {
    "PIP_INDEX_URL": "http://127.0.0.1:1/simple",
    "PIP_CONFIG_FILE": os.devnull,
    "PIP_RETRIES": "0",
    "UV_HTTP_RETRIES": "0",
    "UV_NO_CACHE": "1",
    "PIP_NO_CACHE_DIR": "1",
}
NAMED_INDEXES = ("PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "UV_DEFAULT_INDEX", "UV_INDEX", "UV_INDEX_URL")
UV = shutil.which("uv", path=os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"])))
SYSTEM_PYTHON = Path("/usr/bin/python3")

needs_pip = pytest.mark.skipif(find_spec("pip") is None, reason="this Python has no pip")
needs_uv = pytest.mark.skipif(UV is None, reason="uv is not installed")


@dataclass
class Machine:
    """A machine without tools or network, on which a command imports what it needs."""

    home: Path
    python: Path = Path(sys.executable)
    action: Path = ROOT
    environ: dict[str, str] = field(default_factory=dict)

    @property
    def tool_cache(self) -> Path:
        return self.home / "tool cache"

    @property
    def prepared(self) -> list[Path]:
        """Return what lies in the tool cache, finished or not."""
        return sorted((self.tool_cache / FOLDER).iterdir()) if (self.tool_cache / FOLDER).is_dir() else []

    def environment(self, more: Mapping[str, str]) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("LUMEN_", "RUNNER_"))}
        own = {"RUNNER_TOOL_CACHE": str(self.tool_cache), "HOME": str(self.home), "PATH": str(self.home / "bin")}
        return {**kept, **own, **self.environ, **more}

    def start(self, *modules: str, **more: str) -> subprocess.Popen[str]:
        (self.home / "workspace").mkdir(exist_ok=True)
        return subprocess.Popen(
            [str(self.python), "-I", "-c", DRIVER, str(self.action), *modules],
            cwd=self.home / "workspace",
            env=self.environment(more),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )

    def imports(self, *modules: str, **more: str) -> tuple[list[str], str]:
        """Return what importing each module printed, and what was said beside it."""
        with self.start(*modules, **more) as process:
            out, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
        return out.splitlines(), err


def offline() -> dict[str, str]:
    return {**UNREACHABLE, **dict.fromkeys(NAMED_INDEXES, "")}


@pytest.fixture(scope="session")
def wheelhouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder filled by the command that docs/bootstrap.md names."""
    folder = tmp_path_factory.mktemp("wheel house")
    how = ("--require-hashes", "--only-binary", ":all:", "--no-deps", "--quiet", "--disable-pip-version-check")
    pip = [sys.executable, "-m", "pip", "download", *how, "-r", str(LOCK), "-d", str(folder)]
    done = subprocess.run(pip, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    (tmp_path / "bin").mkdir()
    return Machine(tmp_path)


@pytest.fixture
def air_gapped(machine: Machine, wheelhouse: Path) -> Machine:
    machine.environ |= {**offline(), "LUMEN_WHEELHOUSE": str(wheelhouse)}
    return machine


@pytest.fixture
def without_pip(tmp_path: Path) -> Path:
    """Return a Python that has no pip, as some images and distributions ship it."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "bare")], check=True)
    return tmp_path / "bare" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def assert_imported_from(machine: Machine, printed: list[str]) -> None:
    (site,) = machine.prepared
    assert printed
    assert all(Path(file).is_relative_to(site) for file in printed), printed


def test_a_wheelhouse_is_enough_without_network_pip_or_uv(air_gapped: Machine, without_pip: Path) -> None:
    air_gapped.python = without_pip
    printed, said = air_gapped.imports(*PROVIDES["core"])
    assert_imported_from(air_gapped, printed)
    assert "prepared core dependencies with wheelhouse" in said


@needs_uv
def test_uv_is_taken_where_it_is_on_the_path(machine: Machine) -> None:
    printed, said = machine.imports(*PROVIDES["core"], PATH=str(Path(UV or "").parent))
    assert_imported_from(machine, printed)
    assert "with uv in" in said


@needs_pip
def test_pip_serves_with_nothing_on_the_path(machine: Machine) -> None:
    printed, said = machine.imports(*PROVIDES["core"])
    assert_imported_from(machine, printed)
    assert "with pip in" in said


@pytest.mark.skipif(find_spec("ensurepip") is None, reason="this Python has no ensurepip")
def test_a_python_without_pip_makes_one_and_leaves_no_trace(machine: Machine, without_pip: Path) -> None:
    machine.python = without_pip
    printed, said = machine.imports("requests")
    assert_imported_from(machine, printed)
    assert "with ensurepip in" in said
    assert not (machine.prepared[0] / "pip").exists()


@pytest.mark.skipif(
    not any(Path("/usr/lib").glob("python3*/EXTERNALLY-MANAGED")), reason="this system's Python lets everybody install"
)
def test_the_systems_own_python_that_refuses_installs_serves_too(machine: Machine) -> None:
    machine.python = SYSTEM_PYTHON
    printed, _ = machine.imports("requests")
    assert_imported_from(machine, printed)


@needs_pip
def test_settings_that_would_send_the_packages_elsewhere_do_not_count(machine: Machine) -> None:
    machine.environ |= {
        "PIP_USER": "1",
        "PIP_REQUIRE_VIRTUALENV": "1",
        "PIP_PREFIX": "/nowhere",
        "PIP_ROOT": "/nowhere",
    }
    printed, _ = machine.imports("requests")
    assert_imported_from(machine, printed)


def test_the_second_call_installs_nothing(air_gapped: Machine, without_pip: Path) -> None:
    first, _ = air_gapped.imports("requests")
    (site,) = air_gapped.prepared
    made = site.stat().st_ino
    second, said = air_gapped.imports("requests", LUMEN_WHEELHOUSE="")
    assert (second, said, site.stat().st_ino) == (first, "", made)
    assert without_pip.exists()


def test_importing_the_standard_library_prepares_nothing(air_gapped: Machine) -> None:
    assert air_gapped.imports("json", "urllib.request", "sqlite3")[1] == ""
    assert air_gapped.prepared == []


def test_many_processes_at_once_leave_one_directory(air_gapped: Machine) -> None:
    processes = [air_gapped.start("requests", "urllib3") for _ in range(6)]
    answers = [process.communicate(timeout=120) for process in processes]
    assert [process.returncode for process in processes] == [0] * 6, answers
    assert len({out for out, _ in answers}) == 1
    assert_imported_from(air_gapped, answers[0][0].splitlines())


def poisoned(folder: Path) -> Path:
    """Fill a folder with modules that end the program when imported."""
    folder.mkdir(exist_ok=True)
    for module in ("json", "subprocess", "pip", "requests", "urllib3", "sitecustomize", "hashlib"):
        (folder / f"{module}.py").write_text("raise SystemExit('poisoned')\n", encoding="utf-8")
    (folder / "uv.toml").write_text("[pip]\nindex-url = 'http://127.0.0.1:1/'\n", encoding="utf-8")
    return folder


@needs_pip
def test_neither_the_workspace_nor_pythonpath_reaches_the_installer(machine: Machine) -> None:
    folder = poisoned(machine.home / "workspace")
    printed, said = machine.imports("requests", PYTHONPATH=str(folder))
    assert_imported_from(machine, printed)
    assert "poisoned" not in said


@needs_uv
def test_the_workspace_cannot_tell_uv_where_to_fetch(machine: Machine) -> None:
    poisoned(machine.home / "workspace")
    _, said = machine.imports("requests", PATH=str(Path(UV or "").parent))
    assert "with uv in" in said


def test_a_uv_of_the_workspace_is_never_started(air_gapped: Machine) -> None:
    workspace = poisoned(air_gapped.home / "workspace")
    (workspace / "uv").write_text(f'#!/bin/sh\n: > "{workspace}/started"\n', encoding="utf-8")
    (workspace / "uv").chmod(0o755)
    for path in (".", str(workspace)):
        air_gapped.imports("requests", LUMEN_WHEELHOUSE="", PATH=path)
    assert not (workspace / "started").exists()


def test_a_package_of_the_machine_does_not_hide_ours(air_gapped: Machine, without_pip: Path) -> None:
    (installed,) = (without_pip.parent.parent / "lib").glob("python3*/site-packages")
    poisoned(installed)
    (installed / "sitecustomize.py").unlink()
    air_gapped.python = without_pip
    printed, _ = air_gapped.imports("requests", "urllib3")
    assert_imported_from(air_gapped, printed)


def test_paths_may_hold_blanks_and_other_letters(air_gapped: Machine, tmp_path: Path) -> None:
    air_gapped.action = tmp_path / "the action é"
    shutil.copytree(ROOT / "lumen_action" / "bootstrap", air_gapped.action / "lumen_action" / "bootstrap")
    shutil.copy(ROOT / "lumen_action" / "__init__.py", air_gapped.action / "lumen_action")
    shutil.copytree(LOCK.parent, air_gapped.action / "locks")
    printed, _ = air_gapped.imports("requests")
    assert_imported_from(air_gapped, printed)
    assert " " in printed[0]


def test_the_stray_package_of_a_wheel_is_removed(air_gapped: Machine) -> None:
    air_gapped.imports("actions_toolkit")
    (site,) = air_gapped.prepared
    assert {"tests", "bin"} & {entry.name for entry in site.iterdir()} == set()


CHANGES = (
    ("requests/__init__.py", "raise SystemExit('poisoned')\n"),
    ("requests/json.py", ""),
    ("brotli.py", "raise SystemExit('poisoned')\n"),
)


@pytest.mark.parametrize(("name", "text"), CHANGES)
def test_a_changed_tool_cache_is_noticed_and_prepared_anew(air_gapped: Machine, name: str, text: str) -> None:
    first, _ = air_gapped.imports("requests")
    (site,) = air_gapped.prepared
    (site / name).write_text(text, encoding="utf-8")
    second, said = air_gapped.imports("requests")
    assert second == first
    assert "was changed since it was prepared" in said
    assert_imported_from(air_gapped, second)
    assert air_gapped.imports("requests") == (first, "")


def test_a_changed_wheel_is_refused_and_named(air_gapped: Machine, wheelhouse: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(wheelhouse, tmp_path / "copy")
    (wheel,) = copy.glob("idna-*.whl")
    wheel.write_bytes(wheel.read_bytes() + b"\0")
    printed, _ = air_gapped.imports("requests", LUMEN_WHEELHOUSE=str(copy))
    assert f"{wheel.name} is not the file the lock names" in "\n".join(printed)
    assert air_gapped.prepared == []


def test_what_a_killed_process_left_is_never_used_and_is_swept_later(air_gapped: Machine) -> None:
    fresh, old = (air_gapped.tool_cache / FOLDER / f".preparing-{name}" for name in ("fresh", "old"))
    for folder in (fresh, old):
        (folder / "pip" / "requests").mkdir(parents=True)
    long_ago = old.stat().st_mtime - ABANDONED_AFTER_SECONDS - 60
    os.utime(old, (long_ago, long_ago))
    printed, _ = air_gapped.imports("requests")
    assert air_gapped.prepared == [fresh, *(site for site in air_gapped.prepared if site != fresh)]
    assert not old.exists()
    assert FOLDER in printed[0]
    assert ".preparing" not in printed[0]


def test_the_next_place_serves_where_the_tool_cache_takes_no_files(air_gapped: Machine) -> None:
    air_gapped.tool_cache.write_text("not a folder\n", encoding="utf-8")
    printed, _ = air_gapped.imports("requests", RUNNER_TEMP=str(air_gapped.home / "temp"))
    assert Path(printed[0]).is_relative_to(air_gapped.home / "temp" / FOLDER)


def test_without_any_way_the_import_fails_with_all_that_was_tried_and_what_helps(machine: Machine) -> None:
    machine.environ |= offline()
    printed, said = machine.imports("requests")
    assert said == ""
    assert printed[0] == "BootstrapError"
    assert printed[1] == "The packages pinned in locks/core.txt could not be prepared. Tried:"
    document = "\n".join(printed)
    for way in ("wheelhouse: LUMEN_WHEELHOUSE is not set", "uv: not on the PATH", "pip: ", "ensurepip: "):
        assert f"\n  {way}" in document
    for remedy in ("PIP_INDEX_URL", "actions/setup-python", "LUMEN_WHEELHOUSE to a directory", "docs/image.md"):
        assert remedy in document
    assert machine.prepared == []


@pytest.mark.skipif(os.name == "nt", reason="the stand-in is a shell script")
def test_after_a_failure_the_installers_are_not_started_again(machine: Machine) -> None:
    machine.environ |= offline()
    tally = machine.home / "tally"
    uv = machine.home / "bin" / "uv"
    uv.write_text(f'#!/bin/sh\necho "$*" >> "{tally}"\necho "https://me:secret@host/ refused" >&2\nexit 3\n')
    uv.chmod(0o755)
    printed, _ = machine.imports("requests", "urllib3", "requests", PATH=f"{uv.parent}:/bin:/usr/bin")
    (call,) = tally.read_text(encoding="utf-8").splitlines()
    assert {"--require-hashes", "--only-binary", "--no-deps"} <= set(call.split())
    document = "\n".join(printed)
    assert document.count("The packages pinned in") == 3
    assert "  uv: exit 3\n    https://***@host/ refused\n" in document
    assert "secret" not in document

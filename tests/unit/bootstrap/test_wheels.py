"""Wheels are picked by their names, proven by their hashes, and unpacked without an installer."""

from __future__ import annotations

import hashlib
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lumen_action.bootstrap import PROVIDES
from lumen_action.bootstrap.sites import LOCKS
from lumen_action.bootstrap.wheels import UNFIT, Pin, WheelhouseError, fit, pins, unpack

HERE = f"cp3{sys.version_info.minor}"
NEXT = f"cp3{sys.version_info.minor + 1}"
PIN = Pin("some-pkg", "1.2", frozenset())


def wheel(folder: Path, name: str, files: Mapping[str, str]) -> str:
    """Write a wheel and return the line that locks it."""
    folder.mkdir(exist_ok=True)
    with zipfile.ZipFile(folder / name, "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)
    project, version = name.split("-")[:2]
    digest = hashlib.sha256((folder / name).read_bytes()).hexdigest()
    return f"{project.replace('_', '-')}=={version} \\\n    --hash=sha256:{digest}\n"


def test_the_locks_are_read_completely() -> None:
    names = []
    for lock in PROVIDES:
        text = (LOCKS / f"{lock}.txt").read_text(encoding="utf-8")
        found = pins(text)
        assert text.count("==") == len(found)
        assert text.count("--hash=sha256:") == sum(len(pin.hashes) for pin in found)
        names += [pin.name for pin in found]
    assert len(names) == len(set(names)), "a distribution stands in one lock only"
    assert {"requests", "urllib3", "actions-toolkit", "boto3", "cryptography", "reportlab"} <= set(names)


def test_a_lock_names_neither_a_place_nor_a_condition() -> None:
    for lock in PROVIDES:
        lines = (LOCKS / f"{lock}.txt").read_text(encoding="utf-8").splitlines()
        assert [line for line in lines if not line.startswith("#") and (";" in line or "//" in line)] == []


@pytest.mark.parametrize(
    ("name", "fits"),
    [
        ("some_pkg-1.2-py3-none-any.whl", True),
        ("Some.Pkg-1.2-py2.py3-none-any.whl", True),
        ("some_pkg-1.2-1-py3-none-any.whl", True),
        (f"some_pkg-1.2-{HERE}-none-any.whl", True),
        ("some_pkg-1.2-py2-none-any.whl", False),
        ("some_pkg-1.3-py3-none-any.whl", False),
        ("other-1.2-py3-none-any.whl", False),
        (f"some_pkg-1.2-{NEXT}-none-any.whl", False),
        ("some_pkg-1.2-py3-none-plan9_vax.whl", False),
        ("some_pkg-1.2-py3-none-manylinux_9_99_x86_64.whl", False),
        ("some_pkg-1.2-py3-none-manylinux_2_17_vax.whl", False),
        ("some_pkg-1.2.whl", False),
    ],
)
def test_a_wheel_fits_by_its_name(name: str, fits: bool) -> None:  # noqa: FBT001 - a case
    assert (fit(name, PIN) > UNFIT) is fits


@pytest.mark.skipif(sys.platform != "linux", reason="about tags of Linux")
def test_a_compiled_wheel_is_preferred_the_nearer_the_better() -> None:
    from platform import machine

    from lumen_action.bootstrap.sites import glibc

    kind = "manylinux_2_17" if glibc() else "musllinux_1_2"
    names = [
        "some_pkg-1.2-py3-none-any.whl",
        f"some_pkg-1.2-cp38-abi3-{kind}_{machine()}.whl",
        f"some_pkg-1.2-{HERE}-abi3-{kind}_{machine()}.whl",
        f"some_pkg-1.2-{HERE}-{HERE}-{kind}_{machine()}.whl",
    ]
    assert sorted(names, key=lambda name: fit(name, PIN)) == names
    assert all(fit(name, PIN) > UNFIT for name in names)
    other = "musllinux_1_2" if glibc() else "manylinux_2_17"
    assert fit(f"some_pkg-1.2-{HERE}-{HERE}-{other}_{machine()}.whl", PIN) == UNFIT


@given(st.text(max_size=60))
def test_any_file_name_is_judged_without_a_fault(name: str) -> None:
    assert fit(name + ".whl", PIN) == UNFIT


def test_code_is_unpacked_and_scripts_are_not(tmp_path: Path) -> None:
    files = {
        "pkg/__init__.py": "a = 1\n",
        "pkg-1.0.data/purelib/more/__init__.py": "",
        "pkg-1.0.data/scripts/run": "#!",
        "../../outside.py": "",
        "pkg-1.0.dist-info/RECORD": "",
    }
    lock = wheel(tmp_path / "wheels", "pkg-1.0-py3-none-any.whl", files)
    unpack(lock, tmp_path / "wheels", tmp_path / "site")
    placed = {
        file.relative_to(tmp_path / "site").as_posix() for file in (tmp_path / "site").rglob("*") if file.is_file()
    }
    assert placed == {"pkg/__init__.py", "more/__init__.py", "outside.py", "pkg-1.0.dist-info/RECORD"}


def test_everything_that_is_missing_or_wrong_is_named_before_a_file_is_written(tmp_path: Path) -> None:
    wheels = tmp_path / "wheels"
    good = wheel(wheels, "good-1.0-py3-none-any.whl", {"good.py": ""})
    changed = wheel(wheels, "changed-1.0-py3-none-any.whl", {"changed.py": ""})
    wheel(wheels, "changed-1.0-py3-none-any.whl", {"changed.py": "evil = True\n"})
    absent = wheel(tmp_path / "elsewhere", "absent-1.0-py3-none-any.whl", {"absent.py": ""})
    with pytest.raises(WheelhouseError) as raised:
        unpack(good + changed + absent, wheels, tmp_path / "site")
    first, second = str(raised.value).splitlines()
    assert first.startswith("changed-1.0-py3-none-any.whl is not the file the lock names (sha256 ")
    assert second == "no wheel of absent 1.0 for this Python and system"
    assert not (tmp_path / "site").exists()

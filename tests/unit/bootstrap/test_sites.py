"""A prepared directory is named by what it depends on and used only as it was sealed."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from lumen_action import bootstrap
from lumen_action.bootstrap import BootstrapError, Finder, put_on_path
from lumen_action.bootstrap.sites import SEAL, candidates, interpreter_tag, private, ready, sealed, sums, usable


@pytest.fixture
def site(tmp_path: Path) -> Path:
    folder = tmp_path / "place" / "site"
    (folder / "pkg").mkdir(parents=True)
    (folder / "pkg" / "__init__.py").write_text("a = 1\n", encoding="utf-8")
    (folder / SEAL).write_text(sums(folder), encoding="utf-8")
    return folder


CHANGES: dict[str, Callable[[Path], object]] = {
    "a file says something else": lambda s: (s / "pkg" / "__init__.py").write_text("a = 2\n", encoding="utf-8"),
    "a file was cut": lambda s: (s / "pkg" / "__init__.py").write_bytes(b""),
    "a file is gone": lambda s: (s / "pkg" / "__init__.py").unlink(),
    "a module was added": lambda s: (s / "brotli.py").write_text("", encoding="utf-8"),
    "a compiled module was added": lambda s: (s / "pkg" / "__init__.cpython-399.pyc").write_bytes(b"x"),
    "a linked folder was added": lambda s: (s / "brotli").symlink_to(s / "pkg"),
    "the seal is gone": lambda s: (s / SEAL).unlink(),
    "the seal is not text": lambda s: (s / SEAL).write_bytes(b"\xff"),
}


def test_an_untouched_directory_is_used(site: Path) -> None:
    assert sealed(site)
    assert usable(site)


def test_a_copy_is_as_good_as_the_original(site: Path, tmp_path: Path) -> None:
    assert sealed(shutil.copytree(site, tmp_path / "copy"))


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_directory_is_set_aside(site: Path, change: str, capsys: pytest.CaptureFixture[str]) -> None:
    CHANGES[change](site)
    assert not usable(site)
    assert list(site.parent.iterdir()) == []
    assert capsys.readouterr().err == f"lumen: {site} was changed since it was prepared; preparing it anew\n"


def test_the_places_are_asked_best_first(tmp_path: Path) -> None:
    names = ("RUNNER_TOOL_CACHE", "RUNNER_TEMP", "XDG_CACHE_HOME", "HOME")
    found = list(candidates({name: str(tmp_path / name) for name in names}))
    assert [place.relative_to(tmp_path).parts[0] for place in found[: len(names)]] == list(names)


@pytest.mark.skipif(sys.platform == "win32", reason="about POSIX permissions")
def test_a_folder_that_others_may_write_is_not_trusted_where_everybody_can_make_it(tmp_path: Path) -> None:
    assert private(tmp_path / "absent")
    (tmp_path / "mine").mkdir(mode=0o755)
    assert private(tmp_path / "mine")
    (tmp_path / "mine").chmod(0o777)
    assert not private(tmp_path / "mine")


def test_the_tag_names_this_interpreter() -> None:
    assert f"3{sys.version_info.minor}" in interpreter_tag()


def test_a_baked_directory_is_taken_as_it_is(tmp_path: Path) -> None:
    assert ready("core", {"LUMEN_SITE": str(tmp_path)}) == tmp_path.resolve()


def test_a_baked_directory_that_is_absent_is_named(tmp_path: Path) -> None:
    with pytest.raises(BootstrapError, match=r"LUMEN_SITE is .*absent, which is not a directory"):
        ready("core", {"LUMEN_SITE": str(tmp_path / "absent")})


def test_a_directory_goes_after_the_standard_library_and_before_what_is_installed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "path", ["/action", "/lib/python3.11", "/venv/site-packages", "/usr/dist-packages"])
    put_on_path("/first")
    put_on_path("/second")
    put_on_path("/first")
    assert sys.path == ["/action", "/lib/python3.11", "/first", "/second", "/venv/site-packages", "/usr/dist-packages"]


def test_only_pinned_modules_are_prepared_and_each_lock_is_asked_once_when_it_fails() -> None:
    asked = []

    def refuse(lock: str) -> str:
        asked.append(lock)
        raise BootstrapError(f"no {lock}")

    finder = Finder(refuse)
    finder.find_spec("json")
    finder.find_spec("requests.adapters")
    assert asked == []
    for module in ("boto3", "cryptography", "boto3"):
        with pytest.raises(ImportError, match="no archive"):
            finder.find_spec(module)
    with pytest.raises(ImportError, match="no core"):
        finder.find_spec("requests")
    assert asked == ["archive", "core"]


def test_a_module_belongs_to_one_lock() -> None:
    assert len(bootstrap.LOCK_OF) == sum(len(modules) for modules in bootstrap.PROVIDES.values())

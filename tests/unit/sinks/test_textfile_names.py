"""Where the textfile sink writes."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lumen_action.errors import ConfigError, RemoteError
from lumen_action.sinks import Family, Group, Sample
from lumen_action.sinks.textfile import Textfile, file_name, problems


def group(pipeline: str, runs: int = 1, **labels: str) -> Group:
    family = Family("lumen_runs_total", "counter", "Runs.", (Sample(runs, {}),))
    return Group({"pipeline": pipeline, **labels}, (family,))


def names_in(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def test_a_plain_name_is_kept() -> None:
    assert file_name("nightly_build-2") == "lumen-nightly_build-2.prom"


@pytest.mark.parametrize(
    "pipeline", ["", "..", "../../etc/cron.d/x", "a\x00b", "Nightly", "야간 보고", "x" * 300, "CON"]
)
def test_any_other_name_becomes_safe_and_stays_readable(pipeline: str) -> None:
    assert re.fullmatch(r"lumen-[a-z0-9_-]{0,40}\.[0-9a-f]{16}\.prom", file_name(pipeline))


alike = st.text(alphabet="aA.-/ 0e\x00") | st.text()


@given(st.lists(alike | alike.map(lambda name: file_name(name)[6:-5]), unique=True, max_size=20))
def test_no_two_pipelines_share_a_file_even_where_case_is_not_seen(pipelines: list[str]) -> None:
    assert len({file_name(pipeline).lower() for pipeline in pipelines}) == len(pipelines)


def test_one_file_a_pipeline_with_all_its_groups(tmp_path: Path) -> None:
    groups = [group("a", region="eu"), group("a", region="us"), group("a"), group("b", region="eu")]
    assert Textfile(str(tmp_path)).publish(groups) == 4
    assert names_in(tmp_path) == ["lumen-a.prom", "lumen-b.prom"]
    assert (tmp_path / "lumen-a.prom").read_text().splitlines()[2:] == [
        'lumen_runs_total{pipeline="a",region="eu"} 1',
        'lumen_runs_total{pipeline="a",region="us"} 1',
        'lumen_runs_total{pipeline="a"} 1',
    ]


def test_the_collector_may_read_what_a_careful_umask_wrote(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        Textfile(str(tmp_path)).publish([group("a")])
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "lumen-a.prom").stat().st_mode) == 0o644


def test_publishing_again_replaces_the_file_and_a_reader_keeps_the_old_one_whole(tmp_path: Path) -> None:
    sink = Textfile(str(tmp_path))
    sink.publish([group("a", 1)])
    with (tmp_path / "lumen-a.prom").open() as reader:
        sink.publish([group("a", 2)])
        assert reader.read().endswith('{pipeline="a"} 1\n')
    assert (tmp_path / "lumen-a.prom").read_text().endswith('{pipeline="a"} 2\n')
    assert names_in(tmp_path) == ["lumen-a.prom"]


def test_a_missing_directory_is_a_wrong_setting_and_is_not_made(tmp_path: Path) -> None:
    missing = tmp_path / "textfile"
    assert problems(str(tmp_path)) == []
    with pytest.raises(ConfigError, match=r"textfile-dir: '.*' is not a directory; create it") as caught:
        Textfile(str(missing)).publish([group("a")])
    assert caught.value.problems == problems(str(missing))
    assert not missing.exists()


def test_a_file_that_cannot_be_replaced_is_named_and_nothing_is_left_behind(tmp_path: Path) -> None:
    (tmp_path / "lumen-a.prom").mkdir()
    with pytest.raises(RemoteError, match=r"textfile-dir: cannot write .*lumen-a\.prom: Is a directory"):
        Textfile(str(tmp_path)).publish([group("a")])
    assert names_in(tmp_path) == ["lumen-a.prom"]


def test_a_probe_finds_what_publishing_would_and_writes_nothing(tmp_path: Path) -> None:
    Textfile(str(tmp_path)).probe()
    assert names_in(tmp_path) == []
    with pytest.raises(ConfigError, match="textfile-dir"):
        Textfile(str(tmp_path / "missing")).probe()


def test_a_directory_that_may_not_be_written_is_told() -> None:
    as_nobody = (
        "import os, sys; from lumen_action.sinks.textfile import Textfile\n"
        "os.getuid() or os.setuid(65534)\n"  # root may write anywhere
        "Textfile(sys.argv[1]).probe()"
    )
    with tempfile.TemporaryDirectory() as directory:
        Path(directory).chmod(0o555)
        done = subprocess.run([sys.executable, "-c", as_nobody, directory], capture_output=True, text=True, check=False)
    assert "cannot be written by this user" in done.stderr

"""The textfile sink under a real node_exporter."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import servers

from lumen_action.model import ErrorClass
from lumen_action.sinks.series import PublishFacts, families
from lumen_action.sinks.textfile import Textfile, file_name
from lumen_action.sli.state import PipelineState, RegionState, State

FACTS = PublishFacts("1.2.3", 7)


def state(runs: int, *pipelines: str) -> State:
    region = RegionState("eu", runs=runs, success=runs - 1, failed={ErrorClass.BUILD: 1})
    return State(pipelines={name: PipelineState(name, regions={"eu": region}) for name in pipelines})


def shown(exporter: servers.Server, pattern: str) -> list[str]:
    return [line for line in servers.fetch(f"{exporter.url}/metrics").splitlines() if re.match(pattern, line)]


def test_node_exporter_shows_every_pipeline_without_an_error(
    tmp_path: Path, running: Callable[..., servers.Server]
) -> None:
    sink = Textfile(str(tmp_path))
    pipelines = ["nightly", "org/Release train", 'quo"te\n']
    groups = families(state(3, *pipelines), FACTS)
    assert sink.publish(groups) == sum(group.size for group in groups)
    exporter = running(servers.start_node_exporter, tmp_path)
    assert sorted(shown(exporter, "lumen_runs_total")) == [
        'lumen_runs_total{pipeline="nightly",region="eu"} 3',
        'lumen_runs_total{pipeline="org/Release train",region="eu"} 3',
        'lumen_runs_total{pipeline="quo\\"te\\n",region="eu"} 3',
    ]
    assert len(shown(exporter, "lumen_")) == sum(group.size for group in groups)
    assert shown(exporter, "node_textfile_scrape_error") == ["node_textfile_scrape_error 0"]
    assert shown(exporter, "# TYPE lumen_runs_total") == ["# TYPE lumen_runs_total counter"]


def test_the_next_publish_is_what_the_next_scrape_shows(tmp_path: Path, running: Callable[..., servers.Server]) -> None:
    sink = Textfile(str(tmp_path))
    exporter = running(servers.start_node_exporter, tmp_path)
    for runs in (3, 4):
        sink.publish(families(state(runs, "nightly"), FACTS))
        assert shown(exporter, "lumen_runs_total") == [f'lumen_runs_total{{pipeline="nightly",region="eu"}} {runs}']


def test_a_file_being_written_is_not_read(tmp_path: Path, running: Callable[..., servers.Server]) -> None:
    Textfile(str(tmp_path)).publish(families(state(3, "nightly"), FACTS))
    exporter = running(servers.start_node_exporter, tmp_path)
    half_written = "lumen_runs_total{pipeline="
    (tmp_path / f".{file_name('other')}.1234.abcd.tmp").write_text(half_written)
    assert shown(exporter, "node_textfile_scrape_error") == ["node_textfile_scrape_error 0"]
    (tmp_path / file_name("other")).write_text(half_written)
    assert shown(exporter, "node_textfile_scrape_error") == ["node_textfile_scrape_error 1"]

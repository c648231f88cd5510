"""`lumen archive keygen`: what it prints works as it is, and no log ever shows it."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from lumen_action.archive.keys import key_id, read_keys
from lumen_action.commands import World
from lumen_action.commands.archive import keygen
from lumen_action.errors import ConfigError

GITHUB = {
    "GITHUB_ACTIONS": "true",
    "GITHUB_REPOSITORY": "org/app",
    "GITHUB_RUN_ID": "7",
    "GITHUB_RUN_ATTEMPT": "1",
    "GITHUB_JOB": "freeze",
}
GITLAB = {"GITLAB_CI": "true", "CI_JOB_ID": "7", "CI_PIPELINE_ID": "8", "CI_PROJECT_PATH": "org/app"}


def generated(folder: Path, *words: str, env: Mapping[str, str] | None = None) -> tuple[str, str]:
    """Run it; return what it printed to both streams."""
    out, err = io.StringIO(), io.StringIO()
    world = World(env={"HOME": str(folder), **(env or {})}, folder=folder, stdout=out, stderr=err)
    assert keygen.run(keygen.parser().parse_args(words), world) == 0
    return out.getvalue(), err.getvalue()


def test_a_key_is_printed_with_its_name_and_where_to_put_it(tmp_path: Path) -> None:
    out, err = generated(tmp_path)
    name, line = out.splitlines()
    variable, _, text = line.partition("=")
    problems: list[str] = []
    keys = read_keys({variable: text}, [], problems)
    assert problems == []
    assert keys.newest
    assert name == f"# key id: {key_id(keys.newest)}"
    assert "gh secret set LUMEN_ARCHIVE_KEY" in err
    assert "LUMEN_ARCHIVE_KEYS_OLD" in err
    assert text not in err


def test_each_key_is_another(tmp_path: Path) -> None:
    assert generated(tmp_path)[0] != generated(tmp_path)[0]
    assert generated(tmp_path, "--recipient")[0] != generated(tmp_path, "--recipient")[0]


def test_a_pair_is_printed_as_the_file_that_age_reads(tmp_path: Path) -> None:
    out, err = generated(tmp_path, "--recipient")
    recipient = out.splitlines()[0].removeprefix("# public key: ")
    problems: list[str] = []
    keys = read_keys({"LUMEN_ARCHIVE_IDENTITY": out, "LUMEN_ARCHIVE_RECIPIENTS": recipient}, [], problems)
    assert problems == []
    assert [str(identity.recipient) for identity in keys.identities] == [recipient]
    assert "LUMEN_ARCHIVE_IDENTITY" in err
    assert keys.identities[0].secret not in err


@pytest.mark.parametrize(("words", "names"), [((), {"key", "key_id"}), (("--recipient",), {"identity", "recipient"})])
def test_a_program_gets_one_object(tmp_path: Path, words: tuple[str, ...], names: set[str]) -> None:
    out, _ = generated(tmp_path, "--json", *words)
    assert set(json.loads(out)) == names


def test_in_a_job_of_github_it_is_masked_before_it_is_printed(tmp_path: Path) -> None:
    out, err = generated(tmp_path, env=GITHUB)
    mask, *_, line = out.splitlines()
    assert mask.startswith("::add-mask::")
    assert mask.removeprefix("::add-mask::") in line
    assert "run this on your own machine" in err


def test_in_a_job_of_github_a_program_reads_the_object_and_the_mask_goes_to_the_log(tmp_path: Path) -> None:
    out, err = generated(tmp_path, "--json", "--recipient", env=GITHUB)
    assert f"::add-mask::{json.loads(out)['identity']}" in err.splitlines()


def test_where_nothing_can_be_masked_nothing_is_printed(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="run it on your own machine"):
        generated(tmp_path, env=GITLAB)

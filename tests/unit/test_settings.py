from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from lumen_action.configfile import KEYS
from lumen_action.errors import ConfigError
from lumen_action.model import Outcome, Scope
from lumen_action.settings import OPTIONS, Settings, load_settings


def problems_of(env: dict[str, str], folder: Path, **given: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load_settings(given, env, folder, required=("stage",))
    return caught.value.problems


def config(folder: Path, text: str) -> Settings:
    (folder / "lumen.yml").write_text(text)
    return load_settings({}, {}, folder)


def test_an_option_wins_over_an_input_that_over_the_environment_that_over_the_file(tmp_path: Path) -> None:
    (tmp_path / "lumen.yml").write_text("region: file\n")
    env = {"LUMEN_REGION": "environment"}
    assert load_settings({}, {}, tmp_path).region == "file"
    assert load_settings({}, env, tmp_path).region == "environment"
    assert load_settings({}, env | {"LUMEN_INPUT_REGION": "input"}, tmp_path).region == "input"
    assert load_settings({"region": "option"}, env | {"LUMEN_INPUT_REGION": "input"}, tmp_path).region == "option"


def test_an_empty_input_says_nothing(tmp_path: Path) -> None:
    assert load_settings({}, {"LUMEN_INPUT_REGION": "", "LUMEN_REGION": "eu"}, tmp_path).region == "eu"


@pytest.mark.parametrize(
    ("name", "attribute", "word"),
    [
        ("LUMEN_PIPELINE", "pipeline", "nightly"),
        ("LUMEN_PIPELINE_VERSION", "pipeline_version", "1.2"),
        ("LUMEN_RUN_ID", "run_id", "r1"),
        ("LUMEN_REGION", "region", "eu"),
        ("LUMEN_LAST_ERROR", "error_log", "boom"),
    ],
)
def test_the_names_of_older_scripts_work(name: str, attribute: str, word: str, tmp_path: Path) -> None:
    assert getattr(load_settings({}, {name: word}, tmp_path), attribute) == word


def test_the_sinks_and_checks_of_older_scripts_work(tmp_path: Path) -> None:
    settings = load_settings(
        {},
        {
            "PUSHGATEWAY_URL": "http://push:9091",
            "LUMEN_TEXTFILE_DIR": str(tmp_path),
            "LUMEN_INTEGRITY_OK": "1",
            "LUMEN_REPORT_OK": "false",
        },
        tmp_path,
    )
    assert settings.pushgateway
    assert settings.pushgateway.url == "http://push:9091"
    assert settings.textfile_dir == str(tmp_path)
    assert settings.checks == {"integrity": True, "report": False}


def test_every_mistake_is_told_at_once_with_its_name_and_the_cure(tmp_path: Path) -> None:
    (tmp_path / "lumen.yml").write_text("timezone: Mars/Base\nregoin: eu\nslo: {run: 1.5}\n")
    env = {
        "LUMEN_INPUT_STAGE": "Build It",
        "LUMEN_INPUT_OUTCOME": "banana",
        "LUMEN_FAIL_ON_ERROR": "yes",
        "PUSHGATEWAY_URL": "ftp://push",
    }
    problems = problems_of(env, tmp_path)
    for words in (
        ("stage", "`Build It`", "a-z", "write `stage: build`"),
        ("outcome", "`banana`", "success, failure"),
        ("LUMEN_FAIL_ON_ERROR", "`yes`", "`true` or `false`"),
        ("pushgateway-url", "http://"),
        ("timezone", "Mars/Base", "Asia/Seoul"),
        ("`regoin`", "did you mean `region`"),
        ("slo.run", "1.5", "between 0 and 1"),
    ):
        assert any(all(word in problem for word in words) for problem in problems), (words, problems)
    assert len(problems) == 7


def test_a_missing_stage_is_named(tmp_path: Path) -> None:
    assert problems_of({}, tmp_path) == ["stage: is missing; write `stage: build`"]


def test_a_named_file_must_be_there_the_default_one_need_not(tmp_path: Path) -> None:
    assert load_settings({}, {}, tmp_path) == Settings()
    with pytest.raises(ConfigError, match=r"config: cannot read team\.yml"):
        load_settings({"config": "team.yml"}, {}, tmp_path)


def test_a_file_that_is_no_yaml_names_the_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"lumen\.yml.*2"):
        config(tmp_path, "region: eu\n\tx: 1\n")


@pytest.mark.parametrize("text", ["- a\n", "word\n", "7\n"])
def test_a_file_that_is_no_map_is_refused(text: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="expected `key: value` lines"):
        config(tmp_path, text)


def test_the_whole_file_is_read(tmp_path: Path) -> None:
    settings = config(
        tmp_path,
        """
        pipeline: nightly
        timezone: Asia/Seoul
        fail-on-error: true
        expected-runs-per-day: 2
        consecutive-failures-threshold: 3
        rerun:
          max-retries: 1
          backoff: [7]
          scopes: {"network/dns": none}
        slo: {run: 0.95, day: 0.9}
        links: {runbook: "https://wiki.example.com/r"}
        """.replace("\n        ", "\n"),
    )
    assert settings.pipeline == "nightly"
    assert settings.calendar.zone == ZoneInfo("Asia/Seoul")
    assert settings.fail_on_error
    assert (settings.expected_runs_per_day, settings.consecutive_failures_threshold) == (2.0, 3)
    assert (settings.policy.max_retries, settings.policy.backoff_seconds) == (1, (7,))
    assert settings.policy.scopes == {"network/dns": Scope.NONE}
    assert settings.objectives == {"run": 0.95, "day": 0.9}
    assert settings.links == {"runbook": "https://wiki.example.com/r"}


@pytest.mark.parametrize("name", sorted(KEYS))
def test_the_example_of_every_key_is_accepted(name: str, tmp_path: Path) -> None:
    section, _, inner = name.rpartition(".")
    example = KEYS[name].example
    example = example.replace("/var/lib/node_exporter/textfile", str(tmp_path))
    if name == "pushgateway.ca-file":
        (tmp_path / "ca.pem").write_text("")
        example = str(tmp_path / "ca.pem")
    config(tmp_path, f"{section}: {{{inner}: {example}}}\n" if section else f"{name}: {example}\n")


@pytest.mark.parametrize("name", sorted(KEYS))
def test_every_key_is_documented(name: str) -> None:
    page = Path(__file__).resolve().parents[2] / "docs" / "configuration.md"
    assert f"`{name}`" in page.read_text()


@pytest.mark.parametrize("name", sorted(KEYS))
def test_a_wrong_value_names_the_key_and_what_to_write(name: str, tmp_path: Path) -> None:
    section, _, inner = name.rpartition(".")
    with pytest.raises(ConfigError) as caught:
        config(tmp_path, f"{section}: {{{inner}: [[]]}}\n" if section else f"{name}: [[]]\n")
    [problem] = caught.value.problems
    assert f"`{name}`" in problem
    assert KEYS[name].wants in problem


def test_secrets_are_in_no_representation(tmp_path: Path) -> None:
    env = {
        "LUMEN_INPUT_TOKEN": "tok-en",
        "PUSHGATEWAY_URL": "http://u:hunter2@push:9091",
        "LUMEN_LEDGER": "postgresql://lumen:hunter3@db/lumen",
        "LUMEN_REMOTE_WRITE_URL": "https://mimir.example/api/v1/push",
        "LUMEN_REMOTE_WRITE_TOKEN": "hunter4",
    }
    settings = load_settings({}, env, tmp_path)
    shown = repr(settings)
    secrets = {"tok-en", "hunter2", "hunter3", "hunter4"}
    assert not [secret for secret in secrets if secret in shown]
    assert secrets <= set(settings.secrets)


def test_a_refused_url_is_quoted_without_its_password(tmp_path: Path) -> None:
    (problem,) = problems_of({"LUMEN_LEDGER": "mysql://lumen:hunter2@db/x"}, tmp_path, stage="build")
    assert "mysql://***@db/x" in problem
    assert "hunter2" not in problem


def test_every_option_has_an_example_that_is_accepted(tmp_path: Path) -> None:
    for option in OPTIONS.values():
        if option.name in ("config", "textfile-dir"):
            continue
        load_settings({option.name: option.example}, {}, tmp_path)


def test_an_outcome_is_a_word_of_the_model(tmp_path: Path) -> None:
    assert load_settings({"outcome": "timeout"}, {}, tmp_path).outcome is Outcome.TIMEOUT

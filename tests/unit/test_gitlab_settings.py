"""What GitLab says in its own words is understood, and its token is a secret."""

from __future__ import annotations

from pathlib import Path

import pytest

from lumen_action.model import Outcome
from lumen_action.settings import load_settings


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        ("success", Outcome.SUCCESS),
        ("failed", Outcome.FAILURE),
        ("canceled", Outcome.CANCELLED),
        # The script is not over, and of the jobs before it this says nothing.
        ("running", None),
    ],
)
def test_the_status_of_a_job_is_its_outcome_once_the_script_is_over(
    status: str, outcome: Outcome | None, tmp_path: Path
) -> None:
    assert load_settings({}, {"CI_JOB_STATUS": status}, tmp_path).job_status is outcome


def test_what_was_said_for_us_comes_before_what_gitlab_says(tmp_path: Path) -> None:
    env = {"CI_JOB_STATUS": "failed", "LUMEN_JOB_STATUS": "success"}
    assert load_settings({}, env, tmp_path).job_status is Outcome.SUCCESS


def test_the_token_is_redacted_and_not_shown(tmp_path: Path) -> None:
    settings = load_settings({}, {"LUMEN_GITLAB_TOKEN": "glpat-of-one-test"}, tmp_path)
    assert settings.secrets == ("glpat-of-one-test",)
    assert "glpat" not in repr(settings)

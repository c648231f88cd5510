from __future__ import annotations

import pytest

from lumen_action.running.attempts import Limits, Wishes
from lumen_action.running.options import _READERS, RunOptions, read_options
from lumen_action.running.shells import SHELLS, command_for, dressed
from lumen_action.settings import RUN_OPTIONS

# What has no form to check: scripts, and a flag that the settings have checked already.
FREE = {"run", "cleanup", "retry-run", "continue-on-error", "warn-on-retry"}


def read(**words: str) -> tuple[RunOptions, list[str]]:
    problems: list[str] = []
    return read_options({name.replace("_", "-"): word for name, word in words.items()}, problems), problems


def test_every_option_is_read() -> None:
    assert set(RUN_OPTIONS) == set(_READERS) | FREE


def test_words_become_values() -> None:
    options, problems = read(  # noqa: S604 - the name of an option
        run="make",
        shell="sh",
        retries="3",
        backoff="1, 2",
        timeout="1.5m",
        deadline="1h",
        budget="20/day",
        retry_on="timeout",
        retry_exit_codes="75,110",
        grace="10s",
    )
    assert problems == []
    assert (options.script, options.shell, options.retries, options.backoff_seconds) == ("make", "sh", 3, (1, 2))
    assert options.limits == Limits(90, 3600)
    assert options.wishes == Wishes(timeouts=True, codes=frozenset({75, 110}))
    assert (options.retries_per_day, options.grace_seconds) == (20, 10)


def test_every_mistake_is_named_with_its_cure() -> None:
    wrong = dict.fromkeys(_READERS, "wr{}ng")
    problems: list[str] = []
    read_options(wrong, problems)
    assert [problem.partition(":")[0] for problem in problems] == list(_READERS)
    assert all("; write `" in problem for problem in problems)


@pytest.mark.parametrize("text", ["0", "-1", "1d", "", "1 m", "٣"])
def test_a_time_has_to_be_one(text: str) -> None:
    assert len(read(timeout=text or "x")[1]) == 1


@pytest.mark.parametrize("shell", SHELLS)
def test_a_script_is_named_once_in_the_command_of_its_shell(shell: str) -> None:
    assert sum("the script" in word for word in command_for(shell, "the script")) == 1


def test_a_path_in_powershell_cannot_end_its_quotes() -> None:
    assert command_for("pwsh", "it's.ps1")[-1] == ". 'it''s.ps1'"
    assert dressed("pwsh", "make").startswith("$ErrorActionPreference = 'stop'\nmake\n")


def test_a_shell_of_ones_own_gets_the_script_as_it_is() -> None:
    assert command_for("perl -w {0}", "s.pl") == ["perl", "-w", "s.pl"]
    assert dressed("perl -w {0}", "print 1") == "print 1"

"""The judge of hostile output has to see what the runner sees."""

from __future__ import annotations

import pytest
from obedience import obeyed


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ("::warning::w", ("warning", "w")),
        ("  \u3000::error file=a.py,line=1::e", ("error", "e")),
        ("2026-01-02 ##[add-mask]lumen", ("add-mask", "lumen")),
        ("##[Group]g", ("group", "g")),
        ("::error::see ##[warning]here", ("error", "see ##[warning]here")),
        ("::unknown::x ##[warning]here", ("warning", "here")),
    ],
)
def test_a_command_is_seen(line: str, command: tuple[str, str]) -> None:
    assert list(obeyed([line])) == [command]


@pytest.mark.parametrize("line", ["a ::warning::w", "::unknown::x", "## [error]x", "::warning", "##[unknown]x"])
def test_text_is_no_command(line: str) -> None:
    assert list(obeyed([line])) == []


def test_nothing_is_obeyed_until_the_token_returns() -> None:
    lines = ["::stop-commands::t", "::error::no", "##[error]no", "::other::", "::t::", "::error::yes"]
    assert list(obeyed(lines)) == [("error", "yes")]

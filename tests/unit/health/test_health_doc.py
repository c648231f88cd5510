"""What docs/health.md and the example say is what the reader takes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lumen_action.health.check import ProbeKind
from lumen_action.health.kinds import COMMON, KEYS, Key
from lumen_action.health.reading import checks_of

ROOT = Path(__file__).resolve().parents[3]
DOC = (ROOT / "docs" / "health.md").read_text(encoding="utf-8")
_ROW = re.compile(r"^\| `([a-z-]+)` \| (.+?) \| `(.+?)` \| (.+?) \|$", re.MULTILINE)


def rows(section: str) -> dict[str, tuple[str, str]]:
    return {
        name: (tells.replace("\\|", "|"), example.replace("\\|", "|"))
        for name, tells, example, _ in _ROW.findall(section)
    }


def said(keys: dict[str, Key]) -> dict[str, tuple[str, str]]:
    return {name: (key.tells, key.example) for name, key in keys.items()}


def test_what_every_check_takes_is_told() -> None:
    begin = DOC.index("Every check takes:")
    assert rows(DOC[begin : DOC.index("## Kinds")]) == said(dict(COMMON))


@pytest.mark.parametrize("kind", ProbeKind)
def test_every_key_of_a_kind_is_told(kind: ProbeKind) -> None:
    _, _, rest = DOC.partition(f"### `{kind.value}`\n")
    section = re.split(r"^##", rest, maxsplit=1, flags=re.MULTILINE)[0]
    inherited = KEYS[ProbeKind.HTTP] if kind is ProbeKind.LLM else {}
    assert section
    assert rows(section) == said({name: key for name, key in KEYS[kind].items() if name not in inherited})


def test_the_example_has_one_of_each_kind() -> None:
    name = "rules/health/example.yml"
    checks = checks_of((ROOT / name).read_text(encoding="utf-8"), name)
    assert {check.kind for check in checks} == set(ProbeKind)
    assert {check.text("provider") for check in checks if check.kind is ProbeKind.CREDENTIAL} == {
        "aws",
        "github",
        "dropbox",
        "secret",
    }

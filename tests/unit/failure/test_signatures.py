"""The linter finds nothing in the signatures we ship, and the manual is true."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import pytest

from lumen_action import yamlite
from lumen_action.catalogue import load_catalogue
from lumen_action.failure import classify, parse_catalogue
from lumen_action.failure.linting import Finding, Level, green_hits, lint
from lumen_action.failure.schema import OPTIONAL, REQUIRED

ROOT = Path(__file__).resolve().parents[3]
GREEN = sorted((ROOT / "tests" / "corpus" / "green").glob("*.log"))
MANUAL = ROOT / "docs" / "signatures.md"

CATALOGUE = load_catalogue()
ECOSYSTEMS = sorted({signature.ecosystem for signature in CATALOGUE.signatures.values()})


# Every signature is looked at with all others at hand, so this is done once.
@lru_cache(maxsize=1)
def faults() -> list[Finding]:
    return [finding for finding in lint(CATALOGUE) if finding.level is Level.FAULT]


@pytest.mark.slow
@pytest.mark.parametrize("ecosystem", ECOSYSTEMS)
def test_the_linter_finds_no_fault(ecosystem: str) -> None:
    assert [
        f"{each.signature}: {each.field}: {each.fault}; {each.fix}"
        for each in faults()
        if CATALOGUE.signatures[each.signature].ecosystem == ecosystem
    ] == []


@pytest.mark.parametrize("log", GREEN, ids=lambda log: log.stem)
def test_a_green_log_gets_no_class(log: Path) -> None:
    assert [each.fault for each in green_hits(CATALOGUE, [(log.name, [log.read_bytes()])])] == []


def test_there_are_green_logs_of_every_system_we_speak_of() -> None:
    systems = {log.name.partition("-")[0] for log in GREEN}
    assert systems == {"actions", "azure", "circleci", "gitlab", "jenkins", "plain", "travis"}


def test_the_example_in_the_manual_is_a_rule_file() -> None:
    text = MANUAL.read_text(encoding="utf-8").split("```yaml\n")[1].split("```")[0]
    catalogue = parse_catalogue({"manual": yamlite.load(text, "manual")})
    (signature,) = catalogue.signatures.values()
    assert classify([signature.matches[0].encode()], catalogue).verdict.signature == signature.id
    assert classify([signature.ignores[0].encode()], catalogue).verdict.signature == ""
    assert [each for each in lint(catalogue) if each.level is Level.FAULT] == []


def test_the_manual_names_every_field() -> None:
    manual = MANUAL.read_text(encoding="utf-8")
    assert [name for name in (*REQUIRED, *OPTIONAL) if f"`{name}`" not in manual] == []

"""The rule files on disk become one catalogue, or one message with everything that is wrong in them."""

from __future__ import annotations

from pathlib import Path

import pytest

from lumen_action.catalogue import load_catalogue
from lumen_action.errors import ConfigError

GOOD = """
ecosystem: tool
signatures:
  - id: tool-dns
    class: network
    subclass: dns
    anchors: ['no such host']
    meaning: The name could not be resolved.
    hint: Run it again.
    examples:
      matches: ['tool: no such host']
      ignores: ['tool: host found']
    source: the tool's own messages
"""


def test_the_rules_that_come_with_us_load() -> None:
    signatures = load_catalogue().signatures
    assert len(signatures) >= 60
    assert all(name == signature.id for name, signature in signatures.items())
    assert len({signature.ecosystem for signature in signatures.values()}) >= 4


def test_a_folder_of_ones_own_is_read_in_the_order_of_names(tmp_path: Path) -> None:
    (tmp_path / "b.yml").write_text(GOOD)
    (tmp_path / "a.yml").write_text(GOOD.replace("tool-dns", "tool-first"))
    (tmp_path / "README.md").write_text("not a rule file")
    assert list(load_catalogue(tmp_path).signatures) == ["tool-first", "tool-dns"]


def test_a_folder_without_rules_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="holds no rule file"):
        load_catalogue(tmp_path)


def test_faults_of_all_files_are_told_together(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text("ecosystem: [open\n")
    (tmp_path / "b.yml").write_bytes(b"ecosystem: \xff\n")
    (tmp_path / "c.yml").write_text("ecosystem: tool\n\tsignatures: []\n")
    with pytest.raises(ConfigError) as caught:
        load_catalogue(tmp_path)
    assert [problem[:5] for problem in caught.value.problems] == ["a.yml", "b.yml", "c.yml"]


def test_faults_in_what_the_files_say_are_told_together(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text(GOOD.replace("subclass: dns", "subclass: dnz"))
    (tmp_path / "b.yml").write_text(GOOD.replace("hint:", "hunt:").replace("tool-dns", "tool-two"))
    with pytest.raises(ConfigError) as caught:
        load_catalogue(tmp_path)
    said = "\n".join(caught.value.problems)
    assert "a.yml: tool-dns: subclass: `dnz`" in said
    assert "b.yml: tool-two: hunt: unknown field `hunt`; did you mean `hint`?" in said

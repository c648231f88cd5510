"""The rule files on disk become one catalogue, or one message with everything that is wrong in them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from job import Job

from lumen_action import yamlite
from lumen_action.catalogue import OWN_RULES, OWN_RULES_BYTES, RULES, load_catalogue, own_rules
from lumen_action.errors import ConfigError
from lumen_action.failure import classify
from lumen_action.failure.taxonomy import TAXONOMY_VERSION, resolve
from lumen_action.ledger.opening import open_ledger
from lumen_action.model import ErrorClass, Scope

ROOT = Path(__file__).resolve().parents[2]
OWN_EXAMPLE = ROOT / "examples" / "own-signatures" / ".lumen" / "signatures.yml"

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


def test_what_is_read_on_demand_is_what_is_read_at_once() -> None:
    demanded, whole = load_catalogue(), load_catalogue(RULES)
    assert dict(demanded.signatures) == whole.signatures
    assert list(demanded.signatures) == list(whole.signatures)
    assert demanded.ids_by_anchor == whole.ids_by_anchor


def test_one_of_ours_that_cannot_be_read_is_named_with_the_fix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tool.yml").write_text(GOOD)
    (tmp_path / "broken.yml").write_bytes(b"\xff\xfe\xff")
    monkeypatch.setattr("lumen_action.catalogue.RULES", tmp_path)
    with pytest.raises(ConfigError, match=r"broken\.yml: cannot be read .* restore it from the release"):
        load_catalogue()


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


def own_file(root: Path, text: str) -> Path:
    path = root / OWN_RULES
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


OWN = """
signatures:
  - id: own-feed
    class: external_api
    subclass: server_error
    anchors: ['price feed closed']
    meaning: The feed is closed.
    hint: Wait until four.
    examples:
      matches: ['price feed closed']
      ignores: ['price feed open']
    source: on call
disable:
  - {id: shellcheck, reason: only advice here}
"""


def test_a_workspace_without_a_file_of_its_own_has_none(tmp_path: Path) -> None:
    assert own_rules(tmp_path) is None
    assert own_rules(tmp_path / "nowhere") is None


def test_the_users_own_file_is_merged_with_ours(tmp_path: Path) -> None:
    own_file(tmp_path, OWN)
    ours, both = load_catalogue().signatures, load_catalogue(own=own_rules(tmp_path)).signatures
    assert both.keys() ^ ours.keys() == {"own-feed", "shellcheck"}
    assert [each.id for each in both.values() if each.origin] == ["own-feed"]


def test_the_faults_of_the_own_file_name_it(tmp_path: Path) -> None:
    path = own_file(tmp_path, OWN.replace("id: shellcheck", "id: shelcheck"))
    with pytest.raises(ConfigError, match=r"^\.lumen/signatures\.yml: shelcheck: id: .*did you mean `shellcheck`"):
        load_catalogue(own=path)
    path.write_text("signatures: [", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"^\.lumen/signatures\.yml line 1: "):
        load_catalogue(own=path)
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match=r"^\.lumen/signatures\.yml: cannot be read .*UTF-8"):
        load_catalogue(own=path)


def test_a_link_may_lead_within_the_workspace_but_not_out_of_it(tmp_path: Path) -> None:
    root = tmp_path / "workspace"
    (root / ".lumen").mkdir(parents=True)
    outside = tmp_path / "secret.yml"
    outside.write_text(OWN)
    link = root / OWN_RULES
    link.symlink_to(outside)
    with pytest.raises(ConfigError, match="is a link to a place outside of the workspace; put the file itself there"):
        own_rules(root)
    link.unlink()
    (root / "rules.yml").write_text(OWN)
    link.symlink_to("../rules.yml")
    assert own_rules(root) == link
    link.unlink()
    link.symlink_to("nowhere.yml")
    with pytest.raises(ConfigError, match="is a link to nothing"):
        own_rules(root)
    link.unlink()
    link.symlink_to("signatures.yml")
    with pytest.raises(ConfigError, match="cannot be read"):
        own_rules(root)


def test_a_file_that_cannot_be_rules_is_refused(tmp_path: Path) -> None:
    path = own_file(tmp_path, "#" * (OWN_RULES_BYTES + 1))
    with pytest.raises(ConfigError, match="is larger than 1 MiB; keep only the rules that are needed"):
        own_rules(tmp_path)
    path.unlink()
    path.mkdir()
    with pytest.raises(ConfigError, match="is not a regular file"):
        own_rules(tmp_path)


def test_after_a_failed_stage_the_workspaces_own_rules_count(tmp_path: Path) -> None:
    own_file(tmp_path, OWN)
    job = Job(tmp_path, ledger=f"sqlite:{tmp_path / 'ledger.db'}")
    assert job.step("prices", "failure", error_log="price feed closed") == 0
    assert job.outputs["signature"] == "own-feed"


@pytest.mark.parametrize(("fail_on_error", "code"), [("false", 0), ("true", 2)])
def test_a_wrong_own_file_is_an_error_message_and_costs_no_fact(fail_on_error: str, code: int, tmp_path: Path) -> None:
    own_file(tmp_path, "signatures: 7\ndisable:\n  - id: nobody\n")
    job = Job(tmp_path, ledger=f"sqlite:{tmp_path / 'ledger.db'}")
    failed = "curl: (6) Could not resolve host: registry.example.org"
    assert job.step("fetch", "failure", error_log=failed, fail_on_error=fail_on_error) == code
    assert job.outputs["error-subclass"] == "dns"
    assert len(job.json["errors"]) == 2
    assert "error: lumen: .lumen/signatures.yml: file: signatures: not a list" in job.log
    assert ".lumen/signatures.yml: nobody: id: " in job.log
    (fact,) = open_ledger(job.ledger).scan(run=job.run)
    assert fact.failure


def test_a_green_stage_does_not_even_look_at_the_own_file(tmp_path: Path) -> None:
    own_file(tmp_path, "wrong")
    job = Job(tmp_path, ledger=f"sqlite:{tmp_path / 'ledger.db'}")
    assert job.step("fetch") == 0
    assert job.json["errors"] == []


def test_the_example_of_own_rules_can_be_copied() -> None:
    own = load_catalogue(own=OWN_EXAMPLE)
    changed = {each.id: each for each in own.signatures.values() if each.origin}
    assert set(changed) == {"prices-feed-closed", "git-could-not-resolve"}
    assert load_catalogue().signatures.keys() - own.signatures.keys() == {"shellcheck"}
    added, overridden = changed["prices-feed-closed"], changed["git-could-not-resolve"]
    assert overridden.scope is Scope.NONE
    assert classify([added.matches[0].encode()], own).verdict.signature == added.id
    assert not classify([added.ignores[0].encode()], own).candidates


def test_the_manuals_own_rules_are_those_of_the_example() -> None:
    manual = (ROOT / "docs" / "signatures.md").read_text(encoding="utf-8")
    shown = yamlite.load(manual.split("```yaml\n")[2].split("```")[0], "manual")
    assert shown == yamlite.load(OWN_EXAMPLE.read_text(encoding="utf-8"), "example")


def test_the_manual_names_the_taxonomys_version_and_aliases_that_hold() -> None:
    manual = (ROOT / "docs" / "signatures.md").read_text(encoding="utf-8")
    assert f"`taxonomy_version` in `lumen classify --json`; it is {TAXONOMY_VERSION}." in manual
    pairs = re.findall(r"`(\w+)/(\w+)` is `\1/(\w+)`", manual)
    assert len(pairs) >= 3
    assert [pair for pair in pairs if resolve(ErrorClass(pair[0]), pair[1]) != pair[2]] == []

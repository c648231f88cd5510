"""A user's file adds, changes and switches off signatures; a wrong one tells everything that is wrong in it."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lumen_action.errors import ConfigError
from lumen_action.failure import Catalogue, Signature, Tier, classify, parse_catalogue
from lumen_action.failure.ownrules import with_own_rules
from lumen_action.model import ErrorClass, Scope

NAME = ".lumen/signatures.yml"


def row(identity: str, words: str, **changes: object) -> dict[str, Any]:
    return {
        "id": identity,
        "class": "network",
        "subclass": "dns",
        "anchors": [words],
        "meaning": "A name could not be resolved.",
        "hint": "Run it again.",
        "examples": {"matches": [f"tool: {words}"], "ignores": ["tool: fine"]},
        "source": "tool messages",
        **changes,
    }


BASE = parse_catalogue(
    {
        "tool.yml": {
            "ecosystem": "tool",
            "signatures": [
                row("tool-dns", "no such host"),
                row("tool-lookup", "lookup failed"),
                row("tool-end", "the end"),
            ],
        }
    }
)


class Watched(dict[str, Signature]):
    """Signatures that remember which of them were asked for."""

    def __init__(self, signatures: Mapping[str, Signature]) -> None:
        super().__init__(signatures)
        self.asked: set[str] = set()

    def __getitem__(self, identity: str) -> Signature:
        self.asked.add(identity)
        return super().__getitem__(identity)


def merged(**lists: object) -> Catalogue:
    return with_own_rules(BASE, lists, NAME)


def faults(document: object) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        with_own_rules(BASE, document, NAME)
    return caught.value.problems


@pytest.mark.parametrize("document", [None, {}, {"version": 1}, {"signatures": None, "override": [], "disable": None}])
def test_a_file_that_says_nothing_changes_nothing(document: object) -> None:
    assert with_own_rules(BASE, document, NAME).signatures == BASE.signatures


def test_an_added_signature_stands_behind_ours_and_knows_its_file() -> None:
    catalogue = merged(signatures=[row("own-feed", "feed closed")])
    assert list(catalogue.signatures) == ["tool-dns", "tool-lookup", "tool-end", "own-feed"]
    assert (catalogue.signatures["own-feed"].origin, catalogue.signatures["own-feed"].ecosystem) == (NAME, "own")
    assert catalogue.signatures["tool-dns"].origin == ""
    assert classify([b"x: feed closed"], catalogue).verdict.signature == "own-feed"


def test_a_file_may_name_its_ecosystem() -> None:
    assert merged(ecosystem="acme", signatures=[row("own-feed", "feed")]).signatures["own-feed"].ecosystem == "acme"


def test_an_override_changes_the_named_fields_and_keeps_the_place_and_the_rest() -> None:
    catalogue = merged(
        override=[{"id": "tool-lookup", "scope": "none", "hint": "Ask the net team.", "tier": "generic"}]
    )
    before, after = BASE.signatures["tool-lookup"], catalogue.signatures["tool-lookup"]
    assert list(catalogue.signatures) == list(BASE.signatures)
    assert (after.scope, after.hint, after.tier) == (Scope.NONE, "Ask the net team.", Tier.GENERIC)
    assert (after.meaning, after.anchors, after.matches) == (before.meaning, before.anchors, before.matches)
    assert (after.origin, after.ecosystem) == (NAME, "tool")


def test_another_subclass_brings_its_own_scope_and_runbook() -> None:
    change = {"id": "tool-dns", "class": "external_api", "subclass": "rate_limit"}
    after = merged(override=[change]).signatures["tool-dns"]
    assert (after.name, after.scope, after.runbook) == (
        "external_api/rate_limit",
        Scope.DELAYED,
        "external_api-rate_limit",
    )
    kept = merged(override=[{**change, "scope": "none", "runbook": "mine"}]).signatures["tool-dns"]
    assert (kept.scope, kept.runbook) == (Scope.NONE, "mine")


def test_an_override_may_give_one_kind_of_example_alone() -> None:
    after = merged(override=[{"id": "tool-dns", "examples": {"ignores": ["no such hosting"]}}]).signatures["tool-dns"]
    assert (after.matches, after.ignores) == (("tool: no such host",), ("no such hosting",))


def test_only_what_is_changed_is_tried() -> None:
    slow = row("tool-slow", "slow", pattern="(?:slow+)+$")
    base = parse_catalogue({"tool.yml": {"ecosystem": "tool", "signatures": [slow]}})
    assert (
        with_own_rules(base, {"override": [{"id": "tool-slow", "hint": "Wait."}]}, NAME).signatures["tool-slow"].origin
    )


def test_an_older_name_of_a_subclass_is_understood() -> None:
    after = merged(override=[{"id": "tool-dns", "subclass": "connection_reset"}]).signatures["tool-dns"]
    assert (after.error_class, after.subclass) == (ErrorClass.NETWORK, "reset")


def test_a_disabled_signature_is_gone() -> None:
    catalogue = merged(disable=[{"id": "tool-dns", "reason": "never happens here"}])
    assert list(catalogue.signatures) == ["tool-lookup", "tool-end"]
    assert classify([b"tool: no such host"], catalogue).verdict.signature == ""


@pytest.mark.parametrize(
    ("document", "fault"),
    [
        ([], "file: content: not a map; start it with one of `signatures:`, `override:`, `disable:`"),
        ({"signature": []}, "file: signature: unknown field `signature`; did you mean `signatures`?"),
        ({"version": 2}, "file: version: `2` is not known here; write `version: 1`"),
        ({"version": True}, "file: version: `True` is not known here"),
        ({"ecosystem": 7}, "file: ecosystem: not a text"),
        ({"override": {"id": "tool-dns"}}, "file: override: not a list; begin each entry with `- id: ...`"),
        ({"signatures": ["x"]}, "signature 1: not a map"),
        ({"signatures": [row("tool-dns", "mine")]}, "tool-dns: id: comes with us; change it under `override:`"),
        ({"signatures": [row("own-a", "aaa"), row("own-a", "bbb")]}, "own-a: id: used twice in `signatures:`"),
        ({"signatures": [row("own-a", "aaa", scope="x")]}, "own-a: scope: `x` is not one of none, step, job, delayed"),
        (
            {"signatures": [row("own-a", "aaa", subclass="dsn")]},
            "own-a: subclass: `dsn` is not one of network: dns, connect_timeout",
        ),
        ({"override": [{"id": "tool-dnz", "hint": "x"}]}, "tool-dnz: id: not one of the signatures that come with us;"),
        ({"override": [{"id": "tool-dnz", "hint": "x"}]}, "did you mean `tool-dns`?"),
        ({"override": [{"id": "zzzzzzzzz", "hint": "x"}]}, "`lumen signatures list` shows all of them"),
        ({"override": [{"hint": "x"}]}, "override 1: id: missing; name one of the signatures"),
        ({"override": [{"id": "tool-dns"}]}, "tool-dns: override: changes nothing; name a field and its new value"),
        ({"override": [{"id": "tool-dns", "scoop": "job"}]}, "tool-dns: scoop: unknown field `scoop`; did you mean"),
        ({"override": [{"id": "tool-dns", "source": "me"}]}, "tool-dns: source: unknown field `source`"),
        ({"override": [{"id": "tool-dns", "tier": "best"}]}, "tool-dns: tier: `best` is not one of cause, tool"),
        ({"override": [{"id": "tool-dns", "class": "build"}]}, "tool-dns: subclass: `dns` is not one of build:"),
        ({"override": [{"id": "tool-dns", "hint": "a"}] * 2}, "tool-dns: id: twice in `override:`; join the two"),
        ({"disable": [{"id": "tool-dns"}]}, "tool-dns: reason: missing; say why it is switched off"),
        ({"disable": [{"id": "tool-dns", "reason": "x", "until": "y"}]}, "tool-dns: until: unknown field `until`"),
        ({"disable": ["tool-dns"]}, "disable 1: id: missing"),
        ({"disable": [{"id": "tool-dns", "reason": "x"}] * 2}, "tool-dns: id: twice in `disable:`"),
        (
            {"disable": [{"id": "tool-dns", "reason": "x"}], "override": [{"id": "tool-dns", "hint": "a"}]},
            "tool-dns: override: also in `disable:`; keep one of them",
        ),
        ({"signatures": [row("own-a", "aaa", pattern="(aaa")]}, "own-a: pattern: `(aaa` is no regular expression"),
        ({"override": [{"id": "tool-dns", "unless": ["*"]}]}, "tool-dns: unless: `*` is no regular expression"),
        ({"signatures": [row("own-a", "aaa", near=["a[b"])]}, "own-a: near: `a[b` is no regular expression"),
        ({"signatures": [row("own-a", "aaa", pattern="aaa(b+)+$")]}, "own-a: pattern: `aaa(b+)+$` can take minutes"),
        ({"override": [{"id": "tool-dns", "near": [".*x"]}]}, "tool-dns: near: `.*x` can take minutes"),
        ({"signatures": [row("own-a", "aaa", pattern="a" * 1001)]}, "is longer than 1000 characters"),
    ],
)
def test_a_fault_names_file_id_field_and_fix(document: object, fault: str) -> None:
    (found,) = faults(document)
    assert found.startswith(f"{NAME}: ")
    assert fault in found


def test_all_faults_come_together() -> None:
    found = faults(
        {
            "version": 3,
            "signatures": [row("own-a", "aaa", hint=None, tier="best"), row("tool-end", "bbb")],
            "override": [{"id": "nothing-like-it", "hint": "x"}, {"id": "tool-dns", "pattern": "("}],
            "disable": [{"id": "tool-lookup"}],
        }
    )
    assert len(found) == 7


CHANGES = st.fixed_dictionaries({}, optional={"hint": st.just("Other."), "scope": st.sampled_from(["none", "job"])})


@given(
    st.permutations(["tool-dns", "tool-lookup", "tool-end"]),
    st.integers(0, 3),
    st.lists(CHANGES.filter(bool), min_size=3, max_size=3),
    st.randoms(use_true_random=False),
)
def test_the_order_of_overrides_and_of_what_is_disabled_does_not_matter(
    ids: list[str], cut: int, changes: list[dict[str, str]], random: Random
) -> None:
    override = [{"id": identity, **change} for identity, change in zip(ids[:cut], changes, strict=False)]
    disable = [{"id": identity, "reason": "not here"} for identity in ids[cut:]]
    once = merged(override=override, disable=disable)
    for entries in (override, disable):
        random.shuffle(entries)
    assert merged(disable=disable, override=override).signatures == once.signatures
    assert list(once.signatures) == [identity for identity in BASE.signatures if identity in ids[:cut]]


@given(st.sets(st.sampled_from(sorted(BASE.signatures))))
def test_nothing_of_a_disabled_id_fires(ids: set[str]) -> None:
    catalogue = merged(disable=[{"id": identity, "reason": "not here"} for identity in sorted(ids)])
    log = "\n".join(text for signature in BASE.signatures.values() for text in signature.matches).encode()
    assert {each.signature for each in classify([log], catalogue).candidates} == set(BASE.signatures) - ids


def test_of_ours_only_what_a_log_calls_for_is_read() -> None:
    ours = Watched(BASE.signatures)
    base = Catalogue(ours, {each.id: each.anchors for each in BASE.signatures.values()})
    catalogue = with_own_rules(base, {"disable": [{"id": "tool-end", "reason": "noise"}]}, NAME)
    assert classify([b"tool: lookup failed\n"], catalogue).verdict.signature == "tool-lookup"
    assert ours.asked == {"tool-lookup"}
    assert set(catalogue.signatures) == {"tool-dns", "tool-lookup"}

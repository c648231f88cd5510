"""A rule file with faults tells all of them, each with file, id, field and fix."""

from __future__ import annotations

from typing import Any

import pytest

from lumen_action.errors import ConfigError
from lumen_action.failure import Tier, classify, parse_catalogue
from lumen_action.failure.schema import row_of
from lumen_action.failure.taxonomy import ALIASES, EXPLAINS, SUBCLASSES
from lumen_action.model import ErrorClass, Scope


def row(**changes: object) -> dict[str, Any]:
    plain: dict[str, Any] = {
        "id": "tool-dns",
        "class": "network",
        "subclass": "dns",
        "anchors": ["no such host"],
        "meaning": "The name could not be resolved.",
        "hint": "Run it again.",
        "examples": {"matches": ["tool: no such host"], "ignores": ["tool: host found"]},
        "source": "the tool's own messages",
    }
    return {key: value for key, value in {**plain, **changes}.items() if value is not None}


def file(*rows: object) -> dict[str, object]:
    return {"tool.yml": {"ecosystem": "tool", "signatures": list(rows)}}


def faults(documents: dict[str, object]) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        parse_catalogue(documents)
    return caught.value.problems


def test_what_is_left_out_has_its_usual_value() -> None:
    signature = parse_catalogue(file(row())).signatures["tool-dns"]
    assert signature.error_class is ErrorClass.NETWORK
    assert signature.scope is SUBCLASSES[ErrorClass.NETWORK]["dns"] is Scope.STEP
    assert signature.tier is Tier.CAUSE
    assert signature.runbook == "network-dns"
    assert (signature.pattern, signature.unless, signature.near) == ("", (), ())
    assert not signature.pick_first
    assert not signature.wrapper


def test_every_field_can_be_set() -> None:
    signature = parse_catalogue(
        file(
            row(
                pattern="no such host$",
                unless=["localhost"],
                near=["fatal"],
                pick="first",
                tier="tool",
                scope="none",
                runbook="names",
                wrapper=True,
            )
        )
    ).signatures["tool-dns"]
    assert (signature.pattern, signature.unless, signature.near) == ("no such host$", ("localhost",), ("fatal",))
    assert (signature.pick_first, signature.tier, signature.scope) == (True, Tier.TOOL, Scope.NONE)
    assert (signature.runbook, signature.wrapper) == ("names", True)


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"id": None}, "signature 1: id: missing; it is required"),
        ({"id": "Tool DNS"}, "Tool DNS: id: not of the form"),
        ({"class": None}, "tool-dns: class: missing; one of network,"),
        ({"class": "netwrok"}, "tool-dns: class: `netwrok` is not one of network,"),
        ({"subclass": "dnz"}, "tool-dns: subclass: `dnz` is not one of network: dns,"),
        ({"subclass": "dnz"}, "; did you mean `dns`?"),
        ({"subclass": "name_resolutoin"}, "; did you mean `dns`?"),
        ({"anchors": None}, "tool-dns: anchors: missing; it is required"),
        ({"anchors": []}, "tool-dns: anchors: empty; give the literal text"),
        ({"anchors": "no such host"}, "tool-dns: anchors: not a list of texts"),
        ({"anchors": ["no"]}, "tool-dns: anchors: shorter than 3 bytes"),
        ({"meaning": None}, "tool-dns: meaning: missing; it is required"),
        ({"hint": 7}, "tool-dns: hint: not a text; put it in quotes"),
        ({"source": None}, "tool-dns: source: missing; it is required"),
        ({"examples": None}, "tool-dns: examples: missing; give `matches:` and `ignores:`"),
        ({"examples": {"matches": ["x"]}}, "tool-dns: examples: `ignores` is empty"),
        ({"examples": {"match": ["x"], "matches": ["x"], "ignores": ["y"]}}, "did you mean `matches`?"),
        ({"patern": "x"}, "tool-dns: patern: unknown field `patern`; did you mean `pattern`?"),
        ({"pick": "middle"}, "tool-dns: pick: `middle` is not one of first, last"),
        ({"tier": "best"}, "tool-dns: tier: `best` is not one of cause, tool, generic"),
        ({"scope": "always"}, "tool-dns: scope: `always` is not one of none, step, job, delayed"),
        ({"wrapper": "yes"}, "tool-dns: wrapper: not true or false"),
    ],
)
def test_a_fault_names_file_id_field_and_fix(changes: dict[str, Any], fault: str) -> None:
    (found,) = faults(file(row(**changes)))
    assert found.startswith("tool.yml: ")
    assert fault in found


def test_all_faults_of_all_files_are_told_at_once() -> None:
    found = faults(
        {
            "a.yml": {"ecosystem": "a", "signatures": [row(hint=None, tier="best"), row(id="tool-two", scope="x")]},
            "b.yml": {"ecosystem": "b", "rules": [], "signatures": ["no map"]},
            "c.yml": ["a list"],
            "d.yml": {"signatures": [row(id="tool-three")]},
            "e.yml": {"ecosystem": "e"},
        }
    )
    assert len(found) == 8
    said = "\n".join(found)
    for part in (
        "a.yml: tool-dns: hint: missing",
        "a.yml: tool-dns: tier: `best`",
        "a.yml: tool-two: scope: `x`",
        "b.yml: file: unknown field `rules`",
        "b.yml: signature 1: not a map",
        "c.yml: file: not a map",
        "d.yml: ecosystem: missing",
        "e.yml: signatures: missing or not a list",
    ):
        assert part in said


def test_written_out_as_a_row_a_signature_is_the_same() -> None:
    plain, full = (
        row(),
        row(id="tool-two", pattern="x", unless=["y"], near=["z"], pick="first", tier="generic", wrapper=True),
    )
    catalogue = parse_catalogue(file(plain, full))
    rows = [row_of(signature) for signature in catalogue.signatures.values()]
    assert parse_catalogue(file(*rows)).signatures == catalogue.signatures


@pytest.mark.parametrize("alias", sorted(ALIASES[ErrorClass.NETWORK]))
def test_an_older_name_of_a_subclass_means_the_present_one(alias: str) -> None:
    signature = parse_catalogue(file(row(subclass=alias))).signatures["tool-dns"]
    assert signature.subclass == ALIASES[ErrorClass.NETWORK][alias]


@pytest.mark.parametrize("name", ["pattern", "unless", "near"])
def test_what_is_no_regular_expression_is_told_when_it_is_needed(name: str) -> None:
    wrong = "(open" if name == "pattern" else ["(open"]
    catalogue = parse_catalogue(file(row(**{name: wrong})))
    with pytest.raises(ConfigError, match=rf"tool-dns: {name}: `\(open` is no regular expression"):
        classify([b"tool: no such host"], catalogue)


def test_an_id_stands_for_one_signature() -> None:
    assert faults({**file(row()), "other.yml": {"ecosystem": "o", "signatures": [row()]}}) == [
        "other.yml: tool-dns: id: also in tool.yml; give it another name"
    ]


def test_every_class_has_subclasses_and_no_cause_explains_its_own_explanation() -> None:
    assert all(SUBCLASSES[error_class] for error_class in ErrorClass)
    assert [pair for pair in EXPLAINS if pair[::-1] in EXPLAINS] == []

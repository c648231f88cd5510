"""Another project's rules become own rules that load, and nothing is lost, guessed or left out in silence."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lumen_action import yamlite
from lumen_action.catalogue import load_catalogue
from lumen_action.errors import ConfigError
from lumen_action.failure import Catalogue, Signature, classify
from lumen_action.failure.ownrules import with_own_rules
from lumen_action.model import Scope
from lumen_action.rulebooks import Imported, imported
from lumen_action.yamlite.writing import dump

SHIPPED = load_catalogue()


def aspire(*output: str | Mapping[str, str]) -> Imported:
    rules = [{"output": each, "reason": "It is slow today"} for each in output]
    return imported(json.dumps({"version": 1, "jobFailurePatterns": rules}), "retry.json")


def loaded(made: Imported) -> dict[str, Signature]:
    """Return the signatures of what was made, read from what is written to the disk."""
    document = yamlite.load(dump(made.document, made.comments), "own")
    assert document == made.document
    signatures = with_own_rules(SHIPPED, document, "own").signatures
    return {identity: each for identity, each in signatures.items() if each.origin}


def only(made: Imported) -> Signature:
    (signature,) = loaded(made).values()
    return signature


def notes(made: Imported) -> str:
    return "\n".join(each.described() for each in made.results)


def proves_itself(signature: Signature) -> bool:
    alone = Catalogue({signature.id: signature})
    (match,), (other,) = signature.matches, signature.ignores
    return (
        classify([match.encode()], alone).verdict.signature == signature.id
        and classify([other.encode()], alone).verdict.signature == ""
    )


ASPIRE = {
    "version": 1,
    "testFailurePatterns": [
        {"output": "ECONNRESET", "reason": "Transient network reset. Seen since May."},
        {"testName": {"regex": ".*Cache.*"}, "output": "connection refused", "reason": "The cache starts late"},
        {"testName": "Slow.Test", "reason": "It is slow"},
        {"output": "never", "reason": "Not now", "enabled": False},
    ],
    "jobFailurePatterns": [
        {"output": "ECONNRESET", "reason": "The same again"},
        {"output": {"regex": r"images\.example\.org[\s\S]{0,500}429 Too Many"}, "reason": "Rate limiting"},
    ],
}


def test_aspire() -> None:
    made = imported(json.dumps(ASPIRE), "retry.json")
    assert made.form == "aspire"
    signatures = loaded(made)
    assert list(signatures)[:2] == ["aspire-econnreset", "aspire-connection-refused"]
    reset, refused, limited = signatures.values()
    assert (reset.name, reset.scope, reset.anchors, reset.pattern) == ("network/reset", Scope.JOB, ("ECONNRESET",), "")
    assert reset.meaning == "Transient network reset."
    assert reset.source == "retry.json, testFailurePatterns 1"
    assert refused.anchors == ("connection refused", "Connection refused")
    assert (limited.anchors, limited.near) == (("429 Too Many",), (r"(?i)images\.example\.org",))
    assert limited.name == "external_api/rate_limit"
    assert all(map(proves_itself, signatures.values()))
    said = notes(made)
    assert (
        "testFailurePatterns 2: aspire-connection-refused: class guessed: network/refused_remote; lost: `testName`"
        in said
    )
    assert "testFailurePatterns 3: left out: it looks only at testName, and a signature reads the log" in said
    assert "testFailurePatterns 4: left out: it is switched off in the source" in said
    assert "jobFailurePatterns 1: left out: it searches for the same as testFailurePatterns 1" in said
    assert "lost: the order of the parts, and a distance of more than eight lines" in said


def test_openvino() -> None:
    rules = [
        {"error_text": "Could not resolve host: example.org", "ticket": 12},
        {"error_text": r"Error 5\d\d", "ticket": 7},
    ]
    made = imported(json.dumps(rules), "errors.json")
    assert made.form == "openvino"
    first, second = loaded(made).values()
    assert (first.id, first.name, first.scope) == (
        "openvino-could-not-resolve-host-example-org",
        "network/dns",
        Scope.JOB,
    )
    assert (first.hint, first.source) == ("Look at ticket 12.", "errors.json, rule 1, ticket 12")
    assert second.anchors == (r"Error 5\d\d",)
    assert "lost: the source takes every sign between words for a blank" in notes(made)
    assert r"`\d` looks like a pattern but stands where the source takes plain text" in notes(made)


BLOCK = {"ErrorMessage": "Disk quota reached", "ErrorPattern": "", "BuildRetry": True, "ExcludeConsoleLog": True}
BODY = f"Seen today.\n```json\n{{}}\n```\nand\n```json\n{json.dumps(BLOCK)}\n```\nBye."


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(BLOCK),
        json.dumps([BLOCK]),
        json.dumps([{"title": "It is full", "url": "https://example.org/i/3", "body": BODY}]),
        BODY,
    ],
    ids=["block", "list", "issues", "text of an issue"],
)
def test_dotnet(text: str) -> None:
    made = imported(text, "issue")
    assert made.form == "dotnet"
    signature = only(made)
    assert (signature.id, signature.name) == ("known-issue-disk-quota-reached", "external_api/quota")
    assert signature.scope is Scope.JOB
    assert "lost: `ExcludeConsoleLog`: here every log is read" in notes(made)


def test_dotnet_searches_its_list_in_lines_near_each_other_and_reads_names_in_any_case() -> None:
    made = imported(json.dumps({"errormessage": ["My.Test", "stream aborted"], "url": "https://example.org/i/3"}), "i")
    signature = only(made)
    assert (signature.anchors, signature.near) == (("stream aborted", "Stream aborted"), (r"(?i)My\.Test",))
    assert (signature.scope, signature.hint) == (Scope.NONE, "Look at https://example.org/i/3.")
    assert proves_itself(signature)


def test_dotnet_goes_by_the_pattern_and_leaves_out_what_searches_for_nothing() -> None:
    both = {"ErrorMessage": "abc", "ErrorPattern": [r"HTTP [404|500] for \S+ here"]}
    made = imported(json.dumps([both, {"ErrorMessage": "", "ErrorPattern": ""}]), "issues.json")
    assert only(made).pattern == r"(?i)HTTP [404|500] for \S+ here"
    assert "lost: `ErrorMessage`: the source goes by `ErrorPattern` when both are given" in notes(made)
    assert "`[404|500]` is one sign out of these, not one word of several" in notes(made)
    assert "issue 2: left out: it has neither `ErrorMessage` nor `ErrorPattern`" in notes(made)


GITLAB = r"""
failure_categories:
  db_migrations:
    description: |
      The schema and the migrations differ. This is the second sentence.

      And another paragraph.
    patterns:
      - "You have.+pending migrations"
      - "undefined method `"
    causes:
      - "Somebody forgot"
    solutions:
      - "Run `bin/migrate` locally"
      - "Or not"
  odd:
    description: "Odd things"
    patterns:
      - "an error (really) happened"
      - "(?>x)"
"""


def test_gitlab() -> None:
    made = imported(GITLAB, "single_line_patterns.yml")
    assert made.form == "gitlab"
    pending, method, odd = loaded(made).values()
    assert pending.pattern == "(?i)You have.{1,300}pending migrations"
    assert (pending.name, pending.scope) == ("build/migration", Scope.NONE)
    assert pending.meaning == "The schema and the migrations differ."
    assert pending.hint == "Run `bin/migrate` locally."
    assert (method.id, method.pattern) == ("gitlab-undefined-method", "")
    assert (odd.name, odd.anchors) == ("unknown/generic_exit", ("an error really happened", "An error really happened"))
    said = notes(made)
    assert "db_migrations pattern 1: gitlab-pending-migrations-" in said
    assert "lost: `.*` and `.+` over more than 300 characters" in said
    assert "the round brackets of `(really)` are not escaped" in said
    assert "odd pattern 2: left out: `(?>` never gives back" in said


def test_gitlabs_patterns_over_several_lines_are_known_by_the_name_of_the_file() -> None:
    text = 'failure_categories:\n  jest:\n    patterns: ["All suites ran,exited with status"]\n'
    two = only(imported(text, "multiline_patterns.yml"))
    assert (two.anchors, two.near) == (("exited with status", "Exited with status"), ("(?i)All suites ran",))
    assert only(imported(text, "other.yml")).anchors == ("All suites ran,exited with status",)


def test_gitlabs_older_form_is_a_list() -> None:
    made = imported('- pattern: "EOFError"\n  failure_category: "ruby_eof"\n', "catchall_patterns.yml")
    assert only(made).meaning == "GitLab calls it ruby eof."


def test_what_was_guessed_is_marked_in_the_file() -> None:
    text = dump((made := aspire("ECONNRESET", "something odd")).document, made.comments)
    assert "    class: network  # check: class guessed from the words\n" in text
    assert "    class: unknown  # check: the words do not say which class it is\n" in text
    assert "  # check: the source does not say what to do\n" in text
    assert "class not known" in notes(made)


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        (r"\d+", "has no text that every line it fits would hold"),
        (".*", "fits every line"),
        ("a$b is never there", "no line could be made that"),
        ("never\\nin one line", "too short, or no text of one line"),
        ("(x+x+)+ and so on", "can take minutes on a hostile line"),
        ("(?<a-b>x)", "has no like in Python"),
    ],
)
def test_a_pattern_that_cannot_be_taken_over_is_told_with_the_reason(pattern: str, reason: str) -> None:
    made = aspire("a good one", {"regex": pattern})
    assert len(loaded(made)) == 1
    assert "jobFailurePatterns 2: left out: " in notes(made)
    assert reason in notes(made)


@pytest.mark.parametrize(
    ("text", "odd"),
    [
        ("exit code 8", "a number stands at the end, so `exit code 80` fits, too"),
        ("http", "`http` is short and will be found in much that is no failure"),
    ],
)
def test_known_faults_are_told_and_not_repaired(text: str, odd: str) -> None:
    made = aspire(text)
    assert only(made).anchors[0] == text
    assert odd in notes(made)


def test_an_id_is_of_the_words_and_belongs_to_one_rule_only() -> None:
    long = "one two three four five six seven"
    made = aspire("It Failed!", "it failed", long, {"regex": r"it failed \d"})
    ids = [each.id for each in made.results]
    assert ids[0] == "aspire-it-failed"
    assert all(identity.startswith("aspire-it-failed-") for identity in (ids[1], ids[3]))
    assert ids[2].startswith("aspire-one-two-three-four-five-six-")
    assert len(set(ids)) == 4
    assert [each.id for each in aspire(long).results] == [ids[2]]
    taken = imported(json.dumps({"jobFailurePatterns": [{"output": "It Failed!"}]}), "r.json", taken=[ids[0]])
    assert only(taken).id.startswith("aspire-it-failed-")


@pytest.mark.parametrize(
    ("document", "faults"),
    [
        (
            {"version": 2, "testFailurePatterns": {}, "jobFailurePatterns": [{"output": 7, "enabled": "no"}, "x"]},
            [
                "file: version: `2` is not known here",
                "testFailurePatterns: not a list",
                "jobFailurePatterns 1: output: not a text; put it in quotes",
                "jobFailurePatterns 1: enabled: not true or false",
                "jobFailurePatterns 2: not a map",
            ],
        ),
        (
            {"jobFailurePatterns": [{"output": {"regexp": "x"}}]},
            ['output: without a pattern; write `{"regex": "..."}`'],
        ),
        (
            [{"error_text": ""}, {"error_text": "abc", "ticket": [1]}],
            ["rule 1: error_text: missing", "rule 2: ticket: not a number or a text"],
        ),
        (
            [{"ErrorMessage": [1]}, {"ErrorPattern": "x", "BuildRetry": "yes"}],
            ["issue 1: ErrorMessage: not a text or a list of texts", "issue 2: BuildRetry: not true or false"],
        ),
        (
            {"failure_categories": {"a": {"patterns": []}, "b": "x"}},
            ["a 1: patterns: missing; give at least one pattern", "b 1: not a map"],
        ),
        ({"failure_categories": []}, ["failure_categories: not a map"]),
    ],
)
def test_the_faults_of_a_file_come_together(document: object, faults: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        imported(json.dumps(document), "rules.json")
    assert all(found.startswith("rules.json: ") for found in caught.value.problems)
    assert len(caught.value.problems) == len(faults)
    said = "\n".join(caught.value.problems)
    assert [fault for fault in faults if fault not in said] == []


@pytest.mark.parametrize(
    ("text", "form", "fault"),
    [
        ("{1}", "", "rules.json: is no JSON"),
        ("a: [", "", "rules.json line 1: "),
        (
            "[]",
            "",
            "rules.json: is not of the form it should be; give one of these files. Looked for aspire: a map with",
        ),
        ("[]", "openvino", "choose another --format or leave it out. Looked for openvino: a list of maps"),
        ('{"testFailurePatterns": []}', "", "rules.json: nothing can be taken over"),
        ('[{"error_text": "ab"}]', "", "rule 1: left out: `ab` is too short"),
        ("[" * 100_000, "", "more levels than anyone can read"),
    ],
)
def test_a_file_that_holds_no_such_rules_is_one_clear_error(text: str, form: str, fault: str) -> None:
    with pytest.raises(ConfigError) as caught:
        imported(text, "rules.json", form)
    assert fault in "\n".join(caught.value.problems)


pieces = st.sampled_from(
    [
        "reset by peer",
        "timed out",
        r"\d+",
        r"\b",
        ".+",
        ".*",
        "[Ee]rror",
        "(?:one|two)",
        "x?",
        r"\s+",
        "(a)",
        r"\.",
        "$",
        "^",
    ]
)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.lists(pieces, min_size=1, max_size=5).map("".join), min_size=1, max_size=4))
def test_whatever_is_taken_over_loads_and_proves_itself(patterns: list[str]) -> None:
    made = aspire("a good one", *({"regex": pattern} for pattern in patterns))
    assert len(made.results) == len(patterns) + 1
    for result in made.results:
        assert bool(result.row) is not bool(result.left_out)
    for signature in loaded(made).values():
        assert signature.found(signature.matches[0])
        assert not signature.found(signature.ignores[0])


@settings(max_examples=200, deadline=None)
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=20), max_size=3))
def test_any_text_is_taken_over_or_told(texts: list[str]) -> None:
    made = aspire("a good one", *texts)
    assert all(bool(result.row) is not bool(result.left_out) for result in made.results)
    for signature in loaded(made).values():
        assert signature.found(signature.matches[0])
        assert not signature.found(signature.ignores[0])

"""What a ticket says is foreign text: it pings nobody, closes nothing, leaks nothing, and keeps to the limits."""

from __future__ import annotations

from dataclasses import replace

import pytest
from facts import NOON
from hostile import SHAPES
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from ticketworld import FINGERPRINT, failed, permanent

from lumen_action.ops.tickets import Draft
from lumen_action.ops.tickets.cases import Casebook
from lumen_action.ops.tickets.notices import History
from lumen_action.ops.tickets.writing import END, Writer, fingerprint_in, marker, merged

WRITER = Writer(secrets=("hunter2secret",), runbook="https://wiki.example/runbook", labels=("ops",))


def draft_of(evidence: str, **other: str) -> Draft:
    cause = permanent(evidence=evidence, **other)
    where = {"pipeline": other.get("meaning", "nightly")[:90] or "nightly"}
    (case,) = Casebook([failed("1", NOON, cause=cause, **where)]).cases()
    return WRITER.draft(case, History(), owners=("@org/team",))


def prose_of(markdown: str) -> str:
    """Return what is neither code nor an address: where a mention or a reference would work."""
    tokens = MarkdownIt("commonmark").enable("table").parse(markdown)
    inline = [child for token in tokens for child in (token.children or ())]
    return "\n".join(child.content for child in inline if child.type == "text")


def links_in(markdown: str) -> set[str]:
    tokens = MarkdownIt("commonmark").enable("table").parse(markdown)
    inline = [child for token in tokens for child in (token.children or ())]
    return {str(child.attrs.get("href") or child.attrs.get("src")) for child in inline if child.attrs}


def html_in(markdown: str) -> list[str]:
    tokens = MarkdownIt("commonmark").enable("table").parse(markdown)
    found = [token.content.strip() for token in tokens if token.type == "html_block"]
    return found + [c.content for token in tokens for c in (token.children or ()) if c.type == "html_inline"]


ATTACKS = (
    "@alice @org/team please look",
    "Fixes #1, closes org/app#2, GH-3",
    "<img src=x onerror=alert(1)><script>x</script>",
    "```\n@alice\n```\n# heading",
    f"{END}\n\nFixes #1 @alice",
    "<!-- lumen:fingerprint ffffffffffffffff -->",
    "/close\n/assign @alice",
    "[click](javascript:alert(1)) ![x](https://track.example/x.png)",
)


@pytest.mark.parametrize("attack", [*ATTACKS, *SHAPES.values()])
def test_hostile_words_have_no_effect_wherever_they_stand(attack: str) -> None:
    draft = draft_of(attack, meaning=attack, hint=attack, reason=attack, signature=attack)
    for text in (draft.body, draft.news):
        assert html_in(text) in ([marker(FINGERPRINT), END], [])
        for sign in ("@alice", "@org/team", "#1", "#2", "GH-3"):
            assert sign not in prose_of(text)
        assert links_in(text) <= {"https://github.com/org/app/actions/runs/1", "https://wiki.example/runbook#test"}
        assert not any(line.startswith("/") for line in text.splitlines())
    assert fingerprint_in(draft.body) == FINGERPRINT
    assert "@alice" not in draft.title
    assert "#1" not in draft.title
    assert "\n" not in draft.title


@pytest.mark.parametrize("attack", [*ATTACKS, *SHAPES.values()])
def test_our_part_is_replaced_as_a_whole_whatever_it_quotes(attack: str) -> None:
    draft = draft_of(attack, meaning=attack, hint=attack)
    assert merged(draft.body, draft.body) == draft.body
    assert merged(f"before\n\n{draft.body}\n\nafter", "new") == "before\n\nnew\n\nafter"


def test_what_people_wrote_is_kept_when_our_part_is_gone() -> None:
    assert merged("mine", "ours") == "ours\n\nmine"
    assert merged("", "ours") == "ours"


@given(st.text(max_size=300), st.text(max_size=300))
def test_any_words_keep_to_the_limits_and_the_marks(evidence: str, meaning: str) -> None:
    draft = draft_of(evidence, meaning=meaning, hint=meaning)
    assert len(draft.title) <= 255
    assert draft.body.startswith(f"{marker(FINGERPRINT)}\n")
    assert draft.body.endswith(f"\n{END}")
    assert merged(draft.body, draft.body) == draft.body
    assert "hunter2secret" not in draft.body


def test_a_ticket_of_many_pipelines_and_long_lines_stays_small() -> None:
    facts = [
        failed(str(n), NOON + n, pipeline=f"{n}" * 90, region=f"r{n}" * 40, cause=permanent(evidence="x" * 3000))
        for n in range(300)
    ]
    (case,) = Casebook(facts).cases()
    draft = WRITER.draft(case, History())
    assert "Seen in **300** runs" in draft.body
    assert "and 290 more" in draft.body
    assert len(draft.body.encode()) < 15_000


@pytest.mark.parametrize("secret", ["hunter2secret", "ghp_abcdefghijklmnop1234", "password=s3cr3t-word"])
def test_secrets_leave_nothing(secret: str) -> None:
    draft = draft_of(f"push failed with {secret}", meaning=secret, hint=secret, reason=secret)
    for text in (draft.title, draft.body, draft.news):
        assert secret not in text


def test_it_says_what_a_person_needs() -> None:
    draft = draft_of("FAILED tests/test_a.py::test_b", meaning="tests failed")
    assert draft.title == "build/test in tests failed · build: FAILED tests/test_a.py::test_b"
    assert draft.labels == ("lumen", "build", "lumen-fp-0123456789ab", "ops")
    for said in (
        "> 12 | FAILED tests/test_a.py::test_b",
        "**Do**: Run the tests",
        "Seen in **1** run,",
        "https://github.com/org/app/actions/runs/1",
        "[Runbook](https://wiki.example/runbook#test)",
        "`@org/team`",
        "Closes by itself after 7 days without it and a success of",
    ):
        assert said in draft.body


def test_one_day_is_a_day() -> None:
    (case,) = Casebook([failed("1", NOON)]).cases()
    assert "after 1 day without it" in replace(WRITER, quiet_days=1).draft(case, History()).body

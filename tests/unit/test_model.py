from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest
from facts import NOON, fact, failure
from hypothesis import given
from hypothesis import strategies as st

from lumen_action.model import (
    MAX_FACT_BYTES,
    Action,
    Decision,
    ErrorClass,
    Evidence,
    Fact,
    Failure,
    Outcome,
    Scope,
    Verdict,
    canonical,
    details,
)
from lumen_action.model.instants import stamp, stamp_of

_text = st.text(max_size=3000)


@given(_text, _text, _text)
def test_a_fact_reads_back_as_it_was_written(evidence: str, hint: str, url: str) -> None:
    # What does not fit is shortened once; after that nothing is lost.
    whole = replace(fact("build", Outcome.FAILURE), failure=replace(failure(), evidence=evidence, hint=hint), url=url)
    stored = whole.encode()
    assert len(stored) <= MAX_FACT_BYTES
    assert Fact.decode(stored).encode() == stored
    if len(evidence) + len(hint) + len(url) < 500:
        assert Fact.decode(stored) == whole


@given(st.dictionaries(st.sampled_from(["reason", "author", "until"]), _text))
def test_details_read_back_and_are_shortened_where_a_fact_is_too_long(told: dict[str, str]) -> None:
    whole = replace(fact(), details=details(told))
    assert len(whole.encode()) <= MAX_FACT_BYTES
    assert Fact.decode(whole.encode()).encode() == whole.encode()
    if sum(map(len, told.values())) < 100:
        assert Fact.decode(whole.encode()) == whole
        assert whole.told == {name: text for name, text in told.items() if text}
    assert hash(whole) == hash(replace(fact(), details=details(dict(reversed(told.items())))))


@pytest.mark.parametrize("wrong", [5, ["reason"], {"reason": 5}, {"reason": None}])
def test_details_are_texts_by_name(wrong: object) -> None:
    body = fact().body() | {"details": wrong}
    with pytest.raises(ValueError):
        Fact.decode(canonical(body))


@given(st.text(max_size=5), st.text(max_size=5), st.sampled_from(Scope), st.sampled_from(Action), st.integers(0, 3))
def test_an_empty_word_is_read_back_as_empty(repo: str, word: str, scope: Scope, action: Action, number: int) -> None:
    reason = Failure(ErrorClass.UNKNOWN, word, word, word, number or None, scope=scope, decision=action)
    whole = replace(fact(word or "build", Outcome.FAILURE), failure=reason, leg=word, duration_ms=number or None)
    whole = replace(whole, key=replace(whole.key, repo=repo, job=word))
    assert Fact.decode(whole.encode()) == whole


def test_the_key_holds_what_the_ci_fixes_and_nothing_else() -> None:
    one = fact("build")
    assert replace(one, pipeline="renamed", day="2026-01-09", outcome=Outcome.ERROR).key.digest == one.key.digest
    changed = [
        replace(one.key, **{name: 7 if name == "attempt" else "other"})  # type: ignore[arg-type]
        for name in ("provider", "host", "repo", "run", "attempt", "job", "region", "stage")
    ]
    assert len({one.key.digest, *(key.digest for key in changed)}) == 9


def test_fields_do_not_run_into_each_other() -> None:
    key = fact("build").key
    assert replace(key, run="1", repo="a|1").digest != replace(key, run="1|1", repo="a").digest


def test_the_key_is_public_and_never_changes() -> None:
    assert fact("build").key.digest == "0b5111dabb0935242428bebd4f41104d96ec53c2942ee2e8c079f82629ade1f0"


def test_a_statement_leaves_out_what_belongs_to_the_observing() -> None:
    one = replace(fact("build", Outcome.FAILURE), duration_ms=1)
    later = replace(one, observed_at_ms=NOON + 9, duration_ms=2, runner="r2", day="2026-01-03", run_id="x")
    assert later.statement == one.statement
    assert replace(one, failure=failure(ErrorClass.BUILD)).statement != one.statement


@pytest.mark.parametrize("broken", ["", "[]", "{}", '{"v":9}', '{"v":1,"key":{}}', "nonsense", "null"])
def test_what_is_not_a_fact_is_refused(broken: str) -> None:
    with pytest.raises(ValueError):
        Fact.decode(broken)


def test_a_failure_keeps_what_the_next_step_needs() -> None:
    verdict = Verdict(
        ErrorClass.NETWORK, "dns", "curl.dns", Scope.STEP, 1.0, Evidence(3, "no host"), "m", "h", "r", "f"
    )
    decision = Decision(Action.RETRY_NOW, Scope.STEP, "why", 5, 2)
    kept = Failure.of(verdict, decision)
    assert (kept.verdict, kept.decided) == (verdict, decision)


@given(st.integers(-62_135_596_800_000, 253_402_300_799_999))
def test_a_moment_is_stamped_to_the_second_and_sorts_as_text(at_ms: int) -> None:
    stamped = stamp(at_ms)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", stamped)
    read = datetime.fromisoformat(stamped.replace("Z", "+00:00")) - datetime(1970, 1, 1, tzinfo=timezone.utc)
    assert read // timedelta(milliseconds=1) == at_ms // 1000 * 1000
    assert stamp_of(at_ms) == stamped
    assert stamp_of(None) is None

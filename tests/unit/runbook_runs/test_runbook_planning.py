"""What a dry run says: what would be done with these values, and what nobody can know before it is done."""

from __future__ import annotations

from dataclasses import replace

import pytest
from runbookteam import Crew, command, manual, runbook_with

from lumen_action.expectations import expectation_of
from lumen_action.response.runbooks.rehearsing import Rehearsed, rehearse
from lumen_action.runbooks.planning import Known, Planned, planned
from lumen_action.runbooks.preparing import Values
from lumen_action.runbooks.runbook import Deed, OnFailure, Request, Runbook, Step, StepKind


def plan(
    step: Step, *, missing: dict[str, str] | None = None, changing: tuple[str, ...] = (), **inputs: str
) -> Planned:
    return planned(runbook_with(step), 1, Known(Values(inputs, {}), missing or {}, changing))


def test_it_tells_the_exact_words_and_what_undoes_them() -> None:
    step = command("make", "deploy", "{{ service }}", "--to", "a b", undo=("deploy", "{{ service }}", "--back"))
    found = plan(step, service="web;id")
    assert (found.what, found.undo) == ("deploy 'web;id' --to 'a b'", "deploy 'web;id' --back")
    assert not found.runs


def test_it_tells_the_request_and_never_what_our_environment_holds() -> None:
    request = Request(
        "https://api.example/{{ name }}",
        "POST",
        {"Authorization": "Bearer $TOKEN"},
        '{"to": "{{ name }}"}',
        (200, 202),
        (expectation_of('status == "ok"'),),
    )
    found = plan(Step("ask", "Ask", Deed(StepKind.HTTP, request=request)), name="a b")
    assert found.what == ('POST https://api.example/a%20b with {"to": "a b"}, expecting 200 or 202, status == "ok"')
    shown = plan(command("make", "deploy", env={"KEY": "$DEPLOY_KEY"}))
    assert shown.what == "KEY=… deploy"


@pytest.mark.parametrize(
    ("step", "what"),
    [
        (manual("ask", "Turn {{ name }} off."), "Turn web off."),
        (Step("t", "T", Deed(StepKind.NOTIFY, title="{{ name }}", text="Look.")), "tell the channels: web: Look."),
        (Step("i", "I", Deed(StepKind.INCIDENT, event="mitigated", text="{{ name }}")), "incident mitigated  web"),
    ],
)
def test_it_tells_what_people_would_be_told(step: Step, what: str) -> None:
    assert plan(step, name="web").what.split() == what.split()


def test_what_an_earlier_step_would_have_left_is_not_known() -> None:
    step = command("use", "deploy", "{{ version }}", reads_only=True)
    found = plan(step, missing={"version": "build"})
    assert (found.what, found.runs) == ("deploy '{{ version }}'", False)
    assert found.notes == ("`version` is not known before build is done",)
    url = Step("ask", "Ask", Deed(StepKind.HTTP, request=Request("https://api.example/{{ version }}")), reads_only=True)
    assert plan(url, missing={"version": "build"}).what.startswith("GET https://api.example/{{ version }}, expecting")


def test_whether_a_step_would_be_done_may_not_be_known() -> None:
    step = command("use", "deploy", when='version == "v1"', reads_only=True)
    assert plan(step, missing={"version": "build"}).notes == ("`version` is not known before build is done",)
    assert plan(step, version="v2").skipped
    assert plan(step, version="v1").runs


def test_a_look_after_a_change_sees_what_was_before_it() -> None:
    step = command("look", "deploy", "--status", reads_only=True)
    found = plan(step, changing=("make",))
    assert (found.runs, found.before_changes) == (True, True)
    assert found.notes == ("sees things as they are before make",)


def test_values_that_could_not_be_used_are_told() -> None:
    assert "has no value" in plan(command("use", "deploy", "{{ version }}")).fault
    headers = Request("https://api.example", headers={"X-For": "{{ name }}"})
    assert "line break" in plan(Step("a", "A", Deed(StepKind.HTTP, request=headers)), name="a\nb").fault


def rehearsed(crew: Crew, book: Runbook) -> tuple[Rehearsed, ...]:
    return rehearse(book, {}, crew.means(), pipeline="nightly", actor="ann", show=lambda _: None)


def look(*argv: str, name: str = "look", **more: object) -> Step:
    return replace(command(name, *argv, reads_only=True), **more)  # type: ignore[arg-type]


def test_what_only_reads_is_done_and_its_answer_is_used(crew: Crew) -> None:
    book = runbook_with(look("echo", "v12", keep="seen"), command("make", "touch", "made-{{ seen }}"))
    first, second = rehearsed(crew, book)
    assert first.result
    assert (first.result.told["last"], second.plan.what, second.result) == ("v12", "touch made-v12", None)
    assert list(crew.ledger.scan()) == []


def test_a_look_that_fails_would_end_the_run_unless_a_change_comes_before_it(crew: Crew) -> None:
    failing = look("sh", "-c", "echo not yet >&2; exit 1")
    assert rehearsed(crew, runbook_with(failing))[0].why == "exit code 1: not yet"
    assert rehearsed(crew, runbook_with(replace(failing, on_failure=OnFailure.CONTINUE)))[0].why == ""
    assert rehearsed(crew, runbook_with(command("make", "true"), failing))[1].why == ""


def test_a_look_that_cannot_even_be_made_is_a_fault_wherever_it_stands(crew: Crew) -> None:
    away = look("no-such-program")
    assert "no-such-program" in rehearsed(crew, runbook_with(command("make", "true"), away))[1].why
    closed = Step("ask", "Ask", Deed(StepKind.HTTP, request=Request("http://127.0.0.1:9/")), reads_only=True)
    assert rehearsed(crew, runbook_with(manual("ask-first"), closed))[1].why


def test_a_wait_asks_once_and_need_not_hold_yet(crew: Crew) -> None:
    deed = Deed(StepKind.WAIT, argv=("sh", "-c", "echo x >> asked; exit 1"))
    [found] = rehearsed(crew, runbook_with(Step("wait", "Wait", deed, timeout_seconds=600, reads_only=True)))
    assert (found.why, found.result is not None) == ("", True)

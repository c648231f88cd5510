"""A run of a runbook: each step on record before and after it, by one runner, and gone on with by another."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from pathlib import Path

import pytest
from facts import HOUR
from runbookteam import PIPELINE, ROLL_BACK, Crew, command, manual, runbook_with

from lumen_action.errors import ConfigError, LedgerError
from lumen_action.incidents.words import Event as IncidentEvent
from lumen_action.incidents.words import Severity
from lumen_action.ledger import Ledger, Put
from lumen_action.model import Fact, Outcome
from lumen_action.response.incidents import Opening
from lumen_action.response.runbooks.deciding import Decision, Said
from lumen_action.response.runbooks.records import StoppedError
from lumen_action.response.runbooks.running import Runner
from lumen_action.runbooks.facts import Place
from lumen_action.runbooks.runbook import Deed, OnFailure, Runbook, Step, StepKind
from lumen_action.runbooks.standing import Event, Slot, Standing, StepState


def started(crew: Crew, runbook: Runbook, *, incident: str = "", **values: str) -> Standing:
    found = crew.runner().start(runbook, PIPELINE, values, incident=incident)
    assert found
    return found


def states(standing: Standing) -> dict[str, str]:
    return {name: step.state.value for name, step in standing.steps.items()}


def test_every_step_is_on_record_before_and_after_it(crew: Crew) -> None:
    found = started(crew, runbook_with(command("make", "echo", "it is {{ word }}")), word="done")
    assert (found.state, states(found)) == ("finished", {"make": "done"})
    stages = [fact.key.stage for fact in sorted(crew.facts(found.execution), key=lambda fact: fact.key.stage)]
    assert stages == ["ended", "make.1.begun", "make.1.ended", "started"]
    told = found.step("make").last
    assert told
    assert told.told["what"] == "echo 'it is done'"
    assert (told.told["rc"], told.told["last"], told.actor) == ("0", "it is done", "ann")
    assert int(told.told["duration_ms"]) >= 0
    assert {fact.day for fact in crew.facts(found.execution)} == {"2026-01-02"}


def test_a_failed_step_ends_the_run_and_nothing_after_it_is_done(crew: Crew, tmp_path: Path) -> None:
    found = started(crew, runbook_with(command("break", "ls", "/nothing/here"), command("make", "touch", "made")))
    assert (found.state, states(found)) == ("failed", {"break": "failed"})
    assert "exit code 2" in found.why
    assert "nothing/here" in found.why
    assert not (tmp_path / "made").exists()
    end = next(fact for fact in crew.facts(found.execution) if fact.key.stage == "ended")
    assert end.outcome is Outcome.FAILURE


def test_a_failure_that_may_be_is_gone_past(crew: Crew) -> None:
    steps = (command("break", "false", on_failure=OnFailure.CONTINUE), command("make", "true"))
    found = started(crew, runbook_with(*steps))
    assert (found.state, states(found)) == ("finished", {"break": "failed", "make": "done"})
    assert "break" in found.why


def test_what_is_done_is_undone_the_last_first_and_what_cannot_be_is_told(crew: Crew, tmp_path: Path) -> None:
    steps = (
        command("one", "touch", "one", undo=("cp", "one", "undone-one")),
        command("two", "true", undo=("false",)),
        command("three", "touch", "three", undo=("ls", "one", "undone-one")),
        command("break", "false", on_failure=ROLL_BACK),
        command("never", "touch", "never"),
    )
    found = started(crew, runbook_with(*steps))
    assert found.state == "rolled_back"
    # The third was undone before the first: it does not find what undoing that makes.
    assert states(found) == {"one": "undone", "two": "undo_failed", "three": "undo_failed", "break": "failed"}
    assert "not undone: three, two" in found.why
    assert (tmp_path / "undone-one").exists()
    assert not (tmp_path / "never").exists()


def test_a_step_is_done_only_under_its_condition_and_later_ones_find_what_it_kept(crew: Crew) -> None:
    steps = (
        command("look", "echo", "v12", keep="seen"),
        command("old", "false", when='seen == "v11"'),
        command("use", "echo", "it was {{ seen }}", when='seen == "v12"'),
    )
    found = started(crew, runbook_with(*steps))
    assert states(found) == {"look": "done", "old": "skipped", "use": "done"}
    assert found.step("use").told("last") == "it was v12"


def test_a_step_is_tried_again_as_often_as_it_may_be(crew: Crew, tmp_path: Path) -> None:
    script = "echo x >> tries; test $(wc -l < tries) = 3"
    found = started(crew, runbook_with(command("flaky", "sh", "-c", script, retries=2)))
    assert (found.state, found.step("flaky").told("tries")) == ("finished", "3")
    (tmp_path / "tries").unlink()
    found = started(crew, runbook_with(command("flaky", "sh", "-c", script, retries=1)))
    assert (found.state, found.step("flaky").told("tries")) == ("failed", "2")


def test_a_run_waits_for_a_person_who_is_told_and_another_job_goes_on(crew: Crew, tmp_path: Path) -> None:
    incident = crew.incidents.report(Opening("It broke", Severity.SEV2, "same")).incident.name
    book = runbook_with(manual("ask", "Turn {{ what }} off."), command("make", "touch", "made"))
    waits = started(crew, book, incident=incident, what="it")
    resume = f"lumen runbook resume {waits.execution} --confirm ask"
    assert (waits.state, waits.waiting) == ("waiting", "ask")
    assert [(saying.text, saying.severity) for saying in crew.said] == [(f"Turn it off.\n\nThen: {resume}", "warning")]
    assert any("Turn it off." in line for line in crew.told)
    assert noted(crew, incident) == [f"The runbook mend waits: Ask for ask\nTurn it off.\n\nThen: {resume}"]
    assert [(link.kind.value, link.name) for link in crew.incidents.find(incident).links] == [
        ("runbook", waits.execution)
    ]
    assert not (tmp_path / "made").exists()
    [row] = crew.records.rows(PIPELINE)
    assert (row.state, row.step) == ("waiting", "ask")

    crew.now_ms += 30 * HOUR
    said = Said(Decision.CONFIRM, "ask", "took long")
    done = crew.runner("bob").resume(book, crew.records.standing(waits.execution), said)
    assert (done.state, states(done)) == ("finished", {"ask": "done", "make": "done"})
    assert (done.step("ask").told("actor"), done.step("ask").told("note")) == ("bob", "took long")
    assert {fact.day for fact in crew.facts(waits.execution)} == {"2026-01-02"}
    assert crew.records.rows(PIPELINE)[0].over
    assert f"The runbook mend ({done.execution}) is finished" in noted(crew, incident)


def noted(crew: Crew, incident: str) -> list[str]:
    """Return what the incident says of runs."""
    return [each.text for each in crew.incidents.find(incident).moments if each.event is IncidentEvent.UPDATED]


def test_that_nobody_could_be_told_is_said_and_holds_nothing_up(crew: Crew) -> None:
    crew.unheard = "slack: 503"
    assert started(crew, runbook_with(manual("ask"))).state == "waiting"
    assert "warning: nobody was told that it waits: slack: 503" in crew.told


def test_what_a_person_declines_has_failed(crew: Crew) -> None:
    book = runbook_with(command("make", "true", undo=("true",)), manual("ask", on_failure=ROLL_BACK))
    waits = started(crew, book)
    found = crew.runner("bob").resume(book, waits, Said(Decision.DECLINE, "ask", "no right"))
    assert (found.state, states(found)) == ("rolled_back", {"make": "undone", "ask": "failed"})
    assert found.why == "ask: declined by bob: no right"


def test_the_first_of_two_people_decides(crew: Crew) -> None:
    book = runbook_with(manual("ask"))
    waits = started(crew, book)
    assert crew.runner("bob").resume(book, waits, Said(Decision.DECLINE, "ask")).state == "failed"
    late = crew.runner("eve").resume(book, waits, Said(Decision.CONFIRM, "ask"))
    assert (late.state, late.step("ask").told("actor")) == ("failed", "bob")
    assert any("somebody else has spoken about ask" in line for line in crew.told)


@pytest.mark.parametrize(
    ("decision", "step", "fault"),
    [
        (Decision.REDO, "ask", "waiting; what can be said of it: --confirm or --decline"),
        (Decision.CONFIRM, "make", "done; what can be said of it: nothing"),
        (Decision.CONFIRM, "other", "open; what can be said of it: nothing"),
    ],
)
def test_only_what_is_asked_can_be_answered(crew: Crew, decision: Decision, step: str, fault: str) -> None:
    book = runbook_with(command("make", "true"), manual("ask"))
    waits = started(crew, book)
    with pytest.raises(ConfigError, match=fault):
        crew.runner().resume(book, waits, Said(decision, step))


def test_a_run_goes_on_only_with_the_steps_it_began_with_and_can_be_given_up(crew: Crew) -> None:
    waits = started(crew, runbook_with(manual("ask"), command("make", "true")))
    with pytest.raises(ConfigError, match="began with other steps"):
        crew.runner().resume(runbook_with(manual("ask"), command("make", "false")), waits)
    given_up = crew.runner().abandon(waits, "no longer needed")
    assert (given_up.state, given_up.why) == ("abandoned", "no longer needed")
    with pytest.raises(ConfigError, match="is over"):
        crew.runner().resume(runbook_with(manual("ask")), given_up)


def died(crew: Crew, book: Runbook, step: str) -> Standing:
    """Return a run whose runner died in the middle of a step, after all before it."""
    values = {"word": "x"}
    execution = crew.records.begin(book, PIPELINE, values, {"actor": "ann"})
    assert execution
    until = str(crew.now_ms + HOUR)
    assert crew.records.claim(execution, Place(step, 1, Slot.BEGUN), {"actor": "ann", "until_ms": until})
    return crew.records.standing(execution.name)


def test_a_step_that_only_reads_is_done_once_more_after_its_runner_died(crew: Crew) -> None:
    book = runbook_with(command("look", "echo", "seen", reads_only=True))
    half = died(crew, book, "look")
    # Its time is not over, so it may still be at work.
    assert crew.runner("bob").resume(book, half).step("look").state is StepState.RUNNING
    assert any("ann is at it until 2026-01-02T13:00:00Z" in line for line in crew.told)
    found = crew.runner("bob").resume(book, half, take_over=True)
    assert (found.state, found.step("look").attempt, found.step("look").told("actor")) == ("finished", 2, "bob")


def test_a_step_that_changes_something_is_left_to_a_person_after_its_runner_died(crew: Crew, tmp_path: Path) -> None:
    book = runbook_with(command("make", "touch", "made"), command("more", "touch", "more"))
    half = died(crew, book, "make")
    with pytest.raises(ConfigError, match=r"ann is at make until .*--take-over"):
        crew.runner("bob").resume(book, half, Said(Decision.REDO, "make"))
    crew.now_ms += 2 * HOUR
    found = crew.runner("bob").resume(book, half)
    assert (found.state, found.waiting) == ("waiting", "make")
    assert any("--done make, --redo make or --skip make" in line for line in crew.told)
    assert crew.records.rows(PIPELINE)[0].step == "make"
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize(
    ("decision", "state", "made"),
    [(Decision.REDO, "done", True), (Decision.SKIP, "skipped", False), (Decision.DONE, "done", False)],
)
def test_a_person_says_what_became_of_it(
    crew: Crew, tmp_path: Path, decision: Decision, state: str, *, made: bool
) -> None:
    book = runbook_with(command("make", "touch", "made"), command("more", "touch", "more"))
    found = crew.runner("bob").resume(book, died(crew, book, "make"), Said(decision, "make"), take_over=True)
    assert (found.state, states(found)) == ("finished", {"make": state, "more": "done"})
    assert ((tmp_path / "made").exists(), (tmp_path / "more").exists()) == (made, True)


def test_a_runner_that_died_while_it_undid_leaves_that_to_a_person_and_then_the_rest_is_undone(crew: Crew) -> None:
    book = runbook_with(
        command("one", "true", undo=("true",)),
        command("two", "true", undo=("true",)),
        command("ask", "false", on_failure=ROLL_BACK),
    )
    execution = crew.records.begin(book, PIPELINE, {}, {"actor": "ann"})
    assert execution
    for step, event in (("one", Event.DONE), ("two", Event.DONE), ("ask", Event.FAILED)):
        crew.records.step(execution, Place(step, 1, Slot.ENDED), event, {"why": "x"})
    until = str(crew.now_ms + HOUR)
    crew.records.claim(execution, Place("two", 1, Slot.UNDOING), {"actor": "ann", "until_ms": until})
    found = crew.runner("bob").resume(book, crew.records.standing(execution.name), take_over=True)
    assert (found.state, found.waiting) == ("waiting", "two")
    assert states(found) == {"one": "done", "two": "undo_waiting", "ask": "failed"}
    assert "undo it by hand where it is not" in crew.said[0].text
    found = crew.runner("bob").resume(book, found, Said(Decision.DECLINE, "two"))
    assert states(found) == {"one": "undone", "two": "undo_failed", "ask": "failed"}
    assert found.why.endswith("not undone: two")


def test_what_a_person_has_to_undo_waits_for_that_person(crew: Crew, tmp_path: Path) -> None:
    by_hand = Deed(StepKind.MANUAL, instructions="Put {{ word }} back where it was.")
    book = runbook_with(
        command("one", "true", undo=("touch", "undone")),
        manual("two", undo=by_hand),
        command("break", "false", on_failure=ROLL_BACK),
    )
    asked = started(crew, book, word="it")
    waits = crew.runner("bob").resume(book, asked, Said(Decision.CONFIRM, "two"))
    assert (waits.state, waits.waiting, states(waits)["two"]) == ("waiting", "two", "undo_waiting")
    assert crew.records.rows(PIPELINE)[0].step == "two"
    assert crew.said[-1].text.startswith("Put it back where it was.")
    assert not (tmp_path / "undone").exists()
    found = crew.runner("bob").resume(book, waits, Said(Decision.CONFIRM, "two"))
    assert (found.state, found.why) == ("rolled_back", "break: exit code 1")
    assert states(found) == {"one": "undone", "two": "undone", "break": "failed"}
    assert crew.records.rows(PIPELINE)[0].over


class Watched:
    """A ledger that lets somebody act at each fact, or is away."""

    def __init__(self, ledger: Ledger, act: object = None) -> None:
        self._ledger = ledger
        self._act = act
        self.answers: list[Put] = []

    def put(self, fact: Fact) -> Put:
        if callable(self._act):
            self._act(fact)
        self.answers.append(self._ledger.put(fact))
        return self.answers[-1]

    def __getattr__(self, name: str) -> object:
        return getattr(self._ledger, name)


def runner_on(crew: Crew, ledger: Watched, actor: str = "ann") -> Runner:
    return replace(crew.runner(actor), records=replace(crew.records, ledger=ledger))  # type: ignore[arg-type]


def test_of_two_who_resume_at_once_one_runs_a_step(crew: Crew, tmp_path: Path) -> None:
    book = runbook_with(manual("ask"), command("make", "sh", "-c", "echo x >> made"))
    waits = started(crew, book)
    others: list[Standing] = []

    def race(fact: Fact) -> None:
        """Let another come in between what we have read and what we write."""
        if fact.key.stage == "make.1.begun" and not others:
            others.append(waits)
            others.append(crew.runner("eve").resume(book, crew.records.standing(waits.execution)))

    found = runner_on(crew, Watched(crew.ledger, race), "bob").resume(book, waits, Said(Decision.CONFIRM, "ask"))
    assert (found.state, others[1].state) == ("finished", "finished")
    assert (tmp_path / "made").read_text() == "x\n"
    assert found.step("make").told("actor") == "eve"


@pytest.mark.parametrize("stage", ["make.1.begun", "more.1.begun"])
def test_without_a_ledger_nothing_more_is_done_and_the_run_goes_on_later(
    crew: Crew, tmp_path: Path, stage: str
) -> None:
    def away(fact: Fact) -> None:
        if fact.key.stage == stage:
            raise LedgerError("the ledger does not answer")

    book = runbook_with(command("make", "touch", "made"), command("more", "touch", "more"))
    with pytest.raises(StoppedError, match=r"does not answer; RB-.* nothing was done since, go on with `lumen runbook"):
        runner_on(crew, Watched(crew.ledger, away)).start(book, PIPELINE, {})
    assert (tmp_path / "made").exists() is (stage != "make.1.begun")
    assert not (tmp_path / "more").exists()
    [row] = crew.records.rows(PIPELINE)
    assert crew.runner().resume(book, crew.records.standing(row.execution)).state == "finished"


@pytest.mark.parametrize(("step", "state"), [(manual("ask"), "waiting"), (command("make", "true"), "finished")])
def test_what_the_board_missed_is_put_there_by_who_comes_next(crew: Crew, step: Step, state: str) -> None:
    def away(fact: Fact) -> None:
        if fact.key.run.startswith("runbooks ") and fact.told.get("event") != "started":
            raise LedgerError("the ledger does not answer")

    book = runbook_with(step)
    with pytest.raises(StoppedError):
        runner_on(crew, Watched(crew.ledger, away)).start(book, PIPELINE, {})
    [row] = crew.records.rows(PIPELINE)
    half = crew.records.standing(row.execution)
    assert (row.state, half.state) == ("running", state)
    with contextlib.suppress(ConfigError):
        crew.runner().resume(book, half)
    assert crew.records.rows(PIPELINE)[0].state == state


def test_two_who_come_to_the_same_end_do_not_contradict_each_other(crew: Crew) -> None:
    book = runbook_with(command("make", "true", when='word == "x"'))
    others = [crew.runner(name) for name in ("ann", "bob")]
    execution = crew.records.begin(book, PIPELINE, {"word": "y"}, {"actor": "ann"})
    assert execution
    half = crew.records.standing(execution.name)

    def race(_: Fact) -> None:
        if others:
            others.pop().resume(book, half)

    ledger = Watched(crew.ledger, race)
    assert runner_on(crew, ledger, "eve").resume(book, half).state == "finished"
    assert set(ledger.answers) == {Put.SAME}


def test_what_was_done_while_the_ledger_was_away_is_told_to_be_said_later(crew: Crew) -> None:
    def away(fact: Fact) -> None:
        if fact.key.stage == "make.1.ended":
            raise LedgerError("the ledger does not answer")

    book = runbook_with(command("make", "true"))
    with pytest.raises(StoppedError, match=r"has ended as done, which is not on record: .* --take-over --done make`"):
        runner_on(crew, Watched(crew.ledger, away)).start(book, PIPELINE, {})
    [row] = crew.records.rows(PIPELINE)
    half = crew.records.standing(row.execution)
    assert crew.runner().resume(book, half, Said(Decision.DONE, "make"), take_over=True).state == "finished"


def test_an_incident_hears_of_a_step_once_and_an_illegal_move_is_a_failed_step(crew: Crew) -> None:
    incident = crew.incidents.report(Opening("It broke", Severity.SEV2, "same")).incident
    acked = Step("ack", "Take it", Deed(StepKind.INCIDENT, event="acknowledged", text="A runbook looks at it."))
    resolved = Step("end", "End it", Deed(StepKind.INCIDENT, event="resolved", text="Mended {{ word }}."))
    found = started(crew, runbook_with(acked, resolved), incident=incident.name, word="x")
    assert found.state == "finished"
    after = crew.incidents.find(incident.name)
    assert (after.state.value, after.resolution, after.acked_ms) == ("resolved", "Mended x.", crew.now_ms)
    again = started(crew, runbook_with(acked), incident=incident.name)
    assert again.state == "failed"
    assert "so it cannot be acknowledged" in again.why
    without = started(crew, runbook_with(acked))
    assert (without.state, without.why, states(without)) == ("finished", "", {"ack": "skipped"})
    assert "no incident" in without.step("ack").told("why")


def test_an_incident_step_whose_runner_died_is_not_told_twice(crew: Crew) -> None:
    incident = crew.incidents.report(Opening("It broke", Severity.SEV2, "same")).incident
    book = runbook_with(Step("note", "Note it", Deed(StepKind.INCIDENT, event="acknowledged", text="Looked.")))
    done = started(crew, book, incident=incident.name)
    facts = [fact for fact in crew.facts(done.execution) if fact.key.stage not in ("ended", "note.1.ended")]
    records = replace(crew.records, ledger=Kept(facts))  # type: ignore[arg-type]
    again = replace(crew.runner(), records=records)
    assert again.resume(book, again.records.standing(done.execution), take_over=True).state == "finished"
    moments = [each for each in crew.incidents.find(incident.name).moments if each.event is IncidentEvent.ACKNOWLEDGED]
    assert len(moments) == 1


class Kept:
    """A ledger in which a run has only some of its facts, and takes what comes."""

    def __init__(self, facts: list[Fact]) -> None:
        self._facts = facts

    def put(self, fact: Fact) -> Put:
        self._facts.append(fact)
        return Put.CREATED

    def scan(self, **_: object) -> list[Fact]:
        return self._facts


def test_people_are_told_once_with_the_words_of_the_runbook(crew: Crew) -> None:
    deed = Deed(StepKind.NOTIFY, title="{{ what }} is mended", text="Look at it.", severity="info")
    found = started(crew, runbook_with(Step("tell", "Tell", deed)), what="it")
    [saying] = crew.said
    assert (found.state, saying.title, saying.text, saying.severity) == (
        "finished",
        "it is mended",
        "Look at it.",
        "info",
    )
    crew.unheard = "slack: 503"
    assert "slack: 503" in started(crew, runbook_with(Step("tell", "Tell", deed)), what="it").why


def test_an_input_that_looks_like_a_secret_is_not_kept(crew: Crew) -> None:
    token = "ghp_" + "a1B2" * 9
    with pytest.raises(ConfigError, match="looks like a secret"):
        crew.runner().start(runbook_with(command("make", "true")), PIPELINE, {"token": token})
    assert list(crew.ledger.scan()) == []


def test_an_input_that_was_not_given_is_empty_wherever_the_run_goes_on(crew: Crew) -> None:
    book = runbook_with(manual("ask", "Mend {{ what }} {{ where }}."), command("say", "echo", "<{{ where }}>"))
    waits = started(crew, book, what="it", where="")
    assert waits.step("ask").told("instructions") == "Mend it ."
    found = crew.runner("bob").resume(book, waits, Said(Decision.CONFIRM, "ask"))
    assert (found.state, found.step("say").told("last")) == ("finished", "<>")
    assert found.inputs == {"what": "it", "where": ""}


def test_who_waits_for_a_person_calls_again_until_somebody_was_told_and_calls_off_once_it_is_decided(
    crew: Crew,
) -> None:
    book = runbook_with(manual("ask"))
    waits = started(crew, book)
    crew.runner("bob").resume(book, waits)
    crew.runner("bob").resume(book, waits, Said(Decision.CONFIRM, "ask"))
    # Whoever tells people tells each mark once.
    marks = [(saying.mark, saying.over, saying.at_once) for saying in crew.said]
    assert marks == [("ask 1 waiting", False, True), ("ask 1 waiting", False, True), ("ask 1 waiting", True, False)]


def test_what_was_told_as_a_warning_is_ended_with_the_run_and_an_information_is_not(crew: Crew) -> None:
    loud, plain = (
        Step(name, name, Deed(StepKind.NOTIFY, title=f"{name} {{{{ word }}}}", text="Look.", severity=severity))
        for name, severity in (("loud", "error"), ("plain", "info"))
    )
    started(crew, runbook_with(loud, plain), word="x")
    told = [(saying.title, saying.severity, saying.mark, saying.over) for saying in crew.said]
    assert told == [
        ("loud x", "error", "loud", False),
        ("plain x", "info", "plain", False),
        ("loud x", "error", "loud", True),
    ]


def test_people_see_what_a_command_printed_but_not_all_of_an_endless_one(crew: Crew) -> None:
    started(crew, runbook_with(command("look", "seq", "1", "100", reads_only=True)))
    shown = [line for line in crew.told if line.startswith("  | ")]
    assert (shown[0], shown[59:]) == ("  | 1", ["  | 60", "  | … and 40 more lines"])


def test_a_start_that_the_ledger_was_asked_for_twice_is_one_start(crew: Crew) -> None:
    class Twice(Watched):
        """A ledger whose first answer is lost each time, so that it is asked once more."""

        def put(self, fact: Fact) -> Put:
            super().put(fact)
            return super().put(fact)

    runner = runner_on(crew, Twice(crew.ledger))
    found = runner.start(runbook_with(command("make", "true")), PIPELINE, {}, trigger="alert:Broken")
    assert found
    assert found.state == "finished"


def test_what_happens_to_a_merged_incident_happens_to_the_one_it_is_part_of(crew: Crew) -> None:
    one, other = (crew.incidents.report(Opening(name, Severity.SEV2, name)).incident for name in ("one", "other"))
    book = runbook_with(manual("ask"), Step("note", "Note", Deed(StepKind.INCIDENT, event="updated", text="Mended.")))
    waits = started(crew, book, incident=one.name)
    crew.incidents.merge(one, other, {"actor": "ann"})
    found = crew.runner("bob").resume(book, waits, Said(Decision.CONFIRM, "ask"))
    assert states(found)["note"] == "done"
    assert "Mended." in noted(crew, other.name)

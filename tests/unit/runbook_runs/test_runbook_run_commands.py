"""`lumen runbook run`, `resume` and `drill` as a person and a job type them."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from loopback import Quiet, answering
from runbookteam import DAY_MS, PIPELINE, RunbookTeam

from lumen_action.commands import World
from lumen_action.commands.incident.common import desk_of
from lumen_action.commands.runbook.launching import launch_for_alert
from lumen_action.commands.session import open_session
from lumen_action.incidents.words import Severity
from lumen_action.ledger.sqlite import SqliteLedger
from lumen_action.model import Kind, Outcome
from lumen_action.response.incidents import Opening
from lumen_action.runbooks.board import start_on_board
from lumen_action.runbooks.facts import Execution

MINUTE_MS = 60_000
INPUTS = """inputs:
  service: {meaning: which service, required: true, from_label: service}
"""
ALERT = """triggers:
  - {alert: LumenStalled, cooldown: 30m, most_a_day: 2}
  - {error_class: token_expired, cooldown: 30m}
"""
STEPS = """  - name: look
    title: Look at it
    command: [cat, lumen.yml]
    reads_only: true
  - name: make
    title: Make it
    command: [touch, "made-{{ service }}"]
  - name: ask
    title: Ask a person
    manual: Turn {{ service }} off.
  - name: more
    title: Do the rest
    command: [touch, more]
"""
MAKE = """  - name: make
    title: Make it
    command: [sh, -c, "echo x >> made"]
"""


@pytest.fixture
def mending(team: RunbookTeam) -> RunbookTeam:
    """Return a team with a runbook that asks a person."""
    team.write(STEPS, head=ALERT + INPUTS, drill="{service: web}")
    return team


def test_a_run_stops_at_a_person_with_exit_code_0_and_says_how_to_go_on(mending: RunbookTeam, tmp_path: Path) -> None:
    assert mending.runbook("run", "mend", "--input", "service=web") == 0
    assert "waiting at ask" in mending.out
    assert "lumen runbook resume RB-20260102-120001-" in mending.out
    assert (tmp_path / "made-web").exists()
    assert mending.runbook("resume", "--confirm", "ask", "--note", "it is off") == 0
    assert "finished" in mending.out
    assert "by ann, it is off" in mending.out
    assert (tmp_path / "more").exists()


def test_progress_is_told_as_it_goes(mending: RunbookTeam) -> None:
    mending.runbook("run", "mend", "--input", "service=web")
    told = mending.err.splitlines()
    assert told[1] == "step 1 of 4, look: Look at it"
    assert told[2].startswith("step 1 of 4, look: done after ")
    assert "Turn web off." in told


def test_machines_read_all_of_it(mending: RunbookTeam) -> None:
    found = mending.asked("run", "mend", "--input", "service=web")
    assert (found["state"], found["waiting_step"], found["inputs"]) == ("waiting", "ask", {"service": "web"})
    steps = {each["step"]: each for each in found["steps"]}
    assert (steps["make"]["what"], steps["make"]["rc"], steps["make"]["tries"]) == ("touch made-web", 0, 1)
    assert (steps["ask"]["instructions"], steps["more"]["state"]) == ("Turn web off.", "open")
    assert found["next"].startswith(f"When it is done: `lumen runbook resume {found['execution']} --confirm ask`")
    ended = mending.asked("resume", found["execution"], "--decline", "ask", "--actor", "bob")
    assert (ended["state"], ended["why"]) == ("failed", "ask: declined by bob")


def test_the_list_tells_which_runs_are_not_over(mending: RunbookTeam) -> None:
    assert mending.runbook("list", "--running") == 0
    assert mending.out == "no run of nightly goes on or waits\n"
    execution = mending.asked("run", "mend", "--input", "service=web")["execution"]
    mending.runbook("list", "--running")
    assert mending.out.startswith(f"{execution} mend: waiting at ask, started 2026-01-02T12:00:02Z by ann")
    [row] = mending.asked("list", "--running")
    assert (row["execution"], row["state"], row["waiting_step"]) == (execution, "waiting", "ask")
    assert mending.asked("show", execution.lower())["state"] == "waiting"
    mending.runbook("resume", "--decline", "ask")
    assert mending.asked("list", "--running") == []


@pytest.mark.parametrize(
    ("typed", "state"),
    [
        ("y\n", "finished"),
        ("YES\n", "finished"),
        ("n\n", "failed"),
        ("\n", "waiting"),
        ("", "waiting"),
        ("hm\n", "waiting"),
    ],
)
def test_at_a_terminal_it_asks(mending: RunbookTeam, typed: str, state: str) -> None:
    mending.typed = typed
    assert mending.asked("run", "mend", "--input", "service=web")["state"] == state
    assert "Is `ask` done?" in mending.err


def test_in_a_job_it_asks_nobody_whatever_its_terminal_is(mending: RunbookTeam) -> None:
    mending.typed = "y\n"
    mending.env["CI"] = "true"
    assert mending.asked("run", "mend", "--input", "service=web")["state"] == "waiting"


def test_a_failed_run_is_exit_code_1(team: RunbookTeam) -> None:
    team.write("  - {name: break, title: Break, command: [ls, /nothing/here]}\n")
    assert team.runbook("run", "mend") == 1
    assert "exit code 2" in team.out


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (("run",), "runbook: write the name of one"),
        (("run", "mend", "--for-alert", "LumenStalled"), "runbook: write the name of one"),
        (("run", "other"), "runbook: `other` is not known"),
        (("run", "mend"), "input service: is needed"),
        (("run", "mend", "--input", "service=$(id)"), "input service:"),
        (("run", "mend", "--input", "service"), "input: `service` has no `=`"),
        (("run", "mend", "--input", "service=a", "--input", "service=b"), "input: `service` is given twice"),
        (("run", "mend", "--input", "service=web", "--input", "colour=red"), "input colour:"),
        (("run", "mend", "--labels", "[1]"), "labels: no JSON object of texts"),
        (("run", "mend", "--labels", "[" * 15_000), "labels: no JSON object of texts"),
        (("run", "mend", "--labels", '{"a": "' + "x" * 30_000 + '"}'), "labels: no JSON object of texts"),
        (("run", "--for-class", "tired"), "for-class: `tired` is none of"),
        (("run", "mend", "--input", "service=web", "--incident", "INC-1"), "incident"),
        (("resume",), "execution: no run of nightly waits or goes on"),
        (("resume", "RB-1"), "execution: RB-1 is not known"),
        (("resume", "RB-1", "--confirm", "a", "--decline", "a"), "--confirm and --decline cannot be said together"),
        (("resume", "RB-1", "--abandon", "--confirm", "a"), "abandon: gives up the whole run"),
        (("resume", "RB-1", "--take-over", "--redo", "a"), "execution: RB-1 is not known"),
        (("drill",), "runbook: write the name of one, or `--all`"),
        (("drill", "mend", "--all"), "runbook: write the name of one, or `--all`"),
    ],
)
def test_a_wrong_call_is_exit_code_2_and_does_nothing(
    mending: RunbookTeam, tmp_path: Path, words: tuple[str, ...], fault: str
) -> None:
    assert mending.runbook(*words) == 2
    assert fault in mending.err
    assert not (tmp_path / "made-web").exists()
    assert mending.facts() == []


def test_inputs_come_from_the_labels_of_an_alert_and_what_is_said_wins(mending: RunbookTeam) -> None:
    labels = json.dumps({"service": "from-label", "alertname": "LumenStalled"})
    assert mending.asked("run", "mend", "--alert-labels", labels)["inputs"] == {"service": "from-label"}
    found = mending.asked("run", "mend", "--labels", labels, "--input", "service=said")
    assert found["inputs"] == {"service": "said"}
    assert mending.runbook("resume") == 2
    assert "2 runs wait or go on; write one of RB-" in mending.err
    assert mending.runbook("resume", found["execution"], "--abandon", "--note", "enough") == 0
    assert mending.asked("resume", "--confirm", "ask")["state"] == "finished"


def test_a_dry_run_changes_nothing_and_says_what_it_would_do(mending: RunbookTeam, tmp_path: Path) -> None:
    before = sorted(path.name for path in tmp_path.iterdir())
    assert mending.runbook("run", "mend", "--input", "service=web", "--dry-run") == 0
    assert "  would do: touch made-web" in mending.err
    assert "  a person would be asked: Turn web off." in mending.err
    assert "  holds:\n  | pipeline: nightly\n" in mending.err
    assert sorted(path.name for path in tmp_path.iterdir()) == before
    found = mending.asked("run", "mend", "--input", "service=web", "--dry-run")
    assert [(each["step"], each["done"]) for each in found["steps"]] == [
        ("look", True),
        ("make", False),
        ("ask", False),
        ("more", False),
    ]


def test_a_dry_run_looks_at_the_inputs_all_the_same(mending: RunbookTeam) -> None:
    assert mending.runbook("run", "mend", "--dry-run", "--input", "service=`id`") == 2
    assert "input service:" in mending.err


def test_a_drill_is_on_record_as_a_check(mending: RunbookTeam, tmp_path: Path) -> None:
    assert mending.runbook("drill", "mend") == 0
    assert mending.out == "mend: ok, 1 of 4 steps were done, the others planned\n"
    [fact] = mending.facts()
    assert (fact.key.kind, fact.key.stage, fact.outcome) == (Kind.CHECK, "drill.mend", Outcome.SUCCESS)
    assert (fact.pipeline, fact.told["actor"]) == (PIPELINE, "ann")
    assert not (tmp_path / "made-web").exists()


def test_a_drill_of_what_would_not_work_is_exit_code_1(team: RunbookTeam) -> None:
    team.write("  - {name: look, title: Look, command: [no-such-program], reads_only: true}\n")
    found = team.asked("drill", "mend")
    assert (found["good"], "no-such-program" in found["faults"][0]) == (False, True)
    [fact] = team.facts()
    assert (fact.outcome, "no-such-program" in fact.told["why"]) == (Outcome.FAILURE, True)
    assert team.runbook("drill", "mend") == 1


def test_an_alert_starts_only_what_the_team_has_named(team: RunbookTeam, tmp_path: Path) -> None:
    team.write(MAKE, head=ALERT)
    team.write(MAKE.replace("made", "other"), name="other", head=ALERT)
    [mine, other, *_] = sorted(team.asked("run", "--for-alert", "LumenStalled"), key=lambda each: each["runbook"])
    assert (mine["runbook"], mine["state"], mine["trigger"]) == ("mend", "finished", "alert:LumenStalled")
    assert (other["execution"], "automatic: [other]" in other["why"]) == (None, True)
    assert (tmp_path / "made").read_text() == "x\n"
    assert not (tmp_path / "other").exists()


def test_an_alert_starts_it_again_after_its_cooldown_up_to_its_cap(team: RunbookTeam, tmp_path: Path) -> None:
    team.write(MAKE, head=ALERT)

    def fired(after_ms: int) -> str:
        team.now_ms += after_ms
        found = team.asked("run", "--for-alert", "LumenStalled")
        return next(str(each["why"]) for each in found if each["runbook"] == "mend")

    assert fired(0) == ""
    assert " min" in fired(5 * MINUTE_MS)
    assert fired(30 * MINUTE_MS) == ""
    assert "24 hours" in fired(40 * MINUTE_MS)
    assert fired(DAY_MS) == ""
    assert (tmp_path / "made").read_text() == "x\nx\nx\n"
    # A failure of a class has a cooldown of its own.
    found = team.asked("run", "--for-class", "token_expired")
    assert any(each["runbook"] == "mend" and each.get("state") == "finished" for each in found)


def test_that_nothing_is_meant_for_an_alert_is_said(team: RunbookTeam) -> None:
    assert team.runbook("run", "--for-alert", "SomethingElse") == 0
    assert team.out == "no runbook is meant for alert:SomethingElse; see `lumen runbook list`\n"


def test_a_program_that_takes_alerts_starts_it_in_a_process_of_its_own(team: RunbookTeam, tmp_path: Path) -> None:
    team.write(MAKE, head=ALERT)
    team.env["LUMEN_CONFIG"] = str(tmp_path / "lumen.yml")
    world = World(env=team.environment, folder=tmp_path)
    with world.closing:
        session = open_session({}, world)
        incident = desk_of(session).report(Opening("it stands still", Severity.SEV3, sameness="stalled")).incident
        # No system takes a word of this length; only labels that become inputs are handed on.
        labels = {"pipeline": "nightly", "log": "x" * 300_000}
        assert launch_for_alert(session, "LumenStalled", labels, incident) == ("mend",)
        assert launch_for_alert(session, "SomethingElse", {}, incident) == ()
    for _ in range(1000):
        if any(fact.key.stage == "ended" for fact in team.facts()):
            break
        time.sleep(0.02)
    assert (tmp_path / "made").read_text() == "x\n"
    assert {fact.told.get("actor") for fact in team.facts() if "actor" in fact.told} == {"alert LumenStalled"}


def test_what_an_alert_says_starts_nothing_unless_it_fits(mending: RunbookTeam) -> None:
    [found] = [
        each
        for each in mending.asked("run", "--for-alert", "LumenStalled", "--labels", '{"service": "$(id)"}')
        if each["runbook"] == "mend"
    ]
    assert (found["execution"], "input service" in found["why"]) == (None, True)
    assert mending.facts() == []


def test_a_fork_runs_nothing(mending: RunbookTeam, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    event = tmp_path / "event.json"
    fork = {"pull_request": {"head": {"repo": {"fork": True, "full_name": "eve/app"}}, "base": {"repo": {}}}}
    event.write_text(json.dumps(fork))
    monkeypatch.chdir(tmp_path)
    mending.env = {
        "GITHUB_ACTIONS": "true",
        "GITHUB_EVENT_NAME": "pull_request",
        "GITHUB_EVENT_PATH": str(event),
        "GITHUB_REPOSITORY": "org/app",
        "GITHUB_RUN_ID": "7",
        "GITHUB_RUN_ATTEMPT": "1",
        "GITHUB_JOB": "mend",
        "GITHUB_WORKFLOW": "mend",
        "GITHUB_SHA": "0" * 40,
        "GITHUB_SERVER_URL": "https://github.com",
        "RUNNER_TEMP": str(tmp_path),
    }
    assert mending.runbook("run", "mend", "--input", "service=web") == 0
    assert "fork" in mending.err
    assert not (tmp_path / "made-web").exists()


def test_of_many_who_start_for_one_alert_one_does(team: RunbookTeam) -> None:
    """Threads cannot hear signals, so they race for the claim alone."""
    from lumen_action.ledger.sqlite import SqliteLedger
    from lumen_action.response.runbooks.records import Records
    from lumen_action.runbooks.runbook import Runbook
    from lumen_action.sli.days import Calendar

    book = Runbook("mend", "Mend", "It broke.")

    def start(number: int) -> bool:
        ledger = SqliteLedger(team.folder / "race.db", durable=True)
        records = Records(ledger, Calendar(), lambda: team.now_ms, lambda: f"token-{number}")
        try:
            return records.begin(book, PIPELINE, {}, {"actor": "lumen", "trigger": "alert:LumenStalled"}) is not None
        finally:
            ledger.close()

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(start, range(8))) == 1


def test_a_run_that_died_before_it_began_can_be_taken_off_the_list(mending: RunbookTeam, tmp_path: Path) -> None:
    ledger = SqliteLedger(tmp_path / "ledger.db", durable=True)
    execution = Execution("RB-20260102-120000-AAAA", "mend", "nightly", "2026-01-02")
    ledger.put(start_on_board(execution, mending.now_ms, {"actor": "ann"}))
    ledger.close()
    assert [row["state"] for row in mending.asked("list", "--running")] == ["running"]
    assert mending.runbook("resume", execution.name) == 2
    assert "died before it began" in mending.err
    assert mending.runbook("resume", execution.name, "--abandon") == 0
    assert mending.asked("list", "--running") == []


def test_a_drill_takes_other_inputs_and_says_where_it_proved_only_words(team: RunbookTeam) -> None:
    steps = "  - {name: ask, http: {url: '{{ url }}/x'}, when: 'url != \"\"'}\n  - {name: do, command: ['true']}\n"
    team.write(steps, head="inputs:\n  url: {meaning: the address, kind: url}\n")
    assert team.runbook("drill", "mend") == 0
    assert team.out == "mend: ok, but only its words: none of its 2 steps only reads; give it --input\n"
    assert team.runbook("drill", "mend", "--input", "url=http://127.0.0.1:9") == 1
    assert "ask: GET http://127.0.0.1:9 failed" in team.out
    assert team.runbook("drill", "--all", "--input", "url=http://127.0.0.1:9") == 2


@pytest.mark.usefixtures("no_proxy")
def test_each_message_of_a_run_is_told_and_what_opens_something_closes_it(team: RunbookTeam) -> None:
    said: list[str] = []

    def take(request: Quiet) -> None:
        body = json.loads(request.rfile.read(int(request.headers["Content-Length"])))
        said.append(body["said"])
        request.reply(204, {}, b"")

    team.write(
        "  - {name: one, manual: Turn the first one off.}\n  - {name: two, manual: Turn the second one off.}\n"
        "  - {name: loud, notify: {title: It is loud, text: Look., severity: error}}\n"
        "  - {name: calm, notify: {title: It is calm, text: Look., severity: info}}\n"
    )
    with answering(take) as url:
        team.env |= {"LUMEN_NOTIFY_URL": url, "LUMEN_NOTIFY_BODY": '{"said": "{severity} {state} {subject}"}'}
        found = team.asked("run", "mend")
        found = team.asked("resume", found["execution"])
        for step in ("one", "two"):
            found = team.asked("resume", found["execution"], "--confirm", step)
    assert found["state"] == "finished", team.err
    assert said == [
        "warning firing nightly: The runbook mend waits: One",
        "warning resolved nightly: The runbook mend waits no longer at one",
        "warning firing nightly: The runbook mend waits: Two",
        "warning resolved nightly: The runbook mend waits no longer at two",
        "error firing nightly: It is loud",
        " firing nightly: It is calm",
        "error resolved nightly: It is loud",
    ]

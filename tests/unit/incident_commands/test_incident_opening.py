"""Opening by hand and by older scripts: what is the same, what is kept, what never gets in or out."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from brokenteam import MINUTE, BrokenTeam
from facts import NOON

from lumen_action.cli import main
from lumen_action.commands import World
from lumen_action.incidents.aliases import severity_of
from lumen_action.incidents.words import Severity

JOB: dict[str, str] = {
    "GITHUB_ACTIONS": "true",
    "GITHUB_SERVER_URL": "https://github.com",
    "GITHUB_REPOSITORY": "org/app",
    "GITHUB_RUN_ID": "100",
    "GITHUB_RUN_ATTEMPT": "1",
    "GITHUB_JOB": "night",
    "GITHUB_WORKFLOW": "nightly",
    "GITHUB_ACTOR": "octocat",
    "GITHUB_SHA": "1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d",
}


def in_job(team: BrokenTeam, **more: str) -> None:
    for name in ("output", "summary"):
        (team.folder / name).touch()
    files = {"GITHUB_OUTPUT": "output", "GITHUB_STEP_SUMMARY": "summary", "RUNNER_TEMP": "temp"}
    team.env |= {**JOB, **{name: str(team.folder / file) for name, file in files.items()}, **more}


def outputs(team: BrokenTeam) -> dict[str, str]:
    lines = (team.folder / "output").read_text(encoding="utf-8").splitlines()
    return {line.partition("<<")[0]: lines[at + 1] for at, line in enumerate(lines) if "<<" in line}


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        *((word, Severity.SEV1) for word in ("1", 1, "sev1", "Sev1", "SEV-1", "P1", "S1", "severity 1", " critical ")),
        *((word, Severity.SEV2) for word in ("2", "P2", "page", "high")),
        *((word, Severity.SEV3) for word in ("ticket", "warning", "prio3")),
        *((word, Severity.SEV4) for word in ("info", "low", 4)),
        *((word, None) for word in ("", "sev", "0", 5, "sev12", True, None, 1.0, ["1"], "x" * 9999)),
    ],
)
def test_a_severity_has_many_names(said: object, meant: Severity | None) -> None:
    assert severity_of(said) is meant


def test_the_same_twice_is_one_incident_and_the_worse_severity_holds(team: BrokenTeam) -> None:
    words = ["open", "Uploads fail", "--component", "upload,store", "--region", "eu"]
    first = team.answer(*words)
    assert first["severity"] == "sev3"
    again = team.answer("open", "uploads FAIL", "--component", "store", "--component", "upload", "--region", "eu")
    assert (again["name"], again["created"], again["seen"]) == (first["name"], False, 2)
    assert team.lumen(*words, "--severity", "P1") == 0
    assert "it is open already" in team.out
    (incident,) = team.desk.all()
    assert (incident.severity, incident.seen, incident.components) == (Severity.SEV1, 3, ("upload", "store"))


def test_what_differs_by_component_region_or_key_is_another(team: BrokenTeam) -> None:
    for more in ([], ["--component", "x"], ["--region", "us"], ["--key", "a"], ["--key", "b"]):
        assert team.answer("open", "uploads fail", *more)["created"]
    assert team.answer("open", "otherwise named", "--key", "b")["created"] is False


def test_what_is_over_is_opened_anew(team: BrokenTeam) -> None:
    first = team.answer("open", "uploads fail")["name"]
    assert team.lumen("false-alarm") == 0
    team.now_ms += MINUTE
    assert team.answer("open", "uploads fail")["name"] != first


def test_every_mistake_is_told_at_once(team: BrokenTeam) -> None:
    words = ["--severity", "awful", "--at", "soon", "--detected-at", "before", "--ticket", "OPS-1=ftp://x"]
    assert team.lumen("open", *words) == 2
    for name in ("title", "severity", "at", "detected-at", "ticket"):
        assert f"error: {name}: " in team.err
    assert team.desk.all() == ()


def test_it_is_detected_before_it_is_opened(team: BrokenTeam) -> None:
    found = team.answer("open", "uploads fail", "--severity", "1", "--detected-at", "2026-01-02T11:40:00Z")
    assert (found["detected_at"], found["ack_due_at"], found["breached"]) == (
        "2026-01-02T11:40:00Z",
        "2026-01-02T11:55:00Z",
        True,
    )


def test_links_are_a_name_a_url_or_both_and_each_is_one(team: BrokenTeam) -> None:
    found = team.answer("open", "uploads fail", "--run", "77", "--page", "https://wiki.example/a?b=c")
    expected: list[dict[str, Any]] = [
        {"kind": "run", "name": "77", "url": None},
        {"kind": "other", "name": "a?b=c", "url": "https://wiki.example/a?b=c"},
    ]
    assert found["links"] == expected
    for _ in range(2):
        found = team.answer("link", "--ticket", "OPS-1=https://t.example/1")
    assert found["links"] == [*expected, {"kind": "ticket", "name": "OPS-1", "url": "https://t.example/1"}]
    assert team.lumen("link") == 2


@pytest.mark.parametrize(
    "url",
    ["https://bob:hunter22secret@t.example/1", "https://t.example/1?token=hunter22secret", "https://t.example/a b"],
)
def test_a_link_that_lets_in_whoever_reads_it_is_refused(team: BrokenTeam, url: str) -> None:
    assert team.lumen("open", "uploads fail", "--page", url) == 2
    assert "error: page: " in team.err
    assert "hunter22secret" not in team.err
    assert team.desk.all() == ()


def test_foreign_words_stay_words_and_secrets_stay_out(team: BrokenTeam) -> None:
    title = "<img src=x>\n::error::| @all `x` \x1b[31m\u202e password=hunter22secret"
    team.env |= {"LUMEN_SMTP_PASSWORD": "correct-horse-battery"}
    team.answer("open", title, "--text", "a\n\n# b | c correct-horse-battery", "--component", "<b>,`c`")
    for words in (["show"], ["list"], ["show", "--markdown"], ["show", "--json"]):
        assert team.lumen(*words) == 0
        assert "hunter22secret" not in team.out
        assert "correct-horse" not in team.out
        assert "\x1b" not in team.out
    assert team.lumen("show", "--markdown") == 0
    assert "<img" not in team.out
    assert "<b>" not in team.out
    assert "\n# b" not in team.out
    assert all(line.count(" | ") == 2 for line in team.out.splitlines() if line.startswith("| 2026"))
    assert "hunter22secret" not in (team.folder / "ledger.db").read_bytes().decode(errors="replace")


def test_a_job_hands_the_incident_on_and_shows_it_on_its_page(team: BrokenTeam) -> None:
    in_job(team)
    assert team.lumen("open", "uploads fail", "--severity", "2") == 0
    (incident,) = team.desk.all()
    assert outputs(team) == {"incident": incident.name, "state": "detected", "severity": "sev2", "created": "true"}
    assert incident.moments[0].actor == "octocat"
    assert [(each.kind.value, each.url) for each in incident.links] == [
        ("run", "https://github.com/org/app/actions/runs/100/attempts/1")
    ]
    assert f"### {incident.name}: uploads fail" in (team.folder / "summary").read_text(encoding="utf-8")
    (team.folder / "summary").write_text("", encoding="utf-8")
    assert team.lumen("ack", "--summary", "off") == 0
    assert (team.folder / "summary").read_text(encoding="utf-8") == ""


def test_a_fork_opens_nothing_and_is_green(team: BrokenTeam) -> None:
    (team.folder / "event.json").write_text(
        json.dumps(
            {"pull_request": {"head": {"repo": {"full_name": "eve/app"}}, "base": {"repo": {"full_name": "org/app"}}}}
        ),
        encoding="utf-8",
    )
    in_job(team, GITHUB_EVENT_NAME="pull_request", GITHUB_EVENT_PATH=str(team.folder / "event.json"))
    assert team.lumen("open", "uploads fail") == 0
    assert "the job is a fork's" in team.err
    assert team.desk.all() == ()


def lumen(team: BrokenTeam, ledger: str, *words: str) -> int:
    out, err = io.StringIO(), io.StringIO()
    env = {"LUMEN_STATE_DIR": str(team.folder / "state"), **team.env}
    world = World(env=env, folder=team.folder, stdout=out, stderr=err, clock_ms=lambda: NOON)
    code = main(["incident", *words, "--ledger", ledger], world)
    team.out, team.err = out.getvalue(), err.getvalue()
    return code


def test_a_ledger_that_keeps_no_evidence_or_is_away(team: BrokenTeam) -> None:
    assert lumen(team, "pushgateway:http://127.0.0.1:9", "open", "x") == 2
    assert "a Pushgateway keeps no evidence" in team.err
    away = f"sqlite:{team.folder / 'lumen.yml' / 'ledger.db'}"
    assert lumen(team, away, "open", "x") == 75
    in_job(team)
    assert lumen(team, away, "open", "x") == 0
    assert "nothing was put on record" in team.out
    assert lumen(team, away, "open", "x", "--fail-on-error", "true") == 75


def test_the_older_forms_open_take_and_report(team: BrokenTeam) -> None:
    text = {"summary": "uploads fail", "Severity": 2, "affected_components": ["upload"], "detected_by": "cron", "x": 1}
    assert team.lumen("--create", json.dumps({**text, "responder": None})) == 0
    made = json.loads(team.out)
    assert (made["status"], made["created"], made["severity"]) == ("detected", True, "sev2")
    assert (made["components"], made["timeline"][0]["actor"]) == (["upload"], "cron")
    assert "`x` is not known and left out" in team.err
    assert team.lumen("--ack", made["incident_id"], "--responder", "bob") == 0
    taken = json.loads(team.out)
    assert (taken["incident_id"], taken["status"], taken["responders"]) == (
        made["incident_id"],
        "acknowledged",
        ["bob"],
    )
    assert team.lumen("--report") == 0
    assert json.loads(team.out)["whole"]["count"] == 1


def test_a_script_may_say_who_has_it_already(team: BrokenTeam) -> None:
    told = {"title": "t", "responder": "bob", "detected_at": "2026-01-02T11:50:00Z", "description": "d"}
    assert team.lumen("--create", json.dumps(told)) == 0
    made = json.loads(team.out)
    assert (made["status"], made["responders"], made["seconds_to_acknowledge"], made["summary"]) == (
        "acknowledged",
        ["bob"],
        600,
        "d",
    )


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ("", "is no JSON object"),
        ("[1]", "is no JSON object"),
        ("{", "is no JSON object"),
        ("[" * 100_000, "is no JSON object"),
        ("{}", "title is missing"),
        ('{"title": 7, "severity": "bad", "components": {"a": 1}, "region": []}', "title is `7`"),
        ('{"title": 7, "severity": "bad", "components": {"a": 1}, "region": []}', "severity is"),
        ('{"title": 7, "severity": "bad", "components": {"a": 1}, "region": []}', "components is"),
        ('{"title": 7, "severity": "bad", "components": {"a": 1}, "region": []}', "region is"),
        ('{"title": "t", "severity": true}', "severity is `true`"),
        ('{"title": "t", "detected_at": "2099-01-01"}', "lies ahead"),
    ],
)
def test_what_a_script_says_wrongly_is_told_together(team: BrokenTeam, told: str, said: str) -> None:
    assert team.lumen("--create", told) == 2
    assert said in team.err
    assert team.desk.all() == ()

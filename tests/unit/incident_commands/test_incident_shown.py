"""What is read at three in the morning: the whole incident on a page, and the list of those that wait."""

from __future__ import annotations

from dataclasses import replace

from brokenteam import MINUTE, BrokenTeam
from facts import NOON

from lumen_action.incidents.facts import incidents_run
from lumen_action.incidents.words import Event, Severity
from lumen_action.model import Fact, FactKey, Kind, Outcome
from lumen_action.response.incidents import Opening

SHOWN = """\
{name}  Sev2  resolved  nightly in eu
uploads fail
Response    taken after 35 m, 5 m late
Next        `close`, `reopen`, `merge`, `false-alarm`
Detected    2026-01-02 12:00:00 UTC (01-02 21:00 Asia/Seoul)
Opened      2026-01-02 12:00:00 UTC (01-02 21:00 Asia/Seoul), by hand
Due         2026-01-02 12:30:00 UTC (01-02 21:30 Asia/Seoul), 30 m after detection
Mitigated   2026-01-02 12:45:00 UTC (01-02 21:45 Asia/Seoul), 45 m after detection
Resolved    2026-01-02 13:05:00 UTC (01-02 22:05 Asia/Seoul), 1 h 5 m after detection
Pipeline    nightly in eu
Components  upload, store
Responders  bob
Reported    2 times
Resolution  the disk was emptied
Action      open, ann, due 2026-01-09: an alert at 90 % of the disk
Link        ticket OPS-1 https://t.example/1

Timeline in UTC and Asia/Seoul
2026-01-02 12:00:00  01-02 21:00  opened        alice: first words (sev2)
2026-01-02 12:01:00  01-02 21:01  seen          alice
2026-01-02 12:01:00  01-02 21:01  linked        alice (OPS-1)
2026-01-02 12:30:00  01-02 21:30  breached      lumen (sev2)
2026-01-02 12:35:00  01-02 21:35  acknowledged  alice (bob)
2026-01-02 12:45:00  01-02 21:45  mitigated     alice
2026-01-02 13:05:00  01-02 22:05  resolved      alice: the disk was emptied
2026-01-02 13:05:00  01-02 22:05  action        alice: an alert at 90 % of the disk
"""


def story(team: BrokenTeam) -> str:
    team.config("timezone: Asia/Seoul\n")
    words = ["open", "uploads fail", "--severity", "2", "--region", "eu", "--component", "upload,store"]
    name: str = team.answer(*words, "--text", "first words")["name"]
    for minutes, told in (
        (1, words),
        (1, ["link", "--ticket", "OPS-1=https://t.example/1"]),
        (35, ["ack", "--responder", "bob"]),
        (45, ["mitigate"]),
        (65, ["resolve", "--text", "the disk was emptied"]),
        (65, ["action", "--what", "an alert at 90 % of the disk", "--owner", "ann", "--due", "2026-01-09"]),
    ):
        team.now_ms = NOON + minutes * MINUTE
        assert team.lumen(*told) == 0, team.err
    return name


def test_all_of_an_incident_stands_on_one_page(team: BrokenTeam) -> None:
    name = story(team)
    assert team.lumen("show") == 0
    assert team.out == SHOWN.format(name=name)


def test_the_same_as_markdown(team: BrokenTeam) -> None:
    name = story(team)
    assert team.lumen("show", "--markdown") == 0
    lines = team.out.splitlines()
    assert lines[:3] == [f"### {name}: uploads fail", "", "**Sev2, resolved**"]
    assert "- **Next**: `close`, `reopen`, `merge`, `false-alarm`" in lines
    assert "- **ticket**: [OPS-1](https://t.example/1)" in lines
    assert "| UTC | Asia/Seoul | What | Who and how |" in lines
    assert "| 2026-01-02 12:35:00 | 01-02 21:35 | acknowledged | alice (bob) |" in lines


def test_where_the_zone_is_utc_each_time_stands_once(team: BrokenTeam) -> None:
    team.opened()
    assert team.lumen("show") == 0
    assert "Detected  2026-01-02 12:00:00 UTC\n" in team.out
    assert "Timeline in UTC\n" in team.out


def test_the_list_shows_what_waits_and_can_be_narrowed(team: BrokenTeam) -> None:
    old = team.closed(team.opened("old"))
    team.now_ms += 24 * 60 * MINUTE
    bad, mild = (team.opened(title, severity) for title, severity in (("bad", Severity.SEV1), ("mild", Severity.SEV4)))
    team.met(mild, Event.ACKNOWLEDGED)
    team.now_ms += 16 * MINUTE
    assert team.lumen("list") == 0
    lines = team.out.splitlines()
    assert {line.split()[0] for line in lines} == {old.name, bad.name, mild.name}
    assert lines[-1].startswith(old.name)
    (waiting,) = (line for line in lines if line.startswith(bad.name))
    assert waiting.split("  ")[1:3] == ["Sev1", "detected"]
    assert "NOT TAKEN, 1 m late" in waiting
    for words, names in (
        (["--open"], {bad.name, mild.name}),
        (["--severity", "P1,4"], {bad.name, mild.name}),
        (["--severity", "2"], {old.name}),
        (["--since", "1h"], {bad.name, mild.name}),
        (["--since", "2020-01-01", "--open", "--severity", "sev1"], {bad.name}),
    ):
        found = team.answer("list", *words)
        assert {each["name"] for each in found} == names
        assert all("timeline" not in each for each in found)
    assert team.lumen("list", "--severity", "3") == 0
    assert team.out == "no incident of nightly fits\n"
    assert team.lumen("list", "--severity", "x", "--since", "y") == 2
    assert "severity: `x` is none" in team.err
    assert "since: `y` is no time" in team.err


def test_what_only_names_a_state_is_shown_and_left_to_those_who_wrote_it(team: BrokenTeam) -> None:
    key = FactKey("lumen", "", "nightly", incidents_run("nightly"), 1, "", "", Kind.INCIDENT, "old")
    told = (("incident", "OLD-1"), ("severity", "1"), ("state", "detected"))
    team.ledger.put(Fact(key, "nightly", "2026-01-02", Outcome.SUCCESS, NOON, details=told))
    new = team.opened()
    assert team.lumen("show", "OLD-1") == 0
    assert team.out.splitlines()[:3] == [
        "OLD-1  Sev1  detected  nightly",
        "",
        "Response  who took it is not on record",
    ]
    assert team.lumen("show", "OLD-1", "--markdown") == 0
    before = team.desk.all()
    for words in (["ack", "OLD-1"], ["update", "OLD-1", "--text", "x"], ["merge", new.name, "OLD-1"]):
        assert team.lumen(*words) == 2
        assert "OLD-1 is known by facts that only name its state" in team.err
    assert team.desk.all() == before


def test_an_incident_of_another_pipeline_is_found_by_its_name(team: BrokenTeam) -> None:
    weekly = replace(team.desk, pipeline="weekly").report(Opening("uploads fail", Severity.SEV2, "uploads")).incident
    team.now_ms += MINUTE
    assert team.lumen("show", weekly.name) == 0
    assert f"{weekly.name} is of the pipeline weekly" in team.err
    assert team.out.startswith(f"{weekly.name}  Sev2  detected  weekly\nuploads fail\n")
    assert team.answer("ack", weekly.name.lower())["acknowledged_at"] == "2026-01-02T12:01:00Z"
    assert team.lumen("show", "INC-20260102-120000-AAAA") == 2
    assert "is not known in the pipeline nightly" in team.err


def test_who_closes_what_was_bad_reads_that_a_postmortem_is_owed(team: BrokenTeam) -> None:
    team.opened(severity=Severity.SEV1)
    for words in (["ack"], ["resolve"], ["close", "--cause", "x", "--resolution", "y"]):
        assert team.lumen(*words) == 0
    assert team.out.rstrip().endswith("in time, postmortem owed)")


def test_who_takes_it_for_themselves_is_named_once(team: BrokenTeam) -> None:
    team.lumen("open", "uploads fail", "--actor", "ann")
    team.lumen("ack", "--actor", "ann")

    assert team.lumen("show") == 0
    assert team.out.splitlines()[-1].endswith("acknowledged  ann")

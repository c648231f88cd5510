"""A postmortem: what is on record is in it, what is missing is asked for, and nobody forgets one that is owed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from brokenteam import MINUTE, BrokenTeam
from facts import HOUR, NOON, outage_of_old

from lumen_action.incidents.incident import Incident
from lumen_action.incidents.words import Event, Severity, State
from lumen_action.model import Outcome, Trust
from lumen_action.response.incidents import Incidents
from lumen_action.response.postmortem import Term, missing_in, remind, sealed, untouched
from lumen_action.response.proving import proofs_of
from lumen_action.response.template import ASK, REQUIRED
from lumen_action.sli.days import Calendar

DAY = 24 * HOUR
SECRET = "ghp_abcdefghijklmnopqrstuvwxyz0123456789"  # noqa: S105 - looks like one and is none
WRITTEN = "# INC-1\n\n" + "\n".join(f"## {name}\n\nwords of a person\n" for name in REQUIRED)


@pytest.fixture
def team(tmp_path: Path) -> BrokenTeam:
    return BrokenTeam(tmp_path)


@pytest.fixture
def closed(team: BrokenTeam) -> Incident:
    team.runs(Outcome.SUCCESS, *(NOON - n * DAY for n in range(1, 19)))
    team.runs(Outcome.FAILURE, NOON - HOUR, NOON + MINUTE, evidence=f"no space left | <b>@all {SECRET}\n## Cause")
    made = team.opened("reports are late", Severity.SEV1, detected_ms=NOON - HOUR, text="nothing arrives")
    team.met(made, Event.LINKED, link_kind="run", link_name="812", link_url="https://ci.example/runs/812")
    return team.closed(made)


def written(team: BrokenTeam, incident: Incident) -> str:
    assert team.lumen("postmortem", incident.name) == 0, team.err
    return team.out


def section(text: str, name: str) -> str:
    return text.partition(f"\n## {name}\n\n")[2].partition("\n## ")[0].strip()


def test_times_stand_against_their_deadline_and_a_breach_is_said_plainly(team: BrokenTeam, closed: Incident) -> None:
    text = section(written(team, closed), "Detection and response")

    assert "**BREACH of the response time.** Acknowledged 1 h 10 m after detection, 55 m after its deadline" in text
    assert "| acknowledged | 2026-01-02 12:10 UTC | 1 h 10 m | 15 m |" in text
    assert "| resolved | 2026-01-02 12:40 UTC | 1 h 40 m | - |" in text


def test_the_impact_is_counted(team: BrokenTeam, closed: Incident) -> None:
    text = section(written(team, closed), "Impact")

    assert "- Runs lost: **2** of 2" in text
    # 20 runs of 30 days at 90 %: two may fail.
    assert "| nightly-run | 2 bad of 2 runs | 2 over the last 30 days | 100 % |" in text


def test_the_timeline_has_every_moment_with_its_link(team: BrokenTeam, closed: Incident) -> None:
    text = section(written(team, closed), "Timeline")

    assert "| 2026-01-02 12:00 UTC | linked | alice | [812](https://ci.example/runs/812) |" in text
    assert "| 2026-01-02 12:30 UTC | cause | alice | the disk was full |" in text
    assert [line.split("|")[2].strip() for line in text.splitlines()[2:4]] == ["began to show", "opened"]


def test_what_an_alert_tells_again_and_again_is_one_line(team: BrokenTeam) -> None:
    made = team.opened()
    for alert in ("a", "a", "a", "b"):
        team.met(made, Event.SEEN, team.now_ms + MINUTE, alert=alert)
    lines = [line for line in section(written(team, made), "Timeline").splitlines() if "seen" in line]

    assert lines == [
        "| 2026-01-02 12:01 UTC | seen 3 times, last 2026-01-02 12:03 UTC | alice | a |",
        "| 2026-01-02 12:04 UTC | seen | alice | b |",
    ]


def test_evidence_has_the_line_of_the_log_without_secret_and_without_effect(team: BrokenTeam, closed: Incident) -> None:
    whole = written(team, closed)
    text = section(whole, "Evidence")

    assert "2 runs" in text
    assert "> no space left | <b>@all [redacted] ## Cause" in text
    assert SECRET not in whole
    assert section(whole, "Cause") == "the disk was full"


def test_what_the_facts_say_went_wrong_is_there(team: BrokenTeam, closed: Incident) -> None:
    text = section(written(team, closed), "What went wrong")

    assert "it was opened by hand after a failing run." in text
    assert "55 m after its deadline of 15 m" in text
    assert "It had shown for 1 h when it was opened." in text
    assert "It alone took all of the error budget of nightly-run." in text


def test_what_the_facts_say_went_well_is_there(team: BrokenTeam) -> None:
    team.now_ms = NOON + MINUTE
    made = team.opened(by="alertmanager", detected_ms=NOON)
    team.met(made, Event.SEVERITY, severity="sev1")
    made = team.met(made, Event.ACKNOWLEDGED, NOON + 4 * MINUTE)
    text = written(team, made)

    assert "Acknowledged 4 m after detection, within its deadline of 16 m." in section(text, "What went well")
    assert "Nobody had to find it: an alert opened it." in section(text, "What went well")
    assert "It was taken for Sev2 at first; 0 ms later it was Sev1." in section(text, "What went wrong")
    assert "No run ended while it went on." in section(text, "Where we got lucky")


def test_one_that_came_back_says_so(team: BrokenTeam) -> None:
    made = team.opened()
    for event in (Event.ACKNOWLEDGED, Event.RESOLVED, Event.REOPENED):
        made = team.met(made, event, team.now_ms + MINUTE, text="x")

    assert "It came back after it was said to be over: 1 time." in section(written(team, made), "What went wrong")


def test_what_only_a_person_knows_is_asked_for(team: BrokenTeam, closed: Incident) -> None:
    asking = ("Impact", "Trigger", "What went well", "Where we got lucky", "Actions")

    assert missing_in(written(team, closed), closed.name) == [
        f"the section `{name}` still asks to be filled in; answer, and take out `{ASK}`" for name in asking
    ]


def test_a_written_one_lacks_nothing_and_every_lack_is_named() -> None:
    empty = WRITTEN.replace("words of a person", "<!-- words -->", 1)

    assert missing_in(WRITTEN, "INC-1") == []
    assert missing_in(WRITTEN.replace("\n", "\r\n"), "INC-1") == []
    assert missing_in(empty, "INC-1") == ["the section `Summary` is empty"]
    assert missing_in(WRITTEN.replace("## Cause", "## Because"), "INC-1") == ["the section `Cause` is not there"]
    assert missing_in(WRITTEN, "INC-2") == ["INC-2 is nowhere in it; is it of another incident?"]
    assert len(missing_in(f"{ASK} nothing", "INC-1")) == len(REQUIRED) + 1


def test_nothing_answers_for_a_section_but_what_stands_in_it() -> None:
    asking = WRITTEN.replace("words of a person", f"{ASK} what?", 1)
    log = "## Evidence\n\n```text\n## Summary\nof a log\n```\n"
    shown = WRITTEN.replace("words of a person", log.partition("\n\n")[2], 1)

    assert len(missing_in(f"{asking}\n{log}", "INC-1")) == 1
    assert len(missing_in(f"{asking}\n## Summary\n\nonce more\n", "INC-1")) == 1
    assert missing_in(WRITTEN.replace("## Summary", "## Sum", 1) + log, "INC-1") == [
        "the section `Summary` is not there"
    ]
    assert missing_in(shown, "INC-1") == []


def test_a_file_is_written_anew_until_somebody_writes_in_it(team: BrokenTeam, closed: Incident) -> None:
    file = team.folder / "postmortems" / "one.md"
    assert team.lumen("postmortem", closed.name, "--output", "postmortems/one.md") == 0
    team.met(closed, Event.UPDATED, team.now_ms + MINUTE, text="one thing more")
    assert team.lumen("postmortem", closed.name, "--output", "postmortems/one.md") == 0
    assert "one thing more" in file.read_text(encoding="utf-8")

    by_hand = file.read_text(encoding="utf-8").replace("nothing arrives", "nothing arrived for two hours")
    file.write_text(by_hand, encoding="utf-8")
    assert team.lumen("postmortem", closed.name, "--output", "postmortems/one.md") == 2
    assert "somebody has written in it" in team.err
    assert file.read_text(encoding="utf-8") == by_hand
    assert team.lumen("postmortem", closed.name, "--output", "postmortems/one.md", "--force") == 0
    assert file.read_text(encoding="utf-8") != by_hand


def test_the_seal_holds_over_line_ends_of_another_system_and_breaks_with_any_letter() -> None:
    text = sealed("# a\n\nb\n", "INC-1")

    assert untouched(text, "INC-1")
    assert untouched(text.replace("\n", "\r\n"), "INC-1")
    assert not untouched(text.replace("b", "c"), "INC-1")
    assert not untouched(f"{text}one word more", "INC-1")
    assert not untouched(text[: len(text) // 2], "INC-1")
    assert not untouched(text, "INC-2")
    assert not untouched("something else", "INC-1")


@pytest.mark.parametrize("content", ["", "words", "\ufeff# words", "half of # Postm"])
def test_whatever_a_person_left_in_the_file_stays(team: BrokenTeam, closed: Incident, content: str) -> None:
    for encoding in ("utf-8", "utf-16"):
        (team.folder / "one.md").write_text(content or "\n", encoding=encoding)
        before = (team.folder / "one.md").read_bytes()

        assert team.lumen("postmortem", closed.name, "--output", "one.md") == 2
        assert (team.folder / "one.md").read_bytes() == before


def test_a_link_stays_one_and_what_it_leads_to_is_written(team: BrokenTeam, closed: Incident) -> None:
    (team.folder / "wiki").mkdir()
    (team.folder / "one.md").symlink_to("wiki/one.md")
    for _ in range(2):
        assert team.lumen("postmortem", closed.name, "--output", "one.md") == 0
    by_hand = "by hand"
    (team.folder / "wiki" / "one.md").write_text(by_hand, encoding="utf-8")

    assert team.lumen("postmortem", closed.name, "--output", "one.md") == 2
    assert (team.folder / "one.md").is_symlink()
    assert (team.folder / "wiki" / "one.md").read_text(encoding="utf-8") == by_hand


def test_the_postmortem_of_another_incident_is_not_overwritten(team: BrokenTeam, closed: Incident) -> None:
    other = team.opened("another")
    assert team.lumen("postmortem", closed.name, "--output", "one.md") == 0

    assert team.lumen("postmortem", other.name, "--output", "one.md") == 2
    assert closed.name in (team.folder / "one.md").read_text(encoding="utf-8")


def test_one_of_before_there_were_events_claims_nothing_that_is_not_known(team: BrokenTeam) -> None:
    team.ledger.put(outage_of_old())
    text = written(team, team.desk.all()[0])

    assert "Who took it, and when, is not on record." in text
    assert "its facts tell of no times" in text
    assert "opened by hand" not in text
    assert text.startswith("# Postmortem: old outage\n")


def test_one_that_was_none_says_so_and_its_time_does_not_run_on(team: BrokenTeam) -> None:
    made = team.opened()
    whole = team.opened("whole")
    part = team.opened("part")
    team.met(made, Event.FALSE_ALARM, NOON + 5 * MINUTE)
    team.met(part, Event.MERGED, NOON + 40 * MINUTE, into=whole.name)
    team.now_ms += 9 * DAY
    false_alarm, merged = written(team, made), written(team, part)

    assert "known to be a false alarm 5 m after detection, within its deadline of 30 m." in false_alarm
    assert "Nothing: it was a false alarm." in false_alarm
    assert "made part of another 40 m after detection, 10 m after its deadline of 30 m." in merged
    assert f"What was lost is counted in {whole.name}" in merged


def test_done_needs_a_whole_one(team: BrokenTeam, closed: Incident) -> None:
    file = team.folder / "one.md"
    file.write_text(written(team, closed), encoding="utf-8")
    assert team.lumen("postmortem", closed.name, "--done", "--file", "one.md") == 2
    assert team.err.count("still asks to be filled in") == 5
    file.write_text(WRITTEN.replace("INC-1", closed.name), encoding="utf-8")
    assert team.lumen("postmortem", closed.name, "--done", "--file", "one.md", "--url", "https://wiki.example/7") == 0

    found = team.desk.find(closed.name)
    assert (found.state, found.postmortem) == (State.POSTMORTEM, "https://wiki.example/7")


def test_done_twice_is_done_once(team: BrokenTeam, closed: Incident) -> None:
    for _ in range(2):
        assert team.lumen("postmortem", closed.name, "--done") == 0

    assert [each.event for each in team.desk.find(closed.name).moments].count(Event.POSTMORTEM) == 1


def test_one_that_is_not_closed_cannot_be_done(team: BrokenTeam) -> None:
    made = team.opened()

    assert team.lumen("postmortem", made.name, "--done") == 2
    assert team.desk.find(made.name).state is State.DETECTED


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--url", "https://wiki.example/7"), "url: is only of use beside --done"),
        (("--done", "--url", "wiki"), "url: `wiki` is no web address"),
        (("--done", "--output", "x.md"), "done: says that it is written"),
    ],
)
def test_what_does_not_go_together_is_refused(
    team: BrokenTeam, closed: Incident, words: tuple[str, ...], said: str
) -> None:
    assert team.lumen("postmortem", closed.name, *words) == 2
    assert said in team.err


def test_machines_get_the_same(team: BrokenTeam, closed: Incident) -> None:
    found = team.answer("postmortem", closed.name)

    assert (found["postmortem_due_at"], found["postmortem_overdue"]) == ("2026-01-09T23:59:59Z", False)
    assert found["cost"]["runs"] == {"events": 2, "bad": 2, "own": 2}
    assert found["cost"]["budgets"][0]["spent_percent"] == 100
    assert found["markdown"].startswith("# Postmortem: reports are late")


# 2026-01-02 is a Friday: with 5 working days the postmortem is due on the next one.
DUE = Term(5, frozenset(), Calendar())


def test_one_that_is_overdue_is_asked_for_once_a_working_day(team: BrokenTeam, closed: Incident) -> None:
    asked = []
    for day in range(12):
        team.now_ms = NOON + day * DAY
        asked += [(day, each.name) for _ in range(2) for each in remind(team.desk, 5, ())]

    # From Monday, the 12th on; days 8 and 9 are a weekend.
    assert asked == [(10, closed.name), (11, closed.name)]
    assert DUE.overdue(team.desk.all(), team.now_ms) == [team.desk.find(closed.name)]


def test_nobody_is_asked_on_a_holiday_or_for_one_that_is_written(team: BrokenTeam, closed: Incident) -> None:
    team.now_ms = NOON + 10 * DAY
    assert remind(team.desk, 5, ("2026-01-12",)) == ()
    team.met(closed, Event.POSTMORTEM)
    assert remind(team.desk, 5, ()) == ()


class Late(Incidents):
    """Sees the incidents as they were a moment ago."""

    seen: tuple[Incident, ...] = ()

    def all(self) -> tuple[Incident, ...]:
        return self.seen


def test_one_that_is_written_in_the_same_moment_is_asked_for_no_more(team: BrokenTeam, closed: Incident) -> None:
    team.now_ms = NOON + 10 * DAY
    late = Late(team.ledger, "nightly", Calendar(), lambda: team.now_ms, lambda: "x")
    object.__setattr__(late, "seen", team.desk.all())
    team.met(closed, Event.POSTMORTEM)

    assert remind(late, 5, ()) == ()


def test_whoever_looks_at_incidents_asks_for_what_is_overdue(team: BrokenTeam, closed: Incident) -> None:
    team.now_ms = NOON + 10 * DAY
    for _ in range(2):
        assert team.lumen("list") == 0

    (asked,) = [each for each in team.desk.find(closed.name).moments if each.event is Event.REMINDED]
    assert (asked.actor, dict(asked.told)["reminded"]) == ("lumen", "2026-01-12")


def test_a_mild_one_owes_none(team: BrokenTeam) -> None:
    team.closed(team.opened(severity=Severity.SEV3))
    team.now_ms += 30 * DAY

    assert remind(team.desk, 5, ()) == ()


def test_the_failure_that_most_runs_had_comes_first_and_forks_prove_nothing(team: BrokenTeam) -> None:
    team.runs(Outcome.FAILURE, NOON, evidence="rare")
    team.runs(Outcome.FAILURE, NOON + 1, NOON + 2, evidence="often")
    facts = list(team.ledger.scan())
    facts += [replace(each, key=replace(each.key, run=f"fork {n}"), trust=Trust.FORK) for n, each in enumerate(facts)]

    assert [(each.fact.failure and each.fact.failure.evidence, each.runs) for each in proofs_of(facts, 3)] == [
        ("often", 2),
        ("rare", 1),
    ]
    assert len(proofs_of(facts, 1)) == 1

"""What is wrong with runbooks that can be read."""

from __future__ import annotations

import pytest
from runbooktexts import read, with_input, with_steps

from lumen_action.runbooks.linting import (
    Drills,
    Level,
    Link,
    lint_alerts,
    lint_automatic,
    lint_drills,
    lint_links,
    lint_steps,
)
from lumen_action.runbooks.runbook import Runbook

PAGE = "https://wiki.example/RUNBOOK.md"
DAY = 86_400_000
NOW = 1_800_000_000_000
LOOK = "name: look\ncommand: [look]\nreads_only: true"


def one(text: str) -> dict[str, Runbook]:
    runbook = read(text)
    return {runbook.name: runbook}


def said(text: str) -> list[str]:
    return [f"{each.level} {each.check}" for each in lint_steps(one(text), lambda _: "")]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (with_steps(LOOK), []),
        (with_input("choices: [a, b]", f"{LOOK}\nwhen: 'x == \"c\"'"), ["fault unreachable"]),
        (with_input("choices: [a, b]", f"{LOOK}\nwhen: 'x == \"\"'"), []),
        (
            with_input("choices: [a, b], required: true", f"{LOOK}\nwhen: 'x == \"\"'") + "drill: {x: a}",
            ["fault unreachable"],
        ),
        (
            with_input("choices: [a], required: true", f"{LOOK}\nwhen: 'x == \"a\"'") + "drill: {x: a}",
            ["note condition"],
        ),
        (with_input("kind: flag, default: false", f"{LOOK}\nwhen: 'x == \"yes\"'"), ["fault unreachable"]),
        (with_input("kind: flag, default: false", f"{LOOK}\nwhen: 'x == \"true\"'"), []),
        (with_input("kind: flag, default: false", f"{LOOK}\nwhen: 'x != \"yes\"'"), ["note condition"]),
        (with_input("default: a", f"{LOOK}\nwhen: 'x == \"c\"'"), []),
        (with_steps("name: a\nmanual: Do it."), ["fault instructions"]),
        (
            with_steps("name: a\nmanual: Start it, and confirm when it runs.\nundo: {manual: Stop}"),
            ["fault instructions"],
        ),
        (with_steps("name: a\nwait: {url: 'https://a.example'}\nevery: 5s\ntimeout: 5s"), ["note wait"]),
        (with_steps("name: a\ncommand: [change]"), ["note undo"]),
        (with_steps("name: a\ncommand: [change]\nundo: {command: [back]}"), []),
        (with_steps("name: a\nhttp: {url: 'https://a.example', method: POST}"), ["note undo"]),
        (with_steps("name: a\nhttp: {url: 'https://a.example'}"), []),
        (with_steps("name: a\ncommand: [lumen, publish]"), []),
        (with_steps("name: a\ncommand: [lumen, archive, prune]"), ["note undo"]),
        (with_steps(f"{LOOK}\non_failure: rollback"), ["fault rollback"]),
        (
            with_steps("name: a\ncommand: [change]\nundo: {command: [back]}", f"{LOOK}\non_failure: rollback"),
            [],
        ),
        (
            with_steps(f"{LOOK}\nkeep: y\non_failure: continue", "name: b\nmanual: Look at {{ y }}, then go on."),
            ["fault kept"],
        ),
        (with_steps(f"{LOOK}\nkeep: y", "name: b\nmanual: Look at {{ y }}, then go on."), []),
        (with_input("pattern: '.+'", 'name: a\ncommand: [ls, "{{ x }}"]\nreads_only: true'), ["note option"]),
        (with_input("pattern: '(?!-).+'", 'name: a\ncommand: [ls, "{{ x }}"]\nreads_only: true'), []),
        (with_input("pattern: '.+'", 'name: a\ncommand: [ls, "--x={{ x }}"]\nreads_only: true'), []),
    ],
)
def test_steps_that_cannot_work_or_leave_something_behind_are_found(text: str, found: list[str]) -> None:
    assert said(text) == found


@pytest.mark.parametrize(
    ("condition", "found"),
    [("\nwhen: 'x == \"a\"'", []), ("\nwhen: 'x == \"b\"'", ["fault kept"]), ("", ["fault kept"])],
)
def test_what_a_skipped_step_keeps_is_asked_for_only_under_its_condition(condition: str, found: list[str]) -> None:
    use = f"name: use\nmanual: Look at what {{{{ y }}}} says.{condition}"
    text = with_steps(f"{LOOK}\nkeep: y\nwhen: 'x == \"a\"'", use, inputs="  x: {meaning: it}\n")

    assert said(text) == found


@pytest.mark.parametrize(
    ("row", "headers", "found"),
    [
        ("kind: url, from_label: x", "{X-Token: $MINE}", ["fault leak"]),
        ("kind: url, from_label: x", "{X-Plain: mine}", []),
        ("kind: url", "{X-Token: $MINE}", []),
    ],
)
def test_no_secret_goes_where_a_label_leads(row: str, headers: str, found: list[str]) -> None:
    step = f'name: ask\nhttp: {{url: "{{{{ x }}}}/api", headers: {headers}}}'

    assert said(with_input(row, step)) == found


def test_a_program_that_is_not_there_is_a_note() -> None:
    found = list(lint_steps(one(with_steps(LOOK)), lambda argv: f"is not here: {argv[0]}"))

    assert [(each.level, each.check, each.said) for each in found] == [
        (Level.NOTE, "command", "`look` is not here: look")
    ]


RUNBOOKS = one(with_steps(LOOK) + "triggers: [{alert: DiskFull}]\n")


def test_an_alert_without_a_runbook_is_a_fault() -> None:
    found = list(lint_alerts(RUNBOOKS, ["DiskFull", "Other", "Other"]))

    assert [str(each) for each in found] == [
        "fault: the alert Other has no runbook; add `- alert: Other` to the `triggers` of one"
    ]


@pytest.mark.parametrize(
    ("url", "found"),
    [
        (f"{PAGE}#diskfull", []),
        (f"{PAGE}#runbook-mend-it", []),
        (f"{PAGE}#other", ["fault link-to-nowhere"]),
        (f"{PAGE}#DiskFull", ["fault link-to-nowhere"]),
        (PAGE, ["fault link-to-nowhere"]),
        (f"{PAGE}#{{{{ $labels.x }}}}", []),
        ("https://elsewhere.example/RUNBOOK.md#other", []),
        ("", ["fault alert-without-runbook"]),
    ],
)
def test_a_link_to_our_page_leads_to_a_section(url: str, found: list[str]) -> None:
    rows = lint_links(RUNBOOKS, [Link("rules.yml", "Other", url)], {PAGE})

    assert [f"{each.level} {each.check}" for each in rows] == found


def test_an_alert_with_a_runbook_that_links_nowhere_is_a_note() -> None:
    [found] = lint_links(RUNBOOKS, [Link("rules.yml", "DiskFull", "")], {PAGE})

    assert (found.level.value, found.check) == ("note", "alert-without-link")


@pytest.mark.parametrize(
    ("last", "found"),
    [
        ({"mend-it": NOW}, []),
        ({"mend-it": NOW - 30 * DAY}, []),
        ({"mend-it": NOW - 30 * DAY - 1}, ["was last drilled 30 days ago"]),
        ({}, ["was never drilled"]),
        ({"other": NOW}, ["was never drilled"]),
    ],
)
def test_a_runbook_is_to_be_drilled_every_thirty_days(last: dict[str, int], found: list[str]) -> None:
    rows = list(lint_drills(RUNBOOKS, Drills(last), NOW, asked=False))

    assert [each.said.partition(";")[0] for each in rows] == found
    assert all(each.level is Level.FAULT for each in rows)


@pytest.mark.parametrize(("asked", "level"), [(True, Level.FAULT), (False, Level.NOTE)])
def test_that_nobody_could_look_is_told_and_a_fault_where_it_was_asked(*, asked: bool, level: Level) -> None:
    (row,) = lint_drills(RUNBOOKS, Drills(None, "no ledger"), NOW, asked=asked)

    assert (row.level, row.said) == (level, "when each was drilled cannot be known: no ledger")


def test_what_is_to_start_by_itself_has_to_be_able_to() -> None:
    needy = read(with_input("required: true") + "drill: {x: a}\ntriggers: [{alert: A}]\n", "needy.yml")
    labelled = read(
        with_input("required: true, from_label: x") + "drill: {x: a}\ntriggers: [{alert: A}]\n", "labelled.yml"
    )
    never = read(with_steps(LOOK), "never.yml")
    books = {each.name: each for each in (needy, labelled, never)}

    assert [each.said.partition(";")[0] for each in lint_automatic(books, ["needy", "labelled", "never", "gone"])] == [
        "it needs `x`, which no alert gives",
        "nothing starts it",
        "`runbooks.automatic` names `gone`, which is no runbook",
    ]

"""A runbook's file: what it says, and every fault of it at once with line, field, what was found and what to write."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from runbooktexts import HEAD, WHOLE, read, with_input, with_steps

from lumen_action.errors import ConfigError
from lumen_action.runbooks.runbook import InputKind, OnFailure, StepKind


def faults_of(text: str, name: str = "mend-it.yml") -> list[str]:
    with pytest.raises(ConfigError) as fault:
        read(text, name)
    return fault.value.problems


def test_everything_that_can_be_said_is_read() -> None:
    runbook = read(WHOLE, "team/free-disk.yml")

    assert runbook.name == "free-disk"
    assert [each.name for each in runbook.triggers] == ["DiskFull", "environment"]
    assert (runbook.triggers[0].cooldown_minutes, runbook.triggers[0].most_a_day) == (120, 5)
    assert (runbook.triggers[1].cooldown_minutes, runbook.triggers[1].most_a_day) == (60, 3)
    assert runbook.triggers[0].look_first == "What fills it?"
    assert [each.kind for each in runbook.inputs] == [
        InputKind.TEXT,
        InputKind.NUMBER,
        InputKind.FLAG,
        InputKind.URL,
        InputKind.TEXT,
        InputKind.TEXT,
    ]
    assert [each.default for each in runbook.inputs] == ["", "7", "false", "", "part", ""]
    assert runbook.drill == {"pipeline": "nightly", "keep_days": "3"}
    look, free, service, settle, settle_too, confirm, note, tell = runbook.steps
    assert look.reads_only
    assert look.keep == "used"
    assert free.title == "Free"
    assert free.deed.argv == ("rm-old", "--days", "{{ keep_days }}", "{{ pipeline }}")
    assert (free.timeout_seconds, free.retries, free.on_failure) == (300, 2, OnFailure.ROLLBACK)
    assert free.when == 'really == "true"'
    assert free.undo
    assert free.undo.argv == ("restore-old", "{{ pipeline }}")
    assert not free.reads_only
    assert service.deed.request
    assert service.deed.request.statuses == (200, 202)
    assert service.deed.request.body == '{"state": "free", "days": {{ keep_days }}, "by": "{{ used }}"}'
    assert service.deed.request.headers["Content-Type"] == "application/json"
    assert service.undo
    assert service.undo.request
    assert service.undo.request.statuses == (204,)
    assert not service.reads_only
    assert settle.reads_only
    assert (settle.timeout_seconds, settle.every_seconds) == (600, 30)
    assert not settle_too.reads_only
    assert settle_too.deed.kind is StepKind.WAIT
    assert confirm.undo
    assert confirm.undo.kind is StepKind.MANUAL
    assert note.deed.event == "mitigated"
    assert tell.deed.severity == "info"


def test_every_fault_is_told_together_with_file_line_and_field() -> None:
    text = """\
titel: Mend it
triggers:
  - alert: A
    error_class: network
inputs:
  Pipe: {meaning: x}
  n: {meaning: x, kind: numbr}
steps:
  - name: Look Here
    command: df -h {{ n }}
  - name: wait
    wait: {url: "https://a.example"}
    timeout: 0s
"""
    shown = [fault.removeprefix("mend-it.yml line ").partition("; ") for fault in faults_of(text)]

    assert [found for found, _, _ in shown] == [
        "1: titel: found an unknown field",
        "6: inputs.Pipe: found the name `Pipe`",
        "7: inputs.n.kind: found `numbr`",
        "1: title: found nothing",
        "1: means: found nothing",
        "3: triggers[0]: found not one of alert and error_class",
        "9: steps[0].name: found `Look Here`",
        "10: steps[0].command: found a line for a shell",
        "13: steps[1].timeout: found `0s`",
    ]
    assert [fix for _, _, fix in shown] == [
        "remove it; did you mean `title`?",
        "write lower-case letters, digits and `_`",
        "write one of text, number, flag, url; did you mean `number`?",
        "write `title: Free the disk`",
        "write `means: The disk of a runner is full.`",
        "write `- alert: NAME` or `- error_class: NAME`",
        "write lower-case words with hyphens, `free-disk`",
        'write the program and its words as a list: `["df", "-h", "{{ n }}"]`',
        "write a time from 1s to 6h, such as `timeout: 1m`",
    ]


@pytest.mark.parametrize(
    ("step", "said"),
    [
        ("name: a", "found nothing to do; write exactly one of command, http, wait, manual, notify, incident"),
        ("name: a\ncommand: [x]\nmanual: Do it.", "found command and manual; write exactly one of"),
        ("name: a\ncommand: []", "steps[0].command: found `[]`; write a list"),
        ("name: a\ncommand: [x]\nevery: 5s", "steps[0].every: found a field that does not go with command"),
        ("name: a\nmanual: Do it.\ntimeout: 5s", "steps[0].timeout: found a field that does not go with manual"),
        ('name: a\nmanual: ""', "steps[0].manual: found ``; write a text"),
        ("name: a\ncomand: [x]", "did you mean `command`?"),
        ("name: a\ncommand: [x]\ntimeout: 7h", "write a time from 1s to 6h"),
        ("name: a\ncommand: [x]\ntimeout: 60", "write a time from 1s to 6h"),
        ("name: a\ncommand: [x]\nretries: 11", "write a whole number from 0 to 10"),
        ("name: a\ncommand: [x]\nretries: true", "write a whole number from 0 to 10"),
        ("name: a\ncommand: [x]\non_failure: rolback", "did you mean `rollback`?"),
        ("name: a\ncommand: [x]\nreads_only: maybe", "write true or false"),
        ("name: a\ncommand: [x]\nundo: {wait: {command: [x]}}", "steps[0].undo: found wait; write exactly one of"),
        ("name: a\ncommand: [x]\nundo: {command: [y], timeout: 5s}", "steps[0].undo.timeout: found a field"),
        ("name: a\ncommand: [x]\nkeep: Used", "steps[0].keep: found `Used`"),
        ("name: a\ncommand: [x]\nkeep: x", "steps[0].keep: found `x`, which is taken"),
        ("name: a\ncommand: [x]\nwhen: x", 'write one name and one quoted value, such as `mode == "full"`'),
        ("name: a\ncommand: [x]\nwhen: 'y == \"1\"'", "found the name `y`, which no input has"),
        ('name: a\ncommand: [x, "{{ pipeline }}"]', "found the name `pipeline`, which no input has"),
        ('name: a\ncommand: [x, "{{ x"]', "found `{{ x`; write the name of an input alone"),
        ('name: a\ncommand: [x, "{{ x | upper }}"]', "write the name of an input alone"),
        ('name: a\ncommand: ["{{ x }}", y]', "steps[0].command[0]: found a program that an input names"),
        ("name: a\ncommand: [x]\nenv: {A-B: y}", "steps[0].env.A-B: found the name `A-B`"),
        ('name: a\ncommand: [x]\nenv: {LD_PRELOAD: "{{ x }}"}', "found an input in LD_PRELOAD, which says what is run"),
        ("name: a\nwait: {url: 'https://a.example'}\nenv: {A: b}", "found variables for a request"),
        ("name: a\nincident: {event: reopened, text: y}", "write one of acknowledged, investigating, updated"),
        ("name: a\nincident: {text: y}", "found nothing; write `event: updated`"),
        ("name: a\nnotify: {title: y}", "steps[0].notify.text: found nothing"),
        ("name: a\nnotify: {title: y, text: z, severity: loud}", "write one of critical, error, warning, info"),
        ("name: a\nhttp: {}", "steps[0].http.url: found nothing"),
        ("name: a\nhttp: {url: 'ftp://a.example'}", "write an address of http or https"),
        ("name: a\nhttp: {url: 'https://{{ x }}.example'}", "found a host that an input names, or a password"),
        ("name: a\nhttp: {url: 'https://me:pw@a.example'}", "found a host that an input names, or a password"),
        ("name: a\nhttp: {url: '{{ x }}/api'}", "make `x` an input of `kind: url`"),
        ("name: a\nhttp: {url: 'https://a.example', method: GTE}", "did you mean `GET`?"),
        ("name: a\nhttp: {url: 'https://a.example', body: y}", "found a body with GET"),
        ("name: a\nhttp: {url: 'https://a.example', method: POST, body: 'y {{ x }}'}", "write the body as a map"),
        ("name: a\nhttp: {url: 'https://a.example', status: 99}", "write a status from 100 to 599"),
        ("name: a\nhttp: {url: 'https://a.example', status: []}", "write a list"),
        ("name: a\nhttp: {url: 'https://a.example', expect: 'a = 1'}", "compares by `=`"),
        ("name: a\nhttp: {url: 'https://a.example', expect: ['a == \"{{ x }}\"']}", "found an input in a condition"),
        ("name: a\nhttp: {url: 'https://a.example', headers: {'A b': y}}", "write the name of a header"),
        ("name: a\nhttp: {url: 'https://a.example', headers: {X-Api-Key: abc}}", "`X-Api-Key: $MY_SECRET`"),
        ('name: a\nhttp: {url: "https://a.example", headers: {X-A: "b\\nc"}}', "found a line break"),
        (f"name: a\ncommand: [x, ghp_{'a1B2' * 9}]", "found what looks like a secret"),
    ],
)
def test_a_step_that_cannot_be_done_is_refused(step: str, said: str) -> None:
    faults = faults_of(with_input("pattern: '[a-z]+'", step))

    assert any(said in fault for fault in faults), faults


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("kind: numbr", "did you mean `number`?"),
        ("kind: number, pattern: '[0-9]+'", "found a pattern for a number"),
        ("pattern: '['", "found a pattern that cannot be read"),
        ("kind: flag, choices: [a]", "keep `choices` alone"),
        ("choices: []", "write a list"),
        ("default: '-x'", "begins with `-`"),
        ("kind: number, default: many", "is no number"),
        ("choices: [a, b], default: c", "is none of a, b"),
        ("required: maybe", "write true or false"),
        ("from_label: 'a-b'", "write the name of a label"),
        ("fromlabel: a", "did you mean `from_label`?"),
    ],
)
def test_an_input_that_cannot_be_asked_for_is_refused(row: str, said: str) -> None:
    faults = faults_of(with_input(row))

    assert any(said in fault for fault in faults), faults


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("triggers: [{alert: 'a b'}]", "write the name of an alert"),
        ("triggers: [{error_class: netwrk}]", "did you mean `network`?"),
        ("triggers: [{alert: A}, {alert: A}]", "found `A` a second time"),
        ("triggers: [{alert: A, cooldown: 30s}]", "write a time from 1m to 168h"),
        ("triggers: [{alert: A, cooldown: 200h}]", "write a time from 1m to 168h"),
        ("triggers: [{alert: A, most_a_day: 0}]", "write a whole number from 1 to 100"),
        ("drill: {y: 1}", "drill: found inputs of a drill that no run takes: input y"),
        ("drill: {x: two words}", "drill: found inputs of a drill that no run takes: input x"),
    ],
)
def test_a_trigger_or_a_drill_that_cannot_be_is_refused(more: str, said: str) -> None:
    faults = faults_of(with_input("default: a") + more)

    assert any(said in fault for fault in faults), faults


def test_a_drill_has_to_give_what_a_run_needs() -> None:
    assert "input x: is needed (it)" in faults_of(with_input("required: true"))[0]


def test_a_step_finds_what_earlier_ones_keep_and_not_what_later_ones_do() -> None:
    look, use = "name: look\ncommand: [look]\nkeep: used", 'name: use\ncommand: [use, "{{ used }}"]'

    assert read(with_steps(look, use)).steps[1].deed.argv == ("use", "{{ used }}")
    assert "found the name `used`" in faults_of(with_steps(use, look))[0]


def test_an_undo_finds_what_its_own_step_keeps() -> None:
    step = 'name: make\ncommand: [make]\nkeep: made\nundo: {command: [remove, "{{ made }}"]}'

    assert read(with_steps(step)).steps[0].undo


def test_names_of_steps_are_unique() -> None:
    step = "name: look\ncommand: [look]"

    assert "found a second step `look`" in faults_of(with_steps(step, step))[0]


@pytest.mark.parametrize("name", ["Bad.yml", "bad_name.yml", "-.yml", "a--b.yml", "a" * 61 + ".yml"])
def test_the_file_is_named_like_words(name: str) -> None:
    assert "name it in lower-case words with hyphens" in faults_of(HEAD + "steps: [{name: a, manual: Do.}]", name)[0]


@pytest.mark.parametrize("text", ["", "- a", "a", f"{HEAD}---\n{HEAD}", "steps: {}", f"{HEAD}steps: 5"])
def test_what_is_no_runbook_is_refused(text: str) -> None:
    assert faults_of(text)


@given(st.text(alphabet=st.sampled_from(list("ab:-[]{}\"'|>\n # {{x}}&*!%@,0")), max_size=60))
def test_any_text_is_read_or_refused_with_its_faults(text: str) -> None:
    for whole in (text, HEAD + text, with_steps("name: a\n" + text.replace("\n", "\n"))):
        problems: list[str] = []
        try:
            read(whole)
        except ConfigError as fault:
            problems = fault.problems
        assert all(each.startswith("mend-it.yml") for each in problems)

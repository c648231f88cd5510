"""What is wrong with a template, on which line, and what to write."""

from __future__ import annotations

import pytest

from lumen_action.gotemplate import ALERTMANAGER, ALERTMANAGER_0_25, PROMETHEUS, PROMETHEUS_2_42, Fault, check, defines


def said(text: str) -> list[str]:
    return [str(fault) for fault in check(text, PROMETHEUS)]


@pytest.mark.parametrize(
    "text",
    [
        "no action at all }}",
        "{{ $labels.pipeline }} lost {{ $value | humanizePercentage }}",
        '{{ with query "up" }}{{ . | first | value }}{{ else }}none{{ end }}',
        "{{ range $i, $e := .x }}{{ if $i }}, {{ else if eq $e 1 }}{{ break }}{{ end }}{{ $e }}{{ end }}",
        '{{ define "t" }}{{ . }}{{ end }}{{ template "t" $value }}',
        "{{- /* a\ncomment */ -}} {{ -1 }} {{ `raw\nlines` }} {{ 'c' }} {{ (.a).b }} {{ 0x1F }}",
        "{{ $x := 1 }}{{ $x = 2 }}{{ $x }}",
        "{{ with .a }}{{ else with .b }}{{ end }}",
    ],
)
def test_what_is_right(text: str) -> None:
    assert check(text, PROMETHEUS) == []


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        (
            "a\n{{ $labels.region | default `eu` }}",
            [
                (
                    "line 2: found the function default, which Prometheus does not know; "
                    "write `{{ with x }}{{ . }}{{ else }}y{{ end }}`"
                )
            ],
        ),
        (
            "{{ $value | Humanize }}",
            [("line 1: found the function Humanize, which Prometheus does not know; write humanize")],
        ),
        (
            "{{ $region }}",
            ["line 1: found the variable $region, which is not set here; set it before, in the same block"],
        ),
        (
            "{{ if .x }}{{ $y := 1 }}{{ end }}\n{{ $y }}",
            [("line 2: found the variable $y, which is not set here; set it before, in the same block")],
        ),
        ("\n{{ if .x }}\n", ["line 2: found `if` that is not closed; close it with `{{ end }}`"]),
        (
            "{{ end }}",
            [("line 1: found `end` that closes nothing; take it away, or open an `if`, `range` or `with` before")],
        ),
        (
            "{{ $labels.run-url }}",
            [('line 1: found `.run-`; write `index . "…"` for a name with a dash, and a space around `-`')],
        ),
        ("{{ .x", ["line 1: found an action that is not closed; close it with `}}`"]),
        ('{{ "x }}', ['line 1: found a string that does not end; close it with "']),
        ("{{ .x | 1 }}", ["line 1: found `1` after `|`, which is no function; pipe into a function"]),
        ("{{ }}", ["line 1: found `}}` without a value; write a value"]),
        (
            "{{ if .x }}{{ else }}{{ else }}{{ end }}",
            [("line 1: found `else` a second time in `if`; close it with `{{ end }}`")],
        ),
        ("{{ break }}", ["line 1: found `break` outside of `range`; take it away"]),
        (
            '{{ template "nope" . }}',
            [('line 1: found the template "nope", which nobody defines; define it, or check its name')],
        ),
        (
            "{{ foo }}\n{{ $bar }}\n{{ end }}",
            [
                "line 1: found the function foo, which Prometheus does not know; use one of "
                + ", ".join(
                    sorted(
                        PROMETHEUS.functions - ALERTMANAGER_0_25.functions
                        | {"match", "reReplaceAll", "safeHtml", "title", "toLower", "toUpper"}
                    )
                ),
                "line 2: found the variable $bar, which is not set here; set it before, in the same block",
                "line 3: found `end` that closes nothing; take it away, or open an `if`, `range` or `with` before",
            ],
        ),
    ],
)
def test_what_is_wrong(text: str, faults: list[str]) -> None:
    assert said(text) == faults


def test_a_template_may_be_defined_in_another_file() -> None:
    text = '{{ template "slack.title" . }}'

    assert check(text, ALERTMANAGER, defined={"slack.title"}) == []
    assert check(text, ALERTMANAGER) == [
        Fault(1, 'the template "slack.title", which nobody defines', "define it, or check its name", parses=True)
    ]


def test_the_names_a_file_defines() -> None:
    assert defines('{{ define "a" }}x{{ end }}{{ block "b" . }}y{{ end }}', ALERTMANAGER) == {"a", "b"}


def test_a_template_sees_no_variable_from_outside() -> None:
    assert [fault.line for fault in check('{{ $x := 1 }}\n{{ define "t" }}{{ $x }}{{ end }}', ALERTMANAGER)] == [2]


@pytest.mark.parametrize("text", ["{{ now }}", "{{ with .a }}{{ else with .b }}{{ end }}"])
def test_an_older_prometheus_knows_less(text: str) -> None:
    assert check(text, PROMETHEUS) == []
    assert len(check(text, PROMETHEUS_2_42)) == 1


def test_each_host_has_its_own_functions() -> None:
    assert len(check("{{ query }}", ALERTMANAGER)) == 1
    assert len(check("{{ stringSlice }}", PROMETHEUS)) == 1
    assert check("{{ trimSpace .x }}", ALERTMANAGER) == []
    assert len(check("{{ trimSpace .x }}", ALERTMANAGER_0_25)) == 1


def test_too_many_levels_are_a_fault_and_no_crash() -> None:
    (fault,) = check("{{ " + "(" * 100_000, PROMETHEUS)

    assert fault.found == "more levels than anyone can read"

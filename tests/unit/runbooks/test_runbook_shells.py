"""No input becomes code: not of a shell, not of an interpreter, not on another machine."""

from __future__ import annotations

import json

import pytest
from runbooktexts import read, with_input

from lumen_action.errors import ConfigError

CODE = "echo {{ x }}"


def text_of(argv: list[str]) -> str:
    return with_input("pattern: '.*'", f"name: a\ncommand: {json.dumps(argv)}")


@pytest.mark.parametrize(
    "argv",
    [
        ["sh", "-c", CODE],
        ["/bin/bash", "-ec", CODE],
        ["bash", "-l", "-c", CODE],
        ["bash", "-c", "-x", CODE],
        ["bash", "-O", "extglob", "-c", CODE],
        ["env", "A=b", "sh", "-c", CODE],
        ["sudo", "-u", "me", "dash", "-c", CODE],
        ["docker", "exec", "box", "sh", "-c", CODE],
        ["busybox", "sh", "-c", CODE],
        ["su", "me", "-c", CODE],
        ["python", "-c", CODE],
        ["/usr/bin/python3.12", "-Ic", CODE],
        ["perl", "-ne", CODE],
        ["perl", "-e{{ x }}"],
        ["ruby", "-e", CODE],
        ["node", "--eval", CODE],
        ["node", "-p", CODE],
        ["php", "-r", CODE],
        ["deno", "eval", CODE],
        ["cmd.exe", "/C", CODE],
        ["C:\\Windows\\System32\\cmd.exe", "/c", CODE],
        ["pwsh", "-Command", CODE],
        ["powershell.exe", "-c", CODE],
        ["psql", "-c", "select {{ x }}"],
        ["ssh", "host", "uptime", "{{ x }}"],
        ["ssh", "{{ x }}", "uptime", "{{ x }}"],
        ["watch", "-n1", "ls {{ x }}"],
        ["awk", "-F:", "/{{ x }}/"],
        ["sed", "-n", "s/{{ x }}//e"],
        ["jq", ".{{ x }}"],
        ["awk", "-F", ",", "{{ x }}"],
        ["bash", "{{ x }}"],
        ["python3", "-I", "{{ x }}"],
        ["psql", "--command=select {{ x }}"],
        ["xargs", "sh", "-c", CODE],
    ],
)
def test_a_word_that_is_code_may_hold_no_input(argv: list[str]) -> None:
    with pytest.raises(ConfigError) as fault:
        read(text_of(argv))
    assert "pass the value as an argument of its own" in str(fault.value)


@pytest.mark.parametrize(
    "argv",
    [
        ["sh", "-c", 'echo "$1"', "sh", "{{ x }}"],
        ["bash", "script.sh", "{{ x }}"],
        ["bash", "-c", "true", "bash", "{{ x }}"],
        ["python", "-c", "import sys; print(sys.argv[1])", "{{ x }}"],
        ["python", "-m", "json.tool", "{{ x }}"],
        ["su", "{{ x }}", "-c", "true"],
        ["ssh", "{{ x }}", "uptime"],
        ["curl", "-c", "{{ x }}"],
        ["lumen", "state", "--pipeline", "{{ x }}"],
    ],
)
def test_an_argument_of_its_own_may(argv: list[str]) -> None:
    assert read(text_of(argv)).steps[0].deed.argv == tuple(argv)


def test_code_that_is_all_written_down_may_run_in_a_shell() -> None:
    assert read(text_of(["sh", "-c", "df -h | sort"])).steps[0].deed.argv[2] == "df -h | sort"

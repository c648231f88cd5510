"""Checks as data: what a file of them says, and that all its faults are told at once."""

from __future__ import annotations

import pytest

from lumen_action.errors import ConfigError
from lumen_action.health.check import ProbeKind
from lumen_action.health.kinds import COMMON, KEYS, WITH_EXPECT
from lumen_action.health.reading import MOST_CHECKS, checks_of


def faults(text: str) -> list[str]:
    with pytest.raises(ConfigError) as refused:
        checks_of(text, "health.yml")
    return refused.value.problems


def test_a_check_has_what_was_said_and_the_rest_by_default() -> None:
    (check,) = checks_of(
        """
        checks:
          - name: gateway
            kind: http
            url: https://gateway.example/health
            status: [200, 204, 3xx]
            expect:
              - status == "ok"
            timeout: 1m
            slow: 500
            tries: 3
            critical: false
        """,
        "health.yml",
    )
    assert (check.name, check.kind, check.timeout_seconds, check.slow_seconds) == ("gateway", ProbeKind.HTTP, 60, 500)
    assert (check.tries, check.critical, check.expect[0].text) == (3, False, 'status == "ok"')
    assert check.wants["status"] == (200, 204, *range(300, 400))
    assert check.text("method") == "GET"


def test_every_fault_is_told_at_once_with_its_line_field_and_what_to_write() -> None:
    told = faults(
        """
version: 2
extra: 1
checks:
  - name: Big Name
    kind: http
    url: gateway.example
    status: 700
    token-env: "s3cr3t value"
    timeout: 10m
    expect: status is ok
  - name: files
    kind: file
    max-age: soon
    tries: 0
    size: 3
  - kind: htpp
    name: third
  - {name: db, kind: tcp, host: db.example, port: 70000, expect: a == 1}
  - {name: db, kind: disk, warn-percent: 101, critical: maybe}
"""
    )
    assert [line.partition(":")[0] for line in told] != []
    wanted = (
        ("line 2: version", "write `version: 1`"),
        ("line 3: extra", "remove it"),
        ("line 5: checks[0].name", "small letters"),
        ("line 7: checks[0].url", "write an http:// or https:// URL"),
        ("line 8: checks[0].status", "write a status such as"),
        ("line 9: checks[0].token-env", "write the name alone"),
        ("line 10: checks[0].timeout", "write at most `5m`"),
        ("line 11: checks[0].expect", "compares by `is`"),
        ("checks[1].path", "write `path: reports`"),
        ("line 14: checks[1].max-age", "such as `26h`"),
        ("line 15: checks[1].tries", "from 1 to 20"),
        ("line 16: checks[1].size", "did you mean `min-size`?"),
        ("line 17: checks[2].kind", "did you mean `http`?"),
        ("line 19: checks[3].port", "from 1 to 65535"),
        ("line 19: checks[3].expect", "it answers no JSON"),
        ("line 20: checks[4].warn-percent", "from 0 to 100"),
        ("line 20: checks[4].critical", "write true or false"),
        ("line 20: checks[4].name", "a name of its own"),
    )
    for place, fix in wanted:
        assert any(place in line and fix in line for line in told), (place, fix, told)
    assert len(told) == len(wanted), told
    assert "s3cr3t" not in "".join(told)


@pytest.mark.parametrize("text", ["", "checks: []", "checks: {a: 1}", "- a", "checks: [a]", "a: 1\n---\nb: 2"])
def test_what_holds_no_checks_is_refused(text: str) -> None:
    assert faults(text)


def test_more_checks_than_can_run_at_once_are_refused() -> None:
    rows = "".join(f"  - {{name: c{number}, kind: disk}}\n" for number in range(MOST_CHECKS + 1))
    assert f"{MOST_CHECKS + 1} checks" in faults(f"checks:\n{rows}")[0]


@pytest.mark.parametrize("kind", ProbeKind)
def test_the_example_of_every_key_of_every_kind_is_taken(kind: ProbeKind) -> None:
    keys = {**{name: how for name, how in COMMON.items() if name not in ("name", "kind", "expect")}, **KEYS[kind]}
    lines = "".join(f"    {name}: {how.example}\n" for name, how in keys.items())
    expect = "    expect: value > 0\n" if kind in WITH_EXPECT else ""
    (check,) = checks_of(f"checks:\n  - name: one\n    kind: {kind.value}\n{lines}{expect}", "health.yml")
    assert set(check.wants) == set(KEYS[kind])
    assert len(check.expect) == (kind in WITH_EXPECT)


@pytest.mark.parametrize(
    ("written", "read"), [("10", 10), ("10kB", 10_000), ("1.5 GB", 1_500_000_000), ("2KiB", 2048), ("1MiB", 1 << 20)]
)
def test_sizes(written: str, read: float) -> None:
    (check,) = checks_of(f"checks: [{{name: a, kind: file, path: x, min-size: {written}}}]", "health.yml")
    assert check.number("min-size") == read

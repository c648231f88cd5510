"""What a PostgreSQL URL, the PG… variables and the password file say together."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lumen_action.errors import ConfigError
from lumen_action.ledger.pgurl import Target, read_target

_WORD = st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), min_size=1, max_size=20)


def _read(url: str, **env: str) -> Target:
    return read_target(url, {"HOME": "/nowhere", **env})


def _problems(url: str, **env: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        _read(url, **env)
    return caught.value.problems


def test_everything_can_stand_in_the_url(tmp_path: Path) -> None:
    root = tmp_path / "ca.pem"
    root.touch()
    url = f"postgres://me:pw@db.example:6432/facts?sslmode=verify-ca&sslrootcert={root}&channel_binding=require"
    assert _read(url) == Target("db.example", 6432, "me", "facts", "pw", "verify-ca", str(root), "require")


def test_what_the_url_leaves_open_comes_from_the_environment() -> None:
    env = {"PGHOST": "db.example", "PGPORT": "6432", "PGUSER": "me", "PGPASSWORD": "pw", "PGDATABASE": "facts"}
    assert _read("postgresql://", **env, PGSSLMODE="require") == Target(
        "db.example", 6432, "me", "facts", "pw", "require"
    )
    assert _read("postgresql://you:own@other.example:1/db", **env) == Target("other.example", 1, "you", "db", "own")


def test_what_nobody_says_is_what_psql_would_take() -> None:
    assert _read("postgresql://me@") == Target("localhost", 5432, "me", "me", "", "prefer", "", "prefer")


@pytest.mark.parametrize("url", ["postgresql://me@/db?host=/run/pg&port=5433", "postgresql://me@%2Frun%2Fpg:5433/db"])
def test_a_folder_as_host_is_a_unix_socket(url: str) -> None:
    target = _read(url)
    assert target.socket == "/run/pg/.s.PGSQL.5433"
    assert target.on_this_machine
    assert _read(target.url) == target


def test_an_ipv6_host_stands_in_brackets() -> None:
    target = _read("postgresql://me@[2001:db8::1]:5433/db")
    assert (target.host, target.port) == ("2001:db8::1", 5433)
    assert _read(target.url) == target


@pytest.mark.parametrize(
    ("host", "here"),
    [("localhost", True), ("127.0.0.1", True), ("[::1]", True), ("db.example", False), ("10.0.0.1", False)],
)
def test_a_server_on_the_runner_itself_ends_with_it(host: str, *, here: bool) -> None:
    assert _read(f"postgresql://me@{host}/db").on_this_machine is here


@given(user=_WORD, password=_WORD, database=_WORD)
def test_any_letter_can_be_written_as_percent_and_the_shown_url_keeps_all_but_the_password(
    user: str, password: str, database: str
) -> None:
    parts = [quote(word, safe="") for word in (user, password, database)]
    target = _read("postgresql://{}:{}@db.example/{}".format(*parts))
    assert (target.user, target.password, target.database) == (user, password, database)
    shown = _read(target.url)
    assert (shown.user, shown.password, shown.database, shown.host) == (user, "", database, "db.example")


def test_all_faults_come_together() -> None:
    problems = _problems("postgresql://db.example:x/y?sslmode=maybe&schema=z&sslrootcert=/none")
    assert len(problems) == 5
    for fault in ("port", "sslmode", "parameter schema", "user", "sslrootcert"):
        assert any(fault in problem for problem in problems)
    assert all(problem.startswith("ledger: ") for problem in problems)


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("mysql://me@db.example/x", "begins with postgresql://"),
        ("postgresql://me@a.example,b.example/x", "several hosts"),
        ("postgresql://me@db.example:0/x", "port"),
        ("postgresql://me@db.example:65536/x", "port"),
        ("postgresql://me@db.example:५/x", "port"),
        ("postgresql://me@[::1/x", "not a URL"),
        ("postgresql://me%00@db.example/x", "NUL"),
    ],
)
def test_a_wrong_url_says_what_is_wrong(url: str, told: str) -> None:
    assert any(told in problem for problem in _problems(url))


@pytest.mark.parametrize("letter", "#?/@:[]%")
def test_no_fault_and_no_shown_value_repeats_a_password(letter: str) -> None:
    url = f"postgresql://me:geh{letter}eim@db.example/x?sslmode=nein&password=geh{letter}eim"
    told = str(_problems(url))
    assert "geh" not in told
    assert "eim" not in told.replace("geheim", "")


def test_a_target_does_not_show_its_password() -> None:
    assert "geheim" not in repr(_read("postgresql://me:geheim@db.example/x"))


def _pass_file(folder: Path, text: str, mode: int = 0o600) -> str:
    path = folder / ".pgpass"
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    return str(path)


@pytest.mark.parametrize(
    ("text", "password"),
    [
        ("db.example:5432:x:me:right\n", "right"),
        ("# db.example:5432:x:me:no\nother:*:*:*:no\n*:*:*:me:right\n*:*:*:*:late\n", "right"),
        ("db.example:5432:x:me:r\\:ig\\\\ht\n", "r:ig\\ht"),
        ("db.example:5432:x:you:no\n", ""),
        ("db.example:5432:x:me\n", ""),
        ("\n::::\n", ""),
    ],
)
def test_the_first_line_that_fits_gives_the_password(tmp_path: Path, text: str, password: str) -> None:
    url = "postgresql://me@db.example/x"
    assert _read(url, PGPASSFILE=_pass_file(tmp_path, text)).password == password
    assert _read(url, HOME=str(tmp_path)).password == password


def test_a_unix_socket_is_localhost_in_the_password_file(tmp_path: Path) -> None:
    _pass_file(tmp_path, "localhost:*:*:*:right")
    assert _read("postgresql://me@/x?host=/run/pg", HOME=str(tmp_path)).password == "right"  # noqa: S105 - no secret


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_a_password_file_that_others_can_read_is_refused_when_it_would_be_used(tmp_path: Path) -> None:
    file = _pass_file(tmp_path, "*:*:*:me:geheim", 0o644)
    (problem,) = _problems("postgresql://me@db.example/x", PGPASSFILE=file)
    assert f"chmod 600 {file}" in problem
    assert "geheim" not in problem
    assert _read("postgresql://you@db.example/x", PGPASSFILE=file).password == ""
    assert _read("postgresql://me:own@db.example/x", PGPASSFILE=file).password == "own"  # noqa: S105 - no secret

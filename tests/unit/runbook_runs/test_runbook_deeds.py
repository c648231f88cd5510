"""What the steps of a runbook do to real processes and real servers, and what never gets through to them."""

from __future__ import annotations

import hashlib
import json
import os
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from loopback import Quiet, answering
from runbookteam import Crew, command

from lumen_action.errors import ConfigError
from lumen_action.expectations import expectation_of
from lumen_action.response.runbooks.doing import do_step
from lumen_action.response.runbooks.means import Result
from lumen_action.runbooks.facts import Execution
from lumen_action.runbooks.inputs import values_of
from lumen_action.runbooks.preparing import Values
from lumen_action.runbooks.runbook import Deed, Input, Request, Runbook, Step, StepKind
from lumen_action.runbooks.standing import Event

pytestmark = pytest.mark.usefixtures("no_proxy")
RUN = Execution("RB-1", "mend", "nightly", "2026-01-02")
KEEP_WORDS = (sys.executable, "-c", "import json, sys; json.dump(sys.argv[1:], open('words.json', 'w'))")
HOSTILE = {
    "a substitution": "$(touch hacked)",
    "back quotes": "`touch hacked`",
    "a second command": "; touch hacked #",
    "an escape": 'x\' "y" \\ && touch hacked',
    "lines": "one\ntwo\r\n::set-env name=X::y",
    "another name": "{{ other }}",
    "a variable": "$HOME ${PATH} %PATH%",
    "a pattern": "* ? [a-z]* ~",
    "letters of the world": "데이터 🚒 e\u0301 \u202e",
    "length": "x" * 100_000,
}


def done(
    crew: Crew, step: Step, inputs: Mapping[str, str] | None = None, kept: Mapping[str, str] | None = None
) -> Result:
    values = Values(inputs or {}, kept or {})
    return do_step(step, values, RUN, crew.means(), actor="ann", incident="")


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("printed", [False, True], ids=["given", "printed by a step"])
def test_what_is_said_arrives_as_one_word_and_nothing_of_it_is_obeyed(
    crew: Crew, tmp_path: Path, text: str, *, printed: bool
) -> None:
    values = {"word": text, "other": "touch hacked"}
    step = command("make", *KEEP_WORDS, "a {{ word }} b", "{{ word }}")
    found = done(crew, step, {} if printed else values, values if printed else {})
    assert found.event is Event.DONE
    assert json.loads((tmp_path / "words.json").read_text()) == [f"a {text} b", text]
    assert not (tmp_path / "hacked").exists()


def test_in_the_environment_it_is_one_value_that_reads_nothing_of_ours(crew: Crew) -> None:
    crew.env = {**crew.env, "OURS": "ours-1"}
    show = "import json, os; print(json.dumps({name: os.environ[name] for name in ('TOLD', 'MIXED')}))"
    step = command("make", sys.executable, "-c", show, env={"TOLD": "{{ word }}", "MIXED": "<$OURS>"})
    found = json.loads(done(crew, step, {"word": "$OURS $(id)"}).printed)
    assert found == {"TOLD": "$OURS $(id)", "MIXED": "<[redacted]>"}


@pytest.mark.parametrize(
    ("kept", "fault"),
    [
        ({"word": "--force"}, "would be read as an option"),
        ({"word": "a\0b"}, "zero byte"),
        ({"word": "half \ud800"}, "half a character"),
        ({}, "word: has no value"),
        ({"word": "x" * 200_000}, "exit code 126"),
    ],
    ids=["an option", "a zero byte", "half a character", "nothing", "more than a system takes"],
)
def test_what_no_command_should_be_told_is_refused(crew: Crew, kept: Mapping[str, str], fault: str) -> None:
    found = done(crew, command("make", *KEEP_WORDS, "{{ word }}"), {}, kept)
    assert found.event is Event.FAILED
    assert fault in found.why


@pytest.mark.parametrize("text", ["$(id)", "`id`", "--force", "a b", "x\ny", "x\0y", "é", "x" * 201])
def test_an_input_without_a_pattern_of_its_own_takes_plain_words_only(text: str) -> None:
    book = Runbook("mend", "Mend", "It broke.", inputs=(Input("word", "a word"),))
    with pytest.raises(ConfigError, match="input word"):
        values_of(book, {"word": text})


def test_a_command_has_an_environment_of_its_own(crew: Crew) -> None:
    crew.env = {"PATH": "/usr/bin:/bin", "HOME": "/home/ann", "LANG": "C.UTF-8", "SECRET_KEY": "s3cr3t", "ASKED": "it"}
    found = done(crew, command("make", "env", env={"FOR_IT": "$ASKED", "PLAIN": "told"}))
    names = {line.partition("=")[0] for line in found.printed.splitlines()}
    assert names == {"PATH", "HOME", "LANG", "FOR_IT", "PLAIN"}
    missing = done(crew, command("make", "env", env={"FOR_IT": "$NOT_THERE"}))
    assert missing.why == "NOT_THERE: is not set in the environment, and the step asks for $NOT_THERE"


def test_what_a_step_was_given_is_neither_kept_nor_told(crew: Crew) -> None:
    crew.env = {**crew.env, "DEPLOY_KEY": "hunter-2-hunter"}
    step = command("make", "sh", "-c", 'echo "with $K"; echo "bad $K" >&2; exit 3', env={"K": "$DEPLOY_KEY"})
    found = done(crew, step)
    assert (found.why, found.told["rc"]) == ("exit code 3: bad [redacted]", "3")
    assert "hunter" not in json.dumps({**found.told, "printed": found.printed})
    keeping = done(crew, command("look", "sh", "-c", "echo $K", env={"K": "$DEPLOY_KEY"}, keep="key"))
    assert (keeping.event, "looks like a secret" in keeping.why) == (Event.FAILED, True)


def test_an_output_of_any_size_is_digested_whole_and_kept_in_part(crew: Crew) -> None:
    found = done(
        crew,
        command(
            "make", "sh", "-c", "echo first; head -c 20000000 /dev/zero | tr '\\0' x; echo; echo last", keep="seen"
        ),
    )
    whole = b"first\n" + b"x" * 20_000_000 + b"\nlast\n"
    assert found.told["sha256"] == hashlib.sha256(whole).hexdigest()
    assert (found.told["last"], found.told["kept"]) == ("last", "first")
    assert len(found.printed) < 200_000


def gone(pid: int) -> bool:
    """Tell whether a process ends within some seconds."""
    for _ in range(200):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.02)
    return False


STUBBORN = """
import os, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
for away in (False, True):
    if os.fork() == 0:
        if away:
            os.setsid()
            if os.fork():
                os._exit(0)
        with open("pids", "a") as file:
            file.write(f"{os.getpid()}\\n")
        time.sleep(600)
with open("pids", "a") as file:
    file.write(f"{os.getpid()}\\n")
time.sleep(600)
"""


@pytest.mark.slow
def test_the_end_of_its_time_is_the_end_of_all_that_a_command_has_started(crew: Crew, tmp_path: Path) -> None:
    (tmp_path / "stubborn.py").write_text(STUBBORN)
    found = done(crew, command("make", sys.executable, "stubborn.py", timeout_seconds=1.5))
    assert (found.event, found.told["rc"]) == (Event.FAILED, "124")
    assert "its time was over" in found.why
    pids = [int(line) for line in (tmp_path / "pids").read_text().split()]
    assert len(pids) == 3
    assert all(gone(pid) for pid in pids)


def test_a_command_that_is_not_there_is_a_failed_step(crew: Crew) -> None:
    found = done(crew, command("make", "no-such-program"))
    assert (found.event, found.told["rc"]) == (Event.FAILED, "127")
    assert "cannot run no-such-program" in found.why


@pytest.fixture
def server() -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Return a server that answers by its path, and what it was asked."""
    asked: list[tuple[str, str]] = []

    def answer(request: Quiet) -> None:
        body = request.rfile.read(int(request.headers.get("Content-Length") or 0)).decode()
        asked.append((f"{request.command} {request.path}", body))
        if request.path.startswith("/moved"):
            request.reply(302, {"Location": "/ok"}, b"")
        elif request.path.startswith("/slow"):
            time.sleep(2)
        elif request.path.startswith("/third"):
            request.reply(200, {}, json.dumps({"ready": len(asked) >= 3}).encode())
        elif request.path.startswith("/echo"):
            request.reply(200, {}, json.dumps({"token": request.headers.get("X-Token", "")}).encode())
        else:
            status = 503 if request.path.startswith("/down") else 200
            request.reply(status, {}, b'{"status": "ok", "version": "v12"}')

    with answering(answer) as url:
        yield url, asked


def http(url: str, *expect: str, kind: StepKind = StepKind.HTTP, **more: object) -> Step:
    request = {name: more.pop(name) for name in ("method", "headers", "body", "statuses") if name in more}
    deed = Deed(kind, request=Request(url, expect=tuple(map(expectation_of, expect)), **request))  # type: ignore[arg-type]
    return Step("ask", "Ask", deed, **more)  # type: ignore[arg-type]


def test_a_request_is_judged_by_its_status_and_its_answer(
    crew: Crew, server: tuple[str, list[tuple[str, str]]]
) -> None:
    url, asked = server
    found = done(crew, http(url + "/{{ name }}", 'status == "ok"', keep="seen"), {"name": "a/../b?x=1#y"})
    assert (found.event, found.told["status"]) == (Event.DONE, "200")
    assert found.told["kept"] == '{"status": "ok", "version": "v12"}'
    # A value stays one part of the path, whatever it says.
    assert asked == [("GET /a%2F..%2Fb%3Fx%3D1%23y", "")]
    wrong = done(crew, http(f"{url}/x", 'version == "v13"'))
    assert (wrong.event, 'expected version == "v13", found "v12"' in wrong.why) == (Event.FAILED, True)
    assert "503" in done(crew, http(f"{url}/down")).why
    assert done(crew, http(f"{url}/down", statuses=(503,))).event is Event.DONE


def test_a_redirect_is_no_answer(crew: Crew, server: tuple[str, list[tuple[str, str]]]) -> None:
    url, asked = server
    found = done(crew, http(f"{url}/moved"))
    assert (found.event, "redirect" in found.why) == (Event.FAILED, True)
    assert asked == [("GET /moved", "")]


def test_a_request_has_its_time_and_a_server_that_is_not_there_is_a_failed_step(
    crew: Crew, server: tuple[str, list[tuple[str, str]]]
) -> None:
    slow = done(crew, http(f"{server[0]}/slow", timeout_seconds=0.2))
    assert (slow.event, slow.told["status"]) == (Event.FAILED, "")
    assert done(crew, http("http://127.0.0.1:9/")).event is Event.FAILED


@pytest.mark.parametrize(
    "printed", ["http://[::1", "file:///etc/passwd", "http://", "no address", "http://a b/", "http://\ud800/"]
)
def test_what_was_printed_and_is_no_address_is_a_failed_step(crew: Crew, printed: str) -> None:
    assert done(crew, http("{{ where }}/x"), {}, {"where": printed}).event is Event.FAILED


def test_values_stand_in_json_as_texts_and_secrets_in_headers_only(
    crew: Crew, server: tuple[str, list[tuple[str, str]]]
) -> None:
    url, asked = server
    crew.env = {**crew.env, "DEPLOY_TOKEN": "hunter-2-hunter"}
    step = http(f"{url}/echo", method="POST", body='{"said": "{{ word }}"}', headers={"X-Token": "$DEPLOY_TOKEN"})
    found = done(crew, step, {"word": 'x", "admin": true, "y": "\n'})
    assert json.loads(asked[0][1]) == {"said": 'x", "admin": true, "y": "\n'}
    assert (found.event, found.printed) == (Event.DONE, '{"token": "[redacted]"}')
    assert "hunter" not in json.dumps(dict(found.told))
    broken = done(crew, http(f"{url}/echo", headers={"X-Token": "{{ word }}"}), {}, {"word": "x\r\nX-Admin: yes"})
    assert "line break" in broken.why
    assert len(asked) == 1


def test_waiting_asks_until_it_holds(crew: Crew, server: tuple[str, list[tuple[str, str]]]) -> None:
    url, asked = server
    step = http(f"{url}/third", "ready == true", kind=StepKind.WAIT, timeout_seconds=10, every_seconds=0.02)
    found = done(crew, step)
    assert (found.event, found.told["asked"], len(asked)) == (Event.DONE, "3", 3)


def test_waiting_ends_with_its_time_and_says_what_did_not_hold(
    crew: Crew, server: tuple[str, list[tuple[str, str]]]
) -> None:
    step = http(f"{server[0]}/ok", 'status == "good"', kind=StepKind.WAIT, timeout_seconds=0.2, every_seconds=0.05)
    found = done(crew, step)
    assert found.event is Event.FAILED
    assert "did not hold in 0.2 s" in found.why
    assert 'found "ok"' in found.why


def test_waiting_runs_a_command_until_it_is_good(crew: Crew) -> None:
    deed = Deed(StepKind.WAIT, argv=("sh", "-c", "echo x >> asked; test $(wc -l < asked) = 3"))
    found = done(crew, Step("wait", "Wait", deed, timeout_seconds=20, every_seconds=0.02))
    assert (found.event, found.told["asked"]) == (Event.DONE, "3")


def test_a_command_finds_nothing_to_read(crew: Crew) -> None:
    reader, writer = os.pipe()
    stdin = os.dup(0)
    os.dup2(reader, 0)
    try:
        os.write(writer, b"yes\n")
        assert done(crew, command("ask", "cat", timeout_seconds=5)).printed == ""
    finally:
        os.dup2(stdin, 0)
        for each in (reader, writer, stdin):
            os.close(each)


def test_a_header_that_no_request_can_carry_is_a_failed_step_that_says_so(crew: Crew) -> None:
    crew.env = {**crew.env, "TOKEN": "schlüssel"}
    request = Request("http://127.0.0.1:9", headers={"X-Key": "$TOKEN"})
    found = done(crew, Step("ask", "Ask", Deed(StepKind.HTTP, request=request)))
    assert (found.event, "X-Key: the header holds" in found.why) == (Event.FAILED, True)
    assert "schl" not in found.why

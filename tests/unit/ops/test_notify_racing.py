"""Two jobs that speak at the same time, each a process, over one ledger: people hear it once, and nothing is lost."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from lumen_action.ledger.sqlite import SqliteLedger
from lumen_action.model import Kind
from lumen_action.ops.notify.threads import thread_of
from lumen_action.ops.notify.turns import whom_of

_ROUNDS = 12
_JOB = """
import json, sys
from pathlib import Path
file, places, me, what, rounds = sys.argv[1:]
sys.path[:0] = places.split("|")
from notified import Post, Team
from lumen_action.ledger.sqlite import SqliteLedger
team = Team(posts=(Post(),), ledger=SqliteLedger(Path(file), durable=True))
for number in range(int(rounds)):
    print("ready", flush=True)
    if not sys.stdin.readline():
        sys.exit("nobody let us go")
    if what == "flush":
        team.now += 86_400_000
        states = team.flush(at_once=True)
    else:
        states = team.tell(f"{number}" if what == "same" else f"{number} of {me}", thread=f"t{number}")
    print(json.dumps([state.value for state in states]), flush=True)
print(json.dumps([message.key for message in team.posts[0].sent]), flush=True)
"""


def raced(file: Path, what: str, jobs: int = 2, rounds: int = _ROUNDS) -> tuple[list[list[Any]], Counter[str]]:
    """Let jobs speak at the same moment, round by round; return what each was told and what was sent how often."""
    here = Path(__file__).resolve()
    places = f"{here.parents[3]}|{here.parents[2] / 'support'}"
    started = [
        subprocess.Popen(
            [sys.executable, "-c", _JOB, str(file), places, str(me), what, str(rounds)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for me in range(jobs)
    ]
    told = []
    for _ in range(rounds):
        for job in started:
            assert job.stdout
            assert job.stdout.readline() == "ready\n"
        for job in started:
            assert job.stdin
            job.stdin.write("go\n")
            job.stdin.flush()
        told.append([json.loads(job.stdout.readline()) for job in started if job.stdout])
    sent = Counter[str]()
    for job in started:
        assert job.stdout
        sent.update(json.loads(job.stdout.readline()))
        job.communicate(timeout=60)
        assert job.returncode == 0
    return told, sent


def test_the_same_message_of_two_jobs_is_sent_once(tmp_path: Path) -> None:
    told, sent = raced(tmp_path / "ledger.db", "same")
    assert sent == Counter({f"{number}": 1 for number in range(_ROUNDS)})
    assert [sorted(state for states in each for state in states) for each in told] == [["already", "sent"]] * _ROUNDS


def test_two_messages_about_one_thing_take_turns_and_the_second_is_counted(tmp_path: Path) -> None:
    told, sent = raced(tmp_path / "ledger.db", "others")
    assert (sum(sent.values()), max(sent.values())) == (_ROUNDS, 1)
    assert [sorted(state for states in each for state in states) for each in told] == [["counted", "sent"]] * _ROUNDS
    with closing(SqliteLedger(tmp_path / "ledger.db", durable=True)) as ledger:
        from notified import Post

        threads = [thread_of(ledger.scan(run=f"thread t{n}"), whom_of(Post())) for n in range(_ROUNDS)]  # type: ignore[arg-type]
    assert {(len(each.entries), each.more, each.times) for each in threads} == {(1, 1, 2)}


@pytest.mark.parametrize("jobs", [2, 3])
def test_what_was_held_back_leaves_once_whoever_flushes(tmp_path: Path, jobs: int) -> None:
    from notified import Memory, Post, Team

    from lumen_action.ops.notify.policy import Rules

    team = Team(Rules(digest_run=True, digest_after=1), (Post(),), Memory())
    for number in range(9):
        team.tell(f"{number}", thread=f"{number}")
    assert team.ledger
    with closing(SqliteLedger(tmp_path / "ledger.db", durable=True)) as ledger:
        for fact in team.ledger.scan():
            assert fact.key.kind is Kind.NOTICE
            ledger.put(fact)
        raced(tmp_path / "ledger.db", "flush", jobs, rounds=1)
        threads = [thread_of(ledger.scan(run=f"thread {n}"), whom_of(Post())) for n in range(9)]  # type: ignore[arg-type]
    assert [[(entry.key, entry.state) for entry in each.entries] for each in threads] == [
        [(f"{number}", "sent")] for number in range(9)
    ]

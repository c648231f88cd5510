"""`lumen notify` from end to end: what a failed job says by itself, to whom, once, and what every answer means."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from facts import HOUR, NOON
from hookreceiver import Receiver
from job import Job

from lumen_action.cli import main
from lumen_action.commands import World

pytestmark = pytest.mark.usefixtures("no_proxy")
LOG = "Cloning\nfatal: unable to access 'https://git.example/': Could not resolve host: git.example\nthe end\n"
JOB_ENV = {
    "GITHUB_ACTIONS": "true",
    "GITHUB_SERVER_URL": "https://github.com",
    "GITHUB_REPOSITORY": "org/app",
    "GITHUB_RUN_ID": "100",
    "GITHUB_RUN_ATTEMPT": "1",
    "GITHUB_JOB": "deploy",
    "GITHUB_WORKFLOW": "nightly",
    "GITHUB_SHA": "1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d",
    "LUMEN_INPUT_REGION": "eu",
    "LUMEN_INPUT_MATRIX": '{"region": "eu"}',
}


class Team:
    """A folder with a ledger, and a terminal or a job in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.out = self.err = ""
        self.now = NOON
        self.ledger = f"sqlite:{folder / 'ledger.db'}"
        self.env: dict[str, str] = {"LUMEN_STATE_DIR": str(folder / "state"), "LUMEN_PIPELINE": "nightly"}

    def lumen(self, *words: str, text: str = "", ledger: bool = True) -> int:
        out, err = io.StringIO(), io.StringIO()
        world = World(
            env=self.env,
            folder=self.folder,
            stdin=io.BytesIO(text.encode()),
            stdout=out,
            stderr=err,
            clock_ms=lambda: self.now,
            random=lambda: 0.0,
        )
        try:
            return main(["notify", *words, *(["--ledger", self.ledger] if ledger else [])], world)
        finally:
            self.out, self.err = out.getvalue(), err.getvalue()

    def states(self, *words: str, **how: Any) -> list[list[str]]:  # noqa: ANN401
        self.lumen("send", *words, "--json", **how)
        return [[each["state"] for each in told["channels"]] for told in json.loads(self.out)["messages"]]

    def config(self, text: str) -> None:
        (self.folder / "lumen.yml").write_text(text, encoding="utf-8")

    def in_job(self, run: str = "100") -> Job:
        """Become a job of a run on the same ledger."""
        job = Job(self.folder / f"job{run}", run=run, ledger=self.ledger, now_ms=self.now)
        files = {f"GITHUB_{name}": str(job.folder / part) for name, part in (("OUTPUT", "output"), ("ENV", "env"))}
        self.env |= JOB_ENV | files | {"GITHUB_RUN_ID": run, "RUNNER_TEMP": str(job.folder / "temp")}
        self.env |= {"GITHUB_STEP_SUMMARY": str(job.folder / "summary")}
        self.env.pop("LUMEN_PIPELINE", None)
        return job

    def fails(self, run: str = "100", log: str = LOG) -> Job:
        """Let a job record a stage that failed."""
        job = self.in_job(run)
        (job.folder / "build.log").write_text(log, encoding="utf-8")
        job.step("build", "failure", log_file=str(job.folder / "build.log"))
        self.now = job.now_ms
        return job


@pytest.fixture
def team(tmp_path: Path) -> Team:
    return Team(tmp_path)


@pytest.fixture
def hook(team: Team) -> Iterator[Receiver]:
    with Receiver().serving() as serving:
        team.env |= {"LUMEN_ALERT_URL": serving.url, "LUMEN_ALERT_SECRET": "a secret of many letters and more"}
        yield serving


@pytest.fixture
def slack(team: Team) -> Iterator[Receiver]:
    with Receiver().serving() as serving:
        team.env["LUMEN_SLACK_WEBHOOK"] = serving.url
        yield serving


def told(hook: Receiver) -> list[dict[str, Any]]:
    return [json.loads(body)["data"] for _, body in hook.got]


def test_a_failed_job_says_by_itself_what_failed_where_and_why(team: Team, hook: Receiver) -> None:
    job = team.fails()
    assert team.lumen("send") == 0
    (data,) = told(hook)
    assert (data["subject"], data["severity"]) == ("nightly: build failed in eu", "error")
    assert data["sentence"].startswith("build failed in eu, network/dns: fatal: unable to access")
    assert (data["stage"], data["region"], data["error_class"]) == ("build", "eu", "network")
    assert data["links"] == [{"text": "Open the run", "url": "https://github.com/org/app/actions/runs/100/attempts/1"}]
    for words in ("Stage: build", "Class: network/dns", "Evidence: line 2: fatal", "Next: "):
        assert words in data["text"]
    assert "### &#91;error&#93; nightly: build failed in eu" in job.summary
    assert "- webhook to http" in job.summary


def test_the_same_failure_of_the_next_night_is_the_same_thing_and_its_end_is_told_once(
    team: Team, hook: Receiver, slack: Receiver
) -> None:
    team.fails("100")
    assert team.states() == [["sent", "sent"]]
    assert team.states() == [["already", "already"]]
    team.fails("101", LOG.replace("Cloning", "Cloning again"))
    assert team.states() == [["counted", "counted"]]
    team.now += 24 * HOUR
    team.in_job("102")
    assert team.states("--resolve") == [["sent", "sent"]]
    assert team.states("--resolve") == []
    failed, over = told(hook)
    assert (over["thread"], over["subject"], over["resolved"]) == (failed["thread"], failed["subject"], True)
    assert over["sentence"] == "It is over. It lasted 1 d and was seen 2 times."
    assert len(slack.got) == 2
    assert team.lumen("send", "--resolve") == 0
    assert "nothing is open here" in team.out


def test_a_green_job_ends_neither_what_its_own_run_nor_what_another_region_told(team: Team, hook: Receiver) -> None:
    team.fails("100")
    team.states()
    assert team.states("--resolve") == []
    team.in_job("101")
    assert team.states("--resolve", "--region", "ap") == []
    assert team.states("--resolve", "--stage", "test") == []
    assert team.states("--resolve", "--stage", "build") == [["sent"]]
    assert len(hook.got) == 2


def test_a_green_job_does_not_end_what_fails_on_in_another_job_of_its_run(team: Team, hook: Receiver) -> None:
    for run, states in (("100", ["sent"]), ("101", ["sent"]), ("102", ["counted"])):
        team.fails(run)
        team.now += 2 * HOUR if run == "101" else 0
        assert team.states() == [states]
        assert team.states("--resolve") == []
    team.in_job("103")
    assert team.states("--resolve") == [["sent"]]
    assert [each["resolved"] for each in told(hook)] == [False, False, True]


def test_the_same_name_in_another_region_is_another_thing(team: Team, hook: Receiver) -> None:
    for words in (("--title", "copy failed", "--key", "copy"), ("--title", "disk is full")):
        for region in ("eu", "ap"):
            assert team.states(*words, "--region", region) == [["sent"]]
    assert team.states("--resolve", "--key", "copy", "--region", "ap") == [["sent"]]
    assert team.states("--resolve", "--region", "ap") == [["sent"]]
    assert team.states("--resolve", "--region", "eu") == [["sent"], ["sent"]]
    assert [each["region"] for each in told(hook) if each["resolved"]] == ["ap", "ap", "eu", "eu"]


SECRETS = {
    "LUMEN_ARCHIVE_KEY": "YXJjaGl2ZWtleWFyY2hpdmVrZXlhcmNoaXZla2V5MDA=",
    "LUMEN_ARCHIVE_KEYS_OLD": "b2xka2V5b2xka2V5, b2xkZXJrZXlvbGRlcg==",
    "LUMEN_DROPBOX_REFRESH_TOKEN": "refresh-me-for-long",
    "AWS_SECRET_ACCESS_KEY": "plain-words-of-aws",
    "PGPASSWORD": "correct horse battery",
    "LUMEN_ALERTMANAGER_PASSWORD": "of-a-channel-unused",
}


def test_what_the_environment_calls_a_secret_stays_here_wherever_it_stands(team: Team, hook: Receiver) -> None:
    team.env |= SECRETS | {"DB_PASSWORD": "postgres", "CACHE_KEY": "a-key-of-a-cache"}
    words = [word for secret in SECRETS.values() for word in secret.split(", ")]
    text = "\n".join([*words, "postgres has no a-key-of-a-cache"])
    assert team.states("--title", words[0], "--detail", f"x={words[1]}", "--text", "-", text=text) == [["sent"]]
    ((_, body),) = hook.got
    assert [word for word in words if word in body.decode() + team.out] == []
    assert "postgres has no a-key-of-a-cache" in body.decode()


def test_words_that_are_no_text_are_told_as_far_as_they_are(team: Team, hook: Receiver) -> None:
    assert team.states("--title", "a\udcffb", "--key", "k\udcff", "--detail", "d\udcff=e\udcff") == [["sent"]]
    assert (told(hook)[0]["subject"], told(hook)[0]["d?"]) == ("a?b", "e?")
    assert team.states("--resolve", "--key", "k\udcff") == [["sent"]]


def test_words_of_ones_own_with_text_links_and_details(team: Team, hook: Receiver) -> None:
    words = ["--title", "disk is full", "--severity", "critical", "--text", "-", "--detail", "disk=/dev/sda1"]
    words += ["--link", "https://wiki.example/disk", "--link", "Graph=https://grafana.example/d/1?a=b"]
    assert team.lumen("send", *words, text="3 % are left\nof 2 TB; token=ghp_abcdefghijklmnop1234") == 0
    (data,) = told(hook)
    assert (data["subject"], data["sentence"], data["disk"]) == ("disk is full", "3 % are left", "/dev/sda1")
    assert data["links"] == [
        {"text": "Read on", "url": "https://wiki.example/disk"},
        {"text": "Graph", "url": "https://grafana.example/d/1?a=b"},
    ]
    assert data["text"].startswith("3 % are left\n\ndisk: /dev/sda1\n\nof 2 TB; token=[redacted]\n\nRead on: ")


def test_every_option_is_also_a_name_in_the_environment_and_an_input(team: Team, hook: Receiver) -> None:
    (team.folder / "said.txt").write_text("it is said", encoding="utf-8")
    team.env |= {"LUMEN_TITLE": "t", "LUMEN_INPUT_TEXT": "said.txt", "LUMEN_INPUT_SEVERITY": "warning"}
    team.env |= {"LUMEN_DETAIL": "a=1\nb=2\n", "LUMEN_INPUT_LINK": "https://wiki.example/x", "LUMEN_KEY": "k"}
    assert team.states() == [["sent"]]
    (data,) = told(hook)
    assert (data["sentence"], data["severity"], data["a"], data["b"]) == ("it is said", "warning", "1", "2")
    team.env |= {"LUMEN_INPUT_RESOLVE": "true"}
    assert team.states() == [["sent"]]


def test_a_key_names_the_thing_across_jobs(team: Team, hook: Receiver) -> None:
    assert team.states("--title", "copy failed", "--key", "copy") == [["sent"]]
    team.now += 1
    assert team.states("--title", "copy failed again", "--key", "copy") == [["counted"]]
    assert team.states("--resolve", "--key", "copy") == [["sent"]]
    assert told(hook)[1]["subject"] == "copy failed"


def test_one_dead_channel_stops_no_other_and_its_turn_comes_again(team: Team, hook: Receiver, slack: Receiver) -> None:
    slack.answers = [(404, {})]
    assert team.lumen("send", "--title", "t", "--key", "k") == 75
    assert "slack to" in team.out
    assert ": failed, " in team.out
    team.now += 1
    assert team.states("--title", "t", "--key", "k") == [["sent", "counted"]]
    assert (len(slack.got), len(hook.got)) == (2, 1)


@pytest.mark.parametrize(("asked", "code"), [((), 0), (("--fail-on-error", "true"), 75)])
def test_in_a_job_a_dead_channel_is_a_warning(team: Team, hook: Receiver, asked: tuple[str, ...], code: int) -> None:
    team.in_job()
    hook.answers = [(410, {})]
    assert team.lumen("send", "--title", "t", *asked) == code
    (warning,) = [line for line in team.out.splitlines() if line.startswith("::warning title=lumen::")]
    assert "take LUMEN_ALERT_URL away" in warning
    assert "s3cr3t-path" not in team.out + team.err


@pytest.mark.usefixtures("slack")
def test_quiet_hours_hold_it_back_until_the_morning(team: Team, hook: Receiver) -> None:
    team.config('timezone: Asia/Seoul\nnotify: {quiet-hours: "20:00-07:00", quiet-days: [sun], window: 30m}\n')
    assert team.states("--title", "a") == [["held", "held"]]
    assert team.states("--title", "b", "--severity", "critical") == [["sent", "sent"]]
    assert team.lumen("flush") == 0
    assert team.out == "2 still wait\n"
    team.now += 11 * HOUR
    assert team.lumen("flush", "--json") == 0
    answer = json.loads(team.out)
    assert ([each["state"] for each in answer["sent"]], answer["waiting"]) == (["sent", "sent"], 0)
    assert [each["subject"] for each in told(hook)] == ["b", "a"]
    assert team.lumen("flush") == 0
    assert team.out == "nothing is held back\n"


def test_what_only_a_channel_that_is_gone_was_told_of_is_nobodys_news(
    team: Team, hook: Receiver, slack: Receiver
) -> None:
    assert team.states("--title", "t", "--channel", "slack") == [["sent"]]
    team.env["LUMEN_SLACK_WEBHOOK"] = ""
    assert team.states("--resolve") == []
    team.env["LUMEN_SLACK_WEBHOOK"] = slack.url
    assert team.states("--resolve") == [["sent", "untold"]]
    assert (len(slack.got), len(hook.got)) == (2, 0)


def test_a_job_without_any_ledger_knows_what_its_own_stages_said(team: Team, hook: Receiver) -> None:
    team.ledger = ""
    team.fails()
    assert team.lumen("send", ledger=False) == 0
    assert told(hook)[0]["error_class"] == "network"


def test_a_job_that_failed_before_any_stage_says_so_much(team: Team, hook: Receiver) -> None:
    team.in_job()
    assert team.lumen("send") == 0
    assert told(hook)[0]["subject"].startswith("nightly: the job deploy")
    team.env["LUMEN_INPUT_JOB_STATUS"] = "success"
    assert team.lumen("send") == 2
    assert "title: is missing" in team.out


def test_flush_speaks_for_every_pipeline_of_the_ledger(team: Team, slack: Receiver) -> None:
    team.config("notify: {digest: run, digest-after: 1}\n")
    for pipeline in ("nightly", "release"):
        for title in ("a", "b", "c"):
            team.lumen("send", "--title", title, "--pipeline", pipeline)
    team.env.pop("LUMEN_PIPELINE")
    assert len(slack.got) == 2
    assert team.lumen("flush") == 0
    assert [line.partition(": sent, ")[2] for line in team.out.splitlines()] == [
        "2 that were held back, in one: posted (204)",
        "2 that were held back, in one: posted (204)",
    ]


@pytest.mark.usefixtures("hook", "slack")
def test_without_a_lasting_ledger_each_is_sent_with_a_word(team: Team) -> None:
    for _ in range(2):
        assert team.states("--title", "t", "--key", "k", ledger=False) == [["sent", "sent"]]
    assert "no ledger is set that outlives this job" in team.err
    assert team.states("--resolve", "--key", "k", ledger=False) == [["untold", "sent"]]
    assert team.lumen("flush", ledger=False) == 0


def test_a_dry_run_shows_all_and_sends_and_remembers_nothing(team: Team, hook: Receiver) -> None:
    assert team.lumen("send", "--title", "t", "--dry-run") == 0
    assert team.out.startswith("Subject: [error] t\n\nt\n\nwebhook to http")
    assert team.lumen("send", "--title", "t", "--dry-run", "--json") == 0
    (message,) = json.loads(team.out)["messages"]
    assert json.loads(message["channels"][0]["would_send"]["body"])["data"]["subject"] == "t"
    assert hook.got == []
    assert team.states("--title", "t") == [["sent"]]


def test_a_forks_job_tells_nobody_and_stays_green(team: Team, hook: Receiver) -> None:
    team.in_job()
    event = {"pull_request": {"head": {"repo": {"full_name": "other/app"}}}, "repository": {"full_name": "org/app"}}
    (team.folder / "event.json").write_text(json.dumps(event), encoding="utf-8")
    team.env |= {"GITHUB_EVENT_NAME": "pull_request", "GITHUB_EVENT_PATH": str(team.folder / "event.json")}
    assert team.lumen("send", "--title", "t") == 0
    assert "nobody is told" in team.err
    assert hook.got == []


MISTAKES = {
    "no title": ((), {}, "title: is missing, and no failed stage is recorded"),
    "severity": (("--title", "t", "--severity", "bad"), {}, "write `severity: error`"),
    "link": (("--title", "t", "--link", "javascript:alert(1)"), {}, "link: "),
    "detail": (("--title", "t", "--detail", "x"), {}, "detail: `x` is no pair"),
    "text": (("--title", "t", "--text", "missing.txt"), {}, "text: cannot read `missing.txt`"),
    "channel": (("--title", "t", "--channel", "pigeon"), {}, "channel: `pigeon` is none of"),
    "nobody": (("--title", "t"), {"LUMEN_ALERT_URL": ""}, "channel: nobody would hear of it"),
}


@pytest.mark.parametrize("what", MISTAKES)
def test_a_mistake_is_told_with_what_to_write(team: Team, hook: Receiver, what: str) -> None:
    words, env, said = MISTAKES[what]
    team.env |= env
    assert team.lumen("send", *words) == 2
    assert said in team.err
    assert hook.got == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("notify: {window: soon}", "expected a length of time such as 1h, or off"),
        ("notify: {quiet-hours: 22-7}", 'write `notify: {quiet-hours: "22:00-07:00"}`'),
        ("notify: {quiet-days: [someday]}", "a list of up to six days"),
        ("notify: {digest: often}", "expected a length of time such as 10m, run or off"),
    ],
)
def test_a_wrong_rule_is_told_with_what_to_write(team: Team, hook: Receiver, text: str, said: str) -> None:
    team.config(f"{text}\n")
    assert team.lumen("send", "--title", "t") == 2
    assert said in team.err
    assert hook.got == []


@pytest.mark.usefixtures("slack")
def test_test_tries_every_channel_and_says_what_would_set_up_the_others(team: Team, hook: Receiver) -> None:
    assert team.lumen("test") == 0
    lines = team.out.splitlines()
    assert lines[0].startswith("slack to http")
    assert lines[0].endswith(": sent, posted (204) (0.0 s)")
    assert "; its end: sent, taken (204) (0.0 s)" in lines[1]
    assert any(line.startswith("mail: not set up; set `mail: {host: ") for line in lines)
    assert [each["resolved"] for each in told(hook)] == [False, True]
    assert team.lumen("test") == 0
    assert len({each["thread"] for each in told(hook)}) == 2


@pytest.mark.usefixtures("hook")
def test_test_says_75_when_one_failed_and_2_when_one_is_wrong(team: Team, slack: Receiver) -> None:
    slack.answers = [(404, {})]
    assert team.lumen("test") == 75
    assert "slack to http" in team.out
    assert team.err == "", "what failed is said once"
    slack.answers = [(404, {})]
    assert team.lumen("test", "--json") == 75
    answer = json.loads(team.out)
    assert [(each["channel"], each["state"]) for each in answer["channels"]] == [
        ("slack", "failed"),
        ("webhook", "sent"),
    ]
    assert {"mail", "teams", "pagerduty", "alertmanager"} <= set(answer["not_set_up"])
    team.env["LUMEN_SLACK_WEBHOOK"] = "http://slack.example/x"
    assert team.lumen("test") == 2
    assert "LUMEN_SLACK_WEBHOOK: the URL is not https" in team.err
    assert team.lumen("test", "--channel", "mail") == 2
    assert "mail is not set up" in team.err

"""`lumen report send` from end to end: which report goes, through which channels, once."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import servers
from builtreport import PDF, built
from hookreceiver import Receiver
from mailserver import PASSWORD, USER, MailServer

from lumen_action.cli import main
from lumen_action.commands import World

pytestmark = pytest.mark.usefixtures("no_proxy")
NOW = 1_773_100_000_000  # 2026-03-09


class Team:
    """A folder with reports, a ledger, and receivers."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.out = self.err = ""
        self.env: dict[str, str] = {"LUMEN_STATE_DIR": str(folder / "state")}
        self.ledger = f"sqlite:{folder / 'ledger.db'}"

    def send(self, *words: str, ledger: bool = True) -> int:
        out, err = io.StringIO(), io.StringIO()
        world = World(
            env=self.env, folder=self.folder, stdout=out, stderr=err, clock_ms=lambda: NOW, random=lambda: 0.0
        )
        where = ["--ledger", self.ledger] if ledger else []
        try:
            return main(["report", "send", *words, *where], world)
        finally:
            self.out, self.err = out.getvalue(), err.getvalue()

    def answer(self, *words: str) -> Any:  # noqa: ANN401
        self.send(*words, "--json")
        return json.loads(self.out)["reports"]

    def config(self, text: str) -> None:
        (self.folder / "lumen.yml").write_text(text, encoding="utf-8")


@pytest.fixture
def team(tmp_path: Path) -> Team:
    built(tmp_path / "lumen-reports")
    return Team(tmp_path)


@pytest.fixture
def hook(team: Team) -> Iterator[Receiver]:
    with Receiver().serving() as serving:
        team.env |= {"LUMEN_ALERT_URL": serving.url, "LUMEN_ALERT_SECRET": "a secret of many letters"}
        yield serving


@pytest.fixture
def slack(team: Team) -> Iterator[Receiver]:
    with Receiver().serving() as serving:
        team.env["LUMEN_SLACK_WEBHOOK"] = serving.url
        yield serving


@pytest.fixture
def mail(team: Team, tmp_path: Path) -> Iterator[Callable[..., MailServer]]:
    """Start a mail server and tell the team of it."""
    if not shutil.which("openssl"):
        pytest.skip("openssl is not installed")
    certificate = servers.make_certificate(tmp_path)
    with ExitStack() as stack:

        def start(**how: Any) -> MailServer:  # noqa: ANN401
            server = stack.enter_context(MailServer(certificate, **how).serving())
            team.config(
                f"mail: {{host: 127.0.0.1, port: {server.port}, ca-file: {certificate.authority}, "
                'from: "Lumen <reports@team.example>", to: [ops@team.example]}\n'
            )
            team.env |= {"LUMEN_SMTP_USER": USER, "LUMEN_SMTP_PASSWORD": PASSWORD}
            return server

        yield start


def test_every_channel_gets_it_once(
    team: Team, mail: Callable[..., MailServer], slack: Receiver, hook: Receiver
) -> None:
    server = mail()
    assert team.send("--link", "https://reports.example/site/") == 0
    assert [line.partition(",")[0] for line in team.out.splitlines()] == [
        "mail to ops@team.example: sent",
        f"slack to {slack.url.rpartition('/hook')[0]}: sent",
        f"webhook to {hook.url.rpartition('/hook')[0]}: sent",
    ]
    assert team.send("--link", "https://reports.example/site/") == 0
    assert team.out.count("already, was sent before") == 3
    assert (len(server.mails), len(slack.got), len(hook.got)) == (1, 1, 1)
    assert team.send("--again") == 0
    assert (len(server.mails), len(slack.got), len(hook.got)) == (2, 2, 2)
    assert server.mails[0]["Message-ID"] != server.mails[1]["Message-ID"]


def test_the_mail_begins_with_the_sentence_and_carries_the_pdf(team: Team, mail: Callable[..., MailServer]) -> None:
    server = mail()
    assert team.send("--link", "https://reports.example/site/") == 0
    (arrived,) = server.mails
    assert arrived["Subject"] == "nightly, week 10 of 2026: error budget low"
    body = arrived.get_body(("plain",))
    assert body
    assert body.get_content().splitlines() == [
        "nightly kept its promise.",
        "",
        "Period: 2 to 8 March 2026 (Asia/Seoul)",
        "Runs: 6 of 7 succeeded",
        "run: 99.996 %, target 95 %; 19.999 % of the error budget left; warning",
        "",
        "Read the report: https://reports.example/site/nightly-2026-W10.html",
        "",
        "Attached: nightly-2026-W10.pdf",
    ]
    (attached,) = arrived.iter_attachments()
    assert (attached.get_filename(), attached.get_content()) == ("nightly-2026-W10.pdf", PDF)


def test_in_korean_all_of_it_is_korean(team: Team, mail: Callable[..., MailServer]) -> None:
    server = mail()
    built(team.folder / "ko", "야간 보고")
    assert team.send("ko", "--language", "ko") == 0
    (arrived,) = server.mails
    assert arrived["Subject"].startswith("야간 보고, 2026년 10")
    assert arrived["Subject"].endswith("오류 예산 부족")
    body = arrived.get_body(("plain",))
    assert body
    assert body.get_content().splitlines()[0] == "야간 보고은 약속을 지켰습니다."
    assert "실행: 7회 중 6회 성공" in body.get_content()
    assert [each.get_filename() for each in arrived.iter_attachments()] == ["야간-보고-2026-W10.pdf"]


@pytest.mark.parametrize(
    ("changed", "subject", "told"),
    [
        ({"objectives": []}, "6 of 7 runs succeeded", None),
        ({"objectives": [], "runs": {"good": 0, "bad": 0}}, "nothing ran", None),
        (
            {"objectives": [], "objectives_unmeasured": {"api": "away"}},
            "no data",
            "not known, its source did not answer",
        ),
    ],
)
def test_the_subject_says_how_it_stands(
    team: Team, slack: Receiver, changed: dict[str, Any], subject: str, told: str | None
) -> None:
    built(team.folder / "lumen-reports", **changed)
    assert team.answer()[0]["subject"] == f"nightly, week 10 of 2026: {subject}"
    fields = json.loads(slack.got[0][1])["blocks"][2]["fields"]
    assert [each["text"].partition("\n")[2] for each in fields[2:]] == ([told] if told else [])


def test_one_dead_channel_does_not_stop_the_others(
    team: Team, mail: Callable[..., MailServer], slack: Receiver, hook: Receiver
) -> None:
    server = mail(data=["554 not today"])
    slack.answers = [(404, {})]
    assert team.send() == 75
    assert len(hook.got) == 1
    assert "mail to ops@team.example: failed" in team.out
    # What failed goes with the next call, and nothing else.
    assert team.send() == 0
    assert (len(server.mails), len(slack.got), len(hook.got)) == (1, 2, 1)


def test_no_secret_is_ever_printed(
    team: Team, mail: Callable[..., MailServer], slack: Receiver, hook: Receiver
) -> None:
    mail(data=["554 not today"])
    for receiver in (slack, hook):
        receiver.answers = [(404, {}), (403, {})]
    for words in ((), ("--json",), ("--dry-run",), ("--dry-run", "--json")):
        team.send(*words)
        for secret in ("s3cr3t-path", PASSWORD, "a secret of many letters"):
            assert secret not in team.out + team.err


def test_a_dry_run_shows_what_would_go_and_sends_nothing(team: Team, slack: Receiver, hook: Receiver) -> None:
    assert team.send("--dry-run") == 0
    assert "Subject: nightly, week 10 of 2026: error budget low" in team.out
    (report,) = team.answer("--dry-run")
    assert [(each["channel"], each["state"]) for each in report["channels"]] == [("slack", "dry"), ("webhook", "dry")]
    assert json.loads(report["channels"][0]["would_send"]["body"])["blocks"]
    assert slack.got == hook.got == []
    assert team.send() == 0


def test_a_folder_gives_the_newest_of_each_pipeline_and_a_file_itself(team: Team, hook: Receiver) -> None:
    older = built(team.folder / "lumen-reports", week=9)
    built(team.folder / "lumen-reports", "upload", week=9)
    (team.folder / "lumen-reports" / "package.json").write_text('{"name": "site"}')
    assert [(each["pipeline"], each["period"]) for each in team.answer()] == [
        ("nightly", "2026-W10"),
        ("upload", "2026-W09"),
    ]
    assert [each["pipeline"] for each in team.answer("--pipeline", "upload")] == ["upload"]
    assert [each["period"] for each in team.answer(str(older))] == ["2026-W09"]
    assert [each["period"] for each in team.answer("--date", "2026-02-24", "--pipeline", "nightly")] == ["2026-W09"]
    assert len(hook.got) == 3


def test_a_report_that_was_not_over_is_sent_again_when_it_is(team: Team, hook: Receiver) -> None:
    built(team.folder / "lumen-reports", finished=False)
    (before,) = team.answer()
    assert before["subject"].endswith("(so far)")
    built(team.folder / "lumen-reports")
    team.send()
    assert len({headers["webhook-id"] for headers, _ in hook.got}) == 2


def test_without_a_lasting_ledger_it_says_that_it_cannot_know(team: Team, hook: Receiver) -> None:
    for _ in range(2):
        assert team.send(ledger=False) == 0
        assert "cannot be known" in team.err
    assert len(hook.got) == 2


def test_without_a_pdf_it_says_so(team: Team, hook: Receiver) -> None:
    (team.folder / "lumen-reports" / "nightly-2026-W10.pdf").unlink()
    assert team.send() == 0
    assert "there is no PDF beside nightly-2026-W10.json" in team.err
    assert len(hook.got) == 1


@pytest.mark.parametrize(
    ("words", "env", "fault"),
    [
        ((), {}, "nobody would hear of it"),
        (("--channel", "mail,pigeon"), {}, "`pigeon` is none of mail, slack, teams, webhook, generic"),
        (("--channel", "slack"), {}, "slack is not set up; set the secret LUMEN_SLACK_WEBHOOK"),
        (("--to", "ops@team.example"), {"LUMEN_ALERT_URL": "https://hooks.example/x"}, "no mail server"),
        ((), {"LUMEN_ALERT_URL": "http://hooks.example/s3cr3t"}, "LUMEN_ALERT_URL: the URL is not https"),
        (("--period", "year"), {}, "period: `year` is none of day, week, month"),
        (("--date", "2026-3-4"), {}, "date: `2026-3-4` is no day"),
        (("--language", "de"), {}, "language: `de` is none of en, ko"),
        (("--link", "javascript:alert(1)"), {}, "link: the URL needs http"),
        (("--period", "day"), {"LUMEN_ALERT_URL": "https://hooks.example/x"}, "holds no report of a day"),
        (("lumen.yml",), {"LUMEN_ALERT_URL": "https://hooks.example/x"}, "is not the JSON of a report"),
    ],
)
def test_a_mistake_is_told_with_what_to_write(
    team: Team, words: tuple[str, ...], env: dict[str, str], fault: str
) -> None:
    team.config("timezone: UTC\n")
    team.env |= env
    assert team.send(*words) == 2
    assert fault in team.err
    assert "s3cr3t" not in team.err


def test_all_mistakes_are_told_together(team: Team) -> None:
    assert team.send("--period", "year", "--date", "x", "--link", "x", "--language", "de", "--channel", "pigeon") == 2
    assert [line.split(": ")[1] for line in team.err.splitlines()] == ["period", "date", "link", "language", "channel"]


@pytest.mark.parametrize(
    "changed",
    [{"target": float("inf")}, {"actual": "most"}, {"budget_left_percent": []}, {"status": "fine"}],
    ids=lambda changed: next(iter(changed)),
)
def test_a_report_with_impossible_values_is_none(team: Team, hook: Receiver, changed: dict[str, Any]) -> None:
    file = team.folder / "lumen-reports" / "nightly-2026-W10.json"
    told = json.loads(file.read_text())
    told["objectives"][0] |= changed
    file.write_text(json.dumps(told))
    assert team.send(str(file)) == 2
    assert "is not the JSON of a report" in team.err
    assert hook.got == []


def test_of_several_reports_each_line_says_which(team: Team, hook: Receiver) -> None:
    built(team.folder / "lumen-reports", "upload", week=9)
    assert team.send() == 0
    assert [line.partition(", webhook")[0] for line in team.out.splitlines()] == ["nightly 2026-W10", "upload 2026-W09"]
    assert len(hook.got) == 2


def test_a_long_name_leaves_room_for_how_it_stands(team: Team, hook: Receiver) -> None:
    name = team.folder / "lumen-reports" / "nightly-2026-W10.json"
    name.write_text(json.dumps({**json.loads(name.read_text()), "pipeline": "n" * 10_000}))
    (report,) = team.answer()
    assert report["subject"].endswith("n…, week 10 of 2026: error budget low")
    assert len(report["subject"]) < 150
    assert len(hook.got) == 1


def test_the_dashboard_as_it_was_is_linked_where_the_report_has_it(team: Team, hook: Receiver) -> None:
    kept = "https://grafana.example/dashboard/snapshot/abc"
    built(team.folder / "lumen-reports", links={"snapshot": kept, "dashboard": "https://grafana.example/d/lumen"})
    assert team.send() == 0
    assert json.loads(hook.got[0][1])["data"]["links"] == [{"text": "See the dashboard as it was", "url": kept}]


def test_a_link_that_is_no_address_is_left_out(team: Team, hook: Receiver) -> None:
    built(team.folder / "lumen-reports", links={"snapshot": "javascript:alert(1)"})
    assert team.send() == 0
    assert json.loads(hook.got[0][1])["data"]["links"] == []


def test_no_secret_leaves_with_a_report(team: Team, hook: Receiver) -> None:
    link = "https://reports.example/?token=s3cr3t-of-a-link"
    assert team.send("--link", link) == 0
    assert team.send("--link", link, "--dry-run", "--json", "--again") == 0
    ((_, body),) = hook.got
    assert "token=[redacted]" in body.decode()
    assert "s3cr3t" not in body.decode() + team.out

"""What arrives in Slack, mail and webhook when Prometheus tells Alertmanager of each alert, in both languages."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from email.message import EmailMessage
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import alerting
import pytest
import servers
from everyalert import CLASS, REGION, RUN, RUN_URL, Case, cases

from lumen_action.alerting.rendering import RUNBOOK
from lumen_action.alerting.rulefile import Group, to_yaml
from lumen_action.alerting.words import LANGUAGES

WORDS = {
    "en": {"page": "PAGE", "ticket": "TICKET", "info": "INFO", "resolved": "RESOLVED", "runbook": "Runbook"},
    "ko": {"page": "긴급", "ticket": "티켓", "info": "정보", "resolved": "해소", "runbook": "런북"},
}


@dataclass
class Chain:
    """An Alertmanager, what it was told, what it sent while the alerts fired, and after they were resolved."""

    language: str
    summaries: Mapping[tuple[str, str], str]
    server: servers.Server
    inbox: alerting.Inbox
    firing: alerting.Inbox
    resolved: alerting.Inbox

    def words(self, name: str) -> str:
        return WORDS[self.language][name]


@pytest.fixture(scope="module", params=["en", pytest.param("ko", marks=pytest.mark.slow)])
def chain(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chain]:
    """Let Prometheus tell of every alert, and then that each is over."""
    make = tmp_path_factory.mktemp
    told = [case for case in cases(request.param) if case.severity != "none"]
    loud = [case for case in told if case.severity in ("page", "ticket")]
    rules = [rule for case in cases(request.param) for rule in case.rules()]
    with contextlib.ExitStack() as stack:
        certificate = servers.make_certificate(make("certificate"))
        inbox = stack.enter_context(alerting.Inbox().open(certificate))
        configuration = alerting.rendered(make("rendered"), inbox, request.param)
        server = alerting.start_alertmanager(make("alertmanager"), configuration, certificate.authority)
        stack.callback(server.stop)
        prometheus = alerting.start_prometheus(make("prometheus"), server, to_yaml([Group("every_alert", rules)]))
        try:
            servers.wait_until(
                "every alert is told in Slack, and pages and tickets by mail and webhook",
                lambda: len(inbox.slack) >= len(told) and min(len(inbox.mails), len(inbox.hooks)) >= len(loud),
            )
            held = alerting.known(server)
        finally:
            prometheus.stop()
        firing = alerting.Inbox(inbox.slack[:], inbox.hooks[:], inbox.mails[:])
        for received in (inbox.slack, inbox.hooks, inbox.mails):
            received.clear()
        now = datetime.now(timezone.utc).isoformat()
        alerting.post(
            server, [{key: each[key] for key in ("labels", "annotations")} | {"endsAt": now} for each in held]
        )
        servers.wait_until(
            "the end of every page and ticket is told",
            lambda: min(len(inbox.slack), len(inbox.mails), len(inbox.hooks)) >= len(loud),
        )
        resolved = alerting.Inbox(inbox.slack[:], inbox.hooks[:], inbox.mails[:])
        summaries = {
            (each["labels"]["alertname"], each["labels"].get("pipeline", "")): each["annotations"]["summary"]
            for each in held
        }
        yield Chain(request.param, summaries, server, inbox, firing, resolved)


def hooked(inbox: alerting.Inbox) -> dict[tuple[str, str], dict[str, Any]]:
    return {
        (body["groupLabels"]["alertname"], body["groupLabels"].get("pipeline", "")): body for _, body in inbox.hooks
    }


def slacked(inbox: alerting.Inbox, case: Case) -> tuple[str, dict[str, Any]]:
    """Return the channel and the message that is about a case: its runbook and its pipeline are in it."""
    anchor, pipeline = f"#{case.alert.name.lower()}", case.labels.get("pipeline", "")
    ((channel, body),) = [
        (channel, body["attachments"][0])
        for channel, body in inbox.slack
        if body["attachments"][0]["title_link"].endswith(anchor)
        and (not pipeline or f"`{pipeline}`" in body["attachments"][0]["text"])
    ]
    return channel, body


def parts(mail: EmailMessage) -> tuple[str, str]:
    """Return the text and the HTML of a mail."""
    plain, page = mail.get_body(("plain",)), mail.get_body(("html",))
    assert plain is not None
    assert page is not None
    return plain.get_content().replace("\r\n", "\n"), page.get_content()


def mailed(inbox: alerting.Inbox, case: Case) -> EmailMessage:
    pipeline = case.labels.get("pipeline", "")
    (found,) = [
        mail
        for mail in inbox.mails
        if f"#{case.alert.name.lower()}\n" in parts(mail)[0] and (not pipeline or f": {pipeline}\n" in parts(mail)[0])
    ]
    return found


class Page(HTMLParser):
    """What a person sees of a page, and where its links lead."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.seen = ""
        self.links: list[str] = []
        self.tags: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value for name, value in attrs if name == "href" and value]

    def handle_data(self, data: str) -> None:
        self.seen += data


def facts(case: Case) -> list[str]:
    labels = [value for name, value in case.labels.items() if name != "fingerprint"]
    return [*labels, *([REGION, CLASS, RUN] if tells_of_a_run(case) else [])]


def tells_of_a_run(case: Case) -> bool:
    return "run" in case.alert.annotations


def test_slack_says_what_happened_where_and_why(chain: Chain) -> None:
    for case in cases(chain.language):
        if case.severity == "none":
            continue
        channel, message = slacked(chain.firing, case)
        summary = chain.summaries[case.key]
        assert channel == ("page" if case.severity == "page" else "team")
        assert message["title"] == message["fallback"] == f"[{chain.words(case.severity)}] {summary}"
        assert [fact for fact in facts(case) if f"`{fact}`" not in message["text"]] == [], case
        assert (f"<{RUN_URL.replace('&', '&amp;')}|" in message["text"]) is tells_of_a_run(case)
        assert f"<{RUNBOOK}#{case.alert.name.lower()}|{chain.words('runbook')}>" in message["text"]
        assert re.search(r": \d{4}-\d\d-\d\d \d\d:\d\d UTC", message["text"])
        assert message["color"] == ("danger" if case.severity == "page" else "warning")


def test_a_summary_is_made_of_the_words_we_ship(chain: Chain) -> None:
    for case in cases(chain.language):
        if case.severity == "none":
            continue
        summary = chain.summaries[case.key]
        words = re.split(r"{{.*?}}", LANGUAGES[chain.language].alerts[case.alert.name].summary)
        assert any(word in summary for word in words if len(word) > 3), summary
        assert "  " not in summary, "a label that the expression does not give is empty"
        assert case.labels.get("pipeline", "") in summary


def test_a_mail_says_it_as_text_and_as_a_page(chain: Chain) -> None:
    for case in cases(chain.language):
        if case.severity not in ("page", "ticket"):
            continue
        mail = mailed(chain.firing, case)
        text, html = parts(mail)
        page = Page(html)
        summary = chain.summaries[case.key]
        assert mail["To"] == {"page": "oncall@team.example", "ticket": "team@team.example"}[case.severity]
        assert mail["Subject"] == f"[{chain.words(case.severity)}] {summary}"
        assert [fact for fact in [summary, *facts(case)] if fact not in text] == [], case
        assert [fact for fact in [summary, *facts(case)] if fact not in page.seen] == [], case
        assert f"{RUNBOOK}#{case.alert.name.lower()}" in page.links
        assert (RUN_URL in page.links) is (f": {RUN_URL}\n" in text) is tells_of_a_run(case)
        assert f'lang="{chain.language}"' in html


def test_a_webhook_has_every_label_and_annotation(chain: Chain) -> None:
    assert {authorization for authorization, _ in chain.firing.hooks} == {f"Bearer {alerting.TOKEN}"}
    for case in cases(chain.language):
        if case.severity not in ("page", "ticket"):
            continue
        body = hooked(chain.firing)[case.key]
        (alert,) = body["alerts"]
        assert (body["version"], body["status"], body["receiver"]) == ("4", "firing", case.severity)
        assert case.labels.items() <= alert["labels"].items()
        assert alert["annotations"].keys() == case.alert.annotations.keys()
        names = ("run", "run_url", "error_class", "failed_region")
        about = [alert["annotations"][name] for name in names if name in alert["annotations"]]
        assert about == ([RUN, RUN_URL, CLASS, REGION] if tells_of_a_run(case) else [])


def test_the_end_is_told_of_pages_and_tickets_only(chain: Chain) -> None:
    loud = {case.key: case for case in cases(chain.language) if case.severity in ("page", "ticket")}
    assert hooked(chain.resolved).keys() == loud.keys()
    assert len(chain.resolved.slack) == len(chain.resolved.mails) == len(loud)
    for case in loud.values():
        _, message = slacked(chain.resolved, case)
        assert message["title"].startswith(f"[{chain.words('resolved')}] ")
        assert message["color"] == "good"
        assert len(re.findall(r"\d\d:\d\d UTC", message["text"])) == 2
        assert mailed(chain.resolved, case)["Subject"].startswith(f"[{chain.words('resolved')}] ")


def test_who_says_severity_none_is_told_to_nobody(chain: Chain) -> None:
    quiet = [case for case in cases(chain.language) if case.severity == "none"]
    everything = json.dumps([chain.firing.slack, chain.firing.hooks])
    assert [case.alert.name for case in quiet] == ["LumenSuppressed"]
    assert [case for case in quiet if f"#{case.alert.name.lower()}" in everything] == []


def test_no_go_value_is_printed_and_nothing_is_left_unexpanded(chain: Chain) -> None:
    for inbox in (chain.firing, chain.resolved):
        texts = [json.dumps(body) for _, body in inbox.slack]
        texts += [part for mail in inbox.mails for part in (mail["Subject"], *parts(mail))]
        assert len(texts) > 30
        for text in texts:
            assert re.search(r"map\[|<no value>|\{\{|\$\{|ZgotmplZ|%!|0001-01-01", text) is None


HOSTILE = '<!channel> <b onclick="x">&amp; `code` "quoted"\r\nBcc: all@team.example\u202e\x07 ${HOME} {{ .Labels }} end'


def arrived(chain: Chain, pipeline: str, *posted: Mapping[str, Any]) -> tuple[dict[str, Any], EmailMessage]:
    """Post alerts and return what arrives about their pipeline."""
    alerting.post(chain.server, posted)

    def found() -> list[EmailMessage]:
        return [mail for mail in chain.inbox.mails if pipeline in parts(mail)[0]]

    def messages() -> list[dict[str, Any]]:
        return [body["attachments"][0] for _, body in chain.inbox.slack if pipeline in json.dumps(body)]

    servers.wait_until(f"{pipeline} is told", lambda: bool(found() and messages()))
    return messages()[0], found()[0]


def posted(pipeline: str, region: str, **annotations: str) -> dict[str, Any]:
    labels = {"alertname": "LumenRegionFailing", "severity": "ticket", "pipeline": pipeline, "region": region}
    return {"labels": labels, "annotations": {"summary": f"{pipeline} / {region}: failed", **annotations}}


def test_hostile_text_is_shown_and_never_obeyed(chain: Chain) -> None:
    names = ("summary", "description", "run", "error_class", "failed_region")
    evil = dict.fromkeys(names, HOSTILE) | {
        "run_url": "javascript:alert(1)",
        "runbook_url": "https://x.example/|<!here>",
    }
    message, mail = arrived(chain, "hostile", posted("hostile", HOSTILE, **evil))
    text, html = parts(mail)
    page = Page(html)
    shown = '<!channel> <b onclick="x">&amp; `code` "quoted" Bcc: all@team.example ${HOME} {{ .Labels }} end'

    for part in (message["title"], message["fallback"], message["text"]):
        assert "<" not in part
        assert "&lt;!channel&gt; &lt;b" in part
        assert "&amp;amp;" in part
    assert message["text"].count("`") == 8  # two around each fact, and none inside
    assert "title_link" not in message
    assert mail["Bcc"] is None
    assert "\u202e" not in mail["Subject"] + text + html
    assert shown in text
    assert shown in page.seen
    assert "b" not in page.tags
    assert "javascript" not in html + text + json.dumps(message)


def test_long_text_stays_within_what_slack_and_mail_servers_take(chain: Chain) -> None:
    annotations = dict.fromkeys(("summary", "run", "error_class"), "&한🙂" * 2000) | {"description": "한" + "&" * 6000}
    many = [posted("long", f"r{number:02}", **annotations) for number in range(30)]
    message, mail = arrived(chain, "long", *many)

    assert len(message["title"]) <= 330
    assert len(message["text"]) < 40_000
    assert "5 / 30" in message["text"]
    assert re.search(r"&(?!amp;)", message["text"]) is None
    assert "…" in mail["Subject"]  # the server here refuses a line over 1,000 bytes, as others do
    assert "15 / 30" in parts(mail)[0]
    assert len(parts(mail)[1]) < 102_000  # where Gmail cuts


def test_regions_of_one_pipeline_come_as_one_message(chain: Chain) -> None:
    message, mail = arrived(chain, "grouped", *(posted("grouped", region) for region in ("eu", "us", "ap")))
    text, html = parts(mail)

    assert message["title"].startswith(f"[{chain.words('ticket')} (3)] grouped / ")
    for region in ("eu", "us", "ap"):
        assert f"*grouped / {region}: failed*" in message["text"]
        assert f"grouped / {region}: failed" in text
        assert f"grouped / {region}: failed" in Page(html).seen


def test_an_alert_without_our_words_is_told_by_its_name(chain: Chain) -> None:
    message, mail = arrived(chain, "bare", {"labels": {"alertname": "Bare", "severity": "page", "pipeline": "bare"}})

    assert message["title"] == mail["Subject"] == f"[{chain.words('page')}] Bare"


def test_a_page_is_readable_without_its_style_sheet(chain: Chain) -> None:
    """Mail programs drop style sheets: every colour on screen is said inline, and its dark twin by a class."""
    page = parts(chain.firing.mails[0])[1]
    body = page.partition("</style>")[2]
    for style in re.findall(r'style="([^"]*)"', body):
        if re.search(r"(?<!-)color:#(?!ffffff)", style):
            tag = body[body.rindex("<", 0, body.index(style)) : body.index(style)]
            assert re.search(r'class="(ink|soft|link|good)"', tag), tag
    assert 'name="color-scheme" content="light dark"' in page
    assert Path(alerting.SHIPPED / "lumen.tmpl").read_text().count("prefers-color-scheme: dark") == 1

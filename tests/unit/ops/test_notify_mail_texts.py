"""What a mail says of itself, and which settings are refused before anything is sent."""

from __future__ import annotations

import email
import email.policy
from dataclasses import replace
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lumen_action.ops.notify.letter import letter
from lumen_action.ops.notify.message import Attachment, Message, Severity, one_line
from lumen_action.ops.notify.options import Mailbox, MailOptions, Security, mail_options, webhook_url

OPTIONS = MailOptions(
    "smtp.team.example",
    587,
    Security.STARTTLS,
    Mailbox("reports@team.example", "Lumen"),
    (Mailbox("ops@team.example"), Mailbox("lead@team.example")),
)
MESSAGE = Message(
    subject="nightly",
    sentence="All is well.",
    rows=(),
    text="All is well.",
    key="k",
    thread="t",
    at_ms=1_772_500_000_000,
    attachments=(Attachment("nightly.pdf", "application/pdf", b"%PDF"),),
    left_out="It was left out.",
)
GOOD = {"host": "smtp.team.example", "from": "reports@team.example", "to": ("ops@team.example",)}


def read(mail: bytes) -> EmailMessage:
    return email.message_from_bytes(mail, policy=email.policy.default)  # type: ignore[return-value]


def test_equal_messages_are_equal_bytes() -> None:
    assert letter(MESSAGE, OPTIONS) == letter(MESSAGE, replace(OPTIONS, host="other.example"))


def test_an_id_belongs_to_a_message_and_its_recipients_whatever_their_order() -> None:
    ids = {
        name: read(letter(message, options))["Message-ID"]
        for name, message, options in (
            ("same", MESSAGE, OPTIONS),
            ("turned", MESSAGE, replace(OPTIONS, to=OPTIONS.to[::-1])),
            ("fewer", MESSAGE, replace(OPTIONS, to=OPTIONS.to[:1])),
            ("next", replace(MESSAGE, key="next"), OPTIONS),
        )
    }
    assert ids["same"] == ids["turned"]
    assert len(set(ids.values())) == 3


def test_messages_that_follow_each_other_are_shown_together() -> None:
    this, following = read(letter(MESSAGE, OPTIONS)), read(letter(replace(MESSAGE, key="next"), OPTIONS))
    assert this["References"] == following["References"] == this["In-Reply-To"] != this["Message-ID"]


def test_an_alarm_and_its_recovery_are_shown_together_and_say_how_things_stand() -> None:
    alarm = replace(MESSAGE, severity=Severity.CRITICAL)
    over = replace(alarm, subject="nightly works again", key="next", resolves=True)
    opened, ended = read(letter(alarm, OPTIONS)), read(letter(over, OPTIONS))
    assert (opened["Subject"], ended["Subject"]) == ("[critical] nightly", "[resolved] nightly works again")
    assert opened["In-Reply-To"] == ended["In-Reply-To"] == ended["References"]
    assert opened["Message-ID"] != ended["Message-ID"]
    other = read(letter(replace(over, thread="other"), OPTIONS))
    assert other["References"] != ended["References"]


SUBJECTS = st.text() | st.lists(
    st.sampled_from(["야간 ", " 보고", "nightly  ", "=?utf-8?q?x?=", "\r\nBcc: x@evil.example"])
).map("".join)


@given(SUBJECTS, st.text(), st.text())
def test_no_text_adds_a_header_a_recipient_or_a_part(subject: str, text: str, name: str) -> None:
    made = replace(MESSAGE, subject=subject, text=text, attachments=(replace(MESSAGE.attachments[0], name=name),))
    mail = letter(made, OPTIONS)
    assert mail.isascii()
    assert max(map(len, mail.split(b"\r\n"))) < 998
    plain = read(mail)
    assert plain["Subject"] == one_line(subject)
    assert [header.lower() for header in plain] == [header.lower() for header in read(letter(MESSAGE, OPTIONS))]
    assert [each.addr_spec for each in plain["To"].addresses] == ["ops@team.example", "lead@team.example"]
    body, attached = plain.iter_parts()
    assert (body.get_content_type(), attached.get_content()) == ("text/plain", b"%PDF")


@pytest.mark.parametrize(
    "subject", ["nightly\r\nBcc: all@evil.example", "야간 보고서\nX-Evil: 1", "가나다라마바사아자차카타파하" * 30]
)
def test_a_subject_is_one_line_and_all_of_it(subject: str) -> None:
    found = read(letter(replace(MESSAGE, subject=subject), OPTIONS))
    assert found["Subject"] == one_line(subject)
    assert found["Bcc"] is found["X-Evil"] is None


def test_what_is_left_out_is_told() -> None:
    found = read(letter(MESSAGE, OPTIONS, attached=False))
    assert found.get_content().splitlines() == ["All is well.", "", "It was left out."]


def test_the_names_of_older_scripts_are_known() -> None:
    problems: list[str] = []
    env = {
        "SMTP_HOST": "smtp.team.example",
        "SMTP_PORT": "465",
        "SMTP_USER": "lumen",
        "SMTP_PASS": "secret",
        "SMTP_FROM": "Lumen Reports <reports@team.example>",
        "SMTP_TO": "ops@team.example, lead@team.example; OPS@team.example",
    }
    found = mail_options({}, env, "", problems)
    assert found == MailOptions(
        "smtp.team.example",
        465,
        Security.TLS,
        Mailbox("reports@team.example", "Lumen Reports"),
        (Mailbox("OPS@team.example"), Mailbox("lead@team.example")),
        "lumen",
        "secret",
    )
    assert problems == []
    assert "secret" not in repr(found)


def test_our_names_come_before_theirs_and_before_the_file_and_an_option_before_all() -> None:
    env = {"LUMEN_SMTP_HOST": "ours.example", "SMTP_HOST": "theirs.example", "SMTP_TO": "env@team.example"}
    found = mail_options(GOOD, env, "option@team.example", [])
    assert found
    assert (found.host, found.to) == ("ours.example", (Mailbox("option@team.example"),))


def test_without_a_server_there_is_no_mail() -> None:
    assert mail_options({}, {"SMTP_TO": "ops@team.example"}, "", []) is None


@pytest.mark.parametrize(
    ("said", "env", "words"),
    [
        ({"from": "reports@team.example\nBcc: all@evil.example"}, {}, "mail.from: `reports@team.example Bcc"),
        ({"to": ("ops@team.example>\r\nRCPT TO:<x@evil.example",)}, {}, "mail.to: "),
        ({"from": "Evil\r\nBcc: all@evil.example <reports@team.example>"}, {}, "mail.from: "),
        ({"from": "reports"}, {}, "mail.from: `reports` is no mail address"),
        ({"to": ("한글@team.example",)}, {}, "in ASCII"),
        ({"to": ()}, {}, "mail.to: is missing"),
        ({"from": ""}, {}, "mail.from: is missing"),
        ({"security": "none"}, {}, "mail.security: without TLS mail goes only to this machine"),
        ({"security": "none", "host": "127.0.0.1"}, {"SMTP_USER": "u", "SMTP_PASS": "p"}, "over TLS only"),
        ({}, {"SMTP_USER": "u"}, "user and password are needed together"),
        ({}, {"SMTP_USER": "u", "SMTP_PASS": "비밀"}, "letters outside ASCII"),
        ({}, {"SMTP_PORT": "70000"}, "mail.port: `70000` is no port"),
        ({"host": "smtp.team.example/x"}, {}, "mail.host: "),
        ({"host": "smtp..example"}, {}, "mail.host: "),
        ({"host": "smtp.team.example:587"}, {}, "mail.host: "),
        ({}, {"SMTP_PORT": "9" * 5000}, "mail.port: "),
        ({"to": (".ops@team.example",)}, {}, "mail.to: "),
        ({"to": ("=?utf-8?q?x=0aBcc?= <ops@team.example>",)}, {}, "mail.to: "),
        ({"ca-file": "/nowhere.pem"}, {}, "mail.ca-file: "),
    ],
)
def test_what_cannot_work_is_refused_with_what_to_write(
    said: dict[str, object], env: dict[str, str], words: str
) -> None:
    problems: list[str] = []
    mail_options({**GOOD, **said}, env, "", problems)
    assert [problem for problem in problems if words in problem], problems
    assert "비밀" not in str(problems)


def test_a_secret_pasted_with_its_line_break_still_works() -> None:
    problems: list[str] = []
    env = {"SMTP_TO": "ops@team.example\n", "SMTP_HOST": "smtp.team.example\n", "SMTP_PORT": "465\r\n"}
    found = mail_options(GOOD, {**env, "SMTP_USER": "lumen\n", "SMTP_PASS": " secret\n"}, "", problems)
    assert found
    assert (found.host, found.port, found.user, found.password) == ("smtp.team.example", 465, "lumen", " secret")
    assert problems == []


def test_a_comma_in_a_quoted_name_does_not_part_it() -> None:
    problems: list[str] = []
    found = mail_options({**GOOD, "to": ('"Kim, Ops" <kim@team.example>', "lead@team.example")}, {}, "", problems)
    assert found
    assert found.to == (Mailbox("kim@team.example", "Kim, Ops"), Mailbox("lead@team.example"))
    assert problems == []


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://hooks.example/services/s3cr3t", "is not https"),
        ("hooks.example/services/s3cr3t", "needs http"),
        ("https://hooks.example/a b/s3cr3t", "blank"),
    ],
)
def test_a_webhook_url_that_cannot_work_is_refused_and_not_repeated(url: str, words: str) -> None:
    problems: list[str] = []
    assert webhook_url("LUMEN_SLACK_WEBHOOK", {"LUMEN_SLACK_WEBHOOK": url}, problems) == ""
    assert words in problems[0]
    assert "s3cr3t" not in problems[0]


def test_a_name_with_a_quote_stays_a_name() -> None:
    found = read(letter(MESSAGE, replace(OPTIONS, sender=Mailbox("reports@team.example", 'O"Neil, Ops'))))
    (sender,) = found["From"].addresses
    assert (sender.display_name, sender.addr_spec) == ('O"Neil, Ops', "reports@team.example")

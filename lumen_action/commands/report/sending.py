"""`lumen report send`: bring a report that was built to the people who should read it, once."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeVar

from lumen_action.addresses import address_fault
from lumen_action.commands import World
from lumen_action.commands.asked import flag, telling, word
from lumen_action.commands.notify.common import sender_of
from lumen_action.commands.notify.telling import receipt_json, receipt_line
from lumen_action.commands.options import command_parser
from lumen_action.commands.report import FOLDER
from lumen_action.commands.report.built import Built, find_reports
from lumen_action.commands.report.telling import message_of
from lumen_action.commands.session import Session, session_of
from lumen_action.errors import ConfigError, RemoteError, shown
from lumen_action.ops.notify import Receipt
from lumen_action.ops.notify.channels import REPORT_CHANNELS
from lumen_action.ops.notify.message import Message
from lumen_action.ops.notify.receipts import Subject
from lumen_action.ops.notify.redacting import redacted
from lumen_action.ops.notify.sender import Sender
from lumen_action.report.model import PeriodKind
from lumen_action.report.words import LANGUAGES
from lumen_action.summary.markdown import plain

T = TypeVar("T")

_KINDS = tuple(kind.value for kind in PeriodKind)


@dataclass(frozen=True)
class _Sent:
    """One report and its receipts, in a dry run with what would be sent."""

    built: Built
    message: Message
    receipts: tuple[Receipt, ...]
    previews: Mapping[str, Mapping[str, object]]


def parser() -> argparse.ArgumentParser:
    """Say what the command takes."""
    made = command_parser(
        "report send",
        "Send the newest report of a folder by mail with its PDF, to Slack and to a webhook, whichever are set up.\n"
        "What was sent is remembered in the ledger and not sent again. One channel that fails does not stop the\n"
        "others; the exit code is then 75.",
        "lumen report send lumen-reports --period week --to ops@team.example --link https://reports.example/",
        ("pipeline", "ledger", "config"),
    )
    made.add_argument("folder", nargs="?", metavar="FOLDER|FILE.json", help=f"what was built (default {FOLDER})")
    made.add_argument("--period", metavar="|".join(_KINDS), help="which reports of a folder (default week)")
    made.add_argument("--date", metavar="DAY", help="a day of the period, such as 2026-03-04; default: the newest")
    made.add_argument("--to", metavar="ADDRESSES", help="who gets the mail, with commas between; default: mail.to")
    among = ",".join(REPORT_CHANNELS)
    made.add_argument("--channel", metavar=among, help="where to send it; default: all that are set up")
    made.add_argument(
        "--link", metavar="URL", help="where the report can be read; one that ends with / is the folder of its page"
    )
    made.add_argument(
        "--language", metavar="|".join(LANGUAGES), help="of the messages (default report.language, else en)"
    )
    made.add_argument("--again", action="store_true", help="send it even if it was sent before")
    made.add_argument("--dry-run", action="store_true", help="show what would be sent and send nothing")
    made.add_argument("--json", action="store_true", help="print one JSON object")
    return made


def run(arguments: argparse.Namespace, world: World) -> int:
    """Send to every channel; one that failed makes the exit code 75."""
    problems: list[str] = []
    tell = telling(world)
    dry_run, again = (flag(arguments, world, name, problems) for name in ("dry-run", "again"))
    kind = _choice("period", word(arguments, world, "period") or "week", _KINDS, problems)
    day = word(arguments, world, "date")
    if day and not _is_day(day):
        problems.append(f"date: {shown(day)} is no day; write `--date 2026-03-04`")
    link = word(arguments, world, "link")
    if link and (fault := address_fault(link)):
        problems.append(f"link: {fault}; write `link: https://reports.example/`")
    try:
        session = session_of(arguments, world)
    except ConfigError as fault:
        raise ConfigError([*problems, *fault.problems]) from None
    told = word(arguments, world, "language") or session.settings.report.get("language", "en")
    language = _choice("language", told, LANGUAGES, problems)
    names, to = word(arguments, world, "channel"), word(arguments, world, "to")
    place = world.folder / (word(arguments, world, "folder", "OUT") or FOLDER)
    senders = _noting(problems, lambda: [sender_of(session, tell, names, to=to, alarms=False)])
    if kind in _KINDS:
        reports = _noting(problems, lambda: find_reports(place, PeriodKind(kind), session.settings.pipeline, day))
    if problems:
        raise ConfigError(problems)
    sending = _Sending(session, senders[0], language, link, tell, again=again, dry_run=dry_run)
    sent = [sending.send(built) for built in reports]
    _answer(arguments, session, sent, dry_run=dry_run)
    return 0 if all(receipt.ok for each in sent for receipt in each.receipts) else RemoteError.exit_code


def _noting(problems: list[str], make: Callable[[], list[T]]) -> list[T]:
    """Return what could be made, noting why it could not."""
    try:
        return make()
    except ConfigError as fault:
        problems += fault.problems
        return []


def _choice(name: str, said: str, allowed: Sequence[str], problems: list[str]) -> str:
    if said not in allowed:
        problems.append(f"{name}: {shown(said)} is none of {', '.join(allowed)}; write `--{name} {allowed[0]}`")
    return said


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


@dataclass(frozen=True)
class _Sending:
    """Brings reports to all channels."""

    session: Session
    sender: Sender
    language: str
    link: str
    tell: Callable[[str], None]
    again: bool
    dry_run: bool

    def send(self, built: Built) -> _Sent:
        """Send one report."""
        at_ms = self.session.world.clock_ms()
        message = redacted(message_of(built, self.language, at_ms, link=self.link), self.sender.secrets)
        if not message.attachments:
            self.tell(f"warning: there is no PDF beside {built.file.name}, so none is attached")
        previews = {each.name: each.preview(message) for each in self.sender.channels} if self.dry_run else {}
        day = self.session.settings.calendar.day_of(at_ms)
        subject = Subject(built.pipeline, day, f"{built.pipeline} {built.period.name}")
        receipts = self.sender.tell(message, subject, again=self.again, dry_run=self.dry_run)
        return _Sent(built, message, receipts, previews)


def _answer(arguments: argparse.Namespace, session: Session, sent: Sequence[_Sent], *, dry_run: bool) -> None:
    """Print the receipts, and put them where people look."""
    if arguments.json:
        session.world.answer_json({"dry_run": dry_run, "reports": [_plain(each) for each in sent]})
    lines, summary = list[str](), ""
    for each in sent:
        of = f"{each.built.pipeline} {each.built.period.name}, " if len(sent) > 1 else ""
        told = [f"{of}{receipt_line(receipt)}" for receipt in each.receipts]
        for receipt, line in zip(each.receipts, told, strict=True):
            if not receipt.ok:
                session.host.notice("warning", "lumen", line)
        if dry_run and not arguments.json:
            session.world.answer(f"Subject: {each.message.subject}\n\n{each.message.text}\n")
        lines += told
        summary += f"### {plain(each.message.subject)}\n\n" + "".join(f"- {plain(line)}\n" for line in told) + "\n"
    if not arguments.json:
        session.world.answer("\n".join(lines))
    if len(summary.encode()) <= session.host.summary_room():
        session.host.write_summary(summary)


def _plain(sent: _Sent) -> dict[str, Any]:
    return {
        "pipeline": sent.built.pipeline,
        "period": sent.built.period.name,
        "subject": sent.message.subject,
        "links": [link.url for link in sent.message.links],
        "channels": [
            {
                **receipt_json(receipt),
                **({"would_send": sent.previews[receipt.channel]} if sent.previews else {}),
            }
            for receipt in sent.receipts
        ],
    }

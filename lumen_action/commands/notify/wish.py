"""What a call of `lumen notify send` asks for, with every mistake noted."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass, field

from lumen_action.addresses import address_fault
from lumen_action.commands import World
from lumen_action.commands.asked import flag, word
from lumen_action.commands.notify.common import subcommand_parser
from lumen_action.errors import shown
from lumen_action.ops.notify.message import Link, Severity

# More than any channel takes.
_MOST_TEXT_BYTES = 64 * 1024
_SEVERITIES = tuple(severity.value for severity in Severity)


@dataclass(frozen=True)
class Wish:
    """What is to be told."""

    title: str = ""
    text: str = ""
    severity: Severity | None = None
    key: str = ""
    links: tuple[Link, ...] = ()
    details: Mapping[str, str] = field(default_factory=dict)
    resolve: bool = False
    now: bool = False
    again: bool = False
    dry_run: bool = False


def parser() -> argparse.ArgumentParser:
    """Say what the command takes."""
    made = subcommand_parser(
        "send",
        "Tell what went wrong in every channel that is set up. After a failed stage nothing has to be said: stage,\n"
        "region, cause and evidence are taken from what was recorded. With --resolve whoever was told hears its end.\n"
        "The same message is sent once, the same thing at most once in `notify.window`. A channel that fails does not\n"
        "stop the others; the exit code is then 75, in a job only with fail-on-error.",
        "--title 'nightly copy failed' --severity critical --text copy.log --key copy",
        "stage",
        "region",
    )
    made.add_argument("--title", metavar="T", help="what it is about; default: the stage that failed")
    made.add_argument("--text", metavar="FILE|-", help="what there is to say, from a file or from stdin")
    made.add_argument("--severity", metavar="|".join(_SEVERITIES), help="default: error")
    made.add_argument(
        "--key", metavar="K", help="the same for all that is about one thing; default: the failure's stage and cause"
    )
    made.add_argument("--resolve", action="store_true", help="it is over: tell whoever was told")
    made.add_argument("--link", metavar="[TEXT=]URL", action="append", help="where to read on; as often as needed")
    made.add_argument("--detail", metavar="NAME=VALUE", action="append", help="as often as needed")
    made.add_argument("--now", action="store_true", help="whatever quiet hours, window and digest say")
    made.add_argument("--again", action="store_true", help="even if this very message was sent before")
    made.add_argument("--dry-run", action="store_true", help="show what would be sent and send nothing")
    return made


def read_wish(arguments: argparse.Namespace, world: World, problems: list[str]) -> Wish:
    """Return what is asked for."""
    severity = word(arguments, world, "severity")
    if severity and severity not in _SEVERITIES:
        problems.append(f"severity: {shown(severity)} is none of {', '.join(_SEVERITIES)}; write `severity: error`")
    return Wish(
        title=_text_of(word(arguments, world, "title")),
        text=_text(word(arguments, world, "text"), world, problems),
        severity=Severity(severity) if severity in _SEVERITIES else None,
        key=_text_of(word(arguments, world, "key")),
        links=tuple(_link(each, problems) for each in _several(arguments, world, "link")),
        details=dict(_detail(each, problems) for each in _several(arguments, world, "detail")),
        resolve=flag(arguments, world, "resolve", problems),
        now=flag(arguments, world, "now", problems),
        again=flag(arguments, world, "again", problems),
        dry_run=flag(arguments, world, "dry-run", problems),
    )


def _several(arguments: argparse.Namespace, world: World, name: str) -> list[str]:
    given = getattr(arguments, name)
    # In the environment and as an input one a line.
    told = given or [each.strip() for each in word(arguments, world, name).splitlines() if each.strip()]
    return [_text_of(each) for each in told]


def _text_of(said: str) -> str:
    """Return what was said as text that can be stored and sent; bytes that are none become question marks."""
    return said.encode(errors="replace").decode()


def _text(place: str, world: World, problems: list[str]) -> str:
    if not place:
        return ""
    try:
        if place == "-":
            told = world.stdin.read(_MOST_TEXT_BYTES)
        else:
            with (world.folder / place).open("rb") as file:
                told = file.read(_MOST_TEXT_BYTES)
    except (OSError, ValueError) as fault:
        why = getattr(fault, "strerror", None) or "is no path"
        problems.append(f"text: cannot read {shown(place)}: {why}; give a file, or `-` and the text on stdin")
        return ""
    return told.decode(errors="replace").strip()


def _link(said: str, problems: list[str]) -> Link:
    text, between, url = said.partition("=")
    if not between or "://" in text:
        text, url = "Read on", said
    if fault := address_fault(url):
        problems.append(f"link: {fault}; write `--link https://wiki.example.com/page`")
    return Link(text, url)


def _detail(said: str, problems: list[str]) -> tuple[str, str]:
    name, between, value = said.partition("=")
    if not between or not name.strip():
        problems.append(f"detail: {shown(said)} is no pair; write `--detail disk=/dev/sda1`")
    return name.strip(), value.strip()

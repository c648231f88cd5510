"""What is added to a message before it leaves: how often there was more, how long it lasted; and many made one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from lumen_action.model.instants import stamp
from lumen_action.ops.notify.message import Link, Message, Row, Severity, clipped, digest, one_line
from lumen_action.ops.notify.policy import rank, worst
from lumen_action.summary.words import took

KIND = "digest"
# What a digest shows of each; the rest is a number.
_MOST_SHOWN, _MOST_LINKS = 20, 5
_LONGEST_LINE = 300


def with_more(message: Message, more: int) -> Message:
    """Say how many of the same came since the last that was told."""
    if not more:
        return message
    words = f"{more} more since."
    return _with(message, words, (Row("Since the last message", f"{more} more"),), {"more_since": more})


def with_end(message: Message, severity: Severity | None, lasted_ms: int, times: int) -> Message:
    """Say how long what is over has lasted and how often it was seen; its severity is that of what is over."""
    lasted = took(max(0, lasted_ms))
    words = f"It lasted {lasted} and was seen {'once' if times == 1 else f'{times} times'}."
    rows = (Row("Lasted", lasted), Row("Seen", "once" if times == 1 else f"{times} times"))
    told = {"lasted_seconds": max(0, lasted_ms) // 1000, "times": times}
    return replace(_with(message, words, rows, told), severity=severity or message.severity)


def _with(message: Message, words: str, rows: tuple[Row, ...], details: Mapping[str, object]) -> Message:
    between = " " if message.sentence.endswith((".", "!", "?", "。")) else ". "
    sentence = f"{message.sentence}{between}{words}"
    rest = message.text.removeprefix(message.sentence)
    return replace(
        message,
        sentence=sentence,
        rows=message.rows + rows,
        text=f"{sentence}{rest}" if rest != message.text else f"{words}\n{message.text}",
        details={**message.details, **details},
    )


def digest_of(messages: Sequence[Message], pipeline: str, at_ms: int) -> Message:
    """Make one message of many: how many of each severity, and what they say, the worst first."""
    ordered = sorted(messages, key=lambda each: (-rank(each.severity), each.at_ms, each.key))
    counts = Counter(each.severity.value for each in ordered if each.severity)
    told = ", ".join(f"{counts[each.value]} {each.value}" for each in Severity if counts[each.value])
    sentence = f"{len(ordered)} messages were held back: {told}. The worst: {one_line(ordered[0].sentence)}"
    shown = ordered[:_MOST_SHOWN]
    rows = tuple(Row(_title(each), clipped(one_line(each.sentence), _LONGEST_LINE)) for each in shown)
    lines = [f"- {row.name}: {row.text} ({stamp(each.at_ms)})" for each, row in zip(shown, rows, strict=True)]
    lines += [f"- and {len(ordered) - len(shown)} more"] if len(ordered) > len(shown) else []
    links = [link for each in shown for link in each.links]
    lines += ["", *(f"{link.text}: {link.url}" for link in _first(links))] if links else []
    return Message(
        subject=f"{pipeline}: {len(ordered)} messages",
        sentence=sentence,
        rows=rows,
        text="\n".join([sentence, "", *lines]),
        key=digest(KIND, *sorted(each.key for each in ordered)),
        thread=digest(KIND, pipeline),
        at_ms=at_ms,
        links=_first(links),
        kind=KIND,
        details={
            "pipeline": pipeline,
            "counts": dict(counts),
            "messages": [
                {"subject": each.subject, "severity": each.severity, "thread": each.thread, "at": stamp(each.at_ms)}
                for each in ordered
            ],
        },
        severity=worst(each.severity for each in ordered),
    )


def _title(message: Message) -> str:
    return f"[{message.severity.value}] {one_line(message.subject)}" if message.severity else one_line(message.subject)


def _first(links: Sequence[Link]) -> tuple[Link, ...]:
    return tuple({link.url: link for link in links}.values())[:_MOST_LINKS]

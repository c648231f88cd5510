"""The page: a section for each alert with its anchor, and one for each runbook with its steps."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise

from markdown_it import MarkdownIt
from runbooktexts import WHOLE, read, with_steps

from lumen_action.runbookfiles import load_runbooks
from lumen_action.runbooks.markdown import anchors, markdown, section
from lumen_action.runbooks.runbook import Trigger

DISK = read(WHOLE, "disk.yml")


def headings(text: str) -> list[str]:
    tokens = MarkdownIt().parse(text)
    return [after.content for token, after in pairwise(tokens) if token.type == "heading_open"]


def test_alerts_come_first_by_name_and_then_the_runbooks() -> None:
    own = replace(DISK, name="a-disk", triggers=(Trigger(alert="Another"),))

    assert headings(markdown({"disk": DISK, "a-disk": own})) == [
        "Runbook",
        "Another",
        "DiskFull",
        "Runbook a-disk",
        "Runbook disk",
    ]


def test_an_alert_says_what_its_trigger_says_and_which_runbook_runs() -> None:
    text = markdown({"disk": DISK})

    assert (
        """## DiskFull

- **Means:** No room is left.
- **Look first:** What fills it?
- **Do:** Remove it.
- **Resolves:** When there is room.
- **Runbook:** [disk](#runbook-disk), `lumen runbook run disk --input pipeline=PIPELINE`
"""
        in text
    )


def test_an_alert_of_two_runbooks_stands_there_once_the_teams_own_first() -> None:
    own = replace(DISK, name="our-disk", own=True, triggers=(Trigger(alert="DiskFull", means="Ours."),))
    text = markdown({"disk": DISK, "our-disk": own})

    assert headings(text).count("DiskFull") == 1
    assert "- **Means:** Ours.\n" in text
    assert re.search(r"\*\*Runbook:\*\* \[our-disk\]\(#runbook-our-disk\).*;\s+\[disk\]\(#runbook-disk\)", text)


def test_a_trigger_without_texts_says_what_its_runbook_means() -> None:
    bare = replace(DISK, triggers=(Trigger(alert="Bare"),))

    assert "## Bare\n\n- **Means:** The disk of a runner is full.\n- **Runbook:**" in markdown({"disk": bare})


def test_every_anchor_is_that_of_a_heading() -> None:
    books = load_runbooks(None)
    made = {heading.lower().replace(" ", "-") for heading in headings(markdown(books))} - {"runbook"}

    assert anchors(books) == made


def test_steps_say_what_is_done_when_and_what_follows_a_failure() -> None:
    text = " ".join(section(DISK).split())

    for said in (
        "1. **Look what fills it**: `df --output=pcent /` 2.",
        '2. **Free** (only when `really == "true"`; undoes what was done where it fails): `rm-old',
        "- Undone: `restore-old {{ pipeline }}` 3.",
        'with `{"state": "free", "days": {{ keep_days }}, "by": "{{ used }}"}`, expecting 200',
        "4. **Settle** (up to 10m): until it holds: `GET https://status.example/api`",
        'expecting 200, `status == "ok"` 5.',
        "for a person. Look at the graph of {{ pipeline }} and confirm when it falls.",
        "- Undone: for a person. Put the old files of the runner back.",
        "7. **Note** (goes on where it fails): incident mitigated: {{ pipeline }} has room again.",
        "8. **Tell**: message (info): Room again. {{ pipeline }} has room.",
        "- `mode`: how much; one of `part`, `full`; `part` where it is not given",
    ):
        assert said in text


def test_each_step_is_one_entry_of_one_list() -> None:
    for runbook in load_runbooks(None).values():
        tokens = MarkdownIt().parse(section(runbook))
        numbered = [token for token in tokens if token.type == "list_item_open" and token.level == 1 and token.info]

        assert [token.info for token in numbered] == [str(number + 1) for number in range(len(runbook.steps))]


def test_a_line_is_not_broken_where_that_would_begin_a_list() -> None:
    manual = f"Look {'x' * 100} and then count to - 5 - or so, and confirm."
    step = f'name: a\nnotify: {{title: T, text: "{manual}"}}'
    text = section(read(with_steps(step)))

    assert sum(token.type == "bullet_list_open" for token in MarkdownIt().parse(text)) == 0

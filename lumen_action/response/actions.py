"""What has to be done after an incident, and the ticket that follows it: opened once, closed when it is done."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import replace

from lumen_action.incidents.incident import Action, Incident
from lumen_action.ops.tickets import Draft, Ticket, Tracker
from lumen_action.ops.tickets.writing import END, LABEL, fingerprint_label, marker, merged, titled
from lumen_action.summary.markdown import plain

ACTION_LABEL = "lumen-action"
_PERSON = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}")
_NAME_LETTERS = 6
_FINGERPRINT_LETTERS = 16


def name_of(what: str) -> str:
    """Return the name of an action: the same words are the same action."""
    return f"A-{hashlib.sha256(' '.join(what.split()).casefold().encode()).hexdigest()[:_NAME_LETTERS]}"


def tracked(
    tracker: Tracker, incident: Incident, action: Action, *, labels: tuple[str, ...], clean: Callable[[str], str]
) -> str:
    """Bring the ticket of an action up to how far it is, and return where it is: opened once, closed when it is done.

    Of two who open one at once the older ticket stays, and the other is closed.
    """
    draft = _draft(incident, action, labels, clean)
    found = _oldest(tracker, draft)
    if found is None and action.ticket and not tracker.remembers:
        found = Ticket(draft.fingerprint, open=True, fingerprint=draft.fingerprint, url=action.ticket)
    if found is None and action.done:
        return action.ticket
    if found is None:
        made = tracker.create(draft)
        found = _oldest(tracker, draft) or made
        if found.reference != made.reference:
            tracker.turn(made, replace(draft, body=f"Closed: {found.url} is older.\n\n{draft.body}"), to_open=False)
    if found.open and action.done:
        tracker.turn(found, replace(draft, body=merged(found.body, draft.body)), to_open=False)
    elif tracker.remembers and (body := merged(found.body, draft.body)) != found.body.replace("\r\n", "\n"):
        tracker.rewrite(found, body)
    return found.url or found.reference


def _oldest(tracker: Tracker, draft: Draft) -> Ticket | None:
    return min(tracker.find(draft.fingerprint), key=lambda ticket: ticket.age, default=None)


def _draft(incident: Incident, action: Action, labels: tuple[str, ...], clean: Callable[[str], str]) -> Draft:
    digest = hashlib.sha256(f"action {incident.name} {action.name}".encode()).hexdigest()
    fingerprint = digest[:_FINGERPRINT_LETTERS]
    owner = action.owner.removeprefix("@")
    said = (
        f"**{plain(clean(action.what))}**",
        "\n".join(
            (
                f"- So that this does not happen again: {plain(incident.name)}, {plain(clean(incident.title))}",
                f"- Owner: {plain(clean(owner))}",
                f"- Due: {plain(action.due)}",
                f"- State: {'done' if action.done else 'open'}; `lumen incident action` closes this ticket",
            )
        ),
    )
    return Draft(
        fingerprint=fingerprint,
        title=titled(f"{clean(action.what)} ({incident.name})"),
        body="\n\n".join([marker(fingerprint), *said, END]),
        labels=(LABEL, ACTION_LABEL, fingerprint_label(fingerprint), *labels),
        assignees=(owner,) if _PERSON.fullmatch(owner) else (),
        occasion=digest[:32] if not action.done else digest[32:],
    )

"""`lumen incident postmortem`: what is to be learned, with all that is on record already in it."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from lumen_action.commands import World
from lumen_action.commands.asked import flag, telling, word
from lumen_action.commands.incident.common import cleaner_of, desk_of, incident_of, incident_plain
from lumen_action.commands.incident.costs import add_objectives, book_asked, costs
from lumen_action.commands.incident.moving import Case, Deed, move, moving_parser
from lumen_action.commands.session import Session, session_of
from lumen_action.errors import ConfigError, IntegrityError, RemoteError, shown
from lumen_action.files import read_as_told, write_as_told
from lumen_action.incidents.incident import Incident
from lumen_action.incidents.words import Event, State
from lumen_action.model.instants import stamp_of
from lumen_action.response.incidents import Incidents
from lumen_action.response.plain import plain_cost
from lumen_action.response.postmortem import missing_in, sealed, term_of, untouched
from lumen_action.response.proving import Proof, failing, proofs_of
from lumen_action.response.spending import Cost
from lumen_action.response.template import Draft, postmortem

_MOST_BYTES = 1 << 20
_MOST_PROOFS = 3


def parser() -> argparse.ArgumentParser:
    """Say what the sub-command takes."""
    made = moving_parser(
        "postmortem",
        "Write the postmortem of an incident as Markdown: times, cost, timeline, evidence and actions are filled in,\n"
        "and what only people know is asked for. With --done, say that it is written: sev1 and sev2 owe one. A file\n"
        "in which somebody has written is never overwritten, unless --force is given.",
        "INC-20260304-031200-A2B3 --output docs/postmortems/2026-03-04.md",
    )
    made.add_argument("--output", metavar="FILE", help="write a file in place of stdout")
    made.add_argument("--force", action="store_true", help="overwrite a file in which somebody has written")
    made.add_argument("--done", action="store_true", help="put on record that the postmortem is written")
    made.add_argument("--file", metavar="FILE", help="with --done: the written one, of which nothing may be missing")
    made.add_argument("--url", metavar="URL", help="with --done: where it is to be read")
    add_objectives(made)
    return made


def run(arguments: argparse.Namespace, world: World) -> int:
    """Write it, or put on record that it is written."""
    problems: list[str] = []
    done, force = (flag(arguments, world, name, problems) for name in ("done", "force"))
    file, url, output = (word(arguments, world, name) for name in ("file", "url", "output"))
    if done and (output or force):
        problems.append("done: says that it is written, so give no `output` and no `force` beside it")
    if (file or url) and not done:
        problems.append(f"{'file' if file else 'url'}: is only of use beside --done; add it")
    if url and not url.startswith(("https://", "http://")):
        problems.append(f"url: {shown(url)} is no web address; write `--url https://wiki.example/postmortems/7`")
    if problems:
        raise ConfigError(problems)
    if done:
        return move(arguments, world, _done, owing=True)
    return _written(arguments, session_of(arguments, world), output, force=force)


@dataclass(frozen=True)
class Written:
    """A postmortem as it is made now."""

    incident: Incident
    cost: Cost | None
    due_ms: int | None
    text: str


def _written(arguments: argparse.Namespace, session: Session, output: str, *, force: bool) -> int:
    world = session.world
    made = _made(arguments, session, desk_of(session))
    if output:
        # What a link leads to is written, and the link stays.
        path = (world.folder / output).resolve()
        if path.exists() and not force and not _ours(path, made.incident.name):
            raise ConfigError(
                f"output: {output} is not the postmortem of {made.incident.name} as it was made: somebody has written "
                "in it, or it is something else; name another file, or give --force to lose what it says"
            )
        write_as_told("output", path, sealed(made.text, made.incident.name))
    if arguments.json:
        world.answer_json(_plain(made, session))
    elif output:
        world.answer(f"{made.incident.name}: the postmortem stands in {output}; {_next(made.incident, output)}")
    else:
        world.answer(made.text)
    return 0


def _ours(path: Path, name: str) -> bool:
    return untouched(read_as_told("output", path, _MOST_BYTES, "name another"), name)


def _made(arguments: argparse.Namespace, session: Session, desk: Incidents) -> Written:
    incident = incident_of(desk, word(arguments, session.world, "incident"), telling(session.world), owing=True)
    desk = replace(desk, pipeline=incident.pipeline)
    term, now_ms = term_of(session.settings), session.world.clock_ms()
    cost: Cost | None = None
    proofs: tuple[Proof, ...] = ()
    try:
        cost = costs(session, book_asked(arguments, session), desk.all(), [incident]).get(incident.name)
        if cost:
            known = {incident.pipeline, *(set(incident.components) & set(desk.ledger.pipelines()))}
            facts = failing(desk.ledger, sorted(known), session.settings.calendar, cost.begin_ms, cost.end_ms)
            proofs = proofs_of(facts, _MOST_PROOFS)
    except (RemoteError, IntegrityError) as fault:
        telling(session.world)(f"warning: what it cost is left out: {fault}")
    due_ms = term.due_ms(incident)
    draft = Draft(incident, cost, proofs, due_ms, now_ms, cleaner_of(session))
    return Written(incident, cost, due_ms, postmortem(draft))


def _next(incident: Incident, output: str) -> str:
    if incident.state is not State.CLOSED:
        return "fill in what it asks for"
    return f"fill in what it asks for, then `lumen incident postmortem {incident.name} --done --file {output}`"


def _done(case: Case) -> Sequence[Deed]:
    """Say that it is written, unless that was said before; all that is missing in it is told together."""
    incident, file, url = case.incident, case.word("file"), case.word("url")
    if incident.state is State.POSTMORTEM:
        return ()
    if not incident.cause and incident.state is State.CLOSED:
        case.problems.append(
            f"cause: of {incident.name} is missing; reopen it, say `lumen incident cause {incident.name} --text '…'` "
            "and close it again"
        )
    if file:
        text = read_as_told("file", case.session.world.folder / file, _MOST_BYTES, "give the postmortem itself")
        case.problems.extend(f"file: {file}: {fault}" for fault in missing_in(text, incident.name))
    return [Deed(Event.POSTMORTEM, {"url": url, "text": url or file}, mark=f"postmortem {incident.closed_ms}")]


def _plain(made: Written, session: Session) -> dict[str, Any]:
    now_ms = session.world.clock_ms()
    return {
        **incident_plain(made.incident, now_ms),
        "postmortem_due_at": stamp_of(made.due_ms),
        "postmortem_overdue": made.due_ms is not None and now_ms > made.due_ms,
        "cost": plain_cost(made.cost) if made.cost else None,
        "markdown": made.text,
    }

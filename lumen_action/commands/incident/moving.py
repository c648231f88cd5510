"""What all sub-commands have in common that let something happen to an incident."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from lumen_action.commands import World
from lumen_action.commands.asked import telling, word
from lumen_action.commands.incident.answering import answer
from lumen_action.commands.incident.common import (
    acting,
    acting_parser,
    actor_of,
    add_incident,
    add_text,
    cleaner_of,
    desk_of,
    incident_of,
    moment_of,
)
from lumen_action.commands.incident.telling import tell_event, tell_standing
from lumen_action.commands.session import Session
from lumen_action.errors import ConfigError
from lumen_action.incidents.incident import Incident
from lumen_action.incidents.words import Event
from lumen_action.response.incidents import Incidents


@dataclass(frozen=True)
class Deed:
    """Something that is to happen to an incident."""

    event: Event
    told: Mapping[str, str] = field(default_factory=dict)
    mark: str = ""
    """The same for what happens only once; nothing where each time is another."""
    heard: bool = True
    """Whether it is told to people, where it is of the kind that is."""


@dataclass(frozen=True)
class Case:
    """What a sub-command decides by: who acts on which incident, and what is wrong with what was asked."""

    arguments: argparse.Namespace
    session: Session
    desk: Incidents
    incident: Incident
    actor: str
    problems: list[str]

    def word(self, name: str) -> str:
        """Return what was said about an option, without secrets."""
        return cleaner_of(self.session)(word(self.arguments, self.session.world, name))


def moving_parser(name: str, description: str, example: str, *names: str) -> argparse.ArgumentParser:
    """Make the parser of a sub-command that lets something happen to an incident."""
    made = acting_parser(name, description, example, "summary", *names)
    add_incident(made)
    return made


def move(
    arguments: argparse.Namespace, world: World, deeds_of: Callable[[Case], Sequence[Deed]], *, owing: bool = False
) -> int:
    """Let something happen to the incident that was named, tell it and say how it stands."""

    def act(session: Session) -> int:
        answer(arguments, session, moved(arguments, session, deeds_of, owing=owing))
        return 0

    return acting(arguments, world, act)


def moved(
    arguments: argparse.Namespace,
    session: Session,
    deeds_of: Callable[[Case], Sequence[Deed]],
    *,
    owing: bool = False,
) -> Incident:
    """Let something happen to the incident that was named and tell it; return the incident as it stands then."""
    world, problems = session.world, list[str]()
    at_ms = moment_of(arguments, session, problems)
    if problems:
        raise ConfigError(problems)
    desk = desk_of(session)
    incident = incident_of(desk, word(arguments, world, "incident"), telling(world), owing=owing)
    desk = replace(desk, pipeline=incident.pipeline)
    case = Case(arguments, session, desk, incident, actor_of(arguments, world), problems)
    deeds = deeds_of(case)
    if all(deed.event is not Event.ACKNOWLEDGED for deed in deeds):
        # Who says it again may do so because the first try died before people heard of it.
        tell_standing(session, [incident])
    if problems:
        raise ConfigError(problems)
    for deed in deeds:
        told = {"actor": case.actor, **deed.told}
        incident = desk.happened(incident, deed.event, told, at_ms=at_ms, mark=deed.mark)
        if deed.heard:
            tell_event(session, incident, deed.event)
    return incident


def told_move(
    name: str, event: Event, description: str, example: str, *, text: str, needed: bool = False
) -> tuple[Callable[[], argparse.ArgumentParser], Callable[[argparse.Namespace, World], int]]:
    """Return parser and run of a sub-command that says one thing of an incident, in words of its own."""

    def parser() -> argparse.ArgumentParser:
        made = moving_parser(name, description, example)
        add_text(made, text)
        return made

    def deeds(case: Case) -> Sequence[Deed]:
        said = case.word("text")
        if needed and not said:
            case.problems.append(f"text: is missing; write `lumen incident {name} {example}`")
        return [Deed(event, {"text": said})]

    return parser, lambda arguments, world: move(arguments, world, deeds)

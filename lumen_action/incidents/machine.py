"""Which events an incident can meet in which state, and where they lead."""

from __future__ import annotations

from collections.abc import Mapping

from lumen_action.incidents.words import Event, State

_D, _A, _I, _M = State.DETECTED, State.ACKNOWLEDGED, State.INVESTIGATING, State.MITIGATED
_R, _C, _P, _F, _J = State.RESOLVED, State.CLOSED, State.POSTMORTEM, State.FALSE_ALARM, State.MERGED

OPEN = frozenset({_D, _A, _I, _M})
"""States in which the incident goes on."""
OVER = frozenset({_C, _P, _F, _J})
"""States in which nobody has anything to do for it but the postmortem."""
_LIVE = (_D, _A, _I, _M, _R)
_EVERY = tuple(State)


def _staying(*states: State) -> Mapping[State, State]:
    return {state: state for state in states}


def _to(target: State, *states: State) -> Mapping[State, State]:
    return dict.fromkeys(states, target)


MOVES: Mapping[Event, Mapping[State, State]] = {
    Event.ACKNOWLEDGED: _to(_A, _D),
    Event.INVESTIGATING: _to(_I, _A, _M),
    Event.MITIGATED: _to(_M, _A, _I),
    Event.RESOLVED: _to(_R, _A, _I, _M),
    Event.CLOSED: _to(_C, _R),
    Event.POSTMORTEM: _to(_P, _C),
    Event.REOPENED: _to(_I, _R, _C, _P, _F),
    Event.MERGED: _to(_J, *_LIVE),
    Event.FALSE_ALARM: _to(_F, *_LIVE),
    Event.CAUSE: _staying(_A, _I, _M, _R),
    Event.SEVERITY: _staying(*_LIVE),
    Event.BREACHED: _staying(*_EVERY),
    Event.SEEN: _staying(*_EVERY),
    Event.RECOVERED: _staying(*_EVERY),
    Event.UPDATED: _staying(*_EVERY),
    Event.JOINED: _staying(*_EVERY),
    Event.LINKED: _staying(*_EVERY),
    Event.REMINDED: _staying(_C),
    Event.ACTION: _staying(_R, _C, _P),
}
"""Event -> state before -> state after; `opened` begins an incident and is no move."""


MOVING = frozenset(event for event, moves in MOVES.items() if any(moves[state] is not state for state in moves))
"""Events that change the state; of those who would do so at the same time, the ledger lets one."""

COMMANDS: Mapping[Event, str] = {
    Event.ACKNOWLEDGED: "ack",
    Event.INVESTIGATING: "update",
    Event.UPDATED: "update",
    Event.JOINED: "update",
    Event.LINKED: "link",
    Event.SEVERITY: "escalate",
    Event.MITIGATED: "mitigate",
    Event.CAUSE: "cause",
    Event.RESOLVED: "resolve",
    Event.CLOSED: "close",
    Event.MERGED: "merge",
    Event.FALSE_ALARM: "false-alarm",
    Event.ACTION: "action",
    Event.POSTMORTEM: "postmortem",
    Event.REOPENED: "reopen",
}
"""By which sub-command of `lumen incident` a person lets it happen."""


def after(event: Event, state: State) -> State | None:
    """Return where an event leads, None where it cannot happen."""
    return MOVES.get(event, {}).get(state)


def command_of(event: Event, name: str) -> str:
    """Return the command by which a person lets an event happen to an incident."""
    return f"`lumen incident {COMMANDS[event]} {name}`"


def legal(state: State) -> tuple[Event, ...]:
    """Return the events that change the state, in the order in which they usually come."""
    return tuple(event for event, moves in MOVES.items() if moves.get(state, state) is not state)

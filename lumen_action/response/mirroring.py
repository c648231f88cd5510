"""Incidents and their issues, both ways: what people do at an issue happens to the incident, and the issue shows it.

What was last written stands in the issue itself, so whatever differs from that a person has changed. Each such change
is an event with a mark of its own: two jobs that see it at once put the same fact. An issue is written only as it was
read a moment before, and of two that were opened at once the lowest number stays.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from lumen_action.errors import ConfigError
from lumen_action.incidents.facts import event_fact
from lumen_action.incidents.incident import Incident, LinkKind
from lumen_action.incidents.machine import after
from lumen_action.incidents.words import Event, State
from lumen_action.ledger import Put
from lumen_action.ops.mirror.issues import LABEL, Issue, MirrorIssues, alike, labels_of
from lumen_action.ops.tickets import BusyError, DeclinedError, NotAllowedError, TrackerError, UnsureError
from lumen_action.response.facing import Memory, face_of, memory_in, new_severities, new_states, remembers
from lumen_action.response.incidents import Incidents
from lumen_action.summary.markdown import clip, plain

_BY_LABEL: Mapping[State, tuple[Event, ...]] = {
    State.ACKNOWLEDGED: (Event.ACKNOWLEDGED,),
    State.INVESTIGATING: (Event.INVESTIGATING, Event.REOPENED),
    State.MITIGATED: (Event.MITIGATED,),
    State.RESOLVED: (Event.RESOLVED,),
    State.CLOSED: (Event.CLOSED,),
    State.POSTMORTEM: (Event.POSTMORTEM,),
    State.FALSE_ALARM: (Event.FALSE_ALARM,),
}
"""By which event a label's state is reached; what it is merged into no label can say."""
_STATES = {word.value: word for word in State}
_MOST_SAID = 300


@dataclass
class Mirrored:
    """What one call did: which issues were opened and written, what people had done there, what went wrong."""

    opened: list[str] = field(default_factory=list)
    written: list[str] = field(default_factory=list)
    taken_over: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    failed: bool = False
    """Whether the service kept something from being done."""


@dataclass(frozen=True)
class Mirror:
    """The collaborators of one call; `clean` takes secrets out of a text."""

    desk: Incidents
    issues: MirrorIssues
    clean: Callable[[str], str]
    done: Mirrored = field(default_factory=Mirrored)

    def bring(self, incident: Incident, found: Sequence[Issue]) -> None:
        """Bring one incident and its issue together."""
        if incident.older:
            # Nothing can happen to one of before there were events.
            return
        issue = self._of(incident, found)
        if issue is None:
            if not incident.open or self._known(incident):
                # Whoever deleted or moved an issue does not want another.
                return
            issue = self._opened(incident)
        incident = self._linked(incident, issue)
        memory = memory_in(issue.body)
        if memory:
            incident = self._taken_over(incident, issue, memory)
        self._written(incident, issue)

    def _of(self, incident: Incident, found: Sequence[Issue]) -> Issue | None:
        """Return the issue of an incident: the oldest that is known, also one that has lost its label."""
        known = self._known(incident)
        mine = [each for each in found if each.url in known] or list(found)
        if mine:
            for younger in found:
                if younger.number > mine[0].number and younger.author == mine[0].author:
                    self._close_duplicate(younger, mine[0])
            return mine[0]
        for url in sorted(known) if not incident.over else ():
            number = url.rpartition("/issues/")[2]
            kept = self.issues.get(int(number)) if number.isdecimal() else None
            memory = memory_in(kept.body) if kept else None
            if memory and memory.name == incident.name:
                return kept
        return None

    def _known(self, incident: Incident) -> set[str]:
        """Return where the issues are that were opened for it here; what a person or a merge linked is none of them."""
        mark = self._mark.casefold()
        linked = (each for each in incident.moments if each.event is Event.LINKED)
        return {dict(each.told).get("link_url", "") for each in linked if each.mark.casefold().startswith(mark)}

    @property
    def _mark(self) -> str:
        return f"issue {self.issues.project} "

    def _opened(self, incident: Incident) -> Issue:
        made = None
        try:
            made = self.issues.create(face_of(incident, None, self.clean))
        except UnsureError:
            # As long as its label is there it can be told whether it is.
            if not (found := self._named(incident)):
                raise
        else:
            found = self._named(incident) or [made]
        self.done.opened.append((made or found[0]).url)
        if made and found[0].number != made.number:
            self._close_duplicate(made, found[0])
        return found[0]

    def _named(self, incident: Incident) -> list[Issue]:
        return [each for each in self.issues.all() if _named(each) == incident.name]

    def _close_duplicate(self, issue: Issue, older: Issue) -> None:
        if issue.open or LABEL in labels_of(issue):
            text = f"Closed: #{older.number} tells of the same incident.\n\n{issue.body}"
            self.issues.close_duplicate(issue, text, (each for each in issue.labels if each.casefold() != LABEL))

    def _linked(self, incident: Incident, issue: Issue) -> Incident:
        if issue.url in self._known(incident):
            return incident
        told = {
            "actor": "lumen",
            "link_kind": LinkKind.ISSUE.value,
            "link_name": f"#{issue.number}",
            "link_url": issue.url,
        }
        return self.desk.happened(incident, Event.LINKED, told, mark=f"{self._mark}{issue.number}")

    def _taken_over(self, incident: Incident, issue: Issue, memory: Memory) -> Incident:
        """Let happen to the incident what people did at its issue."""
        where = f"{self.issues.project}#{issue.number}"
        at = f"{where} {memory.turn}"
        people = [each for each in issue.assignees if each not in incident.responders]
        for person in people:
            event = Event.JOINED if after(Event.ACKNOWLEDGED, incident.state) is None else Event.ACKNOWLEDGED
            told = {"actor": person, "responder": person, "text": f"assigned at {where}"}
            incident = self._happened(incident, issue, event, told, f"{where} assigned {person}")
        severities = [each for each in new_severities(issue, memory) if each is not incident.severity]
        if len(severities) > 1:
            self._refused(incident, issue, at, f"{len(severities)} severities at once: leave one")
        elif severities:
            word = severities[0].value
            told = {"actor": _who(issue), "severity": word, "text": f"label {word} at {where}"}
            incident = self._happened(incident, issue, Event.SEVERITY, told, f"{at} {word}")
        states = [each for each in new_states(issue, memory) if each != incident.state.value]
        if len(states) > 1:
            self._refused(incident, issue, at, f"{len(states)} states at once: leave one")
        elif states:
            incident = self._moved(incident, issue, at, states[0])
        return self._turned(incident, issue, memory, at)

    def _moved(self, incident: Incident, issue: Issue, at: str, word: str) -> Incident:
        target = _STATES.get(word)
        ways = _BY_LABEL.get(target, ()) if target else ()
        event = next((each for each in ways if after(each, incident.state) is target), ways[0] if ways else None)
        if event is None:
            why = (
                "what it is part of, `lumen incident merge` says"
                if target is State.MERGED
                else "there is no such state"
            )
            self._refused(incident, issue, f"{at} {word}", f"state:{word}: {why}")
            return incident
        told = {"actor": _who(issue), "text": f"label state:{word} at {self.issues.project}#{issue.number}"}
        if event is Event.RESOLVED:
            incident = self._acked_first(incident, issue, told["actor"], at)
        return self._happened(incident, issue, event, told, f"{at} state {word}")

    def _turned(self, incident: Incident, issue: Issue, memory: Memory, at: str) -> Incident:
        """Take a closed issue for a resolved incident, and one that was opened again for one that is back."""
        told = {"actor": _who(issue), "text": f"issue {self.issues.project}#{issue.number}"}
        if memory.open and not issue.open and incident.open:
            told["actor"] = issue.closed_by or told["actor"]
            incident = self._acked_first(incident, issue, told["actor"], at)
            told["text"] += " was closed"
            return self._happened(incident, issue, Event.RESOLVED, told, f"{at} closed")
        if not memory.open and issue.open and not incident.open:
            told["text"] += " was opened again"
            return self._happened(incident, issue, Event.REOPENED, told, f"{at} reopened")
        return incident

    def _acked_first(self, incident: Incident, issue: Issue, actor: str, at: str) -> Incident:
        """Who says that it is over has taken it, if nobody had."""
        if incident.state is not State.DETECTED:
            return incident
        return self._happened(incident, issue, Event.ACKNOWLEDGED, {"actor": actor}, f"{at} taken")

    def _happened(self, incident: Incident, issue: Issue, event: Event, told: Mapping[str, str], mark: str) -> Incident:
        """Let something happen; what cannot is said at the issue, which then shows again how things stand."""
        try:
            now = self.desk.happened(
                incident, event, {name: self.clean(text) for name, text in told.items()}, mark=mark
            )
        except ConfigError as fault:
            self._refused(incident, issue, mark, str(fault).removeprefix("incident: "))
            return self.desk.find(incident.name)
        if len(now.moments) > len(incident.moments):
            self.done.taken_over.append(f"{incident.name}: {event.value} by {issue.url}")
        return now

    def _refused(self, incident: Incident, issue: Issue, mark: str, why: str) -> None:
        """Say once why something was set back: of two who see it, whose fact is new says it."""
        text = f"set back at {self.issues.project}#{issue.number}: {why}"
        fact = event_fact(
            self.desk.pipeline,
            incident.name,
            Event.UPDATED,
            day=incident.day,
            at_ms=max(self.desk.clock_ms(), incident.opened_ms),
            mark=f"refused {mark}",
            told={"actor": "lumen", "text": self.clean(text)},
        )
        if self.desk.ledger.put(fact) is Put.CREATED:
            self.done.problems.append(f"{incident.name}: {text}")
            said = plain(clip(self.clean(why), _MOST_SAID))
            try:
                self.issues.comment(issue, f"This was set back: {said}")
            except DeclinedError as fault:
                self.done.problems.append(f"{issue.url}: {fault}")

    def _written(self, incident: Incident, issue: Issue) -> None:
        face = face_of(incident, issue, self.clean)
        if alike(issue, face):
            return
        if not remembers(face, incident):
            self.done.problems.append(f"{issue.url}: people wrote so much there that nothing can be added; shorten it")
            return
        now = self.issues.get(issue.number)
        if now is None or not alike(now, issue):
            # Somebody is at it; the next call sees what they did.
            return
        self.issues.change(issue, face)
        self.done.written.append(issue.url)


def mirror(desk: Incidents, issues: MirrorIssues, clean: Callable[[str], str]) -> Mirrored:
    """Bring all incidents of a pipeline and their issues together; one that cannot be written keeps no other back."""
    by_name: dict[str, list[Issue]] = defaultdict(list)
    work = Mirror(desk, issues, clean)
    try:
        for issue in issues.all():
            by_name[_named(issue)].append(issue)
    except TrackerError as fault:
        return Mirrored(problems=[str(fault)], failed=True)
    for incident in desk.all():
        try:
            work.bring(incident, by_name.get(incident.name, ()))
        except (BusyError, NotAllowedError) as fault:
            work.done.problems.append(str(fault))
            work.done.failed = True
            break
        except TrackerError as fault:
            work.done.problems.append(f"{incident.name}: {fault}")
            work.done.failed = True
    return work.done


def _named(issue: Issue) -> str:
    memory = memory_in(issue.body)
    return memory.name if memory else ""


def _who(issue: Issue) -> str:
    """Return who is taken for the one who did it: GitHub's list of issues does not say who changed a label."""
    return issue.assignees[0] if issue.assignees else "github"

"""A postmortem as Markdown, with all that is on record in it and a mark where only a person knows.

Whatever comes from a log, an alert or a person is foreign text: escaped, clipped, without effect; `clean` takes secrets
out of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from lumen_action.incidents.incident import Incident
from lumen_action.incidents.words import Severity, State
from lumen_action.model import Fact, Kind
from lumen_action.response.learning import learned, response_line
from lumen_action.response.proving import Proof
from lumen_action.response.spending import Cost, Lost, Spent
from lumen_action.response.timeline import timeline
from lumen_action.slo.phrases import amount, counted, faithful
from lumen_action.summary.markdown import cell, clip, fence, link, plain, prose
from lumen_action.summary.table import Row, Table
from lumen_action.summary.words import moment, place, took

ASK = "> **To fill in:**"
"""What a line begins with where a person has to write."""
SUMMARY, IMPACT, CAUSE, TRIGGER, RESOLUTION = "Summary", "Impact", "Cause", "Trigger", "Resolution"
WELL, WRONG, LUCKY, ACTIONS = "What went well", "What went wrong", "Where we got lucky", "Actions"
_BLAMELESS = (
    "_Blameless: everybody did what made sense with what they knew then. This asks what made it possible, not who "
    "did it._"
)
REQUIRED = (SUMMARY, IMPACT, CAUSE, TRIGGER, RESOLUTION, WELL, WRONG, LUCKY, ACTIONS)
"""The sections without which a postmortem is not done."""
_TEXT = 1800
_PROOF = 500
_HUNDRED = 100


@dataclass(frozen=True)
class Draft:
    """What is known of an incident when its postmortem is written."""

    incident: Incident
    cost: Cost | None
    """None where the ledger could not say."""
    proofs: Sequence[Proof]
    due_ms: int | None
    """Until when it has to be written, None where it need not be or is."""
    now_ms: int
    clean: Callable[[str], str]


def postmortem(draft: Draft) -> str:
    """Return the whole postmortem."""
    incident = draft.incident
    well, wrong, lucky = learned(incident, draft.cost, draft.now_ms)
    sections = [
        (SUMMARY, _text(draft, incident.summary, "what happened, in two sentences that anybody understands")),
        (IMPACT, _impact(draft)),
        ("Detection and response", _steps(draft)),
        ("Timeline", timeline(incident, draft.clean)),
        ("Evidence", _evidence(draft)),
        (CAUSE, _text(draft, incident.cause, "why could this happen? Ask why until it is no person's name")),
        (TRIGGER, _trigger(draft)),
        (RESOLUTION, _text(draft, incident.resolution, "what ended it, and is it ended for good?")),
        (WELL, _learned(well, "what helped, and should stay as it is?")),
        (WRONG, _learned(wrong, "what was missing, slow or in the way?")),
        (LUCKY, _learned(lucky, "what could have made this worse, and did not?")),
        (ACTIONS, _actions(draft)),
    ]
    head = (
        f"# Postmortem: {plain(draft.clean(incident.title)) or plain(incident.name)}",
        _BLAMELESS,
        _header(draft),
    )
    return "\n\n".join([*head, *(f"## {name}\n\n{text}" for name, text in sections)]) + "\n"


def share(spent: Spent) -> str:
    """Return how much of a budget was spent."""
    return part_percent(spent.share)


def part_percent(part: Fraction | None) -> str:
    """Return a part of a budget; it is shown as all or nothing only where it is."""
    return "unknown" if part is None else f"{faithful(_HUNDRED * part, Fraction(0), Fraction(_HUNDRED))} %"


def _header(draft: Draft) -> str:
    incident = draft.incident
    first = incident.moments[0].told if incident.moments else ()
    opened_as = dict(first).get("severity", incident.severity.value)
    began = "" if opened_as == incident.severity.value else f", opened as {Severity(opened_as).shown}"
    owner = incident.responders[0] if incident.responders else ""
    others = ", ".join(incident.responders[1:])
    lasted = None if incident.resolved_ms is None else max(0, incident.resolved_ms - incident.detected_ms)
    rows = (
        ("Incident", cell(incident.name)),
        ("Severity", f"{incident.severity.shown}{began}"),
        ("Status", cell(_status(draft))),
        ("Owner", cell(draft.clean(owner)) if owner else "nobody has taken it"),
        ("With", cell(draft.clean(others)) if others else ""),
        ("Pipeline", cell(f"{incident.pipeline}{place(incident.region)}")),
        ("Components", cell(draft.clean(", ".join(incident.components))) if incident.components else ""),
        ("Detected", moment(incident.detected_ms)),
        ("Opened", f"{moment(incident.opened_ms)}{f' by {cell(incident.opened_by)}' if incident.opened_by else ''}"),
        ("Resolved", moment(incident.resolved_ms)),
        ("Lasted", took(lasted)),
        ("Links", ", ".join(_links(draft))),
    )
    return Table(("", ""), tuple(Row((f"**{name}**", said)) for name, said in rows if said), "row").full()


def _status(draft: Draft) -> str:
    incident, state = draft.incident, draft.incident.state.value.replace("_", " ")
    if incident.merged_into:
        return f"{state} into {incident.merged_into}"
    if draft.due_ms is None:
        return state
    late = " (OVERDUE)" if draft.now_ms > draft.due_ms else ""
    return f"{state}; this postmortem is due {moment(draft.due_ms)}{late}"


def _links(draft: Draft) -> Iterator[str]:
    for each in draft.incident.links:
        yield link(draft.clean(f"{each.kind.value} {each.name}"), draft.clean(each.url))


def _text(draft: Draft, text: str, question: str) -> str:
    return prose(draft.clean(text), _TEXT) if text else f"{ASK} {question}"


def _learned(facts: Sequence[str], question: str) -> str:
    if not facts:
        return f"{ASK} {question}"
    return "\n".join(f"- {plain(fact)}" for fact in facts) + f"\n\n<!-- and: {question} -->"


def _trigger(draft: Draft) -> str:
    question = f"{ASK} what set it off: a change, a load, a date, somebody else's outage?"
    if not draft.proofs:
        return question
    first = min(draft.proofs, key=lambda proof: proof.fact.ended_ms).fact
    commit = f" at commit {plain(first.sha[:12])}" if first.sha else ""
    run = link(draft.clean(first.run_id or first.key.run), draft.clean(first.url))
    where = f"{plain(draft.clean(_stage(first)))}{commit}, run {run}, {moment(first.ended_ms)}"
    return f"The first failure on record is of {where}.\n\n{question}"


def _stage(fact: Fact) -> str:
    """Return where it failed; a whole run has no stage that could be named."""
    stage = "" if fact.key.kind is Kind.RUN else f" · {fact.key.stage}"
    return f"{fact.pipeline}{stage}{place(fact.key.region)}"


def _impact(draft: Draft) -> str:
    lines = [f"{ASK} who noticed it, and what could they not do?"]
    cost = draft.cost
    if cost is None:
        return "\n".join([*lines, "", _no_cost(draft.incident)])
    until = "now" if draft.incident.resolved_ms is None else moment(cost.end_ms)
    lines += [
        "",
        f"Counted from {moment(cost.begin_ms)} to {until}:",
        "",
        f"- Runs lost: {_lost(cost.runs)}",
        f"- Days lost: **{amount(cost.days.bad)}**",
    ]
    rows = [
        Row(
            (
                cell(each.name),
                f"{amount(each.lost.bad)} bad of {counted(each.lost.total, each.noun)}",
                f"{amount(each.allowed)} {each.window}",
                share(each),
            )
        )
        for each in cost.budgets
    ]
    if rows:
        table = Table(("Objective", "While it went on", "Its budget allows", "Spent by this"), tuple(rows), "objective")
        lines += ["", table.full()]
    elsewhere = [each.lost for each in cost.budgets] + [cost.runs, cost.days]
    if any(lost.own != lost.bad for lost in elsewhere):
        lines += [
            "",
            "A part of this fell into the time of an incident that was detected earlier; sums count it there.",
        ]
    return "\n".join(lines)


def _no_cost(incident: Incident) -> str:
    if incident.state is State.MERGED:
        return f"What was lost is counted in {plain(incident.merged_into)}, of which this is a part."
    if incident.state is State.FALSE_ALARM:
        return "Nothing: it was a false alarm."
    if incident.older:
        return "What was lost is not known: its facts tell of no times."
    return "What was lost is not known: the ledger did not say."


def _lost(lost: Lost) -> str:
    return f"**{amount(lost.bad)}** of {amount(lost.total)}" if lost.total else "none, for none ended meanwhile"


def _steps(draft: Draft) -> str:
    incident, now_ms = draft.incident, draft.now_ms
    due_ms = incident.ack_due_ms
    rows = [_step(incident, "acknowledged", incident.acked_ms, took(due_ms - incident.detected_ms))]
    rows += [
        _step(incident, "mitigated", incident.mitigated_ms),
        _step(incident, "resolved", incident.resolved_ms),
        _step(incident, "closed", incident.closed_ms),
    ]
    table = Table(("Step", "When", "After detection", "Deadline"), tuple(rows), "step").full()
    breach = f"**BREACH of the response time.** {response_line(incident, now_ms)}\n\n"
    return f"{breach}{table}" if incident.breached(now_ms) else f"{response_line(incident, now_ms)}\n\n{table}"


def _step(incident: Incident, name: str, at_ms: int | None, deadline: str = "") -> Row:
    if at_ms is None:
        return Row((name, "not on record", "-", deadline or "-"))
    return Row((name, moment(at_ms), took(max(0, at_ms - incident.detected_ms)), deadline or "-"))


def _evidence(draft: Draft) -> str:
    if not draft.proofs:
        return "No failed run of this time has a log line on record."
    return "\n\n".join(_proof(draft, each) for each in draft.proofs)


def _proof(draft: Draft, proof: Proof) -> str:
    fact, told = proof.fact, proof.fact.failure
    if told is None:
        return ""
    run = link(draft.clean(fact.run_id or fact.key.run), draft.clean(fact.url))
    line = "" if told.line is None else f", line {told.line} of its log"
    where = plain(draft.clean(_stage(fact)))
    head = f"**{plain(told.name)}** in {where}, {counted(proof.runs, 'run')}; first in {run}{line}:"
    # A sign of ours before theirs, on one line: none of it can look like our own marks.
    evidence = " ".join(clip(draft.clean(told.evidence), _PROOF).split())
    return f"{head}\n\n{fence(f'> {evidence}')}"


def _actions(draft: Draft) -> str:
    incident = draft.incident
    if not incident.actions:
        example = f"lumen incident action {incident.name} --what '…' --owner … --due YYYY-MM-DD"
        return f"{ASK} what is done so that this cannot happen again? `{example}`"
    rows = [
        Row(
            (
                cell(draft.clean(each.what)),
                cell(draft.clean(each.owner)),
                cell(each.due),
                link(draft.clean(each.ticket.rpartition("/")[2]), draft.clean(each.ticket)) or "-",
                "done" if each.done else "open",
            )
        )
        for each in incident.actions
    ]
    return Table(("What", "Owner", "Due", "Ticket", "State"), tuple(rows), "action").full()

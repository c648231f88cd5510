"""What follows a recorded stage: totals, outputs, words in the log, the summary."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from lumen_action.commands.session import Session
from lumen_action.errors import ConfigError, LumenError, RemoteError
from lumen_action.ledger import Put
from lumen_action.model import Evidence, Kind, Trust
from lumen_action.record import RUN_STAGE, Recorded, Recorder

_LEDGER_WORDS = {None: "deferred", Put.CREATED: "created", Put.SAME: "same", Put.CONFLICT: "conflict"}


@dataclass(frozen=True)
class _Showing:
    """What became of the totals."""

    done: bool = False
    lines: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()


def hand_over(
    session: Session, recorder: Recorder, recorded: Recorded, outputs: Mapping[str, str], *, as_json: bool
) -> int:
    """Publish, answer and summarise; return the exit code that is due when whatever is outside may fail the job."""
    showing = _publish(session, recorded)
    _answer(session, recorded, showing, outputs, as_json=as_json)
    warnings = (*recorded.warnings, *showing.faults, *_trace(session, recorded))
    if recorded.errors:
        session.host.notice("error", "lumen", "\n".join(recorded.errors))
    for warning in warnings:
        session.host.notice("warning", "lumen", warning)
    if _summarise(session, recorded, showing):
        recorder.explained()
    if not session.settings.fail_on_error:
        return 0
    return ConfigError.exit_code if recorded.errors else RemoteError.exit_code if warnings else 0


def _publish(session: Session, recorded: Recorded) -> _Showing:
    """Show the totals, unless nothing is set, the ledger does not last or the fact is a fork's."""
    settings = session.settings
    if not settings.has_sinks:
        return _Showing()
    if recorded.fact.trust is Trust.FORK:
        return _Showing(notes=("fork pull request: recorded apart from the SLI, no totals are published",))
    try:
        ledger = session.ledger()
        if not ledger.durable:
            return _Showing(notes=(session.ephemeral_note,))
        # Only now is a secret sent anywhere. Where the masker cannot be had no request can be sent either.
        with suppress(ImportError):
            for secret in settings.push_secrets:
                session.host.mask(secret)
        covering = ledger.head() if recorded.answer is Put.CREATED else None
        results = session.publisher().publish(
            recorded.fact.pipeline, covering=covering, schedule=session.settings.schedule
        )
    except LumenError:
        # The recorder has already said that the ledger is away.
        return _Showing()
    return _Showing(
        done=all(result.ok for result in results),
        lines=tuple(result.describe() for result in results if result.ok),
        faults=tuple(result.describe() for result in results if not result.ok),
        notes=tuple(line for result in results for line in result.untold),
    )


def _trace(session: Session, recorded: Recorded) -> tuple[str, ...]:
    """Send the trace of an attempt that has ended to the OTLP receiver, if there is one; return what went wrong."""
    key = recorded.fact.key
    if not session.settings.otlp or key.kind is not Kind.RUN or recorded.fact.trust is Trust.FORK:
        return ()
    from lumen_action.sinks.otlp import Otlp

    try:
        facts = [
            fact
            for fact in session.ledger().scan(run=key.run)
            if (fact.key.repo, fact.key.attempt) == (key.repo, key.attempt)
        ]
        for sink in session.sinks:
            if isinstance(sink, Otlp):
                sink.send_traces(facts)
    except LumenError as fault:
        return (f"the trace was not sent: {fault}",)
    return ()


def _answer(session: Session, recorded: Recorded, showing: _Showing, more: Mapping[str, str], *, as_json: bool) -> None:
    """Give the answer to later steps, and to whoever reads the log or the terminal."""
    from lumen_action.summary.headline import headline
    from lumen_action.summary.words import place

    host, fact = session.host, recorded.fact
    answer = _plain(recorded, showing)
    host.set_outputs({**more, **_outputs(answer)})
    if fact.trace_id and not session.world.env.get("TRACEPARENT"):
        host.export({"TRACEPARENT": host.identity().traceparent})
    if as_json:
        session.world.answer_json(answer)
        return
    line = headline(fact.key.stage, fact.outcome, fact.key.region, recorded.verdict, recorded.decision)
    host.print_foreign(line)
    around = _around(recorded.verdict.evidence if recorded.verdict else None)
    if around:
        with host.group("the lines around it"):
            host.print_foreign("\n".join(around))
    for said in (f"fact {_LEDGER_WORDS[recorded.answer]} in {session.ledger_url}", *showing.lines, *showing.notes):
        host.say(said)
    if fact.outcome.bad and fact.key.stage != RUN_STAGE and host.identity().in_job:
        host.notice("error", f"{fact.key.stage} failed{place(fact.key.region)}", line)


def _around(evidence: Evidence | None) -> list[str]:
    """Return the evidence between its neighbours, each with its number; nothing when it stood alone."""
    if not evidence or not (evidence.before or evidence.after):
        return []
    lines = (*evidence.before, evidence.text, *evidence.after)
    numbered = enumerate(lines, evidence.line - len(evidence.before))
    return [f"{number}: {text}" for number, text in numbered if text]


def _plain(recorded: Recorded, showing: _Showing) -> dict[str, Any]:
    fact, decision = recorded.fact, recorded.decision
    verdict: Mapping[str, Any] = {}
    if recorded.verdict:
        from lumen_action.commands.classify import plain_verdict

        verdict = plain_verdict(recorded.verdict)
    return {
        "stage": fact.key.stage,
        "outcome": fact.outcome.value,
        "region": fact.key.region,
        "pipeline": fact.pipeline,
        "day": fact.day,
        "run_id": fact.run_id,
        "run": fact.key.run,
        "attempt": fact.key.attempt,
        "trace_id": fact.trace_id,
        "key": fact.key.digest,
        **verdict,
        "rerun": decision.rerun,
        "rerun_scope": decision.scope.value,
        "decision": decision.action.value,
        "reason": decision.reason,
        "delay_seconds": decision.delay_seconds,
        "attempts_left": decision.attempts_left,
        "ledger": _LEDGER_WORDS[recorded.answer],
        "published": showing.done,
        "errors": list(recorded.errors),
        "warnings": [*recorded.warnings, *showing.faults],
        "notes": list(showing.notes),
    }


def _outputs(answer: Mapping[str, Any]) -> dict[str, str]:
    evidence = answer.get("evidence") or {}
    return {
        "outcome": answer["outcome"],
        "error-class": answer.get("error_class", ""),
        "error-subclass": answer.get("error_subclass", ""),
        "signature": answer.get("signature", ""),
        "evidence": evidence.get("text", ""),
        "rerun": "true" if answer["rerun"] else "false",
        "rerun-scope": answer["rerun_scope"],
        "delay-seconds": str(answer["delay_seconds"]),
        "attempts-left": str(answer["attempts_left"]),
        "run-id": answer["run_id"],
        "trace-id": answer["trace_id"],
        "published": "true" if answer["published"] else "false",
        "json": json.dumps(answer, ensure_ascii=False),
    }


def _summarise(session: Session, recorded: Recorded, showing: _Showing) -> bool:
    """Write what the setting asks for; tell whether a failure was explained."""
    mode, fact = session.settings.summary, recorded.fact
    wanted = mode == "full" or (mode == "auto" and (fact.key.stage == RUN_STAGE or fact.outcome.bad))
    room = session.host.summary_room()
    if not wanted or not room:
        return False
    from lumen_action.commands.summarising import summary_text

    notes = (*recorded.errors, *recorded.warnings, *showing.faults, *showing.notes)
    markdown = summary_text(session, recorded, notes=notes, published="; ".join(showing.lines), room=room)
    if not markdown:
        return False
    session.host.write_summary(f"{markdown}\n")
    return fact.outcome.bad

"""What a companion did, as JSON and as the summary of its own run; all that it quotes is foreign text."""

from __future__ import annotations

from collections.abc import Iterator

from lumen_action.companion.acting import Report
from lumen_action.companion.deciding import Course, Judged
from lumen_action.summary.markdown import cell, clip, fence, link, plain, prose, visible

_HEADINGS = {
    Course.RERUN: "🔁 rerun",
    Course.TICKET: "❌ not rerun, a ticket is due",
    Course.INCIDENT: "🚨 not rerun, one incident",
    Course.LATER: "⏳ left for later",
    Course.NOTHING: "⏹️ not rerun",
}
_SHOWN = 20
_EVIDENCE_BYTES = 1000
_REASON_BYTES = 1000


def as_json(report: Report) -> dict[str, object]:
    """Return the report as a JSON object."""
    decision = report.decision
    return {
        "repository": report.seen.run.repo,
        "run": report.seen.run.id,
        "attempt": report.attempt,
        "decision": decision.course.value,
        "rerun": report.rerun,
        "reason": decision.reason,
        "guard": decision.guard or None,
        "delay_seconds": decision.delay_seconds,
        "dry_run": report.dry_run,
        "incident_key": report.incident_key or None,
        "incident": report.incident or None,
        "incident_opened": report.incident_opened,
        "tickets": [each.job.id for each in decision.tickets],
        "jobs": [_job(each) for each in decision.judged],
        "calls": report.calls,
    }


def _job(judged: Judged) -> dict[str, object]:
    job, verdict = judged.job, judged.job.verdict
    return {
        "id": job.id,
        "name": job.name,
        "url": job.url,
        "source": job.source or None,
        "unread": job.unread or None,
        "decision": judged.decision.action.value,
        "scope": judged.decision.scope.value,
        "reason": judged.decision.reason,
        "error_class": verdict.error_class.value if verdict else None,
        "subclass": verdict.subclass if verdict else None,
        "signature": verdict.signature if verdict else None,
        "fingerprint": verdict.fingerprint if verdict else None,
        "line": verdict.evidence.line if verdict and verdict.evidence else None,
        "evidence": verdict.evidence.text if verdict and verdict.evidence else None,
        "hint": verdict.hint if verdict else None,
        "runbook": verdict.runbook if verdict else None,
    }


def as_markdown(report: Report, room: int) -> str:
    """Return the summary in at most `room` bytes, the details of the last jobs left out first."""
    shown = min(_SHOWN, len(report.decision.judged))
    while shown >= 0:
        text = "\n".join(_lines(report, shown)) + "\n"
        if len(text.encode()) <= room:
            return text
        shown -= 1
    return ""


def as_lines(report: Report) -> Iterator[str]:
    """Yield the report in words for a log."""
    run, decision = report.seen.run, report.decision
    yield f"{run.repo} run {run.id} attempt {report.attempt}: {decision.course}{' (dry run)' * report.dry_run}"
    yield visible(decision.reason)
    for each in decision.judged:
        verdict = each.job.verdict
        yield visible(f"{each.job.name}: {verdict.name if verdict else 'unreadable'}: {each.decision.reason}")
        if verdict and verdict.evidence:
            yield visible(f"line {verdict.evidence.line}: {verdict.evidence.text}")
    if report.incident_key:
        yield f"incident {report.incident or report.incident_key} {_of_incident(report)}"


def _of_incident(report: Report) -> str:
    if report.dry_run:
        return "would be opened, or is known already"
    return "was opened" if report.incident_opened else "is known already"


def _lines(report: Report, shown: int) -> Iterator[str]:
    run, decision = report.seen.run, report.decision
    dry = " (dry run: nothing was done)" if report.dry_run else ""
    yield f"### {_HEADINGS[decision.course]}: {plain(run.workflow or run.path, 100)} attempt {report.attempt}{dry}"
    yield ""
    yield f"{link(f'run {run.id}', run.url)}: {prose(decision.reason, _REASON_BYTES)}"
    if report.incident_key:
        yield ""
        yield f"Incident {plain(report.incident or report.incident_key)} {_of_incident(report)}."
    if not decision.judged:
        return
    yield ""
    yield "| failed job | why | what it is worth alone |"
    yield "| --- | --- | --- |"
    for each in decision.judged[:shown]:
        verdict = each.job.verdict
        why = cell(verdict.name) if verdict else cell(f"unreadable: {each.job.unread}", 200)
        yield f"| {link(each.job.name, each.job.url)} | {why} | {cell(each.decision.reason, 300)} |"
    left = len(decision.judged) - shown
    if left:
        yield f"| and {left} more | | |"
    for each in decision.judged[:shown]:
        evidence = each.job.verdict.evidence if each.job.verdict else None
        if evidence:
            yield ""
            yield f"<details><summary>{plain(each.job.name, 100)}, line {evidence.line}</summary>"
            yield ""
            yield fence(clip(evidence.text, _EVIDENCE_BYTES))
            yield ""
            yield "</details>"

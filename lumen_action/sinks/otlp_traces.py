"""Facts as OTLP/JSON traces: one trace a run attempt, a span a job and stage, the failure as an event."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from urllib.parse import urlsplit

from lumen_action.model import Fact, Failure, Kind, Outcome, Trust
from lumen_action.sinks.otlp_values import RESULTS, SCOPE, attributes, error_type, nanoseconds
from lumen_action.sinks.traceids import job_span_id, root_span_id, step_span_id, trace_id
from lumen_action.sli.runs import cause_of

_INTERNAL, _SERVER = 1, 2
_ERROR = 2

Span = dict[str, object]


def ended_attempts(facts: Iterable[Fact]) -> list[list[Fact]]:
    """Return the facts of each run attempt that ended in every region it reported from, oldest first.

    A span cannot be taken back once it was sent, so an attempt is only told when it is over.
    """
    attempts: dict[tuple[str, str, str, str, int], list[Fact]] = defaultdict(list)
    for fact in facts:
        if fact.key.kind in (Kind.STAGE, Kind.RUN) and fact.trust is Trust.TRUSTED:
            key = fact.key
            attempts[key.provider, key.host, key.repo, key.run, key.attempt].append(fact)
    return [sorted(found, key=lambda fact: fact.order) for _, found in sorted(attempts.items()) if _ended(found)]


def traces_request(attempts: Iterable[Sequence[Fact]]) -> dict[str, object]:
    """Return the request with the spans of these attempts, each with a resource of its own."""
    return {
        "resourceSpans": [
            {
                "resource": {"attributes": _resource(facts[0])},
                "scopeSpans": [{"scope": SCOPE, "spans": list(_spans(facts))}],
            }
            for facts in attempts
        ]
    }


def _ended(facts: Sequence[Fact]) -> bool:
    return {fact.key.region for fact in facts} == {fact.key.region for fact in facts if fact.key.kind is Kind.RUN}


def _resource(fact: Fact) -> list[dict[str, object]]:
    key, place = fact.key, urlsplit(fact.url)
    return attributes(
        {
            "service.name": fact.pipeline,
            "cicd.pipeline.name": fact.pipeline,
            "cicd.pipeline.run.id": key.run,
            "cicd.pipeline.run.url.full": fact.url,
            "vcs.repository.name": key.repo,
            "vcs.repository.url.full": f"{place.scheme}://{place.netloc}/{key.repo}" if place.netloc else "",
            "vcs.ref.head.revision": fact.sha,
        }
    )


def _spans(facts: Sequence[Fact]) -> Iterator[Span]:
    """Yield the run, then each job followed by its stages."""
    key = facts[0].key
    trace, root = trace_id(key.run, key.attempt), root_span_id(key.run, key.attempt)
    yield _root(facts, trace, root)
    jobs: dict[str, list[Fact]] = defaultdict(list)
    for fact in facts:
        jobs[fact.key.job].append(fact)
    for job, own in jobs.items():
        yield _job(own, trace, root)
        home = own[0].key.region
        for fact in own:
            if fact.key.kind is Kind.STAGE:
                # Two spans of one trace must differ; a job that speaks for a second region is rare.
                name = fact.key.stage if fact.key.region == home else f"{fact.key.stage} {fact.key.region}"
                yield _stage(fact, name, trace, job_span_id(job))


def _root(facts: Sequence[Fact], trace: str, span: str) -> Span:
    runs = [fact for fact in facts if fact.key.kind is Kind.RUN]
    first, told = runs[0], _decisive(runs)
    made = {
        "traceId": trace,
        "spanId": span,
        "name": f"RUN {first.pipeline}",
        "kind": _SERVER,
        **_times(facts),
        "attributes": attributes(
            {
                "cicd.pipeline.action.name": "RUN",
                "cicd.pipeline.result": RESULTS[told.outcome],
                "error.type": error_type(cause_of(told)[1]),
                "github.run_attempt": first.key.attempt if first.key.provider == "github" else "",
                "lumen.run_id": first.run_id,
                "lumen.day": first.day,
            }
        ),
        **_verdict(told),
    }
    if first.key.attempt > 1:
        before = (first.key.run, first.key.attempt - 1)
        made["links"] = [{"traceId": trace_id(*before), "spanId": root_span_id(*before)}]
    return made


def _job(facts: Sequence[Fact], trace: str, root: str) -> Span:
    first, told = facts[0], _decisive(facts)
    name = first.leg or first.key.job
    return {
        "traceId": trace,
        "spanId": job_span_id(first.key.job),
        "parentSpanId": root,
        "name": name,
        "kind": _INTERNAL,
        **_times(facts),
        "attributes": attributes(
            {**_task(told, name, first.key.job), "cicd.worker.name": first.runner, "lumen.region": first.key.region}
        ),
        "status": _status(told),
    }


def _stage(fact: Fact, name: str, trace: str, parent: str) -> Span:
    key = fact.key
    return {
        "traceId": trace,
        "spanId": step_span_id(key.job, name),
        "parentSpanId": parent,
        "name": key.stage,
        "kind": _INTERNAL,
        **_times([fact]),
        "attributes": attributes({**_task(fact, key.stage, f"{key.job}/{name}"), "lumen.region": key.region}),
        **_verdict(fact),
    }


def _task(fact: Fact, name: str, run_id: str) -> dict[str, str | int]:
    return {
        "cicd.pipeline.task.name": name,
        "cicd.pipeline.task.run.id": run_id,
        "cicd.pipeline.task.run.url.full": fact.url,
        "cicd.pipeline.task.run.result": RESULTS[fact.outcome],
        "error.type": error_type(cause_of(fact)[1]),
    }


def _times(facts: Sequence[Fact]) -> Span:
    """Return a time that encloses all facts and ends never before it starts, whatever a clock did meanwhile."""
    started = min(fact.observed_at_ms - max(0, fact.duration_ms or 0) for fact in facts)
    return {
        "startTimeUnixNano": nanoseconds(max(0, started)),
        "endTimeUnixNano": nanoseconds(max(0, *(fact.observed_at_ms for fact in facts))),
    }


def _decisive(facts: Sequence[Fact]) -> Fact:
    """Return the fact whose outcome stands for all: the first failure, else what was cancelled, else a success."""
    ranks = {Outcome.CANCELLED: 1, Outcome.SUCCESS: 2, Outcome.SKIPPED: 3}
    return min(facts, key=lambda fact: (ranks.get(fact.outcome, 0), fact.order))


def _verdict(fact: Fact) -> Span:
    """Return status and event of a span that ended with this fact."""
    made: Span = {"status": _status(fact)}
    if fact.outcome.bad and fact.failure:
        made["events"] = [_event(fact, fact.failure)]
    return made


def _status(fact: Fact) -> Span:
    if not fact.outcome.bad:
        return {}
    return {"code": _ERROR, "message": fact.failure.name if fact.failure else fact.outcome.value}


def _event(fact: Fact, failure: Failure) -> Span:
    """Tell the failure under the name that every trace viewer marks as one."""
    return {
        "timeUnixNano": nanoseconds(max(0, fact.observed_at_ms)),
        "name": "exception",
        "attributes": attributes(
            {
                "exception.type": failure.name,
                "exception.message": failure.evidence or failure.meaning,
                "lumen.signature": failure.signature,
                "lumen.fingerprint": failure.fingerprint,
                "lumen.log_line": failure.line if failure.line is not None else "",
                "lumen.decision": failure.decision.value,
                "lumen.hint": failure.hint,
            }
        ),
    }

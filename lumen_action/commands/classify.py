"""`lumen classify`: why a log failed."""

from __future__ import annotations

import argparse
from typing import Any

from lumen_action.automaton import AutomatonScreen
from lumen_action.catalogue import load_catalogue, own_rules
from lumen_action.commands import World
from lumen_action.commands.parsers import plain_parser
from lumen_action.errors import ConfigError
from lumen_action.failure import Analysis, classify
from lumen_action.failure.circumstances import Annotation, Circumstances, exit_code_of
from lumen_action.failure.taxonomy import TAXONOMY_VERSION
from lumen_action.logs import log_chunks, stdin_chunks
from lumen_action.model import Verdict


def parser() -> argparse.ArgumentParser:
    """Say what the command takes."""
    made = plain_parser(
        "classify",
        "Say why a log failed. The last line of the answer starts with the class.",
        "lumen classify build.log",
        "make 2>&1 | lumen classify - --explain",
    )
    made.add_argument("file", nargs="?", default="-", help="the log, plain, gzip or the zip of a run; - is stdin")
    made.add_argument("--exit-code", metavar="N", help="how the command ended: its exit code, or a signal such as KILL")
    made.add_argument("--step", default="", help="the name or command of the step that failed, as its group says it")
    made.add_argument(
        "--annotation",
        action="append",
        default=[],
        metavar="[PATH:]TEXT",
        help="a failure the CI noted; repeatable",
    )
    made.add_argument("--runner-lost", action="store_true", help="the job ended without a result")
    made.add_argument("--json", action="store_true", help="print one JSON object")
    made.add_argument("--explain", action="store_true", help="also show every candidate and why it lost")
    return made


def run(arguments: argparse.Namespace, world: World) -> int:
    """Classify one log."""
    chunks = stdin_chunks(world.stdin) if arguments.file == "-" else log_chunks(str(arguments.file))
    analysis = classify(
        chunks,
        load_catalogue(own=own_rules(world.folder)),
        faster=AutomatonScreen,
        circumstances=_circumstances(arguments),
    )
    if arguments.json:
        world.answer_json(_plain(analysis, explain=arguments.explain))
        return 0
    if arguments.explain:
        for candidate in analysis.candidates:
            world.answer(f"{candidate.status:<9} {candidate.signature} line {candidate.line}: {candidate.text}")
            world.answer(f"          {candidate.reason}")
    world.answer("\n".join(_lines(analysis.verdict)))
    return 0


def _circumstances(arguments: argparse.Namespace) -> Circumstances:
    code = None
    if arguments.exit_code is not None:
        code = exit_code_of(arguments.exit_code)
        if code is None:
            raise ConfigError(
                f"exit-code: `{arguments.exit_code}` is neither a number nor the name of a signal; write 137 or KILL"
            )
    return Circumstances(
        exit_code=code,
        step=arguments.step,
        annotations=tuple(_annotation(each) for each in arguments.annotation),
        runner_lost=arguments.runner_lost,
    )


def _annotation(text: str) -> Annotation:
    """Read `PATH:TEXT`; what stands before the colon is a path when it has a slash or a dot and no blank."""
    path, _, message = text.partition(":")
    is_path = bool(message) and " " not in path and ("/" in path or "." in path)
    return Annotation(message.strip(), path) if is_path else Annotation(text)


def _lines(verdict: Verdict) -> list[str]:
    said = []
    if verdict.evidence:
        said.append(f"line {verdict.evidence.line}, column {verdict.evidence.column}: {verdict.evidence.text}")
    said.extend(f"led to line {each.line}: {each.text}" for each in verdict.symptoms)
    said.extend(text for text in (verdict.meaning, verdict.hint and f"next: {verdict.hint}") if text)
    rule = f" by {verdict.signature}" if verdict.signature else ""
    said.append(f"{verdict.error_class} {verdict.subclass}{rule}, retry scope {verdict.scope}")
    return said


def plain_verdict(verdict: Verdict) -> dict[str, Any]:
    """Return a verdict as JSON values."""
    evidence = verdict.evidence
    return {
        "error_class": verdict.error_class.value,
        "error_subclass": verdict.subclass,
        "signature": verdict.signature,
        "rerun_scope": verdict.scope.value,
        "confidence": round(verdict.confidence, 3),
        "fingerprint": verdict.fingerprint,
        "evidence": evidence
        and {
            "line": evidence.line,
            "column": evidence.column,
            "text": evidence.text,
            "before": list(evidence.before),
            "after": list(evidence.after),
        },
        "symptoms": [{"line": each.line, "text": each.text, "name": each.name} for each in verdict.symptoms],
        "meaning": verdict.meaning,
        "hint": verdict.hint,
        "runbook": verdict.runbook,
        "retry_after_seconds": verdict.retry_after_seconds,
    }


def _plain(analysis: Analysis, *, explain: bool) -> dict[str, Any]:
    answer = plain_verdict(analysis.verdict) | {
        "taxonomy_version": TAXONOMY_VERSION,
        "lines": analysis.lines,
        "bytes": analysis.bytes,
    }
    if explain:
        answer["candidates"] = [
            {
                "signature": candidate.signature,
                "line": candidate.line,
                "text": candidate.text,
                "status": candidate.status,
                "reason": candidate.reason,
            }
            for candidate in analysis.candidates
        ]
    return answer

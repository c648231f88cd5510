"""`lumen classify`: why a log failed."""

from __future__ import annotations

import argparse
from typing import Any

from lumen_action.catalogue import load_catalogue
from lumen_action.commands import World
from lumen_action.failure import Analysis, classify
from lumen_action.failure.taxonomy import TAXONOMY_VERSION
from lumen_action.logs import log_chunks, stdin_chunks
from lumen_action.model import Verdict


def parser() -> argparse.ArgumentParser:
    """Say what the command takes."""
    made = argparse.ArgumentParser(
        prog="lumen classify",
        description="Say why a log failed. The last line of the answer starts with the class.",
        epilog="examples:\n  lumen classify build.log\n  make 2>&1 | lumen classify - --explain",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    made.add_argument("file", nargs="?", default="-", help="the log, plain, gzip or the zip of a run; - is stdin")
    made.add_argument("--json", action="store_true", help="print one JSON object")
    made.add_argument("--explain", action="store_true", help="also show every candidate and why it lost")
    return made


def run(arguments: argparse.Namespace, world: World) -> int:
    """Classify one log."""
    chunks = stdin_chunks(world.stdin) if arguments.file == "-" else log_chunks(str(arguments.file))
    analysis = classify(chunks, load_catalogue())
    if arguments.json:
        world.answer_json(_plain(analysis, explain=arguments.explain))
        return 0
    if arguments.explain:
        for candidate in analysis.candidates:
            world.answer(f"{candidate.status:<9} {candidate.signature} line {candidate.line}: {candidate.text}")
            world.answer(f"          {candidate.reason}")
    world.answer("\n".join(_lines(analysis.verdict)))
    return 0


def _lines(verdict: Verdict) -> list[str]:
    said = []
    if verdict.evidence:
        said.append(f"line {verdict.evidence.line}: {verdict.evidence.text}")
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
            "text": evidence.text,
            "before": list(evidence.before),
            "after": list(evidence.after),
        },
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

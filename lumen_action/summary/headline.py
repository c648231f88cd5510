"""One line for the log: what happened, why, and what comes next, without any markup."""

from __future__ import annotations

from lumen_action.model import Decision, Outcome, Verdict
from lumen_action.summary.markdown import clip, visible
from lumen_action.summary.words import mark, place, step

_NAME = 80
_EVIDENCE = 300
_STEP = 120


def headline(stage: str, outcome: Outcome, region: str, verdict: Verdict | None, decision: Decision | None) -> str:
    """Return the line; it quotes the log, so it is printed as foreign text."""
    ended = f"{_short(stage, _NAME)} {mark(outcome).verb}{place(_short(region, _NAME))}"
    return f"{ended}{_cause(verdict)}{_next(decision)}" if outcome.bad else ended


def _cause(verdict: Verdict | None) -> str:
    if not verdict:
        return ""
    proof = verdict.evidence
    shown = f", line {proof.line}: {_short(proof.text, _EVIDENCE)}" if proof else ""
    return f": {_short(verdict.name, _NAME)}{shown}"


def _next(decision: Decision | None) -> str:
    return f"; {_short(step(decision), _STEP)}" if decision else ""


def _short(text: str, limit: int) -> str:
    return clip(visible(text), limit)

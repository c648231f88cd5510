"""A log in, a verdict out: read, match, rank, redact."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

from lumen_action.failure.circumstances import NOTHING_KNOWN, Annotation, Circumstances, adjusted
from lumen_action.failure.columns import column_of
from lumen_action.failure.fingerprint import fingerprint
from lumen_action.failure.likeness import parted
from lumen_action.failure.lines import shown
from lumen_action.failure.ranking import Contender, Ranking, rank
from lumen_action.failure.redaction import redact
from lumen_action.failure.screening import ScreenMaker
from lumen_action.failure.sifting import Sifted, sift
from lumen_action.failure.signatures import Catalogue
from lumen_action.failure.standing import Hit, Quote
from lumen_action.failure.taxonomy import SUBCLASSES
from lumen_action.model import ErrorClass, Evidence, Scope, Symptom, Verdict

if TYPE_CHECKING:
    from lumen_action.failure.lasting import Lasting

EVIDENCE_CHARACTERS = 400
_NEIGHBOURS = 2
_SYMPTOMS = 5
_LEAD = 120
_RETRY_AFTER = re.compile(
    r"(?i)\b(?:retry[- ]after\W{1,4}|(?:try again|retry|retrying) (?:in|after) (?:about )?)(\d{1,6})"
    r" ?(s(?:ec(?:ond)?s?)?\b|m(?:in(?:ute)?s?)?\b|h(?:ours?)?\b)?"
)
_UNIT_SECONDS = {"s": 1, "m": 60, "h": 3600}
LIKENESS = "likeness"
"""Stands for a signature where a line was judged by its words alone."""
# How short a log is that is there for its failure although no line of it says so.
_EXCERPT_LINES = 40
# How probable a guess must be at least, and that the line tells of nothing at most; more when nothing else tells.
_SURE, _SURER = (0.5, 0.2), (0.6, 0.05)
_GUESSED = 0.5
# What programs speak of although all is well.
_PASSING = (ErrorClass.NETWORK, ErrorClass.EXTERNAL_API)
_UNKNOWN = {
    "no_log": (
        "There is no log to read.",
        "Give the step's output to `log-file`, or the last lines to `error-log`.",
    ),
    "no_failure": (
        "No line tells of a failure in words we know, or success followed it.",
        "Look at the exit code of the step, and at what ran outside this log.",
    ),
    "no_match": (
        "No line says why it failed in words we know.",
        "Read the quoted line; teach it once with a signature in .lumen/signatures.yml of your repository.",
    ),
}


@dataclass(frozen=True)
class Candidate:
    """One line that might have been the cause, and why it is or is not."""

    signature: str
    line: int
    text: str
    status: str
    reason: str


@dataclass(frozen=True)
class Analysis:
    """A verdict with all that was considered."""

    verdict: Verdict
    lines: int
    bytes: int
    _considered: Callable[[], tuple[Candidate, ...]] = field(compare=False, repr=False)

    # Of a long log there are hundreds, and hardly anyone asks for them.
    @cached_property
    def candidates(self) -> tuple[Candidate, ...]:
        """Return every line that might have been the cause."""
        return self._considered()


def classify(
    chunks: Iterable[bytes],
    catalogue: Catalogue,
    *,
    secrets: Sequence[str] = (),
    faster: ScreenMaker | None = None,
    circumstances: Circumstances = NOTHING_KNOWN,
) -> Analysis:
    """Tell why the log's job failed; `faster` makes a better screen for a long log.

    `confidence` is how often a verdict of its kind was right on labelled logs, as a round judgement: 0.95 when a line
    names tool and reason, 0.85 when it names the tool, 0.65 for words that many tools print; a fifth less when other
    lines of the same rank spoke for another class, and again when only repeated attempts speak. It is 0 for `unknown`.
    """
    sifted = sift(chunks, catalogue, faster, circumstances.step)
    ranking = rank(sifted.standing, sifted.standing.settled)
    verdict = _verdict(ranking.winner, ranking, secrets) if ranking.winner else _unknown(sifted, secrets)
    verdict = _weighed(verdict, catalogue, circumstances, secrets)
    if verdict.error_class is ErrorClass.UNKNOWN and not ranking.winner:
        failed = bool(sifted.standing.last_failure or circumstances.failed or circumstances.exit_code)
        if not sifted.standing.ended_well and (failed or sifted.lines <= _EXCERPT_LINES):
            suspicion = _suspicion(sifted, secrets) if failed else None
            verdict = suspicion or _guess(sifted, catalogue, secrets, failed=failed) or verdict
    return Analysis(verdict, sifted.lines, sifted.size, lambda: _candidates(sifted, ranking, secrets))


def _weighed(verdict: Verdict, catalogue: Catalogue, circumstances: Circumstances, secrets: Sequence[str]) -> Verdict:
    """Let what is known besides the log have its say."""
    if circumstances == NOTHING_KNOWN:
        return adjusted(verdict, None, circumstances)
    notes = tuple(Annotation(redact(each.message, secrets), each.path) for each in circumstances.annotations)
    said = "\n".join(f"##[error]{each.message}" for each in notes)
    noted = classify([said.encode()], catalogue, secrets=secrets).verdict if notes else None
    return adjusted(verdict, noted, replace(circumstances, annotations=notes))


def _lasting(name: str, quote: Quote) -> Lasting | None:
    """Ask why it lasts; most failures are never tried again, and need not wait for these patterns."""
    from lumen_action.failure.lasting import lasting

    return lasting(name, quote)


def _verdict(winner: Contender, ranking: Ranking, secrets: Sequence[str]) -> Verdict:
    signature, hit = winner.signature, winner.chosen
    evidence = _quoted(hit.quote, secrets)
    # What people wrote themselves is not doubted.
    lasts = None if signature.origin or signature.scope is Scope.NONE else _lasting(signature.name, hit.quote)
    return Verdict(
        error_class=signature.error_class,
        subclass=signature.subclass,
        signature=signature.id,
        scope=Scope.NONE if lasts else signature.scope,
        confidence=round(ranking.confidence, 2),
        evidence=evidence,
        meaning=f"{signature.meaning} {lasts.reason}" if lasts else signature.meaning,
        hint=lasts.hint if lasts else signature.hint,
        runbook=signature.runbook,
        fingerprint=fingerprint(signature.id, evidence.text),
        retry_after_seconds=_retry_after(hit),
        symptoms=_symptoms(winner, ranking, secrets),
    )


def _symptoms(winner: Contender, ranking: Ranking, secrets: Sequence[str]) -> tuple[Symptom, ...]:
    """Return what the cause explains, and what only passed on that something had failed."""
    led_to = [each for each, _ in ranking.lost if each.signature.wrapper or winner.explains(each)]
    followed = sorted({each.chosen.line: each for each in led_to}.items())
    return tuple(
        Symptom(line, _text(each.chosen.quote, secrets), each.signature.name)
        for line, each in followed
        if line != winner.chosen.line
    )[-_SYMPTOMS:]


def _suspicion(sifted: Sifted, secrets: Sequence[str]) -> Verdict | None:
    """Believe a warning where nothing else explains; it is a guess, and no reason to run anything again."""
    ranking = rank(sifted.standing, sifted.standing.suspected)
    if not ranking.winner:
        return None
    return replace(_verdict(ranking.winner, ranking, secrets), scope=Scope.NONE, confidence=_GUESSED)


def _guess(sifted: Sifted, catalogue: Catalogue, secrets: Sequence[str], *, failed: bool) -> Verdict | None:
    """Judge by what a line is like."""
    if not catalogue.likeness:
        return None
    likeness = catalogue.likeness()
    judged = ((likeness.best(each.text), each) for each in sifted.unknown())
    least, most_nothing = _SURE if failed else _SURER
    sure = [(guess, each) for guess, each in judged if guess.chance >= least and guess.nothing <= most_nothing]
    guess, quote = max(sure, key=lambda each: each[0].chance, default=(None, None))
    if guess is None or quote is None:
        return None
    error_class, subclass = parted(guess.name)
    if not failed and error_class in _PASSING:
        return None
    evidence = _quoted(quote, secrets)
    return Verdict(
        error_class=error_class,
        subclass=subclass,
        signature=LIKENESS,
        scope=Scope.NONE,
        confidence=_GUESSED,
        evidence=evidence,
        meaning=f"No signature knows the line; its words are those of {guess.name} failures.",
        hint="Read the line first: this is a guess. Teach it with a signature in .lumen/signatures.yml.",
        runbook=f"{error_class}-{subclass}",
        fingerprint=fingerprint(LIKENESS, evidence.text),
    )


def _unknown(sifted: Sifted, secrets: Sequence[str]) -> Verdict:
    """Say that nothing explains it, and quote the last line that told of a failure."""
    failure = None if sifted.standing.ended_well else sifted.standing.last_failure
    subclass = "no_match" if failure else "no_log" if sifted.blank else "no_failure"
    evidence = _quoted(failure, secrets) if failure else None
    meaning, hint = _UNKNOWN[subclass]
    return Verdict(
        error_class=ErrorClass.UNKNOWN,
        subclass=subclass,
        signature="",
        scope=SUBCLASSES[ErrorClass.UNKNOWN][subclass],
        confidence=0.0,
        evidence=evidence,
        meaning=meaning,
        hint=hint,
        runbook=f"unknown-{subclass}",
        fingerprint=fingerprint(subclass, evidence.text if evidence else ""),
    )


def _candidates(sifted: Sifted, ranking: Ranking, secrets: Sequence[str]) -> tuple[Candidate, ...]:
    rows = [(each.chosen, "won", "") for each in ranking.left]
    rows += [(each.chosen, "lost", reason) for each, reason in ranking.lost]
    rows += [(each.hit, each.status, each.reason) for each in sifted.standing.dropped.values()]
    return tuple(
        Candidate(hit.signature.id, hit.line, _text(hit.quote, secrets), status, reason) for hit, status, reason in rows
    )


def _quoted(quote: Quote, secrets: Sequence[str]) -> Evidence:
    """Quote a line with its neighbours."""
    clean, here = _redacted(quote, secrets), len(quote.before)
    return Evidence(
        line=quote.line,
        column=column_of(quote.original, quote.text, quote.offset),
        text=_clip(clean[here], quote.offset),
        before=tuple(_clip(text) for text in clean[max(0, here - _NEIGHBOURS) : here]),
        after=tuple(_clip(text) for text in clean[here + 1 : here + 1 + _NEIGHBOURS]),
    )


def _text(quote: Quote, secrets: Sequence[str]) -> str:
    """Quote a line alone."""
    return _clip(_redacted(quote, secrets)[len(quote.before)], quote.offset)


def _redacted(quote: Quote, secrets: Sequence[str]) -> list[str]:
    """Redact a line together with its neighbours, as a secret may run over several lines."""
    lines = (*map(shown, quote.before), quote.text, *map(shown, quote.after))
    return redact("\n".join(lines), secrets).split("\n")


def _clip(text: str, offset: int = 0) -> str:
    """Shorten a line to the part around what was recognised."""
    if len(text) <= EVIDENCE_CHARACTERS:
        return text
    start = max(0, min(offset - _LEAD, len(text) - EVIDENCE_CHARACTERS))
    end = start + EVIDENCE_CHARACTERS
    return ("…" if start else "") + text[start:end] + ("…" if end < len(text) else "")


def _retry_after(hit: Hit) -> int | None:
    """Return the seconds to wait that the line, or one close to it, names."""
    if hit.retry_after:
        return int(hit.retry_after)
    quote = hit.quote
    near = (quote.text, *(shown(each) for each in (*quote.after, *reversed(quote.before))))
    found = next((match for match in map(_RETRY_AFTER.search, near) if match), None)
    return int(found[1]) * _UNIT_SECONDS[(found[2] or "s")[0].lower()] if found else None

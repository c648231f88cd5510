"""What a ticket says. All of it that comes from a log, a rule or a CI is foreign: redacted, clipped, without effect."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timezone, tzinfo

from lumen_action.failure.redaction import redact
from lumen_action.model import Fact
from lumen_action.ops.tickets import Draft
from lumen_action.ops.tickets.cases import Case
from lumen_action.ops.tickets.notices import Generation, History
from lumen_action.ops.tickets.options import QUIET_DAYS
from lumen_action.summary.markdown import clip, code, fence, link, plain, prose, visible
from lumen_action.summary.words import moment, place

LABEL = "lumen"
END = "<!-- lumen:end -->"

_MARKER = re.compile(r"^<!-- lumen:fingerprint ([0-9a-f]{16}) -->\s*$", re.MULTILINE)
_OWN = re.compile(
    rf"^<!-- lumen:fingerprint [0-9a-f]{{16}} -->\s*$.*?^{re.escape(END)}[ \t\r]*$", re.MULTILINE | re.DOTALL
)
# In a title nothing can be escaped; what would become a link or a mention is broken.
_SIGNS = re.compile(r"(?<=[@#!$%&~^])(?=\w)|(?<=:)(?=//)")
_BREAK = "\u200b"
# What GitHub takes as the text of an issue; GitLab takes more.
_MOST_LETTERS = 65_536
_TITLE = 200
_TITLE_PROOF = 100
_NAME = 80
_PROOF = 500
_SHOWN = 10


def marker(fingerprint: str) -> str:
    """Return the line by which a ticket is known."""
    return f"<!-- lumen:fingerprint {fingerprint} -->"


def fingerprint_label(fingerprint: str) -> str:
    """Return the label by which a ticket is found."""
    return f"lumen-fp-{fingerprint[:12]}"


def fingerprint_in(body: str) -> str:
    """Return the fingerprint that a ticket's text names, nothing when it is none of ours."""
    found = _MARKER.search(body)
    return found[1] if found else ""


def titled(words: str) -> str:
    """Return words as a title, which mentions nobody and links nowhere."""
    return clip(_SIGNS.sub(_BREAK, visible(words)), _TITLE)


def merged(present: str, ours: str) -> str:
    """Put our part of a text in the place of the last one; what people wrote around it stays.

    Where they wrote so much that ours has no room, the text stays as it is: it would be refused, and the turn with it.
    """
    present = present.replace("\r\n", "\n")
    added = f"{ours}\n\n{present}" if present.strip() else ours
    whole = _OWN.sub(lambda _: ours, present, count=1) if _OWN.search(present) else added
    return whole if len(whole) <= _MOST_LETTERS else present


@dataclass(frozen=True)
class Writer:
    """Writes tickets as one team wants them."""

    secrets: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    runbook: str = ""
    quiet_days: int = QUIET_DAYS
    zone: tzinfo = timezone.utc

    def draft(
        self, case: Case, history: History, *, assignees: Sequence[str] = (), owners: Sequence[str] = ()
    ) -> Draft:
        """Write the ticket of a case as it stands."""
        return Draft(
            fingerprint=case.fingerprint,
            title=self._title(case),
            body=self._body(case, history.standing, owners),
            labels=(LABEL, case.failure.error_class.value, fingerprint_label(case.fingerprint), *self.labels),
            assignees=tuple(assignees),
            news=self._news(case),
        )

    def duplicate(self, body: str, older: str) -> str:
        """Return the text of a ticket that has an older twin."""
        said = f"Closed: {link('an older ticket', older) or 'an older ticket'} tells of the same failure."
        return body if body.startswith(said) else f"{said}\n\n{body}"

    def _title(self, case: Case) -> str:
        first = case.first
        proof = visible(self._clean(case.failure.evidence or case.failure.meaning))
        where = f"{self._clean(first.pipeline)} · {first.key.stage}"
        words = f"{case.failure.name} in {where}" + (f": {clip(proof, _TITLE_PROOF)}" if proof else "")
        return titled(words)

    def _body(self, case: Case, standing: Generation | None, owners: Sequence[str]) -> str:
        failure = case.failure
        said = [
            f"**{plain(failure.name)}**{_sentence(' · ', self._clean(failure.meaning))}",
            self._evidence(case),
            _sentence("**Do**: ", self._clean(failure.hint)),
            _sentence("**Not retried**: ", self._clean(failure.reason.removeprefix("not retried: "))),
            "\n".join(filter(None, self._facts(case, standing, owners))),
        ]
        return "\n\n".join([marker(case.fingerprint), *filter(None, said), END])

    def _evidence(self, case: Case) -> str:
        text, line = case.failure.evidence, case.failure.line
        if not text:
            return ""
        # A line of ours before each of theirs: none of it can look like our own marks.
        shown = " ".join(clip(self._clean(text), _PROOF).split())
        return fence(f"> {line} | {shown}" if line is not None else f"> {shown}")

    def _facts(self, case: Case, standing: Generation | None, owners: Sequence[str]) -> list[str]:
        runs = "run" if case.count == 1 else "runs"
        where = [f"{plain(self._clean(name), _NAME)} ({count})" for name, count in case.pipelines]
        regions = [plain(self._clean(region), _NAME) for region in case.regions]
        runbook = f"{self.runbook}#{case.failure.runbook}".rstrip("#") if self.runbook else ""
        return [
            f"- Seen in **{case.count}** {runs}, each counted once in a region: {self._span(case)}",
            f"- Pipelines: {_some(where)}",
            f"- Regions: {_some(regions)}" if len(regions) > 1 else "",
            f"- Latest runs: {', '.join(self._run(fact) for fact in case.recent)}",
            f"- Rule: {code(self._clean(failure), _NAME)}" if (failure := case.failure.signature) else "",
            f"- {link('Runbook', runbook)}" if runbook else "",
            f"- Owners by CODEOWNERS: {_some([code(owner, _NAME) for owner in owners])}" if owners else "",
            f"- {self._status(case, standing)}",
        ]

    def _status(self, case: Case, standing: Generation | None) -> str:
        if standing and not standing.to_open:
            return f"Closed {self._moment(standing.claimed_ms)}; it is opened again when this comes back"
        waits = _some([f"{plain(self._clean(name), _NAME)} · {plain(stage, _NAME)}" for name, stage in case.waiting])
        days = f"{self.quiet_days} {'day' if self.quiet_days == 1 else 'days'}"
        needs = f" and a success of {waits}" if case.waiting else "; what failed has succeeded since"
        return f"Closes by itself after {days} without it{needs}"

    def _news(self, case: Case) -> str:
        latest = case.latest
        where = f"{plain(self._clean(latest.pipeline), _NAME)} · {plain(latest.key.stage, _NAME)}{self._place(latest)}"
        runs = "run" if case.count == 1 else "runs"
        said = (
            f"Again, in {where}: {self._run(latest)}, {self._moment(case.failed_ms)}; **{case.count}** {runs} in all."
        )
        return "\n\n".join(filter(None, [said, self._evidence(case)]))

    def _span(self, case: Case) -> str:
        return f"first {self._moment(case.first.ended_ms)}, last {self._moment(case.failed_ms)}"

    def _run(self, fact: Fact) -> str:
        name = self._clean(fact.run_id or fact.key.run)
        return link(name, self._clean(fact.url)) or plain(name, _NAME)

    def _place(self, fact: Fact) -> str:
        where = place(self._clean(fact.key.region))
        return f" {plain(where, _NAME)}" if where else ""

    def _moment(self, at_ms: int) -> str:
        return moment(at_ms, self.zone)

    def _clean(self, text: str) -> str:
        return redact(text, self.secrets)


def _sentence(label: str, text: str) -> str:
    said = visible(text)
    return f"{label}{prose(f'{said[:1].upper()}{said[1:]}')}" if said else ""


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more

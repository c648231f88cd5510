"""The words by which people and machines elsewhere name a severity."""

from __future__ import annotations

import re

from lumen_action.incidents.words import Severity

_NUMBERED = re.compile(r"(?:sev(?:erity)?|p(?:rio(?:rity)?)?|s)?[ _-]?([1-4])")
_WORDS = {
    "critical": Severity.SEV1,
    "page": Severity.SEV2,
    "error": Severity.SEV2,
    "high": Severity.SEV2,
    "major": Severity.SEV2,
    "warning": Severity.SEV3,
    "warn": Severity.SEV3,
    "ticket": Severity.SEV3,
    "medium": Severity.SEV3,
    "minor": Severity.SEV4,
    "info": Severity.SEV4,
    "low": Severity.SEV4,
    "none": Severity.SEV4,
}
WANTED = "one of sev1, sev2, sev3, sev4 (also 1, SEV1, P1, critical, page, ticket, info)"


def severity_of(word: object) -> Severity | None:
    """Read `sev2`, `Sev2`, `SEV-2`, `P2`, 2 or a word of an alert; None where it is none of them."""
    if isinstance(word, bool) or not isinstance(word, (str, int)):
        return None
    text = str(word).strip().lower()[:40]
    numbered = _NUMBERED.fullmatch(text)
    return Severity(f"sev{numbered[1]}") if numbered else _WORDS.get(text)

"""The nouns of the project: frozen values that know nothing of clocks, files or networks."""

from __future__ import annotations

from lumen_action.model.fact import MAX_FACT_BYTES, Fact, FactKey, canonical, details
from lumen_action.model.verdict import Decision, Evidence, Failure, Symptom, Verdict
from lumen_action.model.words import OWN_MARK, Action, ErrorClass, Kind, Outcome, Scope, Source, Trust

__all__ = [
    "MAX_FACT_BYTES",
    "OWN_MARK",
    "Action",
    "Decision",
    "ErrorClass",
    "Evidence",
    "Fact",
    "FactKey",
    "Failure",
    "Kind",
    "Outcome",
    "Scope",
    "Source",
    "Symptom",
    "Trust",
    "Verdict",
    "canonical",
    "details",
]

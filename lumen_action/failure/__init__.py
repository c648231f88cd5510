"""Why something failed: a log in, a verdict out."""

from __future__ import annotations

from lumen_action.failure.engine import Analysis, Candidate, classify
from lumen_action.failure.redaction import redact
from lumen_action.failure.schema import parse_catalogue
from lumen_action.failure.signatures import Catalogue, Signature, Tier

__all__ = ["Analysis", "Candidate", "Catalogue", "Signature", "Tier", "classify", "parse_catalogue", "redact"]

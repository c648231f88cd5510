"""What is wrong with signatures, found without a log: dead, shadowed, slow or careless rules."""

from __future__ import annotations

from lumen_action.failure.linting.checks import CHECKS, COMPILES, GREEN, green_hits, lint
from lumen_action.failure.linting.findings import Finding, Level

__all__ = ["CHECKS", "COMPILES", "GREEN", "Finding", "Level", "green_hits", "lint"]

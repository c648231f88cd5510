"""Why something failed, from its log and the rules of ours and of the workspace."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from lumen_action.errors import ConfigError
from lumen_action.model import Verdict

if TYPE_CHECKING:
    from lumen_action.failure import Catalogue
    from lumen_action.failure.circumstances import Circumstances


@dataclass(frozen=True)
class Log:
    """What is there of a log: its chunks, and the gap in them as `Tail.gap` tells it."""

    chunks: Iterable[bytes]
    gap: tuple[int, int] = (0, 0)
    circumstances: Circumstances | None = None


def explain(log: Log, catalogue: Catalogue, secrets: Sequence[str]) -> Verdict:
    """Say why a log's command failed."""
    # Classifying is needed only on the way of a failure, and its rules take time to read.
    from lumen_action.automaton import AutomatonScreen
    from lumen_action.failure import classify
    from lumen_action.failure.circumstances import Circumstances

    analysis = classify(
        log.chunks,
        catalogue,
        secrets=secrets,
        faster=AutomatonScreen,
        circumstances=log.circumstances or Circumstances(failed=True),
    )
    return _moved(analysis.verdict, *log.gap)


def catalogue_of(workspace: Path, errors: list[str]) -> Catalogue:
    """Return our rules with the workspace's own, or ours alone when those are wrong."""
    from lumen_action.catalogue import load_catalogue, own_rules

    try:
        return load_catalogue(own=own_rules(workspace))
    except ConfigError as fault:
        errors.extend(fault.problems)
        return load_catalogue()


def _moved(verdict: Verdict, after: int, by: int) -> Verdict:
    """Return the verdict with its lines numbered as they were printed, a part of which is missing."""
    evidence = verdict.evidence
    if evidence and evidence.line > after:
        evidence = replace(evidence, line=evidence.line + by)
    symptoms = tuple(replace(each, line=each.line + by) if each.line > after else each for each in verdict.symptoms)
    return replace(verdict, evidence=evidence, symptoms=symptoms)

"""Whom a verification of archives and a restore drill call, and when they are missed."""

from __future__ import annotations

from pathlib import Path

import ruletest
import servers
from ruletest import firing, series

RULES = servers.ROOT / "rules" / "prometheus" / "lumen.rules.yml"
P = {"pipeline": "p"}
OK, VERDICT = "lumen_remote_integrity_ok", "lumen_remote_integrity_verdict"
PAGE, TICKET = {"severity": "page", **P}, {"severity": "ticket", **P}


def test_only_what_differs_or_is_gone_pages_and_what_cannot_be_shown_is_a_ticket(promtool: str, tmp_path: Path) -> None:
    """An hour each of ok, unverifiable, missing, mismatch, a check without a verdict, ok."""
    given = [
        series(OK, "1x11 0x47 1x12", **P),
        series(VERDICT, "1x11 0x47 1x12", verdict="ok", **P),
        series(VERDICT, "0x11 1x11 0x47", verdict="unverifiable", **P),
        series(VERDICT, "0x23 1x11 0x35", verdict="missing", **P),
        series(VERDICT, "0x35 1x11 0x23", verdict="mismatch", **P),
    ]
    mismatch, unverifiable = "LumenIntegrityMismatch", "LumenIntegrityUnverifiable"
    expected = [
        *(firing(each, "30m") for each in (mismatch, unverifiable)),
        firing(mismatch, "90m"),
        firing(unverifiable, "90m", TICKET),
        *(firing(mismatch, at, PAGE) for at in ("150m", "210m", "270m")),
        *(firing(unverifiable, at) for at in ("150m", "210m", "270m")),
        *(firing(each, "330m") for each in (mismatch, unverifiable)),
    ]
    ruletest.promtool_agrees(promtool, tmp_path, [RULES], "5m", given, expected)


def test_a_drill_that_failed_is_a_ticket_until_one_succeeds(promtool: str, tmp_path: Path) -> None:
    given = [series("lumen_restore_ok", "1x11 0x11 1x12", **P)]
    expected = [
        firing("LumenRestoreFailed", "30m"),
        firing("LumenRestoreFailed", "90m", TICKET),
        firing("LumenRestoreFailed", "150m"),
    ]
    ruletest.promtool_agrees(promtool, tmp_path, [RULES], "5m", given, expected)


def test_what_was_verified_and_drilled_once_is_missed_after_a_week_and_a_month(promtool: str, tmp_path: Path) -> None:
    """Both happened at the first moment; the numbers are published on, a day apart."""
    given = [
        series("lumen_remote_verify_timestamp_seconds", "0x38", **P),
        series("lumen_restore_drill_timestamp_seconds", "0x38", **P),
        series("lumen_remote_verify_timestamp_seconds", "_x30 2592000x8", pipeline="verified-again"),
    ]
    expected = [
        firing("LumenVerificationOverdue", "8d"),
        firing("LumenVerificationOverdue", "9d", TICKET),
        firing("LumenRestoreDrillOverdue", "35d"),
        firing("LumenRestoreDrillOverdue", "36d", TICKET),
    ]
    ruletest.promtool_agrees(promtool, tmp_path, [RULES], "1d", given, expected)

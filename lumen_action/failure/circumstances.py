"""What is known of a failure besides its log: how the command ended, what the CI noted, whether the runner was lost."""

from __future__ import annotations

import re
from dataclasses import dataclass

from lumen_action.failure.fingerprint import fingerprint
from lumen_action.model import ErrorClass, Evidence, Scope, Verdict

_SIGNALS = {"HUP": 1, "INT": 2, "QUIT": 3, "ILL": 4, "ABRT": 6, "BUS": 7, "FPE": 8, "KILL": 9, "SEGV": 11, "TERM": 15}
_DEADLY = 128
_EXIT_CODE = re.compile(r"\bexit(?:ed)?(?: with)?(?: code| status)?:? (\d{1,3})\b", re.IGNORECASE)
# A code alone is a hint, no proof.
_HINTED = 0.5
# What the runner writes in `.github` speaks of workflows; any other path is a file of the project.
_WORKFLOWS = ".github"
# What ends a job from outside, so that nothing its log says can be the cause.
_FROM_OUTSIDE = frozenset({"runner_lost", "runner_provision", "timeout_job"})


@dataclass(frozen=True)
class Annotation:
    """A failure that the CI pinned to a job, or to a file of the project."""

    message: str
    path: str = ""


@dataclass(frozen=True)
class Circumstances:
    """What the host knows; nothing by default."""

    failed: bool = False
    exit_code: int | None = None
    step: str = ""
    annotations: tuple[Annotation, ...] = ()
    runner_lost: bool = False


NOTHING_KNOWN = Circumstances()


@dataclass(frozen=True)
class _Ending:
    """What an exit code stands for by convention."""

    error_class: ErrorClass
    subclass: str
    scope: Scope
    meaning: str
    hint: str


_ENDINGS: dict[int, _Ending] = {
    124: _Ending(
        ErrorClass.ENVIRONMENT,
        "timeout_step",
        Scope.NONE,
        "`timeout` ended the command (exit code 124); the log does not say what it waited for.",
        "Look at the last line before the end; give the command more time, or find what hangs.",
    ),
    126: _Ending(
        ErrorClass.ENVIRONMENT,
        "permission_fs",
        Scope.NONE,
        "The shell found the command but may not execute it (exit code 126).",
        "git update-index --chmod=+x SCRIPT, or call it by its interpreter.",
    ),
    127: _Ending(
        ErrorClass.ENVIRONMENT,
        "missing_tool",
        Scope.NONE,
        "The shell did not find the command (exit code 127).",
        "Install it in an earlier step, or mend PATH.",
    ),
    134: _Ending(
        ErrorClass.BUILD,
        "crash",
        Scope.NONE,
        "The program aborted itself (exit code 134, SIGABRT).",
        "Run it under a debugger, or with core dumps on: ulimit -c unlimited",
    ),
    137: _Ending(
        ErrorClass.ENVIRONMENT,
        "oom",
        Scope.JOB,
        "The process was killed from outside (exit code 137, SIGKILL): mostly by want of memory.",
        "Give the job more memory or let it use less; look at the kernel's log: dmesg | tail",
    ),
    139: _Ending(
        ErrorClass.BUILD,
        "crash",
        Scope.NONE,
        "The program read or wrote where it may not (exit code 139, SIGSEGV).",
        "Run it under a debugger or with a sanitizer.",
    ),
}


def exit_code_of(word: str) -> int | None:
    """Return the exit code that a number or the name of a signal stands for, None when it is neither."""
    if word.isdigit():
        return int(word)
    number = _SIGNALS.get(word.upper().removeprefix("SIG"))
    return None if number is None else _DEADLY + number


def adjusted(verdict: Verdict, noted: Verdict | None, circumstances: Circumstances) -> Verdict:
    """Weigh what the log says against what is known besides; `noted` is what the annotations alone would say."""
    if noted and noted.subclass in _FROM_OUTSIDE:
        return noted
    if circumstances.runner_lost and verdict.error_class is ErrorClass.UNKNOWN:
        return _lost()
    pinned = next(
        (each for each in circumstances.annotations if each.path and not each.path.startswith(_WORKFLOWS)), None
    )
    if pinned and verdict.error_class is not ErrorClass.BUILD:
        return _pinned(pinned)
    if verdict.error_class is not ErrorClass.UNKNOWN:
        return verdict
    if noted and noted.error_class is not ErrorClass.UNKNOWN:
        return noted
    return _by_exit_code(verdict, circumstances.exit_code)


def _lost() -> Verdict:
    return Verdict(
        error_class=ErrorClass.ENVIRONMENT,
        subclass="runner_lost",
        signature="lost-runner",
        scope=Scope.JOB,
        confidence=0.85,
        meaning="The runner was lost: the job ended without a result, and its log says nothing of a failure.",
        hint="Run the job again; if it repeats, look at the machine's memory, disk and power.",
        runbook="environment-runner_lost",
        fingerprint=fingerprint("lost-runner", ""),
    )


def _pinned(annotation: Annotation) -> Verdict:
    said = f"{annotation.path}: {annotation.message}"
    return Verdict(
        error_class=ErrorClass.BUILD,
        subclass="test",
        signature="annotated-file",
        scope=Scope.NONE,
        confidence=0.85,
        evidence=Evidence(0, said),
        meaning="A check of the job pins the failure to a file of the project.",
        hint=f"Open {annotation.path}.",
        runbook="build-test",
        fingerprint=fingerprint("annotated-file", said),
    )


def _by_exit_code(verdict: Verdict, given: int | None) -> Verdict:
    """Take the exit code for a hint where no line explains the failure."""
    said = _EXIT_CODE.search(verdict.evidence.text) if verdict.evidence else None
    code = given if given is not None else int(said[1]) if said else 0
    ending = _ENDINGS.get(code)
    if ending is None or (verdict.subclass == "no_failure" and given is None):
        return verdict
    return Verdict(
        error_class=ending.error_class,
        subclass=ending.subclass,
        signature=f"exit-code-{code}",
        scope=ending.scope,
        confidence=_HINTED,
        evidence=verdict.evidence,
        meaning=ending.meaning,
        hint=ending.hint,
        runbook=f"{ending.error_class}-{ending.subclass}",
        fingerprint=verdict.fingerprint,
    )

"""What forbids a rerun whatever the cause was: one row a reason, with its words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from lumen_action.ciapi.seen import Pull, SeenJob, SeenRun
from lumen_action.companion.jobs import FAILED, failed_jobs
from lumen_action.sli.reconciling.ciruns import COMPLETED, Run

MOST_RERUNS = 50
MOST_DAYS = 30
_DAY_MS = 24 * 3_600_000
_QUEUE = "gh-readonly-queue/"
_PULL_EVENTS = frozenset({"pull_request", "pull_request_target"})
# Started by hand or by a program, each with inputs of its own: a newer one takes nothing over from an older one.
_WITH_INPUTS = frozenset({"workflow_dispatch", "repository_dispatch"})


@dataclass(frozen=True)
class Scene:
    """A run at one moment, and the rules of its team; `number` is the attempt that is to be run again."""

    seen: SeenRun
    number: int
    now_ms: int
    max_retries: int
    side_effects: Sequence[str] = ()
    jobs: Sequence[SeenJob] = ()


@dataclass(frozen=True)
class Around:
    """What else there is: newer runs of the branch, and the pull request, None when there is none."""

    newer: Sequence[Run] = ()
    pull: Pull | None = None


@dataclass(frozen=True)
class Guard:
    """A reason that forbids a rerun: `says` returns it in words, nothing where it does not apply."""

    name: str
    says: Callable[[Scene], str]


@dataclass(frozen=True)
class OuterGuard:
    """A reason that needs to look beyond the run."""

    name: str
    says: Callable[[Scene, Around], str]


@dataclass(frozen=True)
class Forbidden:
    """Which guard spoke, and why."""

    guard: str
    reason: str


def settled(scene: Scene) -> Forbidden | None:
    """Return the first guard by which there is nothing to decide, so that nothing has to be read."""
    return _first(SETTLED, scene)


def forbidden(scene: Scene) -> Forbidden | None:
    """Return the first guard that forbids a rerun by what is known of the run alone."""
    return _first((*SETTLED, *GUARDS), scene)


def _first(guards: Sequence[Guard], scene: Scene) -> Forbidden | None:
    said = ((guard.name, guard.says(scene)) for guard in guards)
    return next((Forbidden(name, reason) for name, reason in said if reason), None)


def forbidden_around(scene: Scene, around: Around) -> Forbidden | None:
    """Return the first guard that forbids a rerun by what happened around the run."""
    said = ((guard.name, guard.says(scene, around)) for guard in OUTER_GUARDS)
    return next((Forbidden(name, reason) for name, reason in said if reason), None)


def _merge_queue(scene: Scene) -> str:
    queued = scene.seen.run.event == "merge_group" or scene.seen.head.branch.startswith(_QUEUE)
    return "a failed check has already put it out of the merge queue, and a rerun does not bring it back" * queued


def _deployment(scene: Scene) -> str:
    return "it is a deployment, which only a person runs again" * scene.seen.run.event.startswith("deployment")


def _companion(scene: Scene) -> str:
    return "it is a companion's own run" * (scene.seen.run.event == "workflow_run")


def _attempt(scene: Scene) -> str:
    latest = scene.seen.run.attempt
    return f"attempt {latest} has begun since: somebody ran it again" if latest != scene.number else ""


def _over(scene: Scene) -> str:
    run = scene.seen.run
    if not run.over:
        return f"it is not over, GitHub says `{run.status}`"
    # A run may be called completed before its last job is.
    busy = next((seen.job for seen in scene.jobs if seen.job.status != COMPLETED), None)
    return f"it is not over, the job `{busy.name}` is `{busy.status}`" if busy else ""


def _ended_well(scene: Scene) -> str:
    conclusion = scene.seen.run.conclusion
    return f"it ended as `{conclusion}`" if conclusion in ("success", "skipped", "neutral", "stale") else ""


def _cap(scene: Scene) -> str:
    used = scene.number > scene.max_retries
    return f"all {scene.max_retries} reruns of `rerun.max-retries` are used" * used


def _reruns(scene: Scene) -> str:
    return f"GitHub runs it again at most {MOST_RERUNS} times, and that was done" * (scene.number > MOST_RERUNS)


def _age(scene: Scene) -> str:
    old = scene.now_ms - scene.seen.run.created_ms > MOST_DAYS * _DAY_MS
    return f"it is older than the {MOST_DAYS} days in which GitHub allows a rerun" * old


def _side_effects(scene: Scene) -> str:
    """Name a job with side effects that would run again; GitHub does not tell what depends on what.

    Only a job that succeeded and had begun before the first failed job ended cannot depend on that one.
    """
    failed_at = [seen.job.ended_ms for seen in failed_jobs(scene.jobs) if seen.job.ended_ms is not None]
    first = min(failed_at, default=None)
    for seen in scene.jobs:
        job = seen.job
        named = any(fnmatchcase(job.name.casefold(), pattern.casefold()) for pattern in scene.side_effects)
        before = first is not None and job.began_ms is not None and job.began_ms < first
        if named and not (job.conclusion == "success" and before):
            what = "failed itself" if job.conclusion in FAILED else "may depend on a failed job"
            return f"the job `{job.name}` has side effects by `rerun.side-effects`, and {what}"
    return ""


def _newest(scene: Scene, around: Around) -> str:
    run = scene.seen.run
    newer = [each for each in around.newer if run.event not in _WITH_INPUTS or each.sha != run.sha]
    return f"run {newer[0].id} of `{scene.seen.head.branch}` is newer" if newer else ""


def _pull(scene: Scene, around: Around) -> str:
    if scene.seen.run.event not in _PULL_EVENTS:
        return ""
    if around.pull is None:
        return "its pull request cannot be found"
    if not around.pull.is_open:
        return f"pull request {around.pull.number} is closed"
    moved = around.pull.head_sha != scene.seen.run.sha
    return f"pull request {around.pull.number} has moved on to {around.pull.head_sha[:7]}" if moved else ""


SETTLED = (
    Guard("attempt", _attempt),
    Guard("over", _over),
    Guard("ended-well", _ended_well),
    Guard("companion", _companion),
)
GUARDS = (
    Guard("merge-queue", _merge_queue),
    Guard("deployment", _deployment),
    Guard("cap", _cap),
    Guard("fifty", _reruns),
    Guard("age", _age),
    Guard("side-effects", _side_effects),
)
OUTER_GUARDS = (OuterGuard("newest", _newest), OuterGuard("pull-request", _pull))


@dataclass(frozen=True)
class Refusal:
    """Words of GitHub's answer to a refused call, and what they mean."""

    words: str
    guard: str
    reason: str


REFUSALS = (
    Refusal("already running", "attempt", "somebody ran it again a moment ago"),
    Refusal("over a month ago", "age", f"it is older than the {MOST_DAYS} days in which GitHub allows a rerun"),
    Refusal("", "refused", "GitHub does not allow a rerun of this run"),
)
_RIGHTS = ("not accessible by", "must have admin rights", "saml enforcement")


def refused(said: str) -> Forbidden | None:
    """Say what GitHub's words about a refused call mean; None when it is the token that may not."""
    heard = said.casefold()
    if any(words in heard for words in _RIGHTS):
        return None
    row = next(row for row in REFUSALS if row.words in heard)
    return Forbidden(row.guard, f"{row.reason} ({said})")

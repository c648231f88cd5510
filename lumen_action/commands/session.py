"""The edges of one command, opened when they are first needed."""

from __future__ import annotations

import argparse
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from lumen_action import __version__
from lumen_action.commands import World
from lumen_action.commands.options import given
from lumen_action.commands.planned import failures_threshold, runs_per_day
from lumen_action.errors import LedgerError
from lumen_action.host import Host
from lumen_action.ledger import Ledger
from lumen_action.ledger.opening import Place, open_ledger
from lumen_action.ledger.spool import Spool
from lumen_action.settings import Settings, load_settings

if TYPE_CHECKING:
    from lumen_action.http import Http, Timing
    from lumen_action.incidents.incident import Incident
    from lumen_action.ledger.notes import Notes
    from lumen_action.publish import Publisher
    from lumen_action.sinks import Sink
    from lumen_action.sinks.series import PublishFacts

_CREDENTIALS = re.compile(r"//[^/@\s]*@")
# A stage must not wait for a dead sink: the next call of the job shows the same totals.
BRIEF_SECONDS = 1.0
PATIENT_SECONDS = 30.0
# Another publisher has several sinks to show the totals to.
_LOCK_PATIENCES = 4


def open_session(
    given: Mapping[str, str | None],
    world: World,
    *,
    required: tuple[str, ...] = (),
    patience_seconds: float = BRIEF_SECONDS,
) -> Session:
    """Read the settings and find out where we run; nothing else is opened yet."""
    settings = load_settings(given, world.env, world.folder, required=required)
    return Session(world, settings, _host(world, settings), patience_seconds)


def session_of(arguments: argparse.Namespace, world: World) -> Session:
    """Open the session of a person who has time."""
    return open_session(given(arguments), world, patience_seconds=PATIENT_SECONDS)


def _host(world: World, settings: Settings) -> Host:
    """Return the CI that says it runs us, else the command line."""
    if world.env.get("GITHUB_ACTIONS") == "true":
        from lumen_action.host.github import GitHubHost

        return GitHubHost(
            world.env,
            world.stdout,
            world.new_token,
            job_id=settings.job_id,
            matrix=settings.matrix,
            # In a ledger that ends with the job nobody asks for the day again.
            fetch=_fetch if settings.token and settings.ledger else None,
            token=settings.token,
        )
    if world.env.get("GITLAB_CI") == "true":
        from lumen_action.host.gitlab import GitLabHost

        return GitLabHost(
            world.env,
            world.stdout,
            world.stderr,
            clock_ms=world.clock_ms,
            new_token=world.new_token,
            token=settings.gitlab_token,
            ledger_file=settings.ledger.removeprefix("sqlite:") if settings.ledger.startswith("sqlite:") else "",
        )
    from lumen_action.host.local import LocalHost

    return LocalHost(
        world.env, world.stdout, world.stderr, folder=world.folder, clock_ms=world.clock_ms, run_id=settings.run_id
    )


def _fetch(url: str, headers: Mapping[str, str], timeout: float) -> Mapping[str, object]:
    from lumen_action.http import Http

    # What it answers is only the better of two ways to know the day: not worth waiting for.
    return Http(patience_seconds=timeout).get_json(url, headers, timeout)


@dataclass
class Session:
    """Ledger, spool, sinks and publisher of one call."""

    world: World
    settings: Settings
    host: Host
    patience_seconds: float = BRIEF_SECONDS
    _ledger: Ledger | None = field(default=None, init=False)
    _ledger_fault: LedgerError | None = field(default=None, init=False)

    @property
    def pipeline(self) -> str:
        """Return the pipeline that was named, else the one that runs us."""
        return self.settings.pipeline or self.host.identity().pipeline

    @property
    def timing(self) -> Timing:
        """Return the clocks and the chance by which servers are waited for."""
        from lumen_action.http import Timing

        return Timing(now=lambda: self.world.clock_ms() / 1000, chance=self.world.random)

    @property
    def ledger_url(self) -> str:
        """Return the ledger that was chosen, else a file in our own state folder."""
        return self.settings.ledger or f"sqlite:{self.host.state_dir / 'ledger.db'}"

    def ledger(self) -> Ledger:
        """Open the ledger once; a fault is also met only once."""
        if self._ledger_fault:
            raise self._ledger_fault
        if self._ledger is None:
            try:
                place = Place(
                    env=self.world.env,
                    cache=self.host.state_dir,
                    dies_with_job=self.host.scratch_dirs,
                    machine_dies=self.host.ephemeral,
                )
                self._ledger = open_ledger(self.ledger_url, place)
                self.world.closing.callback(self._ledger.close)
            except LedgerError as fault:
                self._ledger_fault = fault
                raise
        return self._ledger

    @cached_property
    def spool(self) -> Spool:
        """Return the spool in front of the ledger."""
        # A password that changes leaves the place where facts wait as it is.
        return Spool(self.host.state_dir, _CREDENTIALS.sub("//", self.ledger_url))

    @cached_property
    def sinks(self) -> list[Sink]:
        """Return the sinks that are set."""
        sinks: list[Sink] = []
        settings, clock_ms, patience = self.settings, self.world.clock_ms, self.patience_seconds
        if self.ledger_url.startswith("pushgateway:"):
            # Totals of a store that forgets would fall; what is kept there is counted by rules of its own.
            return sinks
        if settings.pushgateway:
            from lumen_action.sinks.pushgateway import Pushgateway

            sinks.append(Pushgateway(settings.pushgateway, self._http()))
        if settings.remote_write:
            from lumen_action.sinks.remote_write import RemoteWrite

            http, notes = self._http(), self._notes()
            sinks.append(RemoteWrite(settings.remote_write, http, notes, clock_ms=clock_ms, patience_seconds=patience))
        if settings.otlp:
            from lumen_action.sinks.otlp import Otlp

            sinks.append(Otlp(settings.otlp, self._http(), clock_ms=clock_ms, patience_seconds=patience))
        if settings.textfile_dir:
            from lumen_action.sinks.textfile import Textfile

            sinks.append(Textfile(settings.textfile_dir))
        return sinks

    def _http(self) -> Http:
        """Return a connection of its own for each sink."""
        from lumen_action.http import Http

        return Http(patience_seconds=self.patience_seconds)

    def _notes(self) -> Notes:
        """Return the notes of the ledger: every kind that outlives a job has them."""
        from lumen_action.ledger.notes import Notes

        ledger = self.ledger()
        if isinstance(ledger, Notes):
            return ledger
        raise LedgerError(f"{ledger.url} keeps no notes, which remote write needs; choose another ledger")

    def publisher(self) -> Publisher:
        """Return the publisher of these sinks."""
        from lumen_action.publish import Publisher

        return Publisher(
            ledger=self.ledger(),
            sinks=self.sinks,
            calendar=self.settings.calendar,
            constants=self.constants,
            clock_ms=self.world.clock_ms,
            # Whoever publishes looks again before it ends: a stage need not wait for it.
            lock_seconds=_LOCK_PATIENCES * self.patience_seconds,
        )

    def constants(self, head: int) -> PublishFacts:
        """Return what is published beside the state."""
        from lumen_action.sinks.series import PublishFacts

        settings, calendar, now_ms = self.settings, self.settings.calendar, self.world.clock_ms()
        schedule, planned = settings.schedule, runs_per_day(settings, now_ms)
        return PublishFacts(
            version=__version__,
            head=head,
            consecutive_failures_threshold=failures_threshold(settings, planned),
            objectives=settings.objectives,
            expected_runs_per_day=planned,
            deadline=(lambda since: schedule.next_deadline_ms(since or now_ms, calendar)) if schedule else None,
            postmortem_due=self._postmortem_due,
        )

    def _postmortem_due(self, incident: Incident) -> int | None:
        # No stage waits for what few pipelines ever have.
        from lumen_action.response.postmortem import term_of

        return term_of(self.settings).due_ms(incident)

    @property
    def ephemeral_note(self) -> str:
        """Say why no totals are published from a ledger that ends with the job, and what to set."""
        ledger = _CREDENTIALS.sub("//", self.ledger_url)
        return (
            f"no totals are published: the ledger {ledger} does not outlive this job; set the input `ledger` "
            "to a place that does, such as `sqlite:/var/lib/lumen/ledger.db` on a self-hosted runner's disk"
        )

"""From what was asked for and what is known of the job to messages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from lumen_action.commands.notify.wish import Wish
from lumen_action.commands.session import Session
from lumen_action.errors import ConfigError
from lumen_action.failure.fingerprint import normalised
from lumen_action.host import Identity
from lumen_action.jobmemory import JobMemory
from lumen_action.model import Fact, Outcome
from lumen_action.ops.notify.board import OpenThread
from lumen_action.ops.notify.message import Link, Message, Row, Severity, digest
from lumen_action.ops.tickets.cases import identity as fingerprint_of
from lumen_action.record import DEFAULT_REGION
from lumen_action.record.earlier import failed_stages
from lumen_action.record.keeping import Keeper
from lumen_action.record.moment import Moment
from lumen_action.summary.words import place

_KIND = "alert"


@dataclass(frozen=True)
class Writer:
    """Writes the messages of one call."""

    session: Session
    wish: Wish

    @property
    def pipeline(self) -> str:
        """Return what the messages are about."""
        return self.session.pipeline

    @property
    def region(self) -> str:
        """Return where we are."""
        return self.session.settings.region or DEFAULT_REGION

    def alert(self) -> Message:
        """Return what went wrong: as it was said, else as it was recorded; a ConfigError where nothing is known."""
        failed, wish = self._failed(), self.wish
        told = _of_failure(failed, self.pipeline) if failed else self._of_words()
        subject = wish.title or told.subject
        sentence = told.sentence if failed else wish.text.partition("\n")[0] or told.sentence
        rows = (*told.rows, *(Row(name, value) for name, value in wish.details.items()))
        links = (*wish.links, *told.links, *self._links(failed))
        thread = self._thread(wish.key) if wish.key else told.thread
        severity = wish.severity or Severity.ERROR
        return replace(
            told,
            subject=subject,
            sentence=sentence,
            rows=rows,
            links=links,
            text=_whole(sentence, rows, wish.text, links),
            thread=thread,
            key=self._key(thread, severity.value, subject, sentence, wish.text),
            at_ms=self.session.world.clock_ms(),
            details={"pipeline": self.pipeline, "region": self.region, **told.details, **wish.details},
            severity=severity,
        )

    def recoveries(self, open_threads: Sequence[OpenThread]) -> list[Message]:
        """Return that it is over: what the key names, else all of these that are about this region and stage."""
        wish, settings = self.wish, self.session.settings
        if wish.key:
            thread = self._thread(wish.key)
            known = next((each for each in open_threads if each.thread == thread), None)
            subject = wish.title or (known.subject if known else f"{self.pipeline}: {wish.key}")
            return [self._recovery(OpenThread(thread, subject, self.region, settings.stage))]
        return [
            self._recovery(replace(each, subject=wish.title or each.subject))
            for each in open_threads
            if each.region in ("", self.region) and (not settings.stage or each.stage == settings.stage)
        ]

    def _of_words(self) -> Message:
        """Return what there is to say where no stage is known to have failed."""
        title, identity = self.wish.title, self._identity
        if title:
            thread = self._thread(normalised(title))
            return Message(title, title, (), "", "", thread, 0, kind=_KIND)
        if not identity.in_job or self.session.settings.job_status is Outcome.SUCCESS:
            raise ConfigError(
                "title: is missing, and no failed stage is recorded in this run that could be told of; write "
                "`--title 'nightly copy failed'`, or record the stage first"
            )
        where = f"the job {identity.leg} failed{place(self.region)}"
        thread = digest(_KIND, identity.repo, self.pipeline, identity.leg, self.region)
        return Message(
            f"{self.pipeline}: {where}", f"{where}; no stage of it was recorded.", (), "", "", thread, 0, kind=_KIND
        )

    def _thread(self, name: str) -> str:
        """Return the thread of a name: in each region another one, since one may be over while the other goes on."""
        return digest(_KIND, self._identity.repo, self.pipeline, self.region, name)

    def _recovery(self, thread: OpenThread) -> Message:
        sentence = self.wish.text.partition("\n")[0] or "It is over."
        links = (*self.wish.links, *self._links(None))
        rows = tuple(Row(name, value) for name, value in self.wish.details.items())
        return Message(
            subject=thread.subject,
            sentence=sentence,
            rows=rows,
            text=_whole(sentence, rows, self.wish.text, links),
            key=self._key(thread.thread, "over"),
            thread=thread.thread,
            at_ms=self.session.world.clock_ms(),
            links=links,
            kind=_KIND,
            details={
                "pipeline": self.pipeline,
                "region": thread.region or self.region,
                **({"stage": thread.stage} if thread.stage else {}),
                **self.wish.details,
            },
            severity=self.wish.severity or Severity.ERROR,
            resolves=True,
        )

    @property
    def _identity(self) -> Identity:
        return self.session.host.identity()

    def _failed(self) -> Fact | None:
        """Return the stage of this run that failed, of this region and job first."""
        session, identity = self.session, self._identity
        if not identity.in_job:
            return None
        keeper = Keeper(session.spool, session.ledger, session.world.clock_ms)
        moment = Moment(identity, self.pipeline, self.region, session.world.clock_ms(), "", JobMemory())
        stage = session.settings.stage
        found = failed_stages(moment, keeper.of_run(identity.run))
        return next((fact for fact in found if not stage or fact.key.stage == stage), None)

    def _links(self, failed: Fact | None) -> Iterator[Link]:
        url = (failed.url if failed else "") or self._identity.url
        if url:
            yield Link("Open the run", url)
        dashboard = self.session.settings.links.get("dashboard", "")
        if dashboard:
            yield Link("Open the dashboard", dashboard)

    def _key(self, thread: str, *said: str) -> str:
        """Return what names the message: the same however often a job repeats it; on a terminal another each time."""
        identity = self._identity
        run = [identity.provider, identity.host, identity.repo, identity.run, str(identity.attempt), identity.job]
        return digest(thread, *said, *(run if identity.in_job else [str(self.session.world.clock_ms())]))


def _of_failure(failed: Fact, pipeline: str) -> Message:
    """Return what is known of a stage that failed."""
    failure, key = failed.failure, failed.key
    where = f"{key.stage} failed{place(key.region)}"
    name = failure.name if failure else "unknown"
    why = f": {failure.evidence}" if failure and failure.evidence else ""
    rows = [Row("Stage", key.stage), Row("Region", key.region), Row("Class", name)]
    if failure:
        rows += [Row(title, text) for title, text in _said(failed) if text]
    return Message(
        subject=f"{pipeline}: {where}",
        sentence=f"{where}, {name}{why}",
        rows=tuple(rows),
        text="",
        key="",
        thread=digest(
            _KIND, key.repo, pipeline, key.stage, key.region, name, fingerprint_of(failed) if failure else ""
        ),
        at_ms=0,
        kind=_KIND,
        details={
            "stage": key.stage,
            "region": key.region,
            "error_class": failure.error_class.value if failure else "unknown",
            "run_id": failed.run_id,
            **({"fingerprint": failure.fingerprint} if failure and failure.fingerprint else {}),
        },
    )


def _said(failed: Fact) -> Iterator[tuple[str, str]]:
    failure = failed.failure
    if failure:
        line = f"line {failure.line}: " if failure.line and failure.evidence else ""
        yield "Evidence", f"{line}{failure.evidence}"
        yield "What it means", failure.meaning
        yield "What to do", failure.hint
        yield "Next", failure.reason
    yield "Run", failed.run_id


def _whole(sentence: str, rows: tuple[Row, ...], text: str, links: tuple[Link, ...]) -> str:
    """Return all of it as plain text, the sentence first."""
    rest = text.removeprefix(sentence).strip()
    parts = [
        sentence,
        "\n".join(f"{row.name}: {row.text}" for row in rows),
        rest,
        "\n".join(f"{link.text}: {link.url}" for link in links),
    ]
    return "\n\n".join(part for part in parts if part)

"""A team whose failures become tickets of a tracker that is asked over HTTP; only the test moves its clock."""

from __future__ import annotations

from facts import HOUR, NOON
from githubapi import TOKEN, GitHubApi
from githubissues import Issues
from ticketworld import FINGERPRINT, Book, failed

from lumen_action.ciapi.client import Access, Client
from lumen_action.http import Timing
from lumen_action.ops.tickets import Draft, Tracker
from lumen_action.ops.tickets.deciding import Move, Rules
from lumen_action.ops.tickets.github import GitHubIssues
from lumen_action.ops.tickets.options import TicketOptions
from lumen_action.ops.tickets.pacing import Pace
from lumen_action.ops.tickets.syncing import Report, Syncer
from lumen_action.ops.tickets.writing import Writer, marker

DRAFT = Draft(FINGERPRINT, "a title", f"{marker(FINGERPRINT)}\n\ntext", ("lumen", "build", "lumen-fp-0123456789ab"))


class TicketTeam:
    """What syncs the tickets of a team; which tracker it has is for others to say."""

    def __init__(self) -> None:
        self.now_ms = NOON + HOUR
        self.book = Book()
        self.slept: list[float] = []
        self.said: list[str] = []
        self.timing = Timing(sleep=self.slept.append, chance=lambda: 0.0)
        self.assignees: tuple[str, ...] = ()

    def tracker(self) -> Tracker:
        raise NotImplementedError

    def sync(self, tracker: Tracker | None = None) -> Report:
        return Syncer(
            ledger=self.book,  # type: ignore[arg-type] - of a ledger only this is needed
            tracker=tracker or self.tracker(),
            writer=Writer(),
            rules=Rules(TicketOptions()),
            assigned=lambda _: (self.assignees, ()),
            clock_ms=lambda: self.now_ms,
            tell=self.said.append,
            pace=Pace(self.timing),
        ).sync()

    def fails(self, run: str = "1") -> None:
        self.book.put(failed(run, self.now_ms - 1000))

    def moves(self) -> list[Move]:
        return [entry.move for entry in self.sync().entries]


class GitHubTeam(TicketTeam):
    """A repository with issues, and what syncs them."""

    def __init__(self, api: GitHubApi) -> None:
        super().__init__()
        self.api = api
        self.issues = Issues.of(api, now_ms=lambda: self.now_ms)

    def tracker(self) -> GitHubIssues:
        return GitHubIssues(Client(Access(self.api.url, "org/app", TOKEN), timing=self.timing, tell=self.said.append))

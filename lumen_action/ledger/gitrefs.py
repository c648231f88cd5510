"""The names of a git ledger's refs and files, and where a host takes them: as refs of our own, or as branches only."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping

from lumen_action.errors import LedgerError
from lumen_action.ledger.gitanswers import MISSING_PERMISSION, Answer, Change, Said, Tries
from lumen_action.ledger.gitrepo import GitRepo
from lumen_action.model import Fact

BRANCH = "refs/heads/lumen/ledger"
OWN_ROOT = "refs/lumen/"
BRANCH_ROOT = "refs/heads/lumen/"
FACT_FILE = "fact.json"
NOTE_FILE = "note"

_SEEN = "refs/seen/"
_BRANCHES_ONLY = "lumen.branches-only"
_SEGMENT_PATH = re.compile(r"segments/\d\d/\d\d/(\d{6})\.jsonl")


def segment_path(number: int) -> str:
    """Return where a segment lies, a hundred to a folder: hosts and git are slow with large ones."""
    name = f"{number:06d}"
    return f"segments/{name[:2]}/{name[2:4]}/{name}.jsonl"


def segments_among(files: Mapping[str, str]) -> dict[int, str]:
    """Return by number what is known of those files that are segments."""
    matches = ((_SEGMENT_PATH.fullmatch(path), known) for path, known in files.items())
    return {int(match[1]): known for match, known in matches if match}


def fact_name(fact: Fact) -> str:
    """Return the name of a fact's ref below either root."""
    digest = fact.key.digest
    return f"ev/{digest[:2]}/{digest}"


def note_name(name: str) -> str:
    """Return the name of a note's ref below either root."""
    return f"note/{hashlib.sha256(name.encode()).hexdigest()[:40]}"


def is_fact(ref: str) -> bool:
    """Tell whether a ref of the remote is that of a fact."""
    return "/lumen/ev/" in ref


class LedgerRefs:
    """The refs of the ledger on one host, and our copy of them as they were last read."""

    def __init__(self, repo: GitRepo, address: str) -> None:
        """Take the clone; nothing is asked yet."""
        self._repo = repo
        self._address = address
        self._branches_only = repo.folder / _BRANCHES_ONLY

    def push(self, changes: Mapping[str, Change], tries: Tries) -> dict[str, Answer]:
        """Change refs under the root that this host takes, and remember where it takes branches only."""
        answers: dict[str, Answer] = {}
        known = self._branches_only.exists()
        for root in (BRANCH_ROOT,) if known else (OWN_ROOT, BRANCH_ROOT):
            left = {
                name: change
                for name, change in changes.items()
                if name not in answers or answers[name].said is Said.REFUSED
            }
            told = self._repo.push({root + name: change for name, change in left.items()}, tries)
            answers |= {name: told[root + name] for name in left}
            taken = any(answers[name].said is not Said.REFUSED for name in left)
            if root == BRANCH_ROOT and taken and not known:
                self._branches_only.touch()
        for answer in answers.values():
            if answer.said is Said.REFUSED:
                raise LedgerError(
                    f"{self._address} takes neither refs {OWN_ROOT}* nor branches lumen/*: {answer.reason}; "
                    f"{MISSING_PERMISSION['write']}, and rules of the repository must allow one of them"
                )
        return answers

    def fetch(self, kind: str, tries: Tries) -> None:
        """Read the remote's refs of one kind, `ev` or `note`; done under the clone's lock."""
        self._repo.fetch([f"+{root}{kind}/*:{_SEEN}{root}{kind}/*" for root in (OWN_ROOT, BRANCH_ROOT)], tries)

    def fetch_branch(self, tries: Tries) -> None:
        """Read where the remote's branch is; done under the clone's lock."""
        self._repo.fetch_branch(BRANCH, _SEEN + BRANCH, tries)

    def seen(self) -> dict[str, str]:
        """Return the remote's refs as they were read, and learn from them when others had to make branches."""
        seen = {name.removeprefix(_SEEN): identity for name, identity in self._repo.refs(_SEEN).items()}
        if any(name.startswith(BRANCH_ROOT) and name != BRANCH for name in seen):
            self._branches_only.touch()
        return seen

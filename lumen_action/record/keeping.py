"""The spool and the ledger behind it: facts go to the disk first, and are read from both."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from lumen_action.errors import IntegrityError, LedgerError
from lumen_action.ledger import Ledger, Put
from lumen_action.ledger.deliver import deliver, hand_over
from lumen_action.ledger.spool import Spool
from lumen_action.model import Fact

# A ledger that does not answer, or whose answer is damaged, may not turn a green job red.
_AWAY = (LedgerError, IntegrityError)
T = TypeVar("T")


@dataclass(frozen=True)
class Keeper:
    """Keeps the facts of one call; `open_ledger` may fail, and then they wait in the spool."""

    spool: Spool
    open_ledger: Callable[[], Ledger]
    clock_ms: Callable[[], int]
    silent: list[Exception] = field(default_factory=list)
    """How the ledger has failed to answer."""

    def keep(self, facts: Sequence[Fact], advice: str, warnings: list[str]) -> Put | None:
        """Keep the facts and return the ledger's word on the first; `advice` goes to whoever contradicts a fact."""
        homeless = [fact for fact in facts if not self._spooled(fact, warnings)]
        try:
            ledger = self.open_ledger()
            delivered = [*deliver(self.spool, ledger, self.clock_ms()), *(hand_over(fact, ledger) for fact in homeless)]
        except _AWAY as fault:
            self.silent.append(fault)
            waits = f"the fact waits in {self.spool.folder} and goes with the next call"
            warnings.append(f"{fault}; {'the fact is lost' if homeless else waits}")
            return None
        warnings.extend(
            f"{item.fact.key.stage} in {item.fact.key.region} was already recorded otherwise in this attempt; "
            f"the first account counts, this one is kept as a conflict{advice}"
            for item in delivered
            if item.answer is Put.CONFLICT
        )
        # Another process may have delivered our fact between the two steps: then the ledger has it.
        return next((item.answer for item in delivered if item.fact.key == facts[0].key), Put.SAME)

    def take_one(self, facts: Iterable[Fact]) -> bool:
        """Tell whether one of the facts could be created, or the ledger is away; those after it are left alone."""
        return self._asked(lambda ledger: any(ledger.put(fact) is not Put.CONFLICT for fact in facts), otherwise=True)

    def of_run(self, run: str) -> list[Fact]:
        """Return the facts that wait, and those of a run as far as the ledger answers."""
        return self._known(lambda ledger: ledger.scan(run=run))

    def of_day(self, pipeline: str, day: str) -> list[Fact]:
        """Return the facts that wait, and those of a pipeline's day as far as the ledger answers."""
        return self._known(lambda ledger: ledger.scan(pipeline=pipeline, day=day))

    def demoted(self, signature: str) -> str:
        """Return why a signature has lost its retries in this ledger, nothing when it has not."""
        from lumen_action.demotions import demotions

        return self._asked(lambda ledger: demotions(ledger).get(signature, ""), otherwise="")

    def _known(self, scan: Callable[[Ledger], Iterable[Fact]]) -> list[Fact]:
        waiting = [fact for _, fact in self.spool.pending()]
        nothing: list[Fact] = []
        return waiting + self._asked(lambda ledger: list(scan(ledger)), otherwise=nothing)

    def _asked(self, question: Callable[[Ledger], T], otherwise: T) -> T:
        """Ask the ledger; one that has not answered is not asked again, for each question would wait as long."""
        if not self.silent:
            try:
                return question(self.open_ledger())
            except _AWAY as fault:
                self.silent.append(fault)
        return otherwise

    def _spooled(self, fact: Fact, warnings: list[str]) -> bool:
        try:
            self.spool.add(fact)
        except LedgerError as fault:
            warnings.append(str(fault))
            return False
        return True

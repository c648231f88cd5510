"""What goes on after the start: a new run now and then, published as every publisher does."""

from __future__ import annotations

import itertools
import time

from lumen_action.http import Http
from lumen_action.ledger import Ledger
from lumen_action.publish import Publisher
from lumen_action.sinks.pushgateway import Pushgateway, PushgatewayOptions
from stack.month import CI, DOWN, HOURLY, NIGHTLY, PIPELINES, REGIONS, RESET, TEST, Pipeline, Run
from stack.past import CALENDAR, constants
from stack.programs import StackError

# Again and again: what ends next, and why it fails. The night's token is renewed first, which ends the page.
_NEXT = (
    (CI, None),
    (CI, TEST),
    (HOURLY, None),
    (NIGHTLY, None),
    (CI, None),
    (HOURLY, DOWN),
    (CI, RESET),
    (HOURLY, DOWN),
    (CI, None),
    (HOURLY, None),
)


class Living:
    """The ledger that goes on growing, and the Pushgateway that shows it."""

    def __init__(self, ledger: Ledger, pushgateway_url: str) -> None:
        """Show nothing yet."""
        self._ledger = ledger
        self._sink = Pushgateway(PushgatewayOptions(pushgateway_url), Http())
        self._next = itertools.cycle(_NEXT)

    def publish(self) -> None:
        """Bring the Pushgateway up to the ledger."""
        for pipeline in PIPELINES:
            for published in self._publisher(pipeline).publish(pipeline.name, schedule=pipeline.schedule):
                if not published.ok:
                    raise StackError(published.describe())

    def go_on(self) -> str:
        """Let the next run end now in every region, publish, and say what happened."""
        pipeline, failure = next(self._next)
        now_ms = _now_ms()
        for region in REGIONS:
            for fact in Run.ended(pipeline, str(now_ms), region, now_ms, failure).facts():
                self._ledger.put(fact)
        self.publish()
        what = f"failed: {failure.name}, {failure.evidence}" if failure else "succeeded"
        return f"{pipeline.name} in {' and '.join(REGIONS)} {what}"

    def _publisher(self, pipeline: Pipeline) -> Publisher:
        return Publisher(
            self._ledger, [self._sink], CALENDAR, lambda head: constants(pipeline, head, _now_ms()), _now_ms
        )


def _now_ms() -> int:
    return int(time.time() * 1000)

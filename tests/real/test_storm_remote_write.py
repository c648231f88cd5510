"""Four publishers whose requests arrive late, shuffled and more than once: remote-written totals are exact."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import servers
from facts import fact
from receiver import Underway, start_receiver, stored, write_url

from lumen_action.errors import RemoteError
from lumen_action.http import Http, Request
from lumen_action.ledger.opening import open_ledger
from lumen_action.sinks.remote_write import RemoteWrite, RemoteWriteOptions
from lumen_action.sinks.series import PublishFacts, families
from lumen_action.sli.days import Calendar
from lumen_action.sli.fold import collect, fold

PUBLISHERS, RUNS_EACH, TIMES_SENT = 4, 10, 3


def _publish(publisher: int, url: str, ledger_url: str) -> tuple[list[int], list[Request]]:
    """Record and publish, run by run; return the totals that were sent and the requests that carry them."""
    sent = []
    with closing(open_ledger(ledger_url)) as ledger, closing(Underway()) as http:
        sink = RemoteWrite(RemoteWriteOptions(url), http, ledger, clock_ms=lambda: int(time.time() * 1000))
        for run in range(RUNS_EACH):
            ledger.put(fact(run=f"{publisher}-{run}"))
            facts = collect(ledger.scan())
            state = fold(facts, now_ms=int(time.time() * 1000), calendar=Calendar())
            try:
                sink.publish(families(state, PublishFacts("1", len(facts))))
            except RemoteError:
                continue  # another has shown newer totals
            sent.append(state.pipelines["nightly"].regions["eu"].runs)
        return sent, http.kept


def test_totals_are_exact_in_whatever_order_and_however_often_they_arrive(
    running: Callable[..., servers.Server], http_client: Http, tmp_path: Path
) -> None:
    prometheus = running(start_receiver)
    url, ledger_url = write_url(prometheus), f"sqlite:{tmp_path / 'ledger.db'}"
    with ThreadPoolExecutor(PUBLISHERS) as pool:
        told = list(pool.map(lambda publisher: _publish(publisher, url, ledger_url), range(PUBLISHERS)))
    sent = sorted(total for totals, _ in told for total in totals)
    late = [request for _, requests in told for request in requests] * TIMES_SENT
    random.Random(11).shuffle(late)
    with ThreadPoolExecutor(PUBLISHERS) as pool:
        list(pool.map(http_client.send, late))

    assert sent[-1] == PUBLISHERS * RUNS_EACH
    (samples,) = stored(prometheus, "lumen_runs_total").values()
    assert [value for _, value in samples] == sent
    assert list(servers.query(prometheus, "resets(lumen_runs_total[1h])").values()) == [0]
    grown = "last_over_time(lumen_runs_total[1h]) - min_over_time(lumen_runs_total[1h])"
    assert list(servers.query(prometheus, grown).values()) == [sent[-1] - sent[0]]

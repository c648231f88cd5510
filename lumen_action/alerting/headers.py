"""Why the rules are as they are: the comment at the head of each file."""

from __future__ import annotations

TOTALS = """
Written by `lumen rules render`; to change it, change what it is rendered from.

One file for pipelines that run once a day or five hundred times: counts, ratios, budgets and alerts.

Counts are exact differences of totals that are themselves exact. increase() extrapolates, and misses the first event of
a new series; a difference is an integer.

What is believed of a total (lumen:*:total) is the highest value published in the last two hours. Why the highest:
  totals only rise, but a publisher that was frozen, or whose push timed out, may replace newer totals by older ones
  until the next publish. A dip of up to two hours is invisible, wherever a window starts or ends; the reverse is that a
  ledger replaced by a new one, whose totals are lower for good, is believed after two hours. A publish at least every
  two hours, on a schedule, rules out longer dips.
A belief stands for 36 hours after the last publish, so that totals which are remote-written stand between publishes,
  and one publish a day is enough. After that nothing is counted: a pipeline that is gone does not live on. What ended
  in a pause counts from the publish after it. Windows of two hours and less say nothing while nobody published for
  three.
The start of a window is what was believed then; two hours in which Prometheus was away are bridged. Before these rules
  were loaded it is read from what was published in the two hours before.
What is absent at the start of a window that is known otherwise is new, and counts from 0.

Why "unless lumen:count_unknown:regions": a region that had facts before the window, but was not seen at its start (a
  longer gap, a new Prometheus in front of an old ledger), would count everything since its birth. The same goes for a
  total that is below what it was: the ledger was replaced. No sample is better than a wrong one; it comes back when the
  window starts after the gap.

A run whose result is corrected later is taken from the failed ones when that is known. By class and stage a correction
  is not told, so these counts stay as they were first.

Where nothing ran there is no ratio: neither 0 % nor 100 %. More may turn out bad than ran: a ratio ends at 1.
  A burn alert asks for three failures or more, for more than the objective allows times its factor, for a Wilson bound
  (one-sided 95 %) above what it allows, and for a failure that is recent. A window that cannot hold that many failures
  switches itself off: that is how one file fits every frequency.

All rules are one group, so that every rule sees the counts of the same instant.

Scrape the Pushgateway with honor_labels: true. A 30 d window needs --storage.tsdb.retention.time of 33d or more.
"""

EVENTS = """
Written by `lumen rules render`; to change it, change what it is rendered from.

Exact counts of runs that are samples of their own (remote write): every run once, whatever was sent in which order.

A run stands where its result was first known, not where totals were published, so a pause of publishing moves nothing
and a receiver that was away for less than its window loses nothing. What comes later than the window is in the totals
only. lumen.rules.yml counts the same runs from totals; a pipeline that has totals too keeps those as lumen:runs:count,
and has its samples as lumen:run_events:count. Days are those of UTC here; the ledger knows the pipeline's own zone.

Cancelled and skipped runs are no samples. A pipeline that ran within 30 days and not within the window counts 0.
Samples are few: the 30 days of 500 runs a day are 15,000. They need --storage.tsdb.retention.time of 31d or more.
"""

GATEWAY_FACTS = """
Written by `lumen rules render`; to change it, change what it is rendered from.

Exact counts of what ended within a window, for a Pushgateway that is itself the ledger (`ledger: pushgateway:URL`).

Every attempt of a run is one group whose value is the time it ended. A run counts once, when it was first decided, as
the latest attempts of its legs say. Cancelled and skipped attempts decide nothing. Order, repetition and lateness
change nothing, nothing is extrapolated, and no history is needed: a new Prometheus counts right at once.

Load lumen.rules.yml beside it: ratios, budgets and alerts stand there. A pipeline has totals or groups, and each file
answers for its own.

A day is won by the first success. It is lost 31 h after its first run was decided: by then the longest day (25 h) and
its grace of 6 h are over. A success that comes still later wins it all the same. Days without a run are not known here,
nor are stages.

Scrape the Pushgateway with honor_labels: true, and run it with --persistence.file: what it forgets is not counted.
"""

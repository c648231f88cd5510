"""The silences of the ledger, brought to an Alertmanager: each once, and ended there with ours."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lumen_action.incidents.silences import Silence
from lumen_action.ops.silences.alertmanager import AlertmanagerSilences, Standing
from lumen_action.response.silences import Silences

# What ended there is known there for five days, where nobody says otherwise; what is not has never been or was lost.
_REMEMBERED_MS = 5 * 24 * 3_600_000


@dataclass(frozen=True)
class There:
    """What an Alertmanager knows of one of our silences: it is twice there when two have brought it at once."""

    silence: Silence
    standings: Sequence[Standing]

    @property
    def left(self) -> Sequence[Standing]:
        """Return what holds there, or is to."""
        return [each for each in self.standings if not each.expired]


def there(silences: tuple[Silence, ...], server: AlertmanagerSilences) -> tuple[There, ...]:
    """Return what an Alertmanager knows of silences of one pipeline; what a person changed there keeps our name."""
    if not silences:
        return ()
    known = server.known(silences[0].pipeline)

    def of(silence: Silence) -> Sequence[Standing]:
        known_as = dict(silence.mirrors).get(server.place)
        return [each for each in known if each.known_as == known_as or each.comment.endswith(f"({silence.name})")]

    return tuple(There(silence, of(silence)) for silence in silences)


def brought(desk: Silences, server: AlertmanagerSilences) -> Iterator[str]:
    """Bring what holds or is to come there, and end there what was ended here; say what was done.

    What somebody ended there is not set again: muting is never done against a person's will. What it has lost is.
    """
    now_ms = desk.clock_ms()
    for each in there(tuple(silence for silence in desk.all() if silence.until_ms > now_ms), server):
        silence, left = each.silence, each.left
        mirrored = server.place in dict(silence.mirrors)
        if silence.over_ms <= now_ms:
            for standing in left:
                server.expire(standing.known_as)
            if left:
                yield f"{silence.name}: ended in the Alertmanager"
        elif not each.standings and (not mirrored or now_ms - silence.set_ms < _REMEMBERED_MS):
            desk.mirrored(silence, server.place, server.create(silence))
            yield f"{silence.name}: set in the Alertmanager{', which had lost it' if mirrored else ''}"
        elif not left:
            yield f"{silence.name}: was ended in the Alertmanager by somebody, and is left so"
        elif not mirrored:
            # Its answer was lost, or the ledger was away: it is ours by its name.
            desk.mirrored(silence, server.place, left[0].known_as)
            yield f"{silence.name}: found in the Alertmanager"

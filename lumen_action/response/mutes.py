"""The silences of the ledger, brought to an Alertmanager: each once, and ended there with ours."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lumen_action.incidents.silences import Silence
from lumen_action.ops.silences.alertmanager import AlertmanagerSilences, Standing
from lumen_action.response.silences import Silences


@dataclass(frozen=True)
class There:
    """What an Alertmanager knows of one of our silences."""

    silence: Silence
    standing: Standing | None

    @property
    def lost(self) -> bool:
        """Tell whether it was there and somebody ended it, or the Alertmanager forgot it."""
        return self.standing is None or self.standing.expired


def there(silences: tuple[Silence, ...], server: AlertmanagerSilences) -> tuple[There, ...]:
    """Return what an Alertmanager knows of silences of one pipeline."""
    if not silences:
        return ()
    known = server.known(silences[0].pipeline)
    by_id = {each.known_as: each for each in known}
    return tuple(
        There(each, by_id.get(dict(each.mirrors).get(server.place, "")) or _said(each, known)) for each in silences
    )


def brought(desk: Silences, server: AlertmanagerSilences) -> Iterator[str]:
    """Bring what holds or is to come there, and end there what was ended here; say what was done.

    What somebody ended there is not set again: muting is never done against a person's will.
    """
    now_ms = desk.clock_ms()
    for each in there(tuple(silence for silence in desk.all() if silence.until_ms > now_ms), server):
        silence, standing = each.silence, each.standing
        mirrored = server.place in dict(silence.mirrors)
        if silence.over_ms <= now_ms:
            if standing and not standing.expired:
                server.expire(standing.known_as)
                yield f"{silence.name}: ended in the Alertmanager"
        elif standing is None and not mirrored:
            desk.mirrored(silence, server.place, server.create(silence))
            yield f"{silence.name}: set in the Alertmanager"
        elif standing and not mirrored:
            # Its answer was lost, or the ledger was away: it is ours by its name.
            desk.mirrored(silence, server.place, standing.known_as)
            yield f"{silence.name}: found in the Alertmanager"
        elif each.lost:
            yield f"{silence.name}: was ended in the Alertmanager by somebody, and is left so"


def _said(silence: Silence, known: Sequence[Standing]) -> Standing | None:
    found = [each for each in known if each.comment.endswith(f"({silence.name})")]
    return next((each for each in found if not each.expired), found[-1] if found else None)

"""Starting runbooks beside a program that goes on, such as one that takes alerts: each in a process of its own."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Mapping
from threading import Thread

from lumen_action.commands.runbook.crew import ourselves, runbooks_of
from lumen_action.commands.session import Session
from lumen_action.incidents.incident import Incident
from lumen_action.model import Trust
from lumen_action.runbooks.inputs import LONGEST_URL
from lumen_action.runbooks.triggers import triggered


def launch_for_alert(
    session: Session, alert: str, labels: Mapping[str, str], incident: Incident, *, waiting: bool = False
) -> tuple[str, ...]:
    """Start what is meant for an alert and named in `runbooks.automatic`; return the names of what may start.

    The process looks at cooldown, cap and inputs for itself, from the ledger; of several, one starts each runbook.
    Who ends at once, as the command of a job does, has to be `waiting` for it.
    """
    automatic = session.settings.runbooks.get("automatic", ())
    if not automatic or session.host.identity().trust is Trust.FORK:
        return ()
    found = triggered(runbooks_of(session), alert=alert, automatic=automatic)
    if found:
        lumen = ourselves(session)
        asked = {each.from_label for one in found for each in one.runbook.inputs}
        # No system takes a word of any length; what is too long is refused there as well when it was cut.
        fitting = {name: text[: LONGEST_URL + 1] for name, text in labels.items() if name in asked}
        words = ["--for-alert", alert, "--labels", json.dumps(fitting)]
        words += ["--pipeline", incident.pipeline, "--incident", incident.name]
        process = subprocess.Popen(  # noqa: S603 - ourselves, and no shell
            [*lumen.argv, "runbook", "run", *words, "--actor", f"alert {alert}"],
            cwd=session.world.folder,
            env=dict(lumen.env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        if waiting:
            _wait(process, alert, session.world.tell)
        else:
            # Whoever goes on would keep a dead child for each alert.
            Thread(target=_wait, args=(process, alert, session.world.tell), daemon=True).start()
    return tuple(each.runbook.name for each in found)


def _wait(process: subprocess.Popen[bytes], alert: str, tell: Callable[[str], None]) -> None:
    """Wait for its end, and say so where it did not come to a good one: what it says itself nobody hears."""
    if code := process.wait():
        tell(f"warning: `lumen runbook run --for-alert {alert}` ended with {code}; see `lumen runbook list --running`")

"""Every alert that we ship, as Prometheus fires it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import alerting

from lumen_action.alerting.alerts import WATCHES
from lumen_action.alerting.rulefile import Alert, Record
from lumen_action.alerting.words import LANGUAGES

REGION, STAGE, RUN, CLASS = "eu-west", "integration-tests", "20261122-eu-west-1a2b3c4", "network"
RUN_URL = "https://ci.example/runs/4711?attempt=2&pr=7"
_ABOUT = {"pipeline": "", "region": REGION, "stage": STAGE, "slo": "run", "error_class": CLASS, "fingerprint": "f00d"}
_ABOUT |= {"incident": "INC-20261122-031200-ABCD", "component": "registry", "runbook": "token-expired"}
_SLO_ALERTS = ("LumenBudgetBurn", "LumenBudgetExhausted", "LumenSLONotMeasurable")
_NAMES = {
    **dict.fromkeys(("LumenIncidentUnacknowledged", "LumenPostmortemOverdue"), ("incident",)),
    **dict.fromkeys(("LumenHealthFailing", "LumenHealthStale", "LumenCredentialExpiring"), ("region", "component")),
    "LumenRunbookUndrilled": ("runbook",),
}
_NO_PIPELINE = {"LumenWidespreadFailure": ("error_class", "fingerprint")}


@dataclass(frozen=True)
class Case:
    """An alert as it fires in a pipeline of its own, so that none mutes another."""

    alert: Alert
    labels: Mapping[str, str]
    value: float

    @property
    def severity(self) -> str:
        return self.alert.labels["severity"]

    @property
    def key(self) -> tuple[str, str]:
        return self.alert.name, self.labels.get("pipeline", "")

    def rules(self) -> Iterator[Record | Alert]:
        """Yield the alert, and the failed run that its words ask for."""
        run = {"run_id": RUN, "url": RUN_URL, "error_class": CLASS, "fingerprint": "f00d"}
        about = {"pipeline": "other", "region": REGION, "stage": STAGE, **self.labels}
        yield Record("lumen_last_failed_run_timestamp_seconds", "vector(time())", {**about, **run})
        expr = f"vector({self.value})"
        for name, value in self.labels.items():
            expr = f'label_replace({expr}, "{name}", "{value}", "", "")'
        yield replace(self.alert, expr=expr)


def cases(language: str) -> list[Case]:
    """Return a case for each alert that we ship."""
    found = []
    for watch, alert in zip(WATCHES, alerting.shipped_alerts(LANGUAGES[language]), strict=True):
        names = {"pipeline", *watch.about, *_NAMES.get(alert.name, ())}
        names |= {"slo"} if alert.name in _SLO_ALERTS else set()
        names = set(_NO_PIPELINE.get(alert.name, names))
        names |= {"window"} if "burn_window" in alert.labels else set()
        about = {**_ABOUT, "pipeline": f"p{len(found)}", "window": alert.labels.get("burn_window", "")}
        value = 1.5 if alert.name == "LumenBudgetExhausted" else 3
        found.append(Case(alert, {name: about[name] for name in sorted(names)}, value))
    return found

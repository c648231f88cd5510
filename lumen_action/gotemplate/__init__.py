"""Go templates without Go: find what Prometheus and Alertmanager would refuse in annotations and notifications."""

from __future__ import annotations

from lumen_action.gotemplate.checking import Fault, check, defines
from lumen_action.gotemplate.hosts import ALERTMANAGER, ALERTMANAGER_0_25, PROMETHEUS, PROMETHEUS_2_42, Host

__all__ = [
    "ALERTMANAGER",
    "ALERTMANAGER_0_25",
    "PROMETHEUS",
    "PROMETHEUS_2_42",
    "Fault",
    "Host",
    "check",
    "defines",
]

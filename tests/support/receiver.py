"""A Prometheus that is written to."""

from __future__ import annotations

import json
from pathlib import Path

import servers


def start_receiver(directory: Path, window: str = "10m", *rules: Path) -> servers.Server:
    """Start a Prometheus that takes what is written to it, up to ten minutes late, and evaluates rules every second."""
    configuration = {
        "global": {"evaluation_interval": "1s"},
        "rule_files": [str(file) for file in rules],
        "storage": {"tsdb": {"out_of_order_time_window": window}},
    }
    (directory / "prometheus.yml").write_text(json.dumps(configuration))  # JSON is YAML
    command = [
        servers.program("prometheus", "prometheus"),
        f"--config.file={directory / 'prometheus.yml'}",
        f"--storage.tsdb.path={directory / 'data'}",
        "--web.listen-address=127.0.0.1:0",
        "--web.enable-remote-write-receiver",
    ]
    return servers._start(command, directory / "prometheus.log", "/-/ready")

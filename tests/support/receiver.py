"""A Prometheus that is written to, and what is on its way to it."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import urlencode

import servers

from lumen_action.http import Http, Request, Response


def start_receiver(directory: Path, window: str = "10m", *rules: Path) -> servers.Server:
    """Start a Prometheus that takes what is written to it, up to ten minutes late, and evaluates rules every second."""
    configuration = {
        "global": {"evaluation_interval": "1s"},
        "rule_files": [str(file) for file in rules],
        "storage": {"tsdb": {"out_of_order_time_window": window}},
    }
    return servers.start_configured_prometheus(directory, configuration, "--web.enable-remote-write-receiver")


def write_url(server: servers.Server) -> str:
    """Return where it is written to."""
    return f"{server.url}/api/v1/write"


def stored(server: servers.Server, selector: str) -> dict[tuple[tuple[str, str], ...], list[tuple[int, float]]]:
    """Return the raw samples of the last hours, stamps in milliseconds."""
    answer = servers.fetch(f"{server.url}/api/v1/query?{urlencode({'query': f'{selector}[3h]'})}")
    return {
        tuple(sorted(series["metric"].items())): [
            (round(stamp * 1000), float(value)) for stamp, value in series["values"]
        ]
        for series in json.loads(answer)["data"]["result"]
    }


class Underway(Http):
    """Says that requests have arrived and keeps them, to be sent later in another order."""

    def __init__(self) -> None:
        super().__init__()
        self.kept: list[Request] = []

    def send(self, request: Request) -> Response:
        self.kept.append(request)
        return Response(204, {}, b"")

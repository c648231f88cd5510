"""The files that the servers read: those we ship, with local addresses, harmless secrets and shorter waits."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from pathlib import Path

from unpacked import alertmanager as alertmanager_command
from unpacked import program

from stack.past import STEP_MS
from stack.programs import ROOT, Server, StackError

RULES = ROOT / "rules" / "prometheus"
PROMETHEUS = ROOT / "examples" / "compose" / "prometheus.yml"
ALERTMANAGER = ROOT / "rules" / "alertmanager"
# What is looked at by somebody who waits has to move.
_EVERY = {"scrape_interval": "2s", "evaluation_interval": "2s"}
_WAITS = {"group_wait": "2s", "group_interval": "10s"}


def prometheus(folder: Path, ports: Mapping[str, int]) -> Server:
    """Return the Prometheus that people look at, and write its configuration: that of examples/compose."""
    text = _with_local_addresses(
        PROMETHEUS.read_text(encoding="utf-8"),
        {
            "/etc/prometheus/rules": str(RULES),
            "pushgateway:9091": f"127.0.0.1:{ports['pushgateway']}",
            "node-exporter:9100": f"127.0.0.1:{ports['node']}",
            "localhost:9090": f"127.0.0.1:{ports['prometheus']}",
            "alertmanager:9093": f"127.0.0.1:{ports['alertmanager']}",
        },
    )
    file = folder / "prometheus.yml"
    file.write_text(_with_spans(text, _EVERY), encoding="utf-8")
    return _prometheus(
        file,
        folder,
        ports["prometheus"],
        "--web.enable-remote-write-receiver",
        # The sample history has a value each hour.
        f"--query.lookback-delta={STEP_MS // 1000 + 60}s",
        "--rules.alert.resend-delay=1s",
    )


def historian(folder: Path, port: int) -> Server:
    """Return a Prometheus that scrapes nothing and evaluates nothing by itself: it is only asked."""
    file = folder / "historian.yml"
    rules = RULES / "lumen.rules.yml"
    file.write_text(f"global: {{evaluation_interval: 365d}}\nrule_files: ['{rules}']\n", encoding="utf-8")
    return _prometheus(file, folder, port)


def _prometheus(configuration: Path, folder: Path, port: int, *more: str) -> Server:
    command = (
        program("prometheus", "prometheus"),
        f"--config.file={configuration}",
        f"--storage.tsdb.path={folder / 'data'}",
        "--storage.tsdb.retention.time=60d",
        f"--web.listen-address=127.0.0.1:{port}",
        *more,
    )
    return Server("prometheus", command, port)


def pushgateway(ports: Mapping[str, int]) -> Server:
    """Return an empty Pushgateway."""
    port = ports["pushgateway"]
    command = (
        program("prometheus-pushgateway", "prometheus-pushgateway", "pushgateway"),
        f"--web.listen-address=127.0.0.1:{port}",
    )
    return Server("pushgateway", command, port)


def node_exporter(folder: Path, ports: Mapping[str, int]) -> Server:
    """Return a node_exporter that shows what is written into the folder `textfile`."""
    port, textfiles = ports["node"], folder / "textfile"
    textfiles.mkdir(exist_ok=True)
    command = (
        program("prometheus-node-exporter", "prometheus-node-exporter", "node_exporter"),
        f"--web.listen-address=127.0.0.1:{port}",
        "--collector.disable-defaults",
        "--collector.textfile",
        f"--collector.textfile.directory={textfiles}",
    )
    return Server("node_exporter", command, port, "/metrics")


def alertmanager(folder: Path, ports: Mapping[str, int]) -> Server:
    """Return an Alertmanager on the routes we ship, whose messages arrive here."""
    port, web = ports["alertmanager"], f"http://127.0.0.1:{ports['web']}"
    # What it told somebody at an earlier start is told again.
    shutil.rmtree(folder / "alertmanager-data", ignore_errors=True)
    secrets = folder / "secrets"
    secrets.mkdir(exist_ok=True)
    for name, value in (
        ("slack_page_url", f"{web}/slack/page"),
        ("slack_team_url", f"{web}/slack/team"),
        ("smtp_password", "harmless"),
        ("webhook_token", "harmless"),
    ):
        (secrets / name).write_text(value, encoding="utf-8")
    for template in ALERTMANAGER.glob("*.tmpl"):
        (folder / template.name).write_text(template.read_text(encoding="utf-8"), encoding="utf-8")
    text = _with_local_addresses(
        (ALERTMANAGER / "alertmanager.yml").read_text(encoding="utf-8"),
        {
            "/etc/alertmanager/secrets": str(secrets),
            "https://hooks.example/lumen": f"{web}/webhook",
            "smtp_smarthost: smtp.example:587": f"smtp_require_tls: false\n  smtp_smarthost: 127.0.0.1:{ports['mail']}",
        },
    )
    file = folder / "alertmanager.yml"
    file.write_text(_with_spans(text, _WAITS), encoding="utf-8")
    command = (
        *alertmanager_command(folder),
        f"--config.file={file}",
        f"--storage.path={folder / 'alertmanager-data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        f"--web.external-url=http://127.0.0.1:{port}",
        "--cluster.listen-address=",
    )
    return Server("alertmanager", command, port)


def _with_local_addresses(text: str, places: Mapping[str, str]) -> str:
    for theirs, ours in places.items():
        if theirs not in text:
            raise StackError(f"the shipped configuration no longer says {theirs}; mend tools/stack/provisioning.py")
        text = text.replace(theirs, ours)
    return text


def _with_spans(text: str, spans: Mapping[str, str]) -> str:
    for name, span in spans.items():
        text = re.sub(rf"\b{name}: \w+", f"{name}: {span}", text)
    return text

"""examples/compose as far as it can be tried without Docker: the real tools read what the containers would see."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import servers
from ruamel.yaml import YAML

JOBS = {"pushgateway", "node", "prometheus", "alertmanager"}
COMPOSE = servers.ROOT / "examples" / "compose"
MOUNT = re.compile(r"(?P<here>\.[^:]*):(?P<there>/[^:]+):ro")


def _services() -> dict[str, dict[str, Any]]:
    services: dict[str, dict[str, Any]] = YAML(typ="safe").load(COMPOSE / "compose.yml")["services"]
    return services


def _inside(service: str, root: Path) -> Path:
    """Lay what a service mounts below a root, as its container would see it; the secrets are the user's."""
    for volume in _services()[service]["volumes"]:
        if match := MOUNT.fullmatch(volume):
            source, place = (COMPOSE / match["here"]).resolve(), root / match["there"].lstrip("/")
            place.parent.mkdir(parents=True, exist_ok=True)
            if source.parent == COMPOSE and not source.suffix:
                place.mkdir()
            else:
                place.symlink_to(source.resolve(strict=True))
    return root


def test_docker_users_get_the_same_servers_and_grafana() -> None:
    assert set(_services()) == {"prometheus", "pushgateway", "alertmanager", "node-exporter", "grafana"}
    for service in _services().values():
        assert re.fullmatch(r"[a-z]+/[a-z-]+:v?\d+\.\d+\.\d+", service["image"])
        assert all(port.startswith("127.0.0.1:") for port in service["ports"])


def test_docker_users_scrape_servers_that_there_are() -> None:
    configuration = YAML(typ="safe").load(COMPOSE / "prometheus.yml")
    jobs = {job["job_name"]: job for job in configuration["scrape_configs"]}
    assert set(jobs) == JOBS
    assert jobs["pushgateway"]["honor_labels"] is True
    targets = {target for job in jobs.values() for group in job["static_configs"] for target in group["targets"]}
    listening = {f"{name}:{port.split(':')[2]}" for name, service in _services().items() for port in service["ports"]}
    assert targets - {"localhost:9090"} <= listening


def test_the_files_that_containers_see_pass_promtool_and_amtool(tmp_path: Path) -> None:
    seen = _inside("prometheus", tmp_path / "prometheus")
    text = (seen / "etc/prometheus/prometheus.yml").read_text().replace("/etc/", f"{seen}/etc/")
    (tmp_path / "prometheus.yml").write_text(text)
    said = _said(servers.promtool(), "check", "config", str(tmp_path / "prometheus.yml"))
    assert said.count("rules found") == len(list((servers.ROOT / "rules" / "prometheus").glob("*.yml")))
    seen = _inside("alertmanager", tmp_path / "alertmanager")
    amtool = servers.program("prometheus-alertmanager", "amtool")
    assert "SUCCESS" in _said(amtool, "check-config", str(seen / "etc/alertmanager/alertmanager.yml"))
    secrets = re.findall(r"/etc/alertmanager/secrets/(\w+)", (seen / "etc/alertmanager/alertmanager.yml").read_text())
    assert (seen / "etc/alertmanager/secrets").is_dir()
    readme = (COMPOSE / "README.md").read_text()
    assert [name for name in secrets if f"> secrets/{name}\n" not in readme] == []


def test_secrets_are_never_committed() -> None:
    assert {f"/examples/compose/{name}/" for name in ("secrets", "textfile")} <= set(
        (servers.ROOT / ".gitignore").read_text().split()
    )


def test_grafana_finds_the_dashboards_where_its_provisioning_says(tmp_path: Path) -> None:
    seen = _inside("grafana", tmp_path)
    provider = YAML(typ="safe").load(seen / "etc/grafana/provisioning/dashboards/lumen.yml")["providers"][0]
    dashboards = seen / provider["options"]["path"].lstrip("/")
    assert {json.loads(file.read_text())["uid"] for file in dashboards.glob("*.json")} == {
        json.loads((servers.ROOT / "rules" / "grafana" / name).read_text())["uid"]
        for name in ("status.json", "reliability.json")
    }
    assert _services()["grafana"]["environment"]["LUMEN_PROMETHEUS_URL"] == "http://prometheus:9090"


def _said(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr

"""A real Alertmanager on the files we ship, and the places where its messages arrive."""

from __future__ import annotations

import contextlib
import email.message
import http.client
import json
import re
import subprocess
import urllib.parse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import loopback
import servers
import unpacked
from mailserver import PASSWORD, MailServer
from ruamel.yaml import YAML

from lumen_action.alerting.rendering import Plan, render
from lumen_action.alerting.rulefile import Alert
from lumen_action.alerting.words import Language

SHIPPED = servers.ROOT / "rules" / "alertmanager"
TOKEN = "token-of-the-hook"  # noqa: S105 - of the tests
ENGLISH, KOREAN = "en", "ko"


@dataclass
class Inbox:
    """What arrived: Slack by the channel of its hook, webhooks with their headers, mails."""

    slack: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    hooks: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    mails: list[email.message.EmailMessage] = field(default_factory=list)
    web: str = ""
    smtp: str = ""

    @contextlib.contextmanager
    def open(self, certificate: servers.Certificate) -> Iterator[Inbox]:
        """Take what is sent until left: mail only over TLS and with the password."""
        # The prompts of LOGIN are not those that Alertmanager knows.
        mail = MailServer(certificate, left_out=["LOGIN"])
        with mail.serving(), loopback.answering(self._take) as self.web:
            self.smtp, self.mails = f"{mail.host}:{mail.port}", mail.mails
            yield self

    def _take(self, request: loopback.Quiet) -> None:
        body = json.loads(request.rfile.read(int(request.headers["Content-Length"])))
        if request.path == "/lumen":
            self.hooks.append((request.headers["Authorization"], body))
        else:
            self.slack.append((request.path.strip("/"), body))
        request.reply(200, {}, b"ok")


def shipped_alerts(language: Language) -> list[Alert]:
    """Return the alerts of the rule file as a team gets it."""
    (group,) = YAML(typ="safe").load(render(Plan(language=language))["lumen.rules.yml"])["groups"]
    return [
        Alert(rule["alert"], rule["expr"], rule["labels"], rule["annotations"])
        for rule in group["rules"]
        if "alert" in rule
    ]


def rendered(directory: Path, inbox: Inbox, language: str = ENGLISH) -> Path:
    """Write the shipped files with addresses and secrets of the inbox and shorter waits; nothing else is changed."""
    for name in ("lumen.tmpl", "lumen.ko.tmpl"):
        (directory / name).write_text((SHIPPED / name).read_text())
    secrets = {
        "smtp_password": PASSWORD,
        "webhook_token": TOKEN,
        "slack_page_url": f"{inbox.web}/page",
        "slack_team_url": f"{inbox.web}/team",
    }
    for name, secret in secrets.items():
        (directory / name).write_text(secret)
    text = (SHIPPED / "alertmanager.yml").read_text()
    for ours, theirs in (
        ("/etc/alertmanager/secrets", str(directory)),
        ("smtp.example:587", inbox.smtp),
        ("https://hooks.example", inbox.web),
        *([("templates: [lumen.tmpl]", "templates: [lumen.tmpl, lumen.ko.tmpl]")] if language == KOREAN else []),
    ):
        assert ours in text
        text = text.replace(ours, theirs)
    file = directory / "alertmanager.yml"
    file.write_text(re.sub(r"(group_wait|group_interval): \w+", r"\1: 1s", text))
    return file


def start_alertmanager(directory: Path, configuration: Path, authority: Path | None = None) -> servers.Server:
    """Start an Alertmanager; it trusts mail servers of the authority."""
    command = [
        *(["env", f"SSL_CERT_FILE={authority}"] if authority else []),
        *unpacked.alertmanager(directory),
        f"--config.file={configuration}",
        f"--storage.path={directory / 'data'}",
        "--web.listen-address=127.0.0.1:0",
        "--cluster.listen-address=",
    ]
    return servers._start(command, directory / "alertmanager.log", "/-/ready")


def amtool(*arguments: str) -> str:
    """Ask amtool; a refusal fails the test with its words."""
    done = subprocess.run(
        [servers.program("prometheus-alertmanager", "amtool"), *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def send(method: str, url: str, body: str) -> None:
    """Send something as JSON or, to a Pushgateway, as text; it has to be taken."""
    place = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(place.netloc, timeout=5)
    with contextlib.closing(connection):
        connection.request(method, place.path, body.encode(), {"Content-Type": "application/json"})
        answer = connection.getresponse()
        assert answer.status in {200, 202}, answer.read()


def post(server: servers.Server, alerts: Sequence[Mapping[str, Any]]) -> None:
    """Send alerts as Prometheus does."""
    send("POST", f"{server.url}/api/v2/alerts", json.dumps(alerts))


def known(server: servers.Server) -> list[dict[str, Any]]:
    """Return the alerts that it holds."""
    found: list[dict[str, Any]] = json.loads(servers.fetch(f"{server.url}/api/v2/alerts"))
    return found


def start_prometheus(directory: Path, alertmanager: servers.Server, rules: str, scraped: str = "") -> servers.Server:
    """Start a Prometheus that evaluates rules every second and tells an Alertmanager."""
    (directory / "rules.yml").write_text(rules)
    targets = [{"targets": [scraped.removeprefix("http://")]}] if scraped else []
    configuration = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": ["rules.yml"],
        "scrape_configs": [{"job_name": "pushgateway", "honor_labels": True, "static_configs": targets}],
        "alerting": {
            "alertmanagers": [{"static_configs": [{"targets": [alertmanager.url.removeprefix("http://")]}]}],
        },
    }
    # What it says before it has found the Alertmanager is lost.
    return servers.start_configured_prometheus(directory, configuration, "--rules.alert.resend-delay=1s")

"""All channels: what sets each up, and those of them that are."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lumen_action.errors import ConfigError, shown
from lumen_action.http import Timing, split_credentials
from lumen_action.ops.notify import Channel
from lumen_action.ops.notify import options as named
from lumen_action.ops.notify.options import alertmanager_access, mail_options, pagerduty_key, teams_url, webhook_url

_URLS = (named.ALERTMANAGER_URL, named.ALERT_URL, named.NOTIFY_URL)

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Ground:
    """What channels are made from: the environment, what `lumen.yml` says, and how to wait."""

    env: Mapping[str, str] = field(repr=False)
    tell: Tell
    timing: Timing
    mail: Mapping[str, Any] = field(default_factory=dict)
    notify: Mapping[str, Any] = field(default_factory=dict)
    to: str = ""
    """Who gets the mail, before those that the settings name."""


@dataclass(frozen=True)
class Way:
    """One kind of channel: what it needs, how it is made, and which variables are secrets."""

    needs: str
    opened: Callable[[Ground, list[str]], Channel | None]
    secrets: tuple[str, ...]
    alarms_only: bool = False
    """Whether it wakes people, and so takes no message without a severity."""


def channels_asked(names: str, ground: Ground, *, alarms: bool = True) -> list[Channel]:
    """Return the channels of these names, or all that are set up; a ConfigError lists every mistake.

    Without `alarms`, as for a report, those that wake people are not among them.
    """
    problems: list[str] = []
    ways = {name: way for name, way in WAYS.items() if alarms or not way.alarms_only}
    asked = [each.strip() for each in names.split(",") if each.strip()]
    problems += [
        f"channel: {shown(each)} is none of {', '.join(ways)}; write `--channel mail`"
        for each in asked
        if each not in ways
    ]
    made = {name: way.opened(ground, problems) for name, way in ways.items() if name in (asked or ways)}
    missing = [name for name in asked if name in ways and not made[name]]
    if not problems:
        problems += [f"channel: {name} is not set up; set {WAYS[name].needs}" for name in missing]
        if not asked and not any(made.values()):
            told = "; or ".join(f"{name}: {way.needs}" for name, way in ways.items())
            problems.append(f"channel: nobody would hear of it; set one of {told}")
        if ground.to and not made.get("mail"):
            problems.append(f"to: there is no mail server to write to them; set {WAYS['mail'].needs}")
    if problems:
        raise ConfigError(problems)
    return [channel for channel in made.values() if channel]


def channel_secrets(env: Mapping[str, str]) -> tuple[str, ...]:
    """Return the secrets of all channels, whether they are used or not, to be kept out of every message."""
    from lumen_action.ops.notify.generic import read_headers, secret_values
    from lumen_action.ops.notify.signing import listed

    values = [env.get(name, "").strip() for way in WAYS.values() for name in way.secrets]
    values += listed(env.get(named.ALERT_SECRET, ""))
    values += secret_values(read_headers(env.get(named.NOTIFY_HEADERS, ""), []))
    in_urls = (split_credentials(env.get(name, "").strip())[1] for name in _URLS)
    values += [login[1] for login in in_urls if login]
    return tuple(dict.fromkeys(filter(None, values)))


def _mail(ground: Ground, problems: list[str]) -> Channel | None:
    options = mail_options(ground.mail, ground.env, ground.to, problems)
    if options is None:
        return None
    from lumen_action.ops.notify.mail import Mail

    return Mail(options, tell=ground.tell, timing=ground.timing)


def _slack(ground: Ground, problems: list[str]) -> Channel | None:
    url = webhook_url(named.SLACK_URL, ground.env, problems)
    if not url:
        return None
    from lumen_action.ops.notify.slack import Slack

    return Slack(url, tell=ground.tell, timing=ground.timing)


def _webhook(ground: Ground, problems: list[str]) -> Channel | None:
    url = webhook_url(named.ALERT_URL, ground.env, problems)
    if not url:
        return None
    from lumen_action.ops.notify.signing import Signer, Style, signer
    from lumen_action.ops.notify.webhook import Webhook

    told = ground.env.get(named.ALERT_SIGNATURE, "").strip() or ground.notify.get("webhook-signature", "")
    styles = [style.value for style in Style]
    if told and told not in styles:
        problems.append(
            f"{named.ALERT_SIGNATURE}: {shown(told)} is none of {', '.join(styles)}; write "
            "`notify: {webhook-signature: standard}`"
        )
        return None
    signs = Signer()
    try:
        signs = signer(ground.env.get(named.ALERT_SECRET, ""), named.ALERT_SECRET, Style(told or Style.STANDARD.value))
    except ConfigError as fault:
        problems += fault.problems
    if signs.weak:
        ground.tell(f"warning: {named.ALERT_SECRET}: a secret of less than 24 bytes may be guessed; make a longer one")
    return Webhook(url, signer=signs, tell=ground.tell, timing=ground.timing)


def _teams(ground: Ground, problems: list[str]) -> Channel | None:
    url = teams_url(ground.env, problems)
    if not url:
        return None
    from lumen_action.ops.notify.teams import Teams

    return Teams(url, tell=ground.tell, timing=ground.timing)


def _pagerduty(ground: Ground, problems: list[str]) -> Channel | None:
    url = webhook_url(named.PAGERDUTY_URL, ground.env, problems)
    key = pagerduty_key(ground.env, problems)
    if not key:
        return None
    from lumen_action.ops.notify.pagerduty import ENDPOINT, PagerDuty

    return PagerDuty(key, url or ENDPOINT, tell=ground.tell, timing=ground.timing)


def _alertmanager(ground: Ground, problems: list[str]) -> Channel | None:
    url, access = alertmanager_access(ground.env, problems)
    if not url:
        return None
    from lumen_action.ops.notify.alertmanager import Alertmanager

    return Alertmanager(url, access=access, tell=ground.tell, timing=ground.timing)


def _generic(ground: Ground, problems: list[str]) -> Channel | None:
    url = webhook_url(named.NOTIFY_URL, ground.env, problems)
    if not url:
        return None
    from lumen_action.ops.notify.generic import Generic, body_problems, read_headers

    headers = read_headers(ground.env.get(named.NOTIFY_HEADERS, ""), problems)
    body: object = ground.notify.get("body")
    if told := ground.env.get(named.NOTIFY_BODY, "").strip():
        try:
            body = json.loads(told)
        except ValueError:
            problems.append(f'{named.NOTIFY_BODY}: is no JSON; write `{{"message": "{{text}}"}}`')
            body = None
    problems += body_problems(body) if body is not None else []
    return Generic(url, headers=headers, body=body, tell=ground.tell, timing=ground.timing)


# In the order in which they are told: people first.
WAYS: Mapping[str, Way] = {
    "mail": Way(
        "`mail: {host: smtp.team.example, from: reports@team.example, to: [ops@team.example]}` or SMTP_HOST, "
        "SMTP_FROM and SMTP_TO, with LUMEN_SMTP_USER and LUMEN_SMTP_PASSWORD",
        _mail,
        ("LUMEN_SMTP_PASSWORD", "SMTP_PASSWORD", "SMTP_PASS"),
    ),
    "slack": Way(f"the secret {named.SLACK_URL}, an incoming webhook", _slack, (named.SLACK_URL,)),
    "teams": Way(f"the secret {named.TEAMS_URL}, the URL of a workflow", _teams, (named.TEAMS_URL,)),
    "webhook": Way(f"the secrets {named.ALERT_URL} and {named.ALERT_SECRET}", _webhook, (named.ALERT_URL,)),
    "generic": Way(
        f"the secret {named.NOTIFY_URL}, with {named.NOTIFY_HEADERS} and `notify: {{body: …}}` where it wants them",
        _generic,
        (named.NOTIFY_URL,),
    ),
    "pagerduty": Way(
        f"the secret {named.PAGERDUTY_KEY}, the key of an Events API v2 integration",
        _pagerduty,
        (named.PAGERDUTY_KEY,),
        alarms_only=True,
    ),
    "alertmanager": Way(
        f"{named.ALERTMANAGER_URL}, with {named.ALERTMANAGER_TOKEN} where it asks for one",
        _alertmanager,
        (named.ALERTMANAGER_TOKEN, named.ALERTMANAGER_PASSWORD),
        alarms_only=True,
    ),
}
REPORT_CHANNELS: Sequence[str] = tuple(name for name, way in WAYS.items() if not way.alarms_only)

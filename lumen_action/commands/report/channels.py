"""The channels that are set up, of which at least one has to be."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from lumen_action.commands.session import Session
from lumen_action.errors import ConfigError, shown
from lumen_action.http import Timing
from lumen_action.ops.notify import Channel
from lumen_action.ops.notify.options import ALERT_SECRET, ALERT_URL, SLACK_URL, mail_options, webhook_url

Tell = Callable[[str], None]

# What is to be set for each.
_NEEDS: Mapping[str, str] = {
    "mail": "`mail: {host: smtp.team.example, from: reports@team.example, to: [ops@team.example]}` or SMTP_HOST, "
    "SMTP_FROM and SMTP_TO, with LUMEN_SMTP_USER and LUMEN_SMTP_PASSWORD",
    "slack": f"the secret {SLACK_URL}, an incoming webhook",
    "webhook": f"the secrets {ALERT_URL} and {ALERT_SECRET}",
}
CHANNELS = tuple(_NEEDS)


def channels_asked(session: Session, names: str, to: str, tell: Tell) -> list[Channel]:
    """Return the channels of these names, or all that are set up; a ConfigError lists every mistake."""
    problems: list[str] = []
    asked = [each.strip() for each in names.split(",") if each.strip()]
    problems += [
        f"channel: {shown(each)} is none of {', '.join(CHANNELS)}; write `--channel mail`"
        for each in asked
        if each not in CHANNELS
    ]
    timing = Timing(now=lambda: session.world.clock_ms() / 1000, chance=session.world.random)
    made = {
        name: make(session, tell, timing, problems) for name, make in _makers(to).items() if name in (asked or CHANNELS)
    }
    missing = [name for name in asked if name in CHANNELS and not made[name]]
    if not problems:
        problems += [f"channel: {name} is not set up; set {_NEEDS[name]}" for name in missing]
        if not asked and not any(made.values()):
            problems.append(f"channel: nobody would hear of the report; set {'; or '.join(_NEEDS.values())}")
        if to and not made.get("mail"):
            problems.append(f"to: there is no mail server to write to them; set {_NEEDS['mail']}")
    if problems:
        raise ConfigError(problems)
    return [channel for channel in made.values() if channel]


def _mail(session: Session, tell: Tell, timing: Timing, problems: list[str], to: str = "") -> Channel | None:
    options = mail_options(session.settings.mail, session.world.env, to, problems)
    if options is None:
        return None
    from lumen_action.ops.notify.mail import Mail

    return Mail(options, tell=tell, timing=timing)


def _slack(session: Session, tell: Tell, timing: Timing, problems: list[str]) -> Channel | None:
    url = webhook_url(SLACK_URL, session.world.env, problems)
    if not url:
        return None
    from lumen_action.ops.notify.slack import Slack

    return Slack(url, tell=tell, timing=timing)


def _webhook(session: Session, tell: Tell, timing: Timing, problems: list[str]) -> Channel | None:
    env = session.world.env
    url = webhook_url(ALERT_URL, env, problems)
    if not url:
        return None
    from lumen_action.ops.notify.webhook import Webhook

    return Webhook(url, secret=env.get(ALERT_SECRET, "").strip(), tell=tell, timing=timing)


def _makers(to: str) -> Mapping[str, Callable[[Session, Tell, Timing, list[str]], Channel | None]]:
    return {"mail": partial(_mail, to=to), "slack": _slack, "webhook": _webhook}

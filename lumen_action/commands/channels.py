"""The channels of a session: what settings and environment say of them, and the secrets that no message may hold."""

from __future__ import annotations

from collections.abc import Callable

from lumen_action.commands.session import Session
from lumen_action.ops.notify import Channel
from lumen_action.ops.notify.channels import Ground, channel_secrets, channels_asked
from lumen_action.ops.notify.redacting import environment_secrets


def channels_of(
    session: Session, names: str, tell: Callable[[str], None], *, to: str = "", alarms: bool = True
) -> list[Channel]:
    """Return the channels of these names, or all that are set up; a ConfigError lists every mistake."""
    world, settings = session.world, session.settings
    timing = session.timing
    ground = Ground(world.env, tell, timing, settings.mail, settings.notify, to)
    return channels_asked(names, ground, alarms=alarms)


def message_secrets(session: Session) -> tuple[str, ...]:
    """Return every secret that a message could hold: those of settings, of all channels and of the environment."""
    env = session.world.env
    return (*session.settings.secrets, *channel_secrets(env), *environment_secrets(env))

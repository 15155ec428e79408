"""Who is on call, now or at any other moment."""

from datetime import datetime

from bot.oncall import rota
from bot.oncall.rota import Turn
from bot.ports import Ports


async def who(ports: Ports, schedule: str = "", at: datetime | None = None) -> str:
    """The Slack user id of who is on call, "" when nobody is; of the default schedule unless another is named."""
    current = await turn(ports, schedule, at)
    return current.user if current else ""


async def turn(ports: Ports, schedule: str = "", at: datetime | None = None) -> Turn | None:
    """The turn that the moment (default: now) falls into, None when nobody is on call then."""
    return rota.turn(ports.manage.oncall, at or ports.now())

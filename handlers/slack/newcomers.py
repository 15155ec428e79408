"""Newcomers: who joins an incident's channel is told privately how things stand."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from bot.incidents import newcomers
from handlers.slack.door import App, Body


def kept(event: Body, me: str) -> Mapping[str, Any] | None:
    """What of a joining is kept; the bot's own needs nothing."""
    if event["user"] == me:
        return None
    ts = str(event.get("event_ts") or "")
    return {"type": event["type"], "user": event["user"], "channel": event["channel"], "ts": ts}


async def act(app: App, event: Body, *, attempt: int) -> None:
    """Tell the newcomer, where the channel is an incident's."""
    at = datetime.fromtimestamp(float(event["ts"]), UTC) if event["ts"] else app.ports.now()
    await newcomers.welcome(app.ports, channel=event["channel"], user=event["user"], joined_at=at, attempt=attempt)

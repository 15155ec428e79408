"""Silences and maintenance windows: read, decide, commit."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.ports import Ports
from bot.silences.maintenance import windows
from bot.silences.muting import Muting, muting
from storage.records.alerts import Instance
from storage.tables import silences

AHEAD = timedelta(days=1)
"""How far ahead `current` knows windows."""


async def current(ports: Ports, conn: AsyncConnection, now: datetime, open_instances: Sequence[Instance]) -> Muting:
    """All that mutes now or within a day: silences, maintenance windows, and of the open instances those that inhibit.

    Ask again when a silence or a planned window has changed (their facts say so), or when an instance has opened or
    resolved that `muting.inhibits` others.
    """
    return muting(
        await silences.not_over(conn, now),
        windows(ports.manage, now, now + AHEAD),
        ports.manage.alerts.inhibit,
        open_instances,
    )

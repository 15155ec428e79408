"""What mutes just now: read anew each time, or kept by a service until its journal says that it has changed."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.matchers import parse_all
from bot.ports import Ports
from bot.silences import muting, service
from bot.silences.muting import Muting
from storage.records.alerts import Instance
from storage.tables import firing, instances

_GOOD_FOR = timedelta(hours=1)
_SOURCES_GOOD_FOR = timedelta(seconds=2)


async def current(ports: Ports, conn: AsyncConnection, now: datetime) -> Muting:
    """All that mutes now."""
    return await service.current(ports, conn, now, await _sources(ports, conn))


@dataclass
class Kept:
    """The same, remembered. What inhibits may be known up to two seconds late to be over: a look at all follows then.

    `planned` says whether what is known of silences and windows still holds, `sources` whether no instance that
    inhibits has been resolved.
    """

    muting: Muting | None = None
    read_at: datetime | None = None
    sources_at: datetime | None = None
    planned: bool = True
    sources: bool = True

    async def current(self, ports: Ports, conn: AsyncConnection, now: datetime) -> Muting:
        """All that mutes now."""
        if self.muting is None or _older(self.sources_at, now, _SOURCES_GOOD_FOR, unless=self.sources):
            self.planned = self.sources = True
            self.muting, self.read_at, self.sources_at = await current(ports, conn, now), now, now
        elif not self.planned or _older(self.read_at, now, _GOOD_FOR):
            self.planned = True
            planned = await service.current(ports, conn, now, ())
            self.muting, self.read_at = replace(planned, inhibitors=self.muting.inhibitors), now
        return self.muting

    def opened(self, opened: list[Instance]) -> bool:
        """Instances have begun to fire; whether others may be muted by them that were not."""
        if self.muting is None:
            return False
        before, self.muting = self.muting, muting.besides(self.muting, opened)
        return self.muting is not before


async def _sources(ports: Ports, conn: AsyncConnection) -> list[Instance]:
    """The open instances that may inhibit others."""
    found: dict[str, Instance] = {}
    for rule in ports.manage.alerts.inhibit:
        where = firing.narrowed(parse_all(rule.source))
        found |= {i.fingerprint: i for i in await instances.open_instances(conn, where=where)}
    return list(found.values())


def _older(read_at: datetime | None, now: datetime, than: timedelta, *, unless: bool = False) -> bool:
    return not unless and (read_at is None or not read_at <= now < read_at + than)

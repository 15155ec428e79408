"""Where reports come in: `Ports.report` of a bot."""

from collections.abc import Sequence

from bot.alerts.recording import record
from bot.ports import Ports
from bot.report import Report


class Intake:
    """Takes reports. `since` is when this process began to."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports
        self.since = ports.now()

    async def __call__(self, reports: Sequence[Report], /) -> None:
        """Take the reports: when this returns they are on disk. Raises `StoreError`."""
        await self._ports.store.transact(lambda unit: record(self._ports, unit, reports))

"""What becomes of a batch of alerts, whichever way its bytes came in."""

import asyncio
from typing import Any

import orjson

from bot.alerts import posted
from bot.alerts.intake import Intake
from bot.alerts.keeping import Posted
from bot.heartbeats.service import without_beats
from bot.report import Report
from handlers.http.alertmanager.again import Again
from handlers.http.alertmanager.answers import Refused
from handlers.http.road import Left
from handlers.measured import Measured

PREFIX = "/api/v2"
MOST_INSIDE = 64_000_000
"""Bytes of batches that may be read and written at once; beyond that, senders are asked to come back."""


class Taking:
    """Takes batches for one bot, and counts the bytes of those that are being taken."""

    path = f"{PREFIX}/alerts"

    def __init__(self, app: Measured) -> None:
        self._ports = app.ports
        # a bot that is only opened for a moment takes reports without remembering them
        self._intake = app.ports.report if isinstance(app.ports.report, Intake) else None
        self._again = Again(self._intake) if self._intake else None
        self._beats = {config.alert for config in app.ports.manage.heartbeats if config.alert}
        self._bytes = 0

    def hold(self, size: int) -> bool:
        """Whether a body of that many bytes may be held now, and count it; negative to let go of it."""
        if size > 0 and self._bytes + size > MOST_INSIDE:
            return False
        self._bytes += size
        return True

    async def take_good(self, body: Any) -> list[str]:
        """Take the good alerts of a decoded body; when this returns they are on disk. Says what is wrong with others.

        Raises `Refused` for a body of a wrong type, of which nothing is taken, and `StoreError`.
        """
        reports, wrong = self._news(body)
        if self._beats:
            reports = await without_beats(self._ports, reports)
        if reports:
            await self._ports.report(reports)
        return wrong

    def take(self, body: bytes) -> "asyncio.Future[None] | None":
        """The same of a body in which all is good; None when it says nothing new. Raises `Left` for others."""
        if self._intake is None or self._again is None:
            raise Left
        now, timeout = self._ports.now(), self._timeout()
        if self._again.repeated(body, now):
            return None
        try:
            alerts = orjson.loads(body)
            if self._again.fresh(alerts, now, self._beats):
                return self._intake.take(Posted(body, len(alerts), now, timeout))
            reports = self._again.news(alerts, now, timeout, whole=True)[0]
        except (orjson.JSONDecodeError, posted.BadBody, posted.BadAlert):
            raise Left from None
        if not reports:
            if len(alerts) == 1:
                self._again.learn(body, alerts[0])
            return None
        if self._beats and any(report.name in self._beats for report in reports):
            raise Left
        return self._intake.take(reports)

    def _news(self, body: Any) -> tuple[list[Report], list[str]]:
        read = self._again.news if self._again is not None else posted.reports
        try:
            return read(body, self._ports.now(), self._timeout())
        except posted.BadBody as wrong:
            raise Refused(str(wrong)) from None

    def _timeout(self) -> Any:
        return self._ports.manage.alerts.resolve_timeout

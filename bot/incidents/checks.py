"""Which checks alerts tell of, however their instances are grouped."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.alerts.rules import SOURCE
from storage.records.alerts import Alert
from storage.tables import instances

CHECK = "check"
"""The label that names the check."""


async def of_alerts(conn: AsyncConnection, raised: Sequence[Alert]) -> list[str]:
    """The names of the checks, in their order; where an alert stands for several, its instances name them."""
    named = {alert.labels[CHECK] for alert in raised if CHECK in alert.labels}
    grouped = [alert.id for alert in raised if alert.source == SOURCE and CHECK not in alert.labels]
    return sorted(named | await instances.label_values(conn, grouped, CHECK))

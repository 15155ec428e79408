"""What repeats: reading all sources, and folding what is old."""

from datetime import timedelta

from bot.bus import schedule
from bot.metrics import service
from bot.ports import Ports


@schedule(lambda manage: f"@every {manage.metrics.every // timedelta(milliseconds=1)}ms")
async def collect(ports: Ports) -> None:
    """Read every source once. A round that takes longer than the interval is not overtaken by the next."""
    await service.collect(ports)


@schedule("@hourly")
async def fold(ports: Ports) -> None:
    """Turn old samples into hourly aggregates."""
    await service.fold(ports)

"""What repeats: rounds of probes."""

from datetime import timedelta

from bot.bus import schedule
from bot.health import service
from bot.ports import Ports


@schedule(lambda manage: f"@every {manage.health.every // timedelta(milliseconds=1)}ms")
async def run_round(ports: Ports) -> None:
    """Run every check once. A round that takes longer than the interval is not overtaken: the next one is left out."""
    await service.run_round(ports)

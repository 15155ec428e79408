"""What repeats around heartbeats, the timers that wait for them, and the alerts of those that are silent."""

from datetime import datetime, timedelta

import httpx
import structlog

from bot.bus import Fact, on, schedule, task
from bot.config.manage import Manage
from bot.events import HeartbeatEvent, HeartbeatMissed, HeartbeatPaused, HeartbeatRetired, HeartbeatReturned
from bot.heartbeats import decide, service
from bot.ports import Ports
from storage.records.jobs import Job

_PATIENCE = 10.0
_log = structlog.get_logger(__name__)


@on(HeartbeatMissed, HeartbeatReturned, HeartbeatPaused, HeartbeatRetired, lane="heartbeat")
async def report(ports: Ports, fact: Fact[HeartbeatEvent]) -> None:
    """Raise or end the alert, in the order in which it happened."""
    await service.report(ports, fact)


async def _look(ports: Ports, job: Job) -> None:
    await service.look(ports, job.payload["name"], datetime.fromisoformat(job.payload["at"]))


look = task(decide.TIMER)(_look)


@schedule("@every 30s")
async def watch(ports: Ports) -> None:
    """Note that the bot listens, and begin to wait for what is new."""
    await service.watch(ports)


def _every(manage: Manage) -> str:
    """Give the interval; where no address is configured there is nothing to be quick about."""
    if manage.heartbeats_out.url is None:
        return "@hourly"
    return f"@every {manage.heartbeats_out.every // timedelta(milliseconds=1)}ms"


@schedule(_every)
async def send(ports: Ports) -> None:
    """Tell the outside that the bot works. Silence is the message when it does not, so nothing is tried again."""
    url = ports.manage.heartbeats_out.url
    if url is None:
        return
    if not await service.works(ports):
        _log.warning("heartbeat_withheld", reason="jobs wait for too long")
        return
    try:
        answer = await ports.http.get(url.get_secret_value(), timeout=_PATIENCE)
    except httpx.HTTPError as error:
        _log.warning("heartbeat_not_sent", error=type(error).__name__)
        return
    if not answer.is_success:
        _log.warning("heartbeat_not_sent", error=f"HTTP {answer.status_code}")


@schedule("@daily 03:20")
async def forget_deliveries(ports: Ports) -> None:
    """Forget which deliveries were taken long ago."""
    await service.forget_deliveries(ports)

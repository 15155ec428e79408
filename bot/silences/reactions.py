"""What happens when silences and maintenance windows begin and end."""

import re

from bot.bus import Fact, on, schedule, task
from bot.events import MaintenanceBegan, MaintenanceEnded, MaintenanceEvent
from bot.ports import Ports
from bot.posting import show
from bot.silences import cards, decide, planning, service
from storage.records.jobs import Job
from storage.tables import maintenance

_USER = re.compile(r"[UW][A-Z0-9]{2,20}")


@task(decide.TELL)
async def tell(ports: Ports, job: Job) -> None:
    """A silence begins or ends: write it down, so that what it mutes is looked at again."""
    await service.tell(ports, job.payload["silence"])


@task(decide.REMIND)
async def remind(ports: Ports, job: Job) -> None:
    """Remind the author of a silence that is about to end while something fires below it."""
    view, now = await service.view(ports, job.payload["silence"]), ports.now()
    silence = view.silence
    if ports.chat is None or not view.touched.instances or not decide.reminds(silence, now):
        return
    author = _USER.fullmatch(silence.created_by)
    channel = await ports.chat.direct(silence.created_by) if author else ports.manage.channels.alerts
    await show(
        ports,
        cards.reminder(silence, view.touched.alerts, view.touched.instances),
        key=f"{silence.subject}:reminder:{silence.ends_at.isoformat()}",
        subject=silence.subject,
        kind="reminder",
        channel=channel,
        attempt=job.attempts,
    )


@schedule("@every 60s")
async def watch(ports: Ports) -> None:
    """Look which maintenance windows begin and end: those of manage.yml have nobody else who plans them."""
    await planning.look(ports)


@task(planning.LOOK)
async def look(ports: Ports, _job: Job) -> None:
    """A window begins or ends now."""
    await planning.look(ports)


@on(MaintenanceBegan, MaintenanceEnded, lane="maintenance")
async def announce(ports: Ports, fact: Fact[MaintenanceEvent]) -> None:
    """Say in the channel of alerts that a window is on, and in the same message that it is over."""
    async with ports.store.read() as conn:
        window = await maintenance.get(conn, fact.event.maintenance)
    if window is None:
        return
    await show(
        ports,
        cards.window(window),
        key=window.subject,
        subject=window.subject,
        kind="maintenance",
        channel=ports.manage.channels.alerts,
        attempt=fact.attempt,
    )

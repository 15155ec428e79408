"""What is told of past incidents by itself: those that are like a new one, in its channel."""

from bot.bus import task
from bot.incidents import furniture, past, past_cards, service, talk
from bot.ports import Ports
from bot.posting import show
from storage.records.jobs import Job


@task(furniture.ALIKE)
async def precedents(ports: Ports, job: Job) -> None:
    """Post which past incidents are like this one, and what helped then; nothing where there are none."""
    number = job.payload["incident"]
    incident = (await service.view(ports, number)).incident
    if ports.chat is None or not furniture.reachable(incident) or incident.test:
        return
    found = await past.precedents(ports, number)
    if not found:
        return
    posting = show(
        ports,
        past_cards.precedents(incident, found, asked=False),
        key=f"{incident.subject}:alike",
        subject=incident.subject,
        kind="note",
        channel=incident.channel,
        attempt=job.attempts,
    )
    await talk.tried(ports, number, "What is known of similar incidents could not be posted", posting)

"""What happens after facts about checks and alerts: cards, threads and pages."""

from bot.alerts import cards, escalation, service
from bot.bus import Fact, on, task
from bot.events import (
    AcknowledgementWithdrawn,
    AlertAcknowledged,
    AlertEvent,
    AlertJoinedIncident,
    AlertLinked,
    AlertOpened,
    AlertResolved,
    ChannelOpened,
    CheckChanged,
    EscalationExhausted,
    EscalationStepFired,
    IncidentDeclared,
    IncidentEvent,
    JobDied,
    PageDelivered,
    PageFailed,
)
from bot.ports import Ports, Posted, Undeliverable
from bot.posting import show
from storage.records.jobs import Job
from storage.tables import posts

CARD = "card"
_TRIES = 6


@on(CheckChanged, lane="rules")
async def evaluate(ports: Ports, fact: Fact[CheckChanged]) -> None:
    """Raise or resolve the check's alerts."""
    await service.check_changed(ports, fact.event)


@on(AlertOpened, lane=CARD)
async def post_card(ports: Ports, fact: Fact[AlertOpened]) -> None:
    """Post the alert's one card."""
    await _card(ports, fact.event.alert, attempt=fact.attempt, at_once=True)


@on(
    AlertAcknowledged,
    AcknowledgementWithdrawn,
    AlertResolved,
    AlertLinked,
    EscalationStepFired,
    EscalationExhausted,
    PageDelivered,
    PageFailed,
    lane=CARD,
)
async def follow(ports: Ports, fact: Fact[AlertEvent]) -> None:
    """Say in the thread what happened, and bring the card up to date: at once for a person, merged for the machine."""
    subject = fact.event.subject
    async with ports.store.read() as conn:
        card = await posts.get(conn, f"{subject}:card")
    said = cards.note(fact.event, fact.actor, fact.at)
    if card is not None and said is not None:
        await show(
            ports,
            said,
            key=f"entry:{fact.id}",
            subject=subject,
            kind="note",
            channel=card.channel,
            thread_ts=card.ts,
            attempt=fact.attempt,
        )
    await _card(ports, fact.event.alert, attempt=fact.attempt, at_once=fact.actor != service.BOT)


@on(ChannelOpened)
async def show_channel(ports: Ports, fact: Fact[ChannelOpened]) -> None:
    """Lead from the cards of the incident's alerts to its channel."""
    for alert in await service.of_incident(ports, fact.event.incident):
        await _card(ports, alert, attempt=fact.attempt, at_once=False)


@on(IncidentDeclared, AlertJoinedIncident)
async def link(ports: Ports, fact: Fact[IncidentEvent]) -> None:
    """Note on the alert which incident it belongs to."""
    event = fact.event
    if isinstance(event, IncidentDeclared | AlertJoinedIncident) and event.alert is not None:
        await service.link(ports, event.alert, event.incident)


@on(JobDied)
async def report_dead_job(ports: Ports, fact: Fact[JobDied]) -> None:
    """Raise an alert for work that was given up."""
    await service.job_died(ports, fact.event, fact.at)


@task(escalation.STEP)
async def take_step(ports: Ports, job: Job) -> None:
    """An escalation step is due: decide whether it still is, and whom to tell."""
    await service.take_step(ports, job.payload["alert"], job.payload["step"])


@task(escalation.PAGE)
async def page(ports: Ports, job: Job) -> None:
    """Tell one target, unless somebody has the alert by now."""
    number, step = job.payload["alert"], job.payload["step"]
    target, via = job.payload["target"], job.payload["via"]
    view = await service.view(ports, number)
    if escalation.still_due(view.alert, view.alert.next_step):
        return
    try:
        receipt = await _deliver(ports, view, job)
    except Undeliverable as failed:
        if failed.retry and job.attempts < _TRIES:
            raise
        await service.record(ports, PageFailed(alert=number, target=target, via=via, step=step, error=str(failed)))
    else:
        await service.record(ports, PageDelivered(alert=number, target=target, via=via, step=step, receipt=receipt))


async def _deliver(ports: Ports, view: service.View, job: Job) -> str:
    via = job.payload["via"]
    delivery = ports.channels.get(via)
    if delivery is None:
        raise Undeliverable(f"no channel is named {via}", retry=False)
    async with ports.store.read() as conn:
        post = await posts.get(conn, f"{view.alert.subject}:card")
    address = ports.chat.link(Posted(post.channel, post.ts)) if ports.chat and post else ""
    receipt = await delivery(
        cards.page(view.alert, job.payload["step"], address),
        target=job.payload["target"],
        key=job.key,
        attempt=job.attempts,
    )
    return receipt.text


async def _card(ports: Ports, alert: int, *, attempt: int, at_once: bool) -> None:
    view = await service.view(ports, alert)
    await show(
        ports,
        cards.live(view.alert, view.told, view.upcoming, view.incident),
        key=f"{view.alert.subject}:card",
        subject=view.alert.subject,
        kind="card",
        channel=ports.manage.channels.alerts,
        attempt=attempt,
        at_once=at_once,
    )

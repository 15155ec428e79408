"""What follows for the public page: texts are proposed, their cards kept true, outside pages told."""

from datetime import timedelta

from bot.bus import Fact, on, task
from bot.engine.retry import Later
from bot.events import (
    AlertJoinedIncident,
    CheckChanged,
    ComponentsAffected,
    IncidentAbsorbed,
    IncidentDeclared,
    IncidentEvent,
    IncidentMerged,
    IncidentReopened,
    IncidentResolved,
    NoticeDiscarded,
    NoticeProposed,
    NoticePublished,
    NoticeWithdrawn,
    SeverityChanged,
    StatusChanged,
)
from bot.ports import ChatError, Ports
from bot.posting import CLOSED, find, show
from bot.statuspage import cards, mirroring, service
from bot.statuspage.notices import BOT, NotPublic
from storage.records.jobs import Job
from storage.records.notices import Notice, NoticeStatus

LANE = "statuspage"
CHANNEL_WITHIN, LOOK_AGAIN = timedelta(minutes=1), timedelta(seconds=1)
"""How long a proposal waits for the incident's channel, and how often it looks for it."""


@on(
    AlertJoinedIncident,
    ComponentsAffected,
    IncidentDeclared,
    IncidentMerged,
    IncidentReopened,
    IncidentResolved,
    StatusChanged,
    lane=LANE,
)
async def propose(ports: Ports, fact: Fact[IncidentEvent]) -> None:
    """Word what the public could be told of the incident's new phase, for people to decide on.

    Where nothing is to be told, a text that still waits about an earlier phase goes.
    """
    if not await service.called_for(ports, fact.event.incident):
        await service.take_back(ports, fact.event.incident)
        return
    try:
        await service.propose(ports, fact.event.incident, by=BOT, asked=False)
    except NotPublic:  # it affects nothing any more
        return


@on(NoticeProposed, NoticePublished, NoticeDiscarded, NoticeWithdrawn, lane=LANE)
async def show_notice(ports: Ports, fact: Fact[IncidentEvent]) -> None:
    """Keep the notice's card true: in the incident's channel, else where all incidents are announced."""
    event = fact.event
    if not isinstance(event, NoticeProposed | NoticePublished | NoticeDiscarded | NoticeWithdrawn):
        return
    notice = await service.notice(ports, event.notice)
    key = f"{notice.subject}:card"
    if notice.status is not NoticeStatus.PROPOSED and await find(ports, key) is None:
        return  # published as it was said, or decided on before it could be shown
    about = await service.incident(ports, notice.incident)
    waited = ports.now() - notice.created_at
    if ports.chat is not None and not about.channel and not about.trouble and waited < CHANNEL_WITHIN:
        raise Later(ports.now() + LOOK_AGAIN)  # its channel is being opened
    own = about.channel if about.archived_at is None else ""
    try:
        await _show(ports, notice, key, own or ports.manage.channels.incidents, fact.attempt)
    except ChatError as refused:
        if refused.code not in CLOSED or not own:
            raise
        await _show(ports, notice, key, ports.manage.channels.incidents, fact.attempt)


@on(NoticePublished, NoticeWithdrawn)
async def mirror_notice(ports: Ports, fact: Fact[IncidentEvent]) -> None:
    """Have the outside pages told what was published, or taken back."""
    await mirroring.plan(ports, fact.event.incident, f"fact:{fact.id}")


@on(
    AlertJoinedIncident,
    ComponentsAffected,
    IncidentAbsorbed,
    IncidentDeclared,
    IncidentMerged,
    IncidentReopened,
    IncidentResolved,
    SeverityChanged,
)
async def mirror_incident(ports: Ports, fact: Fact[IncidentEvent]) -> None:
    """Have the outside pages told how the components are now that an incident that affects some changed."""
    event = fact.event
    if isinstance(event, ComponentsAffected) or (await service.incident(ports, event.incident)).components:
        await mirroring.plan(ports, 0, f"fact:{fact.id}")


@on(CheckChanged)
async def mirror_check(ports: Ports, fact: Fact[CheckChanged]) -> None:
    """The same once a check of a component changed."""
    if any(fact.event.check in component.checks for component in ports.manage.statuspage.components):
        await mirroring.plan(ports, 0, f"fact:{fact.id}")


@task(mirroring.MIRROR)
async def mirror(ports: Ports, job: Job) -> None:
    """Tell one outside page."""
    await mirroring.tell(ports, job.payload["page"], job.payload["incident"], job.attempts - job.postponed)


async def _show(ports: Ports, notice: Notice, key: str, channel: str, attempt: int) -> None:
    await show(
        ports, cards.notice(notice), key=key, subject=notice.subject, kind="notice", channel=channel, attempt=attempt
    )

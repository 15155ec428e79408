"""What follows for the meeting about a postmortem: it is arranged, shown, attached, and calendars are told."""

from dataclasses import replace

from bot.bus import Fact, on, task
from bot.calendars import entry
from bot.engine.retry import runs
from bot.events import (
    IncidentEvent,
    IncidentReopened,
    IncidentResolved,
    MeetingArranged,
    MeetingCancelled,
    MeetingPlanned,
    MeetingTroubled,
)
from bot.incidents import service as incidents
from bot.incidents import talk
from bot.incidents.decide import LANE
from bot.incidents.furniture import reachable
from bot.meetings import cards, decide, service
from bot.ports import ChatError, Ports
from bot.posting import CLOSED, find
from bot.posting import show as show_message
from storage.records.incidents import Incident
from storage.records.jobs import Job
from storage.records.meetings import Meeting
from storage.records.posts import Post
from storage.tables import posts

NO_FILE = "The invitation could not be attached as a file"


@on(IncidentResolved, lane="meeting")
async def arrange(ports: Ports, fact: Fact[IncidentResolved]) -> None:
    """Arrange the meeting of a grave incident, unless there is one."""
    incident = (await incidents.view(ports, fact.event.incident)).incident
    meeting, _ = await service.standing(ports, incident.id)
    ahead = meeting is not None and not meeting.cancelled and meeting.ends_at > ports.now()
    if not decide.wanted(incident, ports.manage.incidents.meeting.hold_for) or ahead:
        return
    await service.arrange(ports, incident, by=incidents.BOT, attempt=fact.attempt)


@on(IncidentReopened, lane="meeting")
async def cancel(ports: Ports, fact: Fact[IncidentReopened]) -> None:
    """Cancel the meeting of an incident that is not over after all."""
    number = fact.event.incident
    if (await incidents.view(ports, number)).incident.open:  # else it was resolved again meanwhile
        await service.cancel(ports, number, by=incidents.BOT, reason="the incident is open again")


@task(decide.SYNC)
async def tell(ports: Ports, job: Job) -> None:
    """Bring one calendar up to date."""
    await service.tell(ports, job.payload["incident"], job.payload["calendar"], runs(job))


@on(MeetingArranged, MeetingCancelled, MeetingPlanned, lane=LANE)
async def show(ports: Ports, fact: Fact[IncidentEvent]) -> None:
    """Say when the meeting is, and keep it true as calendars answer."""
    await _show(ports, fact.event.incident, fact.attempt)


@on(MeetingTroubled, lane=LANE)
async def warn(ports: Ports, fact: Fact[MeetingTroubled]) -> None:
    """Say which calendar did not take the meeting, and what a person can do."""
    await _show(ports, fact.event.incident, fact.attempt)
    await talk.tell(ports, fact)


@on(MeetingArranged, lane=LANE)
async def upload(ports: Ports, fact: Fact[MeetingArranged]) -> None:
    """Put the invitation into the channel as a file, for calendars that nobody told."""
    event = fact.event
    meeting, _ = await service.standing(ports, event.incident)
    if meeting is None or meeting.cancelled or meeting.sequence != event.sequence:
        return  # it was changed meanwhile
    await talk.tried(ports, event.incident, NO_FILE, _attached(ports, meeting, fact.attempt))


def _key(number: int, sequence: int) -> str:
    return f"incident:{number}:meeting:{sequence}"


async def _show(ports: Ports, number: int, attempt: int) -> None:
    meeting, copies = await service.standing(ports, number)
    if meeting is None:
        return
    if meeting.sequence:
        before = _key(number, meeting.sequence - 1)
        await show_message(ports, cards.outdated(), key=before, subject=f"incident:{number}", kind="note")
    key = _key(number, meeting.sequence)
    await talk.speak(ports, number, cards.announced(meeting, copies), key=key, attempt=attempt)


async def _attached(ports: Ports, meeting: Meeting, attempt: int) -> bool:
    """Upload the file once for each change, where the meeting is talked of."""
    key = f"{_key(meeting.incident, meeting.sequence)}:file"
    incident = (await incidents.view(ports, meeting.incident)).incident
    if ports.chat is None or await find(ports, key):
        return True
    # without the addresses: a file in a channel is no invitation, whoever opens it puts the meeting into their own
    text = entry.entry(await service.invitation(ports, replace(meeting, attendees=())), now=ports.now())
    for channel, thread in await _places(ports, incident, attempt):
        try:
            file = await ports.chat.upload(
                channel,
                # each change has a name of its own: by it a file is known that an attempt left which was cut short
                name=f"incident-{meeting.incident}-postmortem{f'-{meeting.sequence}' if meeting.sequence else ''}.ics",
                title=meeting.title,
                content=text,
                thread_ts=thread,
                attempt=attempt,
            )
        except ChatError as refused:
            if refused.code in CLOSED:
                continue
            raise
        kept = Post(
            key=key,
            subject=incident.subject,
            kind="file",
            channel=channel,
            ts=file,
            posted_at=ports.now(),
            thread_ts=thread,
        )
        await _keep(ports, kept)
        break
    return True


async def _keep(ports: Ports, post: Post) -> None:
    await ports.store.transact(lambda unit: posts.put(unit.conn, post))


async def _places(ports: Ports, incident: Incident, attempt: int) -> list[tuple[str, str]]:
    """The channel, else the thread of its announcement; of a private incident nothing is told outside its channel.

    On a later attempt the channel is looked into, too, when it was closed since the one before.
    """
    own = [(incident.channel, "")] if reachable(incident) or (incident.channel and attempt > 1) else []
    above = await find(ports, f"{incident.subject}:digest") if not incident.private else None
    return [*own, *([(above.channel, above.ts)] if above else [])]

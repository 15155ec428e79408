"""Who comes into an incident's channel later is told privately how things stand."""

from datetime import datetime, timedelta

from bot.cards.card import Card, Moment, Text
from bot.incidents import furniture, service, talk, timeline
from bot.ports import Ports
from storage.tables import incidents, journal

AT_THE_START = timedelta(minutes=1)
"""Who was invited and comes so soon reads the card itself."""
LATEST = 6
SAID = frozenset({"IncidentDeclared", "ChannelOpened", "ChannelTroubled", "RespondersInvited"})
"""Facts that tell nobody what was found or tried."""


async def welcome(ports: Ports, *, channel: str, user: str, joined_at: datetime, attempt: int) -> None:
    """Tell `user`, who has just come into the channel, how things stand, if it is an incident's; once per incident.

    Who was invited at the start is not told: all that there is stands before their eyes.
    """
    async with ports.store.read() as conn:
        incident = await incidents.by_channel(conn, channel)
        told = await journal.of_subjects(conn, [incident.subject]) if incident else []
    if incident is None or not furniture.is_user(user):
        return
    opened = next((entry.at for entry in told if entry.kind == "ChannelOpened"), incident.declared_at)
    at_once = joined_at - opened < AT_THE_START
    if at_once and user in {*timeline.invited(told), *furniture.belonging(incident)}:
        return
    card = await so_far(ports, incident.id, inside=False)
    key = f"{incident.subject}:welcome:{user}"
    await talk.directly(ports, incident, user, card, key=key, attempt=attempt)


async def so_far(ports: Ports, number: int, *, inside: bool = True) -> Card:
    """How the incident stands: who leads, what is known, what happened last; `inside` its channel that goes unsaid."""
    seen = await service.view(ports, number)
    async with ports.store.read() as conn:
        told = {entry.id: entry.kind for entry in await journal.of_subjects(conn, [seen.incident.subject])}
    lines = [line for line in await service.lines(ports, number) if told.get(line.entry) not in SAID]
    latest: list[Text] = []
    for line in lines[-LATEST:]:
        said = line.said if isinstance(line.said, tuple) else (line.said,)
        latest.append((Moment(line.at), " · ", *said))
    return furniture.welcome(seen.incident, latest, seen.links, inside=inside)

"""Where things are said for an incident: its channel, the thread of its announcement, its cards, its people alone."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from typing import TypeVar

from bot.bus import Fact
from bot.cards.card import Card
from bot.events import (
    IncidentEvent,
    IncidentMerged,
    IncidentReopened,
    IncidentResolved,
    SeverityChanged,
    StatusChanged,
    UpdatePosted,
)
from bot.incidents import cards, decide, furniture, service
from bot.incidents.happenings import happened
from bot.ports import ChatError, Ports
from bot.posting import CLOSED, NO_THREAD, distrust, find, show
from storage.records.incidents import Incident
from storage.records.posts import Post
from storage.tables import posts

T = TypeVar("T")
E = TypeVar("E", bound=IncidentEvent)


MIRRORED = (IncidentReopened, IncidentMerged, IncidentResolved, SeverityChanged, StatusChanged, UpdatePosted)
"""What is also said below the announcement: how things stand, for those who are not in the channel."""


async def tell(ports: Ports, fact: Fact[E], more: Callable[[Card], Card] = lambda card: card) -> None:
    """Say what happened where it is talked over, and bring what stands there up to date. `more` adds to the card."""
    event, number, key = fact.event, fact.event.incident, f"entry:{fact.id}"
    said = happened(event, fact.actor, fact.at)
    if said is not None:
        await speak(ports, number, more(said), key=key, attempt=fact.attempt)
        incident = (await service.view(ports, number)).incident
        if isinstance(event, MIRRORED) and furniture.reachable(incident):  # else it has just been said there
            await below(ports, number, more(said), key=f"{key}:digest", attempt=fact.attempt)
    await refresh(ports, number, fact.attempt)


async def speak(ports: Ports, number: int, card: Card, *, key: str, attempt: int) -> None:
    """Say something in the incident's channel; while it has none, in the thread of its announcement.

    A private incident has no announcement: then those who belong to it are told one by one.
    """
    incident = (await service.view(ports, number)).incident
    if incident.channel and incident.archived_at is None:
        say = partial(show, ports, card, key=key, subject=incident.subject, kind="note", attempt=attempt)
        try:
            await say(channel=incident.channel)
        except ChatError as refused:
            if refused.code not in CLOSED:
                raise
            await closed(ports, number)
        else:
            return
    if not incident.private:
        await below(ports, number, card, key=key, attempt=attempt)
        return
    for user in furniture.belonging(incident):
        await directly(ports, incident, user, card, key=f"{key}:{user}", attempt=attempt)


async def below(ports: Ports, number: int, card: Card, *, key: str, attempt: int) -> None:
    """Say something in the thread of the incident's announcement; a private incident has none."""
    incident = (await service.view(ports, number)).incident
    if incident.private:
        return
    say = partial(show, ports, card, key=key, subject=incident.subject, kind="note", attempt=attempt)
    announcement = f"{incident.subject}:digest"
    try:
        above = await find(ports, announcement)
        await say(channel=above.channel if above else "", thread_ts=above.ts if above else "")
    except ChatError as refused:
        if refused.code not in NO_THREAD:
            raise
        await distrust(ports, announcement)
        await digest(ports, number, attempt=attempt)
        above = await find(ports, announcement)
        await say(channel=above.channel if above else "", thread_ts=above.ts if above else "")


async def directly(ports: Ports, incident: Incident, user: str, card: Card, *, key: str, attempt: int) -> None:
    """Tell one person privately, once for each key; who cannot be written to is not told."""
    if ports.chat is None or await find(ports, key):
        return
    try:
        place = await ports.chat.direct(user)
        await show(ports, card, key=key, subject=incident.subject, kind="aside", channel=place, attempt=attempt)
    except ChatError as refused:
        if refused.retry:
            raise
        await trouble(ports, incident.id, f"@{user} could not be written to", refused.code, str(refused))


async def refresh(ports: Ports, number: int, attempt: int) -> None:
    """Bring the cards, the topic and the roles up to date."""
    await summary(ports, number, attempt=attempt)
    await topic(ports, number)
    await panel(ports, number, attempt=attempt)
    await digest(ports, number, attempt=attempt)


async def summary(ports: Ports, number: int, *, attempt: int) -> Post | None:
    """The card in the incident's channel."""
    seen = await service.view(ports, number)
    if ports.chat is None or not furniture.reachable(seen.incident):
        return None
    try:
        post = await _card(ports, seen, f"{seen.incident.subject}:card", seen.incident.channel, attempt)
    except ChatError as refused:
        if refused.code not in CLOSED:
            raise
        post = None
    if post is None:
        await closed(ports, number)
    return post


async def digest(ports: Ports, number: int, *, attempt: int) -> None:
    """The card in the channel of all incidents; a private incident has none there."""
    seen, place = await service.view(ports, number), ports.manage.channels.incidents
    if not seen.incident.private:
        shown = _card(ports, seen, f"{seen.incident.subject}:digest", place, attempt)
        await tried(ports, number, f"It could not be announced in {place}", shown)


async def topic(ports: Ports, number: int) -> None:
    """Keep the channel's topic in step; Slack is told of changes alone, because everybody there sees each."""
    incident, chat = (await service.view(ports, number)).incident, ports.chat
    known = await find(ports, f"{incident.subject}:topic")
    if chat is None or known is None or not furniture.reachable(incident):
        return
    said = furniture.topic(incident, await name_of(ports, incident.roles.get("commander", "")))
    if known.rendered == said or not await tried(
        ports, number, furniture.NO_TOPIC, done(chat.topic(known.channel, said))
    ):
        return
    fresh = replace(known, rendered=said, edited_at=ports.now())
    await ports.store.transact(lambda unit: posts.put(unit.conn, fresh))


async def panel(ports: Ports, number: int, *, attempt: int, channel: str = "") -> Post | None:
    """The message that tells who has which role; posted into `channel` where one is given, else edited alone."""
    incident = (await service.view(ports, number)).incident
    if not furniture.reachable(incident):
        return None
    return await show(
        ports,
        furniture.panel(incident, tuple(ports.manage.incidents.roles)),
        key=f"{incident.subject}:roles",
        subject=incident.subject,
        kind="roles",
        channel=channel,
        attempt=attempt,
    )


async def name_of(ports: Ports, user: str) -> str:
    """What people call a user, where no mention can stand; "" for nobody, the id where Slack does not tell."""
    if ports.chat is None or not user:
        return user
    try:
        return (await ports.chat.profile(user)).name or user
    except ChatError:
        return user


async def tried(ports: Ports, number: int, what: str, work: Awaitable[T]) -> T | None:
    """Give what comes of `work` in Slack; what Slack refuses for good is said on the card, and gives None."""
    try:
        given = await work
    except ChatError as refused:
        if refused.retry:
            raise
        await trouble(ports, number, what, refused.code, str(refused))
        return None
    incident = (await service.view(ports, number)).incident
    if furniture.complains(incident, what):
        await service.change(ports, number, service.BOT, lambda i: furniture.mended(i, what))
    return given


async def trouble(ports: Ports, number: int, what: str, error: str, mend: str) -> None:
    """Put on the card what could not be done, and what a person can do about it."""
    await service.change(ports, number, service.BOT, lambda i: decide.troubled(i, what=what, error=error, mend=mend))


async def closed(ports: Ports, number: int) -> None:
    """Write down that the channel takes nothing more, whoever archived it."""
    await service.change(ports, number, service.BOT, lambda i: decide.archived(i, ports.now()))


async def archive(ports: Ports, incident: Incident) -> None:
    """Archive the incident's channel, if it has an open one."""
    if ports.chat is None or not furniture.reachable(incident):
        return
    what = "The channel could not be archived"
    if await tried(ports, incident.id, what, done(ports.chat.archive(incident.channel))):
        await closed(ports, incident.id)


async def _card(ports: Ports, seen: service.View, key: str, channel: str, attempt: int) -> Post | None:
    return await show(
        ports,
        cards.live(seen.incident, seen.alerts, seen.postmortem, seen.links),
        key=key,
        subject=seen.incident.subject,
        kind="card",
        channel=channel,
        attempt=attempt,
    )


async def done(work: Awaitable[None]) -> bool:
    """Do it, and say so: `tried` gives None where it was refused."""
    await work
    return True

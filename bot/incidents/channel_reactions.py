"""What is put into an incident's channel once it exists, each piece a job of its own: done, or said on the card."""

from bot.bus import Fact, on, task
from bot.decision import job_of
from bot.events import (
    AlertJoinedIncident,
    ChannelOpened,
    ChannelReopened,
    DraftReady,
    IncidentAbsorbed,
    IncidentEvent,
    IncidentMerged,
    IncidentReopened,
    PostmortemPublished,
    RoleAssigned,
)
from bot.events.postmortems import PostmortemEvent
from bot.incidents import decide, furniture, service, talk, timeline
from bot.incidents.decide import LANE
from bot.incidents.furniture import BOOKMARK, CARDS, INVITE, PANEL, PIECES, REOPEN_CHANNEL, SUMMARY, TOPIC
from bot.oncall.service import UnknownSchedule, everyone
from bot.ports import Ports, Posted
from bot.posting import find
from storage.records.jobs import Job
from storage.records.posts import Post
from storage.tables import journal, posts


@on(ChannelOpened, lane=LANE)
async def furnish(ports: Ports, fact: Fact[ChannelOpened]) -> None:
    """Plan every piece; none depends on another, and a second run plans nothing twice."""
    await _plan(ports, fact.event.incident, PIECES, f"fact:{fact.id}")


@on(ChannelReopened, lane=LANE)
async def furnish_again(ports: Ports, fact: Fact[ChannelReopened]) -> None:
    """Bring everything up to date in a channel that was archived, and ask those in who are on call now."""
    await _plan(ports, fact.event.incident, PIECES, f"fact:{fact.id}")


@on(AlertJoinedIncident, IncidentAbsorbed, lane=LANE)
async def widen(ports: Ports, fact: Fact[IncidentEvent]) -> None:
    """Another service may be concerned: ask its owners in, and put its dashboard on top."""
    await _plan(ports, fact.event.incident, (INVITE, BOOKMARK), f"fact:{fact.id}")


@on(DraftReady, PostmortemPublished, lane="incident-bookmarks")
async def bookmark_postmortem(ports: Ports, fact: Fact[PostmortemEvent]) -> None:
    """Put the postmortem on top of the channel, once there is one."""
    await _plan(ports, fact.event.incident, (BOOKMARK,), f"fact:{fact.id}")


@task(SUMMARY)
async def summary(ports: Ports, job: Job) -> None:
    """Post the card, and pin it."""
    number, chat = job.payload["incident"], ports.chat
    work = talk.summary(ports, number, attempt=job.attempts)
    post = await talk.tried(ports, number, "The summary could not be posted", work)
    if chat is not None and post is not None:
        pinning = talk.done(chat.pin(Posted(post.channel, post.ts)))
        await talk.tried(ports, number, "The summary could not be pinned", pinning)


@task(PANEL)
async def roles(ports: Ports, job: Job) -> None:
    """Post who has which role, with buttons to take one."""
    number = job.payload["incident"]
    channel = (await service.view(ports, number)).incident.channel
    work = talk.panel(ports, number, attempt=job.attempts, channel=channel)
    await talk.tried(ports, number, "The roles could not be posted", work)


@task(TOPIC)
async def topic(ports: Ports, job: Job) -> None:
    """Set the topic; from now on it is kept in step."""
    number, now = job.payload["incident"], ports.now()
    incident = (await service.view(ports, number)).incident
    key = f"{incident.subject}:topic"
    if await find(ports, key) is None:
        fresh = Post(key=key, subject=incident.subject, kind="topic", channel=incident.channel, ts="", posted_at=now)
        await ports.store.transact(lambda unit: posts.put(unit.conn, fresh))
    await talk.topic(ports, number)


@task(CARDS)
async def cards(ports: Ports, job: Job) -> None:
    """Let the announcement lead to the channel, and the card say what could be done and what not."""
    await talk.refresh(ports, job.payload["incident"], job.attempts)


@task(INVITE)
async def invite(ports: Ports, job: Job) -> None:
    """Ask in who is on call, the owners of the services, and whoever declared it or has a role."""
    number, chat = job.payload["incident"], ports.chat
    seen = await service.view(ports, number)
    if chat is None or not furniture.reachable(seen.incident):
        return
    wanted = [*await _responders(ports, seen), *furniture.belonging(seen.incident)]
    async with ports.store.read() as conn:
        told = await journal.of_subjects(conn, [seen.incident.subject])
    people = furniture.missing(wanted, timeline.invited(told))
    if not people:
        return
    refused = await talk.tried(ports, number, "Nobody could be invited", chat.invite(seen.incident.channel, people))
    if refused is None:
        return
    await service.invited(ports, number, [user for user in people if user not in refused])
    for user, error in refused.items():
        mend = f"Slack says {error}; invite somebody else by hand."
        await talk.trouble(ports, number, f"@{user} could not be invited", error, mend)


@task(BOOKMARK)
async def bookmark(ports: Ports, job: Job) -> None:
    """Put status page, dashboards, runbooks and the postmortem on top of the channel."""
    number, chat = job.payload["incident"], ports.chat
    seen = await service.view(ports, number)
    if chat is None or not furniture.reachable(seen.incident):
        return
    about = furniture.services(seen.incident, seen.alerts)
    links = [(link.text, link.url) for link in furniture.bookmarks(ports.manage, about, ports.settings.public_url)]
    draft = await find(ports, f"postmortem:{number}:draft")
    if draft is not None and (address := chat.link(Posted(draft.channel, draft.ts))):
        links.append(("Postmortem", address))
    for title, link in links:
        work = talk.done(chat.bookmark(seen.incident.channel, title=title, link=link))
        await talk.tried(ports, number, f"The bookmark {title} could not be set", work)


@on(IncidentReopened, lane=LANE)
async def reopen(ports: Ports, fact: Fact[IncidentReopened]) -> None:
    """Open the same channel again, and say who wanted it."""
    await _reopen_channel(ports, fact.event.incident)
    await talk.tell(ports, fact)


@task(REOPEN_CHANNEL)
async def reopen_again(ports: Ports, job: Job) -> None:
    """Open the channel that could not be opened before, or note that somebody did by hand."""
    await _reopen_channel(ports, job.payload["incident"])


async def _reopen_channel(ports: Ports, number: int) -> None:
    incident, chat = (await service.view(ports, number)).incident, ports.chat
    if chat is not None and incident.channel and incident.archived_at is not None and incident.open:
        opening = talk.done(chat.unarchive(incident.channel))
        if await talk.tried(ports, number, "The channel could not be opened again", opening):
            await service.change(ports, number, service.BOT, furniture.unarchived)


@on(IncidentMerged, lane=LANE)
async def point_on(ports: Ports, fact: Fact[IncidentMerged]) -> None:
    """Lead from the duplicate's channel to the one that goes on, and close it where channels are closed at all."""
    number = fact.event.incident
    into = (await service.view(ports, fact.event.into)).incident
    await talk.tell(ports, fact, lambda card: furniture.leading_on(card, into))
    if ports.manage.incidents.archive != "never":
        await talk.archive(ports, (await service.view(ports, number)).incident)


@on(RoleAssigned, lane="incident-duties")
async def tell_duties(ports: Ports, fact: Fact[RoleAssigned]) -> None:
    """Tell whoever has a role now what it means, privately; and let them into the channel."""
    event = fact.event
    incident = (await service.view(ports, event.incident)).incident
    if furniture.is_user(event.user) and incident.roles.get(event.role) == event.user:
        card = furniture.duties(incident, event.role, ports.manage.incidents.roles.get(event.role, ""))
        key = f"{incident.subject}:duties:{fact.id}"
        await talk.directly(ports, incident, event.user, card, key=key, attempt=fact.attempt)
        await _plan(ports, event.incident, (INVITE,), f"fact:{fact.id}")


async def _plan(ports: Ports, number: int, pieces: tuple[str, ...], why: str) -> None:
    timers = [decide.in_turn(piece, number, ports.now(), why) for piece in pieces]
    await ports.store.transact(lambda unit: unit.enqueue(map(job_of, timers)))


async def _responders(ports: Ports, seen: service.View) -> list[str]:
    """Who is on call and who owns the services; nobody is called to what is private or a test."""
    if seen.incident.private or seen.incident.test:
        return []
    people = list(await everyone(ports))
    for owner in furniture.owners(ports.manage, furniture.services(seen.incident, seen.alerts)):
        people += await _behind(ports, seen.incident.id, owner)
    return people


async def _behind(ports: Ports, number: int, owner: str) -> tuple[str, ...]:
    """The people behind an owner: themselves, the members of a group, who is on call in a schedule."""
    if furniture.is_user(owner):
        return (owner,)
    if furniture.is_group(owner) and ports.chat is not None:
        group = await talk.tried(ports, number, f"Group {owner} could not be invited", ports.chat.members_of(owner))
        return group or ()
    try:
        return await everyone(ports, owner)
    except UnknownSchedule as unknown:
        mend = f"{unknown}; name another owner under `services` in manage.yml"
        await talk.trouble(ports, number, f"The owner {owner} could not be invited", "unknown_schedule", mend)
        return ()

"""Where follow-ups stand in Slack: below their message, in their incident's channel, with their owner."""

from bot.cards.card import Card
from bot.follow_ups import cards, service
from bot.follow_ups.cards import Around
from bot.follow_ups.days import today_in
from bot.follow_ups.filing import filings, message_of, source_of
from bot.incidents import talk
from bot.incidents.furniture import reachable
from bot.oncall.people import USER, person
from bot.ports import ChatError, Ports
from bot.posting import CLOSED, NO_THREAD, find, show
from bot.postmortems.proposals import proposals
from bot.postmortems.reading import UnknownPostmortem, view
from storage.records.posts import Post
from storage.tables import posts

CARD, NOTE, OWNER, REMINDER = "card", "note", "owner", "reminder"
"""Kinds of posts: the card below the message or in the channel, what people are told directly."""


def around(ports: Ports, seen: service.View) -> Around:
    """What stands beside the follow-up on its card."""
    closed = [entry for entry in seen.entries if entry.kind == "FollowUpClosed"]
    return Around(
        author=seen.author if USER.fullmatch(seen.author) else "",
        source=source_of(ports, seen.follow_up),
        reason=str(closed[-1].payload.get("reason", "")) if closed and not seen.follow_up.open else "",
        filings=filings(seen.entries),
        trackers=tuple(sorted(ports.trackers)),
        private=seen.private,
    )


async def place(ports: Ports, seen: service.View, *, attempt: int) -> None:
    """Let its card stand where it was made: below the message, else in its incident's channel.

    What comes from a postmortem is told in one message for all, and what belongs to no incident by its command.
    """
    follow_up, incident = seen.follow_up, seen.incident
    channel, ts = message_of(follow_up)
    if ports.chat is None or incident is None or follow_up.origin.startswith("postmortem:"):
        return
    thread = ""
    if channel:
        message = await ports.chat.message(channel, ts)
        thread = str(message.get("thread_ts") or ts) if message else ""
    where = channel or (incident.channel if reachable(incident) else "")
    try:
        await _show(ports, seen, CARD, CARD, channel=where, thread_ts=thread, attempt=attempt)
    except ChatError as refused:  # the channel was closed meanwhile, or the message deleted
        if refused.code not in CLOSED | NO_THREAD:
            raise


async def refresh(ports: Ports, number: int) -> None:
    """Bring all that stands of a follow-up up to date."""
    seen = await service.view(ports, number)
    async with ports.store.read() as conn:
        standing = await posts.of_subject(conn, seen.follow_up.subject)
    for post in standing:
        if post.kind in {CARD, OWNER, REMINDER}:
            try:
                await show(ports, _now(ports, seen), key=post.key, subject=post.subject, kind=post.kind)
            except ChatError as refused:
                if refused.retry:
                    raise
    origin = seen.follow_up.origin.split(":")
    if origin[0] == "postmortem":
        await adopted(ports, int(origin[1]), anew=False)


async def adopted(ports: Ports, incident: int, *, anew: bool = True, attempt: int = 1) -> None:
    """The message that lists what a postmortem wants to be done; `anew` posts it where it does not stand.

    It stands below the incident's announcement: the incident's own channel is mostly archived by then.
    """
    try:
        seen = await view(ports, incident)
    except UnknownPostmortem:
        return
    key = f"postmortem:{incident}:follow-ups:{seen.postmortem.approved_version}"
    found = await service.came_from(ports, [one.origin for one in proposals(seen.postmortem)])
    if found and (anew or await find(ports, key)):
        say = talk.speak if seen.incident.private else talk.below
        await say(ports, incident, cards.adopted(incident, found), key=key, attempt=attempt)


async def tell_owner(ports: Ports, seen: service.View, card: Card, *, key: str, kind: str, attempt: int) -> None:
    """Tell its owner directly, once for each key; where Slack refuses that for good, its incident is told."""
    follow_up = seen.follow_up
    if ports.chat is None or not USER.fullmatch(follow_up.owner):
        return
    try:
        channel = await ports.chat.direct(follow_up.owner)
        await show(ports, card, key=key, subject=follow_up.subject, kind=kind, channel=channel, attempt=attempt)
    except ChatError as refused:
        if refused.retry:
            raise
        await _unreached(ports, seen, cards.unreached(follow_up, str(refused)), key=f"{key}:unreached")


async def tell(ports: Ports, user: str, card: Card, *, key: str, subject: str, attempt: int) -> None:
    """Tell somebody directly, once for each key; who cannot be written to is not told."""
    if ports.chat is None or not USER.fullmatch(user):
        return
    try:
        channel = await ports.chat.direct(user)
        await show(ports, card, key=key, subject=subject, kind=NOTE, channel=channel, attempt=attempt)
    except ChatError as refused:
        if refused.retry:
            raise


async def zone_of(ports: Ports, user: str) -> str:
    """The time zone of that person; of who is none, that of on-call."""
    return (await person(ports, user, wanted=("timezone",))).timezone if user else ports.manage.oncall.timezone


async def reminder_card(ports: Ports, seen: service.View) -> Card:
    """What its owner is told now that it is due."""
    today = today_in(await zone_of(ports, seen.follow_up.owner), ports.now())
    return cards.reminder(seen.follow_up, around(ports, seen), today)


async def _unreached(ports: Ports, seen: service.View, card: Card, *, key: str) -> None:
    if seen.incident is not None:
        await talk.speak(ports, seen.incident.id, card, key=key, attempt=2)
        return
    channel = ports.manage.channels.incidents
    await show(ports, card, key=key, subject=seen.follow_up.subject, kind=NOTE, channel=channel, attempt=2)


def _now(ports: Ports, seen: service.View) -> Card:
    return cards.live(seen.follow_up, around(ports, seen))


async def _show(
    ports: Ports, seen: service.View, name: str, kind: str, *, channel: str, thread_ts: str, attempt: int
) -> Post | None:
    subject = seen.follow_up.subject
    return await show(
        ports,
        _now(ports, seen),
        key=f"{subject}:{name}",
        subject=subject,
        kind=kind,
        channel=channel,
        thread_ts=thread_ts,
        attempt=attempt,
    )


def owner_before(seen: service.View, entry: int) -> str:
    """Who had it before that entry of the journal (pure)."""
    said = [
        str(one.payload.get("owner", ""))
        for one in seen.entries
        if one.id < entry and one.kind in {"FollowUpAdded", "FollowUpChanged"}
    ]
    return said[-1] if said else ""

"""Live messages: one message for one key, posted once, edited when what it should show has changed."""

from dataclasses import replace
from hashlib import blake2b

from bot.cards.card import Card
from bot.engine.retry import Later
from bot.ports import Ports, Posted
from storage.records.posts import Post
from storage.tables import posts
from storage.unit_of_work import UnitOfWork


async def show(
    ports: Ports,
    card: Card,
    *,
    key: str,
    subject: str,
    kind: str,
    channel: str = "",
    thread_ts: str = "",
    attempt: int = 1,
    at_once: bool = True,
) -> Post | None:
    """Make the message `key` show `card`: post it into `channel` when it does not stand yet, else edit it in place.

    Nothing is sent when it shows that already. With `at_once` False (no person waits for it) an edit that follows the
    last one too closely is put off by raising `Later`, so that a burst of changes is one edit. None when Slack is not
    connected to this bot at all, or when there is nothing to edit and no channel to post to.
    """
    if ports.chat is None:
        return None
    now, digest = ports.now(), blake2b(repr(card).encode(), digest_size=16).hexdigest()
    async with ports.store.read() as conn:
        post = await posts.get(conn, key)
    if post is None and not channel:
        return None
    if post is None:
        posted = await ports.chat.post(channel, card, key=key, thread_ts=thread_ts, attempt=attempt)
        post = Post(
            key=key,
            subject=subject,
            kind=kind,
            channel=posted.channel,
            ts=posted.ts,
            thread_ts=thread_ts,
            posted_at=now,
            rendered=digest,
            edited_at=now,
        )
    elif post.rendered == digest:
        return post
    else:
        earliest = (post.edited_at or post.posted_at) + ports.manage.alerts.edit_every
        if not at_once and now < earliest:
            raise Later(earliest)
        await ports.chat.update(Posted(post.channel, post.ts), card)
        post = replace(post, rendered=digest, edited_at=now)
    await _keep(ports, post)
    return post


async def _keep(ports: Ports, post: Post) -> None:
    async def write(unit: UnitOfWork) -> None:
        await posts.put(unit.conn, post)

    await ports.store.transact(write)

"""Live messages: one message for one key, posted once, edited when what it should show has changed."""

from dataclasses import replace
from datetime import timedelta
from hashlib import blake2b

import structlog

from bot.cards.card import Card
from bot.engine.retry import Later
from bot.ports import Chat, ChatError, Ports, Posted
from storage.records.posts import Post
from storage.tables import posts
from storage.unit_of_work import UnitOfWork

GONE = frozenset({"message_not_found", "cant_update_message", "edit_window_closed"})
"""Slack's refusals of an edit that mean: this message cannot show it any more, another one must."""
CLOSED = frozenset({"is_archived", "is_inactive", "channel_not_found"})
"""Slack's refusals that mean: nothing can be said in this channel any more."""
NO_THREAD = frozenset({"cannot_reply_to_message", "thread_not_found"})
"""Slack's refusals of a reply that mean: the message above it was deleted."""

CROWDED = timedelta(seconds=2)
"""How much later what would only queue for Slack is tried again."""

_log = structlog.get_logger(__name__)


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

    Nothing is sent when it shows that already. One that somebody deleted is posted anew where it stood. With `at_once`
    False (no person waits for it) an edit that follows the last one too closely is put off by raising `Later`, so that
    a burst of changes is one edit.

    Raises `Later` too while so many messages wait for Slack that this one would only hold up other work.

    None when Slack is not connected to this bot at all, when there is nothing to edit and no channel to post to, or
    when the message stands in a channel that was closed. Raises `ChatError` for what else Slack refuses.
    """
    if ports.chat is None:
        return None
    digest = blake2b(repr(card).encode("utf-8", "replace"), digest_size=16).hexdigest()
    post = await find(ports, key)
    if post is not None and post.rendered == digest:
        return post
    if ports.chat.crowded and not (post is not None and at_once):
        raise Later(ports.now() + CROWDED)
    if post is not None:
        return await _edit(ports, ports.chat, post, card, digest, attempt=attempt, at_once=at_once)
    if not channel:
        return None
    now = ports.now()
    posted = await ports.chat.post(channel, card, key=key, thread_ts=thread_ts, attempt=attempt)
    fresh = Post(
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
    return await _keep(ports, fresh)


async def find(ports: Ports, key: str) -> Post | None:
    """The message of that key, where it was posted."""
    async with ports.store.glance() as conn:
        return await posts.get(conn, key)


async def distrust(ports: Ports, key: str) -> None:
    """Forget what the message shows, because it may be gone: the next `show` asks Slack, and posts it anew if so."""
    if (post := await find(ports, key)) is not None:
        await _keep(ports, replace(post, rendered=""))


async def _edit(
    ports: Ports, chat: Chat, post: Post, card: Card, digest: str, *, attempt: int, at_once: bool
) -> Post | None:
    now, last = ports.now(), post.edited_at or post.posted_at
    # a clock that was set back must not put edits off until it has caught up
    if not at_once and timedelta(0) <= now - last < ports.manage.alerts.edit_every:
        raise Later(last + ports.manage.alerts.edit_every)
    try:
        await chat.update(Posted(post.channel, post.ts), card)
    except ChatError as refused:
        if refused.code in CLOSED:
            _log.warning("message_not_edited", key=post.key, channel=post.channel, error=str(refused))
            return None
        if refused.code not in GONE:
            raise
        # the key names what it replaces, so that a second try finds the first one's message
        anew = f"{post.key}:after:{post.ts}"
        posted = await chat.post(post.channel, card, key=anew, thread_ts=post.thread_ts, attempt=attempt)
        post = replace(post, channel=posted.channel, ts=posted.ts, posted_at=now)
    return await _keep(ports, replace(post, rendered=digest, edited_at=now))


async def _keep(ports: Ports, post: Post) -> Post:
    async def write(unit: UnitOfWork) -> None:
        await posts.put(unit.conn, post)

    await ports.store.transact(write)
    return post

"""Which message of Slack says what about which subject."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Index, Table, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.engine import insert
from storage.records.posts import Post
from storage.tables.schema import METADATA, Instant, Words, first, row_of, rows

POSTS = Table(
    "posts",
    METADATA,
    Column("key", Words, primary_key=True),
    Column("subject", Words, nullable=False),
    Column("kind", Words, nullable=False),
    Column("channel", Words, nullable=False),
    Column("ts", Words, nullable=False),
    Column("posted_at", Instant, nullable=False),
    Column("thread_ts", Words, nullable=False),
    Column("rendered", Words, nullable=False),
    Column("edited_at", Instant),
    Index(None, "channel", "ts"),
    Index(None, "subject", "kind"),
)

_AT_ONCE = 5000  # databases take so many parameters and not many more


def to_row(post: Post) -> dict[str, Any]:
    """Return the post as columns."""
    return row_of(post)


def from_row(row: Mapping[str, Any]) -> Post:
    """Return the post that `to_row` wrote."""
    return Post(**row)


async def get(conn: AsyncConnection, key: str) -> Post | None:
    """Return the post of that key."""
    row = await first(conn, POSTS, key=key)
    return from_row(row) if row else None


async def of_keys(conn: AsyncConnection, keys: Iterable[str]) -> dict[str, Post]:
    """Return the posts of those keys that there are, by key."""
    found: dict[str, Post] = {}
    wanted = list(dict.fromkeys(keys))
    for start in range(0, len(wanted), _AT_ONCE):
        some = select(POSTS).where(POSTS.c.key.in_(wanted[start : start + _AT_ONCE]))
        found |= {row["key"]: from_row(row) for row in await rows(conn, some)}
    return found


async def by_message(conn: AsyncConnection, channel: str, ts: str) -> Post | None:
    """Return the post that is this message; None when the message is not the bot's."""
    row = await first(conn, POSTS, channel=channel, ts=ts)
    return from_row(row) if row else None


async def of_subject(conn: AsyncConnection, subject: str, kind: str | None = None) -> list[Post]:
    """All posts about a subject, oldest first."""
    where = [POSTS.c.subject == subject, *([POSTS.c.kind == kind] if kind is not None else [])]
    return [
        from_row(row) for row in await rows(conn, select(POSTS).where(*where).order_by(POSTS.c.posted_at, POSTS.c.key))
    ]


async def put(conn: AsyncConnection, post: Post) -> None:
    """Write the post, over an earlier one of the same key."""
    row = to_row(post)
    rest = {name: value for name, value in row.items() if name != "key"}
    await conn.execute(insert(conn, POSTS).values(row).on_conflict_do_update(index_elements=["key"], set_=rest))


async def shown(conn: AsyncConnection, key: str, rendered: str, at: datetime) -> None:
    """Note what a post shows since it was edited at that time."""
    await conn.execute(update(POSTS).where(POSTS.c.key == key).values(rendered=rendered, edited_at=at))

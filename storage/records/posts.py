"""Where the bot said something in Slack: maps a message to its subject and back."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class Post:
    """One message of the bot. `key` makes it one of a kind; `rendered` is a digest of what it shows now.

    `kind` tells what it is to its subject: "card", "note", "section:impact", "draft".
    """

    key: str
    subject: str
    kind: str
    channel: str
    ts: str
    posted_at: datetime
    thread_ts: str = ""
    rendered: str = ""
    edited_at: datetime | None = None

"""Files that are kept with an incident: pictures of what was seen."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class KeptFile:
    """One file. `id` is Slack's; `author` shared it at `shared_at` in the message (`channel`, `ts`)."""

    id: str
    incident: int
    name: str
    mime: str
    content: bytes
    author: str
    shared_at: datetime
    channel: str = ""
    ts: str = ""

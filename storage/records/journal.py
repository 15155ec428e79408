"""What the journal keeps: one fact that happened, written once and never changed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One fact in the append-only journal; `kind` is the event's class name, `payload` its fields as JSON values."""

    id: int
    at: datetime
    kind: str
    subject: str
    actor: str
    payload: Mapping[str, Any]

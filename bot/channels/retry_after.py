"""How long a receiver asks to be left alone (pure)."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_LONGEST_WAIT = 3600.0


def asked_wait(retry_after: str, now: datetime) -> float | None:
    """Seconds that a Retry-After header asks for, at most an hour; None where it asks for nothing that can be read.

    RFC 9110, 10.2.3.
    """
    if retry_after.isascii() and retry_after.isdecimal():
        return min(float(retry_after), _LONGEST_WAIT)
    try:
        until = parsedate_to_datetime(retry_after)
    except ValueError:
        return None
    aware = until if until.tzinfo else until.replace(tzinfo=UTC)
    return min(max((aware - now).total_seconds(), 0.0), _LONGEST_WAIT)

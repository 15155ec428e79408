"""Who is on call, when turns change: pure, in the rota's own time zone."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.config.oncall import WEEKDAYS, Oncall


@dataclass(frozen=True, kw_only=True)
class Turn:
    """One person's turn from its handover `since` until the next one; `following` is who comes then."""

    user: str
    since: datetime
    until: datetime
    following: str


def turn(oncall: Oncall, now: datetime) -> Turn | None:
    """The turn that `now` falls into, None when the rota is empty.

    Turns are counted in local days from the first handover on or after `start`, so that a clock change makes a turn an
    hour shorter or longer instead of shifting the handover. A handover that a clock change skips takes place as much
    later, one that comes twice at its first time (RFC 5545, section 3.3.5).
    """
    if not oncall.people:
        return None
    days = 7 if oncall.rotation == "weekly" else 1
    first = _first_day(oncall)
    today = now.astimezone(ZoneInfo(oncall.timezone)).date()
    count = ((today if now >= _handover(oncall, today) else today - timedelta(days=1)) - first).days // days
    begun = first + timedelta(days=count * days)
    people = oncall.people
    return Turn(
        user=people[count % len(people)],
        since=_handover(oncall, begun),
        until=_handover(oncall, begun + timedelta(days=days)),
        following=people[(count + 1) % len(people)],
    )


def who(oncall: Oncall, now: datetime) -> str:
    """The Slack user id of who is on call, "" when nobody is."""
    current = turn(oncall, now)
    return current.user if current else ""


def _first_day(oncall: Oncall) -> date:
    if oncall.rotation == "daily":
        return oncall.start
    weekday = WEEKDAYS.index(oncall.handover.split()[0])
    return oncall.start + timedelta(days=(weekday - oncall.start.weekday()) % 7)


def _handover(oncall: Oncall, day: date) -> datetime:
    clock = time.fromisoformat(oncall.handover.split()[-1])
    # in UTC, because times of one zone compare by their faces, which repeat when clocks go back
    return datetime.combine(day, clock, tzinfo=ZoneInfo(oncall.timezone)).astimezone(UTC)

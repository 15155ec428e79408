"""Days on which things are due: read as people type them, told as people say them, and when to remind (pure)."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.config import durations
from bot.config.hours import Hours
from bot.incidents.nudges import Candidate, whom
from bot.oncall import when
from storage.records.follow_ups import FollowUp

ALLOWED = '"2026-12-24", "fri", "tomorrow" or "14d"; "none" takes the day away'
NONE = frozenset({"none", "never", "-"})
_DAY = timedelta(days=1)


def read(text: str, now: datetime, zone: str) -> date:
    """The day that `text` names on the calendar of `zone`, today or later; raises `ValueError` in words."""
    said = text.strip().lower()
    clock = _clock(zone)
    try:
        # added to what the clock there shows: a day is not always 24 hours long
        moment = (now.astimezone(clock) + durations.parse(said.removeprefix("+"))).astimezone(UTC)
    except (ValueError, OverflowError):
        try:
            moment = when.parse(said, now, clock.key)
        except ValueError:
            raise ValueError(f'"{text.strip()[:60]}" is no day: write {ALLOWED}') from None
    today, day = today_in(zone, now), today_in(zone, moment)
    if day < today:
        raise ValueError(f"{spelled(day)} is over: today is {spelled(today)}")
    if day - today > when.FURTHEST:
        raise ValueError(f'"{text.strip()[:60]}" is more than ten years away')
    return day


def spelled(day: date) -> str:
    """The day as people say it: "Tue 1 Dec 2026"."""
    return f"{day:%a} {day.day} {day:%b %Y}"


def today_in(zone: str, now: datetime) -> date:
    """The day that it is there."""
    return now.astimezone(_clock(zone)).date()


def overdue(follow_up: FollowUp, today: date) -> bool:
    """Whether its day is over."""
    return follow_up.open and follow_up.due_on is not None and follow_up.due_on < today


def forgotten(follow_up: FollowUp, today: date, now: datetime, every: timedelta) -> bool:
    """Whether nobody has it although its day is over; one without a day has stood for `every` and longer."""
    if not follow_up.open or follow_up.owner:
        return False
    return overdue(follow_up, today) if follow_up.due_on else follow_up.created_at + every <= now


def next_reminder(follow_up: FollowUp, *, zone: str, waking: Hours, every: timedelta, now: datetime) -> datetime | None:
    """When its owner, who lives in `zone`, is to be told next; never at their night, None for never.

    First on the morning of the day it is due, then `every` so often. What has no day is asked after `every`. Where that
    morning is over already, because somebody set the day late or reopened it, it is the next one.
    """
    if not follow_up.open or not follow_up.owner:
        return None
    if follow_up.due_on is None:
        begin = awake_from(follow_up.created_at + every, follow_up.owner, zone, waking)
    else:
        begin = awake_from(_morning(follow_up.due_on, zone), follow_up.owner, zone, waking)
    if begin > now:
        return begin
    told = follow_up.reminded_at
    if told is not None and told >= begin and told + every > now:
        return awake_from(told + every, follow_up.owner, zone, waking)
    return awake_from(_morning(today_in(zone, now) + _DAY, zone), follow_up.owner, zone, waking)


def awake_from(at: datetime, user: str, zone: str, waking: Hours) -> datetime:
    """The first moment from `at` on at which that person may be told."""
    return whom([Candidate(user=user, timezone=zone)], waking, at)[1]


def _morning(day: date, zone: str) -> datetime:
    return datetime.combine(day, time(), tzinfo=_clock(zone)).astimezone(UTC)


def _clock(zone: str) -> ZoneInfo:
    try:
        return ZoneInfo(zone)
    except (ValueError, KeyError, OSError):  # what a profile calls a zone need not be one
        return ZoneInfo("UTC")

"""Moments as people type them, in their own time zone (pure)."""

import re
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.config import durations
from bot.config.hours import WEEKDAYS
from bot.oncall.rota import moment

ALLOWED = '"2026-12-24 09:00", "fri 18:00", "tomorrow 9:00", "18:00", "now" or "+8h"'
FURTHEST = timedelta(days=3660)
_CLOCK = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])")
_DATE = re.compile(r"(\d{4}-\d{2}-\d{2})(?:[ t](\d{1,2}:\d{2}(?::\d{2})?)?)?")


def parse(text: str, now: datetime, zone: str, *, base: datetime | None = None) -> datetime:
    """The moment (UTC) that `text` names on the clocks of `zone`, seen from `now`.

    A weekday or a clock time alone is the next one; "+8h" counts from `base` (default: `now`). RFC 3339 with an offset
    needs no zone. Raises `ValueError`, naming what was found and what is allowed.
    """
    said = " ".join(text.strip().lower().split())
    try:
        found = _read(said, now, zone, base or now)
    except (ValueError, OverflowError):
        found = None
    if found is None:
        raise ValueError(f'"{text.strip()[:60]}" is no moment: {ALLOWED}')
    if abs(found - now) > FURTHEST:
        raise ValueError(f'"{text.strip()[:60]}" is more than ten years away')
    return found


def _read(said: str, now: datetime, zone: str, base: datetime) -> datetime | None:
    if said == "now":
        return now
    if said.startswith("+"):
        return base + durations.parse(said[1:])
    if match := _DATE.fullmatch(said):
        return moment(datetime.combine(datetime.fromisoformat(match[1]), _time(match[2] or "00:00")), zone)
    if "t" in said and len(said) > 16 and (said[-1] == "z" or said[-6] in "+-"):
        return datetime.fromisoformat(said.upper()).astimezone(UTC)
    return _relative(said, now, zone)


def _relative(said: str, now: datetime, zone: str) -> datetime | None:
    """The next moment of the kind of "fri 18:00", "tomorrow" or "18:00"."""
    first, _, rest = said.partition(" ")
    today = now.astimezone(ZoneInfo(zone)).date()
    if _CLOCK.fullmatch(said):
        soon = moment(datetime.combine(today, _time(said)), zone)
        return soon if soon > now else moment(datetime.combine(today + timedelta(days=1), _time(said)), zone)
    if first in {"today", "tomorrow"}:
        day = today + timedelta(days=first == "tomorrow")
        return moment(datetime.combine(day, _time(rest or "00:00")), zone)
    if first[:3] in WEEKDAYS and re.fullmatch(r"(mon|tues?|wed(nes)?|thu(rs)?|fri|satur|sat|sun)(day)?", first):
        ahead = (WEEKDAYS.index(first[:3]) - today.weekday()) % 7
        soon = moment(datetime.combine(today + timedelta(days=ahead), _time(rest or "00:00")), zone)
        return soon if soon > now else moment(datetime.combine(today + timedelta(days=ahead + 7), _time(rest)), zone)
    return None


def _time(said: str) -> time:
    hours, minutes, *_ = (said or "00:00").split(":")
    return time(int(hours), int(minutes))

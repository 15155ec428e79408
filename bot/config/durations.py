"""Durations as manage.yml spells them: "60s", "1h30m", ISO 8601 "PT5M"; for steps also "after5min" (pure)."""

import re
from datetime import timedelta
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0, "w": 604_800.0}
_NAMES = {
    **dict.fromkeys(("ms",), "ms"),
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), "s"),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), "m"),
    **dict.fromkeys(("h", "hour", "hours"), "h"),
    **dict.fromkeys(("d", "day", "days"), "d"),
    **dict.fromkeys(("w", "week", "weeks"), "w"),
}
_PART = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,6})?) ?([a-z]+) ?")
_ISO = re.compile(
    r"P(?=.)(?:(\d{1,9})D)?(?:T(?=.)(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,9}(?:\.\d{1,6})?)S)?)?", re.ASCII
)
LONGEST = timedelta(days=3660)
ALLOWED = 'a number with a unit, like "60s", "5m", "1h30m" or "2d"'
ALLOWED_AFTER = f'"immediately", "after5min", or {ALLOWED}'


def parse(text: str) -> timedelta:
    """The span that `text` spells, at most ten years. Raises `ValueError` naming what is allowed."""
    said = text.strip()
    iso = _ISO.fullmatch(said.upper())
    if iso:
        days, hours, minutes, seconds = (float(part or 0) for part in iso.groups())
        return _bounded(days * 86_400 + hours * 3600 + minutes * 60 + seconds)
    if said == "0":
        return timedelta(0)
    total, end, lowered = 0.0, 0, said.lower()
    while match := _PART.match(lowered, end):
        if match[2] not in _NAMES:
            break
        total += float(match[1]) * UNITS[_NAMES[match[2]]]
        end = match.end()
    if end == 0 or end < len(lowered):
        raise ValueError(ALLOWED)
    return _bounded(total)


def parse_after(text: str) -> timedelta:
    """The delay of an escalation step: what `parse` reads, "immediately", or the same with "after" before it."""
    said = text.strip().lower()
    if said in {"immediately", "now"}:
        return timedelta(0)
    try:
        return parse(re.sub(r"^after[ _-]?", "", said))
    except ValueError as error:
        raise ValueError(str(error).replace(ALLOWED, ALLOWED_AFTER)) from None


def spell(span: timedelta) -> str:
    """The span in the shortest spelling that `parse` reads back exactly to a millisecond: "1h30m", "0s"."""
    rest = round(span.total_seconds() * 1000)
    said = ""
    for unit in ("d", "h", "m", "s", "ms"):
        count, rest = divmod(rest, round(UNITS[unit] * 1000))
        said += f"{count}{unit}" if count else ""
    return said or "0s"


def _bounded(seconds: float) -> timedelta:
    if seconds > LONGEST.total_seconds():
        raise ValueError("at most ten years")
    return timedelta(seconds=seconds)


def _read(value: Any) -> timedelta:
    return _from(value, parse, ALLOWED)


def _read_after(value: Any) -> timedelta:
    return _from(value, parse_after, ALLOWED_AFTER)


def _positive(value: Any) -> timedelta:
    span = _read(value)
    if span <= timedelta(0):
        raise ValueError(f"more than zero: {ALLOWED}")
    return span


def _from(value: Any, read: Any, allowed: str) -> timedelta:
    if isinstance(value, timedelta):
        span = value
    elif isinstance(value, str):
        span = read(value)
    elif value == 0 and not isinstance(value, bool):
        span = timedelta(0)
    else:
        # a bare number does not say whether seconds or minutes are meant
        raise ValueError(allowed)
    if span < timedelta(0):
        raise ValueError("not less than zero")
    return span


def _schema(description: str, *examples: str) -> WithJsonSchema:
    return WithJsonSchema({"type": ["string", "integer"], "description": description, "examples": list(examples)})


_SPELLED = PlainSerializer(spell, return_type=str)
Duration = Annotated[timedelta, BeforeValidator(_read), _SPELLED, _schema(ALLOWED, "60s", "5m", "1h30m", "2d")]
PositiveDuration = Annotated[
    timedelta, BeforeValidator(_positive), _SPELLED, _schema(f"more than zero: {ALLOWED}", "60s", "5m", "1h30m", "2d")
]
Delay = Annotated[
    timedelta, BeforeValidator(_read_after), _SPELLED, _schema(ALLOWED_AFTER, "immediately", "after5min", "15m", "1h")
]

"""Hours of a week: `{days: mon-fri, from: "09:00", to: "17:00", timezone: Europe/Berlin}` (pure)."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema, field_validator

from bot.config.errors import nearest
from bot.config.part import Part

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
CLOCK = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]"
"""A time of day as a regular expression."""

_DAY = timedelta(days=1)
_AROUND = 2 * _DAY
"""More than a night shift and any change of clocks move an hour."""
_SPAN = timedelta(days=9)
"""Where the next opening is: a week, and what a change of clocks or a night shift may add."""
_DAYS = rf"^({'|'.join(WEEKDAYS)})(-({'|'.join(WEEKDAYS)}))?$"
_ONE = {"type": "string", "pattern": _DAYS}
_DAYS_SCHEMA = WithJsonSchema({"anyOf": [_ONE, {"type": "array", "items": _ONE, "minItems": 1}]})


def known_zone(name: str) -> str:
    """The name when it is one of an IANA time zone, or empty. Raises `ValueError` with what is allowed."""
    zones = available_timezones()
    if name and name not in zones:
        raise ValueError(f'the name of a time zone, like "Europe/Berlin"{nearest(name, zones)}')
    return name


def _days(given: Any) -> Any:
    """Days one by one, out of "mon-fri", "sat" or a list of such."""
    said = [given] if isinstance(given, str) else given
    if not isinstance(said, list | tuple):
        return given
    return tuple(day for word in said for day in _range(str(word).strip().lower()))


def _range(word: str) -> tuple[str, ...]:
    first, dash, last = (part.strip() for part in word.partition("-"))
    wrong = next((day for day in (first, last if dash else first) if day not in WEEKDAYS), None)
    if wrong is not None:
        raise ValueError(f'days like "mon" or "mon-fri"{nearest(wrong, WEEKDAYS)}')
    start, end = WEEKDAYS.index(first), WEEKDAYS.index(last or first)
    return tuple(WEEKDAYS[(start + n) % 7] for n in range((end - start) % 7 + 1))


def _clock(said: Any) -> str:
    if not isinstance(said, str) or not re.fullmatch(rf"{CLOCK}|24:00", said.strip()):
        raise ValueError('a time of day in quotes, like "09:00"')
    return said.strip()


Zone = Annotated[str, AfterValidator(known_zone)]


class Hours(Part):
    """Hours of the days of a week, in local time. They may go past midnight; a night counts to its evening."""

    days: Annotated[tuple[Literal[WEEKDAYS], ...], BeforeValidator(_days), _DAYS_SCHEMA] = Field(  # type: ignore[valid-type] # mypy reads no tuple there
        default=WEEKDAYS, min_length=1, description="Days on which they begin, like `mon-fri` or `[sat, sun]`."
    )
    from_: Annotated[str, BeforeValidator(_clock)] = Field(
        default="00:00", alias="from", description='When they begin, like `"09:00"`.'
    )
    to: Annotated[str, BeforeValidator(_clock)] = Field(
        default="24:00", description='When they end, like `"17:00"`; on the next day when it is not later than `from`.'
    )
    timezone: Zone = Field(default="", description="Time zone; default is that of the schedule, for a step `UTC`.")

    @field_validator("from_")
    @classmethod
    def _before_midnight(cls, said: str) -> str:
        if said == "24:00":
            raise ValueError('a time of day, like "09:00"; "24:00" is where `to` may be')
        return said

    def intervals(self, since: datetime, until: datetime, zone: str = "UTC") -> Iterator[tuple[datetime, datetime]]:
        """Beginning and end (UTC) of all that may touch the time from `since` until `until`, in order of their days.

        They are local times of the day, of `zone` unless they have one of their own: one that a change of clocks skips
        comes as much later, one that comes twice counts the first time (RFC 5545, section 3.3.5).
        """
        local = ZoneInfo(self.timezone or zone)
        day, last = ((moment.astimezone(local)).date() for moment in (since - _AROUND, until + _AROUND))
        while day <= last:
            if WEEKDAYS[day.weekday()] in self.days:
                yield self._on(day, local)
            day += _DAY

    def opening(self, at: datetime) -> datetime:
        """`at` when it falls into the hours, else their next beginning; UTC."""
        for begin, end in self.intervals(at, at + _SPAN):
            if at < end and begin < end:
                return max(at, begin)
        raise AssertionError("hours of a week begin within nine days")

    def _on(self, day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
        begin, midnight = datetime.combine(day, time.fromisoformat(self.from_)), datetime.combine(day, time())
        end = midnight + _DAY if self.to == "24:00" else datetime.combine(day, time.fromisoformat(self.to))
        end = end if end > begin else end + _DAY
        # in UTC, because times of one zone compare by their faces, which repeat when clocks go back
        return begin.replace(tzinfo=zone).astimezone(UTC), end.replace(tzinfo=zone).astimezone(UTC)

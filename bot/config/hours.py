"""Hours of a week in a time zone: `{days: [mon, fri], from: "09:00", to: "17:00", timezone: Europe/Berlin}` (pure)."""

import re
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from pydantic import Field, field_validator

from bot.config.errors import nearest
from bot.config.fields import Listed
from bot.config.oncall import WEEKDAYS
from bot.config.part import Part

_SPAN = 9
"""Days to look at for the next opening: a week, and what a change of clocks or a night shift may add."""


class Hours(Part):
    """Hours of the days of a week. They may go past midnight; equal `from` and `to` are a whole day."""

    days: Listed[str] = Field(default=WEEKDAYS, description="Days, `mon` to `sun`; a night counts to its evening.")
    from_: str = Field(default="00:00", alias="from", description='When they begin, like `"09:00"`.')
    to: str = Field(default="00:00", description='When they end, like `"17:00"`; `"00:00"` is midnight.')
    timezone: str = Field(default="UTC", description="Time zone, like `Europe/Berlin`.")

    @field_validator("days")
    @classmethod
    def _known_days(cls, days: tuple[str, ...]) -> tuple[str, ...]:
        lowered = tuple(day.lower() for day in days)
        wrong = next((day for day in lowered if day not in WEEKDAYS), None)
        if wrong is not None or not days:
            raise ValueError(f"days like mon, tue{'' if wrong is None else nearest(wrong, WEEKDAYS)}")
        return lowered

    @field_validator("from_", "to", mode="before")
    @classmethod
    def _clock(cls, said: Any) -> Any:
        if not isinstance(said, str) or not re.fullmatch(r"([01][0-9]|2[0-3]):[0-5][0-9]|24:00", said):
            raise ValueError('a time in quotes, like "09:00"')
        return "00:00" if said == "24:00" else said

    @field_validator("timezone")
    @classmethod
    def _zone(cls, name: str) -> str:
        zones = available_timezones()
        if name not in zones:
            raise ValueError(f'the name of a time zone, like "Europe/Berlin"{nearest(name, zones)}')
        return name

    def opening(self, at: datetime) -> datetime:
        """`at` when it falls into the hours, else their next beginning; UTC.

        Beginnings and ends are local times of the day: one that a change of clocks skips comes as much later, one that
        comes twice counts the first time (RFC 5545, section 3.3.5).
        """
        zone = ZoneInfo(self.timezone)
        today = at.astimezone(zone).date()
        for offset in range(-1, _SPAN):
            day = today + timedelta(days=offset)
            if WEEKDAYS[day.weekday()] not in self.days:
                continue
            begin = datetime.combine(day, time.fromisoformat(self.from_), tzinfo=zone).astimezone(UTC)
            over = day if self.to > self.from_ else day + timedelta(days=1)
            end = datetime.combine(over, time.fromisoformat(self.to), tzinfo=zone).astimezone(UTC)
            if at < end and begin < end:
                return max(at, begin)
        raise AssertionError("hours of a week begin within nine days")

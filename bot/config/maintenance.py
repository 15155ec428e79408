"""The section `maintenance` of manage.yml: windows in which nobody is told of what matches."""

import re
from datetime import datetime, timedelta
from typing import Annotated, Any, Self
from zoneinfo import ZoneInfo, available_timezones

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PlainSerializer,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from bot.config import recurrence
from bot.config.durations import Duration
from bot.config.errors import nearest, shown
from bot.config.fields import Matchers, Name
from bot.config.hours import WEEKDAYS
from bot.config.part import Part
from bot.matchers import parse_all, selective

MOMENT = 'a day and a time, like "2026-12-01 22:00" (in `timezone`), or with an offset "2026-12-01T22:00+01:00"'
_EVERY = re.compile(rf"(?:({'|'.join(WEEKDAYS)}) )?([01][0-9]|2[0-3]):([0-5][0-9])")


def moment(value: Any) -> datetime:
    """A moment as YAML or people write it; one without an offset stays naive, and means the clock on the wall.

    Raises `ValueError` naming what is allowed.
    """
    try:
        return value if isinstance(value, datetime) else datetime.fromisoformat(str(value).strip())
    except ValueError:
        raise ValueError(MOMENT) from None


Moment = Annotated[
    datetime,
    BeforeValidator(moment),
    PlainSerializer(lambda at: at.isoformat(), return_type=str),
    WithJsonSchema({"type": "string", "description": MOMENT, "examples": ["2026-12-01 22:00"]}),
]


class MaintenanceWindow(Part):
    """One planned window: once from `start` to `end`, or again and again for `for`."""

    name: Name = Field(description="What it is called where it mutes something; each name once.")
    matchers: Matchers = Field(description='Which alerts it mutes: `service="db"`, `instance=~"web-.*"`.')
    start: Moment | None = Field(default=None, description="When it begins; of one that repeats, from when on it does.")
    end: Moment | None = Field(default=None, description="When it ends; of one that repeats, until when it may begin.")
    every: str = Field(default="", description='When it begins each day or week: `"02:00"`, `"sun 02:00"`.')
    rrule: str = Field(
        default="",
        max_length=500,
        description="When it begins, as a rule of iCalendar (RFC 5545) counted from `start`: `FREQ=MONTHLY;BYDAY=1SU`.",
    )
    for_: Duration = Field(default=timedelta(0), alias="for", description="How long one that repeats lasts each time.")
    timezone: str = Field(default="", description="Time zone of its times; default is that of `oncall`.")
    comment: str = Field(default="", description="What is done; shown beside it.")
    public: bool = Field(
        default=False, description="Whether the status page shows it: when, its title, its comment, never its matchers."
    )
    title: str = Field(default="", max_length=200, description="What the status page calls it; default is its name.")

    @field_validator("matchers")
    @classmethod
    def _matchers(cls, said: tuple[str, ...]) -> tuple[str, ...]:
        if not selective(parse_all(said)):
            raise ValueError("at least one matcher that does not match every alert")
        return said

    @field_validator("every")
    @classmethod
    def _every(cls, said: str) -> str:
        lowered = " ".join(said.lower().split())
        if lowered and not _EVERY.fullmatch(lowered):
            raise ValueError('a time, or a day and a time, like "02:00" or "sun 02:00"')
        return lowered

    @field_validator("rrule")
    @classmethod
    def _rrule(cls, said: str) -> str:
        if said:
            recurrence.parse(said)
        return said

    @field_validator("timezone")
    @classmethod
    def _zone(cls, name: str) -> str:
        if name and name not in (zones := available_timezones()):
            raise ValueError(f'the name of a time zone, like "Europe/Berlin"{nearest(name, zones)}')
        return name

    @model_validator(mode="after")
    def _once_or_again(self) -> Self:
        repeats = [key for key in ("every", "rrule") if getattr(self, key)]
        if len(repeats) == 2:
            raise ValueError("one of `every` and `rrule`")
        if not repeats and (self.start is None or self.end is None or self.for_):
            raise ValueError(
                "`start` and `end` for a window that comes once; `every` or `rrule`, and `for`, for others"
            )
        if repeats and not self.for_:
            raise ValueError(f'`for` beside `{repeats[0]}`: how long it lasts, like "2h"')
        if self.rrule and self.start is None:
            raise ValueError("`start` beside `rrule`: the moment from which its repetitions are counted")
        zone = ZoneInfo(self.timezone or "UTC")
        if self.rrule and self.start:
            wall = instant(self.start, zone).astimezone(zone).replace(tzinfo=None)
            recurrence.check(recurrence.parse(self.rrule), wall)
        if self.start and self.end and instant(self.start, zone) >= instant(self.end, zone):
            raise ValueError("an `end` behind `start`")
        if self.title and not self.public:
            raise ValueError("`public: true` beside `title`: only the status page shows titles")
        return self


def instant(at: datetime, zone: ZoneInfo) -> datetime:
    """The moment that `at` means in `zone`, where it has no offset of its own."""
    return at if at.tzinfo else at.replace(tzinfo=zone)


def _named_apart(windows: tuple[MaintenanceWindow, ...]) -> tuple[MaintenanceWindow, ...]:
    names = [window.name for window in windows]
    if twice := {name for name in names if names.count(name) > 1}:
        raise ValueError(f"a name of its own for each window, {shown(min(twice))} is there twice")
    return windows


Maintenance = Annotated[
    tuple[MaintenanceWindow, ...],
    BeforeValidator(lambda given: () if given is None else given),
    AfterValidator(_named_apart),
]
"""The windows of the section."""

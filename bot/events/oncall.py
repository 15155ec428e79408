"""What happened to schedules, overrides, swaps, and to how people are reached."""

from dataclasses import dataclass
from datetime import datetime

import typing_extensions

from bot.events.event import Event


@dataclass(frozen=True, kw_only=True)
class OverrideEvent(Event):
    """Something that happened to an override."""

    override: int
    schedule: str

    @property
    @typing_extensions.override
    def subject(self) -> str:
        return f"override:{self.override}"


@dataclass(frozen=True, kw_only=True)
class OverrideAdded(OverrideEvent):
    """Somebody is on call for a time, whatever the layers say; `swap` when that came from a swap."""

    user: str
    starts_at: datetime
    ends_at: datetime
    comment: str = ""
    swap: int | None = None


@dataclass(frozen=True, kw_only=True)
class OverrideRemoved(OverrideEvent):
    """The override is in force no more."""

    user: str


@dataclass(frozen=True, kw_only=True)
class SwapEvent(Event):
    """Something that happened to an offer to swap."""

    swap: int

    @property
    @typing_extensions.override
    def subject(self) -> str:
        return f"swap:{self.swap}"


@dataclass(frozen=True, kw_only=True)
class SwapOffered(SwapEvent):
    """Somebody wants another person to take their time."""

    schedule: str
    user: str
    starts_at: datetime
    ends_at: datetime
    comment: str = ""


@dataclass(frozen=True, kw_only=True)
class SwapTaken(SwapEvent):
    """Somebody took it: `taken_by` is on call instead of `user`."""

    user: str
    taken_by: str


@dataclass(frozen=True, kw_only=True)
class SwapWithdrawn(SwapEvent):
    """The offer was taken back."""


@dataclass(frozen=True, kw_only=True)
class SwapPastDue(SwapEvent):
    """Nobody took it before it began."""


@dataclass(frozen=True, kw_only=True)
class ScheduleEvent(Event):
    """Something that happened to a schedule."""

    schedule: str

    @property
    @typing_extensions.override
    def subject(self) -> str:
        return f"schedule:{self.schedule}"


@dataclass(frozen=True, kw_only=True)
class HandedOver(ScheduleEvent):
    """Others are on call from now on, nobody when `people` is empty."""

    at: datetime
    people: tuple[str, ...]
    previous: tuple[str, ...] = ()
    until: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class ScheduleTroubled(ScheduleEvent):
    """The daily look ahead found what is wrong with a schedule, one line for each thing."""

    problems: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class CalendarEvent(ScheduleEvent):
    """Something that happened to the calendar that a layer of the schedule is read from."""

    layer: int


@dataclass(frozen=True, kw_only=True)
class CalendarBroken(CalendarEvent):
    """It cannot be read; the last good copy goes on."""

    error: str
    copied_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class CalendarMended(CalendarEvent):
    """It can be read again."""


@dataclass(frozen=True, kw_only=True)
class PreferencesSet(Event):
    """How a person is reached was changed; `fields` names what, never the values."""

    user: str
    fields: tuple[str, ...]

    @property
    @typing_extensions.override
    def subject(self) -> str:
        return f"person:{self.user}"

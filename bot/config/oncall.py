"""The section `oncall` of manage.yml: who is on call."""

import re
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BeforeValidator,
    Field,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from bot.config.durations import PositiveDuration
from bot.config.fields import Listed, UserId
from bot.config.hours import CLOCK, WEEKDAYS, Hours, Zone
from bot.config.part import Part

DEFAULT = "default"
"""The name of the schedule that the section's own keys describe."""
_HANDOVER = re.compile(rf"(?:({'|'.join(WEEKDAYS)}) )?({CLOCK})")


def _rotating(given: Any) -> Any:
    if isinstance(given, Every) or given in ("daily", "weekly"):
        return given
    if not isinstance(given, Mapping) or set(given) != {"every"}:
        raise ValueError('"daily", "weekly" or a length of turns, like {every: 12h}')
    try:
        every = Every.model_validate(dict(given))
    except ValueError:
        raise ValueError("a length of turns, like {every: 12h} or {every: 3d}") from None
    if every.every < timedelta(hours=1) or every.every > timedelta(days=366) or every.every % timedelta(minutes=1):
        raise ValueError("turns of whole minutes, from 1h to 366d")
    return every


_GROUPS_SCHEMA = WithJsonSchema(
    {
        "type": "array",
        "items": {
            "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}],
        },
    }
)


class Every(Part):
    """Turns of a length of their own, in local time: a change of clocks makes one longer or shorter."""

    every: PositiveDuration = Field(description="Length of one turn, like `12h` or `3d`.")


Rotating = Annotated[Literal["daily", "weekly"] | Every, BeforeValidator(_rotating)]
ScheduleName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")]


class Layer(Part):
    """Who takes turns, and when; later layers of a schedule cover earlier ones."""

    people: Listed[UserId] = Field(default=(), description="Slack user ids, in the order of their turns.")
    turns: Annotated[tuple[Listed[UserId], ...], _GROUPS_SCHEMA] = Field(
        default=(), description="Instead of `people`: groups of people who are on call together, in order."
    )
    schedule: str = Field(default="", description="Instead of `people`: the name of another schedule.")
    ical: str = Field(
        default="", description="Instead of `people`: address (https, webcal) or file of an iCalendar feed."
    )
    rotation: Rotating = Field(
        default="weekly", description="How long one turn is: `daily`, `weekly` or `{every: 12h}`."
    )
    handover: str = Field(
        default="mon 09:00", description='When turns change: `"mon 09:00"`; for daily ones `"09:00"`.'
    )
    timezone: Zone = Field(default="", description="Time zone of its times; default is the schedule's.")
    start: date = Field(default=date(2024, 1, 1), description="Day from which it is in force; the first person's.")
    until: date | None = Field(default=None, description="Day from which it is in force no more; default is never.")
    during: Hours | None = Field(default=None, description="Hours in which it is in force; default is always.")

    @field_validator("handover")
    @classmethod
    def _handover(cls, said: str, info: ValidationInfo) -> str:
        return handover_of(said, info.data.get("rotation"))

    @field_validator("ical")
    @classmethod
    def _address(cls, said: str) -> str:
        if "://" in said and not re.match(r"(https?|webcal)://[^\s/]+", said):
            raise ValueError("an address that begins with https:// or webcal://, or the path of a file")
        return said

    @field_validator("turns")
    @classmethod
    def _nobody(cls, turns: tuple[tuple[str, ...], ...]) -> tuple[tuple[str, ...], ...]:
        if not all(turns):
            raise ValueError("at least one Slack user id in each group")
        return turns

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        given = [name for name in ("people", "turns", "schedule", "ical") if getattr(self, name)]
        if len(given) > 1:
            raise ValueError(f"one of people, turns, schedule and ical, not {' and '.join(given)}")
        if self.until is not None and self.until <= self.start:
            raise ValueError(f"until after start, {self.start.isoformat()}")
        return self

    @property
    def groups(self) -> tuple[tuple[str, ...], ...]:
        """Who is on call together, turn by turn."""
        return self.turns or tuple((user,) for user in self.people)

    @property
    def filled(self) -> bool:
        """Whether it says who is on call."""
        return bool(self.people or self.turns or self.schedule or self.ical)


class Rota(Layer):
    """One schedule: its layers, or the keys of a single one."""

    layers: tuple[Layer, ...] = Field(
        default=(), description="Who takes turns, and when; a later layer covers those before it."
    )
    usergroup: str = Field(
        default="",
        pattern=r"^(S[A-Z0-9]{2,20}|@?[a-z0-9._-]{1,80}|)$",
        description="Slack user group, by id or handle, whose members are those on call.",
    )
    announce: bool = Field(default=False, description="Whether each handover is told in the channel of alerts.")

    @model_validator(mode="after")
    def _layers_or_own(self) -> Self:
        if self.layers and self.filled:
            raise ValueError("either layers, or people (turns, schedule, ical) of its own")
        if not self.layers and not self.filled:
            raise ValueError("people, turns, schedule or ical, or layers that have them")
        empty = next((n for n, layer in enumerate(self.layers, 1) if not layer.filled), 0)
        if empty:
            raise ValueError(f"people, turns, schedule or ical in layer {empty}")
        return self


class Oncall(Part):
    """Who is on call. Its own keys are the schedule `default`; more of them stand under `schedules`."""

    people: Listed[UserId] = Field(default=(), description="Slack user ids, in the order of their turns.")
    rotation: Rotating = Field(
        default="weekly", description="How long one turn is: `daily`, `weekly` or `{every: 12h}`."
    )
    handover: str = Field(
        default="mon 09:00", description='When turns change: `"mon 09:00"`; for daily ones `"09:00"`.'
    )
    timezone: Zone = Field(default="UTC", min_length=1, description="Time zone of the handover, like `Europe/Berlin`.")
    start: date = Field(default=date(2024, 1, 1), description="Day from which turns are counted; the first person's.")
    usergroup: str = Field(
        default="",
        pattern=r"^(S[A-Z0-9]{2,20}|@?[a-z0-9._-]{1,80}|)$",
        description="Slack user group, by id or handle, whose members are those on call.",
    )
    announce: bool = Field(default=False, description="Whether each handover is told in the channel of alerts.")
    schedules: Mapping[ScheduleName, Rota] = Field(default_factory=dict, description="More schedules, by name.")

    @field_validator("handover")
    @classmethod
    def _handover(cls, said: str, info: ValidationInfo) -> str:
        return handover_of(said, info.data.get("rotation"))


def handover_of(said: str, rotation: Any) -> str:
    """The handover in its one spelling, "mon 09:00" or "09:00"; raises `ValueError` with what is allowed."""
    lowered = " ".join(said.lower().split())
    match = _HANDOVER.fullmatch(lowered)
    if not match:
        raise ValueError('a day and a time, like "mon 09:00"')
    if rotation == "weekly" and not match[1]:
        raise ValueError(f'a day as well for a weekly rotation, like "mon {lowered}"')
    return lowered

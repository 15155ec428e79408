"""The section `oncall` of manage.yml: who is on call."""

import re
from datetime import date
from typing import Literal
from zoneinfo import available_timezones

from pydantic import Field, ValidationInfo, field_validator

from bot.config.errors import nearest
from bot.config.fields import Listed, UserId
from bot.config.part import Part

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class Oncall(Part):
    """Who is on call."""

    people: Listed[UserId] = Field(default=(), description="Slack user ids, in the order of their turns.")
    rotation: Literal["daily", "weekly"] = Field(default="weekly", description="How long one turn is.")
    handover: str = Field(
        default="mon 09:00", description='When turns change: `"mon 09:00"`; for daily ones `"09:00"`.'
    )
    timezone: str = Field(default="UTC", description="Time zone of the handover, like `Europe/Berlin`.")
    start: date = Field(default=date(2024, 1, 1), description="Day from which turns are counted; the first person's.")

    @field_validator("handover")
    @classmethod
    def _handover(cls, said: str, info: ValidationInfo) -> str:
        lowered = " ".join(said.lower().split())
        match = re.fullmatch(rf"(?:({'|'.join(WEEKDAYS)}) )?([01][0-9]|2[0-3]):[0-5][0-9]", lowered)
        if not match:
            raise ValueError('a day and a time, like "mon 09:00"')
        if info.data.get("rotation") == "weekly" and not match[1]:
            raise ValueError(f'a day as well for a weekly rotation, like "mon {lowered}"')
        return lowered

    @field_validator("timezone")
    @classmethod
    def _zone(cls, name: str) -> str:
        zones = available_timezones()
        if name not in zones:
            raise ValueError(f'the name of a time zone, like "Europe/Berlin"{nearest(name, zones)}')
        return name

"""The section `follow_ups` of manage.yml: what is to be done after incidents, and where issues are opened for it."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Literal

from pydantic import Field, field_validator

from bot.config.durations import PositiveDuration
from bot.config.fields import Emoji, Name
from bot.config.part import Part
from bot.config.plugins import Plugged

TAKEN = {"pushpin": "it puts messages on the timeline", "white_check_mark": "it approves sections of postmortems"}
"""Emoji that mean something else, and what."""


class FollowUps(Part):
    """Follow-ups."""

    emoji: Emoji = Field(default="star", description="A reaction with it makes a message of an incident a follow-up.")
    remind_every: PositiveDuration = Field(
        default=timedelta(days=7), description="How often the owner of an overdue one is reminded."
    )
    file: Literal["by_hand", "always"] = Field(
        default="by_hand", description="Whether an issue is opened for each in every tracker, or when somebody asks."
    )
    trackers: Mapping[Name, Plugged] = Field(default_factory=dict, description="Issue trackers by name.")

    @field_validator("emoji")
    @classmethod
    def _is_free(cls, emoji: str) -> str:
        if emoji in TAKEN:
            raise ValueError(f"another emoji than {emoji}: {TAKEN[emoji]}")
        return emoji

"""The section `escalation` of manage.yml: policies and their steps."""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator, model_validator

from bot.config.durations import Delay
from bot.config.fields import Listed, Name, numeric
from bot.config.part import Part


class Step(Part):
    """One step of an escalation policy."""

    after: Delay = Field(default=timedelta(0), description="How long after the alert was opened.")
    via: Name = Field(
        default="slack",
        description="Channel of notification: `slack`, a key of `notifications`, or `personal`: as each person chose.",
    )
    notify: Annotated[Listed[Name], Field(min_length=1)] = Field(
        description='Who: `oncall`, a user (`"@U…"`), a channel (`"#name"`); for other channels their own targets.'
    )

    @field_validator("notify")
    @classmethod
    def _reachable(cls, targets: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        for target in targets if info.data.get("via") == "slack" else ():
            if not re.fullmatch(r"oncall|@[UW][A-Z0-9]{2,20}|#[a-z0-9_-]{1,80}", target):
                raise ValueError(f'oncall, "@U…" (a Slack user id) or "#channel" in quotes, not "{target}"')
        return targets


STEPS: tuple[Mapping[str, Any], ...] = (
    {"after": "immediately", "notify": ["oncall"]},
    {"after": "5m", "notify": ["oncall"]},
    {"after": "15m", "notify": ["#incidents"]},
)


class Policy(Part):
    """Steps in order of time; a list of steps is a policy too."""

    steps: Annotated[tuple[Step, ...], Field(min_length=1)] = Field(description="Its steps, in order of time.")
    repeat: Annotated[int, Field(ge=0, le=20), BeforeValidator(numeric)] = Field(
        default=0, description="How often all steps are taken again while nobody acknowledges."
    )

    @model_validator(mode="before")
    @classmethod
    def _steps_alone(cls, given: Any) -> Any:
        return {"steps": given} if isinstance(given, list | tuple) else given


def _policies(given: Any) -> Any:
    """The policy "default" is always there, unless another one of that name is given."""
    return {"default": list(STEPS), **(given or {})} if given is None or isinstance(given, Mapping) else given


Policies = Annotated[Mapping[str, Policy], BeforeValidator(_policies)]

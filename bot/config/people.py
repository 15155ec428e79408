"""The section `people` of manage.yml: how each person can be reached."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from bot.config.durations import Delay
from bot.config.fields import Name, UserId
from bot.config.part import Part


class PersonConfig(Part):
    """How one person is reached; what they set for themselves in App Home wins."""

    email: str = Field(default="", description="Address for mail; default is what Slack knows.")
    phone: str = Field(default="", description="Number for SMS and calls, like `+4930123456`.")
    timezone: str = Field(default="", description="Time zone, like `Europe/Berlin`; default is what Slack knows.")
    notify: Mapping[Delay, Name] = Field(
        default_factory=dict, description="Own rules: after how long through which channel, like `after2min: sms`."
    )


People = Annotated[Mapping[UserId, PersonConfig], Field(description="How people are reached, by Slack user id.")]

"""The section `people` of manage.yml: how each person can be reached; phones and addresses as they are checked."""

import re
from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, Field, WithJsonSchema

from bot.config.durations import Delay
from bot.config.fields import Listed, Name, UserId
from bot.config.hours import Zone
from bot.config.part import Part


def phone_of(said: str) -> str:
    """The number in its one spelling (E.164), separators left out. Raises `ValueError` with what is allowed."""
    number = re.sub(r"[\s()./-]", "", said)
    if number and not re.fullmatch(r"\+[1-9][0-9]{6,14}", number):
        raise ValueError('a number with its country, like "+4930123456"')
    return number


def email_of(said: str) -> str:
    """The address, when it is one. Raises `ValueError` with what is allowed."""
    address = said.strip()
    if address and (
        len(address) > 254 or not re.fullmatch(r"[^@\s<>,;:\"]{1,64}@[^@\s<>,;:\"]+\.[a-zA-Z]{2,}", address)
    ):
        raise ValueError('an address, like "oncall@shop.example"')
    return address


_ONE_OR_MORE = WithJsonSchema(
    {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]}
)


class PersonConfig(Part):
    """How one person is reached; what they set for themselves in App Home wins."""

    email: Annotated[str, AfterValidator(email_of)] = Field(
        default="", description="Address for mail; default is what Slack knows."
    )
    phone: Annotated[str, AfterValidator(phone_of)] = Field(
        default="", description="Number for SMS and calls, like `+4930123456`."
    )
    timezone: Zone = Field(default="", description="Time zone, like `Europe/Berlin`; default is what Slack knows.")
    notify: Mapping[Delay, Annotated[Listed[Name], Field(min_length=1), _ONE_OR_MORE]] = Field(
        default_factory=dict,
        description="Own rules: after how long through which channels, like `after2min: sms`.",
    )


People = Annotated[Mapping[UserId, PersonConfig], Field(description="How people are reached, by Slack user id.")]

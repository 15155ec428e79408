"""The section `postmortems` of manage.yml: when a draft is made, by what means, and where it is kept."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated

from pydantic import BeforeValidator, Field

from bot.config.durations import Duration, PositiveDuration
from bot.config.fields import Listed, Name, numeric
from bot.config.incidents import SERIOUS
from bot.config.part import Part
from bot.config.plugins import Plugged
from storage.records.alerts import Severity


class Postmortems(Part):
    """Postmortems."""

    write_for: Listed[Severity] = Field(default=SERIOUS, description="Severities of incidents that get one.")
    draft_after: Duration = Field(
        default=timedelta(minutes=10), description="How long after the resolution it is drafted."
    )
    timeout: PositiveDuration = Field(
        default=timedelta(seconds=60),
        description="How long the model may take for a section, or for one turn of the assistant.",
    )
    budget: Annotated[int, Field(ge=1000), BeforeValidator(numeric)] = Field(
        default=100_000, description="Tokens that one postmortem may use in all."
    )
    private_to_model: bool = Field(
        default=False, description="Whether the model may draft the postmortem of a private incident."
    )
    publish: Mapping[Name, Plugged] = Field(
        default_factory=dict, description="Further places where approved postmortems are kept, by name."
    )
    publish_private: bool = Field(
        default=False, description="Whether the postmortem of a private incident may leave for those places."
    )

"""The section `postmortems` of manage.yml: when a draft is made, by what means, and where it is kept."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, WithJsonSchema, model_validator

from bot.config.currencies import CODES
from bot.config.durations import Duration, PositiveDuration
from bot.config.errors import KeyPath, nearest
from bot.config.fields import Listed, MetricName, Name, numeric
from bot.config.incidents import SERIOUS
from bot.config.objectives import counting
from bot.config.part import Part
from bot.config.plugins import Plugged
from storage.records.alerts import Severity


def _known(code: str) -> str:
    if code not in CODES:
        raise ValueError(f'a code of ISO 4217, like "EUR"{nearest(code, sorted(CODES))}')
    return code


Rate = Annotated[
    Decimal,
    Field(gt=0, le=1_000_000_000, decimal_places=6),
    BeforeValidator(lambda value: numeric(str(value) if isinstance(value, float) else value)),
    PlainSerializer(float, return_type=float, when_used="json"),
    WithJsonSchema({"type": "number", "exclusiveMinimum": 0, "maximum": 1_000_000_000}),
]


class Cost(Part):
    """What an incident costs: one rate, which its measured downtime or its failed requests are multiplied by."""

    currency: Annotated[str, AfterValidator(_known)] = Field(description="Code of the currency, like `EUR`.")
    per_minute: Rate | None = Field(
        default=None, description="Of each minute in which a check of the incident's alerts is down."
    )
    per_failed_request: Rate | None = Field(default=None, description="In its place: of each request that failed.")

    @model_validator(mode="after")
    def _one_rate(self) -> Self:
        if (self.per_minute is None) == (self.per_failed_request is None):
            raise ValueError("one of per_minute and per_failed_request")
        return self


class Impact(Part):
    """What the impact of an incident is worked out from; what is not given is asked for."""

    active_users: MetricName | None = Field(
        default=None, description="Metric of how many users are active, affected or not."
    )
    affected_users: MetricName | None = Field(default=None, description="Metric of how many users are affected.")
    cost: Cost | None = Field(default=None, description="What it costs.")


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
    impact: Impact = Field(default_factory=Impact, description="What the impact is worked out from.")


def mistakes(values: Mapping[str, Any], metrics: frozenset[str]) -> Iterator[tuple[KeyPath, str, str]]:
    """Metrics that there are not, as (path, found, allowed); asked of plain values, wrong types are passed over."""
    section = values.get("postmortems")
    impact = section.get("impact") if isinstance(section, Mapping) else None
    if isinstance(impact, Mapping):
        for key in ("active_users", "affected_users"):
            yield from counting(("postmortems", "impact", key), impact.get(key), metrics)

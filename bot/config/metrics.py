"""The section `metrics` of manage.yml: where measured values come from, and how long they are kept."""

from datetime import timedelta

from pydantic import BaseModel, Field, SerializeAsAny

from bot.config.durations import PositiveDuration
from bot.config.fields import Listed, MetricName, Name
from bot.config.part import Part
from bot.config.plugins import NoOptions

LEAST_FRESH = timedelta(minutes=5)


class SourceConfig(Part):
    """One source of metrics."""

    name: Name = Field(description="What it is called; the label `source` of its samples; each name once.")
    type: Name = Field(description="Kind of source.")
    options: SerializeAsAny[BaseModel] = Field(default_factory=NoOptions, description="Options of that kind of source.")


class Metrics(Part):
    """Metrics."""

    every: PositiveDuration = Field(default=timedelta(seconds=15), description="How often every source is read.")
    keep: PositiveDuration = Field(
        default=timedelta(days=30), description="How long samples are kept; older ones as one aggregate for each hour."
    )
    pushed: Listed[MetricName] = Field(
        default=(), description="Metrics that are pushed or sent over OTLP, beside the well-known ones."
    )
    sources: tuple[SourceConfig, ...] = Field(default=(), description="Sources, beside those that run by themselves.")

    @property
    def fresh_for(self) -> timedelta:
        """How long a sample says something about now; a series without a younger one is absent."""
        return max(LEAST_FRESH, 4 * self.every)

"""The section `alerts` of manage.yml: rules, and how alerts behave."""

from datetime import timedelta

from pydantic import Field

from bot.config.durations import Duration, PositiveDuration
from bot.config.fields import Emoji, Listed, Matchers, Name, Rounds
from bot.config.part import Part
from bot.config.rules import INHIBIT, RULES, Rules
from bot.config.rules import RuleConfig as RuleConfig  # noqa: PLC0414 - where alerts are, rules are looked for


class Flapping(Part):
    """When an alert that comes and goes is held open."""

    openings: Rounds = Field(default=4, description="So many openings of one instance make it flapping.")
    within: PositiveDuration = Field(default=timedelta(minutes=30), description="Counted over so long.")
    quiet: PositiveDuration = Field(
        default=timedelta(minutes=10), description="It is over when it did not fire for so long."
    )


class Inhibition(Part):
    """While a source alert fires, target alerts with equal labels are muted; matchers like `severity="critical"`."""

    source: Matchers = Field(description="Matchers of the alerts that mute.")
    target: Matchers = Field(description="Matchers of the alerts that are muted.")
    equal: Listed[Name] = Field(default=(), description="Labels that both must have alike.")


class Alerts(Part):
    """Alerts."""

    reactions: Listed[Emoji] = Field(default=("eyes",), description="Emoji (without colons) that acknowledge an alert.")
    edit_every: Duration = Field(
        default=timedelta(seconds=3), description="Least time between two machine edits of a card."
    )
    group_by: Listed[Name] = Field(
        default=("alertname", "service", "check"),
        description="Labels by which instances are grouped into one alert; `...` keeps every instance apart.",
    )
    resolve_timeout: PositiveDuration = Field(
        default=timedelta(minutes=5),
        description="An instance from Prometheus is over when it was not sent again for so long.",
    )
    acknowledged_for: Duration = Field(
        default=timedelta(hours=4), description="How long an acknowledgement holds; `0` for ever."
    )
    remind_before: Duration = Field(
        default=timedelta(minutes=15), description="How long before its end whoever acknowledged is reminded."
    )
    flapping: Flapping = Field(default_factory=Flapping, description="When an alert that comes and goes is held open.")
    inhibit: tuple[Inhibition, ...] = Field(
        default=tuple(map(Inhibition.model_validate, INHIBIT)), description="Which alerts mute which others."
    )
    rules: Rules = Field(
        default_factory=dict,
        validate_default=True,
        description=f"Rules by name; built in are {', '.join(f'`{name}`' for name in RULES)}.",
    )

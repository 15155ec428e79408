"""The section `alerts` of manage.yml: rules, and how alerts behave."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from bot.config.durations import Duration, PositiveDuration
from bot.config.fields import Emoji, Listed, Name, Rounds
from bot.config.part import Part
from storage.records.alerts import Severity


class RuleConfig(Part):
    """What an alert of one rule is like."""

    severity: Severity = Field(default=Severity.HIGH, description="How bad.")
    policy: Name = Field(default="default", description="Escalation policy, a key of `escalation`.")
    runbook: str = Field(default="", description="Address of what to do; shown on the card.")
    enabled: bool = Field(default=True, description="Whether it raises alerts.")
    condition: str = Field(
        default="", max_length=500, description="When it is broken: CEL over metrics, like `error_rate > 0.05`."
    )
    for_: Duration = Field(
        default=timedelta(0), alias="for", description="How long the condition must hold before it fires."
    )
    keep_firing_for: Duration = Field(
        default=timedelta(0), description="How long it goes on firing after the condition held last."
    )
    labels: Mapping[Name, str] = Field(default_factory=dict, description="Labels that its alerts get besides.")
    summary: str = Field(default="", description="What its alerts say, with `{{ value }}` and `{{ labels.NAME }}`.")
    description: str = Field(default="", description="More of the same, shown below the summary.")


RULES: Mapping[str, Mapping[str, str]] = {
    "health-check-failed": {"severity": "high"},
    "health-check-degraded": {"severity": "medium"},
    "job-dead": {"severity": "medium"},
}


def _rules(given: Any) -> Any:
    """The built-in rules are always there; what is given changes single keys of them."""
    if given is None or isinstance(given, Mapping):
        given = given or {}
        names = [*RULES, *(name for name in given if name not in RULES)]
        return {name: _over(RULES.get(name, {}), given.get(name)) for name in names}
    return given


def _over(defaults: Mapping[str, Any], given: Any) -> Any:
    return {**defaults, **given} if isinstance(given, Mapping) else (dict(defaults) if given is None else given)


class Flapping(Part):
    """When an alert that comes and goes is held open."""

    openings: Rounds = Field(default=4, description="So many openings of one instance make it flapping.")
    within: PositiveDuration = Field(default=timedelta(minutes=30), description="Counted over so long.")
    quiet: PositiveDuration = Field(
        default=timedelta(minutes=10), description="It is over when it did not fire for so long."
    )


class Inhibition(Part):
    """While a source alert fires, target alerts with equal labels are muted; matchers like `severity="critical"`."""

    source: Annotated[Listed[Name], Field(min_length=1)] = Field(description="Matchers of the alerts that mute.")
    target: Annotated[Listed[Name], Field(min_length=1)] = Field(description="Matchers of the alerts that are muted.")
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
    inhibit: tuple[Inhibition, ...] = Field(default=(), description="Which alerts mute which others.")
    rules: Annotated[Mapping[str, RuleConfig], BeforeValidator(_rules)] = Field(
        default_factory=dict,
        validate_default=True,
        description=f"Rules by name; built in are {', '.join(f'`{name}`' for name in RULES)}.",
    )

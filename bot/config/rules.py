"""Rules: what is wrong with a metric and how its alerts are. `alerts.rules` of manage.yml."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, GetJsonSchemaHandler, field_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from bot.config.durations import Duration, PositiveDuration, spell
from bot.config.fields import Name, numeric
from bot.config.part import Part
from storage.records.alerts import Severity

DAY, WEEK = timedelta(days=1), timedelta(weeks=1)


class Anomaly(Part):
    """What is unusual for a metric at this time of the day or the week."""

    metric: Name = Field(description="The metric that is watched.")
    season: PositiveDuration = Field(default=DAY, description="After how long it repeats: `1d` or `1w`.")
    deviations: Annotated[float, Field(ge=1, le=100), BeforeValidator(numeric)] = Field(
        default=4.0, description="So many times its usual deviation away from what is usual it fires."
    )
    direction: Literal["above", "below", "both"] = Field(default="both", description="Which way is bad.")
    min_history: PositiveDuration = Field(
        default=timedelta(days=2), description="Until so much was measured it does not judge."
    )

    @field_validator("season")
    @classmethod
    def _day_or_week(cls, season: timedelta) -> timedelta:
        if season not in (DAY, WEEK):
            raise ValueError(f"1d or 1w, not {spell(season)}")
        return season


class RuleConfig(Part):
    """What an alert of one rule is like."""

    severity: Severity = Field(default=Severity.HIGH, description="How bad.")
    policy: str = Field(
        default="",
        description="Escalation policy, a key of `escalation`; default is the one that manage.yml has under its "
        "severity's name, else `default`.",
    )
    runbook: str = Field(default="", description="Address of what to do; shown on the card.")
    enabled: bool = Field(default=True, description="Whether it raises alerts.")
    condition: str = Field(
        default="", max_length=500, description="When it is broken: CEL over metrics, like `error_rate > 0.05`."
    )
    clear: str = Field(
        default="", max_length=500, description="When it is over, if that is not just the condition's end: CEL as well."
    )
    anomaly: Anomaly | None = Field(default=None, description="Instead of a condition: fire on what is unusual.")
    for_: Duration = Field(
        default=timedelta(0), alias="for", description="How long the condition must hold before it fires."
    )
    keep_firing_for: Duration = Field(
        default=timedelta(0), description="How long it goes on firing after the condition held last."
    )
    stale_after: PositiveDuration | None = Field(
        default=None,
        description="How old a sample may be; default is four times `metrics.every`, at least `5m`. "
        "Longer for what is pushed rarely.",
    )
    labels: Mapping[Name, str] = Field(default_factory=dict, description="Labels that its alerts get besides.")
    summary: str = Field(default="", description="What its alerts say, with `{{ value }}` and `{{ labels.NAME }}`.")
    description: str = Field(default="", description="More of the same, shown below the summary.")

    @property
    def watches(self) -> bool:
        """True when it is evaluated over metrics, and not only a way to treat alerts that come from elsewhere."""
        return bool(self.condition or self.anomaly)


BUILT_IN: Mapping[str, Mapping[str, Any]] = {
    "health-check-failed": {"severity": "high", "policy": "default"},
    "health-check-degraded": {"severity": "medium", "policy": "default"},
    "job-dead": {"severity": "medium", "policy": "default"},
    "rule-broken": {"severity": "medium", "policy": "default"},
    "escalation-broken": {"severity": "high"},
    "heartbeat-missed": {"severity": "high"},
}
"""Rules over the bot's own doings: they have no condition."""

OVER_METRICS: Mapping[str, Mapping[str, Any]] = {
    "error-rate": {
        "condition": "error_rate > 0.05",
        "severity": "critical",
        "policy": "critical",
        "summary": "{{ labels.service }} error rate is {{ value }}",
        "description": "More than {{ threshold }} of the requests fail.",
    },
    "latency-high": {
        "condition": "p95_latency > 1000",
        "severity": "high",
        "policy": "high",
        "summary": "{{ labels.service }} p95 latency is {{ value }} ms",
        "description": "One request in twenty takes longer than that; the limit is {{ threshold }} ms.",
    },
    "latency-raised": {
        "condition": "p95_latency > 500",
        "severity": "medium",
        "policy": "medium",
        "summary": "{{ labels.service }} p95 latency is {{ value }} ms",
        "description": "One request in twenty takes longer than that; the limit is {{ threshold }} ms.",
    },
    "disk-usage": {
        "condition": "disk_usage > 0.85",
        "severity": "medium",
        "policy": "disk",
        "summary": "disk {{ labels.mount }} is full to {{ value }}",
        "description": "The limit is {{ threshold }} of its size.",
    },
}
"""Rules over metrics that are there without being written."""

RULES: Mapping[str, Mapping[str, Any]] = {**BUILT_IN, **OVER_METRICS}

INHIBIT: tuple[Mapping[str, Any], ...] = (
    {"source": ['alertname="latency-high"'], "target": ['alertname="latency-raised"'], "equal": ["service", "source"]},
)
"""Of two rules over one value only the graver one is told."""


def by_name(given: Any) -> Any:
    """Rules as a mapping, also when they were given as a list of rules with a `name`; anything else as it is."""
    if not isinstance(given, list | tuple):
        return given
    named = list(entries(given))
    if len({name for name, _, _ in named}) < len(given):
        raise ValueError("a list of rules, each with a `name` of its own")
    return {name: rule for name, _, rule in named}


def entries(given: Any) -> Iterator[tuple[str, int, dict[str, Any]]]:
    """The rules of a list that have a name: name, place and the rule without it."""
    for index, rule in enumerate(given if isinstance(given, list | tuple) else ()):
        if isinstance(rule, Mapping) and isinstance(rule.get("name"), str):
            yield rule["name"], index, {key: value for key, value in rule.items() if key != "name"}


def with_defaults(given: Any) -> Any:
    """The built-in rules are always there; what is given changes single keys of them."""
    given = by_name(given)
    if given is None or isinstance(given, Mapping):
        given = given or {}
        names = [*RULES, *(name for name in given if name not in RULES)]
        return {name: _over(RULES.get(name, {}), given.get(name)) for name in names}
    return given


def _over(defaults: Mapping[str, Any], given: Any) -> Any:
    return {**defaults, **given} if isinstance(given, Mapping) else (dict(defaults) if given is None else given)


class _AlsoListed:
    """Let editors take a list of rules with a `name` too."""

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        mapping = handler(core)
        rule = dict(handler.resolve_ref_schema(dict(mapping["additionalProperties"])))
        name = {"type": "string", "minLength": 1, "description": "What it is called; each name once."}
        rule["properties"] = {"name": name, **rule["properties"]}
        listed = {"type": "array", "items": {**rule, "required": ["name"]}}
        told = {key: mapping[key] for key in ("title", "description", "default") if key in mapping}
        return told | {"anyOf": [{k: v for k, v in mapping.items() if k not in told}, listed]}


Rules = Annotated[Mapping[str, RuleConfig], BeforeValidator(with_defaults), _AlsoListed()]

"""The section `escalation` of manage.yml: policies and their steps."""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, GetJsonSchemaHandler, field_validator, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from bot.config.durations import Delay, PositiveDuration, parse_after
from bot.config.fields import Listed, Name, numeric
from bot.config.hours import Hours
from bot.config.part import Part

WELL_KNOWN = ("slack", "pagerduty", "sms", "phone", "email")
"""Channels that a policy may name though `notifications` does not: what goes there falls through to the next."""
PERSONAL = "personal"
PEOPLE = frozenset({"slack", "sms", "phone", "email", PERSONAL})
"""Channels that reach a person, and so need one."""
_TARGET = re.compile(r"oncall(:.{1,100})?|@[UW][A-Z0-9]{2,20}|@S[A-Z0-9]{2,20}|#[a-z0-9_-]{1,80}")


class IfAlerts(Part):
    """When a step is taken only in a storm."""

    at_least: Annotated[int, Field(ge=2, le=100_000), BeforeValidator(numeric)] = Field(
        description="So many label sets of the alert must have begun to fire."
    )
    within: PositiveDuration = Field(description="Counted over so long before the step.")


class Step(Part):
    """One step of an escalation policy."""

    after: Delay = Field(default=timedelta(0), description="How long after the alert was opened.")
    via: Annotated[Listed[Name], Field(min_length=1)] = Field(
        default=("slack",),
        description="Channels: `slack`, `pagerduty`, `sms`, `phone`, `email`, a key of `notifications`, or `personal`: "
        "as each person chose.",
    )
    notify: Annotated[Listed[Name], Field(min_length=1)] = Field(
        default=("oncall",),
        description='Who: `oncall`, `oncall:NAME` (a named schedule), a user (`"@U…"`), a user group (`"@S…"`), a '
        'channel (`"#name"`); for other channels their own targets.',
    )
    during: Hours | None = Field(
        default=None,
        description="Only in these hours: outside of them it waits, or is skipped when a later step comes first.",
    )
    if_alerts: IfAlerts | None = Field(default=None, description="Only when the alert grew so much; else skipped.")

    @field_validator("notify")
    @classmethod
    def _reachable(cls, targets: tuple[str, ...], info: Any) -> tuple[str, ...]:
        for target in targets if PEOPLE & set(info.data.get("via", ())) else ():
            if not _TARGET.fullmatch(target):
                allowed = 'oncall, oncall:NAME, "@U…" (a Slack user id), "@S…" (a user group) or "#channel" in quotes'
                raise ValueError(f'{allowed}, not "{target}"')
        return targets


class Policy(Part):
    """Steps in order of time; a list of steps is a policy too, and so are channels by their delay."""

    steps: tuple[Step, ...] = Field(description="Its steps, in order of time.", json_schema_extra={"minItems": 1})
    repeat: Annotated[int, Field(ge=0, le=20), BeforeValidator(numeric)] = Field(
        default=0, description="How often all steps are taken again while nobody acknowledges."
    )

    @field_validator("steps")
    @classmethod
    def _at_least_one(cls, steps: tuple[Step, ...]) -> tuple[Step, ...]:
        if not steps:
            raise ValueError("at least one step")
        return steps

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Let editors take the other spellings too."""
        full = handler.resolve_ref_schema(handler(core))
        steps = full["properties"]["steps"]
        channels = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]}
        delays = {"^(immediately|now|0|(after)?[ _-]?[0-9P].*)$": channels}
        repeat = {"repeat": full["properties"]["repeat"]}
        short = {
            "type": "object",
            "patternProperties": delays,
            "properties": repeat,
            "additionalProperties": False,
            "minProperties": 1,
            "description": "Channels by their delay: `immediately: [pagerduty]`.",
        }
        told = {key: full[key] for key in ("title", "description") if key in full}
        return told | {"anyOf": [{k: v for k, v in full.items() if k not in told}, steps, short]}

    @model_validator(mode="before")
    @classmethod
    def _spelled_otherwise(cls, given: Any) -> Any:
        if isinstance(given, list | tuple):
            return {"steps": given}
        return in_full(given) if is_short(given) else given


def is_short(given: Any) -> bool:
    """True for the short spelling of a policy: a mapping of delays to channels."""
    return isinstance(given, Mapping) and "steps" not in given and any(is_delay(key) for key in given)


def in_full(short: Mapping[Any, Any]) -> dict[str, Any]:
    """The short spelling `{immediately: [pagerduty], after5min: [sms, phone]}` as steps that tell who is on call."""
    rest = {key: value for key, value in short.items() if not is_delay(key)}
    return {"steps": [{"after": key, "via": short[key], "notify": ["oncall"]} for key in _delays(short)], **rest}


def _delays(short: Mapping[Any, Any]) -> list[str]:
    return sorted((key for key in short if is_delay(key)), key=parse_after)


def as_written(path: tuple[str | int, ...], values: Mapping[str, Any]) -> tuple[str | int, ...]:
    """The path of a key of a policy as the file spells it, where it uses one of the other spellings."""
    match path:
        case ("escalation", name, "steps", *inside):
            policies = values.get("escalation")
            given = policies.get(name) if isinstance(policies, Mapping) else None
            if isinstance(given, list):
                return ("escalation", name, *inside)
            if isinstance(given, Mapping) and is_short(given):
                delays = _delays(given)
                known = [delays[step] for step in inside[:1] if isinstance(step, int) and step < len(delays)]
                return ("escalation", name, *known, *inside[2:])
    return path


def is_delay(key: Any) -> bool:
    """True for a delay as the short spelling has it, like `after5min`."""
    try:
        parse_after(key if isinstance(key, str) else "")
    except ValueError:
        return False
    return True


STEPS: tuple[Mapping[str, Any], ...] = (
    {"after": "immediately", "notify": ["oncall"]},
    {"after": "5m", "notify": ["oncall"]},
    {"after": "15m", "notify": ["#incidents"]},
)
SHIPPED: Mapping[str, Policy] = {
    "default": Policy.model_validate(STEPS),
    "critical": Policy.model_validate({"immediately": ["pagerduty"], "after5min": ["sms", "phone"]}),
    "high": Policy.model_validate({"immediately": ["slack"], "after15min": ["email", "pagerduty"]}),
    "medium": Policy.model_validate({"immediately": ["slack"]}),
    "disk": Policy.model_validate({"immediately": ["slack"], "after1hour": ["email"]}),
}
"""The policies that are always there, unless manage.yml has another one of that name."""


def own(policies: Mapping[str, Policy], name: str) -> bool:
    """True when manage.yml itself has a policy of that name."""
    return name in policies and policies[name] is not SHIPPED.get(name)


def by_severity(policies: Mapping[str, Policy], severity: str) -> str:
    """The policy of what names none: the one that manage.yml itself has under its severity's name, or `default`."""
    return severity if own(policies, severity) else "default"


def _policies(given: Any) -> Any:
    return {**SHIPPED, **(given or {})} if given is None or isinstance(given, Mapping) else given


Policies = Annotated[Mapping[str, Policy], BeforeValidator(_policies)]

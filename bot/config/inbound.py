"""The sections `webhooks`, `heartbeats` and `heartbeats_out` of manage.yml: what others tell the bot, and it them."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, Field, SecretStr, field_validator

from bot.config.durations import Duration, PositiveDuration
from bot.config.fields import Listed, Name
from bot.config.part import Part
from storage.records.alerts import Severity

PATH = 'keys with dots between them ("event.host", "items.0.name") or a JSON pointer ("/event/host.name")'
MOST_STEPS = 20


def steps(path: str) -> tuple[str, ...]:
    """The keys on the way that `path` spells: dotted, or RFC 6901. Raises `ValueError` naming what is allowed."""
    bare = path.removesuffix("?")
    if bare.startswith("/"):
        keys = [key.replace("~1", "/").replace("~0", "~") for key in bare[1:].split("/")]
        wrong = any("~" in key.replace("~0", "").replace("~1", "") for key in bare.split("/"))
    else:
        keys = bare.split(".")
        wrong = any(key != key.strip() for key in keys)
    if wrong or "" in keys or len(keys) > MOST_STEPS:
        raise ValueError(PATH)
    return tuple(keys)


def _path(path: str) -> str:
    steps(path)
    return path


Where = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_path)]


def _address(url: SecretStr) -> SecretStr:
    scheme, _, rest = url.get_secret_value().partition("://")
    if scheme not in {"http", "https"} or not rest.strip("/") or any(sign.isspace() for sign in rest):
        raise ValueError("an http(s) address")
    return url


class Signed(Part):
    """A source that signs what it sends."""

    secret: SecretStr | None = Field(
        default=None, min_length=1, description="Secret by which it signs; with it no token is needed."
    )


class PagerDutyIn(Signed):
    """What PagerDuty sends, or what is sent as if to PagerDuty."""

    routing_key: SecretStr | None = Field(
        default=None,
        min_length=1,
        description="`routing_key` of events in the form of its Events API v2; with it those need no token.",
    )


class CloudWatch(Part):
    """Alarms of CloudWatch through SNS; AWS signs them."""

    topics: Listed[Name] = Field(default=(), description="ARNs of the topics that are listened to; others are refused.")
    severity: Severity = Field(
        default=Severity.HIGH, description="How bad an alarm is that does not say so itself (P1, critical …)."
    )

    @field_validator("topics")
    @classmethod
    def _arns(cls, topics: tuple[str, ...]) -> tuple[str, ...]:
        for topic in topics:
            if topic.count(":") != 5 or not topic.startswith("arn:aws"):
                raise ValueError('the ARN of a topic, like "arn:aws:sns:eu-west-1:123456789012:alarms"')
        return topics


class Mapped(Signed):
    """How the JSON of some sender is read. Every path is needed in each payload, unless a `?` ends it."""

    header: Name = Field(
        default="X-Signature", description="Header with the signature: HMAC-SHA256 of the body in hexadecimal."
    )
    alerts: Where | None = Field(default=None, description="Path of the list of alerts; without it the body is one.")
    name: Where | None = Field(default=None, description="Path of the alert's name; without it the mapping's name.")
    labels: Mapping[Name, Where] = Field(
        default_factory=dict,
        description="Labels by name; with the name they tell alerts apart, so take what stays from firing to resolved.",
    )
    status: Where | None = Field(default=None, description="Path of the word that says whether it fires.")
    resolved: Listed[str] = Field(
        default=("resolved", "ok", "recovered", "closed", "up", "normal", "success", "inactive", "false", "0"),
        description="Words of `status` by which it is over; every other means that it fires.",
    )
    severity: Where | None = Field(default=None, description="Path of the word that says how bad it is.")
    severities: Mapping[str, Severity] = Field(
        default_factory=dict, description="What those words mean, beside the usual ones."
    )
    summary: Where | None = Field(default=None, description="Path of one line about it.")
    description: Where | None = Field(default=None, description="Path of more about it.")
    link: Where | None = Field(default=None, description="Path of an address with more.")
    annotations: Mapping[Name, Where] = Field(
        default_factory=dict, description="Further values to keep that do not tell alerts apart."
    )
    policy: str = Field(default="", description="Escalation policy; without it the one that fits the severity.")


class Webhooks(Part):
    """Webhooks that come in."""

    sentry: Signed = Field(default_factory=Signed, description="Sentry; the secret is the client secret.")
    pagerduty: PagerDutyIn = Field(default_factory=PagerDutyIn, description="PagerDuty.")
    cloudwatch: CloudWatch = Field(default_factory=CloudWatch, description="CloudWatch through SNS.")
    generic: Mapping[Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,49}$")], Mapped] = Field(
        default_factory=dict,
        description="Mappings by name, for `/webhooks/generic/NAME`; `default` is the one of `/webhooks/generic`.",
    )


class HeartbeatConfig(Part):
    """A sign of life that must come again and again."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,49}$")] = Field(
        description="What it is called, and the end of its address `/api/heartbeats/NAME`; each name once."
    )
    every: PositiveDuration = Field(description="How often it comes.")
    grace: Duration = Field(default=timedelta(minutes=1), description="How much later it may be.")
    severity: Severity = Field(default=Severity.HIGH, description="How bad its silence is.")
    policy: str = Field(default="", description="Escalation policy; without it the one that fits the severity.")
    alert: str = Field(default="", description="Name of an always firing alert that counts as it, like `Watchdog`.")
    expected: bool = Field(default=False, description="Whether silence counts before it came for the first time.")


class HeartbeatsOut(Part):
    """The bot's own sign of life, sent while it works."""

    url: Annotated[SecretStr, AfterValidator(_address)] | None = Field(
        default=None, description="Address that is fetched with GET; it is a secret as a rule."
    )
    every: PositiveDuration = Field(default=timedelta(minutes=1), description="How often.")


def _once(given: Any) -> Any:
    seen: set[str] = set()
    for one in given:
        if one.name in seen:
            raise ValueError(f"a name of its own for each heartbeat ({one.name} is there twice)")
        seen.add(one.name)
    return given


Heartbeats = Annotated[tuple[HeartbeatConfig, ...], AfterValidator(_once)]

"""manage.yml, typed: every key optional, every default here, plug-in options through the plug-ins' own models.

Two plug-in mappings go in (`checks`, `channels`: type -> value with `options`); `Manage` comes out, or a `ConfigError`
with one line for each mistake.
"""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

from pydantic import (
    BaseModel,
    Field,
    SerializeAsAny,
    ValidationError,
)

from bot.config.alerts import Alerts
from bot.config.cross import crossed
from bot.config.document import Document, read_file
from bot.config.durations import PositiveDuration
from bot.config.errors import ConfigError, Problem, described
from bot.config.escalation import Policies, as_written
from bot.config.fields import Listed, Member, Milliseconds, Name, Room, Rounds
from bot.config.follow_ups import FollowUps
from bot.config.inbound import Heartbeats, HeartbeatsOut, Webhooks
from bot.config.incidents import Incidents
from bot.config.known_metrics import MetricKind
from bot.config.maintenance import Maintenance
from bot.config.metrics import Metrics
from bot.config.objectives import Objectives
from bot.config.oncall import Oncall
from bot.config.part import Part
from bot.config.people import People
from bot.config.plugins import Kind, NoOptions, with_options
from bot.config.postmortems import Postmortems
from bot.config.rule_mistakes import unlisted
from bot.config.services import Services
from bot.config.settings import environment
from bot.config.statuspage import StatusPage

RoleName = Literal["nobody", "viewer", "responder", "operator", "admin"]


class Channels(Part):
    """Where the bot speaks."""

    alerts: Room = Field(default="#alerts", description="Channel in which alerts are posted.")
    incidents: Room = Field(default="#incidents", description="Channel in which incidents are announced.")


class Roles(Part):
    """Who may do what: Slack user ids, user group ids or `"*"` (everybody) under the role they have."""

    default: RoleName = Field(default="responder", description="Role of everybody in the workspace who has no other.")
    viewer: Listed[Member] = Field(default=(), description="May look.")
    responder: Listed[Member] = Field(default=(), description="May also acknowledge, declare, update and resolve.")
    operator: Listed[Member] = Field(default=(), description="May also change what runs in production.")
    admin: Listed[Member] = Field(default=(), description="May do everything.")

    @property
    def members(self) -> Mapping[str, tuple[str, ...]]:
        """Role name -> ids, as `permissions.role_of` takes it."""
        return {name: getattr(self, name) for name in ("viewer", "responder", "operator", "admin")}


class CheckConfig(Part):
    """One health check."""

    name: Name = Field(description="What it is called in reports and alerts; each name once.")
    type: Name = Field(description="Kind of check.")
    degraded_ms: Milliseconds | None = Field(
        default=None, description="Latency in milliseconds from which it is degraded; default is the section's."
    )
    timeout: PositiveDuration | None = Field(
        default=None, description="How long one probe may take; default is the section's."
    )
    options: SerializeAsAny[BaseModel] = Field(default_factory=NoOptions, description="Options of that kind of check.")


class Health(Part):
    """Health checks."""

    every: PositiveDuration = Field(default=timedelta(seconds=60), description="How often every check runs.")
    timeout: PositiveDuration = Field(default=timedelta(seconds=10), description="How long one probe may take.")
    rounds_down: Rounds = Field(default=2, description="Bad rounds in a row before a check counts as degraded or down.")
    rounds_up: Rounds = Field(default=2, description="Good rounds in a row before it counts as recovered.")
    degraded_ms: Milliseconds | None = Field(
        default=None,
        description="Latency in milliseconds from which a check is degraded; default is its kind's: 100 for databases, "
        "1000 for what is asked over the network.",
    )
    checks: tuple[CheckConfig, ...] = Field(default=(), description="The checks, beside those that run by themselves.")


class ChannelConfig(Part):
    """One channel of notification beside Slack."""

    type: Name = Field(description="Kind of channel.")
    options: SerializeAsAny[BaseModel] = Field(
        default_factory=NoOptions, description="Options of that kind of channel."
    )


class Manage(Part):
    """All of manage.yml."""

    channels: Channels = Field(default_factory=Channels, description="Where the bot speaks.")
    roles: Roles = Field(default_factory=Roles, description="Who may do what.")
    health: Health = Field(default_factory=Health, description="Health checks.")
    alerts: Alerts = Field(default_factory=Alerts, description="Alerts and their rules.")
    escalation: Policies = Field(
        default_factory=dict,
        validate_default=True,
        description="Escalation policies: name and steps, in order of time.",
    )
    oncall: Oncall = Field(default_factory=Oncall, description="Who is on call.")
    people: People = Field(default_factory=dict, description="How people are reached, by Slack user id.")
    metrics: Metrics = Field(default_factory=Metrics, description="Metrics and where they come from.")
    maintenance: Maintenance = Field(default=(), description="Planned times in which nobody is told of what matches.")
    notifications: Mapping[str, ChannelConfig] = Field(
        default_factory=dict, description="Channels of notification by name; `slack` is always there."
    )
    webhooks: Webhooks = Field(default_factory=Webhooks, description="Webhooks that come in.")
    heartbeats: Heartbeats = Field(default=(), description="Signs of life that must come; their silence is an alert.")
    heartbeats_out: HeartbeatsOut = Field(
        default_factory=HeartbeatsOut, description="The bot's own sign of life, sent while it works."
    )
    incidents: Incidents = Field(default_factory=Incidents, description="Incidents and their channels.")
    postmortems: Postmortems = Field(default_factory=Postmortems, description="Postmortems and their drafts.")
    follow_ups: FollowUps = Field(default_factory=FollowUps, description="What is to be done after incidents.")
    objectives: Objectives = Field(
        default_factory=dict, description="Service level objectives by name; incidents take of their error budgets."
    )
    services: Services = Field(default_factory=dict, description="What you run: who owns it, and where to look.")
    statuspage: StatusPage = Field(
        default_factory=StatusPage, description="What everybody may see at `/status`, without a token."
    )


def load(
    path: Path | None,
    *,
    checks: Mapping[str, Kind],
    channels: Mapping[str, Kind],
    sources: Mapping[str, MetricKind] | None = None,
    places: Mapping[tuple[str, ...], Mapping[str, Kind]] | None = None,
    base: Mapping[str, Any] | None = None,
    variables: Mapping[str, str] | None = None,
) -> Manage:
    """The configuration in force: the file at `path` over `base` over the defaults. Raises `ConfigError`.

    `places` are further kinds of plug-ins by where they are configured. `base` is spelled like the file. `variables`
    fill ${NAME}; default is the environment with .env.
    """
    document = _document(path, environment() if variables is None else variables)
    given, unnamed = unlisted(document)
    values = merged(base or {}, given)
    problems = [*document.problems, *unnamed]
    for at, kinds in (
        (("health", "checks"), checks),
        (("notifications",), channels),
        (("metrics", "sources"), sources or {}),
        *(places or {}).items(),
    ):
        values, wrong = with_options(values, at, kinds, document)
        problems += wrong
    problems += [document.problem(*wrong) for wrong in crossed(values, sources, checks)]
    try:
        manage = Manage.model_validate(values)
    except ValidationError as error:
        # a value that YAML could not give is not wrong twice
        told = {problem.path for problem in document.problems}
        problems += [wrong for wrong in _mistakes(error, document) if wrong.path not in told]
    if problems:
        raise ConfigError(problems)
    return manage


def _mistakes(error: ValidationError, document: Document) -> Iterator[Problem]:
    for details in error.errors():
        path = as_written(tuple(details["loc"]), document.values)
        yield document.problem(path, *described(details, Manage))


def _document(path: Path | None, variables: Mapping[str, str]) -> Document:
    return read_file(path, variables) if path else Document(file="")


def merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Both mappings in one, `above` winning; mappings inside are merged likewise, lists are replaced."""
    both = dict(below)
    for key, value in above.items():
        old = both.get(key)
        both[key] = merged(old, value) if isinstance(value, Mapping) and isinstance(old, Mapping) else value
    return both

"""The section `incidents` of manage.yml: when they open, who is asked to what, and what happens when they end."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field

from bot.config.durations import Duration, PositiveDuration
from bot.config.fields import Listed, Name
from bot.config.hours import Hours
from bot.config.part import Part
from bot.config.plugins import Plugged
from storage.records.alerts import Severity

SERIOUS = (Severity.CRITICAL, Severity.HIGH)
_DUTIES = {
    "commander": "You lead: decide, hand out tasks, keep the status true. You need not mend anything yourself.",
    "communications": "You tell people outside the channel how things stand, and keep the status page true.",
    "scribe": "You keep the timeline: pin what matters, note decisions and when they were made.",
}


class Meeting(Part):
    """The meeting in which a postmortem is talked over."""

    after: Duration = Field(
        default=timedelta(hours=24), description="How long after the resolution; moved into the next working hours."
    )
    length: PositiveDuration = Field(default=timedelta(minutes=30), description="How long it takes.")
    hours: Hours = Field(
        default_factory=lambda: Hours.model_validate({"days": "mon-fri", "from": "09:00", "to": "17:00"}),
        description="Working hours, by default mon-fri from 09:00 to 17:00: in the time zones of all who took part at "
        "once where these leave room for it, else in that of most; with a `timezone` in that alone.",
    )
    hold_for: Listed[Severity] = Field(default=SERIOUS, description="Severities of incidents that get one.")


class Incidents(Part):
    """Incidents."""

    open_for: Listed[Severity] = Field(default=SERIOUS, description="Severities of alerts that open an incident.")
    join_by: Listed[Name] = Field(
        default=("service",),
        description="An alert joins an open incident when its values of these labels are the same; one without all of "
        "them joins only where the same alert opened it.",
    )
    channel_prefix: str = Field(
        default="incident-",
        pattern=r"^[a-z0-9_-]{1,60}$",
        description="Channels are named by it and the incident's number.",
    )
    channel_slug: bool = Field(default=False, description="Whether words of the title follow in the channel's name.")
    roles: Mapping[Name, Annotated[str, Field(max_length=1000)]] = Field(
        default_factory=lambda: dict(_DUTIES),
        description="Roles that are offered, with the duties that whoever takes one is told.",
    )
    ask_for_lead_after: Duration = Field(
        default=timedelta(minutes=10), description="How long an incident may be without commander before it is asked."
    )
    update_every: Mapping[Severity, PositiveDuration] = Field(
        default_factory=lambda: {
            Severity.CRITICAL: timedelta(minutes=30),
            Severity.HIGH: timedelta(hours=1),
            Severity.MEDIUM: timedelta(hours=4),
            Severity.LOW: timedelta(hours=24),
        },
        description="How often somebody should tell how things stand, by severity.",
    )
    ask_if_over_after: PositiveDuration = Field(
        default=timedelta(hours=24), description="How long nothing may happen before it is asked whether it is over."
    )
    awake: Hours = Field(
        default_factory=lambda: Hours.model_validate({"from": "08:00", "to": "22:00"}),
        description="When people may be reminded, in the time zone of their Slack profile; who is on call always may.",
    )
    archive: Literal["after_postmortem", "at_once", "never"] = Field(
        default="after_postmortem", description="When a resolved incident's channel is archived."
    )
    meeting: Meeting = Field(default_factory=Meeting, description="The meeting about the postmortem.")
    calendars: Mapping[Name, Plugged] = Field(
        default_factory=dict,
        description="Calendars that the meeting is put into; without any it is an invitation by mail, where mail is "
        "configured.",
    )

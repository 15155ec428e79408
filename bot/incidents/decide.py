"""What becomes of an incident: every transition as a pure decision."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from bot.decision import Decision, Timer
from bot.events import (
    AlertJoinedIncident,
    ChannelArchived,
    ChannelOpened,
    ChannelTroubled,
    Event,
    IncidentDeclared,
    IncidentResolved,
    NoteAdded,
    NoteRemoved,
    RespondersInvited,
    RoleAssigned,
    SeverityChanged,
    StatusChanged,
    UpdatePosted,
)
from storage.records.alerts import Alert, Severity
from storage.records.incidents import Incident, IncidentStatus

LANE = "incident"
"""The lane of all that is done for an incident in Slack, so that these happen one after another."""
REFRESH = "incidents.refresh"
OFFER = "incidents.offer"
ARCHIVE = "incidents.archive"

Archive = Literal["after_postmortem", "at_once", "never"]


@dataclass(frozen=True, kw_only=True)
class Source:
    """The message that an incident was declared from."""

    channel: str
    ts: str
    text: str
    author: str
    said_at: datetime


def declare(
    number: int,
    *,
    title: str,
    severity: Severity,
    by: str,
    now: datetime,
    description: str = "",
    alert: Alert | None = None,
    source: Source | None = None,
) -> Decision[Incident]:
    """An incident begins. The impact began with its alert's breach, or with the message, else now."""
    if source is not None:  # Slack's clock may be ahead of ours
        source = replace(source, said_at=min(source.said_at, now))
    began = alert.started_at if alert else source.said_at if source else now
    incident = Incident(
        id=number,
        title=title,
        severity=severity,
        declared_by=by,
        started_at=min(began, now),
        declared_at=now,
        description=description,
        fingerprint=alert.fingerprint if alert else "",
        alert_ids=(alert.id,) if alert else (),
        # a person who declares it has noticed it
        acknowledged_at=(alert.acknowledged_at if alert else None) or (None if by == "bot" else now),
    )
    declared = IncidentDeclared(
        incident=number,
        title=title,
        severity=severity.value,
        description=description,
        alert=alert.id if alert else None,
        source_channel=source.channel if source else "",
        source_ts=source.ts if source else "",
    )
    first: tuple[Event, ...] = (_note(incident, source),) if source else ()
    return Decision(state=incident, events=(*first, declared), reason=f"declared by {by}")


def join(incident: Incident, alert: Alert) -> Decision[Incident]:
    """A further alert belongs to an open incident."""
    if alert.id in incident.alert_ids:
        return Decision(state=incident, reason="the alert belongs to it already")
    return Decision(
        state=replace(incident, alert_ids=(*incident.alert_ids, alert.id)),
        events=(AlertJoinedIncident(incident=incident.id, alert=alert.id, summary=alert.summary),),
        reason=f"alert #{alert.id} joined",
    )


def open_channel(incident: Incident, channel: str, name: str) -> Decision[Incident]:
    """The incident's channel exists."""
    if incident.channel == channel:
        return Decision(state=incident, reason="the channel is known already")
    return Decision(
        state=replace(incident, channel=channel, channel_name=name, trouble=""),
        events=(ChannelOpened(incident=incident.id, channel=channel, name=name),),
        reason=f"channel {name}",
    )


def troubled(incident: Incident, *, what: str, error: str, mend: str) -> Decision[Incident]:
    """Something about the channel could not be done; the card says so."""
    told = f"{what}: {mend}".rstrip(".") + "."
    known = incident.trouble.splitlines()
    if told in known:
        return Decision(state=incident, reason="it is said already")
    return Decision(
        state=replace(incident, trouble="\n".join([*known, told])),
        events=(ChannelTroubled(incident=incident.id, what=what, error=error, mend=mend),),
        reason=told,
    )


def invited(incident: Incident, users: Iterable[str], known: frozenset[str]) -> Decision[Incident]:
    """People were invited to the channel; `known` are those of whom that is written down."""
    came = tuple(user for user in users if user not in known)
    if not came:
        return Decision(state=incident, reason="they were invited before")
    return Decision(state=incident, events=(RespondersInvited(incident=incident.id, users=came),), reason="invited")


def acknowledged(incident: Incident, now: datetime) -> Decision[Incident]:
    """Somebody acknowledged one of its alerts; the first time counts."""
    if incident.acknowledged_at is not None or not incident.open:
        return Decision(state=incident, reason="it was noticed before")
    return Decision(state=replace(incident, acknowledged_at=now), silent=True, reason="an alert was acknowledged")


def update(
    incident: Incident, *, text: str = "", status: IncidentStatus | None = None, severity: Severity | None = None
) -> Decision[Incident]:
    """Tell how things stand; move along the lifecycle; correct the severity. A resolved incident takes words only."""
    if not incident.open and (status or severity):
        return Decision(state=incident, reason="it is resolved: only words can be added")
    if status is IncidentStatus.RESOLVED:
        return Decision(state=incident, reason="resolving has a command of its own, `incident resolve`")
    events: list[Event] = []
    changed = incident
    if severity and severity is not incident.severity:
        events.append(SeverityChanged(incident=incident.id, severity=severity.value, previous=incident.severity.value))
        changed = replace(changed, severity=severity)
    if status and status is not incident.status:
        events.append(StatusChanged(incident=incident.id, status=status.value, previous=incident.status.value))
        changed = replace(changed, status=status)
    if text:
        events.append(UpdatePosted(incident=incident.id, text=text))
        changed = replace(changed, latest_update=text)
    reason = "updated" if events else "nothing in it is new"
    return Decision(state=changed, events=tuple(events), reason=reason)


def assign(incident: Incident, role: str, user: str) -> Decision[Incident]:
    """Give a role to somebody."""
    if incident.roles.get(role) == user:
        return Decision(state=incident, reason=f"the {role} is that person already")
    roles: Mapping[str, str] = {**incident.roles, role: user}
    return Decision(
        state=replace(incident, roles=roles),
        events=(RoleAssigned(incident=incident.id, role=role, user=user),),
        reason=f"{role} assigned",
    )


def note(incident: Incident, source: Source, known: frozenset[tuple[str, str]]) -> Decision[Incident]:
    """Put a message on the timeline; `known` are the (channel, ts) of those that are on it."""
    if source.ts and (source.channel, source.ts) in known:
        return Decision(state=incident, reason="that message is on the timeline already")
    return Decision(state=incident, events=(_note(incident, source),), reason="on the timeline")


def unnote(incident: Incident, channel: str, ts: str, known: frozenset[tuple[str, str]]) -> Decision[Incident]:
    """Take a message off the timeline."""
    if (channel, ts) not in known:
        return Decision(state=incident, reason="that message is not on the timeline")
    return Decision(
        state=incident, events=(NoteRemoved(incident=incident.id, channel=channel, ts=ts),), reason="off the timeline"
    )


def resolve(incident: Incident, *, by: str, now: datetime, comment: str = "") -> Decision[Incident]:
    """The impact is over. MTTR counts from the start of the impact, see docs/decisions/0004-what-mttr-measures.md."""
    if not incident.open:
        return Decision(state=incident, reason="it is resolved already")
    began, noticed = incident.started_at, incident.acknowledged_at
    # a clock that was set back ends no incident before what is known of it
    ended = max(now, incident.declared_at, noticed or now)
    event = IncidentResolved(
        incident=incident.id,
        severity=incident.severity.value,
        comment=comment,
        time_to_detect=(incident.declared_at - began).total_seconds(),
        time_to_acknowledge=max((noticed - began).total_seconds(), 0.0) if noticed else None,
        time_to_resolve=(ended - began).total_seconds(),
    )
    done = replace(incident, status=IncidentStatus.RESOLVED, resolved_at=ended, resolved_by=by)
    return Decision(state=done, events=(event,), reason=f"resolved by {by}")


def archived(incident: Incident, now: datetime) -> Decision[Incident]:
    """The channel was closed."""
    if incident.archived_at is not None or not incident.channel:
        return Decision(state=incident, reason="there is no channel to close")
    return Decision(
        state=replace(incident, archived_at=now),
        events=(ChannelArchived(incident=incident.id, channel=incident.channel),),
        reason="archived",
    )


def archives_on_resolve(incident: Incident, archive: Archive, write_for: tuple[Severity, ...]) -> bool:
    """Whether the channel closes with the resolution: by setting, or because no postmortem will come."""
    return archive == "at_once" or (archive == "after_postmortem" and incident.severity not in write_for)


def in_turn(kind: str, number: int, at: datetime, why: str, **payload: Any) -> Timer:
    """A timer, one for each `why`, that waits its turn behind what is being done for incident `number` in Slack."""
    subject = f"incident:{number}"
    return Timer(
        kind=kind,
        key=f"{subject}:{kind}:{why}",
        at=at,
        subject=subject,
        lane=f"{LANE}:{subject}",
        payload={"incident": number, **payload},
    )


def _note(incident: Incident, source: Source) -> NoteAdded:
    return NoteAdded(
        incident=incident.id,
        text=source.text,
        author=source.author,
        said_at=source.said_at,
        channel=source.channel,
        ts=source.ts,
    )

"""What becomes of an incident: every transition as a pure decision."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from bot.decision import Decision, Timer
from bot.events import (
    AlertJoinedIncident,
    ChannelArchived,
    ChannelOpened,
    ChannelTroubled,
    Event,
    IncidentDeclared,
    IncidentReopened,
    IncidentResolved,
    NoteAdded,
    NoteRemoved,
    RespondersInvited,
    SeverityChanged,
    StatusChanged,
    UpdatePosted,
)
from bot.incidents.particulars import affects_now
from bot.phrasing import listing
from storage.records.alerts import Alert, Severity
from storage.records.incidents import Incident, IncidentStatus

LANE = "incident"
"""The lane of all that is done for an incident in Slack, so that these happen one after another."""
REFRESH = "incidents.refresh"
OFFER = "incidents.offer"
ARCHIVE = "incidents.archive"

Archive = Literal["after_postmortem", "at_once", "never"]
Every = Mapping[Severity, timedelta]
"""How often somebody should tell how things stand; severities that are left out ask for nothing."""

OPEN = tuple(status for status in IncidentStatus if status is not IncidentStatus.RESOLVED)


@dataclass(frozen=True, kw_only=True)
class Source:
    """A message that an incident was declared from, or that is put on its timeline.

    What was typed stands in no message: channel and ts are "" then. `files` are the ids of its pictures, `reason` is
    why it is added later.
    """

    channel: str
    ts: str
    text: str
    author: str
    said_at: datetime
    files: tuple[str, ...] = ()
    reason: str = ""


def legal(incident: Incident) -> str:
    """Where the incident stands, and where it can go from there."""
    undo = f"`incident reopen {incident.id}`"
    if incident.merged_into is not None:
        return f"it was merged into #{incident.merged_into}; {undo} takes that back"
    if not incident.open:
        return f"it is resolved: it takes words, or {undo} opens it again"
    others = [f"be {status.value}" for status in OPEN if status is not incident.status]
    return f"it is {incident.status.value}: it can {listing([*others, 'be resolved'], 'or')}"


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
    labels: Mapping[str, str] | None = None,
    components: tuple[str, ...] = (),
    private: bool = False,
    test: bool = False,
    every: Every | None = None,
) -> Decision[Incident]:
    """An incident begins. The impact began with its alert's breach, or with the message, else now.

    No alert joins one that is private or a test: it keeps neither fingerprint nor labels.
    """
    if source is not None:  # Slack's clock may be ahead of ours
        source = replace(source, said_at=min(source.said_at, now))
    began = alert.started_at if alert else source.said_at if source else now
    joinable = not (private or test)
    incident = Incident(
        id=number,
        title=title,
        severity=severity,
        declared_by=by,
        started_at=min(began, now),
        declared_at=now,
        description=description,
        fingerprint=alert.fingerprint if alert and joinable else "",
        alert_ids=(alert.id,) if alert else (),
        # a person who declares it has noticed it
        acknowledged_at=(alert.acknowledged_at if alert else None) or (None if by == "bot" else now),
        labels=dict(labels or {}) if joinable else {},
        components=components,
        private=private,
        test=test,
        update_due_at=_due(severity, now, every),
    )
    declared = IncidentDeclared(
        incident=number,
        title=title,
        severity=severity.value,
        description=description,
        alert=alert.id if alert else None,
        source_channel=source.channel if source else "",
        source_ts=source.ts if source else "",
        private=private,
        test=test,
    )
    first: tuple[Event, ...] = (_note(incident, source),) if source else ()
    return Decision(state=incident, events=(*first, declared), reason=f"declared by {by}")


def join(incident: Incident, alert: Alert, components: Iterable[str] = ()) -> Decision[Incident]:
    """A further alert belongs to an open incident, which affects these `components` as well."""
    if alert.id in incident.alert_ids:
        return Decision(state=incident, reason="the alert belongs to it already")
    if not incident.open:
        return Decision(state=incident, reason=legal(incident))
    affected = tuple(dict.fromkeys((*incident.components, *components)))
    joined = AlertJoinedIncident(incident=incident.id, alert=alert.id, summary=alert.summary)
    return Decision(
        state=replace(incident, alert_ids=(*incident.alert_ids, alert.id), components=affected),
        events=(joined, *affects_now(incident, affected)),
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
    incident: Incident,
    *,
    now: datetime,
    text: str = "",
    status: IncidentStatus | None = None,
    severity: Severity | None = None,
    every: Every | None = None,
    due_in: timedelta | None = None,
) -> Decision[Incident]:
    """Tell how things stand; move among the open states; correct the severity. A resolved incident takes words only.

    Each of these puts off when the next update is due: by `due_in` where somebody said so, else as `every` has it.
    """
    if not incident.open and (status or severity):
        return Decision(state=incident, reason=legal(incident))
    if status is IncidentStatus.RESOLVED:
        return Decision(state=incident, reason="resolving has a command of its own, `incident resolve`")
    events: list[Event] = []
    changed = incident
    if severity and severity is not incident.severity:
        events.append(SeverityChanged(incident=incident.id, severity=severity.value, previous=incident.severity.value))
        changed = replace(changed, severity=severity)
    if status and status is not incident.status:
        events.append(StatusChanged(incident=incident.id, status=status.value, previous=incident.status.value))
        changed = replace(changed, status=status, mitigated_at=_mitigated(incident, status, now))
    if text:
        events.append(UpdatePosted(incident=incident.id, text=text))
        changed = replace(changed, latest_update=text, updated_at=now)
    if not events:
        return Decision(state=incident, reason=f"nothing in it is new: {legal(incident)}")
    due = now + due_in if due_in else _due(changed.severity, now, every)
    changed = replace(changed, update_due_at=due if changed.open else None)
    return Decision(state=changed, events=tuple(events), reason="updated")


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


def resolve(
    incident: Incident, *, by: str, now: datetime, comment: str = "", duplicates: Sequence[Incident] = ()
) -> Decision[Incident]:
    """The impact is over. MTTR counts from the start of the impact, see docs/decisions/0004-what-mttr-measures.md.

    That is the first start among it and its `duplicates`; who noticed or declared one of them has done so for all.
    """
    if not incident.open:
        return Decision(state=incident, reason=legal(incident))
    all_ = (incident, *duplicates)
    began, declared = min(i.started_at for i in all_), min(i.declared_at for i in all_)
    noticed = min((i.acknowledged_at for i in all_ if i.acknowledged_at), default=None)
    mitigated = incident.mitigated_at
    # a clock that was set back ends no incident before what is known of it
    ended = max(now, *(at for at in (incident.declared_at, noticed, mitigated) if at))
    event = IncidentResolved(
        incident=incident.id,
        severity=incident.severity.value,
        comment=comment,
        time_to_detect=(declared - began).total_seconds(),
        time_to_acknowledge=max((noticed - began).total_seconds(), 0.0) if noticed else None,
        time_to_mitigate=(mitigated - began).total_seconds() if mitigated else None,
        time_to_resolve=(ended - began).total_seconds(),
    )
    done = replace(
        incident,
        status=IncidentStatus.RESOLVED,
        started_at=began,
        declared_at=declared,
        acknowledged_at=noticed,
        resolved_at=ended,
        resolved_by=by,
        update_due_at=None,
    )
    return Decision(state=done, events=(event,), reason=f"resolved by {by}")


def reopen(
    incident: Incident, *, now: datetime, reason: str = "", every: Every | None = None, rival: Incident | None = None
) -> Decision[Incident]:
    """It was not over after all, or no duplicate: it is investigated again, in the same channel.

    `rival` is the open incident that holds its alert meanwhile. That the impact had ended is taken back.
    """
    if incident.open:
        return Decision(state=incident, reason=legal(incident))
    if rival is not None and rival.id != incident.id:
        said = f"#{rival.id} is open for the same alert: go on there, or resolve #{rival.id} first"
        return Decision(state=incident, reason=said)
    again = replace(
        incident,
        status=IncidentStatus.INVESTIGATING,
        resolved_at=None,
        resolved_by="",
        merged_into=None,
        mitigated_at=None,
        reopened=incident.reopened + 1,
        update_due_at=_due(incident.severity, now, every),
    )
    return Decision(state=again, events=(IncidentReopened(incident=incident.id, reason=reason),), reason="open again")


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


def _due(severity: Severity, now: datetime, every: Every | None) -> datetime | None:
    span = (every or {}).get(severity)
    return now + span if span else None


def _mitigated(incident: Incident, status: IncidentStatus, now: datetime) -> datetime | None:
    """The first time counts; a clock that was set back cannot bring it before the declaration."""
    if incident.mitigated_at is not None or status is not IncidentStatus.MONITORING:
        return incident.mitigated_at
    return max(now, incident.declared_at)


def _note(incident: Incident, source: Source) -> NoteAdded:
    return NoteAdded(
        incident=incident.id,
        text=source.text,
        author=source.author,
        said_at=source.said_at,
        channel=source.channel,
        ts=source.ts,
        files=source.files,
        reason=source.reason,
    )

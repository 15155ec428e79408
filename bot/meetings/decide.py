"""When the meeting about a postmortem is, who comes, and what becomes of it in each calendar (pure)."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from bot.config.hours import Hours
from bot.decision import Decision, Timer
from bot.events import Event, MeetingArranged, MeetingCancelled, MeetingPlanned, MeetingTroubled
from storage.records.alerts import Severity
from storage.records.incidents import Incident
from storage.records.journal import Entry
from storage.records.meetings import Meeting

SYNC = "meetings.sync"
"""Kind of the jobs that bring one calendar up to date."""
ITSELF = ""
"""The calendar of the meeting itself, of which those in calendars are copies."""
AHEAD = timedelta(days=14)
"""How far ahead an hour is looked for at which all responders work."""
QUARTER = timedelta(minutes=15)

_PERSON = re.compile(r"[UW][A-Z0-9]{2,20}")
_ACTED = frozenset(
    {
        "AlertAcknowledged",
        "CauseNamed",
        "ComponentsAffected",
        "IncidentAbsorbed",
        "IncidentDeclared",
        "IncidentReopened",
        "IncidentResolved",
        "RoleAssigned",
        "SeverityChanged",
        "StatusChanged",
        "TimelineEdited",
        "UpdatePosted",
    }
)
"""Facts whose actor took part in the response."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A meeting as it should be: `people` are Slack user ids, `attendees` addresses, `unreached` people without one."""

    incident: int
    starts_at: datetime
    length: timedelta
    zone: str
    people: tuple[str, ...]
    attendees: tuple[str, ...]
    unreached: tuple[str, ...]


def wanted(incident: Incident, hold_for: Sequence[Severity]) -> bool:
    """Whether a meeting follows from its resolution: for grave ones, not for tests, nor for what was merged."""
    return not incident.open and not refused(incident) and incident.severity in hold_for


def refused(incident: Incident) -> str:
    """Why the incident can have no meeting, whoever asks for one; "" when it can."""
    if incident.test:
        return "it is a test: nobody is asked to a meeting about it"
    if incident.merged_into is not None:
        return f"it was merged into #{incident.merged_into}, whose meeting is about both"
    return "it is open: there is something to talk over once it is resolved" if incident.open else ""


def responders(incident: Incident, entries: Iterable[Entry]) -> tuple[str, ...]:
    """Who took part, as Slack user ids: who has a role, was invited, acknowledged, declared, updated or decided.

    Of a private incident only what happened to it counts: its alerts are known to others as well.
    """
    found = [*incident.roles.values(), incident.declared_by, incident.resolved_by]
    for entry in entries:
        if incident.private and entry.subject != incident.subject:
            continue
        if entry.kind == "RespondersInvited":
            found += entry.payload["users"]
        elif entry.kind in _ACTED:
            found += [entry.actor, str(entry.payload.get("user", ""))]
    return tuple(dict.fromkeys(user for user in found if _PERSON.fullmatch(user)))


def when(at: datetime, length: timedelta, hours: Hours, zones: Sequence[str]) -> tuple[datetime, str]:
    """The next quarter of an hour, from `at` on, with room in the working hours; and in whose time zone that is.

    It is within the hours of all `zones` where these leave room for it in the next two weeks, else within those of the
    zone that most have. Where not even these have room for its whole `length`, it begins with them.
    """
    counted = Counter(zones or ("UTC",)).most_common()
    most = hours.timezone or counted[0][0]
    for among in ([zone for zone, _ in counted], [most]):
        for begin, end in _shared(hours, among, at):
            start = quarter(begin)
            if start + length <= end:
                return start, most
    return quarter(_shared(hours, [most], at)[0][0]), most


def quarter(at: datetime) -> datetime:
    """That time, or the next quarter of an hour; UTC."""
    past = timedelta(seconds=at.timestamp() % QUARTER.total_seconds())
    return at.astimezone(UTC) + (QUARTER - past if past else past)


def arrange(kept: Meeting | None, plan: Plan, now: datetime) -> Decision[Meeting]:
    """Set or move the meeting itself; after one that was cancelled, or took place, it is another one."""
    again = kept is None or kept.cancelled or kept.ends_at <= now
    meeting = Meeting(
        incident=plan.incident,
        calendar=ITSELF,
        # calendars keep it for good, so it must be that of no other installation's incident of this number
        uid=f"incident-{plan.incident}-{now:%Y%m%dT%H%M%S%f}@do-manage" if again or kept is None else kept.uid,
        title=f"Incident postmortem #{plan.incident}",
        starts_at=plan.starts_at,
        ends_at=plan.starts_at + plan.length,
        zone=plan.zone,
        people=plan.people,
        attendees=plan.attendees,
        unreached=plan.unreached,
        sequence=kept.sequence + 1 if kept else 0,
        version=kept.version if kept else 0,
    )
    if kept and not again and (kept.starts_at, kept.ends_at) == (meeting.starts_at, meeting.ends_at):
        return Decision(state=kept, reason="it is at that time already")
    arranged = MeetingArranged(
        incident=plan.incident,
        starts_at=meeting.starts_at,
        people=meeting.people,
        unreached=meeting.unreached,
        sequence=meeting.sequence,
        moved=not again,
    )
    return Decision(state=meeting, events=(arranged,), reason="arranged" if again else "moved")


def cancel(kept: Meeting, reason: str, now: datetime) -> Decision[Meeting]:
    """The meeting itself does not take place, unless it has."""
    if kept.cancelled:
        return Decision(state=kept, reason="it is cancelled already")
    if kept.ends_at <= now:
        return Decision(state=kept, reason="it is over already")
    changed = replace(kept, cancelled=True, sequence=kept.sequence + 1)
    event = MeetingCancelled(incident=kept.incident, reason=reason, sequence=changed.sequence)
    return Decision(state=changed, events=(event,), reason="cancelled")


def copy(kept: Meeting | None, meeting: Meeting, calendar: str, now: datetime) -> Decision[Meeting] | None:
    """Have a calendar follow the meeting itself; None where it holds nothing that could be taken out."""
    if meeting.cancelled and (kept is None or kept.cancelled):
        return None
    taken_out = kept is not None and kept.cancelled and (kept.made_at is not None or not kept.begun)
    over = kept is None or taken_out or kept.ends_at <= now
    fresh = replace(meeting, calendar=calendar, reference="", begun=False, made_at=None, trouble="", version=0)
    if kept is not None:
        fresh = replace(fresh, version=kept.version)
        if not over:  # the entry is there, or may be: it is changed, and not made once more
            fresh = replace(fresh, uid=kept.uid, reference=kept.reference, begun=kept.begun)
    if meeting.cancelled and not fresh.begun:
        return Decision(state=replace(fresh, made_at=now), silent=True, reason="the calendar was never asked")
    return Decision(state=fresh, timers=(sync(fresh, now),), reason="the calendar is told")


def sync(meeting: Meeting, at: datetime, why: str = "") -> Timer:
    """The job that brings the meeting's calendar up to date; those of one calendar run one after another."""
    subject = f"incident:{meeting.incident}"
    return Timer(
        kind=SYNC,
        key=f"{subject}:meeting:{meeting.calendar}:{meeting.sequence}{why}",
        at=at,
        subject=subject,
        lane=f"meeting:{meeting.calendar}:{subject}",
        payload={"incident": meeting.incident, "calendar": meeting.calendar},
    )


def due(meeting: Meeting) -> bool:
    """Whether the calendar must be told."""
    return meeting.made_at is None and (meeting.begun or not meeting.cancelled)


def begin(meeting: Meeting) -> Decision[Meeting]:
    """The calendar is about to be asked."""
    return Decision(state=replace(meeting, begun=True), silent=not meeting.begun, reason="about to ask")


def made(kept: Meeting, told: Meeting, reference: str, now: datetime) -> Decision[Meeting]:
    """The calendar took it as it was `told`.

    Where it was changed meanwhile, only its name is kept: a job of its own tells of the change.
    """
    if kept.uid != told.uid:
        return Decision(state=kept, reason="another meeting took its place")
    if kept.sequence != told.sequence:
        return Decision(state=replace(kept, reference=reference), silent=True, reason="it was changed meanwhile")
    if kept.made_at is not None:
        return Decision(state=kept, reason="that is known")
    changed = replace(kept, reference=reference, made_at=now, trouble="")
    events: tuple[Event, ...] = ()
    if not kept.cancelled:
        events = (
            MeetingPlanned(
                incident=kept.incident, calendar=kept.calendar, starts_at=kept.starts_at, attendees=kept.attendees
            ),
        )
    return Decision(state=changed, events=events, silent=not events, reason="the calendar has it")


def troubled(kept: Meeting, told: Meeting, error: str, mend: str) -> Decision[Meeting]:
    """The calendar did not take it as it was `told`; the same trouble is said once."""
    if (kept.uid, kept.sequence) != (told.uid, told.sequence) or kept.trouble == error:
        return Decision(state=kept, reason="that is known")
    event = MeetingTroubled(incident=kept.incident, calendar=kept.calendar, error=error, mend=mend)
    return Decision(state=replace(kept, trouble=error), events=(event,), reason=error)


def _shared(hours: Hours, zones: Sequence[str], at: datetime) -> list[tuple[datetime, datetime]]:
    """The spans, from `at` on, in which it is within the hours in all zones."""
    until = at + AHEAD
    spans = [(at.astimezone(UTC), until.astimezone(UTC))]
    for zone in zones:
        open_ = list(hours.intervals(at, until, zone))
        both = [(max(a, c), min(b, d)) for a, b in spans for c, d in open_]
        spans = [(begin, end) for begin, end in both if begin < end]
    return spans

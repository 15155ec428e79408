"""The timeline: the journal of an incident and its alerts, read back in the order in which things happened (pure)."""

import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from bot import events as e
from bot.cards.card import Code, Level, Mark, Moment, Person, Text
from bot.phrasing import duration, listing
from storage.records.journal import Entry


@dataclass(frozen=True, kw_only=True)
class Correction:
    """What somebody corrected of a line, why, and what stood there before."""

    by: str
    at: datetime
    reason: str
    said_before: Text
    at_before: datetime


@dataclass(frozen=True, kw_only=True)
class Line:
    """One thing that happened; `entry` is its number in the journal, `channel` and `ts` the message that said it.

    `files` are the ids of its pictures, `added_for` is why it was added later, `corrected` what was corrected of it.
    `answer` is what a command answered, several lines of it.
    """

    entry: int
    at: datetime
    actor: str
    said: Text
    channel: str = ""
    ts: str = ""
    files: tuple[str, ...] = ()
    added_for: str = ""
    corrected: Correction | None = None
    answer: str = ""


def subjects(incident: int, alerts: Iterable[int], checks: Iterable[str] = ()) -> list[str]:
    """Whose journal an incident's timeline is made of."""
    return [
        f"incident:{incident}",
        f"postmortem:{incident}",
        *(f"alert:{a}" for a in alerts),
        *(f"check:{c}" for c in checks),
    ]


def lines(entries: Sequence[Entry], ran: Sequence[Entry] = (), *, hidden: bool = False) -> list[Line]:
    """What a reader should see, by time, as it was corrected; with `hidden` also what was taken off by hand.

    A pinned message stands at the time it was said, removed ones are gone. `ran` are the runs of commands among it.
    """
    answered = {entry.payload["run"] for entry in entries if entry.kind == "CommandAnswered"}
    telling = [entry for entry in entries if entry.kind in _TOLD]
    telling += [entry for entry in ran if entry.id not in answered]  # the answer tells of its run as well
    known = [(entry, e.event_of(entry.kind, entry.payload)) for entry in telling]
    removed = {(v.channel, v.ts): entry.id for entry, v in known if isinstance(v, e.NoteRemoved)}
    told = []
    for entry, event in known:
        said = _said(event)
        if said is None or (isinstance(event, e.NoteAdded) and removed.get((event.channel, event.ts), 0) > entry.id):
            continue
        note = event if isinstance(event, e.NoteAdded) else None
        told.append(
            Line(
                entry=entry.id,
                at=note.said_at if note else entry.at,
                actor=note.author if note else entry.actor,
                said=said,
                channel=note.channel if note else "",
                ts=note.ts if note else "",
                files=note.files if note else (),
                added_for=note.reason if note else "",
                answer=event.text if isinstance(event, e.CommandAnswered) else "",
            )
        )
    off = frozenset() if hidden else taken_off(entries)
    edits = [entry for entry in entries if entry.kind == "TimelineEdited"]  # a long journal is not read for each line
    shown = [corrected(line, edits) for line in told if line.entry not in off]
    return sorted(shown, key=lambda line: (line.at, line.entry))


def corrected(line: Line, entries: Iterable[Entry]) -> Line:
    """The line with all that was corrected of it; the last word counts, what stood there first is kept beside it."""
    for entry in entries:
        if entry.kind != "TimelineEdited" or entry.payload["entry"] != line.entry:
            continue
        edit = e.event_of(entry.kind, entry.payload)
        if isinstance(edit, e.TimelineEdited):
            before = (line.corrected.said_before, line.corrected.at_before) if line.corrected else (line.said, line.at)
            told = Correction(
                by=entry.actor, at=entry.at, reason=edit.reason, said_before=before[0], at_before=before[1]
            )
            said, answer = (edit.text, "") if edit.text else (line.said, line.answer)
            line = replace(line, said=said, answer=answer, at=edit.happened_at or line.at, corrected=told)
    return line


def taken_off(entries: Iterable[Entry]) -> frozenset[int]:
    """The entries that somebody took off the timeline by hand."""
    last = {int(n.payload["entry"]): not n.payload.get("shown") for n in entries if n.kind == "TimelineHidden"}
    return frozenset(entry for entry, off in last.items() if off)


def pinned(entries: Sequence[Entry]) -> frozenset[tuple[str, str]]:
    """The (channel, ts) of the messages that are on the timeline now."""
    on: set[tuple[str, str]] = set()
    for entry in entries:
        place = (str(entry.payload.get("channel", "")), str(entry.payload.get("ts", "")))
        if entry.kind == "NoteAdded" and place[1]:  # what was typed stands in no message
            on.add(place)
        elif entry.kind == "NoteRemoved":
            on.discard(place)
    return frozenset(on)


def invited(entries: Sequence[Entry]) -> frozenset[str]:
    """Who was invited to the channel."""
    return frozenset(u for entry in entries if entry.kind == "RespondersInvited" for u in entry.payload["users"])


def absorbed(entries: Sequence[Entry], duplicate: int) -> tuple[int, ...]:
    """The alerts that came with a duplicate when it was merged last."""
    came = [entry.payload for entry in entries if entry.kind == "IncidentAbsorbed"]
    return next((tuple(p["alerts"]) for p in reversed(came) if p["duplicate"] == duplicate), ())


def source(entries: Sequence[Entry]) -> tuple[str, str]:
    """The (channel, ts) of the message that the incident was declared from, ("", "") without one."""
    declared = (entry.payload for entry in entries if entry.kind == "IncidentDeclared")
    return next(((str(p["source_channel"]), str(p["source_ts"])) for p in declared), ("", ""))


def pictures(message: Mapping[str, Any]) -> tuple[str, ...]:
    """The ids of the pictures in a message of Slack."""
    shared = (file for file in message.get("files") or () if isinstance(file, Mapping))
    return tuple(
        str(file["id"]) for file in shared if str(file.get("mimetype") or "").startswith("image/") and file.get("id")
    )


def with_people(text: str) -> Text:
    """The text with "@U…" in it made mentions."""
    ids = re.split(r"@([UW][A-Z0-9]{2,20})\b", text)
    return tuple(Person(part) if i % 2 else part for i, part in enumerate(ids)) if len(ids) > 1 else text


_TOLD = frozenset(
    {
        "CheckChanged",
        "CommandAnswered",
        "AlertOpened",
        "AlertAcknowledged",
        "AcknowledgementWithdrawn",
        "AcknowledgementExpired",
        "AlertResolved",
        "EscalationRepeated",
        "EscalationStepSkipped",
        "PageDelivered",
        "PageFailed",
        "IncidentDeclared",
        "AlertJoinedIncident",
        "ChannelOpened",
        "ChannelTroubled",
        "RespondersInvited",
        "StatusChanged",
        "SeverityChanged",
        "UpdatePosted",
        "RoleAssigned",
        "RoleReleased",
        "ComponentsAffected",
        "CauseNamed",
        "UpdateSnoozed",
        "IncidentMerged",
        "IncidentAbsorbed",
        "IncidentParted",
        "IncidentReopened",
        "ChannelReopened",
        "NoteAdded",
        "NoteRemoved",
        "IncidentResolved",
        "MeetingArranged",
        "MeetingCancelled",
        "PostmortemScheduled",
        "DraftReady",
        "PostmortemApproved",
        "ChannelArchived",
    }
)


def _said(event: e.Event) -> Text | None:
    if isinstance(event, e.CommandRun):
        return _ran(shlex.join([*event.command.split(), *event.argv]), event.outcome)
    if isinstance(event, e.CommandAnswered):
        return _ran(event.line, event.outcome)
    told = _of_alert(event) or _of_escalation(event)
    return told or _of_incident(event) or _of_lifecycle(event) or _of_postmortem(event)


def _ran(line: str, outcome: str) -> Text:
    return ("Ran ", Code(line), f": {outcome}, exit status {Level(outcome).exit_code}")


def _of_alert(event: e.Event) -> Text | None:
    match event:
        case e.CheckChanged(check=check, status=status, previous=previous, detail=detail):
            return f"Check {check} went from {previous} to {status}" + (f": {detail}" if detail else "")
        case e.AlertOpened(alert=alert, severity=severity, summary=summary, reading=reading):
            return f"Alert #{alert} ({severity}): {summary}" + (f" ({reading})" if reading else "")
        case e.AlertAcknowledged(alert=alert, comment=comment):
            return f"Alert #{alert} acknowledged" + (f": {comment}" if comment else "")
        case e.AcknowledgementWithdrawn(alert=alert):
            return f"Alert #{alert} given back"
        case e.AlertResolved(alert=alert, reading=reading, comment=comment):
            why = comment or reading
            return f"Alert #{alert} resolved" + (f": {why}" if why else "")
        case _:
            return None


def _of_escalation(event: e.Event) -> Text | None:
    match event:
        case e.AcknowledgementExpired(alert=alert, by=by):
            return (f"Alert #{alert}: the acknowledgement of ", Person(by), " ended")
        case e.EscalationRepeated(alert=alert, rounds=rounds):
            return f"Alert #{alert}: nobody acknowledged, round {rounds + 1} of escalation begins"
        case e.EscalationStepSkipped(alert=alert, step=step, reason=reason):
            return f"Alert #{alert}: step {step + 1} was passed over: {reason}"
        case e.PageDelivered(alert=alert, target=target, via=via):
            return (f"Alert #{alert}: told ", _target(target), f" through {via}")
        case e.PageFailed(alert=alert, target=target, via=via, error=error):
            return (f"Alert #{alert}: could not tell ", _target(target), f" through {via}: {error}")
        case _:
            return None


def _of_incident(event: e.Event) -> Text | None:  # noqa: C901, PLR0911, PLR0912 - one for each fact
    match event:
        case e.IncidentDeclared(title=title, severity=severity, description=description):
            return f"Incident declared ({severity}): {title}" + (f". {description}" if description else "")
        case e.AlertJoinedIncident(alert=alert, summary=summary):
            return f"Alert #{alert} joined: {summary}"
        case e.ChannelOpened(name=name):
            return f"Channel #{name} opened"
        case e.ChannelTroubled(what=what, error=error):
            return with_people(f"{what}: {error}")
        case e.RespondersInvited(users=users):
            named: list[str | Mark] = ["Invited "]
            for i, user in enumerate(users):
                named += [", " if i else "", Person(user)]
            return tuple(named)
        case e.StatusChanged(status=status, previous=previous):
            return f"Status went from {previous} to {status}"
        case e.SeverityChanged(severity=severity, previous=previous):
            return f"Severity went from {previous} to {severity}"
        case e.UpdatePosted(text=text):
            return f"Update: {text}"
        case e.RoleAssigned(role=role, user=user):
            return (Person(user), f" is {role}")
        case e.NoteAdded(text=text):
            return f"“{text}”" if text.strip() else "a message without words"
        case e.IncidentResolved():
            return f"Incident resolved after {spans(event)}" + (f": {event.comment}" if event.comment else "")
        case e.ChannelArchived():
            return "Channel archived"
        case _:
            return None


def _of_lifecycle(event: e.Event) -> Text | None:  # noqa: PLR0911 - one for each fact
    match event:
        case e.RoleReleased(role=role, user=user):
            return (Person(user), f" is {role} no longer")
        case e.ComponentsAffected(components=components):
            return f"Affects {listing(components)}" if components else "Affects nothing of the status page"
        case e.CauseNamed(cause=cause):
            return f"Cause: {cause}"
        case e.UpdateSnoozed(until=until):
            return "The next update was put off" if until else "No update is asked for"
        case e.IncidentMerged(incident=number, into=into):
            return f"Incident #{number} merged into #{into}"
        case e.IncidentAbsorbed(duplicate=duplicate):
            return f"Incident #{duplicate} turned out to be this one"
        case e.IncidentParted(duplicate=duplicate):
            return f"Incident #{duplicate} is one of its own again"
        case e.IncidentReopened(reason=reason):
            return "Incident opened again" + (f": {reason}" if reason else "")
        case e.ChannelReopened():
            return "Channel opened again"
        case _:
            return None


def _of_postmortem(event: e.Event) -> Text | None:
    match event:
        case e.PostmortemScheduled():
            return "Postmortem scheduled"
        case e.DraftReady(text_version=version):
            return f"Postmortem draft is ready for review (version {version})"
        case e.PostmortemApproved(text_version=version):
            return f"Postmortem approved (version {version})"
        case e.MeetingArranged(starts_at=at, moved=moved):
            return (f"Meeting about the postmortem {'moved to' if moved else 'set for'} ", Moment(at, "date"))
        case e.MeetingCancelled(reason=reason):
            return "Meeting about the postmortem cancelled" + (f": {reason}" if reason else "")
        case _:
            return None


def spans(event: e.IncidentResolved) -> str:
    """MTTR and its parts in words."""
    parts = [
        f"{what} after {duration(seconds)}"
        for what, seconds in (
            ("detected", event.time_to_detect),
            ("acknowledged", event.time_to_acknowledge),
            ("mitigated", event.time_to_mitigate),
        )
        if seconds is not None
    ]
    whole = duration(event.time_to_resolve)
    return f"{whole} ({listing(parts)})" if parts else whole


def _target(target: str) -> str | Mark:
    return Person(target[1:]) if target.startswith("@") else target

"""What is said of incidents (pure)."""

from collections.abc import Sequence
from datetime import datetime

from bot.alerts.cards import SIGNS
from bot.cards.card import Accent, Button, Card, Code, Field, Level, Link, Mark, Moment, Person, Room, Table, Text
from bot.cards.marks import plain
from bot.incidents.happenings import happened
from bot.incidents.timeline import Line, with_people
from bot.phrasing import ago, cut, duration, plural
from bot.phrasing import listing as said
from storage.records.alerts import Alert
from storage.records.incidents import Incident, IncidentStatus
from storage.records.postmortems import Postmortem

__all__ = ["alert_over", "as_data", "happened", "listing", "live", "pinned", "timeline"]

ANSWER = 120
"""Characters of a command's answer that stand on a timeline; the export has all that is kept."""


def live(
    incident: Incident,
    alerts: Sequence[Alert] = (),
    postmortem: Postmortem | None = None,
    links: Sequence[Link] = (),
    *,
    roles: Sequence[str] = ("commander",),
    now: datetime | None = None,
) -> Card:
    """The summary card, pinned in the incident's channel and mirrored in the channel of all incidents.

    `roles` are shown even while nobody holds them. Ages are told where it is read at once, as of `now`: on a message
    that stands they would grow old.
    """
    return Card(
        title=_title(incident),
        level=Level.BAD if incident.open else Level.OK,
        accent=Accent(incident.severity.value) if incident.open else Accent.GOOD,
        body=(
            *_kind(incident),
            *((incident.description,) if incident.description else ()),
            *(with_people(f"⚠️ {trouble}") for trouble in incident.trouble.splitlines()),
        ),
        fields=(
            Field(label="Severity", value=incident.severity.value),
            Field(label="Status", value=_status(incident)),
            Field(label="Since", value=Moment(incident.started_at, "date")),
            Field(label="Declared by", value=Person(incident.declared_by)),
            *(
                Field(label=role.capitalize(), value=_role(incident, role))
                for role in dict.fromkeys((*roles, *incident.roles))
            ),
            *((Field(label="Latest", value=_latest(incident, now)),) if incident.latest_update else ()),
            *((Field(label="Next update", value=_next(incident, now)),) if incident.open else ()),
            *((Field(label="Affects", value=said(incident.components)),) if incident.components else ()),
            *((Field(label="Cause", value=incident.cause),) if incident.cause else ()),
            *((Field(label="Channel", value=_channel(incident)),) if incident.channel else ()),
            *((Field(label="Alerts", value=_alerts(alerts)),) if alerts else ()),
            *((Field(label="Postmortem", value=_postmortem(postmortem)),) if postmortem else ()),
            *((Field(label="Links", value=_links(links)),) if links else ()),
        ),
        buttons=_buttons(incident),
        footer="Mark a message with 📌 to put it on the timeline" if incident.open else "",
        data=as_data(incident),
    )


def alert_over(incident: Incident, alert: int, at: datetime, firing: Sequence[Alert] = ()) -> Card:
    """Said when an alert of an open incident resolved; `firing` are those of its alerts that are still open."""
    over: tuple[str | Mark, ...] = (f"✅ Alert #{alert} resolved at ", Moment(at), ".")
    if firing:
        verb = "is" if len(firing) == 1 else "are"
        return Card(title="", body=((*over, f" Still open {verb} {said(f'#{a.id} {a.summary}' for a in firing)}."),))
    return Card(
        title="",
        body=((*over, " Is the incident over?"),),
        buttons=(
            # the form asks for the cause: statistics go by it
            Button(
                label="Resolve incident", argv=("incident", "resolve", str(incident.id)), form=True, style="primary"
            ),
        ),
    )


def pinned(said_by: str, removed: bool = False) -> Card:
    """Said below a message that was put on, or taken off, the timeline."""
    return Card(
        title="", body=(("📌 Taken off" if removed else "📌 Put on", " the timeline by ", Person(said_by), "."),)
    )


def listing(found: Sequence[Incident], *, total: int, page: int, size: int, words: Sequence[str]) -> Card:
    """Incidents, newest first, with the way to the next page."""
    if not found:
        return Card(
            title="No incidents",
            level=Level.OK,
            body=("Nothing fits that." if words else "All quiet.",),
            hint=("Declare one with ", Code("incident declare"), "."),
            data={"title": "No incidents", "level": "ok", "incidents": []},
        )
    rows = tuple(
        (f"#{i.id}", i.severity.value, i.status.value, i.title, Moment(i.declared_at, "date"), _lasted(i))
        for i in found
    )
    last = -(-total // size)
    return Card(
        title=plural(total, "incident"),
        level=Level.WARNING if any(i.open for i in found) else Level.OK,
        table=Table(columns=("#", "Severity", "Status", "What", "Declared", "Lasted"), rows=rows),
        buttons=(Button(label="More", argv=("incidents", *words, f"--page={page + 1}")),) if page < last else (),
        footer=f"Page {page} of {last}" if last > 1 else "",
        data={
            "title": plural(total, "incident"),
            "total": total,
            "page": page,
            "incidents": [as_data(i) for i in found],
        },
    )


def timeline(incident: Incident, lines: Sequence[Line], links: Sequence[str], page: int, size: int) -> Card:
    """The timeline, oldest first, each line with the way to the message that said it."""
    last = max(1, -(-len(lines) // size))
    shown = list(zip(lines, links, strict=True))[(page - 1) * size : page * size]
    steps: tuple[Text, ...] = tuple(
        (
            Moment(line.at, "date"),
            " · ",
            *_flat(line.said),
            *((" — ", Person(line.actor)) if line.actor != "bot" else ()),
            *((" ", Link(link, "message")) if link else ()),
            *_remarks(line),
            f" [{line.entry}]",
        )
        for line, link in shown
    )
    more = ("incident", "timeline", str(incident.id), f"--page={page + 1}")
    return Card(
        title=f"Timeline of incident #{incident.id}: {incident.title}",
        level=Level.INFO,
        steps=steps,
        body=() if steps else ("Nothing has happened yet.",),
        buttons=(Button(label="More", argv=more),) if page < last else (),
        footer=f"Page {page} of {last}" if last > 1 else plural(len(lines), "entry", "entries"),
        hint=("Correct one with ", Code("incident edit"), ", take it along with ", Code("incident export"), "."),
        data={
            "title": f"Timeline of incident #{incident.id}",
            "incident": incident.id,
            "timeline": [
                {
                    "entry": n.entry,
                    "at": n.at.isoformat(),
                    "actor": n.actor,
                    "said": plain(n.said),
                    "link": link or None,
                    "answer": n.answer or None,
                    "corrected": n.corrected.reason if n.corrected else None,
                }
                for n, link in zip(lines, links, strict=True)
            ],
        },
    )


def _remarks(line: Line) -> tuple[str | Mark, ...]:
    """What has to be known of a line: how a command's answer begins, pictures, that it was added or corrected later."""
    said: list[str | Mark] = [f" “{cut(line.answer.splitlines()[0], ANSWER)}”"] if line.answer else []
    said += [f" 🖼 {plural(len(line.files), 'picture')}"] if line.files else []
    if line.added_for:
        said.append(f" (added later: {line.added_for})")
    if line.corrected:
        said += [" (corrected by ", Person(line.corrected.by), f": {line.corrected.reason})"]
    return tuple(said)


def as_data(incident: Incident) -> dict[str, object]:
    """The incident as JSON values; durations are in seconds."""
    resolved = incident.resolved_at
    return {
        "title": _title(incident),
        "level": "bad" if incident.open else "ok",
        "number": incident.id,
        "what": incident.title,
        "severity": incident.severity.value,
        "status": incident.status.value,
        "description": incident.description,
        "declared_by": incident.declared_by,
        "roles": dict(incident.roles),
        "alerts": list(incident.alert_ids),
        "channel": incident.channel_name or None,
        "components": list(incident.components),
        "cause": incident.cause or None,
        "private": incident.private,
        "test": incident.test,
        "merged_into": incident.merged_into,
        "reopened": incident.reopened,
        "update_due_at": incident.update_due_at.isoformat() if incident.update_due_at else None,
        "started_at": incident.started_at.isoformat(),
        "declared_at": incident.declared_at.isoformat(),
        "mitigated_at": incident.mitigated_at.isoformat() if incident.mitigated_at else None,
        "resolved_at": resolved.isoformat() if resolved else None,
        "time_to_resolve": (resolved - incident.started_at).total_seconds() if resolved else None,
    }


def _title(incident: Incident) -> str:
    kind = f"{'🔒 ' if incident.private else ''}{'🧪 ' if incident.test else ''}"
    return f"{SIGNS[incident.severity] if incident.open else '✅'} {kind}Incident #{incident.id}: {incident.title}"


def _kind(incident: Incident) -> tuple[str, ...]:
    private = ("🔒 This is private: only who belongs to it can see it.",) if incident.private else ()
    return (*private, *(("🧪 This is a test: nobody is paged, and it counts nowhere.",) if incident.test else ()))


def _status(incident: Incident) -> Text:
    again = " again" if incident.reopened else ""
    if incident.resolved_at is None:
        return f"{incident.status.value}{again}"
    over: tuple[str | Mark, ...] = (Person(incident.resolved_by), " at ", Moment(incident.resolved_at))
    if incident.merged_into is not None:
        return (f"merged into #{incident.merged_into} by ", *over)
    return ("resolved by ", *over, f" after {duration(incident.resolved_at - incident.started_at)}")


def _latest(incident: Incident, now: datetime | None) -> Text:
    at = incident.updated_at
    if at is None:
        return incident.latest_update
    age = f", {ago(at, now)}" if now else ""
    return (incident.latest_update, " (", Moment(at), f"{age})")


def _next(incident: Incident, now: datetime | None) -> Text:
    due = incident.update_due_at
    if due is None:
        return "nobody is reminded"
    overdue = f", overdue since {duration(now - due)}" if now and due < now else ""
    return ("due at ", Moment(due), overdue) if overdue else ("due at ", Moment(due))


def _role(incident: Incident, role: str) -> Text:
    return Person(incident.roles[role]) if role in incident.roles else "nobody yet"


def _channel(incident: Incident) -> Text:
    room = Room(incident.channel, incident.channel_name)
    return (room, " (archived)") if incident.archived_at else room


def _links(links: Sequence[Link]) -> Text:
    parts: list[str | Mark] = []
    for link in links:
        parts += [" · " if parts else "", link]
    return tuple(parts)


def _alerts(alerts: Sequence[Alert]) -> str:
    return ", ".join(f"#{a.id} {a.summary} ({a.state.value})" for a in alerts)


def _postmortem(postmortem: Postmortem) -> str:
    version = f", version {postmortem.approved_version}" if postmortem.approved_version else ""
    return f"{postmortem.status.value}{version}"


def _lasted(incident: Incident) -> str:
    return duration(incident.resolved_at - incident.started_at) if incident.resolved_at else "open"


def _buttons(incident: Incident) -> tuple[Button, ...]:
    number = str(incident.id)
    timeline_ = Button(label="Timeline", argv=("incident", "timeline", number))
    if not incident.open:
        return (timeline_, *_afterwards(incident, number))
    status, following = incident.status, _FOLLOWING[incident.status]
    lead = Button(label="I take command", argv=("incident", "role", number, "--role=commander"))
    return (
        Button(label="Post update", argv=("incident", "update", number), form=True, style="primary"),
        Button(label=_OFFERS[status], argv=("incident", "update", number, f"--status={following.value}")),
        *(() if "commander" in incident.roles else (lead,)),
        Button(label="Severity", argv=("incident", "severity", number), form=True),
        timeline_,
        Button(label="Resolve", argv=("incident", "resolve", number), form=True, style="danger"),
    )


def _afterwards(incident: Incident, number: str) -> tuple[Button, ...]:
    """What can be done with one that is over."""
    undo = incident.merged_into is not None
    cause = Button(label="Name the cause", argv=("incident", "cause", number), form=True)
    again = Button(
        label="Undo merge" if undo else "Reopen",
        argv=("incident", "reopen", number),
        confirm="Make this an incident of its own again?" if undo else "Open this incident again, in its channel?",
    )
    return (again,) if undo or incident.cause else (cause, again)


_FOLLOWING = {
    IncidentStatus.INVESTIGATING: IncidentStatus.IDENTIFIED,
    IncidentStatus.IDENTIFIED: IncidentStatus.MONITORING,
    IncidentStatus.MONITORING: IncidentStatus.INVESTIGATING,
}
_OFFERS = {
    IncidentStatus.INVESTIGATING: "Mark identified",
    IncidentStatus.IDENTIFIED: "Mark monitoring",
    IncidentStatus.MONITORING: "Investigate again",
}


def _flat(text: Text) -> tuple[str | Mark, ...]:
    return text if isinstance(text, tuple) else (text,)

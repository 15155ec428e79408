"""What is said in an incident's channel when something happened (pure)."""

from datetime import datetime

from bot.cards.card import Card, Level, Mark, Moment, Person, Text
from bot.events import (
    AlertJoinedIncident,
    CauseNamed,
    ChannelReopened,
    ChannelTroubled,
    ComponentsAffected,
    IncidentAbsorbed,
    IncidentEvent,
    IncidentMerged,
    IncidentParted,
    IncidentReopened,
    IncidentResolved,
    MeetingTroubled,
    RoleAssigned,
    RoleReleased,
    SeverityChanged,
    StatusChanged,
    UpdatePosted,
    UpdateSnoozed,
)
from bot.incidents.timeline import spans, with_people
from bot.phrasing import listing, plural


def happened(event: IncidentEvent, actor: str, at: datetime) -> Card | None:
    """What is said in the channel when something happened; None for what the card says well enough."""
    by = Person(actor)
    if isinstance(event, IncidentResolved):
        return _closing(event, by, at)
    if isinstance(event, UpdatePosted):
        return Card(title="", body=(("📣 Update by ", by, " at ", Moment(at), ":"), event.text))
    said = _moved(event, by) or _arranged(event, by)
    return Card(title="", body=(said,)) if said else None


def _moved(event: IncidentEvent, by: Mark) -> Text:  # noqa: PLR0911 - one for each fact
    """Where the incident stands now."""
    match event:
        case StatusChanged(status=status, previous=previous):
            return ("➡️ ", by, f" moved this from {previous} to {status}.")
        case SeverityChanged(severity=severity, previous=previous):
            return ("↕️ ", by, f" changed the severity from {previous} to {severity}.")
        case IncidentReopened(reason=reason):
            return ("🔁 ", by, " opened this again", f": {reason}" if reason else ".")
        case IncidentMerged(into=into):
            return ("🔗 ", by, f" found this to be the same as incident #{into}, which goes on for both.")
        case IncidentAbsorbed(duplicate=duplicate, alerts=alerts):
            came = f" {plural(len(alerts), 'alert')} came with it." if alerts else ""
            return ("🔗 ", by, f" merged incident #{duplicate} into this one.{came}")
        case IncidentParted(duplicate=duplicate):
            return ("🔗 ", by, f" took the merge of incident #{duplicate} back: it is one of its own again.")
        case AlertJoinedIncident(alert=alert, summary=summary):
            return f"🔔 Alert #{alert} belongs to this as well: {summary}"
        case _:
            return ""


def _arranged(event: IncidentEvent, by: Mark) -> Text:  # noqa: PLR0911 - one for each fact
    """Who does what, what is affected, when to tell more."""
    match event:
        case RoleAssigned(role=role, user=user):
            return ("🧭 ", Person(user), f" is {role}.")
        case RoleReleased(role=role, user=user):
            return ("🧭 ", Person(user), f" is {role} no longer; nobody is.")
        case ComponentsAffected(components=components):
            return ("🧩 ", by, f" says this affects {listing(components, 'and') if components else 'nothing public'}.")
        case CauseNamed(cause=cause):
            return ("🔎 ", by, f" named the cause: {cause}.")
        case UpdateSnoozed(until=None):
            return ("⏰ ", by, " wants nobody reminded until the next update.")
        case UpdateSnoozed(until=datetime() as until):
            return ("⏰ ", by, " put the next update off to ", Moment(until), ".")
        case ChannelReopened():
            return "📂 This channel takes messages again."
        case ChannelTroubled(what=what, mend=mend):
            return with_people(f"⚠️ {what}: {mend}")
        case MeetingTroubled(calendar=calendar, mend=mend):
            return f"⚠️ The calendar {calendar} did not take the meeting about the postmortem: {mend}"
        case _:
            return ""


def _closing(event: IncidentResolved, by: Mark, at: datetime) -> Card:
    return Card(
        title=f"✅ Incident #{event.incident} is resolved",
        level=Level.OK,
        body=(
            ("Resolved by ", by, " at ", Moment(at), "."),
            f"Time to resolve: {spans(event)}.",
            *((event.comment,) if event.comment else ()),
        ),
        hint="Thank you, everybody. What is said here until the channel closes still belongs to the incident.",
    )

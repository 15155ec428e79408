"""When people are reminded of an incident, and who of them may be: never at somebody's night (pure)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.cards.card import Button, Card, Mark, Moment, Person
from bot.config.hours import Hours
from bot.decision import Cancel, Decision, Timer
from bot.events import LeadAsked, OverAsked, UpdateAsked
from bot.phrasing import duration
from storage.records.incidents import Incident
from storage.records.journal import Entry

ASK_UPDATE = "incidents.ask_for_update"
ASK_LEAD = "incidents.ask_for_lead"
ASK_OVER = "incidents.ask_if_over"
KINDS = (ASK_UPDATE, ASK_LEAD, ASK_OVER)
LONGEST_WAIT = timedelta(hours=24)
ANSWERS = frozenset({"UpdatePosted", "StatusChanged", "SeverityChanged", "UpdateSnoozed", "IncidentReopened"})
"""Facts after which somebody evidently reads what the bot asks."""
SPANS = ("30m", "1h")
"""By how much the reminder of an update can be put off with one click."""
LEAD = "LeadAsked"
Nudge = UpdateAsked | LeadAsked | OverAsked
ASKED = frozenset({"UpdateAsked", "LeadAsked", "OverAsked"})


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """Somebody who can be asked; whoever is `on_call` for it may be at any time."""

    user: str
    timezone: str = ""
    on_call: bool = False


def whom(candidates: Sequence[Candidate], waking: Hours, now: datetime) -> tuple[str, datetime]:
    """Who is asked, and when: the first one who may be now, else whoever wakes first; "" where there is nobody."""
    times = [(now if one.on_call else _awake(one, waking, now), one.user) for one in candidates]
    if not times:
        return "", now
    at, user = min(times, key=lambda one: one[0])  # the first of those that are equal
    return user, at


def _awake(candidate: Candidate, waking: Hours, now: datetime) -> datetime:
    zone = candidate.timezone or waking.timezone or "UTC"
    try:
        return waking.model_copy(update={"timezone": zone}).opening(now)
    except (ValueError, KeyError, OSError):  # what a profile calls a zone need not be one
        return waking.model_copy(update={"timezone": "UTC"}).opening(now)


def arm(incident: Incident) -> Decision[Incident]:
    """Have somebody reminded when the next update is due; what was planned before does not hold any more."""
    due = incident.update_due_at if incident.open else None
    timers = (_timer(incident, ASK_UPDATE, due),) if due else ()
    return _planned(incident, (ASK_UPDATE,), timers)


def look_for_lead(incident: Incident, at: datetime) -> Decision[Incident]:
    """Have the lead asked for at that time, as long as nobody leads."""
    wanted = incident.open and "commander" not in incident.roles
    return _planned(incident, (ASK_LEAD,), (_timer(incident, ASK_LEAD, at),) if wanted else ())


def look_if_over(incident: Incident, at: datetime) -> Decision[Incident]:
    """Have it asked at that time whether the incident is over, as long as nothing happens."""
    return _planned(incident, (ASK_OVER,), (_timer(incident, ASK_OVER, at),) if incident.open else ())


def rest(incident: Incident) -> Decision[Incident]:
    """Nobody is reminded of anything any more."""
    return _planned(incident, KINDS, ())


def ask_for_update(incident: Incident, *, due: datetime, user: str, again: datetime) -> Decision[Incident]:
    """Remind somebody of the update that was due; the next reminder comes at `again` unless they tell sooner."""
    if not incident.open or incident.update_due_at != due:
        return Decision(state=incident, reason="another time is agreed meanwhile")
    later = replace(incident, update_due_at=again)
    return Decision(
        state=later,
        events=(UpdateAsked(incident=incident.id, due_at=due, user=user),),
        timers=(_timer(incident, ASK_UPDATE, again),),
        reason="an update is due",
    )


def ask_for_lead(incident: Incident, user: str) -> Decision[Incident]:
    """Ask who leads."""
    if not incident.open or "commander" in incident.roles:
        return Decision(state=incident, reason="there is no need to ask any more")
    return Decision(state=incident, events=(LeadAsked(incident=incident.id, user=user),), reason="nobody leads")


def ask_if_over(incident: Incident, *, since: datetime, user: str, again: datetime) -> Decision[Incident]:
    """Ask whether it is over, and be ready to ask again."""
    if not incident.open:
        return Decision(state=incident, reason="it is over")
    return Decision(
        state=incident,
        events=(OverAsked(incident=incident.id, since=since, user=user),),
        timers=(_timer(incident, ASK_OVER, again),),
        reason="nothing has happened for long",
    )


def pause(every: timedelta, asked: int) -> timedelta:
    """Time until the next reminder, after `asked` of them that nobody answered: twice as long each time, to a day."""
    factor: int = 2 ** min(asked, 10)
    return max(every, min(every * factor, LONGEST_WAIT))


def unanswered(entries: Sequence[Entry]) -> int:
    """How many reminders of the update came since somebody last answered one."""
    kinds = [entry.kind for entry in entries]
    last = max((n for n, kind in enumerate(kinds) if kind in ANSWERS), default=-1)
    return kinds[last + 1 :].count("UpdateAsked")


def last_deed(entries: Sequence[Entry], otherwise: datetime) -> datetime:
    """When something happened last that is no reminder of ours."""
    return max((entry.at for entry in entries if entry.kind not in ASKED), default=otherwise)


def standing(incident: Incident, entries: Sequence[Entry]) -> list[tuple[Entry, bool]]:
    """The reminders that were said, and whether each still waits for an answer: the newest of its kind at most."""
    newest = {entry.kind: entry.id for entry in entries if entry.kind in ASKED}
    answered = max((entry.id for entry in entries if entry.kind in ANSWERS), default=0)
    led = "commander" in incident.roles
    return [
        (
            entry,
            incident.open
            and entry.id == newest[entry.kind]
            and not (led if entry.kind == LEAD else entry.id < answered),
        )
        for entry in entries
        if entry.kind in ASKED
    ]


def asks(event: Nudge, at: datetime, *, waits: bool = True) -> Card:
    """What is said in the channel, to whoever was chosen above all; with buttons while it `waits` for an answer."""
    said: tuple[str | Mark, ...]
    match event:
        case UpdateAsked(due_at=due_at):
            sign, said = "⏰", ("An update is due since ", Moment(due_at), ". How do things stand?")
        case LeadAsked():
            sign, said = "🧭", ("Nobody leads this incident yet. Who takes command?",)
        case OverAsked(since=since):
            sign, said = "💤", (f"Nothing has happened here for {duration(at - since)}. Is this incident over?",)
    named = (Person(event.user), " ") if event.user else ()
    return Card(title="", body=((f"{sign} ", *named, *said),), buttons=_buttons(event) if waits else ())


def _buttons(event: Nudge) -> tuple[Button, ...]:
    number = str(event.incident)
    update = Button(label="Send update", argv=("incident", "update", number), form=True, style="primary")
    match event:
        case UpdateAsked():
            snoozes = (
                Button(label=f"Snooze {span}", argv=("incident", "snooze", number, f"--in={span}")) for span in SPANS
            )
            return (update, *snoozes, Button(label="Stop", argv=("incident", "remind", number, "--stop")))
        case LeadAsked():
            argv = ("incident", "role", number, "--role=commander")
            return (Button(label="I take command", argv=argv, style="primary"),)
        case OverAsked():
            return (
                Button(label="Resolve", argv=("incident", "resolve", number), form=True, style="danger"),
                replace(update, label="It goes on", style=""),
            )


def _planned(incident: Incident, kinds: Sequence[str], timers: tuple[Timer, ...]) -> Decision[Incident]:
    cancels = tuple(Cancel(incident.subject, kind) for kind in kinds)
    return Decision(state=incident, timers=timers, cancels=cancels, reason="planned")


def _timer(incident: Incident, kind: str, at: datetime) -> Timer:
    payload: Mapping[str, object] = {"incident": incident.id, "due": at.isoformat()}
    return Timer(
        kind=kind, key=f"{incident.subject}:{kind}:{at.isoformat()}", at=at, subject=incident.subject, payload=payload
    )

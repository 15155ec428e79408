"""What is said of follow-ups (pure)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from bot.cards.card import Accent, Button, Card, CommandLine, Field, Level, Link, Mark, Person, Text
from bot.follow_ups.days import overdue, spelled
from bot.phrasing import plural
from storage.records.follow_ups import FollowUp, FollowUpKind, FollowUpStatus

MOST_BUTTONS = 5
"""How many of one's own can be ended from a list with one click."""
MOST_TRACKERS = 3
MOST_LINES = 20
_SIGNS = {FollowUpStatus.OPEN: "📝", FollowUpStatus.DONE: "✅", FollowUpStatus.DROPPED: "🗑️"}


@dataclass(frozen=True, kw_only=True)
class Filing:
    """How a tracker stands to a follow-up: filed as `reference`, or failed with `error` and its `mend`."""

    tracker: str
    reference: str = ""
    address: str = ""
    error: str = ""
    mend: str = ""


@dataclass(frozen=True, kw_only=True)
class Around:
    """What a card says beside the follow-up itself.

    `author` said what it was made of, and `source` is the address of that message; `reason` tells why it was ended;
    `trackers` are all that issues can be opened in; `private` ones are only told to who belongs to their incident.
    """

    author: str = ""
    source: str = ""
    reason: str = ""
    filings: tuple[Filing, ...] = ()
    trackers: tuple[str, ...] = ()
    private: bool = False


def live(follow_up: FollowUp, around: Around = Around(), *, today: date | None = None) -> Card:
    """The card that stands in Slack and is edited; `today` is given where it is read at once, and marks the overdue."""
    return Card(
        title=f"{_SIGNS[follow_up.status]} Follow-up #{follow_up.id}: {follow_up.title}",
        level=Level.INFO if follow_up.open else Level.OK,
        accent=Accent.CALM if follow_up.open else Accent.GOOD,
        body=(
            *((_ended(follow_up, around.reason),) if not follow_up.open else ()),
            *(_trouble(one) for one in around.filings if one.error),
        ),
        fields=(
            Field(label="Owner", value=_owner(follow_up)),
            Field(label="Due", value=_due(follow_up, today)),
            *((Field(label="Incident", value=f"#{follow_up.incident}"),) if follow_up.incident is not None else ()),
            *((Field(label="Kind", value=follow_up.kind.value),) if follow_up.kind is not FollowUpKind.OTHER else ()),
            *((Field(label="Issue", value=_issues(around.filings)),) if _filed(around.filings) else ()),
            *((Field(label="From", value=Link(around.source, "a message")),) if around.source else ()),
        ),
        buttons=_buttons(follow_up, around),
        data=as_data(follow_up, today) | {"issues": [_issue(one) for one in around.filings if one.reference]},
    )


def reminder(follow_up: FollowUp, around: Around, today: date) -> Card:
    """What its owner is told when it is due and while it is overdue."""
    when: Text
    if follow_up.due_on is None:
        when = "This is yours and has no day yet. Is it done, or when will it be?"
    elif follow_up.due_on == today:
        when = "This is due today."
    else:
        when = f"This was due on {spelled(follow_up.due_on)}."
    card = live(follow_up, around)
    return Card(
        title=card.title.replace("📝", "⏰", 1),
        level=Level.WARNING,
        accent=Accent.MEDIUM,
        body=(when, *card.body),
        fields=card.fields,
        buttons=card.buttons,
        data=card.data,
    )


def yours(follow_up: FollowUp, around: Around, by: str) -> Card:
    """What somebody is told who was made its owner."""
    card = live(follow_up, around)
    return Card(
        title=card.title,
        level=card.level,
        accent=card.accent,
        body=((Person(by), " made you the owner of this."), *card.body),
        fields=card.fields,
        buttons=card.buttons,
        data=card.data,
    )


def forgotten(found: Sequence[FollowUp]) -> Card:
    """The weekly question who takes what nobody has."""
    left = len(found) - MOST_LINES
    verb, whose, them = ("has", "Its", "it") if len(found) == 1 else ("have", "Their", "them")
    return Card(
        title=f"⏰ {plural(len(found), 'follow-up')} {verb} no owner",
        level=Level.WARNING,
        body=(f"{whose} day is over, or nobody has set one for long. Who takes {them}?",),
        steps=(*(_line(one) for one in found[:MOST_LINES]), *((f"and {left} more",) if left > 0 else ())),
        buttons=tuple(
            Button(label=f"I take #{one.id}", argv=("followup", "assign", str(one.id))) for one in found[:MOST_BUTTONS]
        ),
        hint=("Type ", CommandLine(("followup", "drop", "NUMBER")), " for what will not be done."),
    )


def unreached(follow_up: FollowUp, why: str) -> Card:
    """Said where its incident is talked over when its owner cannot be told."""
    return Card(
        title=f"⏰ Follow-up #{follow_up.id} is due, and its owner cannot be told",
        level=Level.WARNING,
        body=((follow_up.title,), (Person(follow_up.owner), f": {why}")),
        buttons=(Button(label=f"I take #{follow_up.id}", argv=("followup", "assign", str(follow_up.id))),),
    )


def adopted(incident: int, found: Sequence[FollowUp]) -> Card:
    """The message that lists what a postmortem wants to be done, kept up to date."""
    left = sum(1 for one in found if one.open)
    over = "it is over" if len(found) == 1 else "all of them are over"
    state = over if not left else f"{left} of them open" if left < len(found) else ""
    return Card(
        title=f"📝 {plural(len(found), 'follow-up')} from the postmortem of incident #{incident}",
        level=Level.INFO if left else Level.OK,
        steps=tuple(_line(one) for one in found),
        footer=state,
        buttons=(Button(label="Follow-ups", argv=("followups", f"--incident={incident}", "--status=all")),),
    )


def unfiled(follow_up: FollowUp, filing: Filing) -> Card:
    """Told to whoever asked for an issue that could not be opened."""
    number = str(follow_up.id)
    return Card(
        title=f"No issue could be opened in {filing.tracker} for follow-up #{number}",
        level=Level.BAD,
        body=tuple(text for text in (follow_up.title, filing.error, filing.mend) if text),
        buttons=(Button(label="Try again", argv=("followup", "file", number, f"--in={filing.tracker}")),),
    )


def listing(
    found: Sequence[FollowUp],
    *,
    total: int,
    page: int,
    size: int,
    words: Sequence[str],
    today: date,
    reader: str = "",
) -> Card:
    """Follow-ups, one's own first, then what is due first, with the way to the next page."""
    add = Button(label="Add a follow-up", argv=("followup", "add"), form=True)
    if not found:
        return Card(
            title="No follow-ups",
            level=Level.OK,
            body=("Nothing fits that." if words else "Nothing is left to be done.",),
            buttons=(add,),
            hint="Mark a message in an incident's channel with ⭐ to make one of it.",
            data={"title": "No follow-ups", "level": "ok", "total": 0, "page": page, "follow_ups": []},
        )
    last, late = -(-total // size), sum(1 for one in found if overdue(one, today))
    title = plural(total, "open follow-up" if all(one.open for one in found) else "follow-up")
    own = [one for one in found if one.open and one.owner == reader][:MOST_BUTTONS]
    return Card(
        title=title,
        level=Level.WARNING if late else Level.OK,
        steps=tuple(_line(one, today, incident=True) for one in found),
        buttons=(
            *(Button(label=f"Done #{one.id}", argv=("followup", "done", str(one.id))) for one in own),
            *((Button(label="More", argv=("followups", *words, f"--page={page + 1}")),) if page < last else ()),
            add,
        ),
        footer=f"Page {page} of {last}" if last > 1 else "",
        hint=("Type ", CommandLine(("followup", "show", "NUMBER")), " for one of them."),
        data={
            "title": title,
            "level": "warning" if late else "ok",
            "total": total,
            "page": page,
            "follow_ups": [as_data(one, today) for one in found],
        },
    )


def outcome(follow_up: FollowUp, what: str, reason: str, *, changed: bool, undo: tuple[str, ...] = ()) -> Card:
    """The answer to a change: "Follow-up #3 is done" with its undoing, or why it stays as it is."""
    data = as_data(follow_up) | {"changed": changed, "reason": reason}
    if not changed:
        return Card(
            title=f"Follow-up #{follow_up.id} stays as it is", level=Level.INFO, body=(f"{reason}.",), data=data
        )
    return Card(
        title=f"Follow-up #{follow_up.id} {what}",
        level=Level.OK,
        body=(follow_up.title,),
        buttons=(Button(label="Undo", argv=undo),) if undo else (),
        data=data,
    )


def as_data(follow_up: FollowUp, today: date | None = None) -> dict[str, object]:
    """The follow-up as JSON values."""
    return {
        "title": f"Follow-up #{follow_up.id}: {follow_up.title}",
        "level": "info" if follow_up.open else "ok",
        "number": follow_up.id,
        "what": follow_up.title,
        "status": follow_up.status.value,
        "kind": follow_up.kind.value,
        "incident": follow_up.incident,
        "owner": follow_up.owner or None,
        "due_on": follow_up.due_on.isoformat() if follow_up.due_on else None,
        "overdue": overdue(follow_up, today) if today else None,
        "created_by": follow_up.created_by,
        "created_at": follow_up.created_at.isoformat(),
        "closed_by": follow_up.closed_by or None,
        "closed_at": follow_up.closed_at.isoformat() if follow_up.closed_at else None,
        "issue": follow_up.reference or None,
        "address": follow_up.address or None,
    }


def _line(one: FollowUp, today: date | None = None, *, incident: bool = False) -> tuple[str | Mark, ...]:
    owner: Mark | str = Person(one.owner) if one.owner else "nobody yet"
    due = f", due {_due(one, today)}" if one.due_on else ""
    about = f", incident #{one.incident}" if incident and one.incident is not None else ""
    more = (f"{due}{about}",) if due or about else ()
    return (f"{_SIGNS[one.status]} #{one.id} {one.title} — ", owner, *more)


def _owner(follow_up: FollowUp) -> Text:
    return Person(follow_up.owner) if follow_up.owner else "nobody yet"


def _due(follow_up: FollowUp, today: date | None) -> str:
    if follow_up.due_on is None:
        return "no day set"
    late = today is not None and overdue(follow_up, today)
    return f"{spelled(follow_up.due_on)}{', overdue' if late else ''}"


def _ended(follow_up: FollowUp, reason: str) -> Text:
    said = "Done" if follow_up.status is FollowUpStatus.DONE else "Dropped"
    return (f"{said} by ", Person(follow_up.closed_by), f": {reason}" if reason else ".")


def _trouble(filing: Filing) -> str:
    mend = f" {filing.mend}" if filing.mend else ""
    return f"⚠️ No issue could be opened in {filing.tracker}: {filing.error}.{mend}".replace("..", ".")


def _filed(filings: Sequence[Filing]) -> list[Filing]:
    return [one for one in filings if one.reference]


def _issues(filings: Sequence[Filing]) -> Text:
    parts: list[str | Mark] = []
    for one in _filed(filings):
        parts += [" · " if parts else "", Link(one.address, one.reference)]
    return tuple(parts)


def _issue(filing: Filing) -> dict[str, str]:
    return {"tracker": filing.tracker, "reference": filing.reference, "address": filing.address}


def _buttons(follow_up: FollowUp, around: Around) -> tuple[Button, ...]:
    number = str(follow_up.id)
    if not follow_up.open:
        return (Button(label="Reopen", argv=("followup", "reopen", number)),)
    mine = Button(label="Assign to me", argv=("followup", "assign", number))
    author = Button(label="Assign to its author", argv=("followup", "assign", number, around.author))
    return (
        Button(label="Done", argv=("followup", "done", number), style="primary"),
        *((mine,) if not follow_up.owner else ()),
        *((author,) if around.author and not follow_up.owner else ()),
        Button(label="Edit", argv=("followup", "edit", number), form=True),
        *_filing_buttons(number, around),
        Button(label="Drop", argv=("followup", "drop", number), form=True),
    )


def _filing_buttons(number: str, around: Around) -> tuple[Button, ...]:
    filed = {one.tracker for one in _filed(around.filings)}
    left = [name for name in around.trackers if name not in filed][:MOST_TRACKERS]
    sure = "This incident is private, and whoever can read that tracker will see the title. Open it?"
    return tuple(
        Button(
            label="Open issue" if len(around.trackers) == 1 else f"Open issue in {name}",
            argv=("followup", "file", number, f"--in={name}"),
            confirm=sure if around.private else "",
        )
        for name in left
    )

"""What is said of the meeting about a postmortem (pure)."""

from collections.abc import Sequence
from typing import Any

from bot.cards.card import Button, Card, Code, Field, Level, Moment, Person, Text
from bot.phrasing import plural
from storage.records.meetings import Meeting


def announced(meeting: Meeting, copies: Sequence[Meeting]) -> Card:
    """The message in the incident's channel, which follows what calendars answer."""
    number = meeting.incident
    if meeting.cancelled:
        return Card(title="", body=(f"🗓️ The meeting about the postmortem of #{number} is cancelled.",))
    return Card(
        title="",
        body=(
            ("🗓️ The postmortem is talked over: ", Moment(meeting.starts_at, "date"), "."),
            *_unreached(meeting),
        ),
        fields=_fields(meeting, copies),
        buttons=(
            Button(label="Move", argv=("incident", "meeting", str(number)), form=True),
            Button(
                label="Cancel",
                argv=("incident", "meeting", str(number), "--cancel"),
                confirm=f"Cancel the meeting, and tell everybody who was invited ({len(meeting.attendees)})?",
            ),
        ),
    )


def outdated() -> Card:
    """What an earlier message says once the meeting was moved or cancelled."""
    return Card(title="", body=("🗓️ The meeting about the postmortem was changed, see below.",))


def shown(meeting: Meeting, copies: Sequence[Meeting]) -> Card:
    """The answer to whoever asks when it is."""
    title = f"Meeting about the postmortem of incident #{meeting.incident}"
    data = as_data(meeting, copies)
    if meeting.cancelled:
        hint: Text = (
            "It takes place again with ",
            Code(f'incident meeting {meeting.incident} --at "tomorrow 10:00"'),
            ".",
        )
        return Card(title=title, level=Level.INFO, body=("It is cancelled.",), hint=hint, data=data)
    troubles = tuple(f"⚠️ {one.calendar}: {one.trouble}" for one in copies if one.trouble)
    return Card(
        title=title,
        level=Level.WARNING if troubles or meeting.unreached else Level.OK,
        body=(*_unreached(meeting), *troubles),
        fields=_fields(meeting, copies),
        hint="Give its present time again (--at) to have calendars that refused it told once more." if troubles else "",
        data=data,
    )


def none(number: int, why: str) -> Card:
    """The answer where there is no meeting, and what would make one."""
    return Card(
        title=f"Incident #{number} has no meeting",
        level=Level.INFO,
        body=((why,) if why else ()),
        hint="" if why else ("Set one with ", Code(f'incident meeting {number} --at "tomorrow 10:00"'), "."),
        data={"number": number, "meeting": None, "reason": why},
    )


def as_data(meeting: Meeting, copies: Sequence[Meeting]) -> dict[str, Any]:
    """The meeting for programs."""
    return {
        "number": meeting.incident,
        "starts_at": meeting.starts_at.isoformat(),
        "ends_at": meeting.ends_at.isoformat(),
        "zone": meeting.zone,
        "cancelled": meeting.cancelled,
        "people": list(meeting.people),
        "unreached": list(meeting.unreached),
        "calendars": [{"name": one.calendar, "state": _state(one), "trouble": one.trouble} for one in copies],
    }


def _fields(meeting: Meeting, copies: Sequence[Meeting]) -> tuple[Field, ...]:
    until = (Moment(meeting.starts_at, "date"), " to ", Moment(meeting.ends_at))
    with_ = [part for user in meeting.people for part in (", ", Person(user))][1:]
    stands = ", ".join(f"{one.calendar} ({_state(one)})" for one in copies)
    return (
        Field(label="Time", value=until),
        *((Field(label="With", value=tuple(with_)),) if with_ else ()),
        *((Field(label="Calendars", value=stands),) if stands else ()),
    )


def _state(copy: Meeting) -> str:
    if copy.trouble:
        return "⚠️ in part" if copy.made_at else "⚠️ refused"
    if copy.made_at is None:
        return "being told"
    if copy.cancelled:
        return "taken out"
    return f"{plural(len(copy.attendees), 'person', 'people')} invited" if copy.attendees else "has it"


def _unreached(meeting: Meeting) -> tuple[Text, ...]:
    if not meeting.unreached:
        return ()
    named = [part for user in meeting.unreached for part in (", ", Person(user))][1:]
    mend = ": tell them, and set `people.ID.email` in manage.yml, or your own in App Home."
    return (("No mail address is known of ", *named, mend),)

"""What is said of silences and maintenance windows (pure)."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from bot.cards.card import Accent, Button, Card, Code, CommandLine, Field, Level, Moment, Person, Table, Text
from bot.matchers import spell
from bot.phrasing import duration, listing, plural
from bot.silences.maintenance import Window
from storage.records.silences import CONFIG, Maintenance, Matcher, Phase, Silence

SHOWN = 10
"""Alerts that are named one by one."""


def state(silence: Silence, now: datetime) -> str:
    """Where it stands: pending, active or expired, as Alertmanager calls it."""
    return "pending" if silence.starts_at > now else "active" if silence.ends_at > now else "expired"


def spelled(matchers: Sequence[Matcher]) -> str:
    """All matchers in one line, as they can be typed."""
    return ", ".join(map(spell, matchers))


def show(silence: Silence, instances: int, alerts: Mapping[int, tuple[str, int]], now: datetime) -> Card:
    """One silence, and what it mutes of all that fires."""
    stands = state(silence, now)
    return Card(
        title=f"🔕 Silence {silence.id}: {stands}",
        level=Level.INFO,
        body=(silence.comment,) if silence.comment else (),
        fields=(
            Field(label="Matchers", value=Code(spelled(silence.matchers))),
            Field(label="From", value=Moment(silence.starts_at, "date")),
            Field(label="Until", value=Moment(silence.ends_at, "date")),
            Field(label="By", value=Person(silence.created_by)),
            *((Field(label="Mutes now", value=_count(instances, alerts)),) if stands == "active" else ()),
        ),
        steps=_alerts(alerts) if stands != "expired" else (),
        buttons=_buttons(silence) if stands != "expired" else (),
        data=as_data(silence, now) | _matched(instances, alerts),
    )


def preview(
    matchers: Sequence[Matcher], until: datetime, instances: int, alerts: Mapping[int, tuple[str, int]]
) -> Card:
    """What a silence would mute, before it is made."""
    return Card(
        title="This silence would mute " + (plural(len(alerts), "open alert") if alerts else "nothing that fires now"),
        level=Level.INFO,
        fields=(
            Field(label="Matchers", value=Code(spelled(matchers))),
            Field(label="Until", value=Moment(until, "date")),
            Field(label="Would mute", value=_count(instances, alerts)),
        ),
        steps=_alerts(alerts),
        hint="Nothing was changed. Leave --dry-run out to make it.",
        data={"changed": False, "matchers": [spell(m) for m in matchers]} | _matched(instances, alerts),
    )


def made(
    silence: Silence, instances: int, alerts: Mapping[int, tuple[str, int]], now: datetime, title: str = ""
) -> Card:
    """The answer to whoever made or changed a silence."""
    if state(silence, now) == "pending":
        effect: Text = ("It begins at ", Moment(silence.starts_at, "date"), ".")
    elif alerts:
        effect = f"It mutes {_count(instances, alerts)}."
    else:
        effect = "Nothing that fires now matches; what opens later and matches is muted."
    return Card(
        title=title or f"🔕 Silence {silence.id} made",
        level=Level.OK,
        body=(*((silence.comment,) if silence.comment else ()), effect),
        fields=(
            Field(label="Matchers", value=Code(spelled(silence.matchers))),
            Field(label="Until", value=Moment(silence.ends_at, "date")),
        ),
        buttons=_buttons(silence),
        hint=("End it before with ", CommandLine(("silence", "expire", str(silence.id)))),
        data=as_data(silence, now) | {"changed": True} | _matched(instances, alerts),
    )


def ended(silence: Silence, reason: str, now: datetime, *, changed: bool) -> Card:
    """The answer to whoever ended a silence, or found that nothing changes."""
    return Card(
        title=f"🔔 Silence {silence.id} ended" if changed else f"Silence {silence.id} stays as it is",
        level=Level.OK if changed else Level.INFO,
        body=("What it muted and still fires is told again." if changed else f"{reason.capitalize()}.",),
        fields=(Field(label="Matchers", value=Code(spelled(silence.matchers))),),
        data=as_data(silence, now) | {"changed": changed, "reason": reason},
    )


def silences(found: Sequence[Silence], now: datetime, *, total: int, page: int, size: int, which: str) -> Card:
    """Silences, newest first, with the way to the next page."""
    if not found:
        return Card(
            title="No silences" if which == "all" else "No silence is in force or to come",
            level=Level.OK,
            hint=("Make one with ", Code("silence add 'service=\"api\"' --for 2h --comment TEXT"), "."),
            data={"total": 0, "page": 1, "silences": []},
        )
    rows = tuple(
        (str(s.id), state(s, now), spelled(s.matchers), Moment(s.ends_at, "date"), Person(s.created_by), s.comment)
        for s in found
    )
    last = -(-total // size)
    more = ("silences", f"--state={which}", f"--page={page + 1}")
    return Card(
        title=plural(total, "silence"),
        level=Level.INFO,
        table=Table(columns=("#", "State", "Mutes", "Until", "By", "Comment"), rows=rows),
        buttons=(Button(label="More", argv=more),) if page < last else (),
        footer=f"Page {page} of {last}" if last > 1 else "",
        hint=(
            "Type ",
            Code("silence show NUMBER"),
            " for what one mutes, ",
            Code("silence expire NUMBER"),
            " to end it.",
        ),
        data={"total": total, "page": page, "silences": [as_data(s, now) for s in found]},
    )


def reminder(silence: Silence, touched_alerts: Mapping[int, tuple[str, int]], instances: int) -> Card:
    """The reminder to its author, shortly before the end."""
    return Card(
        title=f"🔕 Silence {silence.id} ends soon",
        level=Level.WARNING,
        body=(
            ("It ends at ", Moment(silence.ends_at, "date"), f", and {_count(instances, touched_alerts)} still fire."),
            "From then on people are told of them again.",
        ),
        fields=(
            Field(label="Matchers", value=Code(spelled(silence.matchers))),
            *((Field(label="Comment", value=silence.comment),) if silence.comment else ()),
        ),
        steps=_alerts(touched_alerts),
        buttons=_buttons(silence),
    )


def window(window: Maintenance) -> Card:
    """The one message about a maintenance window."""
    over = window.phase is Phase.EXPIRED
    return Card(
        title=f"🛠 Maintenance {window.name} " + ("is over" if over else "has begun"),
        level=Level.OK if over else Level.INFO,
        accent=Accent.GOOD if over else Accent.CALM,
        body=(window.comment,) if window.comment else (),
        fields=(
            Field(label="Mutes", value=Code(spelled(window.matchers))),
            Field(label="From", value=Moment(window.starts_at, "date")),
            Field(label="Until", value=Moment(window.ends_at, "date")),
            Field(label="Planned by", value=Person(window.created_by)),
        ),
        buttons=()
        if over or window.created_by == CONFIG
        else (Button(label="End now", argv=("maintenance", "end", str(window.id)), confirm="End the window now?"),),
        data=planned_data(window),
    )


def planned(window: Maintenance) -> Card:
    """The answer to whoever planned a window."""
    return Card(
        title=f"🛠 Maintenance {window.name} planned",
        level=Level.OK,
        body=(window.comment,) if window.comment else (),
        fields=(
            Field(label="Mutes", value=Code(spelled(window.matchers))),
            Field(label="From", value=Moment(window.starts_at, "date")),
            Field(label="Until", value=Moment(window.ends_at, "date")),
        ),
        hint=("Cancel or end it with ", CommandLine(("maintenance", "end", str(window.id)))),
        data=planned_data(window) | {"changed": True},
    )


def over(window: Maintenance, reason: str, *, changed: bool) -> Card:
    """The answer to whoever ended or cancelled a window."""
    began = window.starts_at < window.ends_at
    effect = "What it muted and still fires is told again." if began else "It will not take place."
    return Card(
        title=f"🛠 Maintenance {window.name} "
        + ("stays as it is" if not changed else "ended" if began else "cancelled"),
        level=Level.OK if changed else Level.INFO,
        body=(effect if changed else f"{reason.capitalize()}.",),
        data=planned_data(window) | {"changed": changed, "reason": reason},
    )


def windows(current: Sequence[Window], coming: Sequence[Window], zone: str, now: datetime) -> Card:
    """The windows in force, and the next of each."""
    if not current and not coming:
        return Card(
            title="No maintenance is planned",
            level=Level.OK,
            hint=(
                "Plan windows under ",
                Code("maintenance"),
                " in manage.yml, or type ",
                Code("maintenance add --help"),
            ),
            data={"now": [], "next": []},
        )
    rows = tuple(
        (
            "now" if w in current else f"in {duration(w.starts_at - now)}",
            w.name if w.planned is None else f"{w.name} (#{w.planned})",
            Moment(w.starts_at, "date"),
            Moment(w.ends_at, "date"),
            spelled(w.matchers),
            w.comment,
        )
        for w in (*current, *coming)
    )
    named = listing(w.name for w in current)
    return Card(
        title=f"Maintenance now: {named}" if current else "No maintenance now",
        level=Level.WARNING if current else Level.OK,
        table=Table(columns=("When", "Window", "From", "Until", "Mutes", "Comment"), rows=rows),
        footer=f"Windows of manage.yml without a time zone of their own are in {zone}.",
        data={"now": [window_data(w) for w in current], "next": [window_data(w) for w in coming]},
    )


def as_data(silence: Silence, now: datetime) -> dict[str, object]:
    """The silence as JSON values."""
    return {
        "number": silence.id,
        "id": silence.uuid,
        "state": state(silence, now),
        "matchers": [spell(m) for m in silence.matchers],
        "starts_at": silence.starts_at.isoformat(),
        "ends_at": silence.ends_at.isoformat(),
        "created_by": silence.created_by,
        "comment": silence.comment,
    }


def window_data(window: Window) -> dict[str, object]:
    """One time of a window as JSON values."""
    return {
        "name": window.name,
        "number": window.planned,
        "starts_at": window.starts_at.isoformat(),
        "ends_at": window.ends_at.isoformat(),
        "matchers": [spell(m) for m in window.matchers],
        "comment": window.comment,
    }


def planned_data(window: Maintenance) -> dict[str, object]:
    """A planned window as JSON values."""
    return {
        "number": window.id,
        "name": window.name,
        "phase": window.phase.value,
        "starts_at": window.starts_at.isoformat(),
        "ends_at": window.ends_at.isoformat(),
        "matchers": [spell(m) for m in window.matchers],
        "comment": window.comment,
        "created_by": window.created_by,
    }


def _matched(instances: int, alerts: Mapping[int, tuple[str, int]]) -> dict[str, object]:
    return {"instances": instances, "alerts": list(alerts)}


def _count(instances: int, alerts: Mapping[int, tuple[str, int]]) -> str:
    if not alerts:
        return "nothing"
    several = f" ({plural(instances, 'instance')})" if instances > len(alerts) else ""
    return f"{plural(len(alerts), 'open alert')}{several}"


def _alerts(alerts: Mapping[int, tuple[str, int]]) -> tuple[Text, ...]:
    lines = [
        f"#{number} {name}" + (f": {plural(count, 'instance')}" if count > 1 else "")
        for number, (name, count) in list(alerts.items())[:SHOWN]
    ]
    more = len(alerts) - SHOWN
    return (*lines, f"and {more:,} more") if more > 0 else tuple(lines)


def _buttons(silence: Silence) -> tuple[Button, ...]:
    number = str(silence.id)
    return (
        Button(label="1 h longer", argv=("silence", "extend", number, "--for=1h")),
        Button(label="End now", argv=("silence", "expire", number), confirm="End this silence now?"),
    )

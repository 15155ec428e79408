"""What the schedules say (pure)."""

from datetime import datetime

from bot.cards.card import Card, Code, Field, Level, Moment, Person
from bot.oncall.timeline import Turn
from bot.phrasing import ago


def current(turn: Turn | None, zone: str, now: datetime) -> Card:
    """Who is on call, until when, and who follows."""
    if turn is None:
        return Card(
            title="Nobody is on call",
            level=Level.WARNING,
            body=("Pages go to the alert channel until somebody is.",),
            hint=("Name people under ", Code("oncall.people"), " in manage.yml."),
            data={"title": "Nobody is on call", "level": "warning", "on_call": None},
        )
    return Card(
        title="On call",
        level=Level.OK,
        fields=(
            Field(label="Now", value=Person(turn.user)),
            Field(label="Until", value=(Moment(turn.until, "date"), f" ({ago(turn.until, now)})")),
            Field(label="Next", value=Person(turn.following[0]) if turn.following != turn.people else "the same again"),
        ),
        footer=f"Handovers in {zone}",
        data={
            "title": "On call",
            "level": "ok",
            "on_call": turn.user,
            "since": turn.since.isoformat(),
            "until": turn.until.isoformat(),
            "next": turn.following[0],
        },
    )

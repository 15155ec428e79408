"""What is said of deploys (pure)."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from bot.cards.card import Card, Code, Level, Link, Moment, Person, Table, Text
from bot.cards.json import json_value
from bot.events import Deployed
from bot.phrasing import cut, duration, plural
from storage.records.journal import Entry

_MOST = 30


def noted(deployed: Deployed, *, new: bool) -> Card:
    """A deploy was written down, or was there already."""
    return Card(
        title=f"{deployed.service} {deployed.version} " + ("is noted" if new else "was noted already"),
        level=Level.OK if new else Level.INFO,
        body=(("Went out ", Moment(deployed.finished_at, "date"), "."),),
        data={"service": deployed.service, "version": deployed.version, "changed": new}
        | {"finished_at": json_value(deployed.finished_at)},
    )


def listing(entries: Sequence[Entry], period: timedelta, *, service: str) -> Card:
    """What went out in that time, latest first."""
    latest = entries[::-1]
    what = f" of {service}" if service else ""
    return Card(
        title=f"{plural(len(latest), 'deploy')}{what} in {duration(period)}",
        level=Level.OK,
        table=Table(columns=("When", "Service", "Version", "By", "What"), rows=tuple(map(_row, latest[:_MOST])))
        if latest
        else None,
        body=() if latest else ("Nothing went out, as far as anybody told: pipelines tell it with `deploy`.",),
        footer=f"The latest {_MOST} of {len(latest)}" if len(latest) > _MOST else "",
        data={"deploys": [{"by": entry.actor, **entry.payload} for entry in latest]},
    )


def _row(entry: Entry) -> tuple[Text, ...]:
    told = entry.payload
    at = datetime.fromisoformat(told["finished_at"])
    what = cut(told.get("text") or "", 120)
    link = told.get("link") or ""
    shown: Text = Link(link, what or "changes") if link else what
    return (Moment(at, "date"), told["service"], Code(told["version"]), Person(entry.actor), shown)

"""What people may ask about what was done."""

import shlex
from datetime import timedelta

import click

from bot.cards.card import Button, Card, Code, Level, Moment, Person, Table, Text
from bot.command import Context, Usage, command
from bot.config.durations import spell
from bot.numbers import NUMBER
from bot.periods import PERIOD
from bot.permissions import Role
from bot.phrasing import cut, duration, plural
from storage.records.journal import Entry
from storage.tables import journal

PAGE = 15


@command("audit", role=Role.OPERATOR, reads=True)
@click.option("--period", type=PERIOD, default="7d", help="How far back, like 7d or 12h.")
@click.option("--user", default="", help="Only what this person ran.")
@click.option("--page", type=NUMBER, default=1, help="Page of the list.")
async def audit(ctx: Context, period: timedelta, user: str, page: int) -> Card:
    """Show who ran which command, through which door, with what outcome; newest first."""
    who = user.strip("<@>").partition("|")[0]
    async with ctx.ports.store.read() as conn:
        entries = await journal.of_kind(conn, "CommandRun", ctx.ports.now() - period)
    found = [e for e in reversed(entries) if not who or e.actor == who]
    shown = found[(page - 1) * PAGE : page * PAGE]
    if found and not shown:
        raise Usage(f"there is no page {page}", f"The last one is {-(-len(found) // PAGE)}.")
    further = ("audit", f"--period={spell(period)}", *([f"--user={who}"] if who else []), f"--page={page + 1}")
    return Card(
        title=f"{plural(len(found), 'command')} in {duration(period)}",
        level=Level.OK,
        table=Table(columns=("When", "Who", "Door", "What", "Outcome"), rows=tuple(map(_row, shown)))
        if shown
        else None,
        body=() if found else (("Nothing was run", *((" by ", Person(who)) if who else ()), " in that time."),),
        buttons=(Button(label="More", argv=further),) if len(found) > page * PAGE else (),
        footer=f"Page {page} of {-(-len(found) // PAGE)}" if len(found) > PAGE else "",
        data={"commands": [{"at": e.at, "by": e.actor, **e.payload} for e in found]},
    )


def _door(entry: Entry) -> str:
    through = str(entry.payload.get("through") or "")
    return f"{entry.payload['via']}, {through}" if through else str(entry.payload["via"])


def _row(entry: Entry) -> tuple[Text, ...]:
    line = shlex.join([*str(entry.payload["command"]).split(), *entry.payload["argv"]])
    door, outcome = _door(entry), str(entry.payload["outcome"])
    return (Moment(entry.at, "date"), Person(entry.actor), door, Code(cut(line, 200)), outcome)

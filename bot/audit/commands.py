"""What people may ask about what was done."""

import shlex
from datetime import timedelta

import click

from bot.cards.card import Card, Code, Level, Moment, Person, Table
from bot.command import Context, command
from bot.config.durations import parse
from bot.permissions import Role
from bot.phrasing import plural
from storage.tables import journal

_MOST = 50


class Period(click.ParamType[timedelta]):
    """A span of time: 7d, 12h, 30m."""

    name = "period"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """Read it with the grammar of manage.yml."""
        if isinstance(value, timedelta):
            return value
        try:
            return parse(str(value))
        except ValueError as wrong:
            self.fail(str(wrong), param, ctx)


@command("audit", role=Role.OPERATOR)
@click.option("--period", type=Period(), default="7d", help="How far back, like 7d or 12h.")
@click.option("--user", default="", help="Only what this person ran.")
async def audit(ctx: Context, period: timedelta, user: str) -> Card:
    """Show who ran which command, through which door, with what outcome; newest first."""
    who = user.strip("<@>").partition("|")[0]
    async with ctx.ports.store.read() as conn:
        entries = await journal.of_kind(conn, "CommandRun", ctx.ports.now() - period)
    found = [e for e in reversed(entries) if not who or e.actor == who]
    rows = tuple(
        (
            Moment(e.at, "date"),
            Person(e.actor),
            str(e.payload["via"]),
            Code(shlex.join([*str(e.payload["command"]).split(), *e.payload["argv"]])),
            str(e.payload["outcome"]),
        )
        for e in found[:_MOST]
    )
    return Card(
        title=plural(len(found), "command"),
        level=Level.OK,
        table=Table(columns=("When", "Who", "Door", "What", "Outcome"), rows=rows) if rows else None,
        body=() if rows else ("Nothing was run in that time.",),
        footer=f"The newest {_MOST} of {len(found)}" if len(found) > _MOST else "",
        data={"commands": [{"at": e.at.isoformat(), "by": e.actor, **e.payload} for e in found]},
    )

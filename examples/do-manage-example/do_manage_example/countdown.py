"""What people may ask about time."""

from datetime import UTC, datetime

import click

from bot.cards.card import Card, Level, Moment
from bot.command import Context, Usage, command
from bot.permissions import Role
from bot.phrasing import ago


@command("countdown", role=Role.VIEWER, reads=True)
@click.argument("moment", type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M"]))
@click.option("--to", "what", default="", help="What happens then.")
async def countdown(ctx: Context, moment: datetime, what: str) -> Card:
    """Tell how far away a moment is, in UTC.

    It is written like 2027-01-31 or 2027-01-31T09:30.
    """
    at, now = moment.replace(tzinfo=UTC), ctx.ports.now()
    if at <= now:
        raise Usage(f"{moment:%Y-%m-%dT%H:%M} lies in the past", "Give a moment that is still to come.")
    return Card(
        title=f"{what or 'The moment'} comes {ago(at, now)}",
        level=Level.OK,
        body=((Moment(at, "date"),),),
        data={"at": at, "seconds": (at - now).total_seconds()},
    )

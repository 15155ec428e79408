"""What people may ask about an incident's channel: to be told how things stand, and to have it furnished again."""

import click

from bot.cards.card import Card, Code, Level
from bot.command import Context, Usage, command
from bot.decision import job_of
from bot.incidents import decide, newcomers, service
from bot.incidents.asking import meant
from bot.incidents.furniture import OPEN_CHANNEL, PIECES, REOPEN_CHANNEL
from bot.numbers import NUMBER
from bot.permissions import Role

_NUMBER = click.argument("number", type=NUMBER, required=False)


@command("incident catchup", reads=True)
@_NUMBER
async def catchup(ctx: Context, number: int | None) -> Card:
    """Tell how an incident stands: who leads, what is known, what happened last."""
    return await newcomers.so_far(ctx.ports, await meant(ctx, number))


@command("incident furnish", role=Role.RESPONDER)
@_NUMBER
async def furnish(ctx: Context, number: int | None) -> Card:
    """Make what is missing of an incident's channel: the channel, card, topic, people, bookmarks and roles."""
    which = await meant(ctx, number, follow=False)
    incident = (await service.view(ctx.ports, which)).incident
    now = ctx.ports.now()
    if incident.archived_at is not None and not incident.open:
        raise Usage(
            f"incident #{which} is over, and its channel closed", ("First ", Code(f"incident reopen {which}"), ".")
        )
    kinds = (OPEN_CHANNEL,) if not incident.channel else (REOPEN_CHANNEL,) if incident.archived_at else PIECES
    timers = [decide.in_turn(kind, which, now, f"asked:{now.isoformat()}") for kind in kinds]
    await ctx.ports.store.transact(lambda unit: unit.enqueue(map(job_of, timers)))
    return Card(
        title=f"Incident #{which}: its channel is furnished again",
        level=Level.OK,
        body=("What Slack refuses stands on the card, with what can be done about it.",),
    )

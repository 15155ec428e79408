"""What people may ask of the rota."""

from bot.cards.card import Card
from bot.command import Context, command
from bot.oncall import cards, service


@command("oncall")
async def oncall(ctx: Context) -> Card:
    """Show who is on call, until when, and who is next."""
    now, rota = ctx.ports.now(), ctx.ports.manage.oncall
    return cards.current(await service.turn(ctx.ports), rota.timezone, now)

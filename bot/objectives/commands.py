"""What people may ask about service level objectives."""

from bot.cards.card import Card
from bot.command import Context, command
from bot.objectives import cards, service


@command("slo", reads=True)
async def slo(ctx: Context) -> Card:
    """List the service level objectives with what is left of their error budgets, and how fast it is used.

    Exit code 1 when an error budget is overspent. What was not measured counts neither way, and is told.
    """
    return cards.overview(await service.standing(ctx.ports), service.RECENT)

"""What people may ask about health."""

from datetime import timedelta

import click

from bot.cards.card import Card
from bot.command import Context, Usage, command, nearest
from bot.health import cards, service

HISTORY = timedelta(hours=1)


@command("health", reads=True)
@click.argument("check", required=False, default="")
@click.option("--fresh", is_flag=True, help="Probe now instead of telling the latest results.")
async def health(ctx: Context, check: str, fresh: bool) -> Card:
    """How the watched services are: status, latency, and since when.

    With the name of a CHECK, its last hour as well. Results are those of the latest round; where there is none, or with
    --fresh, the checks run now. Bad news gives exit code 1.
    """
    ports = ctx.ports
    names = list(service.watched(ports))
    if check and check not in names:
        close = nearest(check, names) or names
        raise Usage(f"there is no check `{check}`", f"Checks are: {', '.join(close)}." if close else "None is watched.")
    states = await service.overview(
        ports, fresh=fresh, only=check, announce=lambda count: ctx.progress(cards.asking(count))
    )
    if not check:
        return cards.overview(states, ports.now())
    latencies, ups = await service.history(ports, check, ports.now() - HISTORY)
    return cards.detail(states[0], cards.Recent.of(latencies, ups, HISTORY), ports.now())

"""What people may ask about heartbeats, and do to them."""

import click

from bot.cards.card import Card, CommandLine
from bot.command import Context, Usage, command
from bot.heartbeats import cards, service
from bot.permissions import Role
from storage.tables import heartbeats as table


@command("heartbeats", reads=True)
async def heartbeats(ctx: Context) -> Card:
    """List the signs of life that are waited for: how they stand, when they came, when they are due.

    Bad news gives exit code 1.
    """
    async with ctx.ports.store.read() as conn:
        kept = {one.name: one for one in await table.everything(conn)}
    return cards.listing(ctx.ports.manage.heartbeats, kept)


@command("heartbeat pause", role=Role.RESPONDER, changes=True)
@click.argument("name")
async def pause(ctx: Context, name: str) -> Card:
    """Let a heartbeat's silence not count until it is resumed; its alert ends."""
    try:
        decision = await service.pause(ctx.ports, name, by=ctx.caller.id)
    except service.UnknownHeartbeat as unknown:
        raise _unknown(unknown) from None
    return cards.changed(decision, "paused")


@command("heartbeat resume", role=Role.RESPONDER, changes=True)
@click.argument("name")
async def resume(ctx: Context, name: str) -> Card:
    """Let a paused heartbeat's silence count again, from now on."""
    try:
        decision = await service.resume(ctx.ports, name, by=ctx.caller.id)
    except service.UnknownHeartbeat as unknown:
        raise _unknown(unknown) from None
    return cards.changed(decision, "resumed")


def _unknown(unknown: service.UnknownHeartbeat) -> Usage:
    return Usage(str(unknown), ("Type ", CommandLine(("heartbeats",)), " for those there are."))

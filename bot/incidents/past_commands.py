"""What people may ask about past incidents: what they add up to, and which of them are like one of today."""

import asyncio
from datetime import timedelta

import click

from bot.cards.card import Card, Code, Level
from bot.command import Context, Usage, command
from bot.incidents import charts, past, past_cards, service
from bot.incidents.asking import meant
from bot.incidents.statistics import Statistics, summed
from bot.numbers import NUMBER
from bot.periods import PERIOD
from bot.phrasing import duration
from bot.ports import ChatError
from storage.records.alerts import Severity


@command("incidents stats", reads=True, acts=("chart",))
@click.option("--since", type=PERIOD, default="90d", help="How far back, like 30d.")
@click.option("--severity", type=click.Choice([s.value for s in Severity]), help="Only of that severity.")
@click.option("--chart", is_flag=True, help="Put a picture of it into the channel where you ask.")
async def stats(ctx: Context, since: timedelta, severity: str | None, chart: bool) -> Card:
    """Count incidents: MTTR and its parts, the trend, by service and by cause."""
    if since <= timedelta(0):
        raise Usage("that is no span to count over", ("For example ", Code("--since 90d"), "."))
    now = ctx.ports.now()
    after = now - since
    # a picture is for everybody in the channel, so private incidents are not in it, whoever asks
    hidden = await (past.everything_private(ctx.ports) if chart else service.hidden(ctx.ports, ctx.caller))
    outcomes = await past.outcomes(ctx.ports, after, hidden)
    if any(one.private for one in outcomes):
        ctx.conceal()
    found = summed(
        (one for one in outcomes if severity in {None, one.severity}),
        since=after,
        until=now,
    )
    if chart:
        return await _picture(ctx, found)
    words = (f"--since={round(since.total_seconds())}s", *((f"--severity={severity}",) if severity else ()))
    drawable = ctx.ports.chat is not None and bool(ctx.caller.channel)
    return past_cards.statistics(found, words, drawable=drawable)


@command("incident similar", reads=True)
@click.argument("number", type=NUMBER, required=False)
async def like(ctx: Context, number: int | None) -> Card:
    """Find past incidents that are like this one, and tell what helped then."""
    which = await meant(ctx, number)
    incident = (await service.view(ctx.ports, which)).incident
    return past_cards.precedents(incident, await past.precedents(ctx.ports, which))


async def _picture(ctx: Context, found: Statistics) -> Card:
    chat, channel = ctx.ports.chat, ctx.caller.channel
    if chat is None or not channel:
        raise Usage("a picture is put into a channel", "Ask in one in Slack, or leave out --chart.")
    if not found.declared:
        raise Usage("there is nothing to draw", "Look further back with --since.")
    span = duration(found.until - found.since)
    try:
        picture = await asyncio.to_thread(charts.draw, found)
        await chat.upload(channel, name="incidents.png", title=f"Incidents of the last {span}", content=picture)
    except charts.NoCharts as missing:
        raise Usage(str(missing), "Without --chart it is told in words.") from None
    except ChatError as refused:
        return Card(title="The picture could not be put here", level=Level.BAD, body=(str(refused),))
    return Card(title=f"Drawn: incidents of the last {span}", level=Level.OK)

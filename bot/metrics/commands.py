"""What people may ask about metrics."""

from datetime import timedelta

import click

from bot.cards.card import Card
from bot.command import Context, Usage, command, nearest
from bot.metrics import cards, service
from bot.numbers import NUMBER
from bot.periods import PERIOD
from bot.phrasing import cut

PAGE = 10


@command("metrics", reads=True)
@click.option("--source", default="", help="Only what this source gives.")
@click.option("--absent", is_flag=True, help="Only what is absent.")
@click.option("--page", type=NUMBER, default=1, help="Page of the list.")
async def metrics(ctx: Context, source: str, absent: bool, page: int) -> Card:
    """List what is measured: newest values, their age, what is absent, and sources that fail.

    A series is absent when its newest value says nothing about now any more; it is listed for a day then. What a
    configured source could give and does not is absent too.
    """
    ports = ctx.ports
    seen = await service.overview(ports, source)
    known = sorted({*service.configured(ports), *(one.labels.get("source", "") for one in seen.newest)} - {""})
    if source and source not in known:
        raise Usage(
            f"there is no source `{cut(source, 40)}`",
            f"Sources are: {', '.join(known)}." if known else "There is none.",
        )
    fresh = ports.now() - ports.manage.metrics.fresh_for
    found = [line for line in cards.lines(seen.newest, seen.missing, fresh) if line.absent or not absent]
    if absent and not found:
        return Card(title="Nothing is absent", body=("Every series has a fresh value.",), data={"metrics": []})
    _on_page(page, len(found), cards.PAGE)
    words = [*([f"--source={source}"] if source else []), *(["--absent"] if absent else [])]
    return cards.listing(found, seen.sources, page=page, words=words, now=ports.now())


@command("metrics show", reads=True)
@click.argument("name")
@click.option("--since", "span", type=PERIOD, default="1d", help="How far back, like 7d or 12h.")
@click.option("--page", type=NUMBER, default=1, help="Page of the list of series.")
async def show(ctx: Context, name: str, span: timedelta, page: int) -> Card:
    """Show one metric with its past: newest, least, mean and most of each series, and how it went.

    What is older than `metrics.keep` is told by the mean of each hour.
    """
    ports = ctx.ports
    known = await service.names(ports)
    if name not in known:
        close = nearest(name, known)
        hint = f"Did you mean {' or '.join(close)}?" if close else "Pushed ones are listed under `metrics.pushed`."
        raise Usage(f"there is no metric `{cut(name, 40)}`", hint)
    if span <= timedelta(0):
        raise Usage("--since must be more than zero", "For example --since 1d.")
    now = ports.now()
    found = cards.past(await service.history(ports, name, now - span), now - span, now)
    _on_page(page, len(found), PAGE)
    fresh = now - ports.manage.metrics.fresh_for
    return cards.detail(name, found, span=span, page=page, size=PAGE, fresh_since=fresh, now=now)


def _on_page(page: int, total: int, size: int) -> None:
    if total and (page - 1) * size >= total:
        raise Usage(f"there is no page {page}", f"The last one is {-(-total // size)}.")

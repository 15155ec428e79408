"""What people and pipelines tell of deploys, and what may be asked about them."""

from datetime import UTC, datetime, timedelta

import click

from bot.cards.card import Card
from bot.command import Context, Usage, command
from bot.deploys import cards, service
from bot.events import Deployed
from bot.periods import PERIOD
from bot.permissions import Role
from bot.phrasing import cut

LONGEST = 500
"""Characters of what a deploy is described with."""


@command("deploy", role=Role.RESPONDER)
@click.argument("name")
@click.argument("version")
@click.option("--at", default="", help="When it was live, like 2027-01-31T09:30Z; default is now.")
@click.option("--text", default="", help="What changed, in a sentence.")
@click.option("--link", default="", help="Address of the change or of the pipeline's run.")
async def deploy(ctx: Context, *, name: str, version: str, at: str, text: str, link: str) -> Card:
    """Note that a version of a service went out: a pipeline's last step, or a person's word.

    It is evidence for the postmortem of each incident around that time. The same deploy told twice is noted once: with
    the same --at, or without one within ten minutes, unless another version went out between.
    """
    if link and not link.startswith(("https://", "http://")):
        raise Usage("--link is no address", "It begins with https://.")
    deployed = Deployed(
        service=cut(" ".join(name.split()), 80),
        version=cut(" ".join(version.split()), 80),
        finished_at=_moment(at) if at else ctx.ports.now(),
        text=cut(" ".join(text.split()), LONGEST),
        link=cut(link, LONGEST),
    )
    if not (deployed.service and deployed.version):
        raise Usage("a deploy needs a service and a version", "For example `deploy checkout v1.4.2`.")
    try:
        new = await service.note(ctx.ports, deployed, by=ctx.caller.id, dated=bool(at))
    except service.NotYet as early:
        raise Usage(str(early), "Note a deploy once it is live.") from None
    return cards.noted(deployed, new=new)


@command("deploys", reads=True)
@click.option("--since", "period", type=PERIOD, default="1d", help="How far back, like 1d or 3h.")
@click.option("--service", "name", default="", help="Only those of this service.")
async def deploys(ctx: Context, period: timedelta, name: str) -> Card:
    """List what went out, latest first."""
    found = await service.since(ctx.ports, ctx.ports.now() - period, service=name)
    return cards.listing(found, period, service=name)


def _moment(typed: str) -> datetime:
    try:
        read = datetime.fromisoformat(typed)
    except ValueError:
        raise Usage(f"--at {cut(typed, 40)} is no moment", "Write it like 2027-01-31T09:30Z.") from None
    return read.astimezone(UTC) if read.tzinfo else read.replace(tzinfo=UTC)

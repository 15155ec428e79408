"""What people may ask about alerts, and do to them."""

import click

from bot.alerts import cards, escalating, service
from bot.alerts.ledger import UnknownAlert
from bot.alerts.listing import listing
from bot.cards.card import Card, Code, Level
from bot.command import Context, Usage, command
from bot.decision import Decision
from bot.numbers import ALL, NUMBER, NUMBER_OR_ALL
from bot.permissions import Role
from storage.records.alerts import Alert, AlertState
from storage.tables import alerts as table

PAGE = 15
_STATES = {"open": (AlertState.FIRING, AlertState.ACKNOWLEDGED, AlertState.SILENCED), "all": tuple(AlertState)} | {
    state.value: (state,) for state in AlertState
}


@command("alerts", reads=True)
@click.option("--state", type=click.Choice(list(_STATES)), default="open", help="Which ones.")
@click.option("--page", type=NUMBER, default=1, help="Page of the list.")
async def alerts(ctx: Context, state: str, page: int) -> Card:
    """List alerts, newest first."""
    async with ctx.ports.store.read() as conn:
        total = await table.count(conn, states=_STATES[state])
        found = await table.listing(conn, states=_STATES[state], limit=PAGE, offset=(page - 1) * PAGE)
    if not found and total:
        raise Usage(f"there is no page {page}", f"The last one is {-(-total // PAGE)}.")
    return listing(found, total=total, page=page, size=PAGE, state=state)


@command("alert show", reads=True)
@click.argument("number", type=NUMBER)
async def show(ctx: Context, number: int) -> Card:
    """Show one alert as it stands: since when, how bad, who was told and who is next."""
    try:
        view = await service.view(ctx.ports, number)
    except UnknownAlert as unknown:
        raise _unknown(unknown) from None
    return cards.live(view.alert, view.told, view.upcoming, view.incident, steps=view.steps, instances=view.instances)


@command("ack", role=Role.RESPONDER, changes=True)
@click.argument("numbers", type=NUMBER_OR_ALL, nargs=-1, required=True, metavar="NUMBER...")
@click.option("--comment", default="", help="Said in the alert's thread.")
@click.option("--extend", is_flag=True, help="Hold it longer, or take it over, when it is acknowledged already.")
async def ack(ctx: Context, numbers: tuple[int, ...], comment: str, extend: bool) -> Card:
    """Acknowledge an alert: you have it for a time, pending escalation steps stop. Several at once, or `all` that fire.

    You are reminded before that time is over (`alerts.acknowledged_for`); then escalation begins again.
    """
    meant = list(dict.fromkeys(numbers))
    async with ctx.ports.store.read() as conn:
        if ALL in meant:
            meant = [a.id for a in await table.open_alerts(conn) if a.state is AlertState.FIRING]
        unknown = [number for number in meant if await table.get(conn, number) is None]
    if unknown:  # before any is taken: a mistyped one leaves all as they are
        raise _unknown(UnknownAlert(f"there is no alert #{unknown[0]}"))
    decisions = [
        await escalating.acknowledge(
            ctx.ports, number, by=ctx.caller.id, comment=comment, via=ctx.caller.via, extend=extend
        )
        for number in meant
    ]
    if len(decisions) == 1:
        return _outcome(ctx, decisions[0], "acknowledged")
    return cards.several_acknowledged(decisions)


@command("unack", role=Role.RESPONDER, changes=True)
@click.argument("number", type=NUMBER)
async def unack(ctx: Context, number: int) -> Card:
    """Take an acknowledgement back: escalation goes on where it stopped."""
    try:
        decision = await escalating.withdraw(ctx.ports, number, by=ctx.caller.id, via=ctx.caller.via)
    except UnknownAlert as unknown:
        raise _unknown(unknown) from None
    return _outcome(ctx, decision, "given back")


@command("resolve", role=Role.RESPONDER, changes=True)
@click.argument("number", type=NUMBER)
@click.option("--comment", default="", help="Why it is over; said in the alert's thread.")
async def resolve(ctx: Context, number: int, comment: str) -> Card:
    """Resolve an alert by hand. It opens again when its rule is broken again."""
    try:
        decision = await service.resolve(ctx.ports, number, by=ctx.caller.id, comment=comment)
    except UnknownAlert as unknown:
        raise _unknown(unknown) from None
    return _outcome(ctx, decision, "resolved")


def _unknown(unknown: UnknownAlert) -> Usage:
    return Usage(str(unknown), ("Type ", Code("alerts"), " for the open ones."))


def _outcome(ctx: Context, decision: Decision[Alert], what: str) -> Card:
    alert = decision.state
    if not decision.changed:
        return cards.stays(alert, decision.reason, ctx.ports.now())
    data = cards.as_data(alert, None) | {"changed": True, "reason": decision.reason}
    return Card(title=f"Alert #{alert.id} {what}", level=Level.OK, body=(alert.summary,), data=data)

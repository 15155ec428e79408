"""What people may ask of the meeting about a postmortem."""

import click

from bot.cards.card import Card
from bot.command import Context, Denied, Usage, command
from bot.incidents import service as incidents
from bot.incidents.asking import meant
from bot.meetings import cards, decide, service
from bot.numbers import NUMBER
from bot.oncall import when
from bot.oncall.people import person
from bot.permissions import Role, role_of


@command("incident meeting", role=Role.VIEWER, form_title="Move the meeting", reads=True, acts=("at", "cancelled"))
@click.argument("number", type=NUMBER, required=False)
@click.option("--at", "at", default="", help="When it is, on your own clocks, like tomorrow 10:00 or 2026-12-24 09:00.")
@click.option("--cancel", "cancelled", is_flag=True, help="Whether it does not take place.")
async def meeting(ctx: Context, number: int | None, at: str, cancelled: bool) -> Card:
    """Tell when an incident's postmortem is talked over, and how calendars took it; move it, or cancel it.

    To move or cancel it needs the role responder. Calendars and everybody who was invited are told; its present time
    given again has calendars that refused it told once more.
    """
    which = await meant(ctx, number)
    if at and cancelled:
        raise Usage("it is either moved or cancelled", "Leave --at or --cancel out.")
    if at or cancelled:
        _needs_responder(ctx)
    if cancelled:
        await _cancel(ctx, which)
    elif at:
        await _move(ctx, which, at)
    found, copies = await service.standing(ctx.ports, which)
    if found is None:
        return cards.none(which, decide.refused((await incidents.view(ctx.ports, which)).incident))
    return cards.shown(found, copies)


async def _cancel(ctx: Context, number: int) -> None:
    decision = await service.cancel(ctx.ports, number, by=ctx.caller.id, reason="")
    if decision is None or not decision.changed:
        raise Usage("there is no meeting to cancel" if decision is None else decision.reason)


async def _move(ctx: Context, number: int, at: str) -> None:
    incident = (await incidents.view(ctx.ports, number)).incident
    if why := decide.refused(incident):
        raise Usage(f"incident #{number} can have no meeting: {why}")
    zone, now = (await person(ctx.ports, ctx.caller.id)).timezone, ctx.ports.now()
    try:
        moment = when.parse(at, now, zone)
    except ValueError as wrong:
        raise Usage(str(wrong), f"Times are meant in {zone}.") from None
    if moment <= now:
        raise Usage(f"`{at[:60]}` is over", f"Times are meant in {zone}.")
    await service.arrange(ctx.ports, incident, by=ctx.caller.id, at=moment)


def _needs_responder(ctx: Context) -> None:
    roles = ctx.ports.manage.roles
    if role_of(ctx.caller, roles.members, roles.default) < Role.RESPONDER:
        raise Denied(
            "to move or cancel a meeting needs the role responder", "Ask an admin for it, or a responder to do so."
        )

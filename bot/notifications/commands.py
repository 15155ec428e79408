"""What people may ask of notifications."""

import click

from bot.cards.card import Card, Code
from bot.command import Context, Denied, Usage, command
from bot.notifications import cards, trial
from bot.oncall.people import USER
from bot.permissions import Role, role_of
from bot.phrasing import listing


@command("oncall test", role=Role.RESPONDER)
@click.argument("who", default="@me")
@click.option("--via", default="", help="Only this channel: slack, or a name under notifications in manage.yml.")
async def test(ctx: Context, who: str, via: str) -> Card:
    """Send a test page to yourself through each channel that reaches you, and tell what came of it.

    It is marked as a test and pages nobody else. Testing somebody else's channels takes an operator.
    """
    ports, user = ctx.ports, _user(ctx, who)
    known = trial.kinds(ports)
    if via and via not in known:
        raise Usage(f"there is no channel `{via[:60]}`", f"There is: {listing(known)}.")
    own = user == ctx.caller.id
    if not own and role_of(ctx.caller, ports.manage.roles.members, ports.manage.roles.default) < Role.OPERATOR:
        raise Denied("only an operator can test how others are reached", "Leave the name out to test your own.")
    found = await trial.tried(ports, user, ctx.caller.id, via)
    return cards.outcomes(user, ((one.via, one.delivered, one.detail) for one in found), own=own)


def _user(ctx: Context, said: str) -> str:
    name = said.strip("<@>").partition("|")[0]
    who = ctx.caller.id if name.lower() == "me" else name
    if USER.fullmatch(who):
        return who
    if name.lower() == "me":
        raise Usage(f"`{ctx.caller.id[:60]}` is nobody who could be paged", ("Name a user: ", Code("oncall test U…")))
    raise Usage(f"`{said[:60]}` is no user of Slack", "Mention them (@…), or give their id, like U012AB3CD.")

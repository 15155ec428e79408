"""What people may ask of the schedules, and do to them."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import click

from bot.cards.card import Card, Code, Level
from bot.command import Context, Denied, Usage, command
from bot.numbers import NUMBER
from bot.oncall import (
    cards,
    exceptions,
    outlook,
    personal,
    preferences,
    service,
    subscriptions,
    swap_cards,
    timeline,
    when,
)
from bot.oncall.decide import Impossible
from bot.oncall.people import USER, person
from bot.oncall.timeline import UnknownSchedule
from bot.permissions import Role, role_of
from storage.records.rota import SwapState

SHOWN = 60
"""Turns that `oncall show` lists."""
LONGEST = 366
_SCHEDULES = ("List them: ", Code("oncall"))


@command("oncall", reads=True)
@click.option("--at", "moment", default="", help="Another moment than now, like `fri 18:00` or `2026-12-24 09:00`.")
async def oncall(ctx: Context, moment: str) -> Card:
    """Show who is on call in every schedule, until when, and who is next."""
    ports, now = ctx.ports, ctx.ports.now()
    at = await _moment(ctx, moment, now) if moment else now
    standings = [
        cards.Standing(
            name=name,
            zone=timeline.zone_of(ports.manage.oncall, name),
            turn=await service.turn(ports, name, at),
            problems=() if moment else _lines(await outlook.problems(ports, name)),
        )
        for name in timeline.names(ports.manage.oncall)
    ]
    return cards.overview(standings, at)


@command("oncall show", reads=True)
@click.argument("schedule", default="")
@click.option("--days", type=NUMBER, default=14, help="How many days.")
@click.option("--from", "begin", default="now", help="From when on, like `mon 00:00`.")
async def show(ctx: Context, schedule: str, days: int, begin: str) -> Card:
    """Show the turns of a schedule in the days ahead, gaps among them."""
    if days > LONGEST:
        raise Usage(f"--days {days} is more than {LONGEST}", "Ask for fewer, and go on with --from.")
    ports = ctx.ports
    since = await _moment(ctx, begin, ports.now())
    until = since + timedelta(days=days)
    name = _named(ctx, schedule)
    spans = await service.spans(ports, name, since, until)
    return cards.days(name, timeline.zone_of(ports.manage.oncall, name), spans, (since, until), SHOWN)


@command("oncall override", role=Role.RESPONDER, changes=True, form_title="Override a schedule")
@click.argument("user")
@click.option("--from", "begin", default="now", help="When it begins, like `fri 18:00` or `2026-12-24 09:00`.")
@click.option("--to", "end", required=True, help="When it ends, like `+8h` after it begins, or `mon 09:00`.")
@click.option("--schedule", default="", help="Which schedule; the default one when left out.")
@click.option("--comment", default="", help="Why.")
async def override(ctx: Context, *, user: str, begin: str, end: str, schedule: str, comment: str) -> Card:
    """Put somebody on call for a time, whatever the schedule says."""
    since = await _moment(ctx, begin, ctx.ports.now())
    until = await _moment(ctx, end, ctx.ports.now(), base=since)
    try:
        added = await exceptions.add(
            ctx.ports,
            schedule=_named(ctx, schedule),
            user=_user(user),
            since=since,
            until=until,
            by=ctx.caller.id,
            comment=comment,
        )
    except Impossible as wrong:
        raise Usage(str(wrong)) from None
    return cards.added(added)


@command("oncall override remove", role=Role.RESPONDER, changes=True)
@click.argument("number", type=NUMBER)
async def remove(ctx: Context, number: int) -> Card:
    """Take an override back: from now on the schedule counts again."""
    try:
        decision = await exceptions.remove(ctx.ports, number, ctx.caller.id)
    except exceptions.Unknown as unknown:
        raise Usage(str(unknown), ("See all: ", Code("oncall overrides"))) from None
    gone = decision.state
    if not decision.events:
        return Card(title=f"Override #{number} stays as it was", level=Level.WARNING, body=(f"{decision.reason}.",))
    return Card(title=f"Override #{number} of {gone.schedule} is removed", level=Level.OK, data={"override": number})


@command("oncall overrides", reads=True)
async def overrides(ctx: Context) -> Card:
    """List overrides that are in force or will be, and swaps that are offered."""
    return cards.listing(await exceptions.upcoming(ctx.ports), await exceptions.open_swaps(ctx.ports))


@command("oncall swap", role=Role.RESPONDER, form_title="Offer a swap")
@click.option("--from", "begin", required=True, help="From when on somebody else should be on call.")
@click.option("--to", "end", required=True, help="Until when, like `+8h` after it begins.")
@click.option("--schedule", default="", help="Which schedule; the default one when left out.")
@click.option("--comment", default="", help="Why.")
async def swap(ctx: Context, begin: str, end: str, schedule: str, comment: str) -> Card:
    """Offer your on-call time to others; whoever takes it is on call instead of you."""
    since = await _moment(ctx, begin, ctx.ports.now())
    until = await _moment(ctx, end, ctx.ports.now(), base=since)
    try:
        offered = await exceptions.offer(
            ctx.ports, schedule=_named(ctx, schedule), since=since, until=until, by=ctx.caller.id, comment=comment
        )
    except Impossible as wrong:
        raise Usage(str(wrong), ("See your turns: ", Code("oncall show"))) from None
    return swap_cards.swap(offered)


@command("oncall swap take", role=Role.RESPONDER, changes=True)
@click.argument("number", type=NUMBER)
async def take(ctx: Context, number: int) -> Card:
    """Take an offered time: you are on call instead of whoever offered it."""
    try:
        decision = await exceptions.take(ctx.ports, number, _user(ctx.caller.id))
    except (exceptions.Unknown, Impossible) as wrong:
        raise Usage(str(wrong), ("See what is offered: ", Code("oncall overrides"))) from None
    if not decision.events and not (
        decision.state.state is SwapState.TAKEN and decision.state.taken_by == ctx.caller.id
    ):
        return Card(title=f"Swap #{number} cannot be taken", level=Level.WARNING, body=(f"{decision.reason}.",))
    return swap_cards.swap(decision.state)


@command("oncall swap withdraw", role=Role.RESPONDER, changes=True)
@click.argument("number", type=NUMBER)
async def withdraw(ctx: Context, number: int) -> Card:
    """Take back what you offered."""
    try:
        decision = await exceptions.withdraw(ctx.ports, number, ctx.caller.id, any_=_role(ctx) >= Role.OPERATOR)
    except (exceptions.Unknown, Impossible) as wrong:
        raise Usage(str(wrong), ("See what is offered: ", Code("oncall overrides"))) from None
    if not decision.events:
        return Card(title=f"Swap #{number} stays as it was", level=Level.WARNING, body=(f"{decision.reason}.",))
    return swap_cards.swap(decision.state)


@command("oncall check", reads=True)
async def check(ctx: Context) -> Card:
    """Look for what is wrong with the schedules in the next two weeks: gaps, empty layers, people who are gone."""
    names = timeline.names(ctx.ports.manage.oncall)
    found = [(name, _lines(await outlook.problems(ctx.ports, name, thorough=True))) for name in names]
    return cards.checked(found)


@command("oncall calendar", role=Role.RESPONDER)
@click.argument("name", default="")
@click.option("--mine", is_flag=True, help="Your own shifts in all schedules.")
@click.option("--renew", is_flag=True, help="Make a new address; the old one works no more.")
async def calendar(ctx: Context, name: str, mine: bool, renew: bool) -> Card:
    """Give the address at which a calendar program reads a schedule, or your own shifts."""
    which = _user(ctx.caller.id) if mine else _named(ctx, name)
    if renew and not mine and _role(ctx) < Role.OPERATOR:
        raise Denied("only an operator can renew the address of a schedule", "It would end for everybody who uses it.")
    address = await subscriptions.address(ctx.ports, which, by=ctx.caller.id, renew=renew)
    return cards.calendar(which, address, public=bool(ctx.ports.settings.public_url))


@command("oncall me", reads=True, personal=True)
async def me(ctx: Context) -> Card:
    """Show how you are reached: address, number, time zone and your own notification rules."""
    who = _user(ctx.caller.id)
    return personal.card(await person(ctx.ports, who), own=True)


@command(
    "oncall me set",
    secret=("phone", "email"),
    form_title="How you are reached",
    prefill=personal.prefill,
)
@click.option("--phone", default="", help="Number for SMS and calls, like +4930123456; `none` clears it.")
@click.option("--email", default="", help="Address for mail; `none` takes the one that Slack knows.")
@click.option("--timezone", default="", help="Time zone, like Europe/Berlin; `none` takes the one that Slack knows.")
@click.option("--rules", default="", help="Like `slack immediately, sms after2min, phone after5min`; `none` clears it.")
@click.option("--user", default="", help="Somebody else than you; for admins.")
async def me_set(ctx: Context, *, phone: str, email: str, timezone: str, rules: str, user: str) -> Card:
    """Set how you are reached, and through which channels one after another."""
    who = _user(user or ctx.caller.id)
    if who != ctx.caller.id and _role(ctx) < Role.ADMIN:
        raise Denied("only an admin can set how others are reached", "Leave --user out to set your own.")
    try:
        await preferences.change(
            ctx.ports, who, by=ctx.caller.id, phone=phone, email=email, timezone=timezone, rules=rules
        )
    except preferences.Wrong as wrong:
        raise Usage(str(wrong)) from None
    return personal.card(await person(ctx.ports, who), own=who == ctx.caller.id)


def _lines(found: Sequence[outlook.Problem]) -> tuple[str, ...]:
    return tuple(problem.line for problem in found)


def _named(ctx: Context, schedule: str) -> str:
    try:
        return timeline.named(ctx.ports.manage.oncall, schedule)
    except UnknownSchedule as unknown:
        raise Usage(str(unknown), _SCHEDULES) from None


def _user(said: str) -> str:
    who = said.strip("<@>").partition("|")[0]
    if not USER.fullmatch(who):
        raise Usage(f"`{said[:60]}` is no user of Slack", "Mention them (@…), or give their id, like U012AB3CD.")
    return who


def _role(ctx: Context) -> Role:
    roles = ctx.ports.manage.roles
    return role_of(ctx.caller, roles.members, roles.default)


async def _moment(ctx: Context, said: str, now: datetime, base: datetime | None = None) -> datetime:
    """The moment that somebody typed, on their own clocks."""
    zone = (await person(ctx.ports, ctx.caller.id)).timezone
    try:
        return when.parse(said, now, zone, base=base)
    except ValueError as wrong:
        raise Usage(str(wrong), f"Times are meant in {zone}.") from None

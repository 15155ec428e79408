"""What people may ask about silences and maintenance windows, and do to them."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import click
from typing_extensions import override

from bot.cards.card import Card, Code
from bot.command import Context, Usage, command
from bot.config import durations
from bot.config.maintenance import instant, moment
from bot.matchers import BadMatcher, parse_all, selective
from bot.numbers import NUMBER
from bot.permissions import Role
from bot.phrasing import cut
from bot.silences import cards, planning, service
from bot.silences.decide import BadSilence, Wanted
from bot.silences.maintenance import now_and_next
from storage.records.silences import Matcher
from storage.tables import silences as table

PAGE = 15
AHEAD = timedelta(days=60)
"""How far ahead windows are listed."""
MATCHER = 'a matcher like severity="critical" or instance=~"web-.*"'


class Span(click.ParamType[timedelta]):
    """A length of time, more than none."""

    name = "duration"

    @override
    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """Read it; what is none is refused with examples."""
        try:
            span = durations.parse(str(value))
        except ValueError:
            span = timedelta(0)
        if span <= timedelta(0):
            self.fail(f"`{cut(str(value), 40)}` is no duration: write {durations.ALLOWED}", param, ctx)
        return span


class When(click.ParamType[datetime]):
    """A moment; without an offset it is the clock of the on-call zone."""

    name = "moment"

    @override
    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Read it; what is none is refused with an example."""
        try:
            return moment(value)
        except ValueError:
            self.fail(f'`{cut(str(value), 40)}` is no moment like "2026-12-01 22:00"', param, ctx)


SPAN, WHEN = Span(), When()


@command("silences", reads=True)
@click.option("--state", type=click.Choice(["open", "all"]), default="open", help="Those not over, or all.")
@click.option("--page", type=NUMBER, default=1, help="Page of the list.")
async def listed(ctx: Context, state: str, page: int) -> Card:
    """List silences that are in force or to come, newest first."""
    now = ctx.ports.now()
    since = now if state == "open" else None
    async with ctx.ports.store.read() as conn:
        total = await table.count(conn, since)
        found = await table.listing(conn, since=since, limit=PAGE, offset=(page - 1) * PAGE)
    if not found and total:
        raise Usage(f"there is no page {page}", f"The last one is {-(-total // PAGE)}.")
    return cards.silences(found, now, total=total, page=page, size=PAGE, which=state)


@click.argument("number", type=NUMBER)
@click.option("--for", "span", type=SPAN, default="1h", help="How long, like 30m, 2h or 1d.")
@click.option("--comment", default="", help="Why; shown to whoever looks.")
@click.option("--dry-run", is_flag=True, help="Only tell what it would mute.")
async def _alert(ctx: Context, number: int, span: timedelta, comment: str, dry_run: bool) -> Card:
    """Silence one alert for a time: it stays open, and nobody is told of it.

    NUMBER is the alert's. `silence 42` is short for `silence alert 42`. The other words after `silence` are about
    silences: `silence add` makes one of matchers; `silence show`, `silence extend` and `silence expire` take the number
    of a silence; `silences` lists them.
    """
    try:
        found, matchers = await service.matchers_of(ctx.ports, number)
    except service.UnknownAlert as unknown:
        raise Usage(str(unknown), ("Type ", Code("alerts"), " for the open ones.")) from None
    if not found.open:
        raise Usage(f"alert #{number} is resolved", "A silence of labels, made before they fire: silence add --help.")
    return await _silenced(ctx, matchers, ctx.ports.now(), span, comment, dry_run=dry_run)


alert = command("silence alert", role=Role.RESPONDER, changes=True, form_title="Silence an alert")(_alert)
short = command("silence", role=Role.RESPONDER, changes=True, form_title="Silence an alert")(_alert)


@command("silence add", role=Role.RESPONDER, changes=True)
@click.argument("matcher", nargs=-1, required=True)
@click.option("--for", "span", type=SPAN, default="1h", help="How long, like 30m, 2h or 1d.")
@click.option("--comment", default="", help="Why; shown to whoever looks.")
@click.option("--starts", type=WHEN, help='When it begins, like "2026-12-01 22:00"; default is now.')
@click.option("--dry-run", is_flag=True, help="Only tell what it would mute.")
async def add(
    ctx: Context, *, matcher: tuple[str, ...], span: timedelta, comment: str, starts: datetime | None, dry_run: bool
) -> Card:
    """Silence all alerts whose labels match, those that fire and those to come.

    All matchers must match: severity="critical", team!="db", instance=~"web-.*", name!~"test.*". In a shell they need
    quotes around them. The label `alertname` is the name of the rule.
    """
    begin = _at(ctx, starts) if starts else ctx.ports.now()
    return await _silenced(ctx, _matchers(matcher), begin, span, comment, dry_run=dry_run)


@command("silence show", reads=True)
@click.argument("number", type=NUMBER)
async def show(ctx: Context, number: int) -> Card:
    """Show one silence: what it matches, until when, whose it is, and which open alerts it mutes."""
    try:
        view = await service.view(ctx.ports, number)
    except service.UnknownSilence as unknown:
        raise _unknown(unknown) from None
    return cards.show(view.silence, view.touched.instances, view.touched.alerts, ctx.ports.now())


@command("silence extend", role=Role.RESPONDER, changes=True)
@click.argument("number", type=NUMBER)
@click.option("--for", "span", type=SPAN, default="1h", help="How much longer, like 30m, 2h or 1d.")
async def extend(ctx: Context, number: int, span: timedelta) -> Card:
    """Let a silence last longer than it would."""
    try:
        decision = await service.extend(ctx.ports, number, span, by=ctx.caller.id)
    except service.UnknownSilence as unknown:
        raise _unknown(unknown) from None
    silence, now = decision.state, ctx.ports.now()
    if not decision.changed:
        return cards.ended(silence, decision.reason, now, changed=False)
    found = await service.preview(ctx.ports, silence.matchers)
    return cards.made(silence, found.instances, found.alerts, now, title=f"🔕 Silence {silence.id} lasts longer")


@command("silence expire", role=Role.RESPONDER, changes=True)
@click.argument("number", type=NUMBER)
async def expire(ctx: Context, number: int) -> Card:
    """End a silence now: what it muted and still fires is told again."""
    try:
        decision = await service.expire(ctx.ports, number, by=ctx.caller.id)
    except service.UnknownSilence as unknown:
        raise _unknown(unknown) from None
    return cards.ended(decision.state, decision.reason, ctx.ports.now(), changed=decision.changed)


@command("maintenance", reads=True)
async def maintenance(ctx: Context) -> Card:
    """List the maintenance windows of now, and the next of each within sixty days."""
    now, manage = ctx.ports.now(), ctx.ports.manage
    async with ctx.ports.store.read() as conn:
        found = await planning.known(manage, conn, now, now + AHEAD)
    return cards.windows(*now_and_next(found, now), manage.oncall.timezone, now)


@command("maintenance add", role=Role.OPERATOR, changes=True)
@click.argument("name")
@click.argument("matcher", nargs=-1, required=True)
@click.option("--for", "span", type=SPAN, required=True, help="How long it lasts, like 30m or 2h.")
@click.option("--starts", type=WHEN, help='When it begins, like "2026-12-01 22:00"; default is now.')
@click.option("--comment", default="", help="What is done; shown beside it.")
async def plan(
    ctx: Context, *, name: str, matcher: tuple[str, ...], span: timedelta, starts: datetime | None, comment: str
) -> Card:
    """Plan a maintenance window that takes place once: nobody is told of alerts that match.

    Windows that repeat are written into manage.yml, under `maintenance`.
    """
    begin = max(_at(ctx, starts) if starts else ctx.ports.now(), ctx.ports.now())
    wanted = Wanted(
        matchers=_matchers(matcher), starts_at=begin, ends_at=begin + span, by=ctx.caller.id, comment=comment
    )
    try:
        decision = await planning.plan(ctx.ports, planning.Plan(name=name, wanted=wanted))
    except BadSilence as wrong:
        raise Usage(str(wrong), ("Type ", Code("maintenance add --help"), " for examples.")) from None
    return cards.planned(decision.state)


@command("maintenance end", role=Role.OPERATOR, changes=True)
@click.argument("number", type=NUMBER)
async def end(ctx: Context, number: int) -> Card:
    """End a window that was planned by command now, or cancel it before it begins."""
    try:
        decision = await planning.end(ctx.ports, number, by=ctx.caller.id)
    except (planning.UnknownWindow, BadSilence) as wrong:
        raise Usage(str(wrong), ("Type ", Code("maintenance"), " for the windows.")) from None
    return cards.over(decision.state, decision.reason, changed=decision.changed)


async def _silenced(
    ctx: Context, matchers: tuple[Matcher, ...], begin: datetime, span: timedelta, comment: str, *, dry_run: bool
) -> Card:
    wanted = Wanted(matchers=matchers, starts_at=begin, ends_at=begin + span, by=ctx.caller.id, comment=comment)
    found = await service.preview(ctx.ports, matchers)
    if dry_run:
        return cards.preview(matchers, wanted.ends_at, found.instances, found.alerts)
    try:
        decision = await service.create(ctx.ports, wanted)
    except BadSilence as wrong:
        raise Usage(str(wrong), ("Type ", Code("silence add --help"), " for examples.")) from None
    return cards.made(decision.state, found.instances, found.alerts, ctx.ports.now())


def _matchers(texts: tuple[str, ...]) -> tuple[Matcher, ...]:
    try:
        found = parse_all(texts)
    except BadMatcher as wrong:
        raise Usage(str(wrong), f"Write {MATCHER}.") from None
    if not selective(found):
        raise Usage("these matchers match every alert", "One of them must not match a label that is missing.")
    return found


def _at(ctx: Context, at: datetime) -> datetime:
    return instant(at, ZoneInfo(ctx.ports.manage.oncall.timezone))


def _unknown(unknown: LookupError) -> Usage:
    return Usage(str(unknown), ("Type ", Code("silences"), " for those that are not over."))

"""What people may ask about incidents, and do to them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import click

from bot.cards.card import Card, Code, Level, Room, Text
from bot.command import Context, Usage, command
from bot.decision import Decision
from bot.incidents import asking, cards, service, timeline
from bot.incidents.asking import components, meant, outcome
from bot.incidents.decide import OPEN, Source
from bot.incidents.furniture import channel_name
from bot.numbers import NUMBER
from bot.periods import PERIOD
from bot.permissions import Role
from bot.phrasing import cut
from bot.ports import ChatError
from storage.records.alerts import Severity
from storage.records.incidents import Incident, IncidentStatus
from storage.tables import incidents as table

PAGE = 15
LONGEST_TITLE = 200
_SEVERITIES = click.Choice([s.value for s in Severity])
_NUMBER = click.argument("number", type=NUMBER, required=False)


@command("incidents", reads=True)
@click.option("--status", type=click.Choice(["open", *(s.value for s in IncidentStatus)]), help="Only these.")
@click.option("--severity", type=_SEVERITIES, help="Only of that severity.")
@click.option("--since", type=PERIOD, help="Only those declared so long ago at most, like 30d.")
@click.option("--page", type=NUMBER, default=1, help="Page of the list.")
async def incidents(ctx: Context, status: str | None, severity: str | None, since: timedelta | None, page: int) -> Card:
    """List incidents, newest first."""
    statuses = OPEN if status == "open" else (IncidentStatus(status),) if status else ()
    grade = Severity(severity) if severity else None
    after = ctx.ports.now() - since if since is not None else None
    hidden = await service.hidden(ctx.ports, ctx.caller)
    async with ctx.ports.store.read() as conn:
        total = await table.count(conn, statuses=statuses, severity=grade, since=after, without=hidden)
        found = await table.listing(
            conn,
            statuses=statuses,
            severity=grade,
            since=after,
            without=hidden,
            limit=PAGE,
            offset=(page - 1) * PAGE,
        )
    if not found and total:
        raise asking.no_page(page, total, PAGE)
    if any(one.private for one in found):
        ctx.conceal()
    span = f"{round(since.total_seconds())}s" if since else None
    words = [f"--{k}={v}" for k, v in (("status", status), ("severity", severity), ("since", span)) if v]
    return cards.listing(found, total=total, page=page, size=PAGE, words=words)


@command("incident declare", role=Role.RESPONDER, form_title="Declare an incident")
@click.argument("title", nargs=-1, required=True)
@click.option("--severity", type=_SEVERITIES, default="high", help="How bad it is.")
@click.option("--description", default="", help="What is seen, and whom it hurts.")
@click.option("--alert", type=NUMBER, help="Number of the alert that it is about.")
@click.option("--component", "affected", multiple=True, help="What of the status page it affects.")
@click.option("--private", is_flag=True, help="Whether only who belongs to it may know of it.")
@click.option("--test", is_flag=True, help="Whether it is a drill: it pages nobody and counts nowhere.")
@click.option("--channel", default="", hidden=True, help="Channel of the message it is declared from.")
@click.option("--ts", default="", hidden=True, help="Timestamp of that message.")
async def declare(  # noqa: PLR0917 - click passes parameters by name
    ctx: Context,
    title: tuple[str, ...],
    severity: str,
    description: str,
    alert: int | None,
    affected: tuple[str, ...],
    private: bool,
    test: bool,
    channel: str,
    ts: str,
) -> Card:
    """Declare an incident: it gets a number and a channel, and who is on call is invited."""
    if not (called := " ".join(title).strip()):
        raise Usage("an incident needs a title", "Say in a few words what is wrong.")
    source = await _source(ctx, channel, ts) if channel and ts else None
    try:
        decision = await service.declare(
            ctx.ports,
            title=cut(called, LONGEST_TITLE),
            severity=Severity(severity),
            by=ctx.caller.id,
            description=description,
            alert=alert,
            source=source,
            components=components(ctx, affected),
            private=private,
            test=test,
        )
    except service.UnknownIncident as unknown:
        raise Usage(str(unknown), ("Type ", Code("alerts"), " for the open ones.")) from None
    return _declared(ctx, decision)


declare_in_short = replace(declare, name="declare")


@command("incident show", reads=True)
@_NUMBER
async def show(ctx: Context, number: int | None) -> Card:
    """Show one incident as it stands; in its channel the number can be left out."""
    seen = await service.view(ctx.ports, await meant(ctx, number, follow=False))
    return cards.live(seen.incident, seen.alerts, seen.postmortem, seen.links, now=ctx.ports.now())


@command("incident update", role=Role.RESPONDER, form_title="Post an update")
@_NUMBER
@click.option("--text", default="", help="How things stand.")
@click.option("--status", type=click.Choice([s.value for s in IncidentStatus][:-1]), help="Move the incident to.")
@click.option("--severity", type=_SEVERITIES, help="Correct the severity to.")
@click.option("--next", "due_in", type=PERIOD, help="When the next update is due, like 30m.")
async def update(  # noqa: PLR0917 - click passes parameters by name
    ctx: Context,
    number: int | None,
    text: str,
    status: str | None,
    severity: str | None,
    due_in: timedelta | None,
) -> Card:
    """Tell how things stand, move the incident along, or correct its severity."""
    if not (text or status or severity):
        raise Usage(
            "an update needs words, a status or a severity", ("For example ", Code('--text "a fix is on its way"'))
        )
    decision = await service.update(
        ctx.ports,
        await meant(ctx, number),
        by=ctx.caller.id,
        text=text,
        status=IncidentStatus(status) if status else None,
        severity=Severity(severity) if severity else None,
        due_in=due_in,
    )
    return outcome(decision, "updated")


@command("incident resolve", role=Role.RESPONDER, form_title="Resolve the incident")
@_NUMBER
@click.option("--comment", default="", help="What ended it; told when something like it happens again.")
@click.option("--cause", default="", help=f"What caused it, for statistics: {asking.CAUSES}, or a word of your own.")
async def resolve(ctx: Context, number: int | None, comment: str, cause: str) -> Card:
    """Resolve an incident: its time to resolve is recorded, and a postmortem follows where one is due."""
    which, named = await meant(ctx, number), asking.one_word(cause)
    decision = await service.resolve(ctx.ports, which, by=ctx.caller.id, comment=comment, cause=named)
    return outcome(decision, "resolved")


async def _source(ctx: Context, channel: str, ts: str) -> Source | None:
    asking.said_here(ctx, channel)
    if ctx.ports.chat is None:
        return None
    try:
        message = await ctx.ports.chat.message(channel, ts)
    except ChatError as refused:
        raise Usage(
            f"the message cannot be read: {refused}", "Invite the bot to that channel, or declare without it."
        ) from None
    if message is None:
        return None
    return Source(
        channel=channel,
        ts=ts,
        text=cut(str(message.get("text") or ""), asking.LONGEST_NOTE),
        author=str(message.get("user") or message.get("username") or "bot"),
        said_at=datetime.fromtimestamp(float(message.get("ts") or ts), UTC),
        files=timeline.pictures(message),
    )


def _declared(ctx: Context, decision: Decision[Incident]) -> Card:
    incident, fresh = decision.state, decision.state.version == 0
    title = f"Incident #{incident.id} declared" if fresh else f"Incident #{incident.id} is open already"
    where: Text = ""
    if incident.channel:
        where = ("Its channel is ", Room(incident.channel, incident.channel_name), ".")
    elif ctx.ports.chat:
        setting = ctx.ports.manage.incidents
        where = f"Its channel will be #{channel_name(incident, setting.channel_prefix, slug=setting.channel_slug)}."
    kind = "Only who belongs to it can see it." if incident.private else ""
    drill = "It is a test: nobody is paged, and it counts nowhere." if incident.test else ""
    data = cards.as_data(incident) | {"changed": decision.changed, "reason": decision.reason}
    return Card(
        title=title, level=Level.OK, body=tuple(t for t in (incident.title, kind, drill, where) if t), data=data
    )

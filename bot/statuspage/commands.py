"""What people may ask of the status page, and let it say."""

from collections.abc import Mapping, Sequence

import click

from bot.cards.card import Card, CommandLine
from bot.command import Context, Usage, command
from bot.incidents.asking import meant
from bot.numbers import NUMBER
from bot.permissions import Role
from bot.ports import Ports
from bot.statuspage import cards, mirroring, notices, service
from bot.statuspage.notices import LONGEST
from storage.records.notices import NoticeStatus

LISTED = 10
_NOTICE = click.argument("number", type=NUMBER)
_INCIDENT = click.argument("incident", type=NUMBER, required=False)


@command("status", reads=True)
async def status(ctx: Context) -> Card:
    """Show the components as the public sees them, and the latest texts about incidents.

    Nothing is published before somebody does it: `status publish` for a text that was proposed, `status say` for words
    of your own. `status propose` words a text, `status discard` decides against one, `status withdraw` takes one back.
    """
    page = await service.with_history(ctx.ports)
    public = ctx.ports.settings.public_url
    address = f"{public}/status" if public else ""
    return cards.overview(page, await service.latest(ctx.ports, LISTED), list(ctx.ports.pages), address)


async def _text_of(ports: Ports, argv: Sequence[str]) -> Mapping[str, str]:
    """The proposed text, for the form in which it is edited."""
    number = next((word.lstrip("#") for word in argv[2:] if word.lstrip("#").isdecimal()), "")
    try:
        return {"text": (await service.notice(ports, int(number))).text} if number else {}
    except service.Unknown:
        return {}


@command(
    "status publish",
    role=Role.RESPONDER,
    changes=True,
    form_title="Publish",
    prefill_of=_text_of,
)
@_NOTICE
@click.option("--text", default="", help="Say this instead of what was proposed.")
async def publish(ctx: Context, number: int, text: str) -> Card:
    """Publish a proposed text on the status page, as it is or in other words."""
    try:
        about = (await service.notice(ctx.ports, number)).incident
        decision = await service.publish(ctx.ports, number, by=ctx.caller.id, text=_fit(text))
    except service.Unknown as unknown:
        raise _unknown(unknown) from None
    except notices.NotPublic as refused:
        raise _refused(refused, about) from None
    return cards.decided(decision.state, changed=decision.changed, reason=decision.reason)


@command("status discard", role=Role.RESPONDER, changes=True)
@_NOTICE
async def discard(ctx: Context, number: int) -> Card:
    """Discard a proposed text: nobody outside sees it."""
    try:
        decision = await service.discard(ctx.ports, number, by=ctx.caller.id)
    except service.Unknown as unknown:
        raise _unknown(unknown) from None
    return cards.decided(decision.state, changed=decision.changed, reason=decision.reason)


@command("status withdraw", role=Role.RESPONDER, changes=True)
@_NOTICE
async def withdraw(ctx: Context, number: int) -> Card:
    """Take back a published text: the status page and its feed show it no more.

    Outside pages that were told it are asked to say instead that it was withdrawn. Whoever read it has read it.
    """
    try:
        decision, pages = await service.withdraw(ctx.ports, number, by=ctx.caller.id)
    except service.Unknown as unknown:
        raise _unknown(unknown) from None
    if not decision.changed:
        return cards.decided(decision.state, changed=False, reason=decision.reason)
    return cards.withdrawn(decision.state, pages)


@command("status propose", role=Role.RESPONDER)
@_INCIDENT
async def propose(ctx: Context, incident: int | None) -> Card:
    """Propose a new text about an incident; what still waited is discarded.

    In the incident's channel its number can be left out.
    """
    number = await meant(ctx, incident)
    try:
        decision, remark = await service.propose(ctx.ports, number, by=ctx.caller.id, asked=True)
    except service.Unknown as unknown:
        raise _unknown(unknown) from None
    except notices.NotPublic as refused:
        raise _refused(refused, number) from None
    if decision is None:
        raise Usage(f"there is no incident #{number}")
    return cards.notice(decision.state, remark)


@command("status say", role=Role.RESPONDER, changes=True, form_title="Tell the public")
@_INCIDENT
@click.option("--text", required=True, help="What everybody may read.")
@click.option("--dry-run", is_flag=True, help="Only show what everybody would read.")
async def say(ctx: Context, incident: int | None, text: str, *, dry_run: bool) -> Card:
    """Publish your own words about an incident on the status page, at once.

    In the incident's channel its number can be left out.
    """
    words, number = _fit(text), await meant(ctx, incident)
    if not words:
        raise Usage("the public needs words", "Give them with --text.")
    try:
        if dry_run:
            return cards.preview(
                await service.preview(ctx.ports, number, words, by=ctx.caller.id), list(ctx.ports.pages)
            )
        decision = await service.say(ctx.ports, number, words, by=ctx.caller.id)
    except service.Unknown as unknown:
        raise _unknown(unknown) from None
    except notices.NotPublic as refused:
        raise _refused(refused, number) from None
    return cards.decided(decision.state, changed=decision.state.status is NoticeStatus.PUBLISHED, reason="")


@command("statuspage sync", role=Role.RESPONDER)
async def sync(ctx: Context) -> Card:
    """Tell the outside status pages again how everything is."""
    pages = list(ctx.ports.pages)
    told = await mirroring.sync(ctx.ports) if pages else []
    return cards.synced(pages, len(told))


def _fit(text: str) -> str:
    """The text without its margins; what is too long for a status page is refused, never cut."""
    words = text.strip()
    if len(words) > LONGEST:
        raise Usage(f"the text has {len(words):,} characters", f"Say it in at most {LONGEST:,}.")
    return words


def _unknown(unknown: service.Unknown) -> Usage:
    return Usage(str(unknown), ("Type ", CommandLine(("status",)), " for what there is."))


def _refused(refused: notices.NotPublic, incident: int) -> Usage:
    if not isinstance(refused, notices.NothingAffected):
        return Usage(str(refused), "Declare another incident for what the public should know.")
    affects = CommandLine(("incident", "affects", str(incident), "--component", "NAME"))
    return Usage(str(refused), ("If the public should know, type ", affects, " first."))

"""What people may ask about postmortems, and do to them."""

import click

from bot.cards.card import Card, CommandLine, Level
from bot.command import Context, Usage, command
from bot.decision import Decision
from bot.numbers import NUMBER
from bot.permissions import Role
from bot.postmortems import cards, sections, service
from bot.postmortems.service import TooEarly, UnknownIncident, UnknownPostmortem
from storage.records.postmortems import Postmortem

_number = click.argument("number", type=NUMBER)


@command("postmortem show")
@_number
@click.option("--version", type=NUMBER, default=None, help="A kept version; default is the latest text.")
async def show(ctx: Context, number: int, version: int | None) -> Card:
    """Show a postmortem with its sources, as it stands or as a version had it."""
    view = await _view(ctx, number)
    text, shown = view.postmortem.sections, view.postmortem.text_version
    if version is not None:
        try:
            kept = await service.kept(ctx.ports, number, version)
        except UnknownPostmortem as unknown:
            raise Usage(str(unknown), ("Type ", CommandLine(("postmortem", "versions", str(number))), ".")) from None
        text, shown = kept.sections, kept.number
    return cards.whole(view.postmortem, view.incident, text, view.sources, version=shown)


@command("postmortem versions")
@_number
async def versions(ctx: Context, number: int) -> Card:
    """List the kept versions of a postmortem: who changed it, when and why."""
    view = await _view(ctx, number)
    return cards.history(view.postmortem, await service.versions(ctx.ports, number))


@command("postmortem draft", role=Role.RESPONDER, changes=True)
@_number
async def draft(ctx: Context, number: int) -> Card:
    """Draft the postmortem of a resolved incident now. What is written already is never written over."""
    try:
        decision = await service.begin(ctx.ports, number, by=ctx.caller.id)
    except UnknownIncident as unknown:
        raise _unknown(unknown) from None
    except TooEarly as early:
        hint = ("Resolve it first: ", CommandLine(("incident", "resolve", str(number))), ".")
        raise Usage(str(early), hint) from None
    return _outcome(decision, "The draft of the postmortem of incident", "is on its way")


@command("postmortem comment", role=Role.RESPONDER, changes=True)
@_number
@click.option("--text", required=True, help="What should change; may begin with the section's name and a colon.")
@click.option("--section", type=click.Choice(sections.NAMES), default=None, help="The section meant.")
async def comment(ctx: Context, number: int, text: str, section: str | None) -> Card:
    """Ask for a change of one section: it is written anew, the version before is kept."""
    view = await _view(ctx, number)
    if not text.strip():
        raise Usage("--text is empty", "Say what should change.")
    part = sections.named(section) if section else sections.meant(text)
    if part is None:
        return cards.which(view.postmortem, text)
    decision = await service.comment(ctx.ports, number, part.name, text, by=ctx.caller.id)
    return _outcome(decision, f"{part.title} of the postmortem of incident", "is written anew")


@command("postmortem approve", role=Role.RESPONDER, changes=True)
@_number
async def approve(ctx: Context, number: int) -> Card:
    """Approve the text as it stands: this version is published and kept."""
    await _view(ctx, number)
    decision = await service.approve(ctx.ports, number, by=ctx.caller.id)
    return _outcome(decision, f"Version {decision.state.text_version} of the postmortem of incident", "is approved")


async def _view(ctx: Context, number: int) -> service.View:
    try:
        return await service.view(ctx.ports, number)
    except UnknownIncident as unknown:
        raise _unknown(unknown) from None
    except UnknownPostmortem as unknown:
        hint = ("Type ", CommandLine(("postmortem", "draft", str(number))), " to make one.")
        raise Usage(str(unknown), hint) from None


def _unknown(unknown: UnknownIncident) -> Usage:
    return Usage(str(unknown), ("Type ", CommandLine(("incidents",)), " for all of them."))


def _outcome(decision: Decision[Postmortem], what: str, done: str) -> Card:
    number = decision.state.id
    data = {
        "number": number,
        "status": decision.state.status.value,
        "text_version": decision.state.text_version,
        "changed": decision.changed,
        "reason": decision.reason,
    }
    look = ("Type ", CommandLine(("postmortem", "show", str(number))), " to read it.")
    if decision.changed:
        return Card(title=f"{what} #{number} {done}", level=Level.OK, hint=look, data=data)
    return Card(
        title=f"The postmortem of incident #{number} stays as it is",
        level=Level.INFO,
        body=(f"{decision.reason[:1].upper()}{decision.reason[1:]}.",),
        hint=look,
        data=data,
    )

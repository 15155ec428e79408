"""What people may ask about postmortems, and do to them."""

from collections.abc import Mapping, Sequence

import click

from bot.cards.card import Card, CommandLine, Level
from bot.command import Context, Usage, command
from bot.decision import Decision
from bot.incidents import service as incidents
from bot.numbers import NUMBER
from bot.permissions import Role
from bot.ports import Ports
from bot.postmortems import cards, changes, editing, place_cards, publishing, review, sections, service, version_cards
from bot.postmortems.service import TooEarly, UnknownIncident, UnknownPostmortem
from storage.records.postmortems import Postmortem, PostmortemStatus, Version

_number = click.argument("number", type=NUMBER)
_section = click.option("--section", type=click.Choice(sections.NAMES), default=None, help="The section meant.")
_this_section = click.option("--section", type=click.Choice(sections.NAMES), required=True, help="The section meant.")
_revision = click.option(
    "--revision", type=NUMBER, default=None, hidden=True, help="The text that was shown, as the bot numbers it."
)


def _page(_context: click.Context, param: click.Parameter, value: str | None) -> editing.Page | None:
    if value is None:
        return None
    first, dash, last = value.partition("-")
    if not (dash and first.isdecimal() and last.isdecimal() and len(value) < 12):
        raise click.BadParameter("two numbers like 1-20", param=param)
    return editing.Page(max(int(first), 1), int(last))


async def _as_it_stands(ports: Ports, argv: Sequence[str]) -> Mapping[str, str]:
    """The text that the form of `postmortem edit` begins with: that of the message where it was opened."""
    given = edit.click.make_context(edit.name, list(argv[len(edit.name.split()) :]), resilient_parsing=True).params
    part = await service.text_of(ports, given["number"], str(given.get("section")), given.get("revision"))
    if part is None:
        return {}
    page = given.get("lines") or editing.Page(1, len(part.statements))
    return {"text": editing.written(part.statements[page.first - 1 : page.last])}


@command("postmortem show", reads=True)
@_number
@click.option("--version", type=NUMBER, default=None, help="A kept version; default is the latest text.")
async def show(ctx: Context, number: int, version: int | None) -> Card:
    """Show a postmortem with its sources, as it stands or as a version had it."""
    view = await _view(ctx, number)
    text, shown = view.postmortem.sections, view.postmortem.text_version
    if version is not None:
        kept = await _kept(ctx, number, version)
        text, shown = kept.sections, kept.number
    return cards.whole(view.postmortem, view.incident, text, view.sources, version=shown)


@command("postmortem versions", reads=True)
@_number
async def versions(ctx: Context, number: int) -> Card:
    """List the kept versions of a postmortem: who changed it, when and why."""
    view = await _view(ctx, number)
    return version_cards.history(view.postmortem, await service.versions(ctx.ports, number))


@command("postmortem diff", reads=True)
@_number
@click.option("--from", "old", type=NUMBER, default=None, help="Default is the published version, or the one before.")
@click.option("--to", "new", type=NUMBER, default=None, help="Default is the latest version.")
async def diff(ctx: Context, number: int, old: int | None, new: int | None) -> Card:
    """Show which sentences were removed and added between two versions of a postmortem."""
    view = await _view(ctx, number)
    to = new if new is not None else view.postmortem.text_version
    public = view.postmortem.approved_version
    since = old if old is not None else public if public is not None and public < to else to - 1
    after = (await _kept(ctx, number, to)).sections
    before = (await _kept(ctx, number, since)).sections if since > 0 else ()
    return version_cards.difference(view.postmortem, changes.of_texts(before, after), view.sources, old=since, new=to)


@command("postmortem draft", role=Role.RESPONDER, changes=True)
@_number
async def draft(ctx: Context, number: int) -> Card:
    """Draft the postmortem of a resolved incident now. What is written already is never written over."""
    await _may_see(ctx, number)
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
@_section
@click.option("--quoted", default="", hidden=True, help="Address of the message that the reply quotes.")
async def comment(ctx: Context, number: int, text: str, section: str | None, quoted: str) -> Card:
    """Ask for a change of one section: it is written anew, the version before is kept."""
    view = await _view(ctx, number)
    if not text.strip():
        raise Usage("--text is empty", "Say what should change.")
    name = section or await service.meant(ctx.ports, view, text, by=ctx.caller.id, quoted=quoted)
    if not name:
        return cards.which(view.postmortem, text)
    decision = await service.comment(ctx.ports, number, name, text, by=ctx.caller.id)
    return _outcome(decision, f"{sections.title(name)} of the postmortem of incident", "is written anew")


@command(
    "postmortem edit",
    role=Role.RESPONDER,
    changes=True,
    form_title="Edit a section",
    prefill_of=_as_it_stands,
    shows=True,
)
@_number
@_this_section
@click.option(
    "--text", required=True, help="One statement on a line, with its sources: [t12]. What you change is kept as yours."
)
@_revision
@click.option("--lines", callback=_page, default=None, hidden=True, help="The statements to replace, like 1-20.")
async def edit(
    ctx: Context, *, number: int, section: str, text: str, revision: int | None, lines: editing.Page | None
) -> Card:
    """Give a section of a postmortem the text that you write; the version before is kept."""
    await _view(ctx, number)
    if not text.strip():
        raise Usage("--text is empty", "Write at least one statement.")
    try:
        decision = await service.edit(ctx.ports, number, section, text, by=ctx.caller.id, revision=revision, page=lines)
    except editing.TooLong as long:
        raise Usage(str(long), "Make several statements of it, each on a line of its own.") from None
    return _outcome(decision, f"{sections.title(section)} of the postmortem of incident", "is changed")


@command("postmortem regenerate", role=Role.RESPONDER, changes=True)
@_number
@_this_section
async def regenerate(ctx: Context, number: int, section: str) -> Card:
    """Write a section anew from the journal as it is now; what people wrote into it stays."""
    await _view(ctx, number)
    decision = await service.regenerate(ctx.ports, number, section, by=ctx.caller.id)
    return _outcome(decision, f"{sections.title(section)} of the postmortem of incident", "is written anew")


@command("postmortem approve", role=Role.RESPONDER, changes=True)
@_number
@_section
@_revision
@click.option("--unverified", is_flag=True, help="Also when statements could not be verified.")
async def approve(ctx: Context, number: int, section: str | None, revision: int | None, unverified: bool) -> Card:
    """Approve a section, or all: with the last one this version is published and kept."""
    view = await _view(ctx, number)
    in_review = view.postmortem.status is PostmortemStatus.IN_REVIEW
    if not section and in_review and review.unverified(view.postmortem) and not unverified:
        return cards.doubtful(view.postmortem)
    decision = await service.approve(ctx.ports, number, by=ctx.caller.id, section=section or "", revision=revision)
    if decision.state.status is PostmortemStatus.APPROVED or not section:
        return _outcome(decision, f"Version {decision.state.text_version} of the postmortem of incident", "is approved")
    return _outcome(decision, f"{sections.title(section)} of the postmortem of incident", "is approved")


@command("postmortem reopen", role=Role.RESPONDER, changes=True)
@_number
@_section
async def reopen(ctx: Context, number: int, section: str | None) -> Card:
    """Take the approval of a section back, or of all; what was published stays published."""
    await _view(ctx, number)
    decision = await service.reopen(ctx.ports, number, by=ctx.caller.id, section=section or "")
    return _outcome(decision, "The postmortem of incident", "is in review again")


@command("postmortem publish", role=Role.RESPONDER, changes=True)
@_number
@click.option("--place", default="", help="One of the places in manage.yml; default is all of them.")
async def publish(ctx: Context, number: int, place: str) -> Card:
    """Store the approved version of a postmortem in its further places once more."""
    view = await _view(ctx, number)
    version = view.postmortem.approved_version
    if version is None:
        hint = ("Type ", CommandLine(("postmortem", "approve", str(number))), " to approve it.")
        raise Usage(f"the postmortem of incident #{number} is not approved", hint)
    known = publishing.names(ctx.ports, view.incident)
    if not known:
        raise Usage("there is no further place for it", "Name one under `postmortems.publish` in manage.yml.")
    if place and place not in known:
        raise Usage(f"there is no place {place!r}", f"One of: {', '.join(known)}.")
    asked = await publishing.request(ctx.ports, number, place, by=ctx.caller.id)
    return place_cards.stores(view.postmortem, asked, text_version=version)


async def _may_see(ctx: Context, number: int) -> None:
    """Answer for a private incident as if there were none, unless the caller belongs to it; raises `Usage`."""
    try:
        incident = await incidents.visible(ctx.ports, number, ctx.caller)
    except incidents.UnknownIncident as unknown:
        raise Usage(str(unknown), ("Type ", CommandLine(("incidents",)), " for all of them.")) from None
    if incident.private:
        ctx.conceal()


async def _view(ctx: Context, number: int) -> service.View:
    await _may_see(ctx, number)
    try:
        return await service.view(ctx.ports, number)
    except UnknownIncident as unknown:
        raise _unknown(unknown) from None
    except UnknownPostmortem as unknown:
        hint = ("Type ", CommandLine(("postmortem", "draft", str(number))), " to make one.")
        raise Usage(str(unknown), hint) from None


async def _kept(ctx: Context, number: int, version: int) -> Version:
    try:
        return await service.kept(ctx.ports, number, version)
    except UnknownPostmortem as unknown:
        raise Usage(str(unknown), ("Type ", CommandLine(("postmortem", "versions", str(number))), ".")) from None


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

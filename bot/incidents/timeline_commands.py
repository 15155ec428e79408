"""What people may ask about a timeline, and do to it: read, add, correct, take off, take along."""

import base64
from collections.abc import Sequence

import click

from bot.cards.card import Card, Code, Level
from bot.command import Context, Usage, command
from bot.decision import Decision
from bot.incidents import amending, asking, cards, export, service
from bot.incidents.asking import meant, outcome
from bot.incidents.decide import Source
from bot.incidents.export import Exported
from bot.incidents.timeline import Line
from bot.numbers import NUMBER
from bot.permissions import Role
from bot.phrasing import cut, plural
from bot.ports import ChatError, Posted
from storage.records.files import KeptFile
from storage.records.incidents import Incident
from storage.tables import files, incidents, journal, posts

LINES = 25
_NUMBER = click.argument("number", type=NUMBER, required=False)
_ENTRY = click.option("--entry", type=NUMBER, required=True, help="Its number, as the timeline shows it.")
_REASON = click.option("--reason", required=True, help="Why; it stands beside the entry.")


@command("incident timeline", reads=True)
@_NUMBER
@click.option("--page", type=NUMBER, default=1, help="Page of the timeline.")
async def timeline(ctx: Context, number: int | None, page: int) -> Card:
    """Show what happened, oldest first, with links to the messages."""
    which = await meant(ctx, number)
    seen = await service.view(ctx.ports, which)
    lines = await service.lines(ctx.ports, which)
    if page > 1 and len(lines) <= (page - 1) * LINES:
        raise asking.no_page(page, len(lines), LINES)
    return cards.timeline(seen.incident, lines, await _links(ctx, lines), page, LINES)


@command("incident note", role=Role.RESPONDER, form_title="Add to the timeline")
@_NUMBER
@click.option("--text", required=True, help="What to put on the timeline.")
@click.option("--author", default="", hidden=True, help="Who said it.")
@click.option("--at", "at", default="", help='When, like "14:05" or "2026-12-24 09:00"; now when left out.')
@click.option("--reason", default="", help="Why it is added later, where that needs saying.")
@click.option("--channel", default="", hidden=True, help="Channel of the message.")
@click.option("--ts", default="", hidden=True, help="Timestamp of the message.")
@click.option("--file", "pictures", multiple=True, hidden=True, help="Id of a picture in the message.")
async def note(
    ctx: Context,
    *,
    number: int | None,
    text: str,
    author: str,
    at: str,
    reason: str,
    channel: str,
    ts: str,
    pictures: tuple[str, ...],
) -> Card:
    """Put something on the timeline, with its own author and time."""
    which = await meant(ctx, number)  # first: whatever is wrong with the rest, a private incident's words are masked
    if not text.strip():
        raise Usage("a note needs words", ("For example ", Code('--text "failed over to the replica"'), "."))
    if channel or ts or pictures:
        asking.said_here(ctx, channel)
    source = Source(
        channel=channel,
        ts=ts,
        text=cut(text, asking.LONGEST_NOTE),
        author=author or ctx.caller.id,
        said_at=asking.moment(ctx, at) if at else ctx.ports.now(),
        files=pictures,
        reason=cut(reason.strip(), asking.LONGEST_NOTE),
    )
    decision = await service.note(ctx.ports, which, source, by=ctx.caller.id)
    return outcome(decision, "has it on its timeline")


@command("incident unnote", role=Role.RESPONDER)
@_NUMBER
@click.option("--channel", required=True, help="Channel of the message.")
@click.option("--ts", required=True, help="Timestamp of the message.")
async def unnote(ctx: Context, number: int | None, channel: str, ts: str) -> Card:
    """Take a message off the timeline."""
    decision = await service.unnote(ctx.ports, await meant(ctx, number), channel, ts, by=ctx.caller.id)
    return outcome(decision, "has it off its timeline")


@command("incident edit", role=Role.RESPONDER, form_title="Correct the timeline")
@_NUMBER
@_ENTRY
@_REASON
@click.option("--text", default="", help="What it should say instead.")
@click.option("--at", "at", default="", help='When it happened, like "14:05" or "2026-12-24 09:00".')
async def edit(ctx: Context, number: int | None, entry: int, reason: str, text: str, at: str) -> Card:  # noqa: PLR0917 - click passes parameters by name
    """Correct what an entry of the timeline says, or when it happened. What stood there first is kept."""
    which = await meant(ctx, number)
    if not (text.strip() or at):
        raise Usage("what is to be corrected?", ("Either ", Code("--text"), " or ", Code("--at"), "."))
    moment, why = asking.moment(ctx, at) if at else None, _because(reason)
    lines = await service.lines(ctx.ports, which, hidden=True)
    words = cut(text.strip(), asking.LONGEST_NOTE)

    def choose(incident: Incident) -> Decision[Incident]:
        return amending.edit(incident, _line(lines, entry), text=words, happened_at=moment, reason=why)

    return outcome(await service.change(ctx.ports, which, ctx.caller.id, choose), "has its timeline corrected")


@command("incident hide", role=Role.RESPONDER, form_title="Take off the timeline")
@_NUMBER
@_ENTRY
@_REASON
@click.option("--undo", is_flag=True, help="Put it back on.")
async def hide(ctx: Context, number: int | None, entry: int, reason: str, undo: bool) -> Card:
    """Take an entry off the timeline, or put it back. It stays in the journal either way."""
    which = await meant(ctx, number)
    why = _because(reason)
    lines = await service.lines(ctx.ports, which, hidden=True)
    async with ctx.ports.store.read() as conn:
        incident = await incidents.get(conn, which)
        entries = await journal.of_subjects(conn, await service.subjects(conn, incident) if incident else [])

    def choose(incident: Incident) -> Decision[Incident]:
        return amending.hide(incident, _line(lines, entry), entries, reason=why, shown=undo)

    decision = await service.change(ctx.ports, which, ctx.caller.id, choose)
    return outcome(decision, "has it back on its timeline" if undo else "has it off its timeline")


@command("incident export")
@_NUMBER
@click.option(
    "--format",
    "form",
    type=click.Choice(["zip", "markdown", "json"]),
    default="zip",
    help="Both with all pictures, or just one of them.",
)
async def exported(ctx: Context, number: int | None, form: str) -> Card:
    """Export the timeline as Markdown and JSON, with the pictures that were pinned.

    In Slack it is put as a file where it is asked; elsewhere it is the answer, pictures in base64 under --json.
    """
    which = await meant(ctx, number)
    incident = (await service.view(ctx.ports, which)).incident
    lines = await service.lines(ctx.ports, which)
    told = Exported(
        incident=incident, lines=lines, links=await _links(ctx, lines), files=await _pictures(ctx, incident)
    )
    if ctx.ports.chat is not None and ctx.caller.channel:
        return await _put(ctx, told, form)
    text = export.dumped(told) if form == "json" else export.markdown(told)
    content = {file.id: base64.b64encode(file.content).decode() for file in told.files} if form == "zip" else {}
    data = {**export.as_json(told), "markdown": export.markdown(told), "content": content}
    return Card(title=f"Timeline of incident #{which}", level=Level.OK, body=(text,), data=data)


async def _put(ctx: Context, told: Exported, form: str) -> Card:
    """Put the file into the channel where it is asked; of a private incident only into its own, or to one person."""
    chat, channel, incident = ctx.ports.chat, ctx.caller.channel, told.incident
    if chat is None:
        raise Usage("there is no Slack to put it into", "")
    if incident.private and channel != incident.channel and not channel.startswith("D"):
        raise Usage("this incident is private", "Ask in its channel, or in a direct message to the bot.")
    content: str | bytes
    match form:
        case "json":
            name, content = export.name(incident, "json"), export.dumped(told)
        case "markdown":
            name, content = export.name(incident, "md"), export.markdown(told)
        case _:
            name, content = export.name(incident, "zip"), export.bundle(told)
    try:
        await chat.upload(channel, name=name, title=f"Timeline of incident #{incident.id}", content=content)
    except ChatError as refused:
        return Card(title="The file could not be put here", level=Level.BAD, body=(str(refused),))
    said = f"{plural(len(told.lines), 'entry', 'entries')}, {plural(len(told.files), 'picture')}."
    return Card(title=f"Exported as {name}", level=Level.OK, body=(said,))


async def _links(ctx: Context, lines: Sequence[Line]) -> list[str]:
    """The addresses of the messages that said the lines, "" where there is none."""
    chat, links = ctx.ports.chat, []
    async with ctx.ports.store.read() as conn:
        for line in lines:
            post = await posts.get(conn, f"entry:{line.entry}")
            place = Posted(line.channel, line.ts) if line.ts else Posted(post.channel, post.ts) if post else None
            links.append(chat.link(place) if chat and place else "")
    return links


async def _pictures(ctx: Context, incident: Incident) -> list[KeptFile]:
    """All pictures of the incident and of its duplicates, oldest first."""
    async with ctx.ports.store.read() as conn:
        numbers = [incident.id, *(one.id for one in await incidents.merged_into(conn, [incident.id]))]
        named = [(number, id_) for number in numbers for id_, _ in await files.names(conn, number)]
        found = [await files.get(conn, number, id_) for number, id_ in named]
    return [file for file in found if file is not None]


def _line(lines: Sequence[Line], entry: int) -> Line | None:
    return next((line for line in lines if line.entry == entry), None)


def _because(reason: str) -> str:
    said = cut(" ".join(reason.split()), asking.LONGEST_NOTE)
    if not said:
        raise Usage("a correction needs a reason", ("For example ", Code('--reason "the clock was wrong"'), "."))
    return said

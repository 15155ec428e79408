"""Run the check of a postmortem by hand: on its stored text, or on words that somebody wants to know about."""

import asyncio
import re

import click

from bot.cards.card import Card, CommandLine
from bot.command import Context, Usage, command
from bot.incidents import asking
from bot.llm.client import ModelError
from bot.numbers import NUMBER
from bot.permissions import Role
from bot.postmortems import check_cards, grounding, sections, service
from bot.postmortems.check_cards import Checked
from bot.postmortems.evidence import Pack
from bot.postmortems.service import UnknownIncident, UnknownPostmortem
from storage.records.postmortems import Section, Statement, StatementKind

WRITTEN = tuple(part.name for part in sections.PARTS if not part.rendered)
"""Sections that a model may write."""

_CITES = re.compile(r"\s*[\[(]((?:#\d+)(?:\s*,\s*#\d+)*)[\])]")


@command("postmortem check", reads=True)
@click.argument("number", type=NUMBER)
@click.option("--section", type=click.Choice(sections.NAMES), default=None, help="Only this section.")
@click.option(
    "--text", default=None, help="Check these words instead; cite entries in them like [#12], else all count."
)
async def check(ctx: Context, number: int, section: str | None, text: str | None) -> Card:
    """Hold each statement of a postmortem against the entries that it cites.

    Shows every statement with its verdict, the reasons, and what the cited entries say. Words that blame are named,
    too, but fail nothing. Exit code 1 when a statement is not borne out.
    """
    await asking.meant(ctx, number, follow=False)
    try:
        pack = await service.pack_of(ctx.ports, number)
        if text is not None:
            return check_cards.checked(number, [await asyncio.to_thread(_of_text, text, pack, section)], pack)
        view = await service.view(ctx.ports, number)
    except UnknownIncident as unknown:
        raise Usage(str(unknown), ("Type ", CommandLine(("incidents",)), " for all of them.")) from None
    except UnknownPostmortem as unknown:
        hint = ("Type ", CommandLine(("postmortem", "draft", str(number))), " to make one.")
        raise Usage(str(unknown), hint) from None
    written = [part for part in view.postmortem.sections if section in (None, part.name)]
    if not written:
        missing = sections.title(section) if section else "any section"
        raise Usage(f"the postmortem of incident #{number} does not have {missing} yet", "Wait for the draft.")
    found = await asyncio.to_thread(lambda: [_of_section(part, pack) for part in written])
    return check_cards.checked(number, found, pack)


@command("postmortem dry-run", role=Role.RESPONDER)
@click.argument("number", type=NUMBER)
@click.option("--section", type=click.Choice(WRITTEN), default=sections.SUMMARY.name, help="The section meant.")
async def dry_run(ctx: Context, number: int, section: str) -> Card:
    """Show what drafting a section would send to the language model, word for word. Nothing is sent.

    Secrets and personal data are taken out of it as they would be. Works before a model is configured.
    """
    await asking.meant(ctx, number, follow=False)
    try:
        asked, pack = await service.dry(ctx.ports, number, section)
    except UnknownIncident as unknown:
        raise Usage(str(unknown), ("Type ", CommandLine(("incidents",)), " for all of them.")) from None
    except ModelError as nothing:
        raise Usage("nothing would be sent", f"{nothing}.") from None
    return check_cards.dry(
        number, sections.title(section), asked, pack, ctx.ports.writer.model if ctx.ports.writer else ""
    )


def _of_section(part: Section, pack: Pack) -> Checked:
    """The stored statements, judged as of now. Their kinds are settled, so that the section plays no part any more."""
    return Checked(sections.title(part.name), grounding.examine(part.statements, pack))


def _of_text(text: str, pack: Pack, section: str | None) -> Checked:
    """Each sentence of the text as one statement; without a citation it is held against everything."""
    if not text.strip():
        raise Usage("--text is empty", "Give the words to check.")
    everything = tuple(item.id for item in pack.items)
    part = sections.named(section) if section else None
    statements = [_statement(sentence, everything) for sentence in _sentences(text)]
    return Checked("Your words", grounding.examine(statements, pack, part))


def _sentences(text: str) -> list[str]:
    # a citation after the full stop belongs to the sentence before it
    pieces = re.split(r"(?<=[.!?])\s+(?=[A-Z“\"`@#<])(?!\[)|\n+", text.strip())
    return [piece.strip() for piece in pieces if piece.strip()]


def _statement(sentence: str, everything: tuple[int, ...]) -> Statement:
    cited = tuple(int(n) for m in _CITES.finditer(sentence) for n in re.findall(r"\d+", m[1]))
    return Statement(kind=StatementKind.FACT, text=_CITES.sub("", sentence), evidence=cited or everything)

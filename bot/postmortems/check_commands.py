"""Run the check of a postmortem by hand: on its stored text, or on words that somebody wants to know about."""

import re

import click

from bot.cards.card import Card, CommandLine
from bot.command import Context, Usage, command
from bot.numbers import NUMBER
from bot.postmortems import check_cards, grounding, sections, service
from bot.postmortems.check_cards import Checked
from bot.postmortems.evidence import Pack
from bot.postmortems.service import UnknownIncident, UnknownPostmortem
from storage.records.postmortems import Section, Statement, StatementKind

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
    try:
        pack = await service.pack_of(ctx.ports, number)
        if text is not None:
            return check_cards.checked(number, [_of_text(text, pack, section)], pack)
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
    return check_cards.checked(number, [_of_section(part, pack) for part in written], pack)


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

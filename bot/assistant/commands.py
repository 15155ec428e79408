"""What people may ask in their own words."""

import click

from bot.assistant import cards, service
from bot.cards.card import Card, CommandLine
from bot.command import Context, Usage, command
from bot.permissions import Role

LONGEST = 2_000
_NAME = "ask"


@command(_NAME, role=Role.VIEWER, offered=lambda ports: ports.talker is not None)
@click.argument("question", nargs=-1, required=True)
async def ask(ctx: Context, question: tuple[str, ...]) -> Card:
    """Answer a question in plain words, from what the commands say that only read.

    It needs a language model. The commands are run in your name, numbered and named below the answer. What would change
    something is only proposed: you press the button, or you do not. It sees no private incident.
    """
    asked = " ".join(question).strip()
    if not asked:
        raise Usage("what is the question?", ("For example ", CommandLine((_NAME, "is the database fine?")), "."))
    if len(asked) > LONGEST:
        raise Usage(f"a question has at most {LONGEST:,} characters", "Ask for one thing at a time.")
    if ctx.ports.talker is None:
        return cards.unset()
    others = {name: cmd for name, cmd in ctx.commands.items() if name != _NAME}
    return await service.answer(ctx, ctx.ports.talker, asked, others)

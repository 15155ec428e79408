"""One command line beside a running bot, or without one: the same store, no worker."""

import asyncio
import logging
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from rich.console import Console
from rich.text import Text

from bot import log
from bot.app import opened
from bot.cards.card import Card
from bot.cards.marks import plain
from bot.command import Progress
from bot.config.settings import read_settings
from bot.permissions import Caller
from handlers.terminal import sandbox
from handlers.terminal.failure import explained
from handlers.terminal.render import COMMAND, console

PATIENCE = 0.4
"""Seconds after which a command that has not answered shows that it is at work."""


async def answer(line: Sequence[str], *, user: str, quiet: bool) -> Card:
    """Run the command line for `user` of this machine. Not `quiet`, a terminal sees the progress of slow ones.

    Raises `Failed` when configuration or database cannot be used.
    """
    with explained():
        settings = read_settings()
        log.configure(settings.log_format, secrets=log.secrets_of(settings), level=logging.WARNING)
        base = sandbox.base(there) if not settings.uses_slack and (there := sandbox.running()) else None
        async with opened(settings, base=base) as app, _progress(console(sys.stderr), quiet=quiet) as progress:
            known = log.secrets_of(settings, app.ports.manage)
            log.configure(settings.log_format, secrets=known, level=logging.WARNING)
            return await app.invoke(line, Caller(id=f"shell:{user}", via="shell", name=user), progress=progress)


def seen(card: Card, width: int, height: int) -> Text:
    """How far a command is: its title and last step in one line, and the end of what it has written so far."""
    steps = [f"  {plain(step, COMMAND)}" for step in card.steps[-1:]]
    said = Text("".join([plain(card.title), *steps]))
    said.truncate(max(width - 2, 1), overflow="ellipsis")  # two columns are the spinner's
    written = Text("\n\n".join(plain(paragraph, COMMAND) for paragraph in card.body))
    lines = list(written.wrap(Console(width=width), max(width - 2, 1)))[-max(height - 3, 1) :] if card.body else []
    return Text("\n").join([said, *lines])


@asynccontextmanager
async def _progress(out: Console, *, quiet: bool, patience: float = PATIENCE) -> AsyncIterator[Progress | None]:
    if quiet or not out.is_terminal:
        yield None
        return
    status = out.status(Text("One moment"))
    soon = asyncio.get_running_loop().call_later(patience, status.start)

    async def shown(card: Card) -> None:
        status.update(seen(card, out.width, out.height))

    try:
        yield shown
    finally:
        soon.cancel()
        status.stop()

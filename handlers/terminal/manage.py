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
from handlers.terminal.render import console

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


@asynccontextmanager
async def _progress(out: Console, *, quiet: bool, patience: float = PATIENCE) -> AsyncIterator[Progress | None]:
    if quiet or not out.is_terminal:
        yield None
        return
    status = out.status(Text("One moment"))
    soon = asyncio.get_running_loop().call_later(patience, status.start)

    async def shown(card: Card) -> None:
        steps = [f"  {plain(step)}" for step in card.steps[-1:]]
        status.update(Text("".join([plain(card.title), *steps]), overflow="ellipsis", no_wrap=True))

    try:
        yield shown
    finally:
        soon.cancel()
        status.stop()

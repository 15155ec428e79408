"""A bot whose commands are counted, whichever door they come in by."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from bot.app import App
from bot.cards.card import Card
from bot.command import Progress
from bot.permissions import Caller
from bot.telemetry import Telemetry


@dataclass(frozen=True, kw_only=True)
class Measured(App):
    """An `App` that counts in `telemetry` what it runs."""

    telemetry: Telemetry

    async def invoke(self, argv: Sequence[str], caller: Caller, *, progress: Progress | None = None) -> Card:
        """Run one command line and count it; the answer is always a card."""
        run = partial(super().invoke, argv, caller, progress=progress)
        return await self.telemetry.measured(argv, self.commands, run)


def measured(app: App, telemetry: Telemetry) -> Measured:
    """The same bot, counting."""
    return Measured(ports=app.ports, parts=app.parts, worker=app.worker, telemetry=telemetry)

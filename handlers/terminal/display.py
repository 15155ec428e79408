"""What one sees while the bot starts: a line for each step with the time it took, then one address."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.live import Live
from rich.padding import Padding
from rich.spinner import Spinner
from rich.text import Text

from bot.phrasing import cut

WIDEST = 52


class Display:
    """Steps go to `out` as they are done; on a terminal the one that is under way shows a spinner.

    `began` is when the program was started, by `time.monotonic`.
    """

    def __init__(self, out: Console, began: float) -> None:
        self._out = out
        self._began = began

    def title(self, text: str) -> None:
        """Print the first line."""
        self._out.print(Text(text, style="bold"))

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """Do the block as one step; when it fails, the step is marked and the error goes on."""
        began = time.monotonic()
        spinner = Padding(Spinner("dots", Text(title), style="cyan"), (0, 0, 0, 2))
        live = (
            Live(spinner, console=self._out, transient=True, refresh_per_second=12) if self._out.is_terminal else None
        )
        if live:
            live.start()
        sign, style = "✗", "bold red"
        try:
            yield
            sign, style = "✓", "bold green"
        finally:
            if live:
                live.stop()
            took = Text(f"{time.monotonic() - began:5.2f} s", style="dim")
            self._out.print(Text.assemble("  ", (sign, style), f" {cut(title, WIDEST):<{WIDEST}} ", took))

    def ready(self, invitation: str, address: str, hint: str) -> None:
        """Say that everything runs, how long that took, and the one address to go to."""
        self._out.print()
        self._out.print(Text(f"Ready in {time.monotonic() - self._began:.2f} s. {invitation}"))
        self._out.print()
        self._out.print(Text.assemble("  ", (address, "bold cyan underline")))
        self._out.print()
        self._out.print(Text(hint, style="dim"))

    def say(self, text: str) -> None:
        """Print one line."""
        self._out.print(Text(text))

"""`NUMBER`: the click type of all short numbers that people type, of alerts, incidents, jobs and pages."""

from typing import Any

import click
from typing_extensions import override

from bot.phrasing import cut

MOST = 2**31 - 1


class Number(click.IntRange):
    """A whole number from 1 on. "#42" is 42, as cards spell it."""

    name = "number"

    def __init__(self) -> None:
        super().__init__(min=1, max=MOST)

    @override
    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Read it; what is no such number is refused with an example."""
        said = str(value).strip().removeprefix("#")
        if not (said.isascii() and said.isdecimal() and 1 <= int(said[:20]) <= MOST):
            self.fail(f"`{cut(str(value), 40)}` is no number like 42 or #42", param, ctx)
        return int(said)


class NumberOrAll(Number):
    """The same, or the word "all", which is `ALL`."""

    @override
    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Read it; what is neither is refused with an example."""
        return ALL if str(value).strip().lower() == "all" else super().convert(value, param, ctx)


ALL = 0
NUMBER = Number()
NUMBER_OR_ALL = NumberOrAll()

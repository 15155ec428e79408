"""`PERIOD`: the click type of all spans of time that people type."""

from datetime import timedelta

import click
from typing_extensions import override

from bot.config.durations import parse
from bot.phrasing import cut


class Period(click.ParamType[timedelta]):
    """A span of time: 7d, 12h, 30m."""

    name = "period"

    @override
    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """Read it with the grammar of manage.yml."""
        if isinstance(value, timedelta):
            return value
        try:
            return parse(str(value))
        except ValueError as allowed:
            self.fail(f"`{cut(str(value), 40)}` is no span of time: {allowed}", param, ctx)


PERIOD = Period()

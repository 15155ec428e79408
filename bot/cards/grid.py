"""Tables in fixed width, and their rows as sentences where fixed width cannot be (pure)."""

from collections.abc import Sequence
from datetime import datetime
from itertools import zip_longest

from bot.cards.card import Bold, Mark, Moment, Table, Text
from bot.cards.marks import empty, parts, plain
from bot.phrasing import ago, cut

GAP = "  "
NARROWEST = 6


def lines(table: Table, now: datetime, width: int, command: str = "/do") -> list[str]:
    """A line of column names and one line for each row, none wider than `width` unless there are too many columns.

    Moments are told as distances to `now`: fixed width cannot show the reader's own zone.
    """
    count = max([len(table.columns), *(len(row) for row in table.rows)])
    rows = [[_cell(cell, now, command) for cell in row] for row in (table.columns, *table.rows)]
    rows = [row + [""] * (count - len(row)) for row in rows]
    widths = narrowed(
        [max(len(row[column]) for row in rows) for column in range(count)], width - len(GAP) * (count - 1)
    )
    right = [column < len(table.columns) and table.columns[column] in table.numeric for column in range(count)]
    return [GAP.join(_aligned(row, widths, right)).rstrip() for row in rows]


def sentence(columns: Sequence[str], row: Sequence[Text], now: datetime) -> Text:
    """One row as a line: its first cell in bold, then the others by name, parted by dots; empty cells are left out."""
    first, *others = row or ("",)
    said: list[str | Mark] = [Bold(_cell(first, now, "/do"))] if _only_words(first) else list(parts(first))
    for name, cell in zip_longest(columns[1:], others, fillvalue=""):
        if empty(cell):
            continue
        said.append(f" · {name.lower()} " if name else " · ")
        said += [ago(part.at, now) if isinstance(part, Moment) else part for part in parts(cell)]
    return tuple(said)


def narrowed(widths: Sequence[int], room: int) -> list[int]:
    """The widths cut down to `room` in all, the widest columns first, none below six characters."""
    fitted = list(widths)
    while sum(fitted) > room and max(fitted, default=0) > NARROWEST:
        widest = max(fitted)
        runner_up = max((width for width in fitted if width < widest), default=NARROWEST)
        many = fitted.count(widest)
        # all the widest shrink together, to the next width or as far as needed
        shrink = min(widest - max(runner_up, NARROWEST), -(-(sum(fitted) - room) // many))
        fitted = [width - shrink if width == widest else width for width in fitted]
    return fitted


def _only_words(cell: Text) -> bool:
    return all(isinstance(part, str) for part in parts(cell))


def _cell(cell: Text, now: datetime, command: str) -> str:
    said = "".join(ago(part.at, now) if isinstance(part, Moment) else plain(part, command) for part in parts(cell))
    return " ".join(said.split())


def _aligned(row: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> list[str]:
    return [
        cut(cell, width).rjust(width) if to_right else cut(cell, width).ljust(width)
        for cell, width, to_right in zip(row, widths, right, strict=True)
    ]

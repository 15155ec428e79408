"""A card on a terminal, through rich: aligned, coloured by meaning, times in the reader's own zone.

Colour never carries the meaning alone. Without a terminal, or with NO_COLOR set, the same words come out plain, and
tables keep their full width, so that they can be piped on.
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, tzinfo
from io import TextIOWrapper
from typing import IO

from rich.cells import cell_len
from rich.console import Console, Group, JustifyMethod, RenderableType
from rich.padding import Padding
from rich.table import Table as Grid
from rich.text import Text as Rich

from bot.cards.card import Accent, Bold, Button, Card, Code, CommandLine, Level, Link, Mark, Moment, Table, Text
from bot.cards.grid import GAP, narrowed
from bot.cards.marks import address, empty, parts, plain, typed
from bot.phrasing import ago

COMMAND = "./do"
WIDEST = 110  # lines longer than this are hard to read, however wide the window is
PIPED = 10_000
READABLE = 18  # a column of words that is narrower breaks them too often
LEVELS = {
    Level.OK: ("✓", "bold green"),
    Level.INFO: ("•", "bold cyan"),
    Level.WARNING: ("!", "bold yellow"),
    Level.BAD: ("✗", "bold red"),
    Level.USAGE: ("?", "bold yellow"),
    Level.DENIED: ("⊘", "bold magenta"),
}
ACCENTS = {
    Accent.CRITICAL: "bold red",
    Accent.HIGH: "bold red",
    Accent.MEDIUM: "bold yellow",
    Accent.LOW: "bold blue",
    Accent.TAKEN: "bold magenta",
    Accent.GOOD: "bold green",
    Accent.CALM: "bold",
}
WORDS = {
    **dict.fromkeys(("down", "critical", "high", "failed", "firing", "dead", "open", "expired"), "red"),
    **dict.fromkeys(("degraded", "medium", "slow", "acknowledged", "warning", "pending"), "yellow"),
    **dict.fromkeys(("healthy", "ok", "resolved", "up", "done", "closed", "approved"), "green"),
}
"""Words of state that stand alone in a cell or a field: their colour lets the eye find them in a long list."""


def console(stream: IO[str] | None = None, *, width: int | None = None) -> Console:
    """The console for `stream` (default: standard output), plain unless it is a terminal that wants colours."""
    out = stream or sys.stdout
    if isinstance(out, TextIOWrapper):
        out.reconfigure(errors="replace")  # rather a question mark than no answer in a locale without our signs
    terminal = out.isatty()
    return Console(file=out, width=width or (None if terminal else PIPED), highlight=False, emoji=False, markup=False)


def show(card: Card, out: Console, *, now: datetime, zone: tzinfo | None = None, command: str = COMMAND) -> None:
    """Print the card. `zone` is where the reader is (default: this machine's); `command` is how commands are typed."""
    width = min(out.width, WIDEST) if out.is_terminal else out.width
    with out.capture() as captured:
        for number, part in enumerate(_layout(card, width, now, zone, command)):
            if number:
                out.print()
            out.print(part, width=width)
    # rich fills lines with spaces, which are in the way of whoever copies or compares
    lines = (line.rstrip() for line in captured.get().splitlines())
    out.file.write("".join(f"{line}\n" for line in lines))


def _layout(card: Card, width: int, now: datetime, zone: tzinfo | None, command: str) -> Iterator[RenderableType]:
    """The parts of the card, top to bottom; details stand under the title's first letter."""

    def said(text: Text) -> Rich:
        return _rich(text, now, zone, command)

    def inset(part: RenderableType) -> Padding:
        return Padding(part, (0, 0, 0, 2), expand=False)

    yield _title(card)
    for paragraph in card.body:
        if not empty(paragraph):
            yield inset(said(paragraph))
    if card.fields:
        yield inset(_pairs([(plain(field.label), _coloured(said(field.value))) for field in card.fields]))
    if card.table and card.table.rows:
        yield inset(_rows(card.table, said, now, width - 2))
    if card.steps:
        yield inset(_list([said(step) for step in card.steps]))
    offers = [(plain(button.label), _target(button, command)) for button in card.buttons]
    offers = [(label, target) for label, target in offers if target]
    if offers:
        yield inset(_pairs([(label, Rich(target, style="cyan")) for label, target in offers]))
    ending = [_dimmed(said(card.footer))] if not empty(card.footer) else []
    ending += [said(card.hint)] if not empty(card.hint) else []
    if ending:
        yield inset(Rich("\n").join(ending))


def _target(button: Button, command: str) -> str:
    """Where a button leads; an address that is none is left out, as every medium does."""
    return (address(button.url) or "") if button.url else typed(CommandLine(button.argv), command)


def _title(card: Card) -> Rich:
    sign, style = LEVELS[card.level]
    style = ACCENTS[card.accent] if card.accent else style
    return Rich.assemble((f"{sign} ", style), (" ".join(plain(card.title).split()) or "(no title)", style))


def _pairs(pairs: Sequence[tuple[str, Rich]]) -> Grid:
    grid = Grid.grid(padding=(0, 2, 0, 0))
    grid.add_column(style="dim", no_wrap=True, max_width=28, overflow="ellipsis")
    grid.add_column(ratio=None, overflow="fold")
    for label, value in pairs:
        grid.add_row(Rich(label), value)
    return grid


def _rows(table: Table, said: Callable[[Text], Rich], now: datetime, width: int) -> RenderableType:
    """The table, or its rows one below the other where a column would get too narrow to read."""
    rows = [[_coloured(said(_aged(cell, now))) for cell in row] for row in table.rows]
    count = max([len(table.columns), *(len(row) for row in rows)])
    names = [plain(name) for name in table.columns] + [""] * (count - len(table.columns))
    natural = [
        max([cell_len(name), *(cell_len(row[column].plain) for row in rows if column < len(row))])
        for column, name in enumerate(names)
    ]
    widths = narrowed(natural, width - len(GAP) * (count - 1))
    if any(width < min(wanted, READABLE) for width, wanted in zip(widths, natural, strict=True)):
        return Group(*(_record(names, row) for row in rows))
    grid = Grid(box=None, padding=(0, len(GAP), 0, 0), pad_edge=False, header_style="dim")
    for name, column_width in zip(names, widths, strict=True):
        justify: JustifyMethod = "right" if name in table.numeric else "left"
        grid.add_column(Rich(name), justify=justify, overflow="fold", width=column_width)
    for row in rows:
        grid.add_row(*row)
    return grid


def _record(names: Sequence[str], row: Sequence[Rich]) -> RenderableType:
    first, *others = row or (Rich(),)
    pairs = [(name, value) for name, value in zip(names[1:], others, strict=False) if value.plain.strip()]
    return Group(Rich(first.plain, style="bold"), Padding(_pairs(pairs), (0, 0, 0, 2), expand=False))


def _aged(cell: Text, now: datetime) -> Text:
    """Moments as distances to now: in a column they are compared, and need the least room so."""
    return tuple(ago(part.at, now) if isinstance(part, Moment) else part for part in parts(cell))


def _list(lines: Sequence[Rich]) -> Grid:
    grid = Grid.grid(padding=(0, 1, 0, 0))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    for line in lines:
        grid.add_row("-", line)
    return grid


def _coloured(text: Rich) -> Rich:
    style = WORDS.get(text.plain.strip().lower())
    return Rich(text.plain, style=style) if style else text


def _dimmed(text: Rich) -> Rich:
    dimmed = Rich(style="dim")
    dimmed.append_text(text)
    return dimmed


def _rich(text: Text, now: datetime, zone: tzinfo | None, command: str) -> Rich:
    whole = Rich()
    for part in parts(text):
        whole.append_text(_part(part, now, zone, command))
    return whole


def _part(part: str | Mark, now: datetime, zone: tzinfo | None, command: str) -> Rich:
    match part:
        case Moment():
            return Rich(_local(part, now, zone))
        case Bold(text=said):
            return Rich(plain(said), style="bold")
        case Code() | CommandLine():
            return Rich(plain(part, command), style="cyan")
        case Link(url=url, text=label) if target := address(url):
            if plain(label) == target:
                return Rich(target, style=f"underline link {target}")
            # not every terminal can follow links, and a pipe cannot: the address is always there to read
            return Rich.assemble((plain(label), f"link {target}"), " (", (target, f"underline link {target}"), ")")
        case _:
            return Rich(plain(part, command))


def _local(moment: Moment, now: datetime, zone: tzinfo | None) -> str:
    """The moment in the reader's zone; with its day unless that is today's, and with the zone's name."""
    at, today = moment.at.astimezone(zone), now.astimezone(zone)
    if moment.style == "time" or at.date() == today.date():
        return at.strftime("%H:%M %Z").strip()
    return at.strftime("%Y-%m-%d %H:%M %Z").strip()

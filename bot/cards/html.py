"""A card as HTML for mails and plain pages (pure): no script, no outside resource, styles inline as mail readers need.

Whatever was said is escaped; the only links are marks whose address is http or https.
"""

from collections.abc import Iterable
from html import escape

from bot.cards.card import (
    Accent,
    Bold,
    Button,
    Card,
    Code,
    CommandLine,
    Level,
    Link,
    Mark,
    Moment,
    Table,
    Text,
)
from bot.cards.marks import address, empty, fallback, parts, plain, typed

_COLOURS = {
    Accent.CRITICAL: "#b3261e",
    Accent.HIGH: "#c4560a",
    Accent.MEDIUM: "#8a6d00",
    Accent.LOW: "#1f6feb",
    Accent.TAKEN: "#6639ba",
    Accent.GOOD: "#1a7f37",
    Accent.CALM: "#57606a",
}
_LEVELS = {
    Level.OK: Accent.GOOD,
    Level.BAD: Accent.CRITICAL,
    Level.WARNING: Accent.MEDIUM,
    Level.USAGE: Accent.MEDIUM,
    Level.DENIED: Accent.MEDIUM,
}
_FONT = "font-family:system-ui,-apple-system,'Segoe UI',Roboto,sans-serif;font-size:15px;line-height:1.5;color:#1f2328"
_CODE = "font-family:ui-monospace,Menlo,Consolas,monospace;background:#f0f1f3;padding:1px 4px;border-radius:3px"
_CELL = "padding:4px 10px 4px 0;text-align:{side};vertical-align:top;border-bottom:1px solid #e1e4e8"
_QUIET = "color:#57606a;font-size:13px"


def to_html(card: Card, command: str = "/do") -> str:
    """The card as one block of HTML; buttons that run something are told as the command that does the same."""
    colour = _COLOURS[card.accent or _LEVELS.get(card.level, Accent.CALM)]
    said = [
        f'<h1 style="font-size:19px;margin:0 0 8px">{_words(card.title)}</h1>' if card.title.strip() else "",
        *(f'<p style="margin:0 0 8px">{inline(text, command)}</p>' for text in card.body if not empty(text)),
        _fields(card, command),
        _table(card.table, command) if card.table and card.table.rows else "",
        _list(inline(step, command) for step in card.steps),
        _list(offer for button in card.buttons if (offer := _offer(button, command))),
        *(
            f'<p style="margin:8px 0 0;{_QUIET}">{inline(text, command)}</p>'
            for text in (card.footer, card.hint)
            if not empty(text)
        ),
    ]
    return f'<div style="border-left:4px solid {colour};padding:4px 0 4px 14px">{"".join(said)}</div>'


def page(title: str, body: str) -> str:
    """A whole document around blocks of HTML; `title` is escaped, `body` must be HTML already."""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{_words(title)}</title></head>"
        f'<body style="margin:0;padding:24px 16px;background:#fff;{_FONT}">'
        f'<main style="max-width:680px;margin:0 auto">{body}</main></body></html>'
    )


def inline(text: Text, command: str = "/do") -> str:
    """The text as HTML inside a paragraph."""
    return "".join(_inline(part, command) for part in parts(text))


def _inline(part: str | Mark, command: str) -> str:
    match part:
        case Moment(at=at):
            return f'<time datetime="{escape(at.isoformat())}">{fallback(part)}</time>'
        case Link(url=url, text=label) if target := address(url):
            return f'<a href="{escape(target)}" rel="noreferrer">{_words(label) or escape(target)}</a>'
        case Bold(text=said):
            return f"<strong>{_words(said)}</strong>"
        case Code() | CommandLine():
            return _code(plain(part, command))
        case _:
            return _words(plain(part, command))


def _words(said: str) -> str:
    """The text, escaped, its line ends kept."""
    return escape(plain(said)).replace("\n", "<br>")


def _code(said: str) -> str:
    return f'<code style="{_CODE}">{_words(said)}</code>'


def _fields(card: Card, command: str) -> str:
    rows = "".join(
        f'<tr><th scope="row" style="{_CELL.format(side="left")};font-weight:600">{_words(field.label)}</th>'
        f'<td style="{_CELL.format(side="left")}">{inline(field.value, command)}</td></tr>'
        for field in card.fields
    )
    return f'<table style="border-collapse:collapse;margin:8px 0">{rows}</table>' if rows else ""


def _table(table: Table, command: str) -> str:
    sides = ["right" if column in table.numeric else "left" for column in table.columns]
    head = "".join(
        f'<th scope="col" style="{_CELL.format(side=side)}">{_words(column)}</th>'
        for column, side in zip(table.columns, sides, strict=True)
    )
    rows = "".join(f"<tr>{_cells(row, sides, command)}</tr>" for row in table.rows)
    return (
        f'<table style="border-collapse:collapse;margin:8px 0"><thead><tr>{head}</tr></thead>'
        f"<tbody>{rows}</tbody></table>"
    )


def _cells(row: tuple[Text, ...], sides: list[str], command: str) -> str:
    return "".join(
        f'<td style="{_CELL.format(side=sides[at] if at < len(sides) else "left")}">{inline(cell, command)}</td>'
        for at, cell in enumerate(row)
    )


def _list(items: Iterable[str]) -> str:
    inside = "".join(f"<li>{item}</li>" for item in items)
    return f'<ul style="margin:8px 0;padding-left:20px">{inside}</ul>' if inside else ""


def _offer(button: Button, command: str) -> str:
    if button.url:
        return _inline(Link(button.url, button.label), command)
    return f"{_words(button.label)}: {_code(typed(CommandLine(button.argv), command))}" if button.argv else ""

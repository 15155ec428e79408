"""A card as plain text and as Markdown, for files, e-mail and wherever else markup is not known (pure)."""

import re
from datetime import datetime

from bot.cards import grid
from bot.cards.card import Bold, Card, Code, CommandLine, Link, Mark, Text
from bot.cards.marks import address, empty, parts, plain, typed

_SPECIAL = re.compile(r"([\\`*_\[\]#|~!])")
WIDTH = 100


def to_text(card: Card, now: datetime, command: str = "/do") -> str:
    """The card as plain text; buttons that run something are told as the command that does the same."""
    groups = [
        *([plain(card.title)] if card.title.strip() else []),
        *(plain(text, command) for text in card.body if not empty(text)),
    ]
    groups += ["\n".join(f"{field.label}: {plain(field.value, command)}" for field in card.fields)]
    if card.table and card.table.rows:
        groups.append("\n".join(grid.lines(card.table, now, WIDTH, command)))
    groups.append("\n".join(f"- {plain(step, command)}" for step in card.steps))
    groups.append("\n".join(_offer(label, target) for label, target in _offers(card, command)))
    groups += [plain(text, command) for text in (card.footer, card.hint)]
    return "\n\n".join(group for group in groups if group.strip()) + "\n"


def to_markdown(card: Card, command: str = "/do") -> str:
    """The card as CommonMark with tables; nothing that was said can become markup or HTML."""
    groups = [
        *([f"# {_inline(card.title, command)}"] if card.title.strip() else []),
        *(_inline(text, command) for text in card.body if not empty(text)),
    ]
    groups.append("\n".join(f"- **{_escaped(field.label)}:** {_inline(field.value, command)}" for field in card.fields))
    if card.table and card.table.rows:
        groups.append(_markdown_table(card, command))
    groups.append("\n".join(f"- {_inline(step, command)}" for step in card.steps))
    groups += [f"_{said}_" for text in (card.footer, card.hint) if (said := _inline(text, command).strip())]
    return "\n\n".join(group for group in groups if group.strip()) + "\n"


def _offers(card: Card, command: str) -> list[tuple[str, str]]:
    return [
        (plain(button.label), button.url or typed(CommandLine(button.argv), command))
        for button in card.buttons
        if button.url or button.argv
    ]


def _offer(label: str, target: str) -> str:
    return f"{label}: {target}"


def _markdown_table(card: Card, command: str) -> str:
    table = card.table
    if table is None:
        return ""
    rules = ["---:" if column in table.numeric else "---" for column in table.columns]
    # a bar ends a cell even inside a code span
    rows = [[re.sub(r"(?<!\\)\|", r"\\|", _inline(cell, command)) for cell in row] for row in table.rows]
    lines = [[_escaped(column) for column in table.columns], rules, *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _inline(text: Text, command: str) -> str:
    said = ""
    for part in parts(text):
        piece = _markdown(part, command)
        # two code spans or two bold words that touch would be read as one
        touching = piece[:1] in {"`", "*"} and said.endswith(piece[:1]) and not said.endswith(f"\\{piece[:1]}")
        said += f" {piece}" if touching else piece
    return said


def _markdown(part: str | Mark, command: str) -> str:
    said = " ".join(plain(part, command).split()) if not isinstance(part, str) else plain(part)
    match part:
        case Bold() if said:
            return f"**{_escaped(said)}**"
        case Code() | CommandLine() if said:
            return _code(said)
        case Link(url=url, text=label) if target := address(url):
            # brackets would end the address
            fit = target.replace("(", "%28").replace(")", "%29")
            return f"[{_escaped(' '.join(plain(label).split())) or fit}]({fit})"
        case _:
            return _escaped(said)


def _code(text: str) -> str:
    """A code span; its fence is longer than any run of backticks inside."""
    fence = "`" * (max((len(run) for run in re.findall("`+", text)), default=0) + 1)
    return f"{fence} {text} {fence}" if "`" in text else f"{fence}{text}{fence}"


def _escaped(text: str) -> str:
    """The text with all that CommonMark or HTML could read made neutral, on one line: no line begins a block."""
    entities = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return " ".join(_SPECIAL.sub(r"\\\1", entities).split("\n"))

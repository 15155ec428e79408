"""`render`: a card as a Slack message, always within Slack's limits (pure).

What does not fit is left out with a line that says how much, and which command shows it. Limits: docs.slack.dev
reference/block-kit; the cumulative one is undocumented (messages of 9,597 characters passed, of 11,341 did not).
"""

import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from bot.cards import grid
from bot.cards.card import Accent, Button, Card, CommandLine, Field, Link, Person, Room, Table, Text
from bot.cards.marks import address, clean, cost, empty, literal, mrkdwn, parts, rich
from bot.phrasing import cut, plural

Block = dict[str, Any]

TEXT_BUDGET = 8_800  # below 9,000, so that the notices of what was left out always fit
FALLBACK = 600
HEADER = 150
NOTE = 600  # footer and hint each
FIELD_SHARE, BUTTON_SHARE = 3_000, 2_600
FIELD_LABEL, FIELD_VALUE, FIELDS_PER_SECTION, MOST_FIELDS = 150, 1_200, 10, 40
PARAGRAPH, MOST_PARAGRAPHS = 3_000, 20
MOST_STEPS = 100
MOST_BUTTONS, BUTTON_LABEL, BUTTON_VALUE, CONFIRM_TEXT = 25, 75, 2_000, 300
TABLE_WIDTH = 76  # characters of fixed width that a message shows without wrapping on a laptop
COLOURS = {
    Accent.CRITICAL: "#b3102f",
    Accent.HIGH: "#e0592a",
    Accent.MEDIUM: "#d9a514",
    Accent.LOW: "#3b82c4",
    Accent.TAKEN: "#7d5ba6",
    Accent.GOOD: "#2f8f5b",
    Accent.CALM: "#7a828c",
}


@dataclass(frozen=True)
class Rendered:
    """Arguments of chat.postMessage and its kin. `text` is what notifications and old clients show."""

    text: str
    blocks: list[Block]
    attachments: list[dict[str, Any]]


class _Piece(NamedTuple):
    """Blocks, the characters that they count for, and how much was left out (in words, "" for nothing)."""

    blocks: list[Block]
    cost: int = 0
    left_out: str = ""


def render(card: Card, now: datetime, command: str = "/do") -> Rendered:
    """The card as Slack shows it. `now` is what ages in tables are counted from; `command` is the slash command in use.

    A live card (with `accent`) has its title as a block and the rest in one coloured attachment: with an attachment
    alone Slack would show the notification text as well, and the title twice.
    """
    heading = _heading(card)
    budget = TEXT_BUDGET - heading.cost
    notes = _notes(card, command)
    buttons = _buttons(card.buttons, min(budget, BUTTON_SHARE))
    budget -= notes.cost + buttons.cost
    fields = _fields(card.fields, min(budget, FIELD_SHARE), command)
    budget -= fields.cost
    body = _paragraphs(card.body, budget, command)
    budget -= body.cost
    table = _table(card.table, budget, now, command)
    budget -= table.cost
    steps = _steps(card.steps, budget, command)
    pieces = (body, fields, table, steps, buttons)
    rest = [block for piece in pieces for block in piece.blocks]
    rest += _left_out([piece.left_out for piece in pieces if piece.left_out], card.more, command) + notes.blocks
    text = _fallback(card, command)
    if card.accent is None or not rest:
        return Rendered(text=text, blocks=heading.blocks + rest, attachments=[])
    coloured = {"color": COLOURS[card.accent], "fallback": mrkdwn(_title(card), FALLBACK, command), "blocks": rest}
    return Rendered(text=text, blocks=heading.blocks, attachments=[coloured])


def _fallback(card: Card, command: str) -> str:
    first = next((paragraph for paragraph in card.body if not empty(paragraph)), "")
    lines = [mrkdwn(_title(card), FALLBACK // 2, command), mrkdwn(first, FALLBACK // 2, command)]
    return "\n".join(line for line in lines if line)


def _title(card: Card) -> str:
    title = " ".join(clean(card.title).split())
    return title or ("" if any(not empty(paragraph) for paragraph in card.body) else "(no title)")


def _heading(card: Card) -> _Piece:
    """A header block for what is looked at; a line in bold for what is only said."""
    if not _title(card):
        return _Piece([], 0)
    if card.accent or card.fields or card.table or card.steps:
        said = cut(literal(_title(card)), HEADER)
        # without emoji a title cannot show a tick or a siren that nobody meant
        return _Piece([{"type": "header", "text": {"type": "plain_text", "text": said, "emoji": False}}], len(said))
    said = cut(literal(_title(card)), PARAGRAPH)
    return _Piece([_rich_text([_line([{"type": "text", "text": said, "style": {"bold": True}}])])], len(said))


def _rich_text(elements: list[Block]) -> Block:
    return {"type": "rich_text", "elements": elements}


def _line(elements: list[Block]) -> Block:
    return {"type": "rich_text_section", "elements": elements}


def _context(text: str) -> Block:
    # verbatim: Slack shall not make links of its own from what people wrote
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": text, "verbatim": True}]}


def _notes(card: Card, command: str) -> _Piece:
    said = [mrkdwn(text, NOTE, command) for text in (card.footer, card.hint) if not empty(text)]
    return _Piece([_context(text) for text in said], sum(map(len, said)))


def _left_out(what: Sequence[str], more: tuple[str, ...], command: str) -> list[Block]:
    if not what:
        return []
    where: Text = (", see ", CommandLine(more)) if more else ""
    return [_context(mrkdwn((f"… {', '.join(what)}", *parts(where)), 200, command))]


def _paragraphs(texts: Iterable[Text], budget: int, command: str) -> _Piece:
    shown = [text for text in texts if not empty(text)]
    blocks: list[Block] = []
    spent = 0
    for text in shown[:MOST_PARAGRAPHS]:
        elements = rich(text, min(PARAGRAPH, budget - spent), command)
        if not elements:
            break
        blocks.append(_rich_text([_line(elements)]))
        spent += sum(map(cost, elements))
    return _Piece(blocks, spent, _rest(len(shown) - len(blocks), "paragraph"))


def _fields(fields: Sequence[Field], budget: int, command: str) -> _Piece:
    texts: list[Block] = []
    spent = 0
    for field in fields[:MOST_FIELDS]:
        label, value = mrkdwn(field.label, FIELD_LABEL, command), mrkdwn(field.value, FIELD_VALUE, command)
        text = f"*{' '.join(label.split()) or '—'}*\n{value.strip() or '—'}"
        if spent + len(text) > budget:
            break
        texts.append({"type": "mrkdwn", "text": text, "verbatim": True})
        spent += len(text)
    blocks: list[Block] = [
        {"type": "section", "fields": texts[start : start + FIELDS_PER_SECTION]}
        for start in range(0, len(texts), FIELDS_PER_SECTION)
    ]
    return _Piece(blocks, spent, _rest(len(fields) - len(texts), "field"))


def _table(table: Table | None, budget: int, now: datetime, command: str) -> _Piece:
    """In fixed width, which every client shows; as a list where cells are people, rooms or links, which need marks."""
    if table is None or not table.rows:
        return _Piece([])
    marked = any(isinstance(part, Person | Room | Link) for row in table.rows for cell in row for part in parts(cell))
    if marked:
        rows = [grid.sentence(table.columns, row, now) for row in table.rows]
        return _bullets(rows, budget, command, "row")
    lines = [literal(line) for line in grid.lines(table, now, TABLE_WIDTH, command)]
    kept = [lines[0]]
    spent = len(lines[0])
    for line in lines[1:]:
        if spent + len(line) + 1 > budget:
            break
        kept.append(line)
        spent += len(line) + 1
    if len(kept) == 1:
        return _Piece([], 0, _rest(len(table.rows), "row"))
    text = "\n".join(kept)
    block = _rich_text([{"type": "rich_text_preformatted", "elements": [{"type": "text", "text": text}]}])
    return _Piece([block], len(text), _rest(len(lines) - len(kept), "row"))


def _steps(steps: Sequence[Text], budget: int, command: str) -> _Piece:
    return _bullets([step for step in steps if not empty(step)], budget, command, "line")


def _bullets(texts: Sequence[Text], budget: int, command: str, noun: str) -> _Piece:
    lines: list[Block] = []
    spent = 0
    for text in texts[:MOST_STEPS]:
        elements = rich(text, PARAGRAPH, command) or [{"type": "text", "text": "—"}]
        length = sum(map(cost, elements))
        if spent + length > budget:
            break
        lines.append(_line(elements))
        spent += length
    left_out = _rest(len(texts) - len(lines), noun)
    if not lines:
        return _Piece([], 0, left_out)
    return _Piece([_rich_text([{"type": "rich_text_list", "style": "bullet", "elements": lines}])], spent, left_out)


def _rest(count: int, noun: str) -> str:
    return plural(count, f"more {noun}") if count else ""


def _buttons(buttons: Sequence[Button], budget: int) -> _Piece:
    elements: list[Block] = []
    spent = 0
    for number, button in enumerate(buttons):
        element = _button(number, button)
        length = _button_cost(element) if element else 0
        if element is None or len(elements) == MOST_BUTTONS or spent + length > budget:
            continue
        elements.append(element)
        spent += length
    left_out = _rest(len(buttons) - len(elements), "button")
    return _Piece([{"type": "actions", "elements": elements}] if elements else [], spent, left_out)


def _button(number: int, button: Button) -> Block | None:
    """The button, or None when it cannot be one: a command or an address is never cut, and must lead somewhere."""
    label = cut(literal(" ".join(button.label.split())), BUTTON_LABEL) or "…"
    element: Block = {"type": "button", "text": {"type": "plain_text", "text": label, "emoji": False}}
    if button.url:
        target = address(button.url)
        if target is None:
            return None
        element |= {"action_id": f"link:{number}", "url": target}
    else:
        value = shlex.join(button.argv)
        # a value with characters that JSON or Slack cannot carry would come back as another command
        if not value or len(value) > BUTTON_VALUE or clean(value) != value:
            return None
        element |= {"action_id": f"{'form' if button.form else 'run'}:{number}", "value": value}
    if button.style:
        element["style"] = button.style
    if button.confirm:
        element["confirm"] = _confirm(button)
    return element


def _confirm(button: Button) -> Block:
    def text(said: str, limit: int) -> Block:
        return {"type": "plain_text", "text": cut(literal(said), limit) or "…", "emoji": False}

    asked = {
        "title": text("Are you sure?", 100),
        "text": text(button.confirm, CONFIRM_TEXT),
        "confirm": text(button.label, 30),
        "deny": text("Cancel", 30),
    }
    return asked | ({"style": button.style} if button.style else {})


def _button_cost(element: Block) -> int:
    asked = element.get("confirm", {})
    texts = [element["text"], *(part for part in asked.values() if isinstance(part, dict))]
    return sum(len(text["text"]) for text in texts)

"""A card as the arguments of a Slack message (pure)."""

from datetime import datetime
from typing import Any

from bot.cards.blocks import render
from bot.cards.card import Card
from bot.cards.marks import literal
from bot.cards.text import to_text

Message = dict[str, Any]

SECTION = 3000
MOST_SECTIONS = 3


def message(card: Card, now: datetime, command: str) -> Message:
    """`text`, `blocks` and `attachments`, the last two always there, so that an edit replaces what stood before."""
    shown = render(card, now, command)
    return {"text": shown.text, "blocks": shown.blocks, "attachments": shown.attachments}


def plain_message(card: Card, now: datetime, command: str) -> Message:
    """The same in the oldest blocks there are, for a workspace that refuses the newer ones."""
    said = literal(to_text(card, now, command)).strip()
    parts = [said[start : start + SECTION] for start in range(0, len(said), SECTION)][:MOST_SECTIONS]
    blocks = [{"type": "section", "text": {"type": "plain_text", "text": part, "emoji": False}} for part in parts]
    return {"text": render(card, now, command).text, "blocks": blocks, "attachments": []}

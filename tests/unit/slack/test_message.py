"""A card as a message: complete, and in plain blocks where nothing else is taken."""

from datetime import UTC, datetime

from hypothesis import given

from bot.cards.card import Accent, Card, Field
from bot.slack.message import MOST_SECTIONS, SECTION, message, plain_message
from tests.property.cards import cards

T0 = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def test_all_three_parts_are_there_so_that_an_edit_replaces_everything() -> None:
    assert set(message(Card(title="plain"), T0, "/do")) == {"text", "blocks", "attachments"}


def test_plain_blocks_say_what_the_card_says() -> None:
    card = Card(title="Down", accent=Accent.HIGH, body=("since noon",), fields=(Field(label="Rule", value="r"),))
    said = plain_message(card, T0, "/do")
    assert said["attachments"] == []
    assert all(word in str(said["blocks"]) for word in ("Down", "since noon", "Rule: r"))


@given(cards)
def test_any_card_fits_into_plain_blocks(card: Card) -> None:
    said = plain_message(card, T0, "/do")
    assert said["text"].strip()
    assert len(said["blocks"]) <= MOST_SECTIONS
    for block in said["blocks"]:
        assert block["type"] == "section"
        assert block["text"]["type"] == "plain_text"
        assert 0 < len(block["text"]["text"]) <= SECTION

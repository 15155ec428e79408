from datetime import UTC, datetime, timedelta

from bot.cards import grid
from bot.cards.card import Moment, Person
from bot.cards.marks import plain

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def test_a_row_as_a_sentence_names_what_its_cells_are_and_leaves_empty_ones_out() -> None:
    row = ("database", Person("U0ONE"), "", Moment(NOW + timedelta(hours=2)))
    said = grid.sentence(("Schedule", "Now", "Because of", "Until"), row, NOW)
    assert "".join(plain(part) for part in said) == "database · now U0ONE · until in 2 h"

from datetime import timedelta

from bot.cards.card import Level
from bot.cards.marks import plain
from bot.oncall import cards
from bot.oncall.timeline import Turn
from tests.fakes.ports import T0


def a_turn(following="U0000TWO"):
    return Turn(people=("U0000ONE",), since=T0, until=T0 + timedelta(days=3), following=(following,))


def said(card):
    return {field.label: plain(field.value) for field in card.fields}


def test_it_says_who_is_on_call_until_when_and_who_follows():
    card = cards.current(a_turn(), "Europe/Berlin", T0)

    assert said(card) == {"Now": "U0000ONE", "Until": "2026-11-26 12:00 UTC (in 3 d)", "Next": "U0000TWO"}
    assert card.footer == "Handovers in Europe/Berlin"


def test_a_rota_of_one_says_so():
    assert said(cards.current(a_turn("U0000ONE"), "UTC", T0))["Next"] == "the same again"


def test_an_empty_rota_says_where_pages_go_and_how_to_mend_it():
    card = cards.current(None, "UTC", T0)

    assert (card.level, card.title) == (Level.WARNING, "Nobody is on call")
    assert "oncall.people" in plain(card.hint)

from datetime import timedelta

from bot.cards.card import Level
from bot.cards.marks import plain
from bot.oncall import cards, swap_cards
from bot.oncall.cards import Standing
from bot.oncall.layers import Span
from bot.oncall.timeline import Turn
from storage.records.rota import Swap, SwapState
from tests.fakes.ports import T0

DAY = timedelta(days=1)


def a_turn(following=("U0000TWO",), **changes):
    given = {"people": ("U0000ONE",), "since": T0, "until": T0 + 3 * DAY, "following": following}
    return Turn(**{**given, "resumes": T0 + 3 * DAY, **changes})


def standing(turn=None, **changes):
    return Standing(**{"name": "default", "zone": "Europe/Berlin", "turn": turn, **changes})


def said(card):
    return {field.label: plain(field.value) for field in card.fields}


def a_swap(**changes):
    given = {"id": 4, "schedule": "default", "offered_by": "U0000ONE", "starts_at": T0, "ends_at": T0 + DAY}
    return Swap(**{**given, "created_at": T0, **changes})


def test_it_says_who_is_on_call_until_when_and_who_follows():
    card = cards.overview([standing(a_turn())], T0)

    assert said(card) == {"Now": "U0000ONE", "Until": "2026-11-26 12:00 UTC (in 3 d)", "Next": "U0000TWO"}
    assert card.footer == "Handovers in Europe/Berlin"


def test_a_rota_of_one_says_so():
    assert said(cards.overview([standing(a_turn(("U0000ONE",)))], T0))["Next"] == "the same again"


def test_a_turn_that_nobody_follows_says_so():
    assert said(cards.overview([standing(a_turn((), resumes=None))], T0))["Next"] == "nobody"


def test_a_gap_after_a_turn_is_told_with_who_ends_it():
    card = cards.overview([standing(a_turn(resumes=T0 + 4 * DAY))], T0)

    assert said(card)["Next"] == "nobody until 2026-11-27 12:00 UTC, then U0000TWO"


def test_several_people_on_call_together_are_all_named():
    card = cards.overview([standing(a_turn(people=("U0000ONE", "U0000SIX")))], T0)

    assert said(card)["Now"] == "U0000ONE, U0000SIX"


def test_an_override_is_told_beside_the_person():
    assert said(cards.overview([standing(a_turn(source="override 3"))], T0))["Now"] == "U0000ONE (override 3)"


def test_an_empty_rota_says_where_pages_go_and_how_to_mend_it():
    card = cards.overview([standing()], T0)

    assert (card.level, card.title) == (Level.WARNING, "Nobody is on call")
    assert "oncall.people" in plain(card.hint)


def test_several_schedules_are_a_table_and_those_without_anybody_stand_in_the_title():
    card = cards.overview([standing(a_turn()), standing(name="payments")], T0)

    assert card.title == "On call in 2 schedules, nobody in payments"
    assert card.level is Level.WARNING
    assert [plain(row[1]) for row in card.table.rows] == ["U0000ONE", "nobody"]


def test_what_is_wrong_with_a_schedule_is_told_with_it():
    card = cards.overview([standing(a_turn(), problems=("nobody is on call tomorrow",))], T0)

    assert card.level is Level.WARNING
    assert card.body == ("Nobody is on call tomorrow.",)


def test_of_many_problems_the_rest_is_a_number():
    card = cards.overview([standing(a_turn(), problems=tuple(f"gap {n}" for n in range(9)))], T0)

    assert card.body == ("Gap 0; gap 1; gap 2; gap 3; gap 4; and 4 more.",)


def test_the_days_of_a_schedule_show_its_gaps():
    spans = [Span(since=T0, until=T0 + DAY, people=("U0000ONE",))]
    card = cards.days("payments", "Europe/Berlin", spans, (T0, T0 + 2 * DAY), 50)

    assert [plain(row[2]) for row in card.table.rows] == ["U0000ONE", "nobody"]
    assert [row[0] for row in card.table.rows] == ["Mon 2026-11-23 13:00", "Tue 2026-11-24 13:00"]
    assert (card.level, card.title) == (Level.WARNING, "payments: 1 turn in 2 d, 1 gap")


def test_an_open_offer_can_be_taken_and_withdrawn():
    assert [button.label for button in swap_cards.swap(a_swap()).buttons] == ["Take it", "Withdraw"]


def test_a_closed_offer_has_no_buttons_and_says_how_it_ended():
    for state, end in (
        (SwapState.TAKEN, "U0000TWO is on call instead of U0000ONE."),
        (SwapState.WITHDRAWN, "The offer was withdrawn."),
        (SwapState.PAST_DUE, "Nobody took it in time; the schedule stays as it is."),
    ):
        card = swap_cards.swap(a_swap(state=state, taken_by="U0000TWO"))
        assert (card.buttons, plain(card.body[0])) == ((), end)

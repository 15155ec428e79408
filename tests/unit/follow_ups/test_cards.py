"""What is said of follow-ups, of one and of several."""

from dataclasses import replace

import pytest

from bot.cards.marks import plain
from bot.follow_ups import cards
from storage.records.follow_ups import FollowUp, FollowUpStatus
from tests.fakes.ports import T0

ONE = FollowUp(id=1, incident=7, title="x", created_by="U1", created_at=T0)
TWO = replace(ONE, id=2)


@pytest.mark.parametrize(
    ("found", "title", "said"),
    [
        ([ONE], "⏰ 1 follow-up has no owner", "Its day is over, or nobody has set one for long. Who takes it?"),
        (
            [ONE, TWO],
            "⏰ 2 follow-ups have no owner",
            "Their day is over, or nobody has set one for long. Who takes them?",
        ),
    ],
)
def test_who_takes_it_is_asked_of_one_and_of_several(found: list[FollowUp], title: str, said: str) -> None:
    card = cards.forgotten(found)
    assert (card.title, card.body) == (title, (said,))


@pytest.mark.parametrize(("over", "of", "said"), [(0, 1, ""), (1, 1, "it is over"), (1, 2, "1 of them open")])
def test_how_many_of_a_postmortem_s_are_left_is_told(over: int, of: int, said: str) -> None:
    done = [replace(ONE, status=FollowUpStatus.DONE)] * over
    assert plain(cards.adopted(7, [*done, *[TWO] * (of - over)]).footer) == said

"""Who is next at SQLite's one writer."""

import sys
import threading
import time
from typing import Any

from storage.writer import HEAD_START, LONGEST_REST, REST, Turn, Turns


async def nothing(_conn: Any) -> None:
    """Work that does nothing."""


def turn(*, urgent: bool) -> Turn:
    return Turn(nothing, urgent, lambda _result, _error: None)


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Ticking(Clock):
    """A clock that goes on a little whenever it is looked at."""

    def __call__(self) -> float:
        self.now += HEAD_START / 10
        return self.now


def test_urgent_work_goes_before_what_came_earlier() -> None:
    turns = Turns(Clock())
    first, urgent, second = turn(urgent=False), turn(urgent=True), turn(urgent=False)
    for one in (first, urgent, second):
        turns.put(one)

    assert [turns.take() for _ in range(3)] == [urgent, first, second]


def test_urgent_work_keeps_the_order_in_which_it_came() -> None:
    turns = Turns(Clock())
    some = [turn(urgent=True) for _ in range(3)]
    for one in some:
        turns.put(one)

    assert [turns.take() for _ in range(3)] == some


def test_other_work_rests_after_its_turn_while_urgent_work_keeps_coming() -> None:
    clock = Clock()
    turns, urgent = Turns(clock), turn(urgent=True)
    turns.took(urgent, clock.now)
    begun = clock.now
    clock.now += 0.01
    turns.took(turn(urgent=False), begun)
    waiting, another = turn(urgent=False), turn(urgent=True)
    turns.put(waiting)
    turns.put(another)

    assert turns.take() is another
    clock.now += 0.01 * REST
    assert turns.take() is waiting


def test_other_work_leaves_a_moment_to_what_follows_from_an_urgent_unit_of_work() -> None:
    clock = Ticking()
    turns, waiting = Turns(clock), turn(urgent=False)
    turns.took(turn(urgent=True), clock.now)
    ended = clock.now
    turns.put(waiting)

    assert turns.take() is waiting
    assert clock.now >= ended + HEAD_START


def test_it_leaves_that_moment_behind_one_that_ran_elsewhere_too() -> None:
    clock = Ticking()
    turns, waiting = Turns(clock), turn(urgent=False)
    turns.head_start()
    ended = clock.now
    turns.put(waiting)

    assert turns.take() is waiting
    assert clock.now >= ended + HEAD_START


def test_other_work_goes_on_at_last_though_urgent_work_never_ends() -> None:
    clock = Clock()
    turns, waiting = Turns(clock), turn(urgent=False)
    turns.put(waiting)
    taken = []
    for _ in range(100):
        turns.put(turn(urgent=True))
        taken.append(turns.take())
        if taken[-1] is waiting:
            break
        turns.took(turn(urgent=True), clock.now)
        clock.now += LONGEST_REST / 10

    assert waiting in taken


def test_what_waits_is_done_before_the_end() -> None:
    turns = Turns(Clock())
    waiting, urgent = turn(urgent=False), turn(urgent=True)
    turns.put(waiting)
    turns.put(urgent)
    turns.end()

    assert {id(turns.take()), id(turns.take())} == {id(waiting), id(urgent)}
    assert turns.take() is None


def test_all_that_is_put_is_taken_while_others_put_more() -> None:
    turns, many = Turns(), 20_000
    taken: list[Turn] = []

    def take() -> None:
        while (one := turns.take()) is not None:
            taken.append(one)
            turns.took(one, time.monotonic())

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)  # what happens between two steps of one thread happens often
    try:
        taking = threading.Thread(target=take, daemon=True)
        taking.start()
        for number in range(many):
            turns.put(turn(urgent=number % 20 == 0))
        turns.end()
        taking.join(60)
    finally:
        sys.setswitchinterval(before)
    assert len(taken) == many

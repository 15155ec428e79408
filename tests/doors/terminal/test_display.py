"""What one sees while the bot starts and while a slow command runs."""

import asyncio
from collections.abc import Callable
from io import StringIO

import pytest
from rich.console import Console

from bot.cards.card import Card
from handlers.terminal import manage
from handlers.terminal.display import Display


@pytest.fixture
def out() -> Console:
    return Console(file=StringIO(), width=80)


@pytest.fixture
def terminal() -> Console:
    return Console(file=StringIO(), width=80, force_terminal=True)


def printed(console: Console) -> str:
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def test_a_step_that_is_done_is_ticked_with_its_time(out: Console) -> None:
    with Display(out, 0).step("Database"):
        pass
    assert printed(out).startswith("  ✓ Database")
    assert printed(out).endswith("0.00 s\n")


def test_a_step_that_fails_is_crossed(out: Console) -> None:
    with pytest.raises(ValueError, match="away"), Display(out, 0).step("Database"):
        raise ValueError("away")
    assert printed(out).startswith("  ✗ Database")


def test_no_step_is_wider_than_a_small_terminal(out: Console) -> None:
    with Display(out, 0).step("x" * 200):
        pass
    assert printed(out).count("\n") == 1


def test_a_step_leaves_no_spinner_behind(terminal: Console) -> None:
    with Display(terminal, 0).step("Database"):
        pass
    assert printed(terminal).rstrip().splitlines()[-1].endswith("s\x1b[0m")
    assert printed(terminal).count("✓") == 1


async def eventually(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - a terminal raises no event
            await asyncio.sleep(0.01)


async def test_a_slow_command_shows_how_far_it_is(terminal: Console) -> None:
    async with manage._progress(terminal, quiet=False, patience=0) as progress:
        assert progress
        await progress(Card(title="Probing [all]", steps=("2 of 5",)))
        await eventually(lambda: "Probing [all]  2 of 5" in printed(terminal))


def test_what_is_written_so_far_is_seen_by_its_end() -> None:
    card = Card(title="how is it?", body=("first " * 40, "last words"))
    assert str(manage.seen(card, 40, 6)).splitlines() == ["how is it?", "first first first first ", "", "last words"]


def test_a_long_title_stays_one_line() -> None:
    assert len(str(manage.seen(Card(title="x" * 200, steps=("one",)), 40, 6))) == 38


async def test_a_quick_command_shows_nothing(terminal: Console) -> None:
    async with manage._progress(terminal, quiet=False):
        pass
    assert "One moment" not in printed(terminal)


async def test_what_is_no_terminal_sees_no_progress(out: Console) -> None:
    async with manage._progress(out, quiet=False) as progress:
        assert progress is None

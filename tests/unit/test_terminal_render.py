import io
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from rich.cells import cell_len
from rich.console import Console

from bot.cards.card import Button, Card, CommandLine, Field, Level, Link, Moment, Table
from handlers.terminal.render import console, show
from tests.property.cards import cards

NOW = datetime(2026, 11, 23, 3, 12, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
HEALTH = Card(
    title="Health: 1 of 2 checks is down",
    level=Level.BAD,
    table=Table(
        columns=("check", "status", "latency", "since", "detail"),
        rows=(
            ("store", "healthy", "2 ms", Moment(NOW - timedelta(hours=3)), "SQLite"),
            (
                "PostgreSQL primary",
                "down",
                "—",
                Moment(NOW - timedelta(minutes=4)),
                "connection refused by the host " * 4,
            ),
        ),
        numeric=frozenset({"latency"}),
    ),
)


class Window(io.StringIO):
    """A terminal."""

    def isatty(self):
        return True


def piped(card):
    stream = io.StringIO()
    show(card, console(stream), now=NOW, zone=BERLIN)
    return stream.getvalue()


def windowed(card, width):
    stream = Window()
    out = Console(
        file=stream, width=width, force_terminal=True, color_system=None, highlight=False, emoji=False, markup=False
    )
    show(card, out, now=NOW, zone=BERLIN)
    return stream.getvalue()


def test_a_pipe_gets_plain_lines_of_full_length():
    said = piped(HEALTH)

    assert "\x1b" not in said
    assert ("connection refused by the host " * 4).strip() in said
    assert said.splitlines()[3] == "  store               healthy     2 ms  3 h ago    SQLite"


def test_a_stream_that_cannot_write_a_sign_gets_a_replacement():
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")

    show(Card(title="Said", level=Level.OK), console(stream), now=NOW, zone=BERLIN)
    stream.flush()

    assert raw.getvalue() == b"? Said\n"


def test_no_line_ends_in_spaces():
    assert not [line for line in piped(HEALTH).splitlines() if line != line.rstrip()]


@pytest.mark.parametrize("width", [40, 60, 80, 200])
def test_no_line_is_wider_than_the_window(width):
    assert max(cell_len(line) for line in windowed(HEALTH, width).splitlines()) <= width


def test_a_wide_table_becomes_records_in_a_narrow_window():
    lines = windowed(HEALTH, 60).splitlines()

    assert "  PostgreSQL primary" in lines
    assert "    status   down" in lines


def test_a_terminal_gets_colours(monkeypatch):
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    stream = Window()

    show(HEALTH, console(stream, width=80), now=NOW, zone=BERLIN)

    assert "\x1b[31mdown" in stream.getvalue()


def test_no_color_is_respected(monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    stream = Window()

    show(HEALTH, console(stream, width=80), now=NOW, zone=BERLIN)

    assert "\x1b[3" not in stream.getvalue()


def test_times_are_told_in_the_readers_zone_with_the_day_when_it_is_another():
    card = Card(title="t", body=((Moment(NOW, "date"), " after ", Moment(NOW - timedelta(days=1), "date")),))

    assert "04:12 CET after 2026-11-22 04:12 CET" in piped(card)


def test_buttons_are_offered_as_commands_to_type():
    card = Card(
        title="t",
        buttons=(Button(label="Acknowledge", argv=("ack", "1")), Button(label="Docs", url="https://x.example")),
    )

    assert piped(card).splitlines()[2:] == ["  Acknowledge  ./do manage ack 1", "  Docs         https://x.example"]


def test_a_link_shows_its_address():
    assert "Runbook  Down (https://x.example)" in piped(
        Card(title="t", fields=(Field(label="Runbook", value=Link("https://x.example", "Down")),))
    )


def test_command_lines_are_spelled_for_the_program_in_use():
    stream = io.StringIO()

    show(Card(title="t", hint=CommandLine(("help",))), console(stream), now=NOW, zone=BERLIN, command="do-manage")

    assert "do-manage manage help" in stream.getvalue()


@pytest.mark.parametrize(
    ("level", "sign"), [(Level.OK, "✓"), (Level.BAD, "✗"), (Level.USAGE, "?"), (Level.DENIED, "⊘")]
)
def test_the_level_shows_without_colour(level, sign):
    assert piped(Card(title="Said", level=level)) == f"{sign} Said\n"


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(cards)
def test_any_card_prints_without_control_sequences_of_its_own(card):
    said = piped(card)

    assert said.strip()
    assert not set(said) & set("\x00\x07\x1b\u202e")

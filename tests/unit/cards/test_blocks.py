from datetime import UTC, datetime, timedelta

from bot.cards.blocks import COLOURS, render
from bot.cards.card import Accent, Button, Card, CommandLine, Field, Moment, Person, Table

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def kinds(blocks):
    return [block["type"] for block in blocks]


def notes(message):
    return [block["elements"][0]["text"] for block in message.blocks if block["type"] == "context"]


def test_a_short_answer_is_a_line_in_bold_without_a_header():
    message = render(Card(title="Acknowledged #1", body=("Escalation has stopped.",)), NOW)

    assert kinds(message.blocks) == ["rich_text", "rich_text"]
    assert message.blocks[0]["elements"][0]["elements"] == [
        {"type": "text", "text": "Acknowledged #1", "style": {"bold": True}}
    ]


def test_a_live_card_has_its_title_above_and_the_rest_in_its_colour():
    card = Card(title="#1 down", accent=Accent.HIGH, fields=(Field(label="Severity", value="high"),))

    message = render(card, NOW)

    assert kinds(message.blocks) == ["header"]
    assert [(a["color"], kinds(a["blocks"])) for a in message.attachments] == [(COLOURS[Accent.HIGH], ["section"])]


def test_parts_stand_in_reading_order():
    card = Card(
        title="t",
        body=("b",),
        fields=(Field(label="l", value="v"),),
        table=Table(columns=("c",), rows=(("r",),)),
        steps=("s",),
        buttons=(Button(label="Go", argv=("go",)),),
        footer="f",
        hint="h",
    )

    assert kinds(render(card, NOW).blocks) == [
        "header",
        "rich_text",
        "section",
        "rich_text",
        "rich_text",
        "actions",
        "context",
        "context",
    ]


def test_the_notification_text_is_the_title_and_the_first_line():
    card = Card(title="Down & out", body=("", ("since ", Moment(NOW)), "more"))

    assert render(card, NOW).text == "Down &amp; out\nsince <!date^1795435200^{time}|12:00 UTC>"


def test_a_button_carries_its_command_line():
    card = Card(
        title="t",
        buttons=(
            Button(
                label="Resolve", argv=("resolve", "1", "--comment", "all good"), style="danger", confirm="Resolve #1?"
            ),
            Button(label="Declare", argv=("incident", "declare"), form=True),
            Button(label="Runbook", url="https://x.example"),
        ),
    )

    resolve, declare, runbook = render(card, NOW).blocks[-1]["elements"]

    assert (resolve["action_id"], resolve["value"]) == ("run:0", "resolve 1 --comment 'all good'")
    assert (resolve["style"], resolve["confirm"]["text"]["text"]) == ("danger", "Resolve #1?")
    assert (declare["action_id"], declare["value"]) == ("form:1", "incident declare")
    assert (runbook["action_id"], runbook["url"], "value" in runbook) == ("link:2", "https://x.example", False)


def test_a_command_too_long_for_a_button_is_left_out_and_said_so():
    message = render(Card(title="t", buttons=(Button(label="Go", argv=("x" * 2001,)),)), NOW)

    assert "actions" not in kinds(message.blocks)
    assert notes(message) == ["… 1 more button"]


def test_rows_that_do_not_fit_are_counted_with_the_command_that_shows_them():
    rows = tuple((f"check {number}", "x" * 60) for number in range(300))
    card = Card(title="t", table=Table(columns=("check", "detail"), rows=rows), more=("alerts", "--page", "2"))

    message = render(card, NOW, command="/ops")

    shown = message.blocks[1]["elements"][0]["elements"][0]["text"].splitlines()
    assert notes(message) == [f"… {300 - len(shown) + 1} more rows, see `/ops manage alerts --page 2`"]


def test_a_table_is_aligned_with_numbers_to_the_right_and_moments_as_ages():
    table = Table(
        columns=("check", "latency", "since"),
        rows=(("store", "2 ms", Moment(NOW - timedelta(minutes=3))), ("redis", "140 ms", Moment(NOW))),
        numeric=frozenset({"latency"}),
    )

    text = render(Card(title="t", table=table), NOW).blocks[1]["elements"][0]["elements"][0]["text"]

    assert text.splitlines() == ["check  latency  since", "store     2 ms  3 min ago", "redis   140 ms  now"]


def test_a_table_is_no_wider_than_a_message():
    table = Table(columns=("check", "detail"), rows=(("a" * 90, "b" * 200), ("short", "c")))

    text = render(Card(title="t", table=table), NOW).blocks[1]["elements"][0]["elements"][0]["text"]

    assert max(map(len, text.splitlines())) == 76


def test_a_table_with_people_becomes_a_list_that_can_mention_them():
    table = Table(columns=("alert", "who"), rows=(("#1", Person("U012AB3CD")),))

    lines = render(Card(title="t", table=table), NOW).blocks[1]["elements"][0]

    assert lines["type"] == "rich_text_list"
    assert lines["elements"][0]["elements"][-1] == {"type": "user", "user_id": "U012AB3CD"}


def test_an_empty_table_shows_nothing():
    assert kinds(render(Card(title="t", table=Table(columns=("a",), rows=())), NOW).blocks) == ["header"]


def test_command_lines_are_spelled_with_the_slash_command_in_use():
    message = render(Card(title="t", hint=("Take it: ", CommandLine(("ack", "1")))), NOW, command="/ops")

    assert notes(message) == ["Take it: `/ops manage ack 1`"]

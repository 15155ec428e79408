from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from bot.cards.card import Bold, Button, Card, Code, CommandLine, Field, Level, Link, Moment, Table
from bot.cards.json import json_value, rfc3339, to_json
from bot.cards.text import to_markdown, to_text
from storage.records.alerts import Severity

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
CARD = Card(
    title="Health",
    level=Level.BAD,
    body=(("One check is ", Bold("down"), "."),),
    fields=(Field(label="Since", value=Moment(NOW)), Field(label="Runbook", value=Link("https://x.example", "Down"))),
    table=Table(columns=("check", "ms"), rows=(("a|b", "12"),), numeric=frozenset({"ms"})),
    steps=(("run ", Code("ls | wc")),),
    buttons=(Button(label="Acknowledge", argv=("ack", "1")),),
    hint=("Then ", CommandLine(("alerts",))),
)


def test_plain_text_has_every_part_and_the_commands_of_buttons():
    assert to_text(CARD, NOW, command="./do") == (
        "Health\n\nOne check is down.\n\nSince: 12:00 UTC\nRunbook: Down (https://x.example)\n\n"
        "check  ms\na|b    12\n\n- run ls | wc\n\nAcknowledge: ./do manage ack 1\n\nThen ./do manage alerts\n"
    )


def test_markdown_has_every_part():
    assert to_markdown(CARD) == (
        "# Health\n\nOne check is **down**.\n\n- **Since:** 12:00 UTC\n- **Runbook:** [Down](https://x.example)\n\n"
        "| check | ms |\n| --- | ---: |\n| a\\|b | 12 |\n\n- run `ls | wc`\n\n_Then `/do manage alerts`_\n"
    )


def test_markdown_is_not_written_by_what_was_said():
    card = Card(title="<b> # *x*", body=("[a](javascript:x)\n# heading",))

    assert to_markdown(card) == ("# &lt;b&gt; \\# \\*x\\*\n\n\\[a\\](javascript:x) \\# heading\n")


def test_code_spans_that_touch_stay_two():
    assert to_markdown(Card(title="t", body=((Code("a"), Code("b`c")),))) == "# t\n\n`a` `` b`c ``\n"


def test_json_is_derived_from_the_parts():
    assert to_json(CARD) == {
        "title": "Health",
        "level": "bad",
        "body": ["One check is down."],
        "fields": {"Since": "2026-11-23T12:00:00Z", "Runbook": "https://x.example"},
        "rows": [{"check": "a|b", "ms": "12"}],
        "steps": ["run ls | wc"],
        "hint": "Then /do manage alerts",
    }


def test_json_is_the_cards_data_when_it_has_some():
    card = Card(title="t", level=Level.OK, body=("not said",), data={"level": 9, "id": 1, "at": NOW})

    assert to_json(card) == {"title": "t", "level": "ok", "id": 1, "at": "2026-11-23T12:00:00Z"}


def test_json_values_are_plain():
    value = {Severity.HIGH: (timedelta(seconds=90), float("nan"), Field(label="a", value="b"), {1}, NOW.date())}

    assert json_value(value) == {"high": [90.0, None, {"label": "a", "value": "b"}, [1], "2026-11-23"]}


def test_times_are_rfc_3339_in_utc():
    assert rfc3339(NOW.astimezone(ZoneInfo("Asia/Kolkata")).replace(microsecond=5)) == "2026-11-23T12:00:00.000005Z"

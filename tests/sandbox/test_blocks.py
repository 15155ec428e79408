"""Block Kit: what Slack accepts passes, what it refuses is named with its place."""

from typing import Any

import pytest

from bot.sandbox.blocks import check, with_ids
from tests.sandbox.conftest import button, field, plain


def section(**more: object) -> dict[str, object]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": "x"}, **more}


def option(value: str = "1") -> dict[str, object]:
    return {"text": plain("One"), "value": value}


def select(**more: object) -> dict[str, object]:
    return {"type": "static_select", "action_id": "s", "placeholder": plain("p"), "options": [option()], **more}


CONFIRM = {"title": plain("Sure?"), "text": plain("Really?"), "confirm": plain("Yes"), "deny": plain("No")}
GOOD = [
    {"type": "header", "text": plain("h" * 150)},
    section(fields=[plain("f" * 2000)] * 10, accessory=button("a")),
    {"type": "section", "fields": [plain("f")]},
    {
        "type": "context",
        "elements": [plain("c"), {"type": "image", "image_url": "https://x.example/", "alt_text": "x"}],
    },
    {"type": "actions", "elements": [button("a") | {"style": "danger", "confirm": CONFIRM}, select()]},
    {
        "type": "actions",
        "elements": [{"type": "overflow", "action_id": "o", "options": [option(str(n)) for n in range(5)]}],
    },
    {"type": "image", "image_url": "https://x.example/a.png", "alt_text": "a"},
    {"type": "divider"},
    {"type": "markdown", "text": "**x**"},
    {"type": "table", "rows": [[{"type": "raw_text", "text": "a"}] * 20] * 100},
    {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": "x"}]}]},
    field("a", hint=plain("h"), optional=True),
    {"type": "actions", "elements": [select(initial_option=option())]},
]
MANY = [option(str(number)) for number in range(101)]


@pytest.mark.parametrize("block", GOOD, ids=lambda block: block["type"])
def test_a_good_block_has_no_problem(block: dict[str, Any]) -> None:
    assert check([block], "message") == []


@pytest.mark.parametrize(
    ("block", "problem"),
    [
        ({"type": "sektion"}, "unsupported type: sektion [json-pointer:/blocks/0/type]"),
        ({"type": "alert", "text": plain("x")}, "unsupported type: alert [json-pointer:/blocks/0/type]"),
        ({"type": "section"}, "missing required field: text [json-pointer:/blocks/0]"),
        (section(colour="red"), "invalid additional property: colour [json-pointer:/blocks/0]"),
        (section(text=plain("")), "must be more than 0 characters [json-pointer:/blocks/0/text/text]"),
        (section(text=plain("x" * 3001)), "must be less than 3001 characters [json-pointer:/blocks/0/text/text]"),
        (section(fields=[plain("x")] * 11), "no more than 10 items allowed [json-pointer:/blocks/0/fields]"),
        (
            section(fields=[plain("x" * 2001)]),
            "must be less than 2001 characters [json-pointer:/blocks/0/fields/0/text]",
        ),
        (section(block_id="x" * 256), "must be less than 256 characters [json-pointer:/blocks/0/block_id]"),
        (
            {"type": "header", "text": {"type": "mrkdwn", "text": "x"}},
            "unsupported type: mrkdwn [json-pointer:/blocks/0/text/type]",
        ),
        (
            {"type": "header", "text": plain("x" * 151)},
            "must be less than 151 characters [json-pointer:/blocks/0/text/text]",
        ),
        (
            {"type": "actions", "elements": [button(str(n)) for n in range(26)]},
            "no more than 25 items allowed [json-pointer:/blocks/0/elements]",
        ),
        (
            {"type": "actions", "elements": []},
            "no fewer than 1 items allowed [json-pointer:/blocks/0/elements]",
        ),
        (
            {"type": "actions", "elements": [button("a"), button("a")]},
            "action_id already exists: a [json-pointer:/blocks/0/elements/1]",
        ),
        (
            {"type": "actions", "elements": [button("a") | {"style": "loud"}]},
            "must be one of: primary, danger [json-pointer:/blocks/0/elements/0/style]",
        ),
        (
            {"type": "actions", "elements": [button("a") | {"text": plain("x" * 76)}]},
            "must be less than 76 characters [json-pointer:/blocks/0/elements/0/text/text]",
        ),
        (
            {"type": "actions", "elements": [button("a", "x" * 2001)]},
            "must be less than 2001 characters [json-pointer:/blocks/0/elements/0/value]",
        ),
        (
            {"type": "actions", "elements": [select(options=MANY)]},
            "no more than 100 items allowed [json-pointer:/blocks/0/elements/0/options]",
        ),
        (
            {"type": "actions", "elements": [select(options=[option("x" * 151)])]},
            "must be less than 151 characters [json-pointer:/blocks/0/elements/0/options/0/value]",
        ),
        (
            {"type": "actions", "elements": [select(options=[option(), option()])]},
            "option values must be unique [json-pointer:/blocks/0/elements/0/options]",
        ),
        (
            {"type": "actions", "elements": [select(options=None)]},
            "exactly one of options and option_groups is required [json-pointer:/blocks/0/elements/0]",
        ),
        (
            {"type": "actions", "elements": [select(initial_option=option("2"))]},
            "initial option must be one of the options [json-pointer:/blocks/0/elements/0/initial_option]",
        ),
        (
            {"type": "context", "elements": [plain("x")] * 11},
            "no more than 10 items allowed [json-pointer:/blocks/0/elements]",
        ),
        (
            {"type": "image", "image_url": "https://x.example/"},
            "missing required field: alt_text [json-pointer:/blocks/0]",
        ),
        ({"type": "image", "alt_text": "x"}, "missing required field: image_url [json-pointer:/blocks/0]"),
        (
            {"type": "table", "rows": [[{"type": "raw_text", "text": "a"}]] * 101},
            "no more than 100 items allowed [json-pointer:/blocks/0/rows]",
        ),
    ],
)
def test_a_wrong_block_is_refused_with_its_place(block: dict[str, Any], problem: str) -> None:
    assert problem in check([block], "message")


def test_every_block_and_element_gets_an_id_that_stays() -> None:
    named = with_ids(
        [{"type": "actions", "elements": [{"type": "button", "text": plain("x")}]}, section(block_id="mine")]
    )
    assert named[0]["block_id"]
    assert named[0]["elements"][0]["action_id"]
    assert named[1]["block_id"] == "mine"

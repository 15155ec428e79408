"""Any card is a message that Slack takes, and says nothing in Slack's own language that the card did not mean."""

import json
import shlex
from datetime import UTC, datetime

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from slack_sdk.models.blocks import Block
from slack_sdk.models.views import View

from bot.cards.blocks import render
from bot.cards.card import Button, Card, Person, Room, Table
from bot.cards.form import errors, form, values
from bot.cards.json import to_json
from bot.cards.text import to_markdown, to_text
from bot.sandbox.blocks import check, total_text
from tests.property.cards import HOSTILE, cards, forms, texts
from tests.property.slack_limits import problems_of_message, problems_of_view

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
commonmark = MarkdownIt("commonmark").enable("table")
slow = settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


@slow
@given(cards)
def test_any_card_is_within_slacks_limits(card):
    message = render(card, NOW)

    assert problems_of_message(message.text, message.blocks, message.attachments) == []


@slow
@given(cards)
def test_any_card_passes_slack_sdks_own_models(card):
    message = render(card, NOW)

    for block in [*message.blocks, *(block for a in message.attachments for block in a["blocks"])]:
        parsed = Block.parse(block)
        assert parsed is not None
        parsed.validate_json()


@slow
@given(cards)
@example(Card(title="t", table=Table(columns=(), rows=((("<!channel>",) * 6),) * 130)))
def test_any_card_is_taken_by_the_sandbox_workspace(card):
    message = render(card, NOW)

    for blocks in (message.blocks, *(attachment["blocks"] for attachment in message.attachments)):
        assert check(blocks, "message") == []
    assert total_text([message.blocks, message.attachments]) <= 9000


@slow
@given(forms)
def test_any_form_is_taken_by_the_sandbox_workspace(fields):
    assert check(form("t", fields, callback_id="form")["blocks"], "modal") == []


@slow
@given(cards)
def test_any_card_can_be_sent_as_json_in_utf_8(card):
    message = render(card, NOW)

    json.dumps([message.text, message.blocks, message.attachments], ensure_ascii=False).encode()


@slow
@given(st.lists(st.sampled_from(HOSTILE), min_size=1, max_size=6).map(" ".join))
def test_plain_text_never_mentions_links_or_dates(said):
    card = Card(
        title=said, body=(said,), footer=said, hint=said, steps=(said,), buttons=(Button(label=said, url=said),)
    )

    message = render(card, NOW)

    everything = json.dumps([message.blocks, message.attachments], ensure_ascii=False) + message.text
    assert not [token for token in ("<!", "<@", "<#", "<http", "<mailto", '"user"', '"link"') if token in everything]


@slow
@given(st.text(max_size=30))
def test_only_what_looks_like_an_id_becomes_a_mention(name):
    card = Card(title="t", body=((Person(name), Room(name)),), footer=(Person(name), Room(name)))

    message = json.dumps(render(card, NOW).blocks)

    if not name.isascii() or not name.isalnum() or not name.isupper():
        assert '"user"' not in message
        assert '"channel"' not in message
        assert "<@" not in message
        assert "<#" not in message


@slow
@given(cards)
def test_every_button_that_is_shown_runs_exactly_its_command(card):
    message = render(card, NOW)

    blocks = [*message.blocks, *(block for a in message.attachments for block in a["blocks"])]
    shown = [element for block in blocks if block["type"] == "actions" for element in block["elements"]]
    for element in shown:
        kind, _, number = element["action_id"].partition(":")
        button = card.buttons[int(number)]
        if kind == "link":
            assert button.url
        else:
            assert tuple(shlex.split(element["value"])) == button.argv
            assert (kind == "form") == button.form


def _tokens(text):
    for token in commonmark.parse(text):
        yield token
        yield from token.children or ()


@slow
@given(cards)
def test_any_card_has_a_text_a_markdown_and_a_json_form(card):
    assert to_text(card, NOW).strip() or not card.title.strip()
    assert not {token.type for token in _tokens(to_markdown(card))} & {"html_inline", "html_block", "image", "fence"}
    derived = to_json(card)
    assert {"title", "level"} <= derived.keys()
    json.dumps(derived, allow_nan=False)


@slow
@given(forms, texts, texts)
def test_any_form_is_within_slacks_limits(fields, title, submit):
    view = form(title, fields, callback_id="form", submit=submit)

    assert problems_of_view(view) == []
    View(**view).validate_json()


@slow
@given(forms, st.data())
def test_what_is_chosen_in_a_form_comes_back_as_it_was_offered(fields, data):
    view = form("t", fields, callback_id="form")
    state, chosen = {}, {}
    for field, block in zip(fields, view["blocks"], strict=False):
        element = block["element"]
        if element["type"] != "static_select":
            continue
        options = [o for group in element.get("option_groups", [element]) for o in group["options"]]
        number = data.draw(st.integers(0, len(options) - 1))
        state[field.name] = {"value": {"selected_option": options[number]}}
        chosen[field.name] = list(dict.fromkeys(field.options))[number]

    entered = values({"values": state}, fields)

    assert {name: entered.get(name, "") for name in chosen} == chosen


@slow
@given(st.dictionaries(st.from_regex(r"[a-z]{1,9}", fullmatch=True), texts))
def test_errors_keep_their_fields_and_always_say_something(problems):
    assert errors(problems).keys() == problems.keys()
    assert all(0 < len(said) <= 300 for said in errors(problems).values())

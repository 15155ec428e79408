"""Every element of Block Kit that can be pressed, chosen or typed in, used in a real browser."""

from typing import Any

import pytest
from playwright.async_api import Page, expect
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox import Workspace
from tests.sandbox.conftest import Online, button, field, modal, plain
from tests.sandbox.test_page import page, workspace  # noqa: F401 - fixtures

pytestmark = pytest.mark.browser

OPTIONS = [{"text": plain("One hour"), "value": "60"}, {"text": plain("One day"), "value": "1440"}]
SURE = {"title": plain("Sure?"), "text": plain("It wakes people."), "confirm": plain("Do it"), "deny": plain("No")}
ELEMENTS = [
    button("danger", "7") | {"confirm": SURE},
    {"type": "static_select", "action_id": "snooze", "placeholder": plain("Snooze"), "options": OPTIONS},
    {"type": "users_select", "action_id": "assign", "placeholder": plain("Assign")},
    {"type": "overflow", "action_id": "more", "options": OPTIONS},
    {"type": "datepicker", "action_id": "day", "placeholder": plain("Day")},
]


async def test_the_elements_of_a_message_report_what_was_chosen(
    workspace: Workspace,  # noqa: F811
    page: Page,  # noqa: F811
    app: AsyncApp,
    client: AsyncWebClient,
    online: Online,
) -> None:
    seen: list[Any] = []

    @app.action({"block_id": "all"})
    async def chosen(ack: AsyncAck, action: dict[str, Any]) -> None:
        await ack()
        keys = ("value", "selected_user", "selected_date")
        option = action.get("selected_option") or {}
        seen.append((action["action_id"], option.get("value") or next(action[key] for key in keys if key in action)))

    async with online(app):
        blocks = [{"type": "actions", "block_id": "all", "elements": ELEMENTS}]
        await client.chat_postMessage(channel="#alerts", text="card", blocks=blocks)
        await page.get_by_role("button", name="Press").click()
        await page.get_by_role("button", name="No", exact=True).click()
        await page.get_by_role("button", name="Press").click()
        await page.get_by_role("button", name="Do it").click()
        await page.get_by_label("Snooze").select_option("1440")
        await page.get_by_label("Assign").select_option("U0LEAD")
        await page.get_by_role("button", name="More actions").click()
        await page.get_by_role("menuitem", name="One hour").click()
        await page.get_by_label("Day").fill("2026-11-23")
        await page.get_by_label("Day").blur()
        await workspace.until(lambda: len(seen) == 5)
        await workspace.idle()
    assert sorted(seen) == [
        ("assign", "U0LEAD"),
        ("danger", "7"),
        ("day", "2026-11-23"),
        ("more", "60"),
        ("snooze", "1440"),
    ]


INPUTS = {
    "text": {"type": "plain_text_input", "multiline": True},
    "number": {"type": "number_input", "is_decimal_allowed": False},
    "select": {"type": "static_select", "options": OPTIONS},
    "user": {"type": "users_select"},
    "boxes": {"type": "checkboxes", "options": OPTIONS},
    "radio": {"type": "radio_buttons", "options": OPTIONS, "initial_option": OPTIONS[0]},
    "time": {"type": "timepicker"},
    "moment": {"type": "datetimepicker", "initial_date_time": 1_700_000_040},
    "channel": {"type": "conversations_select"},
}


async def test_the_inputs_of_a_modal_report_what_was_entered(
    workspace: Workspace,  # noqa: F811
    page: Page,  # noqa: F811
    app: AsyncApp,
    client: AsyncWebClient,
    online: Online,
) -> None:
    submitted: list[dict[str, Any]] = []

    @app.shortcut("declare_any")
    async def declare(ack: AsyncAck, body: dict[str, Any]) -> None:
        await ack()
        blocks = [
            field(name, label=plain(name), element=element | {"action_id": "value"}) for name, element in INPUTS.items()
        ]
        await client.views_open(trigger_id=body["trigger_id"], view=modal(*blocks))

    @app.view("form")
    async def form(ack: AsyncAck, view: dict[str, Any]) -> None:
        await ack()
        submitted.append(view["state"]["values"])

    async with online(app):
        await page.get_by_role("button", name="Commands and shortcuts").click()
        await page.get_by_role("menuitem", name="Declare incident").click()
        dialog = page.get_by_role("dialog")
        await dialog.get_by_label("text", exact=True).fill("two\nlines")
        await dialog.get_by_label("number", exact=True).fill("42")
        await dialog.get_by_label("select", exact=True).select_option("1440")
        await dialog.get_by_label("user", exact=True).select_option("U0ONCALL")
        await dialog.get_by_role("checkbox", name="One day").check()
        await dialog.get_by_role("radio", name="One day").check()
        await dialog.get_by_label("time", exact=True).fill("09:30")
        await dialog.get_by_label("channel", exact=True).select_option("C0ALERTS")
        await dialog.get_by_role("button", name="Send").click()
        await expect(dialog).to_be_hidden()
    entered = {name: {k: v for k, v in value["value"].items() if k != "type"} for name, value in submitted[0].items()}
    assert entered == {
        "text": {"value": "two\nlines"},
        "number": {"value": "42"},
        "select": {"selected_option": OPTIONS[1]},
        "user": {"selected_user": "U0ONCALL"},
        "boxes": {"selected_options": [OPTIONS[1]]},
        "radio": {"selected_option": OPTIONS[1]},
        "time": {"selected_time": "09:30"},
        "moment": {"selected_date_time": 1_700_000_040},
        "channel": {"selected_conversation": "C0ALERTS"},
    }
    assert workspace.violations == []

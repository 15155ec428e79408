"""The page in a real browser, with a real Bolt app behind it."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from playwright.async_api import Page, expect
from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncRespond
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox import Options, Workspace, serve
from tests.sandbox.conftest import SHORTCUTS, Online, button, field, modal
from tests.servers.chromium import visited

pytestmark = pytest.mark.browser


@pytest.fixture
async def workspace() -> AsyncIterator[Workspace]:
    async with serve(options=Options(shortcuts=SHORTCUTS, demo_port=0)) as running:
        yield running


@pytest.fixture
async def page(workspace: Workspace, chromium: str) -> AsyncIterator[Page]:
    async with visited(chromium, workspace.url) as opened:
        await expect(opened.get_by_role("heading", name="# alerts", exact=True)).to_be_visible()
        yield opened


async def write(page: Page, text: str) -> None:
    await page.get_by_role("textbox", name="Message").fill(text)
    await page.keyboard.press("Enter")


async def test_a_command_is_completed_sent_and_answered_to_oneself(page: Page, app: AsyncApp, online: Online) -> None:
    @app.command("/do")
    async def run(ack: AsyncAck, respond: AsyncRespond, command: dict[str, Any]) -> None:
        await ack()
        await respond(f"*{command['text']}* is `fine`")

    async with online(app):
        box = page.get_by_role("textbox", name="Message #alerts")
        await box.press_sequentially("/d")
        await expect(page.get_by_role("option", name="/do")).to_be_visible()
        await page.keyboard.press("Tab")
        await box.press_sequentially("manage health")
        await page.keyboard.press("Enter")
        answer = page.get_by_role("article").last
        await expect(answer).to_contain_text("Only visible to you")
        await expect(answer.locator("strong", has_text="manage health")).to_be_visible()
        await expect(page.locator(".guide li").first).to_have_class("done")
        await answer.get_by_role("button", name="Dismiss").click()
        await expect(answer).to_be_hidden()


async def test_a_modal_shows_errors_keeps_values_and_closes(
    page: Page, app: AsyncApp, client: AsyncWebClient, online: Online
) -> None:
    submitted: list[str] = []

    @app.action("open")
    async def opened(ack: AsyncAck, body: dict[str, Any]) -> None:
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=modal(field("what"), field("why", optional=True)))

    @app.view("form")
    async def form(ack: AsyncAck, view: dict[str, Any]) -> None:
        value = view["state"]["values"]["what"]["value"]["value"]
        submitted.append(value)
        await (ack() if value == "good" else ack(response_action="errors", errors={"what": "Say good."}))

    async with online(app):
        blocks = [{"type": "actions", "elements": [button("open")]}]
        await client.chat_postMessage(channel="#alerts", text="card", blocks=blocks)
        await page.get_by_role("button", name="Press").click()
        dialog = page.get_by_role("dialog")
        await dialog.get_by_role("button", name="Send").click()
        await expect(dialog.get_by_role("alert").first).to_have_text("Please complete this required field.")
        await dialog.get_by_label("What?").first.fill("bad")
        await page.keyboard.press("Enter")
        await expect(dialog.get_by_role("alert").first).to_have_text("Say good.")
        await expect(dialog.get_by_label("What?").first).to_have_value("bad")
        await dialog.get_by_label("What?").first.fill("good")
        await dialog.get_by_role("button", name="Send").click()
        await expect(dialog).to_be_hidden()
    assert submitted == ["bad", "good"]


async def test_escape_closes_a_modal_and_the_app_knows(
    workspace: Workspace, page: Page, app: AsyncApp, client: AsyncWebClient, online: Online
) -> None:
    @app.shortcut("declare")
    async def declare(ack: AsyncAck, body: dict[str, Any]) -> None:
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=modal())

    async with online(app):
        await workspace.person("U0LEAD").say("#alerts", "it burns")
        await page.get_by_role("article").hover()
        await page.get_by_role("button", name="More").click()
        await page.get_by_role("menuitem", name="Declare incident").click()
        await expect(page.get_by_role("dialog")).to_be_visible()
        await page.keyboard.press("Escape")
        await expect(page.get_by_role("dialog")).to_be_hidden()
        assert workspace.person("U0YOU").modal is None


async def test_a_reaction_goes_on_and_off_by_keyboard(
    workspace: Workspace, page: Page, app: AsyncApp, online: Online
) -> None:
    app.event("message")(_nothing)
    app.event("reaction_added")(_nothing)
    app.event("reaction_removed")(_nothing)
    async with online(app):
        message = await workspace.person("U0LEAD").say("#alerts", "look")
        await page.get_by_role("article").focus()
        await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")
        await workspace.until(lambda: message.reactions == {"eyes": ["U0YOU"]})
        mine = page.get_by_role("button", name="eyes, 1")
        await expect(mine).to_have_attribute("aria-pressed", "true")
        await mine.press("Enter")
        await workspace.until(lambda: message.reactions == {})


async def _nothing() -> None: ...


async def test_a_thread_opens_beside_and_takes_an_answer(workspace: Workspace, page: Page) -> None:
    first = await workspace.person("U0LEAD").say("#alerts", "what now?")
    await workspace.person("U0ONCALL").say("#alerts", "looking", thread_ts=first.ts)
    await page.get_by_role("button", name="1 reply").click()
    await page.get_by_role("textbox", name="Reply in thread").fill("me too")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("log", name="Thread").get_by_role("article")).to_have_count(3)
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("log", name="Thread")).to_be_hidden()
    await expect(page.get_by_role("button", name="2 replies")).to_be_visible()


async def test_hostile_text_stays_text(page: Page, client: AsyncWebClient) -> None:
    hostile = "<img src=x onerror=document.title='owned'> <javascript:alert(1)|click> <https://a.example/|ok>"
    blocks = [{"type": "markdown", "text": f"{hostile} [x](javascript:alert(1))"}]
    await client.chat_postMessage(channel="#alerts", text=hostile)
    await client.chat_postMessage(channel="#alerts", text="x", blocks=blocks)
    await write(page, hostile)
    await expect(page.get_by_role("article")).to_have_count(3)
    await expect(page.locator("article img")).to_have_count(0)
    links = page.locator("article a")
    assert {await link.get_attribute("href") for link in await links.all()} == {"https://a.example/"}
    assert "owned" not in await page.title()


async def test_a_channel_opens_though_it_is_drawn_anew_while_it_is_pressed(workspace: Workspace, page: Page) -> None:
    await page.get_by_role("button", name="incidents", exact=True).hover()
    await page.mouse.down()
    await workspace.person("U0ONCALL").say("#incidents", "look")
    await expect(page.get_by_role("button", name="incidents, 1 unread")).to_be_visible()
    await page.mouse.up()
    await expect(page.get_by_role("heading", name="# incidents", exact=True)).to_be_visible()


async def test_unread_channels_stand_out_and_are_reached_by_arrow_keys(workspace: Workspace, page: Page) -> None:
    await workspace.person("U0LEAD").say("#incidents", "hello <@U0YOU>")
    entry = page.get_by_role("button", name="incidents, 1 unread")
    await expect(entry).to_contain_text("1")
    await page.get_by_role("navigation").get_by_role("button", name="alerts").focus()
    await page.keyboard.press("End")
    await page.keyboard.press("ArrowUp")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="# incidents")).to_be_visible()
    await expect(page.get_by_role("article")).to_contain_text("hello @You")
    await expect(page.get_by_role("navigation").get_by_role("button", name="incidents", exact=True)).to_be_visible()


async def test_one_can_act_as_somebody_else(workspace: Workspace, page: Page) -> None:
    await page.get_by_label("You act as").select_option("U0ONCALL")
    await write(page, "on it @engineering-lead")
    await workspace.until(lambda: workspace.messages("#alerts"))
    message = workspace.messages("#alerts")[0]
    assert (message.user, message.text) == ("U0ONCALL", "on it <@U0LEAD>")


async def test_the_demo_service_is_broken_from_the_page(workspace: Workspace, page: Page) -> None:
    assert workspace.demo is not None
    await page.get_by_role("group", name="Demo service").get_by_role("button", name="Errors").click()
    await expect(page.get_by_role("group", name="Demo service").get_by_role("button", name="Errors")).to_have_attribute(
        "aria-pressed", "true"
    )
    assert workspace.demo.mode == "errors"


async def test_the_page_says_when_the_bot_is_offline_and_online(page: Page, app: AsyncApp, online: Online) -> None:
    banner = page.get_by_text("The bot is offline.")
    await expect(banner).to_be_visible()
    async with online(app):
        await expect(banner).to_be_hidden()
    await expect(banner).to_be_visible()


async def test_an_archived_channel_is_folded_away_and_closed(page: Page, client: AsyncWebClient) -> None:
    channel = (await client.conversations_create(name="incident-1"))["channel"]["id"]
    await client.conversations_archive(channel=channel)
    await page.get_by_text("Archived (1)").click()
    await page.get_by_role("button", name="incident-1").click()
    await expect(page.get_by_text("This channel is archived.")).to_be_visible()


async def test_a_permalink_opens_its_channel_and_thread(page: Page, client: AsyncWebClient) -> None:
    first = await client.chat_postMessage(channel="#incidents", text="first")
    answer = await client.chat_postMessage(channel="#incidents", text="the answer", thread_ts=first["ts"])
    link = await client.chat_getPermalink(channel="C0INCIDENTS", message_ts=answer["ts"])
    await page.goto(link["permalink"])
    await expect(page.get_by_role("heading", name="# incidents")).to_be_visible()
    await expect(page.get_by_role("log", name="Thread")).to_contain_text("the answer")


async def test_a_growing_text_is_seen_while_it_grows(page: Page, client: AsyncWebClient) -> None:
    for_you = {"recipient_user_id": "U0YOU", "recipient_team_id": "T0SANDBOX"}
    first = await client.chat_postMessage(channel="#alerts", text="Writing the postmortem")
    where = {"channel": "C0ALERTS", "thread_ts": first["ts"]}
    stream = await client.chat_startStream(**where, markdown_text="# Summary\n", **for_you)
    await page.get_by_role("button", name="1 reply").click()
    await expect(page.get_by_role("heading", name="Summary")).to_be_visible()
    await expect(page.get_by_label("still writing")).to_be_visible()
    await client.chat_appendStream(channel="C0ALERTS", ts=stream["ts"], markdown_text="- it **broke**")
    await client.chat_stopStream(channel="C0ALERTS", ts=stream["ts"])
    await expect(page.get_by_role("listitem").filter(has_text="it broke").locator("strong")).to_be_visible()
    await expect(page.get_by_label("still writing")).to_be_hidden()


async def test_the_pane_is_opened_and_what_it_suggests_is_asked_with_one_click(
    page: Page, workspace: Workspace, app: AsyncApp, client: AsyncWebClient, online: Online
) -> None:
    @app.event("assistant_thread_started")
    async def started(event: dict[str, Any]) -> None:
        thread = event["assistant_thread"]
        prompts = [{"title": "Health", "message": "is all healthy?"}]
        where = {"channel_id": thread["channel_id"], "thread_ts": thread["thread_ts"]}
        await client.assistant_threads_setSuggestedPrompts(**where, title="Ask", prompts=prompts)

    @app.event("message")
    async def ignored() -> None:
        pass

    async with online(app):
        await page.get_by_role("navigation").get_by_role("button", name="do", exact=True).click()
        await page.get_by_role("button", name="New chat").click()
        await page.get_by_role("button", name="Health").click()
        await expect(page.locator("#panel")).to_contain_text("is all healthy?")
        await expect(page.get_by_role("button", name="Health")).to_be_hidden()
    assert workspace.messages(workspace.state.im("U0YOU").id)[-1].text == "is all healthy?"

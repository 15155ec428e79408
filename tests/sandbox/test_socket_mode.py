"""An unmodified Bolt app over Socket Mode: every kind of payload goes round."""

import asyncio
import time
from typing import Any

import aiohttp
import pytest
from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncRespond
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox import Options, Workspace, serve
from bot.sandbox.socket_mode import SocketLink
from tests.sandbox.conftest import Online, button, field, modal, plain


async def test_a_command_is_answered_by_its_acknowledgement(
    workspace: Workspace, app: AsyncApp, online: Online
) -> None:
    @app.command("/do")
    async def run(ack: AsyncAck, command: dict[str, Any]) -> None:
        await ack(f"heard {command['text']} in {command['channel_name']}")

    async with online(app):
        outcome = await workspace.person("U0YOU").command("/do", "manage health", channel="#general")
    assert outcome.message is not None
    assert (outcome.message.text, outcome.message.only_for) == ("heard manage health in general", "U0YOU")


async def test_a_command_is_answered_through_its_response_url(
    workspace: Workspace, app: AsyncApp, online: Online
) -> None:
    @app.command("/do")
    async def run(ack: AsyncAck, respond: AsyncRespond) -> None:
        await ack()
        await respond("for all", response_type="in_channel")

    async with online(app):
        await workspace.person("U0YOU").command("/do", channel="#general")
        message = await workspace.until(lambda: next(iter(workspace.messages("#general")), None))
    assert (message.text, message.only_for, message.by_bot) == ("for all", None, True)


async def test_a_command_that_is_not_acknowledged_is_told_to_the_person(
    workspace: Workspace, app: AsyncApp, online: Online
) -> None:
    @app.command("/do")
    async def run() -> None:
        raise ConnectionError("the database is away")

    async with online(app):
        outcome = await workspace.person("U0YOU").command("/do", channel="#alerts")
    assert not outcome.acked
    assert "operation_timeout" in outcome.problem
    assert workspace.messages("#alerts")[-1].only_for == "U0YOU"


async def test_a_command_without_an_app_says_that_it_is_not_connected(workspace: Workspace) -> None:
    outcome = await workspace.person("U0YOU").command("/do", channel="#alerts")
    assert "dispatch_failed" in outcome.problem


async def test_a_button_carries_its_message_value_and_channel(
    workspace: Workspace, app: AsyncApp, client: AsyncWebClient, online: Online
) -> None:
    seen: list[dict[str, Any]] = []

    @app.action("go")
    async def go(ack: AsyncAck, body: dict[str, Any]) -> None:
        await ack()
        seen.append(body)

    blocks = [{"type": "actions", "elements": [button("go", "42"), button("stop")]}]
    async with online(app):
        sent = await client.chat_postMessage(channel="#alerts", text="card", blocks=blocks)
        assert (await workspace.person("U0ONCALL").press("#alerts", sent["ts"], "go")).acked
    [body] = seen
    assert (body["actions"][0]["value"], body["user"]["id"]) == ("42", "U0ONCALL")
    assert (body["channel"]["id"], body["message"]["ts"]) == ("C0ALERTS", sent["ts"])


async def test_a_menu_reports_the_chosen_option(
    workspace: Workspace, app: AsyncApp, client: AsyncWebClient, online: Online
) -> None:
    seen: list[str] = []

    @app.action("snooze")
    async def snooze(ack: AsyncAck, action: dict[str, Any]) -> None:
        await ack()
        seen.append(action["selected_option"]["value"])

    options = [{"text": plain("1 hour"), "value": "60"}, {"text": plain("1 day"), "value": "1440"}]
    menu = {"type": "static_select", "action_id": "snooze", "placeholder": plain("Snooze"), "options": options}
    async with online(app):
        sent = await client.chat_postMessage(
            channel="#alerts", text="card", blocks=[{"type": "actions", "elements": [menu]}]
        )
        await workspace.person("U0YOU").press("#alerts", sent["ts"], "snooze", "1440")
    assert seen == ["1440"]


async def test_a_message_is_replaced_through_the_response_url_of_its_button(
    workspace: Workspace, app: AsyncApp, client: AsyncWebClient, online: Online
) -> None:
    @app.action("go")
    async def go(ack: AsyncAck, respond: AsyncRespond) -> None:
        await ack()
        await respond("done", replace_original=True)

    async with online(app):
        blocks = [{"type": "actions", "elements": [button("go")]}]
        sent = await client.chat_postMessage(channel="#alerts", text="card", blocks=blocks)
        await workspace.person("U0YOU").press("#alerts", sent["ts"], "go")
        await workspace.until(lambda: workspace.messages("#alerts")[0].text == "done")
    assert len(workspace.messages("#alerts")) == 1


async def test_a_modal_opens_shows_errors_and_closes(
    workspace: Workspace, app: AsyncApp, online: Online, client: AsyncWebClient
) -> None:
    submitted: list[str] = []

    @app.shortcut("declare")
    async def declare(ack: AsyncAck, body: dict[str, Any]) -> None:
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=modal(private_metadata=body["message"]["text"]))

    @app.view("form")
    async def form(ack: AsyncAck, view: dict[str, Any]) -> None:
        value = view["state"]["values"]["what"]["value"]["value"]
        submitted.append(f"{view['private_metadata']}: {value}")
        await (ack() if value == "good" else ack(response_action="errors", errors={"what": "try good"}))

    person = workspace.person("U0YOU")
    async with online(app):
        message = await person.say("#alerts", "it burns")
        await person.shortcut("declare", "#alerts", message.ts)
        view = await workspace.until(lambda: person.modal)
        assert (await person.submit(view.id)).errors == {"what": "Please complete this required field."}
        assert (await person.submit(view.id, {"what": {"value": "bad"}})).errors == {"what": "try good"}
        assert person.modal is not None
        assert (await person.submit(view.id, {"value": "good"})).errors == {}
    assert person.modal is None
    assert submitted == ["it burns: bad", "it burns: good"]


async def test_a_modal_is_updated_pushed_upon_and_cleared(
    workspace: Workspace, app: AsyncApp, online: Online, client: AsyncWebClient
) -> None:
    @app.shortcut("declare_any")
    async def declare(ack: AsyncAck, body: dict[str, Any]) -> None:
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=modal(callback_id="first"))

    @app.view("first")
    async def first(ack: AsyncAck) -> None:
        await ack(response_action="update", view=modal(callback_id="second"))

    @app.view("second")
    async def second(ack: AsyncAck) -> None:
        await ack(response_action="push", view=modal(callback_id="third"))

    @app.view("third")
    async def third(ack: AsyncAck) -> None:
        await ack(response_action="clear")

    person = workspace.person("U0YOU")
    async with online(app):
        await person.shortcut("declare_any")
        view = await workspace.until(lambda: person.modal)
        steps = []
        while person.modal:
            steps.append((person.modal.body["callback_id"], person.modal.id == view.id))
            await person.submit(person.modal.id, {"what": "x"})
    assert steps == [("first", True), ("second", True), ("third", False)]


async def test_errors_for_a_block_that_is_no_input_are_a_violation(
    workspace: Workspace, app: AsyncApp, online: Online, client: AsyncWebClient
) -> None:
    @app.shortcut("declare_any")
    async def declare(ack: AsyncAck, body: dict[str, Any]) -> None:
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=modal())

    @app.view("form")
    async def form(ack: AsyncAck) -> None:
        await ack(response_action="errors", errors={"elsewhere": "no"})

    person = workspace.person("U0YOU")
    async with online(app):
        await person.shortcut("declare_any")
        view = await workspace.until(lambda: person.modal)
        assert "trouble" in (await person.submit(view.id, {"what": "x"})).problem
    assert [violation.rule for violation in workspace.violations] == ["invalid_errors"]


async def test_closing_a_modal_is_told_when_the_app_asked_for_it(
    workspace: Workspace, app: AsyncApp, online: Online, client: AsyncWebClient
) -> None:
    closed: list[str] = []

    @app.shortcut("declare_any")
    async def declare(ack: AsyncAck, body: dict[str, Any]) -> None:
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=modal(notify_on_close=True))

    @app.view_closed("form")
    async def gone(ack: AsyncAck, view: dict[str, Any]) -> None:
        await ack()
        closed.append(view["id"])

    person = workspace.person("U0YOU")
    async with online(app):
        await person.shortcut("declare_any")
        view = await workspace.until(lambda: person.modal)
        await person.close(view.id)
    assert closed == [view.id]


async def test_an_external_menu_asks_the_app_for_its_options(
    workspace: Workspace, app: AsyncApp, online: Online, client: AsyncWebClient
) -> None:
    @app.shortcut("declare_any")
    async def declare(ack: AsyncAck, body: dict[str, Any]) -> None:
        await ack()
        menu = {"type": "external_select", "action_id": "service", "min_query_length": 1}
        await client.views_open(trigger_id=body["trigger_id"], view=modal(field("what", element=menu)))

    @app.options("service")
    async def services(ack: AsyncAck, body: dict[str, Any]) -> None:
        await ack(options=[{"text": plain(f"{body['value']}-api"), "value": "1"}])

    person = workspace.person("U0YOU")
    async with online(app):
        await person.shortcut("declare_any")
        view = await workspace.until(lambda: person.modal)
        outcome = await person.suggest(view.id, "service", "pay")
    assert [option["text"]["text"] for option in outcome.options] == ["pay-api"]


async def test_the_home_tab_is_published_when_it_is_opened(
    workspace: Workspace, app: AsyncApp, online: Online, client: AsyncWebClient
) -> None:
    @app.event("app_home_opened")
    async def opened(event: dict[str, Any]) -> None:
        blocks = [{"type": "section", "text": plain(event["tab"])}]
        await client.views_publish(user_id=event["user"], view={"type": "home", "blocks": blocks})

    async with online(app):
        await workspace.person("U0LEAD").open_home()
        view = await workspace.until(lambda: workspace.state.homes.get("U0LEAD"))
    assert view.body["blocks"][0]["text"]["text"] == "home"


async def test_each_event_goes_to_one_of_several_connections(
    workspace: Workspace, app: AsyncApp, online: Online
) -> None:
    seen: list[str] = []

    @app.event("message")
    async def heard(event: dict[str, Any]) -> None:
        seen.append(event["text"])

    async with online(app, connections=3):
        for number in range(12):
            await workspace.person("U0YOU").say("#alerts", str(number))
        await workspace.until(lambda: len(seen) == 12)
        await workspace.idle()
    assert sorted(seen, key=int) == [str(number) for number in range(12)]


async def test_an_app_comes_back_after_a_refresh_and_after_a_cut(
    workspace: Workspace, app: AsyncApp, online: Online
) -> None:
    @app.command("/do")
    async def run(ack: AsyncAck) -> None:
        await ack()

    person = workspace.person("U0YOU")
    async with online(app):
        await workspace.faults.refresh_connections()
        await workspace.until(lambda: workspace.online)
        assert (await person.command("/do")).acked
        workspace.faults.drop_connections()
        assert not workspace.online
        await workspace.until(lambda: workspace.online, within=20)
        assert (await person.command("/do")).acked


async def test_an_event_without_acknowledgement_comes_again_with_its_attempt(
    workspace: Workspace, app: AsyncApp, online: Online
) -> None:
    attempts: list[tuple[str, list[str] | None]] = []
    enough = asyncio.Event()

    @app.middleware
    async def note(body: dict[str, Any], req: Any) -> None:
        attempts.append((body["event_id"], req.headers.get("x-slack-retry-num")))
        if len(attempts) == 3:
            enough.set()
        await enough.wait()  # no acknowledgement until the last retry

    async with online(app):
        await workspace.person("U0YOU").say("#alerts", "hello")
        await workspace.until(lambda: len(attempts) == 3, within=8)
        await workspace.idle()
    assert len({event_id for event_id, _ in attempts}) == 1
    assert [number for _, number in attempts] == [["0"], ["1"], ["2"]]


async def test_a_duplicate_event_keeps_its_event_id(workspace: Workspace, app: AsyncApp, online: Online) -> None:
    ids: list[str] = []

    @app.event("message")
    async def heard(body: dict[str, Any]) -> None:
        ids.append(body["event_id"])

    async with online(app):
        workspace.faults.duplicate_events()
        await workspace.person("U0YOU").say("#alerts", "hello")
        await workspace.until(lambda: len(ids) == 2)
    assert ids[0] == ids[1]


async def test_only_an_app_token_opens_connections(workspace: Workspace, client: AsyncWebClient) -> None:
    with pytest.raises(SlackApiError, match="not_allowed_token_type"):
        await client.apps_connections_open(app_token=workspace.bot_token)


async def test_acknowledgements_are_timed_by_kind(workspace: Workspace, app: AsyncApp, online: Online) -> None:
    @app.command("/do")
    async def run(ack: AsyncAck) -> None:
        await ack()

    async with online(app):
        await workspace.person("U0YOU").command("/do")
    [ack] = [ack for ack in workspace.acks if ack.kind == "slash_commands"]
    assert ack.acked
    assert 0 < ack.seconds < 1


async def test_a_workspace_ends_at_once_although_acknowledgements_are_awaited() -> None:
    started = time.monotonic()
    async with serve(options=Options(ack_within=60.0, retry_delays=(0.0, 60.0))) as workspace:
        link = workspace.courier.link
        assert isinstance(link, SocketLink)
        url = f"{workspace.url.replace('http', 'ws', 1)}link/?ticket={link.ticket()}"
        async with aiohttp.ClientSession() as session, session.ws_connect(url) as silent:
            await silent.receive_json()
            waiting = asyncio.create_task(workspace.person("U0YOU").command("/do"))
            await workspace.person("U0YOU").say("#alerts", "hello")
            kinds = {(await silent.receive_json())["type"] for _ in range(2)}
    assert not (await waiting).acked
    assert kinds == {"slash_commands", "events_api"}
    assert time.monotonic() - started < 10

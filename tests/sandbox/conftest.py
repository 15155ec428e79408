"""A workspace, a client with its token, and a Bolt app that is connected to it."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager

import pytest
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox import Options, Shortcut, Workspace, serve

SHORTCUTS = (Shortcut("Declare incident", "declare", "message"), Shortcut("Declare incident", "declare_any", "global"))
Online = Callable[[AsyncApp], AbstractAsyncContextManager[None]]


@pytest.fixture
async def workspace() -> AsyncIterator[Workspace]:
    async with serve(options=Options(shortcuts=SHORTCUTS, retry_delays=(0.0, 0.05), ack_within=1.0)) as running:
        yield running


@pytest.fixture
def client(workspace: Workspace) -> AsyncWebClient:
    return AsyncWebClient(token=workspace.bot_token, base_url=workspace.api_url)


@pytest.fixture
def app(client: AsyncWebClient) -> AsyncApp:
    return AsyncApp(client=client)


@pytest.fixture
def online(workspace: Workspace) -> Online:
    """Connect an app by Socket Mode for the length of a block."""

    @asynccontextmanager
    async def connect(app: AsyncApp, connections: int = 1) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            for _ in range(connections):
                handler = AsyncSocketModeHandler(app, workspace.app_token)
                await handler.connect_async()
                stack.push_async_callback(handler.close_async)
            yield

    return connect


def plain(text: str) -> dict[str, str]:
    return {"type": "plain_text", "text": text}


def button(action_id: str, value: str = "1") -> dict[str, object]:
    return {"type": "button", "action_id": action_id, "text": plain("Press"), "value": value}


def modal(*blocks: dict[str, object], callback_id: str = "form", **more: object) -> dict[str, object]:
    return {
        "type": "modal",
        "callback_id": callback_id,
        "title": plain("Form"),
        "submit": plain("Send"),
        "blocks": list(blocks) or [field("what")],
        **more,
    }


def field(block_id: str, **more: object) -> dict[str, object]:
    element = {"type": "plain_text_input", "action_id": "value"}
    return {"type": "input", "block_id": block_id, "label": plain("What?"), "element": element, **more}

"""The Bolt app with every listener, and the connections by which Slack reaches it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any

import aiohttp
import structlog
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.ports import ChatError
from bot.slack.client import SlackChat
from bot.slack.direct import straight
from bot.slack.refusals import BAD_TOKEN
from bot.slack.scopes import lacking
from handlers.slack import buttons, events, modals, shortcuts, slash
from handlers.slack.door import App, Door
from handlers.slack.events import tasks

__all__ = ["Unusable", "connect", "listening", "tasks"]

CONNECTIONS = 2
"""Socket Mode connections: while one is being renewed, the other one hears."""
PING = 3.0  # seconds between pings; a connection that was cut is noticed and renewed after as long
CONNECT_WITHIN = 10.0
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0

_log = structlog.get_logger(__name__)


class Unusable(Exception):
    """Slack will never work with these settings; one line that names the variable and the mend."""


def door_of(app: App) -> Door:
    """The door of the workspace that the app's `chat` talks to."""
    if not isinstance(app.ports.chat, SlackChat):
        raise TypeError("the Slack doors need a chat that talks to Slack")
    return Door(app, app.ports.chat)


def connect(app: App, door: Door | None = None) -> AsyncApp:
    """The Bolt app with everything registered; it does nothing until requests are dispatched to it."""
    door = door or door_of(app)
    settings, chat = app.ports.settings, door.chat
    token = settings.slack_bot_token.get_secret_value() if settings.slack_bot_token else ""

    async def authorize(**_context: Any) -> AuthorizeResult:
        me = await chat.identity()
        return AuthorizeResult(
            enterprise_id=None, team_id=me.team_id, bot_token=token, bot_id=me.bot_id, bot_user_id=me.user_id
        )

    web = AsyncWebClient(base_url=settings.slack_api_url, session=chat.web.session, retry_handlers=[])
    straight(web, settings.slack_api_url)
    secret = settings.slack_signing_secret.get_secret_value() if settings.slack_signing_secret else ""
    bolt = AsyncApp(name="do-manage", client=web, signing_secret=secret, authorize=authorize)
    for room in (slash, buttons, modals, shortcuts, events):
        room.listen(bolt, door)
    return bolt


@asynccontextmanager
async def listening(app: App) -> AsyncIterator[AsyncApp]:
    """Hear from Slack for the length of the block: by Socket Mode with an app token, else over HTTP alone.

    Raises `Unusable` for tokens that Slack refuses and scopes that are missing. An outage of Slack does not stop
    anything: connecting goes on in the background, and `chat.connected` tells how it stands.
    """
    door = door_of(app)
    bolt = connect(app, door)
    settings = app.ports.settings
    async with AsyncExitStack() as stack:
        stack.push_async_callback(door.finish)
        reached = await _reached(door.chat)
        if settings.slack_app_token is None:
            known = [reached]
            door.chat.heard_by(lambda: known[-1])
            if not reached:
                await stack.enter_async_context(_background(_until_reached(door.chat, known)))
        else:
            token = settings.slack_app_token.get_secret_value()
            handlers = [AsyncSocketModeHandler(bolt, token, ping_interval=PING) for _ in range(CONNECTIONS)]
            for handler in handlers:
                straight(handler.client, settings.slack_api_url)
                stack.push_async_callback(handler.close_async)
            door.chat.heard_by(lambda: any(map(_open, handlers)))
            if reached:
                await _connected(bolt, token, handlers)
            await stack.enter_async_context(_background(_keep_connected(bolt, token, handlers)))
        yield bolt


async def _reached(chat: SlackChat) -> bool:
    """Whether Slack answers and takes the token; raises `Unusable`."""
    try:
        me = await chat.identity()
    except ChatError as error:
        if error.code in BAD_TOKEN:
            raise Unusable(f"SLACK_BOT_TOKEN: {error}") from None
        _log.warning("slack_unreachable", error=str(error))
        return False
    if missing := lacking(me.scopes):
        raise Unusable(
            f"SLACK_BOT_TOKEN: the app lacks the scope{'s' if len(missing) > 1 else ''} {', '.join(missing)}; "
            "paste manifest.yml into the app's App Manifest page and reinstall it"
        )
    return True


async def _connected(bolt: AsyncApp, token: str, handlers: list[AsyncSocketModeHandler]) -> bool:
    """Open the connections that are not open; False when Slack cannot be reached. Raises `Unusable`."""
    for handler in handlers:
        if _open(handler):
            continue
        try:
            # asked for here, because the SDK's own loop repeats whatever the answer is
            opened = await bolt.client.apps_connections_open(app_token=token)
        except SlackApiError as error:
            code = str(error.response.get("error") or "") if isinstance(error.response.data, dict) else ""
            if code in BAD_TOKEN | {"missing_scope"}:
                raise Unusable(
                    f"SLACK_APP_TOKEN: Slack says {code}; make an app-level token with the scope connections:write on "
                    "the app's Basic Information page"
                ) from None
            _log.warning("slack_socket_refused", error=code or str(error))
            return False
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            _log.warning("slack_socket_unreachable", error=str(error))
            return False
        handler.client.wss_uri = str(opened["url"])
        try:
            async with asyncio.timeout(CONNECT_WITHIN):
                await handler.connect_async()  # type: ignore[no-untyped-call] # slack_bolt leaves this one out
        except TimeoutError:
            _log.warning("slack_socket_unreachable", error=f"no connection within {CONNECT_WITHIN:g} s")
            return False
    return True


def _open(handler: AsyncSocketModeHandler) -> bool:
    client = handler.client
    session = client.current_session
    return not client.closed and not client.stale and session is not None and not session.closed


async def _keep_connected(bolt: AsyncApp, token: str, handlers: list[AsyncSocketModeHandler]) -> None:
    """Connect what has never been connected; help the SDK with what it cannot renew by itself."""
    async for _ in _pauses():
        fresh = [handler for handler in handlers if handler.client.current_session is None]
        try:
            if fresh:
                await _connected(bolt, token, fresh)
        except Unusable as error:  # the bot runs already: it goes on without Slack, and says so
            _log.error("slack_unusable", error=str(error))
        for handler in handlers:
            if handler not in fresh and not _open(handler):
                # the SDK repeats the same address until it works, but each is good for seconds only
                handler.client.wss_uri = None


async def _until_reached(chat: SlackChat, known: list[bool]) -> None:
    async for _ in _pauses():
        try:
            known.append(await _reached(chat))
        except Unusable as error:
            _log.error("slack_unusable", error=str(error))
        if known[-1]:
            return


async def _pauses() -> AsyncIterator[float]:
    pause = FIRST_PAUSE
    while True:
        await asyncio.sleep(pause)
        yield pause
        pause = min(LONGEST_PAUSE, pause * 2)


@asynccontextmanager
async def _background(work: Any) -> AsyncIterator[None]:
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

"""The peer: a bare Bolt app that acknowledges `/do` and does nothing else, with the libraries of the bot loaded."""

import asyncio
import os

import aiohttp.web  # noqa: F401 - the bot has an HTTP door ...
import sqlalchemy.ext.asyncio  # noqa: F401 - ... and a database
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.web.async_client import AsyncWebClient


async def acknowledge(ack: AsyncAck) -> None:
    """All that it does."""
    await ack()


async def main() -> None:
    """Connect and acknowledge until killed."""
    token = os.environ["SLACK_BOT_TOKEN"]
    app = AsyncApp(client=AsyncWebClient(token=token, base_url=os.environ["SLACK_API_URL"]))
    app.command("/do")(acknowledge)
    await AsyncSocketModeHandler(app, os.environ["SLACK_APP_TOKEN"]).start_async()  # type: ignore[no-untyped-call] # untyped in slack_bolt


if __name__ == "__main__":
    asyncio.run(main())

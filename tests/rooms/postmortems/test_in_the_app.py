"""The room inside the whole bot: found by the registry, run by the worker, written by a model over HTTP."""

import asyncio
import json

from pydantic import SecretStr

from bot.app import App, running
from bot.config.settings import Settings
from bot.permissions import Caller
from storage.records.postmortems import PostmortemStatus
from storage.tables import journal, postmortems
from tests.fakes.chat import FakeChat
from tests.servers.openai import openai_server, refuses, says

LEAD = Caller(id="U0000LEAD", via="slack")
NOTHING = says(json.dumps({"statements": []}))


async def reached(app: App, status: PostmortemStatus) -> None:
    async with asyncio.timeout(40):
        while True:
            async with app.ports.store.read() as conn:
                known = await postmortems.get(conn, 1)
            if known and known.status is status:
                return
            await asyncio.sleep(0.02)


async def announced(app: App) -> None:
    async with asyncio.timeout(40):
        while True:
            async with app.ports.store.read() as conn:
                kinds = [entry.kind for entry in await journal.of_subjects(conn, ["postmortem:1"])]
            if "PostmortemPublished" in kinds:
                return
            await asyncio.sleep(0.02)


async def test_from_resolution_to_publication_with_a_model_that_fails_once(sqlite_url: str) -> None:
    async with openai_server(refuses(401), *[NOTHING] * 9) as server:
        settings = Settings(
            database_url=sqlite_url,
            openai_api_key=SecretStr(server.api_key),
            openai_base_url=server.base_url,
            openai_model=server.model,
        )
        chat = FakeChat()
        base = {"postmortems": {"draft_after": "0s"}, "alerts": {"edit_every": "0s"}}
        async with running(settings, base=base, chat=chat, schedules=False) as app:
            await app.invoke(["incident", "declare", "Checkout", "is", "down", "--severity=high"], LEAD)
            await app.invoke(["incident", "resolve", "1"], LEAD)
            await reached(app, PostmortemStatus.IN_REVIEW)
            await app.invoke(["postmortem", "approve", "1"], LEAD)
            await announced(app)
            async with app.ports.store.read() as conn:
                known = await postmortems.get(conn, 1)
    assert known is not None
    authors = [section.author for section in known.sections]
    assert authors == ["facts", "test-model", "facts", *["test-model"] * 8]
    texts = [file["name"] for file in chat.files if file["name"].endswith(".md")]  # the meeting attaches a file, too
    assert texts == ["postmortem-1-v11.md"]

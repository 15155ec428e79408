"""The world of the alerts' tests with a Google calendar on loopback and invitations by a real mail server."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.calendars.google import GOOGLE, GoogleOptions
from bot.calendars.mail import MAIL, MailOptions
from bot.channels.email import EmailOptions
from bot.ports import Profile
from storage.unit_of_work import Store
from tests.fakes.calendars import SUBJECT, Google, serving
from tests.fakes.chat import FakeChat
from tests.fakes.ports import FrozenClock
from tests.rooms.alerts.conftest import clock, logged
from tests.rooms.alerts.world import LEAD, MANAGE, ONCALL, World, world_of
from tests.servers.smtp import MailServer

__all__ = ["clock", "logged"]


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """SQLite alone: the table has tests of its own."""
    return sqlite_url


@pytest.fixture
def chat() -> FakeChat | None:
    return FakeChat(
        profiles={
            LEAD: Profile(user=LEAD, email="lead@example.com", timezone="Europe/Berlin", name="Lead"),
            ONCALL: Profile(user=ONCALL, timezone="Europe/Berlin", name="On call"),
        }
    )


@pytest.fixture
async def google() -> AsyncIterator[Google]:
    made = Google()
    async with serving(made):
        yield made


@pytest.fixture
def config(mail: MailServer) -> dict[str, Any]:
    sends = {"host": "localhost", "port": mail.port, "tls": "none", "sender": SUBJECT}
    return {**MANAGE, "mail": sends}


@pytest.fixture
async def world(
    database_url: str,
    clock: FrozenClock,
    chat: FakeChat | None,
    google: Google,
    config: dict[str, Any],
    tmp_path: Path,
) -> AsyncIterator[World]:
    key = tmp_path / "key.json"
    key.write_text(google.key_file())
    sends = {"type": "email", "options": EmailOptions.model_validate(config["mail"])}
    given = {name: value for name, value in config.items() if name != "mail"} | {"notifications": {"email": sends}}
    store = await Store.open(database_url)
    async with httpx.AsyncClient(trust_env=False) as http:
        made = world_of(store, clock, chat, given, http)
        options = GoogleOptions(key_file=key, subject=SUBJECT, url=f"{google.url}/calendar/v3")
        calendars = {"team": GOOGLE.connect(options, made.ports), "mail": MAIL.connect(MailOptions(), made.ports)}
        made.ports = replace(made.ports, calendars=calendars)
        yield made
    await store.close()

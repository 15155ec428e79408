"""The HTTP door on loopback, over a real store and worker, with a few commands of the tests' own."""

import socket
from collections.abc import AsyncIterator, Callable, Iterator, MutableMapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from typing import Any

import click
import httpx
import pytest
from aiohttp import web
from pydantic import SecretStr
from structlog.testing import capture_logs

from bot.app import Parts
from bot.cards.card import Card, Level
from bot.command import Command, Context, command
from bot.config.settings import Settings
from bot.engine.worker import Worker
from bot.permissions import Role
from bot.telemetry import Telemetry
from handlers.http.app import application
from handlers.http.road import served
from handlers.measured import Measured
from storage.unit_of_work import Store
from tests.fakes.ports import make_ports

Open = Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]


@command("greet")
@click.argument("who")
@click.option("--times", type=int, default=1, help="How often.")
async def greet(_ctx: Context, who: str, times: int) -> Card:
    """Say hello."""
    return Card(title=f"hello {who}" * times, level=Level.OK)


@command("fail", role=Role.VIEWER)
async def fail(_ctx: Context) -> Card:
    """Bring bad news."""
    return Card(title="the backup failed", level=Level.BAD)


@command("forbid")
async def forbid(_ctx: Context) -> Card:
    """Refuse whoever asks."""
    return Card(title="Not allowed", level=Level.DENIED, body=("a second person must agree",), hint="Ask one.")


@command("trip")
async def trip(_ctx: Context) -> Card:
    """Fall over."""
    raise RuntimeError("password=hunter2 in /srv/bot/secret.py")


def commands(*given: Command) -> dict[str, Command]:
    return {one.name: one for one in given}


@pytest.fixture
def bot(store: Store) -> Measured:
    """A bot whose worker is not started: what is due stays due."""
    ports = make_ports(store)
    parts = Parts(
        commands=commands(greet, fail, forbid, trip), reactions={}, tasks={}, schedules={}, checks={}, channels={}
    )
    worker = Worker(store, {}, ports, now=ports.now)
    return Measured(ports=ports, parts=parts, worker=worker, telemetry=Telemetry("1.2.3"))


@pytest.fixture
def opened() -> Open:
    """Open the door of a bot for the length of a block, and give a client that knows its address."""

    @asynccontextmanager
    async def open_(bot: Measured, more: Sequence[web.RouteDef] = ()) -> AsyncIterator[httpx.AsyncClient]:
        with socket.create_server(("127.0.0.1", 0)) as door:
            url = f"http://127.0.0.1:{door.getsockname()[1]}"
            async with (
                served(application(bot, more), door, grace=1.0, handler_cancellation=True),
                httpx.AsyncClient(base_url=url, trust_env=False) as client,
            ):
                yield client

    return open_


@pytest.fixture
async def client(bot: Measured, opened: Open) -> AsyncIterator[httpx.AsyncClient]:
    async with opened(bot) as one:
        yield one


@pytest.fixture(autouse=True)
def logged() -> Iterator[list[MutableMapping[str, Any]]]:
    """What was logged, instead of printing it."""
    with capture_logs() as entries:
        yield entries


def with_token(bot: Measured, token: str) -> Measured:
    return replace(bot, ports=replace(bot.ports, settings=Settings(manage_token=SecretStr(token))))

"""The whole registry over a real store, and a model that says what the test scripts, over HTTP."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from bot.app import parts
from bot.cards.card import Card
from bot.cards.marks import plain
from bot.command import Command
from bot.config.manage import Manage, Roles
from bot.incidents import service as incidents
from bot.invoke import invoke
from bot.llm.client import Model
from bot.llm.talking import Talk
from bot.permissions import Caller
from bot.ports import Ports
from storage.records.alerts import Severity
from storage.records.journal import Entry
from storage.tables import journal
from storage.unit_of_work import Store
from tests.fakes.ports import T0, make_ports
from tests.servers.openai import Answer, OpenAI, openai_server

VIEWER, RESPONDER, ADMIN = "U0VIEWER", "U0RESPOND", "U0ADMIN"
COMMANDS = parts().commands
ROLES = Roles(default="nobody", viewer=(VIEWER,), responder=(RESPONDER,), admin=(ADMIN,))


@dataclass
class House:
    """The assistant, and what it was seen to do meanwhile."""

    ports: Ports
    server: OpenAI
    commands: dict[str, Command]
    seen: list[Card] = field(default_factory=list)

    async def ask(self, question: str, *script: Answer, by: str = RESPONDER, via: str = "slack", **place: str) -> Card:
        """Ask, with the model answering by the script."""
        self.server.script.extend(script)
        return await self.run("ask", "--", question, by=by, via=via, **place)

    async def run(self, *argv: str, by: str = RESPONDER, via: str = "slack", **place: str) -> Card:
        async def progress(card: Card) -> None:
            self.seen.append(card)

        caller = Caller(id=by, via=via, **place)
        return await invoke(argv, caller, self.ports, self.commands, progress=progress)

    async def declare(self, title: str, *, private: bool = False) -> int:
        decision = await incidents.declare(self.ports, title=title, severity=Severity.HIGH, by=ADMIN, private=private)
        return decision.state.id

    async def journal(self, kind: str) -> list[Entry]:
        async with self.ports.store.read() as conn:
            return await journal.of_kind(conn, kind)

    async def ran(self) -> list[str]:
        """Every command that was run through the assistant."""
        return [str(e.payload["command"]) for e in await self.journal("CommandRun") if e.payload["through"]]

    def told(self, request: int = -1) -> list[dict[str, Any]]:
        """The messages that the model was sent."""
        messages: list[dict[str, Any]] = self.server.requests[request]["messages"]
        return messages

    def results(self, request: int = -1) -> list[str]:
        """What tools answered, as the model was told."""
        return [m["content"] for m in self.told(request) if m["role"] == "tool"]


def words(card: Card) -> str:
    """All that a card says."""
    return "\n".join(
        [card.title, *map(plain, card.body), *map(plain, card.steps), plain(card.footer), plain(card.hint)]
    )


Opened = Callable[..., Awaitable[House]]


@pytest.fixture
async def server() -> AsyncIterator[OpenAI]:
    async with openai_server() as running:
        yield running


@pytest.fixture
def house(store: Store, server: OpenAI) -> House:
    edge = Model(
        model=server.model, base_url=server.base_url, key=SecretStr(server.api_key), timeout=timedelta(seconds=20)
    )
    ports = make_ports(store, manage=Manage(roles=ROLES), now=T0)
    return House(replace(ports, talker=Talk(edge)), server, dict(COMMANDS))


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    with capture_logs():
        yield

"""A bot with real commands, one alert and a phone book, whose door people answer through."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import httpx
from aiohttp.test_utils import TestServer
from pydantic import SecretStr

from bot.app import parts
from bot.config.manage import Manage
from bot.config.settings import Settings
from bot.engine.worker import Worker
from bot.events import Event, payload_of
from bot.ports import Ports
from bot.telemetry import Telemetry
from handlers.http.app import application
from handlers.measured import Measured
from storage.records.alerts import Alert, Severity
from storage.records.journal import Entry
from storage.tables import alerts, journal
from storage.unit_of_work import Store, UnitOfWork
from tests.fakes.ports import T0, FrozenClock, make_ports
from tests.servers.process import free_port

PARTS = parts()
ONCALL = "U0ONCALL"
PHONE = "+4930123456"
SUMMARY = "redis is down & <out>"


@dataclass(frozen=True)
class Bot:
    """The bot, its public address, and a client of it."""

    ports: Ports
    url: str
    http: httpx.AsyncClient
    clock: FrozenClock

    async def alert(self) -> Alert:
        async with self.ports.store.read() as conn:
            found = await alerts.get(conn, 42)
        assert found is not None
        return found

    async def happened(self, fact: Event) -> None:
        """Write a fact about the alert down, with what follows from it."""

        async def work(unit: UnitOfWork) -> None:
            entry = await unit.append(
                at=self.clock(),
                kind=type(fact).__name__,
                subject=fact.subject,
                actor="bot",
                payload=payload_of(fact),
            )
            await unit.enqueue(self.ports.jobs_for(entry))

        await self.ports.store.transact(work)

    async def journal(self, kind: str) -> list[Entry]:
        async with self.ports.store.read() as conn:
            return [entry for entry in await journal.of_subjects(conn, ["alert:42"]) if entry.kind == kind]


@asynccontextmanager
async def answering(
    store: Store,
    notifications: Mapping[str, Any],
    phone: str = PHONE,
    token: SecretStr | None = SecretStr("door-test-token"),  # noqa: B008 - a constant
) -> AsyncIterator[Bot]:
    """Serve the door on loopback, where its public address leads."""
    clock, port = FrozenClock(), free_port()
    url = f"http://127.0.0.1:{port}"
    people = {ONCALL: {"phone": phone, "email": "on-call@example.com"}}
    manage = Manage.model_validate({"people": people, "notifications": notifications})
    settings = Settings(public_url=url, manage_token=token)
    async with httpx.AsyncClient(base_url=url, trust_env=False) as http:
        ports = make_ports(
            store, now=clock, manage=manage, settings=settings, http=http, reactions=PARTS.reactions.values()
        )
        connected = {
            name: PARTS.channels[config.type].connect(config.options, ports)
            for name, config in manage.notifications.items()
        }
        ports = replace(ports, channels=connected)
        bot = Measured(
            ports=ports, parts=PARTS, worker=Worker(store, {}, ports, now=clock), telemetry=Telemetry("1.2.3")
        )
        await store.transact(lambda unit: unit.save(_firing()))
        async with TestServer(application(bot), port=port):
            yield Bot(ports, url, http, clock)


def _firing() -> Alert:
    at = T0 - timedelta(minutes=1)
    return Alert(
        id=42,
        fingerprint="f" * 16,
        rule="health-check-failed",
        severity=Severity.CRITICAL,
        summary=SUMMARY,
        started_at=at,
        opened_at=at,
        last_seen_at=at,
    )

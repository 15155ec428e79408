"""From a report to every channel, and from an acknowledgement back to those that hold the alert open: a running bot."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.app import App, running
from bot.config.settings import Settings
from bot.permissions import Caller
from bot.report import Report
from storage.records.alerts import Severity
from tests.fakes import providers
from tests.fakes.providers import ACCOUNT, ROUTING_KEY, TOKEN, PagerDuty, Twilio
from tests.servers.smtp import MailServer

ME = "U0ONCALL"
WITHIN = 20.0


@dataclass(frozen=True)
class Bot:
    """A running bot and what it tells."""

    app: App
    pagerduty: PagerDuty
    twilio: Twilio
    mail: MailServer


def config(pagerduty: PagerDuty, twilio: Twilio, mail: MailServer) -> dict[str, Any]:
    account = {"account_sid": ACCOUNT, "auth_token": TOKEN, "sender": "+15550001111", "url": twilio.url}
    smtp = {"host": "localhost", "port": mail.port, "tls": "none", "sender": "alerts@example.com"}
    return {
        "people": {ME: {"phone": "+4930123456", "email": "on-call@example.com", "timezone": "Etc/UTC"}},
        "oncall": {"people": [ME]},
        "notifications": {
            "pagerduty": {"type": "pagerduty", "options": {"routing_key": ROUTING_KEY, "url": pagerduty.url}},
            "sms": {"type": "sms", "options": account},
            "phone": {"type": "phone", "options": account},
            "email": {"type": "email", "options": smtp},
        },
        "escalation": {
            "default": [
                {"after": "immediately", "notify": "primary", "via": "pagerduty"},
                *({"after": "immediately", "notify": "oncall", "via": via} for via in ("sms", "phone", "email")),
            ]
        },
        "incidents": {"open_for": []},
    }


@pytest.fixture
async def bot(sqlite_url: str, tmp_path: Path, mail: MailServer) -> AsyncIterator[Bot]:
    async with AsyncExitStack() as stack:
        pagerduty = await stack.enter_async_context(providers.pagerduty())
        twilio = await stack.enter_async_context(providers.twilio())
        file = tmp_path / "manage.yml"
        file.write_text(yaml.safe_dump(json.loads(json.dumps(config(pagerduty, twilio, mail)))))
        settings = Settings(database_url=sqlite_url, manage_config=file)
        app = await stack.enter_async_context(running(settings, schedules=False))
        yield Bot(app, pagerduty, twilio, mail)


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(WITHIN):
        while not holds():  # noqa: ASYNC110 - what is waited for happens on the other side of sockets
            await asyncio.sleep(0.02)


async def fires(bot: Bot, *, resolved: bool = False) -> None:
    report = Report(
        name="redis-down",
        labels={"service": "redis"},
        severity=Severity.CRITICAL,
        source="test",
        summary="redis is down",
        resolved=resolved,
    )
    await bot.app.ports.report([report])


async def test_everybody_is_told_and_those_who_hold_it_open_hear_how_it_goes_on(bot: Bot) -> None:
    await fires(bot)
    await until(lambda: bool(bot.pagerduty.incidents and bot.twilio.messages and bot.twilio.calls and bot.mail.once))
    assert bot.pagerduty.incidents == {"do-manage:alert:1": "trigger"}
    assert [(m["to"], m["body"][:12]) for m in bot.twilio.messages] == [("+4930123456", "CRITICAL #1:")]
    assert [call["to"] for call in bot.twilio.calls] == ["+4930123456"]
    assert [mail["To"] for mail in bot.mail.once] == ["on-call@example.com"]

    await bot.app.invoke(["ack", "1"], Caller(id=ME, via="shell"))
    await until(lambda: bot.pagerduty.incidents == {"do-manage:alert:1": "acknowledge"} and len(bot.mail.once) == 2)

    await fires(bot, resolved=True)
    await until(lambda: bot.pagerduty.incidents == {"do-manage:alert:1": "resolve"} and len(bot.mail.once) == 3)
    assert len({mail["References"] for mail in bot.mail.once}) == 1
    assert len(bot.twilio.messages) == len(bot.twilio.calls) == 1

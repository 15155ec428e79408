"""What every notification channel promises, the built-in ones and those of installed plug-ins.

A new kind needs one entry in `RIGS`: a place of this machine that it delivers to.
"""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from xml.etree import ElementTree as ET

import httpx
import pytest
from aiohttp import web
from pydantic import SecretStr
from structlog.testing import capture_logs

from bot import registry
from bot.cards.card import Card, Code, Field, Link
from bot.config.manage import Manage
from bot.config.settings import Settings
from bot.ports import Channel, ChatError, Delivery, Settle, Undeliverable
from bot.slack.message import message
from storage.unit_of_work import Store
from tests.fakes import providers
from tests.fakes.chat import FakeChat
from tests.fakes.ports import T0, make_ports
from tests.servers.smtp import PASSWORD, USER, MailServer, mail_server

KINDS = registry.collect(
    Channel, [*registry.modules("bot.channels"), *registry.plugins()], lambda channel: channel.type
)
CARD = Card(title="redis is down", body=("since noon",))
HOSTILE = (
    "redis is down\r\nBcc: everybody@example.com\r\n\r\n<script>alert(1)</script> <!channel> & ]]> "
    "</Say><Dial>+4900000000</Dial> \u202e\x00\x1b[31m \U0001f4a9 {{7*7}} " + "x" * 5000
)
WEBHOOK_SECRET = "webhook-test-secret"
MANAGE = {"people": {"U0ONCALL": {"phone": "+4930123456", "email": "on-call@example.com"}}}


@dataclass(frozen=True)
class Rig:
    """A connected channel, targets it takes, what arrived (as text), and switches to make it fail."""

    deliver: Delivery
    targets: tuple[str, ...]
    arrived: Callable[[], list[str]]
    fail: Callable[[bool], None]
    """Let the next delivery fail; True: in a way that trying again can help."""
    secrets: tuple[str, ...] = ()
    settle: Settle | None = None
    rings_again: bool = False
    """Whether the provider leaves no trace by which a repeated attempt could be known."""


Start = Callable[[Channel, Store], AbstractAsyncContextManager[Rig]]


@asynccontextmanager
async def slack(kind: Channel, store: Store) -> AsyncIterator[Rig]:
    chat = FakeChat(channels={"alerts": "C0ALERTS"})

    def fail(retry: bool) -> None:
        chat.refusals["post"] = [ChatError("unreachable" if retry else "not_in_channel", "no", retry=retry)]

    async with httpx.AsyncClient() as http:
        deliver = kind.connect(kind.options(), make_ports(store, chat=chat, http=http))
        yield Rig(deliver, ("@U0ONCALL", "#alerts"), lambda: [_shown(m.card) for m in chat.messages], fail)


def _shown(card: Card) -> str:
    """A message as Slack gets it."""
    return json.dumps(message(card, T0, "/do"), ensure_ascii=False)


@dataclass
class Receiver:
    """Takes webhooks as a careful service does: a repeated `Idempotency-Key` is taken once."""

    bodies: dict[str, str] = field(default_factory=dict)
    statuses: list[int] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.Response:
        if self.statuses:
            return web.Response(status=self.statuses.pop())
        self.bodies.setdefault(request.headers["Idempotency-Key"], await request.text())
        return web.Response()


@asynccontextmanager
async def webhook(kind: Channel, store: Store) -> AsyncIterator[Rig]:
    receiver = Receiver()
    application = web.Application()
    application.router.add_post("/", receiver.take)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    address = f"http://127.0.0.1:{runner.addresses[0][1]}/"
    options = kind.options.model_validate({"url": address, "secret": WEBHOOK_SECRET})
    try:
        async with httpx.AsyncClient(trust_env=False) as http:
            ports = make_ports(store, http=http)
            yield Rig(
                kind.connect(options, ports),
                ("on-call",),
                lambda: [json.dumps(json.loads(body)["card"]) for body in receiver.bodies.values()],
                lambda retry: receiver.statuses.append(503 if retry else 400),
                secrets=(WEBHOOK_SECRET,),
                settle=_settle(kind, options, ports),
            )
    finally:
        await runner.cleanup()


@asynccontextmanager
async def pagerduty(kind: Channel, store: Store) -> AsyncIterator[Rig]:
    async with providers.pagerduty() as there, httpx.AsyncClient(trust_env=False) as http:
        options = kind.options.model_validate({"url": there.url, "routing_key": providers.ROUTING_KEY})
        ports = make_ports(store, http=http)

        def arrived() -> list[str]:
            latest = {event["dedup_key"]: event for event in there.events if event["event_action"] == "trigger"}
            return [json.dumps(event["payload"], ensure_ascii=False) for event in latest.values()]

        def fail(retry: bool) -> None:
            there.refusals.fail(429 if retry else 400, body={"errors": ["wrong"]})

        yield Rig(
            kind.connect(options, ports),
            ("on-call",),
            arrived,
            fail,
            secrets=(providers.ROUTING_KEY,),
            settle=_settle(kind, options, ports),
        )


@asynccontextmanager
async def sms(kind: Channel, store: Store) -> AsyncIterator[Rig]:
    async with _twilio(kind, store) as (deliver, there):
        yield Rig(
            deliver,
            ("@U0ONCALL", "+4930123457"),
            lambda: [message["body"] for message in there.messages],
            lambda retry: there.refusals.fail(503 if retry else 400),
            secrets=(providers.TOKEN,),
        )


@asynccontextmanager
async def phone(kind: Channel, store: Store) -> AsyncIterator[Rig]:
    async with _twilio(kind, store) as (deliver, there):
        yield Rig(
            deliver,
            ("@U0ONCALL", "+4930123457"),
            lambda: ["".join(ET.fromstring(call["twiml"]).itertext()) for call in there.calls],
            lambda retry: there.refusals.fail(429 if retry else 400),
            secrets=(providers.TOKEN,),
            rings_again=True,
        )


@asynccontextmanager
async def _twilio(kind: Channel, store: Store) -> AsyncIterator[tuple[Delivery, providers.Twilio]]:
    settings = Settings(public_url="https://bot.example.com")
    async with providers.twilio() as there, httpx.AsyncClient(trust_env=False) as http:
        given = {"account_sid": providers.ACCOUNT, "auth_token": providers.TOKEN, "sender": "+15550001111"}
        options = kind.options.model_validate({**given, "url": there.url})
        ports = make_ports(store, http=http, manage=Manage.model_validate(MANAGE), settings=settings)
        yield kind.connect(options, ports), there


@asynccontextmanager
async def email(kind: Channel, store: Store) -> AsyncIterator[Rig]:
    with TemporaryDirectory() as directory:
        async with mail_server(Path(directory), tls="starttls", login=True) as server, httpx.AsyncClient() as http:
            yield _mailing(kind, store, server, http)


def _mailing(kind: Channel, store: Store, server: MailServer, http: httpx.AsyncClient) -> Rig:
    given = {"host": "localhost", "port": server.port, "ca_file": server.certificate}
    login = {"username": USER, "password": PASSWORD, "sender": "Alerts <alerts@example.com>"}
    options = kind.options.model_validate({**given, **login})
    settings = Settings(manage_token=SecretStr("mail-test-token"), public_url="https://bot.example.com")
    ports = make_ports(store, http=http, manage=Manage.model_validate(MANAGE), settings=settings)

    def arrived() -> list[str]:
        return [mail.get_body(("plain",)).get_content() for mail in server.once]

    return Rig(
        kind.connect(options, ports),
        ("@U0ONCALL", "somebody@example.com"),
        arrived,
        lambda retry: server.refusals.append("451 come back later" if retry else "550 no such user"),
        secrets=(PASSWORD, "mail-test-token"),
        settle=_settle(kind, options, ports),
    )


def _settle(kind: Channel, options: Any, ports: Any) -> Settle:
    assert kind.settle is not None
    return kind.settle(options, ports)


RIGS: dict[str, Start] = {
    "slack": slack,
    "webhook": webhook,
    "pagerduty": pagerduty,
    "sms": sms,
    "phone": phone,
    "email": email,
}


@pytest.fixture
async def store(sqlite_url: str) -> AsyncIterator[Store]:
    opened = await Store.open(sqlite_url)
    yield opened
    await opened.close()


@pytest.fixture(params=list(KINDS))
async def rig(request: pytest.FixtureRequest, store: Store) -> AsyncIterator[Rig]:
    assert request.param in RIGS, f"tell RIGS where {request.param} can deliver to on this machine"
    async with RIGS[request.param](KINDS[request.param], store) as ready:
        yield ready


def test_the_built_in_kinds_are_found() -> None:
    assert {"slack", "webhook", "pagerduty", "sms", "phone", "email"} <= KINDS.keys()


@pytest.mark.parametrize("kind", KINDS.values(), ids=list(KINDS))
def test_a_kind_explains_its_options(kind: Channel) -> None:
    assert all(option.description for option in kind.options.model_fields.values())
    assert kind.options.__doc__


async def test_a_card_arrives_at_every_form_of_target(rig: Rig) -> None:
    for number, target in enumerate(rig.targets):
        receipt = await rig.deliver(CARD, target=target, key=f"k{number}", attempt=1)
        assert receipt.text
    assert len(rig.arrived()) == len(rig.targets)
    assert all("redis is down" in text for text in rig.arrived())


async def test_a_second_attempt_with_the_same_key_arrives_once(rig: Rig) -> None:
    for attempt in (1, 2):
        await rig.deliver(CARD, target=rig.targets[0], key="k", attempt=attempt)
    assert len(rig.arrived()) == (2 if rig.rings_again else 1)


@pytest.mark.parametrize("retry", [True, False])
async def test_a_failure_says_whether_trying_again_can_help(rig: Rig, retry: bool) -> None:
    rig.fail(retry)
    with pytest.raises(Undeliverable) as caught:
        await rig.deliver(CARD, target=rig.targets[0], key="k", attempt=1)
    assert caught.value.retry is retry
    assert "\n" not in str(caught.value)
    assert str(caught.value)


async def test_after_a_failure_it_delivers_again(rig: Rig) -> None:
    rig.fail(True)
    with pytest.raises(Undeliverable):
        await rig.deliver(CARD, target=rig.targets[0], key="k", attempt=1)
    await rig.deliver(CARD, target=rig.targets[0], key="k", attempt=2)
    assert len(rig.arrived()) == 1


def alert_card(summary: str, state: str = "firing") -> Card:
    """The page of an alert, as its room makes it."""
    return Card(
        title=f"🔴 #42 {summary}",
        body=("Nobody has acknowledged this alert yet.",),
        fields=(Field(label="Runbook", value=Link("https://example.com/runbook", "open")),),
        hint=("Acknowledge it: ", Code("ack 42")),
        data={
            "number": 42,
            "severity": "critical",
            "summary": summary,
            "state": state,
            "labels": {"service": summary},
            "rule": "redis-down",
        },
    )


async def test_a_page_tells_what_is_wrong(rig: Rig) -> None:
    await rig.deliver(alert_card("redis is down"), target=rig.targets[0], key="alert:42:page:0", attempt=1)
    assert "redis is down" in rig.arrived()[0]


async def test_hostile_text_arrives_as_text(rig: Rig) -> None:
    await rig.deliver(alert_card(HOSTILE), target=rig.targets[0], key="alert:42:page:0", attempt=1)
    (arrived,) = rig.arrived()
    assert "redis is down" in arrived
    assert "\x1b" not in arrived


@pytest.mark.parametrize("retry", [True, False])
async def test_no_secret_is_told_when_a_delivery_fails(rig: Rig, retry: bool) -> None:
    rig.fail(retry)
    with capture_logs() as logged, pytest.raises(Undeliverable) as caught:
        await rig.deliver(CARD, target=rig.targets[0], key="k", attempt=1)
    told = f"{caught.value} {logged}"
    assert [secret for secret in rig.secrets if secret in told] == []


async def test_what_became_of_an_alert_is_told_where_it_is_held_open(rig: Rig) -> None:
    if rig.settle is None:
        return  # nothing is held open there
    await rig.deliver(alert_card("redis is down"), target=rig.targets[0], key="alert:42:page:0", attempt=1)
    for state in ("acknowledged", "resolved"):
        card = alert_card("redis is down", state)
        await rig.settle(card, target=rig.targets[0], key=f"alert:42:{state}", state=state)
        await rig.settle(card, target=rig.targets[0], key=f"alert:42:{state}", state=state)  # as after a crash
    assert len(rig.arrived()) <= 3


async def test_slack_that_is_not_configured_says_what_to_set(store: Store) -> None:
    async with httpx.AsyncClient() as http:
        deliver = KINDS["slack"].connect(KINDS["slack"].options(), make_ports(store, http=http))
        with pytest.raises(Undeliverable, match="SLACK_BOT_TOKEN") as caught:
            await deliver(CARD, target="#alerts", key="k", attempt=1)
    assert not caught.value.retry

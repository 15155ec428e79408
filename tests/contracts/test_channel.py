"""What every notification channel promises, the built-in ones and those of installed plug-ins.

A new kind needs one entry in `RIGS`: a place of this machine that it delivers to.
"""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field

import httpx
import pytest
from aiohttp import web

from bot import registry
from bot.cards.card import Card
from bot.ports import Channel, ChatError, Delivery, Undeliverable
from storage.unit_of_work import Store
from tests.fakes.chat import FakeChat
from tests.fakes.ports import make_ports

KINDS = registry.collect(
    Channel, [*registry.modules("bot.channels"), *registry.plugins()], lambda channel: channel.type
)
CARD = Card(title="redis is down", body=("since noon",))


@dataclass(frozen=True)
class Rig:
    """A connected channel, targets it takes, what arrived (as text), and switches to make it fail."""

    deliver: Delivery
    targets: tuple[str, ...]
    arrived: Callable[[], list[str]]
    fail: Callable[[bool], None]
    """Let the next delivery fail; True: in a way that trying again can help."""


Start = Callable[[Channel, Store], AbstractAsyncContextManager[Rig]]


@asynccontextmanager
async def slack(kind: Channel, store: Store) -> AsyncIterator[Rig]:
    chat = FakeChat(channels={"alerts": "C0ALERTS"})

    def fail(retry: bool) -> None:
        chat.refusals["post"] = [ChatError("unreachable" if retry else "not_in_channel", "no", retry=retry)]

    async with httpx.AsyncClient() as http:
        deliver = kind.connect(kind.options(), make_ports(store, chat=chat, http=http))
        yield Rig(deliver, ("@U0ONCALL", "#alerts"), lambda: [m.text for m in chat.messages], fail)


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
    options = kind.options.model_validate({"url": f"http://127.0.0.1:{runner.addresses[0][1]}/"})
    try:
        async with httpx.AsyncClient(trust_env=False) as http:
            deliver = kind.connect(options, make_ports(store, http=http))
            yield Rig(
                deliver,
                ("on-call",),
                lambda: [json.dumps(json.loads(body)["card"]) for body in receiver.bodies.values()],
                lambda retry: receiver.statuses.append(503 if retry else 400),
            )
    finally:
        await runner.cleanup()


RIGS: dict[str, Start] = {"slack": slack, "webhook": webhook}


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
    assert {"slack", "webhook"} <= KINDS.keys()


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
    assert len(rig.arrived()) == 1


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


async def test_slack_that_is_not_configured_says_what_to_set(store: Store) -> None:
    async with httpx.AsyncClient() as http:
        deliver = KINDS["slack"].connect(KINDS["slack"].options(), make_ports(store, http=http))
        with pytest.raises(Undeliverable, match="SLACK_BOT_TOKEN") as caught:
            await deliver(CARD, target="#alerts", key="k", attempt=1)
    assert not caught.value.retry

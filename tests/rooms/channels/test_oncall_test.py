"""`oncall test`: each channel of a person is tried, nobody else is paged, and it is told what came of it."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from bot.cards.card import Card, Level
from bot.channels.pagerduty import PAGERDUTY, PagerDutyOptions
from bot.channels.slack import SLACK, SlackOptions
from bot.channels.sms import SMS, SmsOptions
from bot.config.manage import Manage
from bot.invoke import invoke
from bot.notifications.commands import test as oncall_test
from bot.permissions import Caller
from bot.ports import ChatError, Ports
from storage.unit_of_work import Store
from tests.fakes import providers
from tests.fakes.chat import FakeChat
from tests.fakes.ports import make_ports

ME, OTHER = "U0ONCALL", "U0OTHER"


@pytest.fixture
async def twilio() -> AsyncIterator[providers.Twilio]:
    async with providers.twilio() as made:
        yield made


@pytest.fixture
async def pagerduty() -> AsyncIterator[providers.PagerDuty]:
    async with providers.pagerduty() as made:
        yield made


@pytest.fixture
def chat() -> FakeChat:
    return FakeChat()


@pytest.fixture
async def ports(
    store: Store, chat: FakeChat, twilio: providers.Twilio, pagerduty: providers.PagerDuty
) -> AsyncIterator[Ports]:
    account = {"account_sid": providers.ACCOUNT, "auth_token": providers.TOKEN, "sender": "+15550001111"}
    sms = SmsOptions.model_validate({**account, "url": twilio.url})
    duty = PagerDutyOptions.model_validate({"url": pagerduty.url, "routing_key": providers.ROUTING_KEY})
    manage = Manage.model_validate(
        {
            "people": {ME: {"phone": "+4930123456"}},
            "roles": {"operator": ["U0OPERATOR"]},
            "notifications": {
                "texts": {"type": "sms", "options": sms},
                "pagerduty": {"type": "pagerduty", "options": duty},
            },
        }
    )
    async with httpx.AsyncClient(trust_env=False) as http:
        bare = make_ports(store, manage=manage, chat=chat, http=http)
        channels = {
            "slack": SLACK.connect(SlackOptions(), bare),
            "texts": SMS.connect(sms, bare),
            "pagerduty": PAGERDUTY.connect(duty, bare),
        }
        yield make_ports(store, manage=manage, chat=chat, http=http, channels=channels)


async def run(ports: Ports, *argv: str, by: str = ME) -> Card:
    return await invoke(["oncall", "test", *argv], Caller(id=by, via="slack"), ports, {"oncall test": oncall_test})


def told(card: Card) -> dict[str, Any]:
    return {one["via"]: one["delivered"] for one in card.data["channels"]}


async def test_each_channel_of_the_person_is_tried(
    ports: Ports, chat: FakeChat, twilio: providers.Twilio, pagerduty: providers.PagerDuty
) -> None:
    card = await run(ports, "@me")
    assert told(card) == {"slack": True, "texts": True, "pagerduty": None, "phone": None, "email": None}
    assert card.level is Level.OK
    assert [message["to"] for message in twilio.messages] == ["+4930123456"]
    assert len(chat.messages) == 1
    assert pagerduty.events == []


async def test_a_test_page_says_that_it_is_one(ports: Ports, chat: FakeChat, twilio: providers.Twilio) -> None:
    await run(ports)
    for text in (chat.messages[0].text, twilio.messages[0]["body"]):
        assert "Test page" in text
        assert "nothing to do" in text


async def test_a_failed_channel_is_told_with_its_reason(ports: Ports, twilio: providers.Twilio) -> None:
    twilio.refusals.fail(400, body={"code": 21610, "message": "+4930123456 is unsubscribed"})
    card = await run(ports)
    assert card.level is Level.BAD
    told = next(one["detail"] for one in card.data["channels"] if one["via"] == "texts")
    assert told == "Twilio answered HTTP 400, error 21610: (the number) is unsubscribed"


async def test_one_channel_alone(ports: Ports, chat: FakeChat) -> None:
    assert told(await run(ports, "--via=texts")) == {"texts": True}
    assert chat.messages == []


async def test_an_unknown_channel_is_refused_with_those_there_are(ports: Ports) -> None:
    card = await run(ports, "--via=pigeon")
    assert card.level is Level.USAGE
    assert "texts" in str(card.hint)


async def test_another_person_takes_an_operator(ports: Ports, twilio: providers.Twilio) -> None:
    assert (await run(ports, f"<@{ME}>", by=OTHER)).level is Level.DENIED
    assert twilio.messages == []
    assert told(await run(ports, f"<@{ME}>", by="U0OPERATOR"))["texts"] is True


@pytest.mark.parametrize("who", ["everybody", "#alerts", "@here", "+4930123456"])
async def test_only_people_can_be_tested(ports: Ports, who: str) -> None:
    assert (await run(ports, who)).level is Level.USAGE


async def test_slack_being_away_is_one_failed_channel(ports: Ports, chat: FakeChat) -> None:
    chat.refusals["post"] = [ChatError("unreachable", "Slack is away", retry=True)]
    assert told(await run(ports)) == {"slack": False, "texts": True, "pagerduty": None, "phone": None, "email": None}

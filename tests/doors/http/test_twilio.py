"""Answers through Twilio: signed as the emulator signs them, and forged."""

import re
from collections.abc import AsyncIterator, MutableMapping
from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree as ET

import httpx
import pytest

from bot.alerts.escalation import Page
from bot.channels import twilio as protocol
from bot.channels.phone import PHONE as CALL
from bot.channels.phone import PhoneOptions
from bot.channels.sms import SMS, SmsOptions
from bot.events import EscalationStepFired, PageDelivered
from storage.records.alerts import AlertState
from storage.unit_of_work import Store
from tests.contracts.test_channel import alert_card
from tests.doors.http.answering import ONCALL, PHONE, Bot, answering
from tests.servers.twilio_emulator import ACCOUNT, OURS, TOKEN, Twilio

Logged = list[MutableMapping[str, Any]]
ACCOUNT_OPTIONS = {"account_sid": ACCOUNT, "auth_token": TOKEN, "sender": OURS}


@pytest.fixture
async def bot(store: Store) -> AsyncIterator[Bot]:
    options = SmsOptions.model_validate(ACCOUNT_OPTIONS)
    async with answering(store, {"sms": {"type": "sms", "options": options}}) as made:
        yield made


async def post(bot: Bot, path: str, form: dict[str, str], *, token: str = TOKEN, signature: str = "") -> httpx.Response:
    """A request as Twilio sends it."""
    form = {"AccountSid": ACCOUNT, **form}
    proof = signature or protocol.signature(token, bot.url + path, {name: [value] for name, value in form.items()})
    return await bot.http.post(path, data=form, headers={"X-Twilio-Signature": proof})


async def text(bot: Bot, body: str, *, sender: str = PHONE, sid: str = "SM1") -> list[str]:
    """What is answered to a text."""
    answer = await post(bot, protocol.SMS_PATH, {"From": sender, "To": OURS, "Body": body, "MessageSid": sid})
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/xml")
    return [message.text or "" for message in ET.fromstring(answer.text).iter("Message")]


async def press(bot: Bot, digit: str, **query: str) -> ET.Element:
    """What is said after a key was pressed."""
    path = f"{protocol.VOICE_PATH}?{urlencode(query)}"
    answer = await post(bot, path, {"CallSid": "CA1", "Digits": digit})
    assert answer.status_code == 200
    return ET.fromstring(answer.text)


async def test_ack_by_text_acknowledges_as_the_person_whose_number_it_is(bot: Bot) -> None:
    (said,) = await text(bot, "Ack #42 on my way")
    alert = await bot.alert()
    assert (alert.state, alert.acknowledged_by, alert.comment) == (AlertState.ACKNOWLEDGED, ONCALL, "on my way")
    assert "42" in said


async def test_resolve_by_text_resolves(bot: Bot) -> None:
    await text(bot, "resolve 42")
    assert (await bot.alert()).state is AlertState.RESOLVED


async def test_a_repeated_message_is_answered_once(bot: Bot) -> None:
    assert len(await text(bot, "ack 42")) == 1
    assert await text(bot, "ack 42") == []


@pytest.mark.parametrize("body", ["config", "jobs", "unack 42", "", "what is this?", "ack; config"])
async def test_no_other_command_can_be_texted(bot: Bot, body: str) -> None:
    (said,) = await text(bot, body)
    assert said.startswith(("Answers that are understood", "That is not quite a command"))
    assert (await bot.alert()).state is AlertState.FIRING


async def test_a_stranger_is_told_nothing_and_is_logged(bot: Bot, logged: Logged) -> None:
    assert await text(bot, "oncall", sender="+49309999999") == []
    assert [line["event"] for line in logged if line["log_level"] == "warning"] == ["sms_from_stranger"]


async def test_who_is_on_call_can_be_asked(bot: Bot) -> None:
    (said,) = await text(bot, "oncall")
    assert "on call" in said.lower()


@pytest.mark.parametrize("path", [protocol.SMS_PATH, protocol.VOICE_PATH, protocol.STATUS_PATH])
@pytest.mark.parametrize("signature", ["", "AAAA", "ä"], ids=["none", "wrong", "odd"])
async def test_unsigned_requests_change_nothing(bot: Bot, path: str, signature: str) -> None:
    form = {"AccountSid": ACCOUNT, "From": PHONE, "Body": "ack 42", "MessageSid": "SM1", "Digits": "1"}
    headers = {"X-Twilio-Signature": signature.encode()} if signature else {}
    answer = await bot.http.post(f"{path}?alert=42&who={ONCALL}", data=form, headers=headers)
    assert answer.status_code == 403
    assert TOKEN not in answer.text
    assert (await bot.alert()).state is AlertState.FIRING


async def test_a_signature_with_another_token_is_refused(bot: Bot) -> None:
    answer = await post(bot, protocol.SMS_PATH, {"From": PHONE, "Body": "ack 42", "MessageSid": "1"}, token="other")
    assert answer.status_code == 403


async def test_a_signature_holds_for_its_own_query_alone(bot: Bot) -> None:
    form = {"AccountSid": ACCOUNT, "CallSid": "CA1", "Digits": "1"}
    path = f"{protocol.VOICE_PATH}?alert=41&who={ONCALL}"
    proof = protocol.signature(TOKEN, bot.url + path, {name: [value] for name, value in form.items()})
    forged = path.replace("41", "42")
    answer = await bot.http.post(forged, data=form, headers={"X-Twilio-Signature": proof})
    assert answer.status_code == 403


async def test_an_unknown_account_is_refused(bot: Bot) -> None:
    assert (await post(bot, protocol.SMS_PATH, {"AccountSid": "AC" + "9" * 32})).status_code == 403


@pytest.mark.parametrize("body", [b"\xff\xfe%%%", b"a" * 2_000_000, b"\0"], ids=["garbage", "huge", "nul"])
async def test_odd_bodies_are_refused(bot: Bot, body: bytes) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded", "X-Twilio-Signature": "x"}
    answer = await bot.http.post(protocol.SMS_PATH, content=body, headers=headers)
    assert answer.status_code in {400, 403, 413}


async def test_key_1_acknowledges_as_the_person_who_was_called(bot: Bot) -> None:
    said = await press(bot, "1", alert="42", who=ONCALL)
    assert (await bot.alert()).acknowledged_by == ONCALL
    assert said.find("Hangup") is not None


async def test_key_1_acknowledges_as_the_owner_of_a_number(bot: Bot) -> None:
    await press(bot, "1", alert="42", who=PHONE)
    assert (await bot.alert()).acknowledged_by == ONCALL


async def test_key_2_says_the_page_again_and_listens_again(bot: Bot) -> None:
    said = await press(bot, "2", alert="42", who=ONCALL)
    gather = said.find("Gather")
    assert gather is not None
    assert "redis is down and out" in "".join(gather.itertext())
    assert gather.attrib["action"] == f"{bot.url}{protocol.VOICE_PATH}?alert=42&who={ONCALL}"
    assert (await bot.alert()).state is AlertState.FIRING


async def test_the_keypress_is_in_the_journal_as_one_by_phone(bot: Bot) -> None:
    await press(bot, "1", alert="42", who=ONCALL)
    (fact,) = await bot.journal("AlertAcknowledged")
    assert fact.payload["via"] == "phone"


@pytest.mark.server
async def test_texts_are_sent_once_answered_and_heard_through_the_emulator(twilio: Twilio, store: Store) -> None:
    number = twilio.number()
    options = SmsOptions.model_validate({**ACCOUNT_OPTIONS, "url": twilio.url})
    async with answering(store, {"sms": {"type": "sms", "options": options}}, phone=number) as bot:
        deliver = SMS.connect(options, bot.ports)
        for attempt in (1, 2):
            await deliver(alert_card("redis is down"), target=f"@{ONCALL}", key="alert:42:page:0", attempt=attempt)
        (sent,) = await twilio.messages(number)
        assert re.fullmatch(r"CRITICAL #42: redis is down\nReply ACK 42 or RESOLVE 42 \(\w{7}\)", sent["body"])
        await twilio.webhook(f"{bot.url}{protocol.SMS_PATH}")
        await twilio.text(number, "ack 42")
        assert (await bot.alert()).acknowledged_by == ONCALL


@pytest.mark.server
async def test_a_call_is_made_through_the_emulator(twilio: Twilio, store: Store) -> None:
    number = twilio.number()
    options = PhoneOptions.model_validate({**ACCOUNT_OPTIONS, "url": twilio.url})
    async with answering(store, {"phone": {"type": "phone", "options": options}}, phone=number) as bot:
        receipt = await CALL.connect(options, bot.ports)(
            alert_card("redis is down"), target=f"@{ONCALL}", key="alert:42:page:0", attempt=1
        )
        (call,) = await twilio.calls(number)
    assert call["sid"] in receipt.text
    assert (call["from"], call["status"]) == (OURS, "ringing")


@pytest.mark.server
@pytest.mark.parametrize("state", ["undelivered", "failed"])
async def test_a_text_that_does_not_arrive_goes_on_to_the_next_channel(
    twilio: Twilio, store: Store, state: str
) -> None:
    number, page = twilio.number(), Page(step=0, target=f"@{ONCALL}", via="sms")
    options = SmsOptions.model_validate({**ACCOUNT_OPTIONS, "url": twilio.url})
    calls = PhoneOptions.model_validate({**ACCOUNT_OPTIONS, "url": twilio.url})
    both = {"sms": {"type": "sms", "options": options}, "phone": {"type": "phone", "options": calls}}
    async with answering(store, both, phone=number) as bot:
        key = page.key("alert:42")
        await bot.happened(EscalationStepFired(alert=42, step=0, via="sms", targets=(page.target,)))
        await bot.ports.channels["sms"](alert_card("redis is down"), target=page.target, key=key, attempt=1)
        await bot.happened(PageDelivered(alert=42, target=page.target, via="sms", step=0, receipt="message"))
        (sent,) = await twilio.messages(number)
        for _repeated in (1, 2):
            await twilio.deliver(sent["sid"], state)
        (failed,) = await bot.journal("PageFailed")
    assert failed.payload["next_via"] == "phone"


@pytest.mark.server
@pytest.mark.parametrize("state", ["busy", "no-answer", "failed"])
async def test_a_call_that_nobody_takes_goes_on_to_the_next_channel(twilio: Twilio, store: Store, state: str) -> None:
    number, page = twilio.number(), Page(step=0, target=f"@{ONCALL}", via="phone")
    calls = PhoneOptions.model_validate({**ACCOUNT_OPTIONS, "url": twilio.url})
    async with answering(store, {"phone": {"type": "phone", "options": calls}}, phone=number) as bot:
        key = page.key("alert:42")
        await bot.happened(EscalationStepFired(alert=42, step=0, via="phone", targets=(page.target,)))
        await bot.ports.channels["phone"](alert_card("redis is down"), target=page.target, key=key, attempt=1)
        (call,) = await twilio.calls(number)
        await twilio.ring(call["sid"], state)
        assert len(await bot.journal("PageFailed")) == 1


@pytest.mark.parametrize("state", ["delivered", "sent", "completed", "in-progress"])
async def test_what_went_well_is_no_news(bot: Bot, state: str) -> None:
    path = f"{protocol.STATUS_PATH}?page=alert:42:page:0:0:sms:@{ONCALL}"
    assert (await post(bot, path, {"MessageSid": "SM1", "MessageStatus": state})).status_code == 200
    assert await bot.journal("PageFailed") == []


async def test_news_of_a_page_that_never_was_is_logged(bot: Bot, logged: Logged) -> None:
    path = f"{protocol.STATUS_PATH}?page=test:1:sms"
    assert (await post(bot, path, {"MessageSid": "SM1", "MessageStatus": "failed"})).status_code == 200
    assert [line["event"] for line in logged if line["log_level"] == "warning"] == ["no_such_page"]

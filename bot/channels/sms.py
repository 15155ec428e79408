"""Notification by SMS through Twilio: to a person ("@U…", whose number is known) or to a number ("+49…")."""

from hashlib import blake2b
from typing import Self

from pydantic import Field, model_validator

from bot.cards.card import Card
from bot.channels import twilio
from bot.channels.addresses import number_of
from bot.channels.notice import notice
from bot.channels.segments import shortened
from bot.channels.twilio import TwilioOptions
from bot.ports import Channel, Delivery, Ports, Receipt

SEGMENTS = 3
_LOST = frozenset({"failed", "undelivered", "canceled"})
_LOOK_BACK = 50
"""How many of the newest messages to a number are looked through for one that may have been sent already."""


class SmsOptions(TwilioOptions):
    """SMS through a Twilio account; answers come back when PUBLIC_URL is set."""

    sender: str = Field(
        default="", pattern=r"^(\+[1-9]\d{6,14}|[A-Za-z0-9 ]{1,11})?$", description="Number or name that sends."
    )
    messaging_service_sid: str = Field(
        default="", pattern=r"^(MG[0-9a-fA-F]{32})?$", description="Messaging service that sends instead, `MG…`."
    )

    @model_validator(mode="after")
    def _one_sender(self) -> Self:
        if bool(self.sender) == bool(self.messaging_service_sid):
            raise ValueError("sender or messaging_service_sid, one of them")
        return self


def connect(options: SmsOptions, ports: Ports) -> Delivery:
    """Give a delivery of at most three segments. Twilio knows no idempotency key.

    So each text ends in a sign of its `key`, and on a later attempt the newest messages to the number are looked
    through for that sign: one that Twilio has taken already is not sent again.
    """
    sender = (
        {"MessagingServiceSid": options.messaging_service_sid}
        if options.messaging_service_sid
        else {"From": options.sender}
    )

    async def deliver(card: Card, *, target: str, key: str, attempt: int) -> Receipt:
        number = await number_of(ports, target)
        body = text(card, key, answerable=bool(ports.settings.public_url))
        if attempt > 1 and (sid := await _sent(number, sign(key))):
            return Receipt(f"message {sid}")
        status = twilio.callback(ports, twilio.STATUS_PATH, page=key)
        asked = {"To": number, "Body": body, **sender, **({"StatusCallback": status} if status else {})}
        return Receipt(f"message {(await twilio.ask(ports, options, 'POST', 'Messages', asked)).get('sid', '')}")

    async def _sent(number: str, mark: str) -> str:
        asked = {"To": number, "PageSize": str(_LOOK_BACK)}
        found = (await twilio.ask(ports, options, "GET", "Messages", asked)).get("messages") or ()
        alive = (m for m in found if mark in str(m.get("body")) and m.get("status") not in _LOST)
        return next((str(m.get("sid")) for m in alive), "")

    return deliver


def text(card: Card, key: str, *, answerable: bool) -> str:
    """What is sent: what is wrong, how to answer, and the sign of the page."""
    told = notice(card)
    how = f"\nReply ACK {told.number} or RESOLVE {told.number}" if told.number and answerable else ""
    return shortened(told.headline, f"{how} ({sign(key)})", SEGMENTS)


def sign(key: str) -> str:
    """Seven letters and digits that stand for the key: few enough to read, enough not to meet by chance."""
    return f"{int.from_bytes(blake2b(key.encode('utf-8', 'replace'), digest_size=4).digest(), 'big'):07x}"[-7:]


SMS = Channel(type="sms", options=SmsOptions, connect=connect)

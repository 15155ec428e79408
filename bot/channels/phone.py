"""Notification by phone through Twilio: the page is spoken, and key 1 acknowledges it."""

from pydantic import Field

from bot.cards.card import Card
from bot.channels import twilio, twiml
from bot.channels.addresses import number_of, person_of
from bot.channels.notice import notice
from bot.channels.twilio import TwilioOptions
from bot.ports import Channel, Delivery, Ports, Receipt

RING = 30
"""Seconds for which it rings."""


class PhoneOptions(TwilioOptions):
    """Calls through a Twilio account; a key pressed comes back when PUBLIC_URL is set."""

    sender: str = Field(pattern=r"^\+[1-9]\d{6,14}$", description="Number that calls, one of the account's own.")


def connect(options: PhoneOptions, ports: Ports) -> Delivery:
    """Give a delivery that calls a person ("@U…") or a number ("+49…").

    Twilio keeps nothing of a call by which it could be found again, so when the answer to a request was lost the phone
    may ring twice: better than not at all. Keys, and that nobody answered, come back to PUBLIC_URL.
    """

    async def deliver(card: Card, *, target: str, key: str, attempt: int) -> Receipt:  # noqa: ARG001 - see above
        told = notice(card)
        number = await number_of(ports, target)
        alert = {"alert": str(told.number)} if told.number else {}
        pressed = twilio.callback(ports, twilio.VOICE_PATH, who=person_of(target) or number, **alert)
        asked: dict[str, str | list[str]] = {
            "To": number,
            "From": options.sender,
            "Twiml": twiml.call(told, pressed),
            "Timeout": str(RING),
        }
        if status := twilio.callback(ports, twilio.STATUS_PATH, page=key):
            asked |= {"StatusCallback": status, "StatusCallbackEvent": ["completed"]}
        return Receipt(f"call {(await twilio.ask(ports, options, 'POST', 'Calls', asked)).get('sid', '')}")

    return deliver


PHONE = Channel(type="phone", options=PhoneOptions, connect=connect)

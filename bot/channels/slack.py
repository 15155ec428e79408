"""Notification in Slack: to a user ("@U…") as a direct message, or into a channel ("#name" or its id)."""

from bot.cards.card import Card
from bot.engine.retry import Later
from bot.ports import Channel, ChatError, Delivery, Options, Ports, Receipt, Undeliverable
from bot.posting import CROWDED


class SlackOptions(Options):
    """Slack needs no options: the bot's own workspace is meant."""


def connect(_options: SlackOptions, ports: Ports) -> Delivery:
    """Give a delivery that posts once per `key` and target; the receipt is the message's ts."""

    async def deliver(card: Card, *, target: str, key: str, attempt: int) -> Receipt:
        chat = ports.chat
        if chat is None:
            raise Undeliverable("Slack is not configured: set SLACK_BOT_TOKEN, see docs/slack.md", retry=False)
        if chat.crowded:
            raise Later(ports.now() + CROWDED)
        try:
            channel = await chat.direct(target.removeprefix("@")) if target.startswith(("@", "U", "W")) else target
            posted = await chat.post(channel, card, key=key, attempt=attempt)
        except ChatError as refused:
            raise Undeliverable(f"{target} cannot be told: {refused}", retry=refused.retry) from refused
        return Receipt(posted.ts)

    return deliver


SLACK = Channel(type="slack", options=SlackOptions, connect=connect)

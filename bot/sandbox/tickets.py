"""What Slack hands out with an interaction: a trigger id for one modal, a response URL for five answers."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field

from bot.sandbox.refusal import Refused

RESPONSE_URL_USES = 5
MOST_TICKETS = 5_000


@dataclass
class Trigger:
    """The right to open one modal for a person; ``view_id`` is the modal on which the person acted, if any."""

    user: str
    expires: float
    view_id: str | None = None
    used: bool = False


@dataclass
class ResponseUrl:
    """The right to answer an interaction; ``message_ts`` is the message on which the person acted, if any."""

    channel: str
    user: str
    expires: float
    message_ts: str | None = None
    thread_ts: str | None = None
    uses: int = 0


@dataclass
class Tickets:
    """All triggers and response URLs that were handed out."""

    clock: Callable[[], float]
    trigger_life: float
    response_url_life: float
    triggers: dict[str, Trigger] = field(default_factory=dict)
    response_urls: dict[str, ResponseUrl] = field(default_factory=dict)

    def trigger(self, user: str, view_id: str | None = None) -> str:
        """Give a new trigger id."""
        trigger_id = f"{secrets.randbelow(10**12)}.{secrets.randbelow(10**12)}.{secrets.token_hex(16)}"
        if len(self.triggers) >= MOST_TICKETS:
            del self.triggers[next(iter(self.triggers))]
        self.triggers[trigger_id] = Trigger(user, self.clock() + self.trigger_life, view_id)
        return trigger_id

    def redeem(self, trigger_id: str) -> Trigger:
        """Use up a trigger id. Raises ``Refused`` when it is unknown, used or too old."""
        trigger = self.triggers.get(trigger_id)
        if trigger is None:
            raise Refused("invalid_trigger_id")
        if trigger.used:
            raise Refused("exchanged_trigger_id")
        if self.clock() > trigger.expires:
            raise Refused("expired_trigger_id")
        trigger.used = True
        return trigger

    def response_url(self, channel: str, user: str, message_ts: str | None = None, thread_ts: str | None = None) -> str:
        """Give the secret part of a new response URL."""
        secret = secrets.token_urlsafe(18)
        if len(self.response_urls) >= MOST_TICKETS:
            del self.response_urls[next(iter(self.response_urls))]
        expires = self.clock() + self.response_url_life
        self.response_urls[secret] = ResponseUrl(channel, user, expires, message_ts, thread_ts)
        return secret

    def answer(self, secret: str) -> ResponseUrl:
        """Use a response URL once more. Raises ``Refused`` when it is unknown, used up or too old."""
        found = self.response_urls.get(secret)
        if found is None:
            raise Refused("invalid_url")
        if self.clock() > found.expires:
            raise Refused("expired_url")
        if found.uses >= RESPONSE_URL_USES:
            raise Refused("used_url")
        found.uses += 1
        return found

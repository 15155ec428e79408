"""Slack's rate limits as buckets of tokens (pure): how long a call must wait, given the clock.

Tiers: docs.slack.dev/apis/web-api/rate-limits, counted per method; chat.postMessage besides about one message a second
and channel, short bursts allowed. What Slack answers with 429 closes the buckets of that call for as long as it says.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

PER_MINUTE: Mapping[str, int] = {
    "conversations.create": 20,
    "conversations.archive": 20,
    "conversations.unarchive": 20,
    "conversations.setTopic": 20,
    "conversations.list": 20,
    "pins.add": 20,
    "reactions.remove": 20,
    "bookmarks.add": 20,
    "bookmarks.edit": 20,
    "canvases.create": 20,
    "conversations.canvases.create": 20,
    "usergroups.list": 20,
    "usergroups.users.list": 20,
    "usergroups.users.update": 20,
    "chat.startStream": 20,
    "chat.stopStream": 20,
    "chat.update": 50,
    "bookmarks.list": 50,
    "canvases.edit": 50,
    "reactions.add": 50,
    "conversations.info": 50,
    "conversations.history": 50,
    "conversations.invite": 50,
    "conversations.join": 50,
    "conversations.open": 50,
    "conversations.replies": 50,
    "users.conversations": 50,
    "users.lookupByEmail": 50,
    "assistant.threads.setSuggestedPrompts": 100,
    "chat.appendStream": 100,
    "chat.postEphemeral": 100,
    "views.open": 100,
    "views.publish": 100,
    "views.update": 100,
}
"""Calls a minute of every limited method that the bot uses."""

POSTING = "chat.postMessage"
MESSAGES_PER_SECOND = 1.0
MESSAGE_BURST = 3.0
BURST_SHARE = 0.5  # of a minute's calls at once: a full bucket spent at once would leave a minute of waiting


@dataclass(frozen=True)
class Bucket:
    """Tokens that come back with time, full at the start; `closed_until` is what a 429 asked for. Times in seconds."""

    size: float
    per_second: float
    left: float
    at: float
    closed_until: float = 0.0

    def wait(self, now: float) -> float:
        """Seconds until there is a token."""
        short = max(0.0, 1.0 - self._tokens(now)) / self.per_second
        return max(short, self.closed_until - now, 0.0)

    def taken(self, now: float) -> "Bucket":
        """The bucket with one token less."""
        return replace(self, left=self._tokens(now) - 1.0, at=now)

    def closed(self, now: float, seconds: float) -> "Bucket":
        """The bucket after a 429: empty, and closed for that long."""
        return replace(
            self, left=min(self._tokens(now), 1.0), at=now, closed_until=max(self.closed_until, now + seconds)
        )

    def _tokens(self, now: float) -> float:
        return min(self.size, self.left + max(0.0, now - self.at) * self.per_second)


@dataclass(frozen=True)
class Limits:
    """All buckets that have been used, by name."""

    buckets: Mapping[str, Bucket] = field(default_factory=dict)

    def wait(self, method: str, channel: str, now: float) -> float:
        """Seconds that this call has to wait; 0 when it may go."""
        return max((bucket.wait(now) for bucket in self._of(method, channel, now).values()), default=0.0)

    def taken(self, method: str, channel: str, now: float) -> "Limits":
        """The limits after this call went out. Buckets that are full again are forgotten."""
        used = {name: bucket.taken(now) for name, bucket in self._of(method, channel, now).items()}
        return Limits({name: b for name, b in {**self.buckets, **used}.items() if not _full(b, now)})

    def refused(self, method: str, channel: str, now: float, retry_after: float) -> "Limits":
        """The limits after Slack refused this call with 429."""
        closed = {name: bucket.closed(now, retry_after) for name, bucket in self._of(method, channel, now).items()}
        return Limits({**self.buckets, **closed})

    def _of(self, method: str, channel: str, now: float) -> dict[str, Bucket]:
        return {
            name: self.buckets.get(name) or Bucket(size, per_second, size, now)
            for name, size, per_second in _rates(method, channel)
        }


def _rates(method: str, channel: str) -> list[tuple[str, float, float]]:
    if method == POSTING:
        return [(f"{method} {channel}", MESSAGE_BURST, MESSAGES_PER_SECOND)]
    budget = PER_MINUTE.get(method)
    # a method without a known limit still needs a bucket, for a 429 to close
    return [(method, max(1.0, budget * BURST_SHARE), budget / 60)] if budget else [(method, 100.0, 100.0)]


def _full(bucket: Bucket, now: float) -> bool:
    return bucket.closed_until <= now and bucket.left + (now - bucket.at) * bucket.per_second >= bucket.size

"""Slack's rate limits: a budget per method and minute by tier, and about one message a second in a channel.

Tiers from https://docs.slack.dev/apis/web-api/rate-limits: 1 a minute in tier 1, 20 in 2, 50 in 3, 100 in 4.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

PER_MINUTE = {1: 1, 2: 20, 3: 50, 4: 100}
MESSAGE_BURST = 4
MESSAGES_PER_SECOND = 1.0
POSTING = frozenset({"chat.postMessage", "chat.startStream"})


@dataclass
class Bucket:
    """Tokens that come back with time; full at the start."""

    size: float
    per_second: float
    left: float
    at: float

    def take(self, now: float) -> float:
        """Take one token; give back 0, or the seconds until there is one."""
        self.left = min(self.size, self.left + (now - self.at) * self.per_second)
        self.at = now
        if self.left >= 1:
            self.left -= 1
            return 0.0
        return (1 - self.left) / self.per_second


@dataclass
class Rates:
    """The buckets in use; ``clock`` gives seconds."""

    clock: Callable[[], float]
    buckets: dict[str, Bucket] = field(default_factory=dict)

    def retry_after(self, method: str, tier: int, channel: str) -> int:
        """0 when the call may pass, else whole seconds to wait."""
        now = self.clock()
        waits = []
        if tier in PER_MINUTE:
            budget = PER_MINUTE[tier]
            waits.append(self.bucket(method, budget, budget / 60).take(now))
        if method in POSTING:
            waits.append(self.bucket(f"{method} {channel}", MESSAGE_BURST, MESSAGES_PER_SECOND).take(now))
        return math.ceil(max(waits, default=0.0))

    def bucket(self, name: str, size: float, per_second: float) -> Bucket:
        """Give the bucket of that name, made full on first use."""
        return self.buckets.setdefault(name, Bucket(size, per_second, size, self.clock()))

"""`Observation`: what a probe of a health check saw (pure; `bot.ports` shows it beside `Check`)."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Observation:
    """What one probe saw. `ok` False means down; `slow` True degraded, whatever the latency says.

    `value` against `threshold` (in `unit`) is what decided, where a number did; `metrics` are samples to keep beside.
    """

    ok: bool
    detail: str = ""
    latency_ms: float | None = None
    slow: bool = False
    value: float | None = None
    threshold: float | None = None
    unit: str = ""
    metrics: Mapping[str, float] = field(default_factory=dict)

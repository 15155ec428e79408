"""What rules remember of the label sets they watch, and what is usual for a label set at this time."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Phase(StrEnum):
    """Where a label set stands between well and firing; `OK` is not kept."""

    OK = "ok"
    PENDING = "pending"
    FIRING = "firing"


@dataclass(frozen=True, kw_only=True)
class RuleState:
    """One label set of one rule that is not simply well.

    `since` is when the phase began (a firing one's: when the condition began to hold). `over_since` is from when on the
    condition of a firing one holds no more, None while it holds. `absent_since` is the time of the last sample when
    there is none that is fresh. `error` is why the condition could not be evaluated. `seen_at` is the last evaluation
    that had data, `told` the reading that was reported last.
    """

    rule: str
    labels: Mapping[str, str] = field(default_factory=dict)
    phase: Phase = Phase.OK
    since: datetime
    seen_at: datetime
    over_since: datetime | None = None
    absent_since: datetime | None = None
    error: str = ""
    value: float | None = None
    threshold: float | None = None
    told: str = ""


@dataclass(frozen=True, kw_only=True)
class Baseline:
    """What is usual for a label set of an anomaly rule in the part of its season that begins at `at`.

    `count` is how many past windows say so; too few are kept too, with `spread` None, and mean: it is not known.
    """

    rule: str
    labels: Mapping[str, str] = field(default_factory=dict)
    at: datetime
    center: float
    spread: float | None
    count: int

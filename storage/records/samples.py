"""One measured value of one series."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class Sample:
    """`metric` with `labels` had `value` at `at`."""

    metric: str
    at: datetime
    value: float
    labels: Mapping[str, str] = field(default_factory=dict)

"""The section `objectives` of manage.yml: service level objectives, and over what each is measured."""

import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema, model_validator

from bot.config.durations import PositiveDuration
from bot.config.errors import KeyPath, nearest
from bot.config.fields import Listed, MetricName, Name
from bot.config.known_checks import unknown
from bot.config.known_metrics import WELL_KNOWN
from bot.config.part import Part
from bot.phrasing import cut

SHORTEST, LONGEST = timedelta(days=1), timedelta(days=90)
_ALLOWED = 'a percentage over 0% and under 100%, like "99.9%"'
_WRITTEN = re.compile(r"(\d{1,2}(?:\.\d{1,6})?) ?%")


def _percentage(value: Any) -> str:
    # a bare 0.999 or 99.9 does not say whether a share or a percentage is meant
    read = _WRITTEN.fullmatch(value.strip()) if isinstance(value, str) else None
    if read is None or not Decimal(read[1]):
        raise ValueError(_ALLOWED)
    return f"{Decimal(read[1]).normalize():f}%"


Percentage = Annotated[
    str,
    BeforeValidator(_percentage),
    WithJsonSchema({"type": "string", "pattern": rf"^{_WRITTEN.pattern}$", "examples": ["99.9%", "99.95%"]}),
]


def _fits(span: timedelta) -> timedelta:
    if not SHORTEST <= span <= LONGEST:
        raise ValueError("from 1d to 90d")
    return span


class Objective(Part):
    """One service level objective: over the availability of checks, or over a ratio of requests."""

    objective: Percentage = Field(
        description="Share of the time or the requests that must be well, like `99.9%`; the rest is the error budget."
    )
    window: Annotated[PositiveDuration, AfterValidator(_fits)] = Field(
        default=timedelta(days=30), description="The rolling time over which it counts, from 1d to 90d."
    )
    checks: Listed[Name] = Field(
        default=(),
        description="Checks by name: the time in which any of them is down counts against it, several at once once.",
    )
    errors: MetricName | None = Field(
        default=None,
        description="In place of `checks`: metric that counts the requests that failed since its sample before.",
    )
    total: MetricName | None = Field(default=None, description="Beside `errors`: metric that counts all requests.")
    labels: Mapping[str, str] = Field(
        default_factory=dict, description="Only series of both metrics that have these labels."
    )

    @property
    def budget(self) -> float:
        """The error budget as a share, 1 - SLO: 0.001 for 99.9%."""
        return float((100 - Decimal(self.objective.removesuffix("%"))) / 100)

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if bool(self.checks) == bool(self.errors or self.total) or bool(self.errors) != bool(self.total):
            raise ValueError("either checks, or errors and total")
        if self.labels and self.checks:
            raise ValueError("labels beside errors and total alone")
        return self


Objectives = Mapping[Name, Objective]


def mistakes(
    values: Mapping[str, Any], metrics: frozenset[str], checks: list[str]
) -> Iterator[tuple[KeyPath, str, str]]:
    """Checks and metrics that there are not, as (path, found, allowed); wrong types are passed over."""
    section = values.get("objectives")
    for name, given in section.items() if isinstance(section, Mapping) else ():
        if isinstance(given, Mapping):
            yield from unknown(("objectives", name, "checks"), given.get("checks"), checks)
            for key in ("errors", "total"):
                yield from counting(("objectives", name, key), given.get(key), metrics)


def counting(at: KeyPath, metric: Any, metrics: frozenset[str]) -> Iterator[tuple[KeyPath, str, str]]:
    """What is wrong with the name of a metric that must be a number of something."""
    if not isinstance(metric, str):
        return
    if metric not in metrics:
        allowed = f"a metric that is collected or pushed{nearest(metric, sorted(metrics))}"
        yield at, f'the unknown metric "{cut(metric, 60)}"', allowed
    elif metric in WELL_KNOWN and (unit := WELL_KNOWN[metric].unit):
        yield at, f'"{metric}", which is in {unit}', "a metric that counts"

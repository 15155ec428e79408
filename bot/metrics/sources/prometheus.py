"""Metrics from Prometheus: one instant query for each.

https://prometheus.io/docs/prometheus/latest/querying/api/#instant-queries
"""

import asyncio
import math
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Annotated, Any

import httpx
from pydantic import Field, SecretStr

from bot.config.fields import MetricName
from bot.health.failures import failure, place
from bot.phrasing import cut
from bot.ports import Options, Ports, Source, Unread
from storage.records.samples import Sample

MOST_SERIES = 1000
"""Series that one query may give; more are no measure but a mistake in the query."""


class PrometheusOptions(Options):
    """Queries to a Prometheus server, or to what speaks its API."""

    url: str = Field(pattern=r"^https?://[^\s/]\S*$", description="Address of Prometheus, without `/api`.")
    token: SecretStr | None = Field(default=None, description="Bearer token; never shown.")
    queries: Annotated[Mapping[MetricName, Annotated[str, Field(min_length=1)]], Field(min_length=1)] = Field(
        description="PromQL by the name of the metric that it gives."
    )


class _Unanswered(Exception):
    """A query gave nothing that can be used; the text says why."""


async def read(options: PrometheusOptions, ports: Ports) -> list[Sample]:
    """Run all queries at once. Raises `Unread`, with the rest when only some of them fail."""
    answers = await asyncio.gather(
        *(_asked(options, metric, query, ports) for metric, query in options.queries.items()), return_exceptions=True
    )
    failed = [error for error in answers if isinstance(error, BaseException)]
    for error in failed:
        if not isinstance(error, _Unanswered):
            raise error
    found = [sample for answer in answers if isinstance(answer, list) for sample in answer]
    if failed:
        raise Unread("; ".join(map(str, failed)), found)
    return found


async def _asked(options: PrometheusOptions, metric: str, query: str, ports: Ports) -> list[Sample]:
    headers = {"Authorization": f"Bearer {options.token.get_secret_value()}"} if options.token else {}
    address = f"{options.url.rstrip('/')}/api/v1/query"
    try:
        # redirects are not followed, so that the token goes nowhere else
        answer = await ports.http.post(address, data={"query": query}, headers=headers, timeout=None)
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        raise Unread(failure(error, place(options.url))) from error
    if answer.status_code in {401, 403}:
        raise Unread(f"{answer.status_code}: {place(options.url)} does not take the token")
    try:
        body = answer.json()
        if body["status"] != "success":
            raise _Unanswered(f"{metric}: {cut(str(body['error']), 150)}")
        return list(_samples(metric, body["data"], ports.now()))
    except (ValueError, KeyError, TypeError, IndexError, AttributeError):
        said = f"HTTP {answer.status_code}, not what Prometheus answers"
        raise Unread(f"{place(options.url)}: {said}") from None


def _samples(metric: str, data: Mapping[str, Any], now: datetime) -> Iterator[Sample]:
    """The values of an answer that are numbers: PromQL says NaN where there is nothing to divide."""
    result = data["result"]
    series: list[tuple[Mapping[str, Any], Any]]
    match data["resultType"]:
        case "scalar":
            series = [({}, result)]
        case "vector" if len(result) <= MOST_SERIES:
            series = [(one["metric"], one["value"]) for one in result]
        case "vector":
            raise _Unanswered(f"{metric}: the query gives {len(result):,} series, at most {MOST_SERIES:,} are taken")
        case kind:
            raise _Unanswered(f"{metric}: the query gives a {kind}, not one value for each series")
    for labels, (_, text) in series:
        value = float(text)
        if math.isfinite(value):
            yield Sample(
                metric=metric, at=now, value=value, labels={k: str(v) for k, v in labels.items() if k != "__name__"}
            )


PROMETHEUS = Source(
    type="prometheus", options=PrometheusOptions, read=read, metrics=lambda options: frozenset(options.queries)
)

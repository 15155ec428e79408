"""`POST /v1/metrics`: with the exporter that senders use, and with bodies that it would never send."""

import asyncio
import gzip
import json
import zlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp.test_utils import TestServer
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.metrics import Observation
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from opentelemetry.sdk.metrics import Counter, Histogram, MeterProvider
from opentelemetry.sdk.metrics.export import AggregationTemporality, PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource

from bot.config.manage import load
from handlers.http import otlp
from handlers.http.app import application
from handlers.measured import Measured
from storage.tables import samples
from tests.doors.http.conftest import Open
from tests.doors.http.lost import without_store
from tests.fakes.ports import T0

PUSHED = ["requests_per_second", "latency_p50", "latency_p95", "latency_count", "pool_in_use"]
NANO = 1_000_000_000
JSON = {"Content-Type": "application/json"}
PROTOBUF = {"Content-Type": "application/x-protobuf"}


@pytest.fixture
def bot(bot: Measured) -> Measured:
    manage = load(None, checks={}, channels={}, base={"metrics": {"pushed": PUSHED}})
    return replace(bot, ports=replace(bot.ports, manage=manage))


async def kept(bot: Measured) -> dict[str, list[float]]:
    async with bot.ports.store.read() as conn:
        return {
            name: [one.value for one in found]
            for name in await samples.names(conn)
            if (found := await samples.series(conn, name))
        }


def exported(*metrics, service: str = "api") -> dict:
    """An export in JSON, as the specification spells it."""
    about = {"attributes": [{"key": "service.name", "value": {"stringValue": service}}]}
    return {"resourceMetrics": [{"resource": about, "scopeMetrics": [{"metrics": list(metrics)}]}]}


def at(seconds: float = 0) -> str:
    return str(int((T0.timestamp() + seconds) * NANO))


def gauge(name: str, value: float, seconds: float = 0, **more) -> dict:
    return {"name": name, "gauge": {"dataPoints": [{"asDouble": value, "timeUnixNano": at(seconds), **more}]}}


def counted(name: str, value: int, seconds: float, temporality: int = 2, *, grows: bool = True) -> dict:
    point = {"asInt": str(value), "timeUnixNano": at(seconds), "startTimeUnixNano": at(-60)}
    return {
        "name": name,
        "sum": {"dataPoints": [point], "aggregationTemporality": temporality, "isMonotonic": grows},
    }


def spread(name: str, counts: list[int], seconds: float, temporality: int = 2, **more) -> dict:
    point = {
        "count": str(sum(counts)),
        "bucketCounts": [str(count) for count in counts],
        "explicitBounds": [10, 100, 1000],
        "timeUnixNano": at(seconds),
        "startTimeUnixNano": at(-60),
        **more,
    }
    return {"name": name, "histogram": {"dataPoints": [point], "aggregationTemporality": temporality}}


async def send(client, *metrics):
    return await client.post("/v1/metrics", json=exported(*metrics))


@pytest.mark.parametrize("compression", [Compression.NoCompression, Compression.Gzip, Compression.Deflate])
async def test_what_the_sdk_exports_is_kept(bot, compression):
    bot = replace(bot, ports=replace(bot.ports, now=lambda: datetime.now(UTC)))
    async with TestServer(application(bot)) as server:
        exporter = OTLPMetricExporter(
            str(server.make_url("/v1/metrics")),
            compression=compression,
            preferred_temporality={Counter: AggregationTemporality.DELTA, Histogram: AggregationTemporality.DELTA},
        )
        reader = PeriodicExportingMetricReader(exporter, export_interval_millis=3_600_000)
        provider = MeterProvider([reader], Resource({"service.name": "api", "service.instance.id": "one"}))
        meter = provider.get_meter("it")
        meter.create_observable_gauge("queue.length", [lambda _options: [Observation(7, {"queue": "mail"})]])
        meter.create_up_down_counter("pool.in_use").add(3)
        meter.create_counter("requests").add(100)
        latency = meter.create_histogram("latency", explicit_bucket_boundaries_advisory=[10, 100, 1000])
        for value in [50] * 9 + [500]:
            latency.record(value)
        assert await asyncio.to_thread(reader.force_flush)
        await asyncio.to_thread(provider.shutdown)

    found = await kept(bot)
    assert found["queue_length"][0] == 7
    assert found["pool_in_use"][0] == 3
    assert found["requests_per_second"][0] > 0
    assert (found["latency_count"][0], found["latency_p50"][0]) == (10, 60)
    assert found["latency_p95"] == [500]  # the largest, which the export tells
    async with bot.ports.store.read() as conn:
        (one,) = await samples.latest(conn, ["queue_length"], datetime.now(UTC) - timedelta(minutes=1))
    assert one.labels == {"service": "api", "instance": "one", "queue": "mail", "source": "otlp"}


async def test_a_cumulative_sum_is_told_by_its_growth(bot, client):
    for seconds, value in ((0, 100), (10, 150)):
        assert (await send(client, counted("requests", value, seconds))).json() == {}

    assert await kept(bot) == {"requests_per_second": [5]}


async def test_a_delta_sum_is_told_by_its_length(bot, client):
    await send(client, counted("requests", 120, 0, temporality=1))

    assert await kept(bot) == {"requests_per_second": [2]}


async def test_a_cumulative_histogram_is_told_by_what_came_since_the_export_before(bot, client):
    await send(client, spread("latency", [100, 0, 0, 0], 0))
    await send(client, spread("latency", [100, 0, 10, 0], 10))

    assert await kept(bot) == {"latency_count": [10], "latency_p50": [550], "latency_p95": [955]}


async def test_a_histogram_that_began_anew_says_nothing_once(bot, client):
    await send(client, spread("latency", [100, 0, 0, 0], 0))
    await send(client, spread("latency", [100, 0, 10, 0], 10, startTimeUnixNano=at(5)))

    assert await kept(bot) == {}


async def test_of_no_values_there_is_no_percentile(bot, client):
    await send(client, spread("latency", [0, 0, 0, 0], 0, temporality=1))

    assert await kept(bot) == {"latency_count": [0]}


async def test_names_with_other_signs_are_written_with_underscores(bot, client):
    await send(client, gauge("queue.length", 4))

    assert await kept(bot) == {"queue_length": [4]}


async def test_what_is_not_known_is_dropped_counted_and_named(bot, client):
    answer = await send(client, gauge("queue_length", 4), gauge("http.size", 1), counted("http.requests", 1, 0))

    assert answer.status_code == 200
    assert answer.json() == {
        "partialSuccess": {
            "rejectedDataPoints": "2",
            "errorMessage": "http_requests_per_second and http_size are not known; list them under metrics.pushed in "
            "manage.yml",
        }
    }
    assert await kept(bot) == {"queue_length": [4]}


async def test_the_answer_to_protobuf_is_protobuf(client):
    body = ExportMetricsServiceRequest()
    for n in range(8):
        metric = body.resource_metrics.add().scope_metrics.add().metrics.add(name=f"m{n}")
        metric.gauge.data_points.add(as_double=1)

    answer = await client.post("/v1/metrics", content=body.SerializeToString(), headers=PROTOBUF)

    said = ExportMetricsServiceResponse.FromString(answer.content).partial_success
    assert answer.headers["Content-Type"] == "application/x-protobuf"
    assert said.rejected_data_points == 8
    assert said.error_message.startswith("m0, m1, m2, m3, m4 and 3 others are not known")


@pytest.mark.parametrize(
    ("metric", "said"),
    [
        (gauge("queue_length", 1, seconds=-90_000), "too far from now"),
        (gauge("queue_length", 1, seconds=7200), "too far from now"),
        (gauge("queue_length", 1, timeUnixNano=str(2**63)), "too far from now"),
        (counted("pool_in_use", 1, 0, temporality=1, grows=False), "says nothing by itself"),
        (counted("requests", 1, 0, temporality=0), "says nothing by itself"),
        (counted("requests", 1, -60, temporality=1), "do not say since when"),
        (spread("latency", [1, 2], 0), "do not fit their bounds"),
        (spread("latency", [1, 2, 3, 4], 0, explicitBounds=[3, 2, 1]), "do not fit their bounds"),
        (spread("latency", [1, 2, 3, 4], 0, temporality=0), "delta or cumulative"),
        ({"name": "s", "summary": {"dataPoints": [{"timeUnixNano": at()}]}}, "not read (summary)"),
        ({"name": "s", "exponentialHistogram": {"dataPoints": [{"timeUnixNano": at()}]}}, "(exponential histogram)"),
    ],
)
async def test_what_cannot_be_kept_is_dropped_with_the_reason(bot, client, metric, said):
    assert said in (await send(client, metric)).json()["partialSuccess"]["errorMessage"]
    assert await kept(bot) == {}


@pytest.mark.parametrize(
    "metric",
    [gauge("queue_length", 1, flags=1), {"name": "queue_length"}, gauge("queue_length", "NaN")],
    ids=["ended", "empty", "no number"],
)
async def test_what_has_no_value_is_absent(bot, client, metric):
    assert (await send(client, metric)).json() == {}
    assert await kept(bot) == {}


async def test_an_attribute_that_would_hide_a_label_keeps_its_value_beside(bot, client):
    mine = [{"key": "service", "value": {"stringValue": "mine"}}, {"key": "ok", "value": {"boolValue": True}}]
    await send(client, gauge("queue_length", 4, attributes=mine))

    async with bot.ports.store.read() as conn:
        (one,) = await samples.latest(conn, ["queue_length"], T0)
    assert one.labels == {"service": "api", "exported_service": "mine", "ok": "true", "source": "otlp"}


@pytest.mark.parametrize("headers", [JSON, PROTOBUF])
@pytest.mark.parametrize("body", [b"{", b"\xff\xff\xff\xff", b'{"resourceMetrics": 5}', b"[" * 50_000])
async def test_a_body_that_is_no_export_is_refused(client, headers, body):
    answer = await client.post("/v1/metrics", content=body, headers=headers)

    assert answer.status_code == 400
    assert b"the body is no ExportMetricsServiceRequest" in answer.content
    assert answer.headers["Content-Type"].startswith(headers["Content-Type"])


async def test_a_refusal_to_protobuf_is_a_status_message(client):
    answer = await client.post("/v1/metrics", content=b"\xff", headers=PROTOBUF)

    said = b"the body is no ExportMetricsServiceRequest"
    assert answer.content == b"\x12" + bytes([len(said)]) + said


async def test_a_small_body_that_unpacks_to_a_huge_one_is_refused(client):
    bomb = gzip.compress(b" " * 200_000_000)

    answer = await client.post("/v1/metrics", content=bomb, headers={**JSON, "Content-Encoding": "gzip"})

    assert answer.status_code == 413
    assert f"{otlp.LARGEST:,} bytes" in answer.json()["message"]


async def test_an_export_may_be_larger_than_other_bodies(client):
    body = json.dumps(exported(gauge("queue_length", 1)) | {"padding": "x" * 2_000_000})

    assert (await client.post("/v1/metrics", content=body, headers=JSON)).status_code == 200


@pytest.mark.parametrize("body", [b"not gzip at all", gzip.compress(b"{}" * 5000)[:40]], ids=["garbage", "cut off"])
async def test_what_does_not_unpack_is_refused(client, body):
    answer = await client.post("/v1/metrics", content=body, headers={**JSON, "Content-Encoding": "gzip"})

    assert answer.status_code == 400


@pytest.mark.parametrize(
    "headers",
    [{"Content-Type": "text/plain"}, {**JSON, "Content-Encoding": "snappy"}],
    ids=["type", "encoding"],
)
async def test_a_form_that_is_not_read_is_refused(client, headers):
    assert (await client.post("/v1/metrics", content=zlib.compress(b"{}"), headers=headers)).status_code == 415


async def test_a_lost_database_lets_the_exporter_try_again(bot: Measured, opened: Open):
    async with opened(without_store(bot)) as client:
        answer = await send(client, gauge("queue_length", 1))

    assert (answer.status_code, "Retry-After" in answer.headers) == (503, True)
    assert "message" in answer.json()

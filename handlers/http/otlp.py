"""`POST /v1/metrics`: OTLP over HTTP, in protobuf and JSON.

https://opentelemetry.io/docs/specs/otlp/#otlphttp
"""

import asyncio
import json
from typing import TYPE_CHECKING, Any

import structlog
from aiohttp import web
from aiohttp.http_exceptions import BadHttpMessage

from bot.app import App
from bot.config.known_metrics import pushable
from bot.metrics import otlp, service
from handlers.http.metrics_in import AT_ONCE
from handlers.http.problems import RETRY_AFTER
from storage.unit_of_work import StoreError

if TYPE_CHECKING:
    from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

PATH = "/v1/metrics"
LARGEST = 4_000_000
"""Bytes of a body, after decompression."""
PROTOBUF, JSON = "application/x-protobuf", "application/json"

_log = structlog.get_logger(__name__)


class _Refused(Exception):
    """The export is not taken; `status` is HTTP's. Exporters try again after a 503 alone."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def routes(app: App) -> list[web.RouteDef]:
    """The route of the door."""
    turns = asyncio.Semaphore(AT_ONCE)

    async def export(request: web.Request) -> web.Response:
        try:
            return await _take(request, app, turns)
        except _Refused as refused:
            return _status(request, refused.status, str(refused))
        except StoreError as lost:
            _log.error("store_lost", path=request.path, error=str(lost))
            return _status(request, 503, "the database cannot be reached; nothing was kept")

    return [web.post(PATH, export)]


async def _take(request: web.Request, app: App, turns: asyncio.Semaphore) -> web.Response:
    """Keep an export: 200 when it is on disk; data points that were dropped are counted and named in the answer."""
    body = await _body(request)
    # reading a large export, JSON above all, takes longer than others should wait
    export = await asyncio.to_thread(_read, request.content_type, body)
    ports = app.ports
    taken = otlp.read(export, pushable(ports.manage.metrics), ports.now())
    if turns.locked():
        raise _Refused(503, "too much is being written at once")
    async with turns:
        await service.take(ports, taken.samples, taken.spread)
    return _answer(request, taken)


async def _body(request: web.Request) -> bytes:
    if request.content_type not in {PROTOBUF, JSON}:
        raise _Refused(415, f"the body must be {PROTOBUF} or {JSON}, not {request.content_type[:100]}")
    coding = request.headers.get("Content-Encoding", "identity").lower()
    if coding not in {"identity", "gzip", "deflate"}:
        raise _Refused(415, f"the body may be compressed with gzip, not {coding[:100]}")
    try:
        return await request.clone(client_max_size=LARGEST).read()  # aiohttp has undone the compression
    except web.HTTPRequestEntityTooLarge:
        raise _Refused(413, f"the body has more than {LARGEST:,} bytes; export smaller batches") from None
    except (BadHttpMessage, web.RequestPayloadError):
        raise _Refused(400, f"the body is not {coding}, or was cut off") from None


def _read(content_type: str, body: bytes) -> "ExportMetricsServiceRequest":
    from google.protobuf.json_format import Parse, ParseError
    from google.protobuf.message import DecodeError
    from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

    export = ExportMetricsServiceRequest()
    try:
        if content_type == JSON:
            Parse(body, export, ignore_unknown_fields=True)
        else:
            export.ParseFromString(body)
    except (DecodeError, ParseError, UnicodeError, RecursionError, ValueError):
        raise _Refused(400, "the body is no ExportMetricsServiceRequest") from None
    return export


def _answer(request: web.Request, taken: otlp.Taken) -> web.Response:
    from google.protobuf.json_format import MessageToJson
    from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceResponse

    answer = ExportMetricsServiceResponse()
    if taken.dropped:
        answer.partial_success.rejected_data_points = taken.dropped.total()
        answer.partial_success.error_message = taken.message
    if request.content_type == JSON:
        return web.Response(text=MessageToJson(answer, indent=None), content_type=JSON)
    return web.Response(body=answer.SerializeToString(), content_type=PROTOBUF)


def _status(request: web.Request, status: int, message: str) -> web.Response:
    """A failure as google.rpc.Status, in the form that the export came in."""
    more: dict[str, Any] = {"headers": {"Retry-After": str(RETRY_AFTER)}} if status == 503 else {}
    if request.content_type == PROTOBUF:
        said = message.encode()
        return web.Response(status=status, body=b"\x12" + _varint(len(said)) + said, content_type=PROTOBUF, **more)
    return web.Response(status=status, text=json.dumps({"message": message}), content_type=JSON, **more)


def _varint(number: int) -> bytes:
    """A length as protobuf writes it: seven bits a byte, the lowest first."""
    low, rest = number & 0x7F, number >> 7
    return bytes([low | 0x80]) + _varint(rest) if rest else bytes([low])

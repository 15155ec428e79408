"""`POST /webhooks/FORMAT`: what others say of alerts. Proven first, then read, and answered when it is on disk."""

from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import replace
from typing import Any

import httpx
import structlog
from aiohttp import web

from bot import registry
from bot.alerts.fingerprints import fingerprint
from bot.app import App
from bot.cards.card import Level
from bot.cards.marks import plain
from bot.heartbeats import service as heartbeats
from bot.permissions import Caller
from bot.ports import Inbound, Order, Ports, Received, Refusal, Said, Visit
from bot.report import Report
from handlers.http import auth
from handlers.http.inbound.json_body import parsed
from handlers.http.problems import LARGEST_BODY, later, problem
from storage.tables import instances

PREFIX = "/webhooks/"
ACCEPTED = 202
"""What it says is on disk and will be acted on."""
_PATIENCE = 10.0
_log = structlog.get_logger(__name__)


def formats() -> Mapping[str, Inbound]:
    """Every format, of the bot and of installed plug-ins; raises `registry.DuplicateName`."""
    found = [*registry.modules("handlers.http.inbound"), *registry.plugins()]
    return registry.collect(Inbound, found, lambda format_: format_.name)


def routes(app: App, known: Mapping[str, Inbound]) -> list[web.RouteDef]:
    """One route for each format, and one for each mapping of the generic one.

    The token is asked for here and not before, because senders that sign need none.
    """
    kept: dict[str, bytes] = {}  # what formats fetch for their proofs, as long as the door is open
    paths = [(name, "") for name in known]
    paths += [("generic", name) for name in app.ports.manage.webhooks.generic]
    return [
        web.post(f"{PREFIX}{name}{f'/{mapping}' if mapping else ''}", _handler(app, known[name], mapping, kept))
        for name, mapping in paths
    ]


def _handler(app: App, format_: Inbound, name: str, kept: MutableMapping[str, bytes]) -> Any:
    async def handle(request: web.Request) -> web.StreamResponse:
        try:
            return await _take(request, app, format_, name, kept)
        except Refusal as refused:
            _log.warning("webhook_refused", format=format_.name, mapping=name, error=str(refused))
            if refused.status == web.HTTPServiceUnavailable.status_code:
                return later(str(refused), refused.hint)
            return problem(refused.status, str(refused), refused.hint)

    return handle


async def _take(
    request: web.Request, app: App, format_: Inbound, name: str, kept: MutableMapping[str, bytes]
) -> web.StreamResponse:
    ports = app.ports
    if (request.content_length or 0) >= LARGEST_BODY:  # said before it is sent
        raise web.HTTPRequestEntityTooLarge(LARGEST_BODY, request.content_length or 0)
    headers = {header.lower(): value for header, value in request.headers.items()}
    received = Received(body=await request.read(), headers=headers, name=name)
    if not await format_.proven(received, ports, kept):
        refusal = auth.refused(request, ports.settings.manage_token)
        if refusal is not None:
            return refusal
    received = replace(received, payload=parsed(received.body))
    said = format_.read(received, ports.manage)
    if request.query.get("dry_run", "").lower() in {"1", "true", "yes"}:
        return web.json_response({"status": "read", "would": [_shown(one) for one in said]})
    number = format_.delivery(received)
    delivery = f"{format_.name}:{number}"[:300] if number else ""
    if delivery and await heartbeats.taken_before(ports, delivery):
        return web.json_response({"status": "taken before", **format_.answer(received)}, status=ACCEPTED)
    refusal = await _act(app, format_.name, said)
    if refusal is not None:
        return refusal
    if delivery:
        await heartbeats.note_delivery(ports, delivery)
    told = {"status": "accepted" if said else "ignored", "reports": sum(isinstance(one, Report) for one in said)}
    return web.json_response({**told, **format_.answer(received)}, status=ACCEPTED)


async def _act(app: App, source: str, said: Sequence[Said]) -> web.Response | None:
    """Do what was said; gives the answer when it must be sent again."""
    ports = app.ports
    if not said:
        _log.info("webhook_ignored", format=source)
    for visit in [one for one in said if isinstance(one, Visit)]:
        await _visit(visit, ports)
    reports = await heartbeats.without_beats(ports, [one for one in said if isinstance(one, Report)])
    if reports:
        await ports.report(reports)
    for order in [one for one in said if isinstance(one, Order)]:
        if not await _obey(order, app, source):
            return later(
                f"{order.command} failed inside the bot", "Send it again in a moment; the bot's log says more."
            )
    return None


async def _visit(visit: Visit, ports: Ports) -> None:
    """Fetch the address that the source wants fetched; raises `Refusal` with 503, so that it is sent again."""
    try:
        answer = await ports.http.get(visit.url, timeout=_PATIENCE)
    except httpx.HTTPError as error:
        said = f"the address to confirm cannot be reached: {type(error).__name__}"
        raise Refusal(said, "Try again in a moment.", status=503) from error
    if not answer.is_success:
        raise Refusal(
            f"the address to confirm answered HTTP {answer.status_code}", "Have the source ask again.", status=503
        )


async def _obey(order: Order, app: App, source: str) -> bool:
    """Run the command line that the source asks for; False when it should be tried again."""
    number = order.alert if isinstance(order.alert, int) else await _number(order.alert, app.ports)
    if number is None:
        _log.info("webhook_order_without_alert", format=source, command=order.command)
        return True
    caller = Caller(id=f"{source}:{order.by}" if order.by else source, via=source, name=order.by)
    card = await app.invoke([order.command, str(number)], caller)
    if card.level in {Level.DENIED, Level.USAGE, Level.BAD}:
        said = " ".join(plain(text) for text in card.body)
        _log.warning("webhook_order_refused", format=source, command=order.command, alert=number, reason=said)
    return card.level is not Level.BAD


async def _number(report: Report, ports: Ports) -> int | None:
    """Find the open alert that the report is about."""
    async with ports.store.read() as conn:
        found = await instances.open_instances(conn, fingerprints=[fingerprint(report.name, report.labels)])
    return found[0].alert_id if found else None


def _shown(said: Said) -> dict[str, Any]:
    match said:
        case Report():
            return {
                "report": said.name,
                "labels": dict(said.labels),
                "severity": said.severity.value,
                "resolved": said.resolved,
                "started_at": said.started_at.isoformat() if said.started_at else None,
                "summary": said.summary,
                "description": said.description,
                "annotations": dict(said.annotations),
                "link": said.link,
                "policy": said.policy,
            }
        case Order():
            return {"order": said.command, "alert": said.alert if isinstance(said.alert, int) else said.alert.name}
        case Visit():
            return {"visit": said.url}

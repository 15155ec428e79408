"""Silences of the Alertmanager v2 API."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from aiohttp import web

from bot.matchers import BadMatcher, checked, compiled
from bot.ports import Ports
from bot.silences import service
from bot.silences.cards import state
from bot.silences.decide import BadSilence, Wanted
from handlers.http.alertmanager.answers import Refused, json_body, matchers_of, said
from storage.records.silences import Matcher, Silence
from storage.tables import silences

LARGEST = 1_000_000
"""Bytes of one silence."""
KEPT = timedelta(hours=120)
"""How long one that is over is still listed; Alertmanager's default retention."""
MOST = 10_000
_STATES = ("active", "pending", "expired")


async def listed(request: web.Request, ports: Ports) -> web.Response:
    """`GET /api/v2/silences`: active, pending, and those that expired of late."""
    filters, now = matchers_of(request), ports.now()
    async with ports.store.read() as conn:
        found = await silences.listing(conn, since=now - KEPT, limit=MOST)
    shown = [silence for silence in found if _fits(silence, filters)]
    shown.sort(key=lambda s: (_STATES.index(state(s, now)), s.ends_at, s.id))
    return said([_given(silence, now) for silence in shown])


async def one(request: web.Request, ports: Ports) -> web.Response:
    """`GET /api/v2/silence/{id}`; 404 for one that is not there."""
    async with ports.store.read() as conn:
        key = _key(request.match_info["id"])
        found = await (silences.get(conn, key) if isinstance(key, int) else silences.by_uuid(conn, key))
    if found is None:
        raise Refused("silence not found", 404)
    return said(_given(found, ports.now()))


async def expire(request: web.Request, ports: Ports) -> web.Response:
    """`DELETE /api/v2/silence/{id}`: it is over now. One that is over already stays so."""
    try:
        await service.expire(ports, _key(request.match_info["id"]), by="http")
    except service.UnknownSilence:
        raise Refused("silence not found", 404) from None
    return web.Response()


async def put(request: web.Request, ports: Ports) -> web.Response:
    """`POST /api/v2/silences`: make a silence, or with `id` change it; one that is over is made anew."""
    body = await json_body(request, LARGEST)
    if not isinstance(body, dict):
        raise Refused("the body must be a silence, an object")
    known, wanted = body.get("id") or "", _wanted(body)
    if not isinstance(known, str):
        raise Refused("id must be a string")
    try:
        if known:
            decision = await service.change(ports, _key(known), wanted)
            if decision.changed or decision.state.ends_at > ports.now():
                return said({"silenceID": decision.state.uuid})
        return said({"silenceID": (await service.create(ports, wanted)).state.uuid})
    except service.UnknownSilence:
        raise Refused("silence not found", 404) from None
    except BadSilence as wrong:
        raise Refused(f"invalid silence: {wrong}") from None


def _wanted(body: Mapping[str, Any]) -> Wanted:
    missing = [key for key in ("matchers", "startsAt", "endsAt", "createdBy", "comment") if body.get(key) is None]
    if missing:
        raise Refused(f"{missing[0]} in body is required", 422)
    texts = {key: body[key] for key in ("startsAt", "endsAt", "createdBy", "comment")}
    if wrong := [key for key, value in texts.items() if not isinstance(value, str)]:
        raise Refused(f"{wrong[0]} must be a string")
    given = body["matchers"]
    if not isinstance(given, list):
        raise Refused("matchers must be a list")
    if not given:
        raise Refused("matchers in body should have at least 1 items", 422)
    return Wanted(
        matchers=tuple(_matcher(one) for one in given),
        starts_at=_moment(texts["startsAt"], "startsAt"),
        ends_at=_moment(texts["endsAt"], "endsAt"),
        by=texts["createdBy"] or "http",
        comment=texts["comment"],
    )


def _matcher(given: Any) -> Matcher:
    if not isinstance(given, dict):
        raise Refused("a matcher must be an object")
    name, value = given.get("name"), given.get("value")
    is_regex, is_equal = given.get("isRegex"), given.get("isEqual", True)
    if not isinstance(name, str) or not isinstance(value, str):
        raise Refused("a matcher needs name and value, both strings", 422)
    if not isinstance(is_regex, bool) or not isinstance(is_equal, bool):
        raise Refused("isRegex of a matcher is required, true or false", 422)
    try:
        return checked(Matcher(name=name, value=value, is_regex=is_regex, is_equal=is_equal))
    except BadMatcher as wrong:
        raise Refused(f"invalid silence: {wrong}") from None


def _moment(text: str, key: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None or not 1970 <= at.year < 9999:
        raise Refused(f"{key} must be a time like 2026-11-23T12:00:00Z, not {text[:60]}")
    return at


def _key(text: str) -> int | str:
    """The id of a silence, or its short number, which amtool passes on as well."""
    if text.isascii() and text.isdecimal() and len(text) < 10:
        return int(text)
    try:
        return str(uuid.UUID(text))
    except ValueError:
        raise Refused(f"silenceID must be of type uuid: {text[:60]!r}", 422) from None


def _fits(silence: Silence, filters: Sequence[Matcher]) -> bool:
    """Whether what a silence matches, read as labels, fits the filters, as Alertmanager compares them."""
    values = {matcher.name: matcher.value for matcher in silence.matchers}
    return all(test(values.get(label, "")) for label, test in compiled(tuple(filters)))


def _given(silence: Silence, now: datetime) -> dict[str, Any]:
    return {
        "id": silence.uuid,
        "status": {"state": state(silence, now)},
        "updatedAt": silence.updated_at or silence.created_at,
        "comment": silence.comment,
        "createdBy": silence.created_by,
        "endsAt": silence.ends_at,
        "startsAt": silence.starts_at,
        "matchers": [
            {"isEqual": m.is_equal, "isRegex": m.is_regex, "name": m.name, "value": m.value} for m in silence.matchers
        ],
    }

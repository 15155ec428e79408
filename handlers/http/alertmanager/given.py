"""Alerts as Alertmanager gives them, written piece by piece: a hundred thousand must not hold up anything else."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from aiohttp import web

from bot.alerts.posted import UNNAMED
from bot.matchers import NAME, Test, compiled, hold
from bot.ports import Ports
from handlers.http.alertmanager.answers import OPTIONS, Refused, flags_of, matchers_of
from storage.records.silences import Matcher
from storage.tables import firing, silences

FLAGS = ("active", "silenced", "inhibited", "unprocessed", "muted")
SILENCE, MAINTENANCE, INHIBITED = "silence ", "maintenance ", "inhibited by #"
"""How `muted_by` of an instance begins (bot/silences/muting.py)."""
_ACTIVE = orjson.Fragment(b'{"inhibitedBy":[],"mutedBy":[],"silencedBy":[],"state":"active"}')


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a client wants to see. `receiver` None: all of them."""

    flags: Mapping[str, bool]
    matchers: tuple[Matcher, ...]
    tests: tuple[Test, ...]
    receiver: Callable[[str], bool] | None


@dataclass(frozen=True, kw_only=True)
class Names:
    """What is written beside an alert: ids of silences, fingerprints of what inhibits, and the moment."""

    silences: Mapping[int, str]
    inhibitors: Mapping[int, Sequence[str]]
    now: datetime
    assumed_end: datetime


def asked(request: web.Request) -> Asked:
    """Read the query; raises `Refused`."""
    matchers = matchers_of(request)
    wanted = request.query.get("receiver")
    receiver = None
    if wanted:
        try:
            receiver = compiled((Matcher(name="receiver", value=wanted, is_regex=True),))[0][1]
        except ValueError as wrong:
            raise Refused(f"failed to parse receiver param: {wrong}") from None
    return Asked(flags=flags_of(request, FLAGS), matchers=matchers, tests=compiled(matchers), receiver=receiver)


async def alerts(ports: Ports, asked: Asked) -> AsyncIterator[bytes]:
    """The JSON list of all open instances that are asked for, in the order of their fingerprints."""
    after, begin = "", b"["
    while True:
        async with ports.store.read() as conn:
            page = await firing.shown(conn, after=after, matchers=asked.matchers)
            names = await _names(ports, page, conn)
        written = [_alert(one, names) for one in page if wanted(one, asked)]
        if written:
            yield begin + orjson.dumps(written, option=OPTIONS)[1:-1]
            begin = b","
        if len(page) < firing.PAGE:
            break
        after = page[-1].fingerprint
    yield b"[]" if begin == b"[" else b"]"


async def groups(ports: Ports, asked: Asked) -> AsyncIterator[bytes]:
    """The JSON list of the open alerts, each with its instances that are asked for; those with none are left out."""
    begin = b"["
    async for group in _groups(ports, asked):
        yield begin + group
        begin = b","
    yield b"[]" if begin == b"[" else b"]"


async def _groups(ports: Ports, asked: Asked) -> AsyncIterator[bytes]:
    number, after = 0, ""
    head, written = b"", list[bytes]()
    while True:
        async with ports.store.read() as conn:
            page = await firing.grouped(conn, number=number, after=after, matchers=asked.matchers)
            names = await _names(ports, page, conn)
        for one in page:
            if one.alert_id != number and written:
                yield _closed(head, written)
                written = []
            number, after = one.alert_id, one.fingerprint
            if wanted(one, asked):
                head = _head(one)
                written.append(orjson.dumps(_alert(one, names), option=OPTIONS))
        if len(page) < firing.PAGE:
            break
    if written:
        yield _closed(head, written)


def _head(one: firing.Shown) -> bytes:
    labels = {NAME: one.rule, **orjson.loads(one.group_labels)}
    return orjson.dumps({"labels": labels, "receiver": {"name": one.policy}})


def _closed(head: bytes, written: list[bytes]) -> bytes:
    return head[:-1] + b',"alerts":[' + b",".join(written) + b"]}"


def wanted(one: firing.Shown, asked: Asked) -> bool:
    """Whether an instance is asked for."""
    flags, why = asked.flags, one.muted_by
    if not why:
        shown = flags["active"]
    elif why.startswith(INHIBITED):
        shown = flags["inhibited"]
    else:
        shown = flags["silenced"] and (flags["muted"] or not why.startswith(MAINTENANCE))
    if not shown or (asked.receiver is not None and not asked.receiver(one.policy)):
        return False
    return not asked.tests or hold(asked.tests, one.name, orjson.loads(one.labels))


def _alert(one: firing.Shown, names: Names) -> dict[str, Any]:
    columns: tuple[Any, ...] = tuple(one)  # by place: by name costs twice as much, a hundred thousand times
    print_, _, name, labels, annotations, summary, starts_at, ends_at, seen_at, link, muted_by, _, policy, _ = columns
    if name != UNNAMED:
        others = "}" if labels == "{}" else f",{labels[1:]}"
        labels = f'{{"{NAME}":{orjson.dumps(name).decode()}{others}'
    if summary and annotations == "{}":  # what the source said, but of one that is not from Prometheus
        annotations = orjson.dumps({"summary": summary}).decode()
    return {
        "annotations": orjson.Fragment(annotations),
        "endsAt": ends_at or names.assumed_end,
        "fingerprint": print_,
        "receivers": [{"name": policy}],
        "startsAt": starts_at,
        "status": _status(muted_by, names) if muted_by else _ACTIVE,
        "updatedAt": seen_at,
        "generatorURL": link,
        "labels": orjson.Fragment(labels),
    }


def _status(muted_by: str, names: Names) -> dict[str, Any]:
    by: dict[str, Any] = {"inhibitedBy": [], "mutedBy": [], "silencedBy": []}
    if muted_by.startswith(SILENCE):
        number = int(muted_by.removeprefix(SILENCE))
        by["silencedBy"] = [names.silences.get(number, muted_by)]
    elif muted_by.startswith(INHIBITED):
        by["inhibitedBy"] = list(names.inhibitors.get(int(muted_by.removeprefix(INHIBITED)), [muted_by]))
    else:
        by["mutedBy"] = [muted_by]
    return {**by, "state": "suppressed"}


async def _names(ports: Ports, page: Sequence[firing.Shown], conn: Any) -> Names:
    now = ports.now()
    reasons = {one.muted_by for one in page if one.muted_by}
    numbers = {int(why.removeprefix(INHIBITED)) for why in reasons if why.startswith(INHIBITED)}
    silenced = any(why.startswith(SILENCE) for why in reasons)
    return Names(
        silences={s.id: s.uuid for s in await silences.not_over(conn, now)} if silenced else {},
        inhibitors=await firing.fingerprints_of(conn, numbers) if numbers else {},
        now=now,
        assumed_end=now + ports.manage.alerts.resolve_timeout,
    )

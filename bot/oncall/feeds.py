"""Keeping copies of the calendars that schedules are read from; a broken one never empties a schedule."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx

from bot.config.errors import without_password
from bot.events import CalendarBroken, CalendarMended, Event, payload_of
from bot.oncall import calendars, timeline
from bot.oncall.calendars import LARGEST, BadCalendar
from bot.oncall.people import by_email
from bot.oncall.service import digest
from bot.ports import Ports
from storage.records.feeds import Feed, Shift
from storage.tables import feeds as table
from storage.unit_of_work import UnitOfWork

BEHIND, AHEAD = timedelta(days=35), timedelta(days=400)
"""How much of a calendar is copied, around now: past alerts are replayed against it, and an outage may last."""
PATIENCE = timedelta(minutes=20)
"""How long a calendar that was read before may fail before it is told."""
TIMEOUT = 20.0  # seconds for one reading


async def refresh(ports: Ports) -> None:
    """Read every calendar anew; what cannot be read keeps its last good copy, and is told."""
    oncall = ports.manage.oncall
    for name in timeline.names(oncall):
        for number, layer in enumerate(timeline.layers_of(oncall, name), 1):
            if layer.ical:
                zone = layer.timezone or timeline.zone_of(oncall, name)
                await _refresh(ports, name, number, layer.ical, zone)


async def _refresh(ports: Ports, name: str, number: int, address: str, zone: str) -> None:
    place, source = timeline.place(name, number), digest(address)
    async with ports.store.read() as conn:
        old = next((f for f in await table.all_of(conn) if f.place == place and f.source == source), None)
    now = ports.now()
    before = old or Feed(place=place, source=source, tried_at=now)
    try:
        shifts, unknown = await _read(ports, address, zone)
        fresh = Feed(place=place, source=source, tried_at=now, read_at=now, shifts=shifts, unknown=unknown)
        event: Event | None = CalendarMended(schedule=name, layer=number) if before.told_at else None
    except BadCalendar as bad:
        since = before.failing_since or now
        fresh = replace(before, tried_at=now, error=str(bad), failing_since=since)
        due = before.told_at is None and (before.read_at is None or now - since >= PATIENCE)
        event = None
        if due:
            fresh = replace(fresh, told_at=now)
            event = CalendarBroken(schedule=name, layer=number, error=str(bad), copied_at=before.read_at)
    await _keep(ports, fresh, event)


async def _keep(ports: Ports, feed: Feed, event: Event | None) -> None:
    now = ports.now()

    async def work(unit: UnitOfWork) -> None:
        await table.put(unit.conn, feed)
        if event is not None:
            kind, payload = type(event).__name__, payload_of(event)
            entry = await unit.append(at=now, kind=kind, subject=event.subject, actor="bot", payload=payload)
            await unit.enqueue(ports.jobs_for(entry))

    await ports.store.transact(work)


async def _read(ports: Ports, address: str, zone: str) -> tuple[tuple[Shift, ...], tuple[str, ...]]:
    """The shifts with people of Slack, and whom nobody is found for. Raises `BadCalendar`."""
    now = ports.now()
    text = await fetched(ports, address)
    try:
        async with asyncio.timeout(TIMEOUT):
            events = await asyncio.to_thread(calendars.read, text, zone, now - BEHIND, now + AHEAD)
    except TimeoutError as error:
        raise BadCalendar("reading it takes too long") from error
    users = {named: await _user(ports, named) for named in dict.fromkeys(n for e in events for n in e.named)}
    shifts = tuple(
        Shift(event.since, event.until, people)
        for event in events
        if (people := tuple(dict.fromkeys(users[named] for named in event.named if users[named])))
    )
    nameless = [e for e in events if not any(users[named] for named in e.named)]
    unknown = tuple(dict.fromkeys(named for e in nameless for named in e.named))
    if not any(shift.until > now for shift in shifts):
        # one that was emptied by mistake looks like this too: the copy is better than nobody
        strangers = f"; nobody in it is known in Slack: {', '.join(unknown[:3])}" if unknown else ""
        raise BadCalendar(f"it has no shift from now on{strangers}")
    return shifts, unknown


async def _user(ports: Ports, named: str) -> str:
    if calendars.is_user(named):
        return named
    return await by_email(ports, named) if calendars.is_address(named) else ""


async def fetched(ports: Ports, address: str) -> str:
    """The calendar's text, from its address (https, webcal) or file. Raises `BadCalendar`."""
    try:
        if "://" not in address:
            body = await asyncio.to_thread(_file, Path(address))
        else:
            async with asyncio.timeout(TIMEOUT):
                body = await _download(ports.http, address.replace("webcal://", "https://", 1))
    except OSError as error:
        raise BadCalendar(f"the file cannot be read: {error.strerror}") from error
    except httpx.HTTPStatusError as error:
        raise BadCalendar(f"its server answers HTTP {error.response.status_code}") from error
    except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
        said = without_password(" ".join(str(error).split())[:120]) or type(error).__name__
        raise BadCalendar(f"its server does not answer: {said}") from error
    if len(body) > LARGEST:
        raise BadCalendar(f"it is larger than {LARGEST // 1_000_000} MB")
    return body.decode("utf-8", "replace")


def _file(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(LARGEST + 1)


async def _download(http: httpx.AsyncClient, address: str) -> bytes:
    async with http.stream("GET", address, follow_redirects=True, timeout=TIMEOUT) as response:
        response.raise_for_status()
        body = bytearray()
        async for part in response.aiter_bytes():
            body += part
            if len(body) > LARGEST:
                break
        return bytes(body)

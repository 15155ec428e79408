"""Calendars that are given out: an address with a secret, for programs that cannot send headers."""

import asyncio
import hmac
import secrets
from datetime import timedelta

import structlog

from bot.oncall import calendars, people, timeline
from bot.oncall.people import USER
from bot.oncall.service import spans
from bot.ports import ChatError, Ports
from storage.records.feeds import Subscription
from storage.tables import feeds as table
from storage.unit_of_work import UnitOfWork

PATH = "/oncall/{name}.ics"
"""Where calendar programs read; the name is a schedule or a Slack user id."""
BEHIND, AHEAD = timedelta(days=7), timedelta(days=90)

_log = structlog.get_logger(__name__)


async def address(ports: Ports, name: str, *, by: str, renew: bool = False) -> str:
    """The address of the calendar of a schedule, or of a person by Slack id; `renew` ends the one before."""
    fresh = Subscription(name=name, token=secrets.token_urlsafe(24), created_by=by, created_at=ports.now())

    async def work(unit: UnitOfWork) -> str:
        known = None if renew else await table.subscription(unit.conn, name)
        if known is None:
            await table.subscribe(unit.conn, fresh)
        return (known or fresh).token

    token = await ports.store.transact(work)
    settings = ports.settings
    base = settings.public_url.rstrip("/") or f"http://{settings.host}:{settings.port}"
    return f"{base}{PATH.format(name=name)}?token={token}"


async def calendar(ports: Ports, name: str, token: str) -> bytes | None:
    """The calendar of that name as iCalendar text; None when the token is not its own, or it is there no more."""
    async with ports.store.read() as conn:
        known = await table.subscription(conn, name)
    # compared also where there is nothing to compare with, so that names cannot be told apart by time
    if not hmac.compare_digest((known.token if known else secrets.token_urlsafe(24)).encode(), token.encode()):
        return None
    oncall, now = ports.manage.oncall, ports.now()
    person = name if USER.fullmatch(name) else ""
    names = timeline.names(oncall) if person else [one for one in timeline.names(oncall) if one == name]
    if not names:
        return None
    lines = {one: await spans(ports, one, now - BEHIND, now + AHEAD) for one in names}
    if person:
        lines = {one: tuple(span for span in line if person in span.people) for one, line in lines.items()}
    users = dict.fromkeys(user for line in lines.values() for span in line for user in span.people)
    callings = dict(zip(users, await asyncio.gather(*(_calling(ports, user) for user in users)), strict=True))
    title = f"On call: {callings.get(person, person)}" if person else f"On call: {name}"
    zones = {one: timeline.zone_of(oncall, one) for one in names}
    return calendars.written(title, lines, callings, zones, now)


async def _calling(ports: Ports, user: str) -> str:
    """The person's name in Slack, or their id while Slack does not tell."""
    if ports.chat is None:
        return user
    try:
        async with asyncio.timeout(people.PATIENCE):
            return (await ports.chat.profile(user)).name or user
    except (ChatError, TimeoutError) as error:
        _log.warning("slack_profile_unknown", user=user, error=str(error) or "no answer in time")
        return user

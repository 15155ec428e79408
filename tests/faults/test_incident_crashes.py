"""The bot dies after each step of an incident's life, and is started again: nothing is missing, nothing is there twice."""

from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import update

from bot.calendars.google import GOOGLE, GoogleOptions
from bot.calendars.mail import MAIL, MailOptions
from bot.channels.email import EmailOptions
from bot.config.manage import Manage
from bot.events import ChannelArchived, ChannelOpened, ChannelReopened, IncidentResolved, RespondersInvited
from bot.outside import Booked, Invitation
from bot.ports import Book
from storage.tables import incidents
from storage.tables.jobs import JOBS
from storage.unit_of_work import UnitOfWork
from tests.fakes.calendars import SUBJECT, Google, serving
from tests.fakes.crashes import Died, Fate, Mortal, MortalStore
from tests.rooms.alerts.conftest import chat, clock, logged, world
from tests.rooms.alerts.world import LEAD, MANAGE, ONCALL, World
from tests.servers.smtp import MailServer

__all__ = ["chat", "clock", "logged", "world"]

OUTSIDE = frozenset(
    {"post", "update", "direct", "open_channel", "invite", "topic", "pin", "archive", "unarchive", "bookmark", "upload"}
)
MOST = 400
"""More steps than any of these lives has."""

Life = Callable[[World], Awaitable[Any]]


@pytest.fixture
def config() -> dict[str, Any]:
    service = {"owners": [LEAD], "dashboard": "https://graphs.example/d/1", "runbook": "https://wiki.example/r/1"}
    return MANAGE | {"incidents": {"archive": "at_once"}, "services": {"shop": service}}


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """SQLite alone: which steps there are is the same on any database."""
    return sqlite_url


async def live_through(world: World, life: Life, at: int) -> Fate:
    """Live, die after step `at`, start again and live on; gives what was done until death."""
    fate = Fate(at=at)
    whole = world.ports
    world.ports = replace(
        whole,
        chat=Mortal(world.chat, fate, OUTSIDE),
        store=MortalStore(world.store, fate),
        calendars={name: mortal(book, fate) for name, book in whole.calendars.items()},
    )
    try:
        await life(world)
    except Died:
        world.ports = whole
        await world.store.transact(lambda unit: leases_run_out(unit, world))
    world.ports = whole
    await world.settle()
    return fate


def mortal(book: Book, fate: Fate) -> Book:
    """A calendar after whose answer the process may die."""

    async def deed(invitation: Invitation) -> Booked:
        return await fate.meet("book", lambda: book(invitation))

    return deed


async def leases_run_out(unit: UnitOfWork, world: World) -> None:
    """What the dead process had begun comes due for the next one."""
    started = (JOBS.c.state == "pending", JOBS.c.owner != "", JOBS.c.due_at > world.clock())
    await unit.conn.execute(update(JOBS).where(*started).values(due_at=world.clock()))


def twice(found: list[str]) -> list[str]:
    return [one for one, times in Counter(found).items() if times > 1]


def channel_of(world: World, number: int) -> str:
    named = [name for name in world.slack.channels if name.startswith("incident-")]
    assert [n for n in named if n.startswith(f"incident-{number}-")] == [], "a second channel"
    return world.slack.channels[f"incident-{number}"]


async def check_open(world: World, number: int) -> None:
    """The incident has all that belongs to it, and once."""
    incident, slack = await world.incident(number), world.slack
    channel = channel_of(world, number)
    assert incident.channel == channel
    assert len(await world.facts(f"incident:{number}", ChannelOpened)) == 1
    assert len([pin for pin in slack.pins if pin.channel == channel]) == 1
    assert slack.topics[channel] == "high | investigating | no lead yet"
    invited = [u for fact in await world.facts(f"incident:{number}", RespondersInvited) for u in fact.users]
    assert sorted(invited) == sorted({ONCALL, LEAD})
    assert set(slack.invited[channel]) == {ONCALL, LEAD}
    keys = [message.key for message in slack.messages]
    assert {f"incident:{number}:{piece}" for piece in ("card", "digest", "roles")} <= set(keys)
    assert twice(keys) == []
    assert incident.trouble == ""
    assert world.died == []


async def declare(world: World) -> None:
    await world.run("incident", "declare", "Checkout", "is", "slow")


async def until_whole(world: World, life: Callable[[int], Life], check: Callable[[int], Awaitable[None]]) -> int:
    """Die after each step in turn, until a life ends by itself; gives how many steps it had."""
    for at in range(1, MOST):
        fate = await live_through(world, life(at), at)
        await check(at)
        if len(fate.deeds) < at:
            return at - 1
    raise AssertionError(f"no life ended within {MOST} steps")


@pytest.mark.timeout(300)
async def test_opening_an_incident_survives_death_at_each_step(world: World) -> None:
    async def check(_life: int) -> None:
        number = await world.store.transact(_latest)
        if number:  # who died before anything was written down has declared nothing
            await check_open(world, number)

    steps = await until_whole(world, lambda _life: declare, check)

    assert steps > 20


@pytest.fixture
async def calendars(world: World, mail: MailServer, tmp_path: Path) -> AsyncIterator[tuple[Google, MailServer]]:
    """A Google calendar and invitations by mail, which the world's meetings are put into."""
    google, key, people = Google(), tmp_path / "key.json", {LEAD: {"email": "lead@example.com"}}
    async with serving(google), httpx.AsyncClient(trust_env=False) as http:
        key.write_text(google.key_file())
        sends = EmailOptions(host="localhost", port=mail.port, tls="none", sender=SUBJECT)
        mails = {"email": {"type": "email", "options": sends}}
        manage = world.ports.manage.model_validate({**world.ports.manage.model_dump(), "people": people})
        manage = manage.model_copy(
            update={"notifications": Manage.model_validate({"notifications": mails}).notifications}
        )
        ports = replace(world.ports, manage=manage, http=http)
        team = GOOGLE.connect(GoogleOptions(key_file=key, subject=SUBJECT, url=f"{google.url}/calendar/v3"), ports)
        world.ports = replace(ports, calendars={"team": team, "mail": MAIL.connect(MailOptions(), ports)})
        yield google, mail


def check_meeting(number: int, google: Google, mail: MailServer) -> None:
    """It stands once in the calendar, and one mail invites to it, by whatever number of attempts."""
    title = f"Incident postmortem #{number}"
    assert [entry["attendees"] for entry in google.standing() if entry["title"] == title] == [["lead@example.com"]]
    assert google.mails.count("invited lead@example.com") == len(google.events)
    assert len([one for one in mail.once if f"{title}," in one["Subject"]]) == 1


@pytest.mark.timeout(300)
async def test_resolving_an_incident_survives_death_at_each_step(
    world: World, calendars: tuple[Google, MailServer]
) -> None:
    lives: list[int] = []

    def life(number: int) -> Life:
        async def resolve(world: World) -> None:
            await world.run("incident", "resolve", str(number))

        return resolve

    async def check(number: int) -> None:
        lives.append(number)
        await world.run("incident", "resolve", str(number))  # a person whose command was lost asks again
        channel = channel_of(world, number)
        assert len(await world.facts(f"incident:{number}", IncidentResolved)) == 1
        assert len(await world.facts(f"incident:{number}", ChannelArchived)) == 1
        assert world.slack.archived.count(channel) == 1
        closing = [
            m for m in world.slack.messages if f"Incident #{number} is resolved" in m.text and m.channel == channel
        ]
        assert len(closing) == 1
        assert len([t for t in await world.thread(f"incident:{number}:digest") if "is resolved" in t]) == 1
        assert [f["name"] for f in world.slack.files if f"incident-{number}-" in f["name"]] == [
            f"incident-{number}-postmortem.ics"
        ]
        assert "(archived)" in (await world.message(f"incident:{number}:digest")).text
        assert twice([message.key for message in world.slack.messages]) == []
        assert world.died == []
        check_meeting(number, *calendars)
        await declare(world)

    await declare(world)
    steps = await until_whole(world, life, check)

    assert steps > 8
    assert len(lives) == len(set(lives))


@pytest.mark.timeout(300)
async def test_reopening_an_incident_survives_death_at_each_step(world: World) -> None:
    def life(number: int) -> Life:
        async def reopen(world: World) -> None:
            await world.run("incident", "reopen", str(number))

        return reopen

    async def prepare() -> None:
        await declare(world)
        number = await world.store.transact(_latest)
        await world.run("incident", "resolve", str(number))

    async def check(number: int) -> None:
        await world.run("incident", "reopen", str(number))
        channel = channel_of(world, number)
        assert channel not in world.slack.archived
        assert len(await world.facts(f"incident:{number}", ChannelReopened)) == 1
        assert (await world.incident(number)).reopened == 1
        assert twice([message.key for message in world.slack.messages]) == []
        assert world.died == []
        await prepare()

    await prepare()
    assert await until_whole(world, life, check) > 8


async def _latest(unit: UnitOfWork) -> int:
    found = await incidents.listing(unit.conn, limit=1)
    return found[0].id if found else 0

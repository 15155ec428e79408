"""A test page through every channel that reaches one person, and what came of each."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from bot.cards.card import Card, Level, Person
from bot.channels.notice import TEST
from bot.engine.retry import Later
from bot.oncall import people
from bot.ports import Ports, Undeliverable

PERSONAL = ("slack", "sms", "phone", "email")
"""Kinds of channels that reach one person and nobody else."""
PATIENCE = 30.0
"""Seconds that one channel may take."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came of one channel. `delivered` None: it was not tried, `detail` says why."""

    via: str
    delivered: bool | None
    detail: str


def kinds(ports: Ports) -> Mapping[str, str]:
    """The channels of notification that are configured, by name, with their kinds."""
    return {"slack": "slack"} | {name: config.type for name, config in ports.manage.notifications.items()}


async def tried(ports: Ports, user: str, by: str, only: str = "") -> list[Outcome]:
    """Send a test page to `user` through each of their channels (or `only` one), all at once; nobody else is paged."""
    known = kinds(ports)
    names = [only] if only else [*known, *(kind for kind in PERSONAL if kind not in known.values())]
    person = await people.person(ports, user)
    return list(await asyncio.gather(*(_one(ports, person, name, known.get(name, ""), by) for name in names)))


async def _one(ports: Ports, person: people.Person, via: str, kind: str, by: str) -> Outcome:
    if why := _why_not(ports, person, via, kind):
        return Outcome(via=via, delivered=None, detail=why)
    page = card(by if by != person.user else "")
    key = f"test:{person.user}:{via}:{ports.now().isoformat()}"
    try:
        async with asyncio.timeout(PATIENCE):
            receipt = await ports.channels[via](page, target=f"@{person.user}", key=key, attempt=1)
    except TimeoutError:
        return Outcome(via=via, delivered=False, detail=f"no answer within {PATIENCE:.0f} s")
    except (Undeliverable, Later) as failed:
        return Outcome(via=via, delivered=False, detail=str(failed))
    return Outcome(via=via, delivered=True, detail=receipt.text)


def _why_not(ports: Ports, person: people.Person, via: str, kind: str) -> str:
    if not kind or via not in ports.channels:
        return f"not configured, see docs/{'slack' if kind == 'slack' else 'notifications'}.md"
    if kind not in PERSONAL:
        return f"{kind} reaches others too, so it is left out"
    if not people.reach(person, kind):
        what = "mail address" if kind == "email" else "phone number"
        return f"no {what} is known: set it in App Home or under people in manage.yml"
    return ""


def card(by: str) -> Card:
    """The test page, asked for by somebody else ("" for nobody): nothing in it can be taken for an alert."""
    asked = (" It was asked for by ", Person(by), ".") if by else ()
    return Card(
        title="🧪 Test page from do-manage",
        level=Level.INFO,
        body=(("Nothing is wrong, and there is nothing to do.", *asked),),
        data={"title": "Test page", "level": "info", TEST: True},
    )

"""The status page in a real browser: what people see, with which means, in which light."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestServer
from playwright.async_api import Page, expect

from bot.config.manage import Manage
from bot.events import CheckChanged, payload_of
from handlers.http.app import application
from handlers.measured import Measured
from storage.records.checks import Status
from storage.records.incidents import Incident, IncidentStatus
from storage.records.samples import Sample
from storage.tables import incidents, samples
from storage.unit_of_work import UnitOfWork
from tests.doors.http.test_status import HOSTILE, hold, incident, keep, notice
from tests.fakes.ports import T0, FrozenClock
from tests.servers.chromium import visited

pytestmark = pytest.mark.browser

MANAGE: dict[str, Any] = {
    "statuspage": {
        "title": "Example status",
        "components": [
            {"name": "Shop", "checks": ["api"], "labels": {"service": "shop"}},
            {"name": "Mail", "checks": ["smtp"]},
            {"name": HOSTILE, "checks": ["new"]},
        ],
    },
    "maintenance": [
        {
            "name": "db-7-move",
            "title": f"Move to new servers {HOSTILE}",
            "public": True,
            "matchers": "service=shop",
            "start": "2026-11-24 22:00",
            "end": "2026-11-25 02:00",
        }
    ],
}


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock()


@pytest.fixture
def bot(bot: Measured, clock: FrozenClock) -> Measured:
    return replace(bot, ports=replace(bot.ports, manage=Manage.model_validate(MANAGE), now=clock))


@asynccontextmanager
async def seen(bot: Measured, chromium: str) -> AsyncIterator[Page]:
    """The page; a script, a refused style or a request to elsewhere fails at the end."""
    async with TestServer(application(bot)) as server, visited(chromium, str(server.make_url("/status"))) as page:
        yield page


async def lived(bot: Measured) -> None:
    """Two months of results, with a bad day and a slow one."""
    for name in ("api", "smtp"):
        await hold(bot, Status.HEALTHY, name)
    hours = [T0 - timedelta(hours=n) for n in range(60 * 24)]
    found = [Sample(metric="check_up", at=at, value=1.0, labels={"check": n}) for at in hours for n in ("api", "smtp")]
    spells = [("api", "down", 20, 90), ("smtp", "degraded", 9, 240), ("api", "down", 2, 4)]

    async def work(unit: UnitOfWork) -> None:
        await samples.insert(unit.conn, found)
        for check, status, ago, minutes in spells:
            begin = T0 - timedelta(days=ago)
            end = begin + timedelta(minutes=minutes)
            for fact in (
                CheckChanged(check=check, status=status, previous="healthy", since=begin),
                CheckChanged(check=check, status="healthy", previous=status, since=end),
            ):
                await unit.append(
                    at=fact.since, kind="CheckChanged", subject=fact.subject, actor="bot", payload=payload_of(fact)
                )

    await bot.ports.store.transact(work)


async def resolve(bot: Measured, number: int) -> None:
    async def work(unit: UnitOfWork) -> None:
        found = await incidents.get(unit.conn, number)
        assert isinstance(found, Incident)
        await unit.save(replace(found, status=IncidentStatus.RESOLVED, resolved_at=T0, resolved_by="U000LEAD"))

    await bot.ports.store.transact(work)


async def shot(page: Page, name: str, folder: Path) -> None:
    """Keep a picture of the whole page."""
    await page.screenshot(path=folder / f"{name}.png", full_page=True)


async def test_of_two_incidents_the_end_of_one_keeps_the_page_red(
    bot: Measured, clock: FrozenClock, chromium: str, tmp_path: Path
) -> None:
    await lived(bot)
    await keep(bot, incident(1), incident(2), notice(1, text="Paying fails."), notice(2, 2, text="So does searching."))
    async with seen(bot, chromium) as page:
        shop = page.get_by_role("listitem").filter(has=page.get_by_role("heading", name="Shop", exact=True))
        await expect(page.get_by_role("status")).to_contain_text("There is a major outage")
        await expect(shop).to_contain_text("Major outage")
        await shot(page, "red", tmp_path)

        await resolve(bot, 1)
        await keep(bot, notice(3, text="Paying works again.", phase="resolved", components={"Shop": "major outage"}))
        clock.forward(10)
        await page.reload()
        await expect(page.get_by_role("status")).to_contain_text("There is a major outage")
        await expect(shop).to_contain_text("Major outage")
        await expect(page.get_by_role("region", name="Past incidents")).to_contain_text("Paying works again.")

        await resolve(bot, 2)
        clock.forward(10)
        await page.reload()
        await expect(shop).to_contain_text("Operational")
        assert "payments-db-3" not in await page.content()


async def test_hostile_words_are_shown_and_nothing_of_them_runs(bot: Measured, chromium: str, tmp_path: Path) -> None:
    await lived(bot)
    await keep(bot, incident(1, title=HOSTILE, description=HOSTILE), notice(1))
    async with seen(bot, chromium) as page:
        await expect(page.get_by_role("heading", name=HOSTILE, exact=True)).to_be_visible()
        await expect(page.get_by_role("region", name="Incidents now")).to_contain_text(HOSTILE)
        assert await page.locator("script").count() == 0
        assert await page.title() == "Example status"
        await page.set_viewport_size({"width": 320, "height": 640})
        await shot(page, "narrow", tmp_path)
        wide = await page.evaluate("document.documentElement.scrollWidth")
        assert wide <= 320


async def test_the_keyboard_reaches_all_there_is(bot: Measured, chromium: str) -> None:
    await lived(bot)
    async with seen(bot, chromium) as page:
        summary = page.locator("summary").first
        await page.keyboard.press("Tab")
        await expect(summary).to_be_focused()
        await page.keyboard.press("Enter")
        await expect(page.get_by_text("1 h 30 min down")).to_be_visible()
        for _ in range(3):
            await page.keyboard.press("Tab")
        await expect(page.get_by_role("link", name="as a feed")).to_be_focused()


@pytest.mark.parametrize(("scheme", "colour"), [("light", "rgb(255, 255, 255)"), ("dark", "rgb(15, 20, 25)")])
async def test_it_follows_the_reader_s_choice_of_light(
    bot: Measured, chromium: str, tmp_path: Path, scheme: Any, colour: str
) -> None:
    await lived(bot)
    async with seen(bot, chromium) as page:
        await page.emulate_media(color_scheme=scheme)
        assert await page.evaluate("getComputedStyle(document.body).backgroundColor") == colour
        bars = page.get_by_role("img", name="known for 61 of 90 days")
        await expect(bars).to_have_count(2)
        await shot(page, scheme, tmp_path)


async def test_a_page_without_anything_says_so(bot: Measured, chromium: str, tmp_path: Path) -> None:
    empty = replace(bot, ports=replace(bot.ports, manage=Manage()))
    async with seen(empty, chromium) as page:
        await expect(page.get_by_role("main")).to_contain_text("No components are listed")
        await expect(page.get_by_role("main")).to_contain_text("No incidents were published in the last 90 days.")
        await shot(page, "empty", tmp_path)

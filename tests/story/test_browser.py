"""The newcomer's way: `up` with nothing set, one address, and the whole story in a real browser."""

import asyncio
import os
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Locator, Page, expect

from tests.servers.chromium import visited
from tests.story.bot import ROOT

pytestmark = pytest.mark.browser


@pytest.fixture
async def address(tmp_path: Path) -> AsyncIterator[str]:
    """Start the program in an empty directory; gives the address that it prints."""
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "PORT": "0", "NO_COLOR": "1"}
    log = tmp_path / "up.log"
    with log.open("wb") as out:
        process = subprocess.Popen(  # noqa: ASYNC220 - it is waited for in a thread
            [sys.executable, "-m", "handlers.terminal", "up"], cwd=tmp_path, env=environment, stdout=out, stderr=out
        )
    try:
        yield await asyncio.to_thread(_printed, log, process)
    finally:
        process.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(process.wait, 15) == 0


def _printed(log: Path, process: "subprocess.Popen[bytes]") -> str:
    while process.poll() is None:
        if found := re.search(r"http://127\.0\.0\.1:\d+/", log.read_text()):
            return found[0]
    raise AssertionError(f"it ended:\n{log.read_text()}")


@pytest.mark.timeout(240)
async def test_the_whole_story_in_a_browser(address: str, chromium: str) -> None:
    async with visited(chromium, address) as page:
        page.set_default_timeout(20_000)
        expect.set_options(timeout=20_000)

        await _write(page, "/do manage health")
        await expect(_article(page, "All is healthy")).to_contain_text("demo")

        await page.get_by_role("button", name="Down", exact=True).click()
        card = _article(page, "#1 demo is down")
        await expect(card).to_contain_text("high")
        await expect(card).to_contain_text("unless somebody acknowledges")
        await card.get_by_role("button", name="Acknowledge").click()
        await expect(card).to_contain_text("acknowledged by")

        await page.get_by_role("navigation").get_by_role("button", name=re.compile("incident-1")).click()
        await expect(page.get_by_role("heading", name="# incident-1", exact=True)).to_be_visible()
        summary = _article(page, "Incident #1: demo is down")
        await summary.get_by_role("button", name="Post update").click()
        dialog = page.get_by_role("dialog")
        await dialog.get_by_role("textbox").first.fill("We are starting it again")
        await dialog.locator("button[type=submit]").click()
        await expect(dialog).to_contain_text("Incident #1 updated")
        await page.keyboard.press("Escape")
        await expect(_article(page, "Update by")).to_contain_text("We are starting it again")

        await page.get_by_role("button", name="OK", exact=True).click()
        await _article(page, "Is the incident over?").get_by_role("button", name="Resolve incident").click()
        await dialog.get_by_label("Cause").fill("people")
        await dialog.locator("button[type=submit]").click()
        await expect(dialog).to_contain_text("Incident #1 resolved")
        await page.keyboard.press("Escape")
        await expect(_article(page, "Time to resolve")).to_be_visible()

        draft = _article(page, "Postmortem")
        await draft.get_by_role("button", name=re.compile("^Approve")).click(timeout=60_000)
        await page.get_by_role("dialog").get_by_role("button", name=re.compile("^Approve")).click()
        await expect(page.get_by_text("This channel is archived")).to_be_visible()


def _article(page: Page, words: str) -> Locator:
    return page.get_by_role("article").filter(has_text=words).last


async def _write(page: Page, text: str) -> None:
    await page.get_by_role("textbox", name="Message").fill(text)
    await page.keyboard.press("Enter")

"""From an alert to what the public reads, by clicks alone: the sandbox's page on one side, the status page on the other."""

import asyncio
import os
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.async_api import Locator, Page, expect

from tests.servers.chromium import visited
from tests.story.bot import ROOT

pytestmark = pytest.mark.browser

MANAGE = """
statuspage:
  title: Example status
  components: [{name: Demo, checks: [demo]}]
"""


@dataclass(frozen=True)
class Places:
    """Where the workspace is, and where the public looks."""

    workspace: str
    status: str


@pytest.fixture
async def places(tmp_path: Path) -> AsyncIterator[Places]:
    """Start the program beside a manage.yml with one component; gives the addresses that it prints."""
    (tmp_path / "manage.yml").write_text(MANAGE)
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


def _printed(log: Path, process: "subprocess.Popen[bytes]") -> Places:
    while process.poll() is None:
        said = log.read_text()
        workspace = re.search(r"http://127\.0\.0\.1:\d+/", said)
        door = re.search(r"HTTP door on 127\.0\.0\.1, port (\d+)", said)
        if workspace and door:
            return Places(workspace[0], f"http://127.0.0.1:{door[1]}/status")
    raise AssertionError(f"it ended:\n{log.read_text()}")


@pytest.mark.timeout(240)
async def test_people_word_what_the_public_reads(places: Places, chromium: str, tmp_path: Path) -> None:
    expect.set_options(timeout=20_000)
    async with visited(chromium, places.workspace) as inside, visited(chromium, places.status) as outside:
        inside.set_default_timeout(20_000)
        await inside.get_by_role("button", name="Down", exact=True).click()
        await inside.get_by_role("navigation").get_by_role("button", name=re.compile("incident-1")).click()
        proposal = _article(inside, "Trouble with Demo (investigating)")
        await expect(proposal).to_contain_text("Nobody outside sees this before somebody publishes it.")
        await _until(outside, "There is a major outage")
        await expect(outside.get_by_role("main")).to_contain_text("No incidents were published")

        await proposal.get_by_role("button", name="Edit").click()
        dialog = inside.get_by_role("dialog")
        words = dialog.get_by_role("textbox").first
        await expect(words).to_have_value(re.compile("We are looking into trouble with Demo"))
        await inside.screenshot(path=tmp_path / "form.png")
        await words.fill("The demo does not answer. <b>We</b> are on it.")
        await dialog.locator("button[type=submit]").click()
        await expect(dialog).to_contain_text("Notice 1 is published")
        await inside.keyboard.press("Escape")
        await expect(_article(inside, "Published: Trouble with Demo")).to_contain_text("The demo does not answer.")
        await inside.screenshot(path=tmp_path / "card.png")
        await _until(outside, "The demo does not answer. <b>We</b> are on it.")

        await inside.get_by_role("navigation").get_by_role("button", name=re.compile("general")).click()
        await _write(inside, "/do manage incident declare Another one --severity critical --component Demo")
        await expect(_article(inside, "Incident #2 declared")).to_be_visible()
        await inside.get_by_role("button", name="OK", exact=True).click()
        await _write(inside, "/do manage incident resolve 1")
        await expect(_article(inside, "Incident #1 resolved")).to_be_visible()
        await outside.wait_for_timeout(6000)  # longer than one reading of the page serves
        await outside.reload()
        await expect(outside.get_by_role("status")).to_contain_text("There is a major outage")
        await _write(inside, "/do manage incident resolve 2")
        await _until(outside, "All components are operational")
        await outside.screenshot(path=tmp_path / "status.png", full_page=True)


async def _until(page: Page, words: str) -> None:
    """Load the page anew until it says so: it is kept for some seconds."""
    async with asyncio.timeout(40):
        while words not in await page.get_by_role("main").inner_text():
            await page.wait_for_timeout(500)
            await page.reload()


def _article(page: Page, words: str) -> Locator:
    return page.get_by_role("article").filter(has_text=words).last


async def _write(page: Page, text: str) -> None:
    await page.get_by_role("textbox", name="Message").fill(text)
    await page.keyboard.press("Enter")

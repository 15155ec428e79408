"""The browser for end-to-end tests: Debian's Chromium, driven by Playwright."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Page, async_playwright

from tests.servers.process import program

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def chromium() -> str:
    """Give the path of Chromium, for Playwright's `executable_path`; as root it needs `--no-sandbox`."""
    return program("chromium", "chromium")


@asynccontextmanager
async def visited(chromium: str, url: str) -> AsyncIterator[Page]:
    """Open a page; any script error or request elsewhere fails at the end."""
    wrong: list[str] = []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        opened = await browser.new_page(viewport={"width": 1280, "height": 800})
        opened.set_default_timeout(10_000)
        opened.on("pageerror", lambda error: wrong.append(str(error)))
        opened.on("console", lambda line: wrong.append(line.text) if line.type == "error" else None)
        opened.on("request", lambda sent: None if sent.url.startswith(url) else wrong.append(sent.url))
        await opened.goto(url)
        yield opened
        await browser.close()
    assert wrong == []

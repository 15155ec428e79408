"""The browser for end-to-end tests: Debian's Chromium, driven by Playwright."""

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import playwright
import pytest
from playwright.async_api import Page, async_playwright

from tests.servers.process import answers, free_port, program, running

DRIVER = Path(playwright.__file__).parent / "driver"
FLAGS = [
    "--no-sandbox",  # as root it starts with nothing less
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Give the address of a running Chromium, for Playwright's `connect`; to start one takes longer than most visits."""
    port, home = free_port(), tmp_path_factory.mktemp("chromium")
    options = {"executablePath": program("chromium", "chromium"), "args": FLAGS, "port": port, "wsPath": "/chromium"}
    (home / "options.json").write_text(json.dumps(options))
    argv = [str(DRIVER / "node"), str(DRIVER / "package/cli.js"), "launch-server", "--browser=chromium"]
    with running([*argv, f"--config={home / 'options.json'}"], ready=lambda: answers(port), log=home / "server.log"):
        yield f"ws://127.0.0.1:{port}/chromium"


@asynccontextmanager
async def visited(chromium: str, url: str) -> AsyncIterator[Page]:
    """Open a page that knows of no other; any script error or request elsewhere fails at the end."""
    wrong: list[str] = []
    async with async_playwright() as playing:
        browser = await playing.chromium.connect(chromium)
        opened = await browser.new_page(viewport={"width": 1280, "height": 800})
        opened.set_default_timeout(10_000)
        opened.on("pageerror", lambda error: wrong.append(str(error)))
        opened.on("console", lambda line: wrong.append(line.text) if line.type == "error" else None)
        opened.on("request", lambda sent: None if sent.url.startswith(url) else wrong.append(sent.url))
        await opened.goto(url)
        yield opened
        await browser.close()
    assert wrong == []

"""The whole review of a postmortem in a real browser: reply, form, tick, approve all, in the sandbox's thread."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Locator, Page, expect

from bot.postmortems.changes import ADDED, REMOVED
from bot.postmortems.sections import PARTS
from tests.servers.chromium import visited
from tests.story.bot import YOU, Bot, living

pytestmark = pytest.mark.browser
SECTIONS = tuple(part.title for part in PARTS)


@pytest.fixture
async def bot(tmp_path: Path) -> AsyncIterator[Bot]:
    async with living(
        tmp_path, f"sqlite:///{tmp_path / 'bot.db'}", incidents={"archive": "after_postmortem"}
    ) as running:
        yield running


@pytest.mark.timeout(300)
async def test_a_postmortem_is_reviewed_in_its_thread(bot: Bot, chromium: str, tmp_path: Path) -> None:
    assert bot.shell("incident", "declare", "Checkout is down", "--severity=high").returncode == 0
    await bot.workspace.until(lambda: bot.workspace.state.channel("incident-1"), 30)
    await bot.workspace.person(YOU).join("#incident-1")
    assert bot.shell("incident", "resolve", "1").returncode == 0
    async with visited(chromium, bot.workspace.url) as page:
        page.set_default_timeout(30_000)
        expect.set_options(timeout=30_000)
        thread = await _thread(page)
        for title in SECTIONS:
            await expect(_section(thread, title)).to_contain_text("React with")
        await _shot(page, tmp_path, "drafted")

        await page.get_by_role("textbox", name="Reply in thread").fill("impact: 40 users saw errors")
        await page.keyboard.press("Enter")
        note = thread.get_by_role("article").filter(has_text="Impact changed").last
        await expect(note).to_contain_text(ADDED)
        await expect(note).to_contain_text("40 users saw errors")
        await expect(_section(thread, "Impact (revision 2)")).to_contain_text("40 users saw errors")
        await _shot(page, tmp_path, "replied")

        await _section(thread, "Impact (revision 2)").get_by_role("button", name="Edit", exact=True).click()
        dialog = page.get_by_role("dialog")
        box = dialog.get_by_role("textbox").first
        text = await box.input_value()
        assert "Note: 40 users saw errors" in text
        await _shot(page, tmp_path, "form")
        kept = [line for line in text.splitlines() if not line.startswith("Question: ")]
        await box.fill("\n".join([*kept, "Nobody lost an order."]))
        await dialog.locator("button[type=submit]").click()
        await expect(dialog).to_contain_text("is changed")
        await page.keyboard.press("Escape")
        note = thread.get_by_role("article").filter(has_text="Nobody lost an order").last
        await expect(note).to_contain_text(REMOVED)
        await expect(_section(thread, "Impact (revision 3)")).to_contain_text("unverified")

        summary = _section(thread, "Summary")
        await summary.get_by_role("button", name="Approve", exact=True).click()
        await expect(summary).to_contain_text("Approved by")
        await expect(page.get_by_role("article").filter(has_text="Postmortem of incident").first).to_contain_text(
            "1 approved"
        )
        well = _section(thread, "What went well")
        await well.hover()
        await well.get_by_role("button", name="React with white_check_mark").click()
        await expect(well).to_contain_text("Approved by")
        await expect(well.get_by_role("button", name="Take approval back")).to_be_visible()
        await _shot(page, tmp_path, "approving")

        await summary.get_by_role("button", name="Regenerate").click()
        await _confirm(page, "Regenerate")
        await expect(thread.get_by_role("article").filter(has_text="Summary stays as it is")).to_be_visible()

        parent = thread.get_by_role("article").first
        await parent.get_by_role("button", name="Approve all").click()
        await expect(page.get_by_role("dialog")).to_contain_text("could not be verified")
        await _shot(page, tmp_path, "asked")
        await _confirm(page, "Approve all")
        await expect(page.get_by_text("This channel is archived").first).to_be_visible()
        await _shot(page, tmp_path, "approved")


async def _thread(page: Page) -> Locator:
    """Open the draft's thread."""
    await page.get_by_role("navigation").get_by_role("button", name=re.compile("incident-1")).click()
    draft = page.get_by_role("article").filter(has_text="📝 Postmortem of incident")
    await expect(draft).to_contain_text("in review")
    await draft.get_by_role("button", name=re.compile(r"\d+ repl")).click()
    return page.get_by_role("log", name="Thread")


def _section(thread: Locator, title: str) -> Locator:
    return thread.get_by_role("article").filter(has=thread.page.get_by_text(title, exact=True)).first


async def _confirm(page: Page, label: str) -> None:
    await page.get_by_role("dialog").get_by_role("button", name=label).click()


async def _shot(page: Page, where: Path, name: str) -> None:
    await page.screenshot(path=where / f"{name}.png")

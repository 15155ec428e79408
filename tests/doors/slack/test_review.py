"""The review in a draft's thread, as people do it in Slack: replies, ticks, buttons and a form."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest

from bot.permissions import Caller
from bot.postmortems import changes
from bot.postmortems.sections import FOLLOW_UPS, PARTS
from bot.sandbox import Workspace
from bot.slack import limits
from storage.records.postmortems import Postmortem, PostmortemStatus, Section
from storage.tables import postmortems
from tests.doors.slack.conftest import BACKUP, ONCALL, YOU, Bot, Start, shown

CHANNEL = "#incident-1"
BASE = {"postmortems": {"draft_after": "0s"}, "alerts": {"edit_every": "0s"}, "incidents": {"archive": "never"}}


@dataclass(frozen=True)
class Review:
    """A draft under review in the channel of its incident."""

    workspace: Workspace
    bot: Bot

    async def postmortem(self) -> Postmortem | None:
        async with self.bot.ports.store.read() as conn:
            return await postmortems.get(conn, 1)

    async def section(self, name: str) -> Section:
        known = await self.postmortem()
        assert known is not None
        return next(part for part in known.sections if part.name == name)

    def message(self, title: str) -> Any:
        """The message whose text begins with that title."""
        return next(m for m in self.workspace.messages(CHANNEL) if m.text.startswith(title))

    async def says(self, title: str, *words: str) -> Any:
        """Wait until a message of that title says all of this."""

        def found() -> Any:
            said = [m for m in self.workspace.messages(CHANNEL) if m.text.startswith(title)]
            return next((m for m in said if all(word in shown(m) for word in words)), None)

        return await self.workspace.until(found, 20)

    async def press(self, title: str, label: str, *, by: str = YOU) -> Any:
        message = self.message(title)
        blocks = [*(message.blocks or []), *(b for a in message.attachments or [] for b in a.get("blocks", []))]
        buttons = [e for b in blocks if b["type"] == "actions" for e in b["elements"]]
        action = next(b["action_id"] for b in buttons if b["text"]["text"] == label)
        return await self.workspace.person(by).press(CHANNEL, message.ts, action)

    async def reply(self, text: str, *, by: str = YOU) -> None:
        thread = self.message("📝").ts
        await self.workspace.person(by).say(CHANNEL, text, thread_ts=thread)


@pytest.fixture
async def review(start: Start, workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Review]:
    # the workspace here takes messages at any pace, and a draft of eleven sections would be eleven seconds of waiting
    monkeypatch.setattr(limits, "MESSAGES_PER_SECOND", 50.0)
    async with start(**BASE) as bot:
        lead = Caller(id=YOU, via="slack")
        await bot.invoke(["incident", "declare", "Checkout", "is", "down", "--severity=high"], lead)
        await workspace.until(lambda: any(c.name == "incident-1" for c in workspace.state.channels.values()), 20)
        for person in (YOU, ONCALL, BACKUP):
            await workspace.person(person).join(CHANNEL)
        await bot.invoke(["incident", "resolve", "1"], lead)
        made = Review(workspace, bot)
        await made.says("📝", "in review")
        await made.says(PARTS[-1].title)
        await workspace.idle()
        bot.heard.clear()
        yield made


async def test_a_tick_approves_a_section_and_taking_it_off_takes_that_back(review: Review) -> None:
    person = review.workspace.person(ONCALL)
    await person.react(CHANNEL, review.message("Impact").ts, "white_check_mark")
    await review.says("Impact", "Approved by", ONCALL)
    assert (await review.section("impact")).approved_by == ONCALL
    await review.says("📝", "1 approved")
    await person.unreact(CHANNEL, review.message("Impact").ts, "white_check_mark")
    await review.says("Impact", "React with")
    assert (await review.section("impact")).approved_by == ""
    assert review.bot.lines() == [
        ["postmortem", "approve", "1", "--section=impact", "--revision=1"],
        ["postmortem", "reopen", "1", "--section=impact"],
    ]


async def test_taking_off_ones_own_tick_leaves_anothers_approval_alone(review: Review) -> None:
    at = review.message("Impact").ts
    await review.workspace.person(ONCALL).react(CHANNEL, at, "white_check_mark")
    await review.says("Impact", "Approved by", ONCALL)
    await review.workspace.person(BACKUP).react(CHANNEL, at, "white_check_mark")
    await review.workspace.until(lambda: len(review.bot.heard) == 2)
    await review.workspace.person(BACKUP).unreact(CHANNEL, at, "white_check_mark")
    await review.workspace.idle()
    assert (await review.section("impact")).approved_by == ONCALL


async def test_a_tick_on_any_other_message_means_nothing(review: Review) -> None:
    person = review.workspace.person(ONCALL)
    await person.react(CHANNEL, review.message("📝").ts, "white_check_mark")
    said = await person.say(CHANNEL, "done")
    await person.react(CHANNEL, said.ts, "white_check_mark")
    await person.react(CHANNEL, review.message("Summary").ts, "white_check_mark")
    await review.says("Summary", "Approved by")
    assert len(review.bot.heard) == 1


async def test_a_reply_changes_its_section_shows_the_difference_and_takes_the_approval_back(review: Review) -> None:
    await review.press("Impact", "Approve")
    await review.says("Impact", "Approved by")
    await review.reply("impact: 40 users saw errors", by=ONCALL)
    note = await review.says("Impact changed", f"{changes.ADDED} ", "40 users saw errors", "The approval of")
    assert note.thread_ts == review.message("📝").ts
    assert "revision 2" in shown(await review.says("Impact (revision 2)", "React with"))
    assert (await review.section("impact")).approved_by == ""


async def test_a_reply_that_links_to_a_section_is_about_that_one(review: Review) -> None:
    message = review.message("Impact")
    link = f"https://sandbox.slack.com/archives/{message.channel}/p{message.ts.replace('.', '')}"
    await review.reply(f"<{link}> this is not exact enough")
    await review.says("Impact changed")
    assert review.bot.lines()[0][-1] == "--quoted=impact"


async def test_a_reply_that_names_none_is_asked_which_and_the_next_one_follows_it(review: Review) -> None:
    await review.reply("please be more exact")
    asked = await review.workspace.until(
        lambda: next((m for m in review.workspace.messages(CHANNEL) if m.only_for == YOU), None), 20
    )
    assert "Which section do you mean?" in shown(asked)
    await review.press("Which section", "Impact")
    await review.says("Impact changed", "please be more exact")
    await review.reply("and shorter")
    await review.says("Impact changed", "and shorter")


async def test_the_form_shows_the_text_and_keeps_what_a_person_wrote(review: Review) -> None:
    before = await review.section("impact")
    opened = await review.press("Impact", "Edit")
    assert opened.acked
    view = await review.workspace.until(lambda: review.workspace.person(YOU).modal)
    (field,) = [b for b in view.body["blocks"] if b["type"] == "input"]
    text = field["element"]["initial_value"]
    assert text.splitlines()[-1].startswith("Question: ")
    changed = "\n".join([*text.splitlines()[:-1], "40 users saw errors [t1]"])
    await review.workspace.person(YOU).submit(view.id, {field["block_id"]: changed})
    await review.says("Impact changed", "40 users saw errors")
    after = (await review.section("impact")).statements
    assert after[:-1] == before.statements[:-1]
    assert (after[-1].text, after[-1].author, after[-1].evidence) == ("40 users saw errors", YOU, (1,))
    told = [m for m in review.workspace.messages(CHANNEL) if "Impact of the postmortem" in m.text]
    assert told == []


async def test_the_last_approved_section_approves_and_publishes_the_whole(review: Review) -> None:
    for title in (part.title for part in PARTS if part is not FOLLOW_UPS):
        await review.press(title, "Approve")
        await review.says(title, "Approved by")
    await review.says("📝", "waits for approval")
    await review.workspace.person(ONCALL).react(CHANNEL, review.message("Follow-ups").ts, "white_check_mark")
    await review.says("✅ Postmortem of incident #1 is published")
    known = await review.postmortem()
    assert known is not None
    assert (known.status, known.approved_by) == (PostmortemStatus.APPROVED, ONCALL)


async def test_a_button_of_an_older_text_approves_nothing(review: Review) -> None:
    old = review.message("Impact")
    await review.reply("impact: 40 users saw errors")
    await review.says("Impact changed")
    await review.bot.invoke(
        ["postmortem", "approve", "1", "--section=impact", "--revision=1"], Caller(id=ONCALL, via="slack")
    )
    assert old is not None
    assert (await review.section("impact")).approved_by == ""

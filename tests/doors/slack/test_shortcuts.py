"""Shortcuts: an incident from anywhere or from a message, a message on the timeline."""

import asyncio

import pytest

from bot.sandbox import Workspace
from bot.sandbox.state import Channel
from storage.records.files import KeptFile
from storage.records.incidents import Incident
from storage.tables import files, incidents
from tests.doors.slack.conftest import ONCALL, YOU, Bot, shown

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20


async def found(bot: Bot) -> list[Incident]:
    async with bot.ports.store.read() as conn:
        return await incidents.listing(conn)


async def opened(workspace: Workspace) -> Channel:
    """The first incident's channel, once its card is pinned: by then the incident knows its channel."""

    def ready() -> Channel | None:
        channel = workspace.state.channel("incident-1")
        return channel if channel and channel.pins else None

    found_: Channel = await workspace.until(ready)  # type: ignore[assignment] # until gives back what is true
    return found_


@pytest.mark.usefixtures("bot")
async def test_the_global_shortcut_opens_the_declaration(workspace: Workspace) -> None:
    person = workspace.person(YOU)
    await person.shortcut("declare_incident")
    view = await workspace.until(lambda: person.modal)
    fields = [b["block_id"] for b in view.body["blocks"]]
    assert fields[0] == "title"
    assert not {"channel", "ts"} & set(fields)


async def test_an_incident_declared_from_a_message_knows_its_words_and_its_place(
    workspace: Workspace, bot: Bot
) -> None:
    said = await workspace.person(ONCALL).say("#alerts", "checkout &lt;is&gt; down, ask <@U0LEAD>")
    person = workspace.person(YOU)
    await person.shortcut("declare_incident_from_message", "#alerts", said.ts)
    view = await workspace.until(lambda: person.modal)
    elements = {b["block_id"]: b["element"] for b in view.body["blocks"]}
    assert elements["description"]["initial_value"] == "checkout <is> down, ask @U0LEAD"
    await person.submit(view.id, {"title": "Checkout is down", "description": "checkout <is> down"})
    await workspace.until(bot.lines)
    assert ["--channel=C0ALERTS", f"--ts={said.ts}"] == bot.lines()[0][2:4]
    await workspace.until(lambda: "declared" in str(view.body["blocks"]))
    assert [i.title for i in await found(bot)] == ["Checkout is down"]


async def test_a_message_shortcut_puts_the_message_on_the_timeline(workspace: Workspace, bot: Bot) -> None:
    person = workspace.person(YOU)
    await person.command("/do", "manage incident declare checkout is down", channel="#general")
    channel = await opened(workspace)
    await person.join("#incident-1")
    said = await person.say("#incident-1", "rolling back")
    await person.shortcut("add_to_timeline", "#incident-1", said.ts)
    await workspace.until(lambda: any("on its timeline" in shown(m) for m in workspace.messages(channel.id)))
    assert bot.lines()[-1] == [
        *("incident", "note", "--text=rolling back", f"--author={YOU}", f"--at={said.ts}"),
        *(f"--channel={channel.id}", f"--ts={said.ts}"),
    ]


async def test_the_picture_of_a_message_on_the_timeline_is_kept_byte_for_byte(workspace: Workspace, bot: Bot) -> None:
    person = workspace.person(YOU)
    await person.command("/do", "manage incident declare checkout is down", channel="#general")
    channel = await opened(workspace)
    await person.join("#incident-1")
    assert bot.ports.chat is not None
    id_ = await bot.ports.chat.upload(channel.id, name="p99.png", title="p99", content=PNG)
    shared = next(m for m in workspace.messages(channel.id) if m.files)
    await person.shortcut("add_to_timeline", "#incident-1", shared.ts)

    kept: list[KeptFile] = []
    async with asyncio.timeout(10):
        while not kept:
            await asyncio.sleep(0.02)
            async with bot.ports.store.read() as conn:
                kept = [file] if (file := await files.get(conn, 1, id_)) else []
    assert (kept[0].name, kept[0].mime, kept[0].content) == ("p99.png", "image/png", PNG)


@pytest.mark.usefixtures("bot")
async def test_adding_to_a_timeline_outside_an_incident_says_what_is_missing(workspace: Workspace) -> None:
    person = workspace.person(YOU)
    said = await person.say("#alerts", "hello")
    await person.shortcut("add_to_timeline", "#alerts", said.ts)
    await workspace.until(lambda: len(workspace.messages("#alerts")) == 2)
    assert workspace.messages("#alerts")[-1].only_for == YOU

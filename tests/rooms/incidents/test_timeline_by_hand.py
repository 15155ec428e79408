"""The timeline in people's hands: added to, corrected, taken off, exported, with pictures and commands."""

import base64
import io
import json
import zipfile
from datetime import timedelta
from typing import Any

import pytest

from bot.cards.marks import plain
from bot.command import command
from bot.ports import Download, Posted
from storage.tables import files
from tests.fakes.ports import T0
from tests.rooms.alerts.world import COMMANDS, LEAD, SECOND, World, refusal

CHANNEL = "C0000001"
PNG = Download(name="p99.png", mime="image/png", content=b"\x89PNG p99")
TS = f"{T0.timestamp():.6f}"


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """SQLite alone: the journal is read alike from any database."""
    return sqlite_url


@pytest.fixture
async def declared(world: World) -> World:
    """An incident with its channel."""
    await world.run("incident", "declare", "Checkout")
    await world.forward(minutes=10)
    return world


async def lines(world: World) -> list[dict[str, Any]]:
    return (await world.ask("incident", "timeline", "1")).data["timeline"]


async def entry(world: World, said: str) -> str:
    """The number of the entry that says so."""
    return str(next(line["entry"] for line in await lines(world) if said in line["said"]))


async def pin(world: World, *file_ids: str) -> None:
    world.slack.say(CHANNEL, TS, "p99 is at 9 s", user=SECOND)
    words = (f"--author={SECOND}", f"--at={TS}", f"--channel={CHANNEL}", f"--ts={TS}")
    pictures = (f"--file={id_}" for id_ in file_ids)
    await world.run("incident", "note", "1", "--text=p99 is at 9 s", *words, *pictures, channel=CHANNEL)


class TestNote:
    @pytest.mark.parametrize("place", [("--channel=C00HIDDEN", "--ts=1.0"), ("--file=F1",)])
    async def test_takes_no_message_and_no_picture_of_another_channel(
        self, declared: World, place: tuple[str, ...]
    ) -> None:
        declared.slack.shared["F1"] = PNG
        declared.slack.say("C00HIDDEN", "1.0", "the treasurer it was", user=SECOND)
        card = await declared.run("incident", "note", "1", "--text=x", *place, channel=CHANNEL)

        assert card.level.value == "usage"
        assert not any("“x”" in line["said"] for line in await lines(declared))
        async with declared.store.read() as conn:
            assert await files.names(conn, 1) == []

    async def test_can_be_added_later_with_its_time_and_reason(self, declared: World) -> None:
        reason = "--reason=nobody had a hand free"
        await declared.run("incident", "note", "1", "--text=pulled the plug", "--at=2026-11-23 12:05", reason)

        (line,) = [line for line in await lines(declared) if "plug" in line["said"]]
        assert line["at"] == (T0 + timedelta(minutes=5)).isoformat()
        card = await declared.ask("incident", "timeline", "1")
        assert any("added later: nobody had a hand free" in plain(step) for step in card.steps)

    async def test_takes_a_clock_time_for_the_last_one(self, declared: World) -> None:
        await declared.run("incident", "note", "1", "--text=it began", "--at=23:50")

        (line,) = [line for line in await lines(declared) if "it began" in line["said"]]
        assert line["at"] == "2026-11-22T23:50:00+00:00"

    @pytest.mark.parametrize("at", ["tomorrow", "2036-01-01", "yesterday-ish", "1e18", "-5"])
    async def test_refuses_a_time_that_is_none_or_lies_ahead(self, declared: World, at: str) -> None:
        card = await declared.ask("incident", "note", "1", "--text=x", f"--at={at}")

        assert card.level.value == "usage"


class TestCorrection:
    async def test_stands_on_the_timeline_with_who_and_why(self, declared: World) -> None:
        await declared.run("incident", "update", "1", "--text=db is down")
        which = await entry(declared, "db is down")

        await declared.run(
            "incident", "edit", "1", "--entry", which, "--text=cache is down", "--reason=mixed up", by=SECOND
        )

        card = await declared.ask("incident", "timeline", "1")
        (step,) = [plain(step) for step in card.steps if "cache is down" in plain(step)]
        assert f"(corrected by {SECOND}: mixed up)" in step
        assert "db is down" not in str(card.steps)

    async def test_needs_words_or_a_time_and_a_reason(self, declared: World) -> None:
        for words in (("--reason=x",), ("--text=x", "--reason= ")):
            card = await declared.ask("incident", "edit", "1", "--entry=1", *words)
            assert card.level.value == "usage"

    async def test_is_not_of_what_stands_on_no_timeline_of_it(self, declared: World) -> None:
        card = await declared.ask("incident", "edit", "1", "--entry=999", "--text=x", "--reason=y")

        assert "there is no such entry on its timeline" in str(card.body)

    async def test_takes_an_entry_off_and_puts_it_back(self, declared: World) -> None:
        await declared.run("incident", "update", "1", "--text=db is down")
        which = await entry(declared, "db is down")

        await declared.run("incident", "hide", "1", "--entry", which, "--reason=names a customer")
        assert not any("db is down" in line["said"] for line in await lines(declared))

        await declared.run("incident", "hide", "1", "--entry", which, "--reason=it does not", "--undo")
        assert any("db is down" in line["said"] for line in await lines(declared))


class TestPictures:
    async def test_of_a_pinned_message_are_kept_once(self, declared: World) -> None:
        declared.slack.shared["F1"] = PNG
        declared.twice = True
        await pin(declared, "F1")

        async with declared.store.read() as conn:
            kept = await files.get(conn, 1, "F1")
        assert kept is not None
        assert (kept.content, kept.author, kept.shared_at) == (PNG.content, SECOND, T0)

    async def test_that_cannot_be_fetched_are_told_on_the_card(self, declared: World) -> None:
        declared.slack.refusals["download"] = [refusal("missing_scope")]
        await pin(declared, "F1")

        assert "A picture on the timeline could not be kept" in (await declared.message("incident:1:card")).text
        assert declared.died == []

    async def test_of_a_message_that_is_taken_off_are_forgotten(self, declared: World) -> None:
        declared.slack.shared["F1"] = PNG
        await pin(declared, "F1")
        await declared.run("incident", "unnote", "1", f"--channel={CHANNEL}", f"--ts={TS}")

        async with declared.store.read() as conn:
            assert await files.names(conn, 1) == []


async def test_a_pinned_message_has_a_tick_until_it_is_taken_off(declared: World) -> None:
    await pin(declared)
    assert declared.slack.reactions[Posted(CHANNEL, TS)] == ["white_check_mark"]

    await declared.run("incident", "unnote", "1", f"--channel={CHANNEL}", f"--ts={TS}")
    assert declared.slack.reactions[Posted(CHANNEL, TS)] == []


class TestCommands:
    async def test_that_were_run_in_its_channel_stand_on_it_with_their_exit_status(
        self, declared: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        @command("probe")
        async def probe(_ctx):
            """Look."""
            raise RuntimeError("no answer")

        monkeypatch.setitem(COMMANDS, "probe", probe)
        await declared.ask("probe", channel=CHANNEL)
        await declared.ask("probe", channel="C0000099")

        told = [line for line in await lines(declared) if "Ran" in line["said"]]
        assert [(line["said"], line["actor"]) for line in told] == [("Ran probe: bad, exit status 1", LEAD)]


class TestExport:
    async def test_in_slack_is_a_file_with_text_and_pictures(self, declared: World) -> None:
        declared.slack.shared["F1"] = PNG
        await pin(declared, "F1")

        card = await declared.ask("incident", "export", channel=CHANNEL)

        assert card.title == "Exported as incident-1.zip"
        (sent,) = declared.slack.files
        with zipfile.ZipFile(io.BytesIO(sent["content"])) as archive:
            assert archive.read("files/F1-p99.png") == PNG.content
            assert "p99 is at 9 s" in archive.read("timeline.md").decode()
            assert json.loads(archive.read("timeline.json"))["files"][0]["name"] == "p99.png"

    async def test_elsewhere_is_the_answer(self, declared: World) -> None:
        declared.slack.shared["F1"] = PNG
        await pin(declared, "F1")

        card = await declared.ask("incident", "export", "1", via="shell", by="shell:root")

        assert "# Incident 1: Checkout" in str(card.body)
        assert base64.b64decode(card.data["content"]["F1"]) == PNG.content
        assert json.loads(json.dumps(card.data))["incident"]["number"] == 1

    async def test_of_a_private_incident_goes_into_no_other_channel(self, world: World) -> None:
        await world.run("incident", "declare", "Theft", "--private")

        card = await world.ask("incident", "export", "1", channel="C0000099")

        assert (card.level.value, world.slack.files) == ("usage", [])
        await world.ask("incident", "export", "1", channel=CHANNEL)
        assert len(world.slack.files) == 1

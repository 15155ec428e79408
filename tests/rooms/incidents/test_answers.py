"""What commands answer in an incident's channel is kept with it, without secrets, and seen by nobody else."""

import json
from datetime import timedelta

import click
import pytest
from structlog.testing import capture_logs

from bot.audit.commands import audit
from bot.cards.card import Card, Level
from bot.cards.json import to_json
from bot.command import Context, command
from bot.events import CommandAnswered, CommandRun
from bot.incidents import answers
from bot.postmortems.service import pack_of
from storage.tables import journal
from tests.rooms.alerts.world import COMMANDS, SECOND, World
from tests.rooms.incidents.test_incident_privacy import OTHER

CHANNEL, SECOND_CHANNEL = "C0000001", "C0000002"
KEY = "sk-proj-abcdefghijklmnop1234"


@command("probe", reads=True)
@click.argument("said", nargs=-1)
async def probe(_ctx: Context, said: tuple[str, ...]) -> Card:
    """Look."""
    return Card(title="queue_depth is 4711", level=Level.BAD, body=(" ".join(said),))


@command("drain", changes=True)
async def drain(_ctx: Context) -> Card:
    """Change something."""
    return Card(title="Drained 250 jobs", level=Level.OK)


@command("crash", changes=True)
async def crash(_ctx: Context) -> Card:
    """Fail."""
    raise RuntimeError(f"no answer, token={KEY}")


@pytest.fixture(autouse=True)
def _known(monkeypatch: pytest.MonkeyPatch) -> None:
    for cmd in (probe, drain, crash, audit):
        monkeypatch.setitem(COMMANDS, cmd.name, cmd)


@pytest.fixture
async def declared(world: World) -> World:
    await world.run("incident", "declare", "Checkout")
    await world.forward(minutes=10)
    return world


async def kept(world: World, number: int = 1) -> list[CommandAnswered]:
    return await world.facts(f"incident:{number}", CommandAnswered)


async def everything(world: World) -> str:
    """All that the journal holds, word for word."""
    async with world.store.read() as conn:
        return json.dumps([dict(entry.payload) for entry in await journal.after(conn, 0, limit=10_000)])


class TestKept:
    async def test_is_the_text_beside_the_audit_line(self, declared: World) -> None:
        await declared.ask("probe", "hello", channel=CHANNEL)

        (answer,) = await kept(declared)
        assert (answer.line, answer.outcome, answer.text) == ("probe hello", "bad", "queue_depth is 4711\nhello")
        async with declared.store.read() as conn:
            (run,) = [entry for entry in await journal.of_kind(conn, "CommandRun") if entry.payload["channel"]]
        assert answer.run == run.id
        assert "4711" not in str(run.payload)

    async def test_is_nothing_outside_its_channel_or_once_it_is_over(self, declared: World) -> None:
        await declared.ask("probe")
        await declared.ask("drain", channel="C0000099")
        await declared.run("incident", "resolve", "1")
        await declared.ask("probe", channel=CHANNEL)

        assert await kept(declared) == []

    async def test_is_why_a_command_failed(self, declared: World) -> None:
        await declared.ask("crash", channel=CHANNEL)

        (answer,) = await kept(declared)
        assert answer.text.startswith("crash failed\nRuntimeError: no answer, token=")

    async def test_is_no_help(self, declared: World) -> None:
        await declared.ask("probe", "--help", channel=CHANNEL)

        assert await kept(declared) == []

    async def test_has_no_secret_in_any_place(self, declared: World) -> None:
        await declared.ask("probe", "x" * 2000, KEY, "postgres://app:hunter2@db/shop", channel=CHANNEL)
        await declared.ask("probe", "password=hunter2", "someone@example.com", "8.8.8.8", channel=CHANNEL)
        await declared.ask("crash", channel=CHANNEL)

        told = [one.text + one.line for one in await kept(declared)]
        assert len(told) == 3
        for secret in (KEY, "hunter2", "someone@example.com", "8.8.8.8"):
            assert secret not in str(told)

    async def test_holds_no_half_of_a_secret_where_it_is_cut(self, declared: World) -> None:
        room = answers.LONGEST - len("queue_depth is 4711\n") - len(answers.CUT_OFF) - 1
        for before in range(room - len(KEY) - 2, room + 2):
            await declared.ask("probe", f"{'x' * (before - 1)} {KEY}", channel=CHANNEL)

        assert "sk-p" not in str([one.text for one in await kept(declared)])

    async def test_is_bounded_and_says_so(self, declared: World) -> None:
        await declared.ask("probe", *["word"] * 2000, channel=CHANNEL)

        (answer,) = await kept(declared)
        assert len(answer.text) <= answers.LONGEST
        assert answer.text.endswith(f"… {answers.CUT_OFF}")
        assert len(answer.line) <= answers.LONGEST_LINE


class TestEvidence:
    async def test_has_the_answer_under_its_number(self, declared: World) -> None:
        await declared.ask("probe", channel=CHANNEL)
        await declared.ask("drain", channel=CHANNEL)

        pack = await pack_of(declared.ports, 1)
        (looked,), (changed,) = pack.of_kind("CommandAnswered"), pack.of_kind("CommandRun")
        assert looked.words == "Ran probe: bad, exit status 1. It answered: queue_depth is 4711"
        assert changed.words == "Ran drain: ok, exit status 0. It answered: Drained 250 jobs"

    async def test_has_all_that_is_kept_however_long_it_is(self, declared: World) -> None:
        await declared.ask("probe", *["word"] * 2000, channel=CHANNEL)

        (item,) = (await pack_of(declared.ports, 1)).of_kind("CommandAnswered")
        assert item.words.endswith(answers.CUT_OFF)

    async def test_loses_what_was_taken_off_the_timeline(self, declared: World) -> None:
        await declared.ask("drain", channel=CHANNEL)
        (item,) = (await pack_of(declared.ports, 1)).of_kind("CommandRun")
        await declared.run("incident", "hide", "1", f"--entry={item.id}", "--reason=names a customer")

        assert "250" not in str(await pack_of(declared.ports, 1))


async def test_an_answer_that_cannot_be_kept_is_given_all_the_same(
    declared: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise RecursionError("too deep")

    monkeypatch.setattr(answers, "redact", fails)
    with capture_logs() as logged:
        card = await declared.ask("probe", channel=CHANNEL)

    assert card.title == "queue_depth is 4711"
    assert [line["event"] for line in logged] == ["answer_not_kept"]
    assert len(await declared.facts("command:probe", CommandRun)) == 1
    assert await kept(declared) == []


class TestPrivate:
    @pytest.fixture
    async def hidden(self, declared: World) -> World:
        """A private incident beside a public one, in whose channel commands were run."""
        await declared.run("incident", "declare", "Theft", "--private", by=SECOND)
        await declared.ask("probe", "treasurer", channel=SECOND_CHANNEL, by=SECOND)
        await declared.ask("drain", channel=SECOND_CHANNEL, by=SECOND)
        return declared

    async def test_is_in_its_own_evidence(self, hidden: World) -> None:
        assert (await hidden.incident(2)).channel == SECOND_CHANNEL
        assert "treasurer" in str(await pack_of(hidden.ports, 2))
        assert len(await kept(hidden, 2)) == 2

    async def test_is_in_no_other_incident_and_not_in_the_audit(self, hidden: World) -> None:
        other = str(await pack_of(hidden.ports, 1))
        lines = str(to_json(await hidden.ask("incident", "timeline", "1", by=OTHER)))
        listed = to_json(await hidden.ask("audit", by="shell:root", via="shell"))

        assert len(listed["commands"]) > 2
        for told in (other, lines, str(listed)):
            assert "4711" not in told
            assert "250 jobs" not in told

    async def test_is_not_seen_by_who_does_not_belong_to_it(self, hidden: World) -> None:
        card = await hidden.ask("incident", "timeline", "2", by=OTHER)

        assert card.level is Level.USAGE
        assert "4711" in str(to_json(await hidden.ask("incident", "timeline", "2", by=SECOND)))

    async def test_a_change_that_was_asked_for_there_is_on_no_other_timeline_and_no_other_evidence(
        self, hidden: World
    ) -> None:
        other, own = [str(to_json(await hidden.ask("incident", "timeline", n, by=SECOND))) for n in ("1", "2")]

        assert "drain" not in other
        assert "drain" in own
        assert (await pack_of(hidden.ports, 1)).of_kind("CommandRun") == []

    async def test_what_is_told_of_it_elsewhere_is_not_kept(self, hidden: World) -> None:
        await hidden.ask("incident", "show", "2", channel=CHANNEL, by=SECOND)
        await hidden.ask("incidents", channel=CHANNEL, by=SECOND)
        await hidden.ask("followups", channel=CHANNEL, by=SECOND)

        assert await kept(hidden) == []


async def test_a_run_without_an_answer_is_evidence_as_before(declared: World) -> None:
    await declared.ask("drain")

    pack = await pack_of(declared.ports, 1)
    assert [item.words for item in pack.of_kind("CommandRun")] == ["Ran `drain`: ok, exit status 0"]


async def test_the_entry_stands_at_the_time_of_the_run(declared: World) -> None:
    declared.clock.forward(timedelta(minutes=1).total_seconds())
    await declared.ask("probe", channel=CHANNEL)

    runs = await declared.facts("command:probe", CommandRun)
    (item,) = (await pack_of(declared.ports, 1)).of_kind("CommandAnswered")
    assert (len(runs), item.at) == (1, declared.clock())

"""The one road of every command line: whatever is typed is answered with a card and leaves a trace."""

import shutil
from collections.abc import Iterator, MutableMapping
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import click
import pytest
from structlog.testing import capture_logs

from bot.bus import Fact, on
from bot.cards.card import Card, Level
from bot.cards.marks import plain
from bot.cards.text import to_text
from bot.command import Context, command
from bot.config.manage import Manage
from bot.events import AlertAcknowledged, CommandRun, payload_of
from bot.help import help_
from bot.invoke import Approval, Request, invoke
from bot.numbers import NUMBER
from bot.permissions import Caller, Role
from bot.ports import Ports
from storage.locks import held
from storage.records.journal import Entry
from storage.tables import jobs, journal
from storage.unit_of_work import Conflict, Store, UnitOfWork
from tests.fakes.ports import T0, make_ports
from tests.servers.postgresql import PostgreSQL

RESPONDER = Caller(id="U0RESPONDER", via="slack")
SECRET = "correct-horse-battery"


async def noted(ctx: Context, *, then: Exception | None = None) -> None:
    """Write a fact, and fail before the end of its transaction when told to."""
    fact = AlertAcknowledged(alert=1)

    async def work(unit: UnitOfWork) -> None:
        await unit.append(
            at=T0, kind="AlertAcknowledged", subject=fact.subject, actor=ctx.caller.id, payload=payload_of(fact)
        )
        if then:
            raise then

    await ctx.ports.store.transact(work)


@command("ack", role=Role.RESPONDER, changes=True)
@click.argument("number", type=NUMBER)
@click.option("--comment", default="", help="Said in the thread.")
async def ack(ctx: Context, number: int, comment: str) -> Card:
    """Acknowledge an alert."""
    await noted(ctx)
    return Card(title=f"Alert #{number} acknowledged", level=Level.OK, body=(comment,))


@command("restart", role=Role.OPERATOR, lock="service:{name}")
@click.argument("name")
async def restart(_ctx: Context, name: str) -> Card:
    """Restart a service."""
    return Card(title=f"{name} restarted", level=Level.OK)


@command("login", role=Role.VIEWER, secret=("token", "pin"))
@click.argument("who")
@click.option("-t", "--token", default="", help="Proof.")
@click.option("--pin", default="", help="More proof.")
async def login(_ctx: Context, who: str, **_secrets: str) -> Card:
    """Prove who you are."""
    return Card(title=f"{who} is in", level=Level.OK)


@command("unlock", secret=("code",))
@click.argument("code")
async def unlock(_ctx: Context, code: str) -> Card:
    """Open with a code."""
    return Card(title=f"opened with {len(code)} signs", level=Level.OK)


@command("break")
async def broken(ctx: Context) -> Card:
    """Fail in the middle."""
    await noted(ctx, then=ValueError("cannot read postgresql://bot:s3cret@db/ops"))
    return Card(title="never")


@command("race")
async def race(_ctx: Context) -> Card:
    """Lose against others."""
    raise Conflict("alert 1 changed")


@command("incident show")
async def show(_ctx: Context) -> Card:
    """Show it."""
    return Card(title="shown", level=Level.OK)


@command("report")
async def report(ctx: Context) -> Card:
    """Take a while."""
    await ctx.progress(Card(title="half of it"))
    return Card(title="all of it", level=Level.OK)


COMMANDS = {c.name: c for c in (ack, restart, login, unlock, broken, race, show, report, help_)}


@pytest.fixture(autouse=True)
def logged() -> Iterator[list[MutableMapping[str, Any]]]:
    """What was logged, instead of printing it."""
    with capture_logs() as entries:
        yield entries


async def said(store: Store, *argv: str, caller: Caller = RESPONDER, approval: Approval | None = None) -> Card:
    manage = Manage.model_validate(
        {"roles": {"default": "viewer", "responder": ["U0RESPONDER"], "operator": ["U0OPERATOR"]}}
    )
    return await invoke(argv, caller, make_ports(store, manage=manage), COMMANDS, approval=approval)


async def trace(store: Store) -> Entry:
    """The audit line; there is one."""
    async with store.read() as conn:
        [entry] = await journal.of_kind(conn, "CommandRun")
    return entry


async def facts(store: Store) -> list[Entry]:
    async with store.read() as conn:
        return await journal.of_subjects(conn, ["alert:1"])


async def test_a_command_runs_and_its_card_is_the_answer(store: Store) -> None:
    card = await said(store, "ack", "#42", "--comment", "on it")
    assert (card.title, card.level, card.body) == ("Alert #42 acknowledged", Level.OK, ("on it",))


async def test_a_run_leaves_an_audit_line(either: Store) -> None:
    await said(either, "ack", "42", "--comment=on it")
    entry = await trace(either)
    assert (entry.actor, entry.subject, entry.at) == ("U0RESPONDER", "command:ack", T0)
    assert {k: v for k, v in entry.payload.items() if k != "seconds"} == {
        "command": "ack",
        "argv": ["42", "--comment=on it"],
        "via": "slack",
        "role": "responder",
        "outcome": "ok",
        "changes": True,
        "channel": "",
        "through": "",
    }


async def test_an_unknown_command_is_answered_with_the_nearest(store: Store) -> None:
    card = await said(store, "restrat", "api")
    assert card.level is Level.USAGE
    assert plain(card.hint) == "Did you mean `restart`?"


@pytest.mark.parametrize(
    ("typed", "outcome"),
    [(["nonsense"], "usage"), (["ack", "x"], "usage"), (["restart", "api"], "denied"), (["break"], "bad")],
)
async def test_what_went_wrong_leaves_its_line_too(store: Store, typed: list[str], outcome: str) -> None:
    await said(store, *typed)
    entry = await trace(store)
    assert (entry.subject, entry.payload["outcome"]) == (f"command:{typed[0]}", outcome)


async def test_a_wrong_parameter_is_answered_with_the_usage(store: Store) -> None:
    card = await said(store, "ack", "soon")
    assert "`soon` is no number like 42 or #42" in to_text(card, T0)
    assert plain(card.hint) == "Usage: ack NUMBER [--comment TEXT]"


@pytest.mark.parametrize("typed", [["ack", "--help"], ["ack", "1", "-h"], ["help", "ack"], ["ACK", "--help"]])
async def test_help_about_a_command_is_given_however_it_is_asked_for(store: Store, typed: list[str]) -> None:
    assert (await said(store, *typed)).title == "Help: ack"


@pytest.mark.parametrize("typed", [[], ["--help"], ["-h"], ["help"]])
async def test_help_about_all_is_given_however_it_is_asked_for(store: Store, typed: list[str]) -> None:
    card = await said(store, *typed)
    assert [c["name"] for c in card.data["commands"]] == list(COMMANDS)


@pytest.mark.parametrize("typed", [["incident", "--help"], ["help", "incident"], ["help", "Incident"]])
async def test_help_about_a_family_lists_it(store: Store, typed: list[str]) -> None:
    assert [c["name"] for c in (await said(store, *typed)).data["commands"]] == ["incident show"]


async def test_help_about_nothing_there_is_is_answered_with_the_nearest(store: Store) -> None:
    assert plain((await said(store, "help", "restrat")).hint) == "Did you mean `restart` or `report`?"


async def test_who_may_not_is_told_the_role_and_the_next_step(store: Store) -> None:
    card = await said(store, "restart", "api")
    assert (card.level, card.body) == (Level.DENIED, ("`restart` needs the role operator, you are responder",))
    assert plain(card.hint) == "Ask an admin to add you under roles in manage.yml."


async def test_what_is_denied_does_not_run(store: Store) -> None:
    await said(store, "ack", "1", caller=Caller(id="U0VIEWER", via="slack"))
    assert await facts(store) == []


async def test_an_approval_answers_instead_of_the_command(store: Store) -> None:
    asked = []

    async def second_person(request: Request) -> Card | None:
        asked.append((request.command.name, request.argv, request.caller))
        return Card(title="Waiting for a second person")

    card = await said(store, "ack", "1", approval=second_person)
    assert card.title == "Waiting for a second person"
    assert asked == [("ack", ("ack", "1"), RESPONDER)]
    assert await facts(store) == []


async def test_an_approval_that_has_no_objection_lets_the_command_run(store: Store) -> None:
    async def fine(_request: Request) -> Card | None:
        return None

    assert (await said(store, "ack", "1", approval=fine)).level is Level.OK


async def test_who_may_not_is_not_asked_about(store: Store) -> None:
    async def never(_request: Request) -> Card | None:
        pytest.fail("asked for an approval of what is not allowed")

    assert (await said(store, "restart", "api", approval=never)).level is Level.DENIED


async def test_a_lock_that_somebody_holds_is_said_with_their_name(either: Store) -> None:
    async with held(either, "service:api", "U0OPERATOR", timedelta(seconds=30)):
        card = await said(either, "restart", "api", caller=Caller(id="U3", via="shell"))
    assert (card.title, card.level) == ("Somebody is at it already", Level.BAD)
    assert plain(card.body[0]) == "service:api is locked by U0OPERATOR."


async def test_a_lock_is_of_what_the_parameters_name(store: Store) -> None:
    async with held(store, "service:api", "U0OPERATOR", timedelta(seconds=30)):
        assert (await said(store, "restart", "web", caller=Caller(id="U0OPERATOR", via="slack"))).level is Level.OK


async def test_a_lock_is_free_again_after_the_run(either: Store) -> None:
    for _ in range(2):
        assert (await said(either, "restart", "api", caller=Caller(id="U0OPERATOR", via="slack"))).level is Level.OK


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        (["login", "me", "--token", SECRET], ["me", "--token", "••••"]),
        (["login", "me", f"--token={SECRET}"], ["me", "--token=••••"]),
        (["login", f"-t{SECRET}", "me"], ["-t••••", "me"]),
        (["login", "me", "-t", SECRET, f"--pin={SECRET}"], ["me", "-t", "••••", "--pin=••••"]),
        (["login", "me", "--token", SECRET, "--bogus"], ["me", "--token", "••••", "--bogus"]),
        (["unlock", SECRET], ["••••"]),
        (["unlock", SECRET, "by mistake"], ["••••", "••••"]),
    ],
)
async def test_secrets_are_masked_in_the_audit_line(store: Store, typed: list[str], kept: list[str]) -> None:
    await said(store, *typed)
    assert (await trace(store)).payload["argv"] == kept


async def test_a_very_long_line_leaves_a_short_audit_line(either: Store) -> None:
    await said(either, "ack", *["x" * 5000] * 200)
    argv = (await trace(either)).payload["argv"]
    assert len(argv) == 51
    assert argv[-1] == "and 150 more"
    assert max(map(len, argv)) == 200


async def test_a_bug_is_a_card_without_passwords(store: Store) -> None:
    card = await said(store, "break")
    assert (card.title, card.level) == ("break failed", Level.BAD)
    assert card.body == ("ValueError: cannot read postgresql://bot:••••@db/ops",)


async def test_a_bug_leaves_no_half_done_state(either: Store) -> None:
    await said(either, "break")
    assert await facts(either) == []


async def test_a_bug_is_logged_with_its_trace(store: Store, logged: list[MutableMapping[str, Any]]) -> None:
    await said(store, "break")
    [line] = [line for line in logged if line["event"] == "command_failed"]
    assert (line["command"], line["caller"], line["exc_info"]) == ("break", "U0RESPONDER", True)


async def test_losing_every_race_is_said_with_the_next_step(store: Store) -> None:
    card = await said(store, "race")
    assert (card.title, card.hint) == ("Too many change this at once", "Try again in a moment.")


async def test_a_reaction_to_audit_lines_gets_its_job(either: Store) -> None:
    @on(CommandRun)
    async def watch(_ports: Ports, _fact: Fact[CommandRun]) -> None:
        """Look at what people do."""

    await invoke(["incident", "show"], RESPONDER, make_ports(either, reactions=[watch]), COMMANDS)
    async with either.read() as conn:
        [job] = await jobs.listing(conn)
    assert (job.kind, job.payload["payload"]["command"]) == (watch.kind, "incident show")


async def test_progress_of_a_slow_command_reaches_its_door(store: Store) -> None:
    shown = []

    async def progress(card: Card) -> None:
        shown.append(card.title)

    card = await invoke(["report"], RESPONDER, make_ports(store), COMMANDS, progress=progress)
    assert [*shown, card.title] == ["half of it", "all of it"]


async def test_a_door_that_cannot_show_progress_gets_the_answer_all_the_same(store: Store) -> None:
    assert (await said(store, "report")).title == "all of it"


def one_line(card: Card, logged: list[MutableMapping[str, Any]]) -> str:
    """What is told about a lost database; it was logged as well."""
    assert (card.title, card.level) == ("The database cannot be used", Level.BAD)
    [line] = [line for line in logged if line["event"] == "store_lost"]
    [text] = card.body
    assert line["error"] == text
    assert "\n" not in str(text)
    return str(text)


async def test_a_lost_file_is_one_line_with_the_mend(tmp_path: Path, logged: list[MutableMapping[str, Any]]) -> None:
    store = await Store.open(f"sqlite:///{tmp_path / 'there' / 'bot.db'}")
    await store.close()
    shutil.rmtree(tmp_path / "there")
    assert "check that it is a file" in one_line(await said(store, "ack", "1"), logged)
    await store.close()


@pytest.mark.server
async def test_a_lost_database_is_one_line_with_the_mend(
    postgresql: PostgreSQL, logged: list[MutableMapping[str, Any]]
) -> None:
    name = f"lost_{uuid4().hex[:8]}"
    postgresql.run(f"CREATE DATABASE {name}")
    store = await Store.open(postgresql.url(name))
    postgresql.run(f"DROP DATABASE {name} WITH (FORCE)")
    assert "mend the name in DATABASE_URL" in one_line(await said(store, "ack", "1"), logged)
    await store.close()


async def test_an_answer_is_given_even_when_its_audit_line_is_lost(
    tmp_path: Path, logged: list[MutableMapping[str, Any]]
) -> None:
    store = await Store.open(f"sqlite:///{tmp_path / 'there' / 'bot.db'}")
    await store.close()
    shutil.rmtree(tmp_path / "there")
    assert (await said(store, "incident", "show")).title == "shown"
    assert [line["event"] for line in logged] == ["audit_line_lost"]
    await store.close()

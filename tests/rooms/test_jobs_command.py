"""Jobs as people see them, on both databases, and the revival of dead ones."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.cards.card import Card, Level
from bot.cards.json import to_json
from bot.cards.marks import plain
from bot.engine.commands import PAGE, jobs, revive
from bot.invoke import invoke
from bot.permissions import Caller
from storage.records.jobs import Job, JobState, NewJob
from storage.tables import jobs as table
from storage.unit_of_work import Store, UnitOfWork
from tests.fakes.ports import T0, make_ports

COMMANDS = {c.name: c for c in (jobs, revive)}


async def said(store: Store, *argv: str) -> Card:
    return await invoke(argv, Caller(id="shell:ops", via="shell"), make_ports(store), COMMANDS)


async def waiting(store: Store, count: int) -> None:
    new = [
        NewJob(kind="escalate", key=f"k{n}", due_at=T0 + timedelta(minutes=n), subject=f"alert:{n}")
        for n in range(count)
    ]
    await store.transact(lambda unit: unit.enqueue(new))


async def given_up(store: Store) -> Job:
    """One job, claimed and dead."""
    await waiting(store, 1)

    async def work(unit: UnitOfWork) -> Job:
        [job] = await table.claim(unit.conn, owner="w", lease=timedelta(minutes=1), limit=1, now=T0)
        dead = replace(job, state=JobState.DEAD, finished_at=T0, last_error="HTTP 503")
        await unit.save(dead)
        return dead

    return await store.transact(work)


def cells(card: Card) -> list[list[str]]:
    assert card.table is not None
    return [[plain(cell) for cell in row] for row in card.table.rows]


async def test_without_jobs_it_says_that_nothing_waits(store: Store) -> None:
    card = await said(store, "jobs")
    assert (card.title, card.body, card.table, card.buttons) == ("0 pending jobs", ("Nothing waits.",), None, ())


async def test_a_waiting_job_is_shown_with_its_subject_and_time(store: Store) -> None:
    await waiting(store, 1)
    card = await said(store, "jobs")
    assert card.title == "1 pending job"
    assert cells(card) == [["1", "escalate", "alert:0", "2026-11-23 12:00 UTC", "0", ""]]


async def test_all_states_are_counted(either: Store) -> None:
    await waiting(either, 2)
    assert plain((await said(either, "jobs")).footer) == "2 pending · 0 done · 0 cancelled · 0 dead"


async def test_a_long_list_has_pages(either: Store) -> None:
    await waiting(either, PAGE + 2)
    first = await said(either, "jobs")
    [more] = first.buttons
    second = await said(either, *more.argv)
    assert [len(cells(card)) for card in (first, second)] == [PAGE, 2]
    assert second.buttons == ()


async def test_a_page_that_is_not_there_is_answered_with_the_last(store: Store) -> None:
    await waiting(store, PAGE + 2)
    card = await said(store, "jobs", "--page", "3")
    assert (card.level, card.body, card.hint) == (Level.USAGE, ("there is no page 3",), "The last one is 2.")


async def test_dead_jobs_are_told_of_beside_the_others(store: Store) -> None:
    await given_up(store)
    card = await said(store, "jobs")
    assert (card.level, card.body) == (
        Level.WARNING,
        ("Nothing waits.", "1 job given up after the last attempt."),
    )
    assert card.buttons[0].argv == ("jobs", "--state=dead")


async def test_a_dead_job_is_shown_with_its_last_error_and_the_way_to_revive_it(either: Store) -> None:
    await given_up(either)
    card = await said(either, "jobs", "--state=dead")
    assert cells(card)[0][-1] == "HTTP 503"
    assert plain(card.hint) == "Type /do manage job revive ID to try one again."


async def test_a_revived_job_waits_again(either: Store) -> None:
    dead = await given_up(either)
    assert (await said(either, "job", "revive", f"#{dead.id}")).level is Level.OK
    async with either.read() as conn:
        [job] = await table.listing(conn)
    assert (job.state, job.attempts, job.due_at) == (JobState.PENDING, 0, T0)


@pytest.mark.parametrize("number", ["1", "2147483647"])
async def test_a_job_that_is_not_dead_is_not_revived(store: Store, number: str) -> None:
    await waiting(store, 1)
    card = await said(store, "job", "revive", number)
    assert (card.level, card.body) == (Level.USAGE, (f"there is no dead job {number}",))
    assert plain(card.hint) == "Type /do manage jobs --state=dead for those there are."


async def test_programs_get_counts_and_jobs(store: Store) -> None:
    await waiting(store, 1)
    told = to_json(await said(store, "jobs"))
    assert told["counts"]["pending"] == 1
    assert told["jobs"][0]["key"] == "k0"

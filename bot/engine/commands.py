"""What people may ask about jobs, and the revival of dead ones."""

from datetime import datetime

import click

from bot.cards.card import Button, Card, CommandLine, Level, Moment, Table
from bot.command import Context, Usage, command
from bot.numbers import NUMBER
from bot.permissions import Role
from bot.phrasing import cut, plural
from storage.records.jobs import Job, JobState
from storage.tables import jobs as table
from storage.unit_of_work import UnitOfWork

PAGE = 15
_NONE = {"pending": "Nothing waits.", "done": "Nothing was done lately.", "dead": "Nothing was given up."}


@command("jobs", role=Role.VIEWER, reads=True)
@click.option("--state", type=click.Choice([s.value for s in JobState]), default="pending", help="Which ones.")
@click.option("--page", type=NUMBER, default=1, help="Page of the list.")
async def jobs(ctx: Context, state: str, page: int) -> Card:
    """Show what waits, what was given up, and how many jobs there are of each state."""
    async with ctx.ports.store.read() as conn:
        counts = await table.counts(conn)
        found = await table.listing(conn, states=[JobState(state)], limit=PAGE, offset=(page - 1) * PAGE)
    dead = counts.get(JobState.DEAD, 0)
    total = counts.get(JobState(state), 0)
    if not found and total:
        raise Usage(f"there is no page {page}", f"The last one is {-(-total // PAGE)}.")
    given_up = f"{plural(dead, 'job')} given up after the last attempt." if state != "dead" and dead else ""
    return Card(
        title=plural(total, f"{state} job"),
        level=Level.WARNING if dead else Level.OK,
        body=tuple(said for said in (_NONE.get(state, "None.") if not found else "", given_up) if said),
        table=_listed(found) if found else None,
        buttons=(
            *((Button(label="Show dead jobs", argv=("jobs", "--state=dead")),) if given_up else ()),
            *(
                (Button(label="More", argv=("jobs", f"--state={state}", f"--page={page + 1}")),)
                if total > page * PAGE
                else ()
            ),
        ),
        hint=("Type ", CommandLine(("job", "revive", "ID")), " to try one again.") if state == "dead" and found else "",
        footer=" · ".join(f"{counts.get(s, 0)} {s.value}" for s in JobState),
        data={"counts": {s.value: counts.get(s, 0) for s in JobState}, "jobs": [_data(j) for j in found]},
    )


@command("job revive", role=Role.OPERATOR, changes=True)
@click.argument("id_", metavar="ID", type=NUMBER)
async def revive(ctx: Context, id_: int) -> Card:
    """Give a dead job a new set of attempts, from now."""

    async def work(unit: UnitOfWork) -> bool:
        revived = await table.revive(unit.conn, id_, now=ctx.ports.now())
        if revived:
            await unit.wake()
        return revived

    if not await ctx.ports.store.transact(work):
        raise Usage(
            f"there is no dead job {id_}", ("Type ", CommandLine(("jobs", "--state=dead")), " for those there are.")
        )
    return Card(title=f"Job {id_} is tried again", level=Level.OK)


def _listed(found: list[Job]) -> Table:
    return Table(
        columns=("ID", "Kind", "About", "Due", "Tried", "Last error"),
        rows=tuple(
            (str(j.id), j.kind, j.subject, Moment(j.due_at, "date"), str(j.attempts), cut(j.last_error, 80))
            for j in found
        ),
        numeric=frozenset({"ID", "Tried"}),
    )


def _data(job: Job) -> dict[str, object]:
    def told(at: datetime | None) -> str | None:
        return at.isoformat() if at else None

    return {
        "id": job.id,
        "kind": job.kind,
        "key": job.key,
        "subject": job.subject,
        "state": job.state.value,
        "due_at": told(job.due_at),
        "attempts": job.attempts,
        "finished_at": told(job.finished_at),
        "last_error": job.last_error,
    }

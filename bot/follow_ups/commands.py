"""What people may ask about follow-ups, and do to them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import click

from bot.cards.card import Card, Code, CommandLine, Level
from bot.command import Context, Usage, command
from bot.decision import Decision
from bot.follow_ups import cards, decide, filing, service, showing
from bot.follow_ups.asked import about, incident_of, meant, owner, today, yesterday
from bot.follow_ups.asked import day as day_of
from bot.follow_ups.days import spelled
from bot.follow_ups.decide import LONGEST_TITLE, Wanted
from bot.follow_ups.service import Asked
from bot.numbers import NUMBER
from bot.permissions import Role
from bot.phrasing import cut, listing
from bot.ports import Ports
from storage.records.follow_ups import FollowUp, FollowUpKind, FollowUpStatus
from storage.tables import follow_ups as table

PAGE = 15
_ALL = "all"
_NUMBER = click.argument("number", type=NUMBER)
_KIND = click.Choice([kind.value for kind in FollowUpKind])
_DAY = 'Day it is due: "2026-12-24", fri, 14d; none for no day.'


@command("followups", reads=True)
@click.option("--status", type=click.Choice([*(s.value for s in FollowUpStatus), _ALL]), default="open", help="Which.")
@click.option("--owner", "user", default="", help="Only theirs: me, nobody, or a mention.")
@click.option("--incident", type=NUMBER, help="Only those of that incident.")
@click.option("--overdue", is_flag=True, help="Only open ones whose day is over.")
@click.option("--page", type=NUMBER, default=1, help="Page of the list.")
async def followups(  # noqa: PLR0917 - click passes parameters by name
    ctx: Context, status: str, user: str, incident: int | None, overdue: bool, page: int
) -> Card:
    """List what is to be done after incidents: your own first, then what is due first."""
    which = await incident_of(ctx, incident) if incident is not None else None
    asked = Asked(
        statuses=(FollowUpStatus.OPEN,) if overdue else () if status == _ALL else (FollowUpStatus(status),),
        incident=which,
        owner=await owner(ctx, user, None) if user else None,
        due_by=await yesterday(ctx) if overdue else None,
    )
    found, total = await service.listing(ctx.ports, asked, ctx.caller, limit=PAGE, offset=(page - 1) * PAGE)
    if not found and total:
        raise Usage(f"there is no page {page}", f"The last one is {-(-total // PAGE)}.")
    if await service.any_private(ctx.ports, found):
        ctx.conceal()
    words = [f"--status={status}"] if status != "open" else []
    words += [f"--{name}={value}" for name, value in (("owner", user), ("incident", which)) if value]
    words += ["--overdue"] if overdue else []
    return cards.listing(
        found, total=total, page=page, size=PAGE, words=words, today=await today(ctx), reader=ctx.caller.id
    )


@command("followup add", role=Role.RESPONDER, form_title="Add a follow-up")
@click.argument("title", nargs=-1, required=True)
@click.option("--owner", "user", default="", help="Who does it: me, or a mention; nobody yet when left out.")
@click.option("--due", default="", help=_DAY)
@click.option("--kind", type=_KIND, default="other", help="What it is for.")
@click.option("--incident", type=NUMBER, help="Number of its incident; in the channel of one it can be left out.")
@click.option("--author", default="", hidden=True, help="Who said the message that it is made of.")
@click.option("--channel", default="", hidden=True, help="Channel of that message.")
@click.option("--ts", default="", hidden=True, help="Timestamp of that message.")
async def add(  # noqa: PLR0917 - click passes parameters by name
    ctx: Context,
    title: tuple[str, ...],
    user: str,
    due: str,
    kind: str,
    incident: int | None,
    author: str,
    channel: str,
    ts: str,
) -> Card:
    """Write down what is to be done after an incident, for whom and until when.

    Outside of an incident's channel `followup add #12 Raise the pool` makes one of incident 12, as `--incident` does.
    In an incident's channel a message marked with the emoji of `follow_ups.emoji` becomes one, too.
    """
    said, which = await about(ctx, title, incident)
    wanted = Wanted(
        title=_title(said),
        incident=which,
        kind=FollowUpKind(kind),
        # who marks their own words takes it on; who marks another's asks
        owner=await owner(ctx, user, which) if user else ctx.caller.id if author and author == ctx.caller.id else "",
        due_on=await day_of(ctx, due),
        origin=_origin(ctx, channel, ts),
        author=author,
    )
    decision = await service.add(ctx.ports, wanted, by=ctx.caller.id)
    made = decision.state
    card = _outcome(decision, "is to be done", undo=("followup", "drop", str(made.id)))
    if decision.changed or made.open:
        return card
    return replace(card, hint=("Type ", CommandLine(("followup", "reopen", str(made.id))), " to open it again."))


@command("followup show", reads=True)
@_NUMBER
async def show(ctx: Context, number: int) -> Card:
    """Show one follow-up: whose it is, when it is due, where it came from, and the issues opened for it."""
    seen = await meant(ctx, number)
    return cards.live(seen.follow_up, showing.around(ctx.ports, seen), today=await today(ctx))


@command("followup done", role=Role.RESPONDER)
@_NUMBER
async def done(ctx: Context, number: int) -> Card:
    """Say that a follow-up is done; nobody is reminded of it any more."""
    return await _closed(ctx, number, FollowUpStatus.DONE, "")


@command("followup drop", role=Role.RESPONDER, form_title="Drop a follow-up")
@_NUMBER
@click.option("--reason", default="", help="Why it will not be done.")
async def drop(ctx: Context, number: int, reason: str) -> Card:
    """Say that a follow-up will not be done, and why."""
    return await _closed(ctx, number, FollowUpStatus.DROPPED, cut(reason, 500))


@command("followup reopen", role=Role.RESPONDER)
@_NUMBER
async def reopen(ctx: Context, number: int) -> Card:
    """Open a follow-up again that was done or dropped."""
    seen = await meant(ctx, number)
    decision = await service.change(ctx.ports, number, ctx.caller.id, decide.reopen)
    before = "done" if seen.follow_up.status is FollowUpStatus.DONE else "drop"
    return _outcome(decision, "is open again", undo=("followup", before, str(number)))


@command("followup assign", role=Role.RESPONDER, form_title="Assign a follow-up")
@_NUMBER
@click.argument("user", required=False, default="")
async def assign(ctx: Context, number: int, user: str) -> Card:
    """Give a follow-up to somebody: USER is a mention, or nobody; without it you take it yourself."""
    seen = await meant(ctx, number)
    who = await owner(ctx, user, seen.follow_up.incident)
    decision = await _change(ctx, number, lambda one: replace(one, owner=who))
    undo = ("followup", "assign", str(number), seen.follow_up.owner or "nobody")
    return _outcome(decision, "has an owner" if who else "has no owner any more", undo=undo)


@command("followup due", role=Role.RESPONDER, form_title="When it is due")
@_NUMBER
@click.argument("day", nargs=-1, required=True, metavar="DAY")
async def due(ctx: Context, number: int, day: tuple[str, ...]) -> Card:
    """Say when a follow-up is due: "2026-12-24", fri, tomorrow, 14d, or none."""
    seen = await meant(ctx, number)
    when = await day_of(ctx, " ".join(day))
    decision = await _change(ctx, number, lambda one: replace(one, due_on=when))
    undo = ("followup", "due", str(number), _spelled(seen.follow_up))
    what = f"is due on {spelled(when)}" if when else "has no day any more"
    return _outcome(decision, what, undo=() if await _past(ctx, seen.follow_up) else undo)


async def _as_it_stands(ports: Ports, argv: Sequence[str]) -> Mapping[str, str]:
    """What the form of `followup edit` begins with."""
    given = edit.click.make_context(edit.name, list(argv[len(edit.name.split()) :]), resilient_parsing=True).params
    if given.get("number") is None:
        return {}
    async with ports.store.read() as conn:
        found = await table.get(conn, given["number"])
    if found is None:
        return {}
    return {
        "title": found.title,
        "user": found.owner,
        "due": found.due_on.isoformat() if found.due_on else "",
        "kind": found.kind.value,
    }


@command("followup edit", role=Role.RESPONDER, form_title="Edit a follow-up", prefill_of=_as_it_stands)
@_NUMBER
@click.option("--title", default="", help="What is to be done.")
@click.option("--owner", "user", default="", help="Who does it: me, nobody, or a mention.")
@click.option("--due", default="", help=_DAY)
@click.option("--kind", type=_KIND, help="What it is for.")
async def edit(  # noqa: PLR0917 - click passes parameters by name
    ctx: Context, number: int, title: str, user: str, due: str, kind: str | None
) -> Card:
    """Change what a follow-up says; what is left out stays."""
    follow_up = (await meant(ctx, number)).follow_up
    if not (title.strip() or user or due or kind):
        raise Usage("nothing was said to change", ("For example ", Code(f"followup edit {number} --due fri"), "."))
    # the form sends every field back: a day that is over already may stay, but none may be set
    same = follow_up.due_on is not None and due.strip() == follow_up.due_on.isoformat()
    when = follow_up.due_on if same or not due else await day_of(ctx, due)
    who = await owner(ctx, user, follow_up.incident) if user and user != follow_up.owner else follow_up.owner

    def changed(one: FollowUp) -> FollowUp:
        return replace(
            one,
            title=_title((title,)) if title.strip() else one.title,
            owner=who,
            due_on=when,
            kind=FollowUpKind(kind) if kind else one.kind,
        )

    return _outcome(await _change(ctx, number, changed), "is changed", undo=await _as_before(ctx, follow_up))


@command("followup file", role=Role.RESPONDER)
@_NUMBER
@click.option("--in", "tracker", default="", help="Name of the tracker in manage.yml, where there are several.")
async def file(ctx: Context, number: int, tracker: str) -> Card:
    """Open an issue for a follow-up in a tracker; there is never more than one in each."""
    seen = await meant(ctx, number)
    name = _tracker(ctx, tracker)
    there = next((one for one in filing.filings(seen.entries) if one.tracker == name and one.reference), None)
    if there is not None:
        reason = f"{there.reference} in {name} stands for it already"
        return cards.outcome(seen.follow_up, "", reason, changed=False)
    why = f"asked:{ctx.ports.now().isoformat()}"
    await filing.enqueue(ctx.ports, number, [name], by=ctx.caller.id, why=why)
    return Card(
        title=f"An issue for follow-up #{number} is being opened in {name}",
        level=Level.OK,
        body=(seen.follow_up.title,),
        hint=("Type ", CommandLine(("followup", "show", str(number))), " for its address."),
        data={"number": number, "tracker": name},
    )


def _origin(ctx: Context, channel: str, ts: str) -> str:
    """The message that it is made of; the card stands below it, so only whoever is in its channel may name it."""
    if not (channel and ts):
        return ""
    if channel != ctx.caller.channel:
        raise Usage("a message becomes a follow-up in its own channel alone", "Mark it there.")
    return f"{channel}:{ts}"


def _tracker(ctx: Context, named: str) -> str:
    known = sorted(ctx.ports.trackers)
    if not known:
        raise Usage("there is no issue tracker", "Name one under `follow_ups.trackers` in manage.yml.")
    if not named and len(known) == 1:
        return known[0]
    if named not in known:
        wrong = f"there is no tracker {named!r}" if named else "in which tracker?"
        raise Usage(wrong, ("Write ", Code(f"--in {known[0]}"), f"; there is {listing(known)}."))
    return named


async def _as_before(ctx: Context, before: FollowUp) -> tuple[str, ...]:
    """The command line that takes an edit back, none where its day could not be set again."""
    if await _past(ctx, before):
        return ()
    said = (("title", before.title), ("owner", before.owner or "nobody"), ("due", _spelled(before)))
    return ("followup", "edit", str(before.id), *(f"--{k}={v}" for k, v in said), f"--kind={before.kind.value}")


async def _past(ctx: Context, follow_up: FollowUp) -> bool:
    return follow_up.due_on is not None and follow_up.due_on < await today(ctx)


def _spelled(follow_up: FollowUp) -> str:
    return follow_up.due_on.isoformat() if follow_up.due_on else "none"


async def _closed(ctx: Context, number: int, status: FollowUpStatus, reason: str) -> Card:
    await meant(ctx, number)
    by, now = ctx.caller.id, ctx.ports.now()
    decision = await service.change(
        ctx.ports, number, by, lambda one: decide.close(one, status, by=by, now=now, reason=reason)
    )
    return _outcome(decision, f"is {status.value}", undo=("followup", "reopen", str(number)))


async def _change(ctx: Context, number: int, changed: Callable[[FollowUp], FollowUp]) -> Decision[FollowUp]:
    return await service.change(ctx.ports, number, ctx.caller.id, lambda one: decide.change(one, changed(one)))


def _title(words: Sequence[str]) -> str:
    said = " ".join(" ".join(words).split())
    if not said:
        raise Usage("a follow-up needs a title", "Say in a few words what is to be done.")
    return cut(said, LONGEST_TITLE)


def _outcome(decision: Decision[FollowUp], what: str, *, undo: tuple[str, ...] = ()) -> Card:
    return cards.outcome(decision.state, what, decision.reason, changed=decision.changed, undo=undo)

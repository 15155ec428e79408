"""What schedules, overrides and swaps say (pure)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bot.cards.card import Accent, Bold, Card, Code, CommandLine, Field, Level, Moment, Person, Table, Text
from bot.events import CalendarBroken, CalendarEvent
from bot.oncall.layers import Interval, Span, gaps
from bot.oncall.timeline import Turn
from bot.phrasing import ago, duration, plural
from storage.records.rota import Override, Swap

SHOWN = 5
"""Gaps and problems that are told one by one; of more only the number."""
FEW = 2
"""As many, where several schedules share a card."""


@dataclass(frozen=True, kw_only=True)
class Standing:
    """Where a schedule stands: its turn, and what is wrong with it in the days ahead."""

    name: str
    zone: str
    turn: Turn | None
    problems: tuple[str, ...] = ()


def overview(standings: Sequence[Standing], now: datetime) -> Card:
    """Who is on call in every schedule, until when, and who is next."""
    if len(standings) == 1:
        return _one(standings[0], now)
    troubled = [s for s in standings if s.problems]
    nobody = [s for s in standings if s.turn is None]
    told = ", nobody in " + ", ".join(s.name for s in nobody) if nobody else ""
    return Card(
        title=f"On call in {plural(len(standings), 'schedule')}{told}",
        level=Level.WARNING if nobody or troubled else Level.OK,
        table=Table(columns=("Schedule", "Now", "Until", "Next"), rows=tuple(map(_row, standings))),
        body=tuple(_problems(s, named=True) for s in troubled),
        hint=("See the days ahead: ", CommandLine(("oncall", "show", standings[0].name))),
        data={"on_call": _user(standings[0]), "schedules": [_data(s) for s in standings]},
    )


def _one(standing: Standing, now: datetime) -> Card:
    turn = standing.turn
    if turn is None:
        return Card(
            title="Nobody is on call",
            level=Level.WARNING,
            body=("Pages go to the alert channel until somebody is.", *_wrong(standing)),
            hint=("Name people under ", Code("oncall.people"), " in manage.yml."),
            data={"on_call": None, "schedules": [_data(standing)]},
        )
    return Card(
        title="On call",
        level=Level.WARNING if standing.problems else Level.OK,
        fields=(
            Field(label="Now", value=(*people(turn.people), *_why(turn.source))),
            Field(label="Until", value=(Moment(turn.until, "date"), f" ({ago(turn.until, now)})")),
            Field(label="Next", value=_next(turn)),
        ),
        body=_wrong(standing),
        footer=f"Handovers in {standing.zone}",
        data={**_data(standing), "schedules": [_data(standing)]},
    )


def _row(standing: Standing) -> tuple[Text, ...]:
    turn = standing.turn
    if turn is None:
        return (standing.name, Bold("nobody"), "—", "—")
    return (standing.name, (*people(turn.people), *_why(turn.source)), Moment(turn.until, "date"), _next(turn))


def _next(turn: Turn) -> Text:
    if not turn.following:
        return "nobody"
    if turn.resumes != turn.until and turn.resumes is not None:
        return ("nobody until ", Moment(turn.resumes, "date"), ", then ", *people(turn.following))
    return (*people(turn.following),) if turn.following != turn.people else "the same again"


def _why(source: str) -> tuple[str, ...]:
    return (f" ({source})",) if source.startswith(("override", "swap")) else ()


def people(users: Sequence[str]) -> tuple[Person | str, ...]:
    """The people of one turn, as text."""
    marks: list[Person | str] = []
    for user in users:
        marks += [", ", Person(user)] if marks else [Person(user)]
    return tuple(marks)


def _wrong(standing: Standing) -> tuple[Text, ...]:
    return (_problems(standing, named=False),) if standing.problems else ()


def _problems(standing: Standing, *, named: bool) -> Text:
    limit = FEW if named else SHOWN
    told = "; ".join(standing.problems[:limit])
    rest = len(standing.problems) - limit
    more = f"; and {rest} more" if rest > 0 else ""
    return f"{standing.name}: {told}{more}." if named else f"{told[:1].upper()}{told[1:]}{more}."


def _user(standing: Standing) -> str | None:
    return standing.turn.user if standing.turn else None


def _data(standing: Standing) -> Mapping[str, object]:
    turn = standing.turn
    return {
        "schedule": standing.name,
        "on_call": _user(standing),
        "people": list(turn.people) if turn else [],
        "since": turn.since.isoformat() if turn else None,
        "until": turn.until.isoformat() if turn else None,
        "next": turn.following[0] if turn and turn.following else None,
        "problems": list(standing.problems),
    }


def days(name: str, zone: str, spans: Sequence[Span], time: Interval, limit: int) -> Card:
    """A schedule's turns in a time, gaps among them."""
    since, until = time
    open_ = [Span(since=begin, until=end, people=()) for begin, end in gaps(spans, since, until)]
    line = sorted([*spans, *open_], key=lambda span: span.since)
    rows = tuple(
        (
            f"{span.since.astimezone(ZoneInfo(zone)):%a %Y-%m-%d %H:%M}",
            duration(span.length),
            people(span.people) or Bold("nobody"),
            span.source or "turn",
        )
        for span in line[:limit]
    )
    told = f", {plural(len(open_), 'gap')}" if open_ else ""
    return Card(
        title=f"{name}: {plural(len(spans), 'turn')} in {duration(until - since)}{told}",
        level=Level.WARNING if open_ else Level.OK,
        table=Table(columns=("From", "For", "Who", "Because of"), rows=rows),
        footer=f"Times in {zone}" + (f"; the first {limit} are shown" if len(line) > limit else ""),
        hint=("Give a time to somebody else: ", CommandLine(("oncall", "override", "@somebody", "--from", "+1h"))),
        data={
            "schedule": name,
            "turns": [
                {
                    "since": s.since.isoformat(),
                    "until": s.until.isoformat(),
                    "people": list(s.people),
                    "source": s.source,
                }
                for s in line
            ],
        },
    )


def added(override: Override) -> Card:
    """Somebody is on call for a time."""
    return Card(
        title="Override added",
        level=Level.OK,
        body=(
            (
                Person(override.user),
                f" is on call in {override.schedule} from ",
                Moment(override.starts_at, "date"),
                " until ",
                Moment(override.ends_at, "date"),
                ".",
            ),
            *((override.comment,) if override.comment else ()),
        ),
        hint=("Undo it: ", CommandLine(("oncall", "override", "remove", str(override.id)))),
        data={"override": override.id, "schedule": override.schedule, "user": override.user},
    )


def listing(found: Sequence[Override], swaps: Sequence[Swap]) -> Card:
    """The overrides that are in force or will be, and the offers that are open."""
    if not found and not swaps:
        return Card(
            title="No overrides",
            level=Level.OK,
            body=("Every schedule goes by its layers.",),
            hint=("Add one: ", CommandLine(("oncall", "override", "@somebody", "--from", "fri 18:00", "--to", "+8h"))),
            data={"overrides": []},
        )
    rows: list[tuple[Text, ...]] = [
        (
            f"#{o.id}",
            o.schedule,
            (Person(o.user), " for ", Person(o.instead_of)) if o.instead_of else Person(o.user),
            Moment(o.starts_at, "date"),
            Moment(o.ends_at, "date"),
            o.comment or (f"swap {o.swap}" if o.swap else ""),
        )
        for o in found
    ]
    rows += [
        (
            f"swap #{s.id}",
            s.schedule,
            (Person(s.offered_by), " offers"),
            Moment(s.starts_at, "date"),
            Moment(s.ends_at, "date"),
            s.comment,
        )
        for s in swaps
    ]
    return Card(
        title=plural(len(found), "override") + (f", {plural(len(swaps), 'open swap')}" if swaps else ""),
        level=Level.OK,
        table=Table(columns=("Number", "Schedule", "Who", "From", "Until", "Comment"), rows=tuple(rows)),
        hint=("Undo one: ", CommandLine(("oncall", "override", "remove", str(found[0].id)))) if found else "",
        data={"overrides": [{"override": o.id, "schedule": o.schedule, "user": o.user} for o in found]},
    )


def soon(name: str, since: datetime, until: datetime, now: datetime) -> Card:
    """A shift starts soon."""
    return Card(
        title=f"You are on call {ago(since, now)}" if since > now + timedelta(seconds=5) else "You are on call",
        level=Level.INFO,
        body=((f"In {name} from ", Moment(since, "date"), " until ", Moment(until, "date"), "."),),
        hint=("Somebody else should take it? ", CommandLine(("oncall", "swap", "--from", "+1h", "--to", "+8h"))),
    )


def handed_over(name: str, users: Sequence[str], until: datetime | None) -> Card:
    """The notice of a handover."""
    now = (*people(users), " is on call now" if len(users) == 1 else " are on call now") if users else ("Nobody is.",)
    return Card(
        title=f"Handover in {name}",
        level=Level.INFO if users else Level.WARNING,
        body=((*now, *((", until ", Moment(until, "date")) if until and users else ()), *(("." if users else ""),)),),
    )


def troubled(name: str, problems: Sequence[str]) -> Card:
    """What the look ahead found."""
    more = len(problems) - 3 * SHOWN
    return Card(
        title=f"Schedule {name}: {plural(len(problems), 'thing')} to mend",
        level=Level.WARNING,
        accent=Accent.MEDIUM,
        steps=(*problems[: 3 * SHOWN], *((f"and {more} more",) if more > 0 else ())),
        hint=("See the days ahead: ", CommandLine(("oncall", "show", name))),
    )


def checked(found: Sequence[tuple[str, Sequence[str]]]) -> Card:
    """What is wrong with each schedule."""
    steps = tuple(f"{name}: {problem}" for name, problems in found for problem in problems)
    clean = [name for name, problems in found if not problems]
    return Card(
        title=plural(len(steps), "thing") + " to mend" if steps else "The schedules are in order",
        level=Level.WARNING if steps else Level.OK,
        body=() if steps else (f"Looked two weeks ahead in {', '.join(clean)}.",),
        steps=steps,
        hint="Schedules are in manage.yml under oncall." if steps else "",
        data={"problems": {name: list(problems) for name, problems in found}},
    )


def calendar(name: str, address: str, *, public: bool) -> Card:
    """The address of a calendar, for the asker alone."""
    return Card(
        title=f"Calendar of {name}",
        level=Level.OK,
        body=(
            "Subscribe to this address in a calendar program. Whoever knows it can read the calendar.",
            Code(address),
        ),
        footer="" if public else "Set PUBLIC_URL to the address at which programs elsewhere reach the bot.",
        hint=("End it and make a new one: ", CommandLine(("oncall", "calendar", name, "--renew"))),
        data={"name": name, "address": address},
    )


def calendar_read(fact: CalendarEvent) -> Card:
    """A calendar cannot be read any more, or can be again."""
    if not isinstance(fact, CalendarBroken):
        return Card(title=f"The calendar of {fact.schedule} can be read again", level=Level.OK, accent=Accent.GOOD)
    copy: Text = "There is no copy of it: nobody is on call by it."
    if fact.copied_at is not None:
        copy = ("The copy of ", Moment(fact.copied_at, "date"), " goes on.")
    return Card(
        title=f"The calendar of {fact.schedule} cannot be read",
        level=Level.WARNING,
        accent=Accent.MEDIUM,
        body=(f"Layer {fact.layer}: {fact.error}.", copy),
        hint="Mend it, or name another one in manage.yml under oncall.schedules.",
    )

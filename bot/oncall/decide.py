"""What becomes of overrides and swaps (pure)."""

from dataclasses import replace
from datetime import datetime, timedelta

from bot.decision import Cancel, Decision, Timer
from bot.events import (
    OverrideAdded,
    OverrideRemoved,
    SwapOffered,
    SwapPastDue,
    SwapTaken,
    SwapWithdrawn,
)
from storage.records.rota import Override, Swap, SwapState

SWAP_DUE = "oncall.swap_due"
"""The kind of the timers that end an offer nobody took."""
LONGEST = timedelta(days=366)


class Impossible(ValueError):
    """It cannot be done; the text says why, and what can."""


def proper(since: datetime, until: datetime, now: datetime) -> None:
    """Raise `Impossible` for a time that nobody can be on call in."""
    if until <= since:
        raise Impossible("it ends before it begins; --to must be later than --from")
    if until <= now:
        raise Impossible("it is over already; --to must lie ahead")
    if until - since > LONGEST:
        raise Impossible("it is longer than a year; change the schedule in manage.yml instead")


def add(override: Override, now: datetime) -> Decision[Override]:
    """Put somebody on call for a time; raises `Impossible`."""
    proper(override.starts_at, override.ends_at, now)
    added = OverrideAdded(
        override=override.id,
        schedule=override.schedule,
        user=override.user,
        starts_at=override.starts_at,
        ends_at=override.ends_at,
        comment=override.comment,
        swap=override.swap,
    )
    return Decision(state=override, events=(added,), reason="somebody is on call for a time")


def remove(override: Override, by: str, now: datetime) -> Decision[Override]:
    """Take an override back, from now on."""
    if override.removed_at is not None:
        return Decision(state=override, reason="it was removed already")
    if override.ends_at <= now:
        return Decision(state=override, reason="it is over already")
    gone = OverrideRemoved(override=override.id, schedule=override.schedule, user=override.user)
    return Decision(
        state=replace(override, removed_at=now, removed_by=by), events=(gone,), reason="the schedule counts again"
    )


def offer(swap: Swap, now: datetime) -> Decision[Swap]:
    """Offer one's time to others, until it begins; raises `Impossible`."""
    proper(swap.starts_at, swap.ends_at, now)
    if swap.starts_at <= now:
        raise Impossible("it has begun already; hand it over with `oncall override`, or offer a time that lies ahead")
    offered = SwapOffered(
        swap=swap.id,
        schedule=swap.schedule,
        user=swap.offered_by,
        starts_at=swap.starts_at,
        ends_at=swap.ends_at,
        comment=swap.comment,
    )
    due = Timer(
        kind=SWAP_DUE,
        key=f"{swap.subject}:due",
        at=swap.starts_at,
        subject=swap.subject,
        payload={"swap": swap.id},
    )
    return Decision(state=swap, events=(offered,), timers=(due,), reason="others can take it")


def take(swap: Swap, by: str, now: datetime) -> Decision[Swap]:
    """Take an offered time. Nothing changes when it is closed; raises `Impossible` for whose it is."""
    if swap.state is not SwapState.OPEN or swap.starts_at <= now:
        return Decision(state=swap, reason=closed(swap, now))
    if by == swap.offered_by:
        raise Impossible("it is your own; somebody else has to take it")
    taken = SwapTaken(swap=swap.id, user=swap.offered_by, taken_by=by)
    return Decision(
        state=replace(swap, state=SwapState.TAKEN, taken_by=by, closed_at=now),
        events=(taken,),
        cancels=(Cancel(swap.subject, SWAP_DUE),),
        reason="it is taken",
    )


def substitute(swap: Swap, id: int, now: datetime) -> Override:  # noqa: A002
    """The override that a taken swap is."""
    return Override(
        id=id,
        schedule=swap.schedule,
        user=swap.taken_by,
        instead_of=swap.offered_by,
        starts_at=swap.starts_at,
        ends_at=swap.ends_at,
        created_by=swap.taken_by,
        created_at=now,
        comment=swap.comment,
        swap=swap.id,
    )


def withdraw(swap: Swap, now: datetime) -> Decision[Swap]:
    """Take an offer back."""
    if swap.state is not SwapState.OPEN:
        return Decision(state=swap, reason=closed(swap, now))
    return Decision(
        state=replace(swap, state=SwapState.WITHDRAWN, closed_at=now),
        events=(SwapWithdrawn(swap=swap.id),),
        cancels=(Cancel(swap.subject, SWAP_DUE),),
        reason="it is withdrawn",
    )


def lapse(swap: Swap, now: datetime) -> Decision[Swap]:
    """Close an offer that nobody took before it began."""
    if swap.state is not SwapState.OPEN or now < swap.starts_at:
        return Decision(state=swap, reason="it is closed, or still open")
    return Decision(
        state=replace(swap, state=SwapState.PAST_DUE, closed_at=now),
        events=(SwapPastDue(swap=swap.id),),
        reason="nobody took it in time",
    )


def closed(swap: Swap, now: datetime) -> str:
    """Why an offer cannot be taken, in words."""
    match swap.state:
        case SwapState.TAKEN:
            return "somebody has taken it already"
        case SwapState.WITHDRAWN:
            return "it was withdrawn"
        case _ if swap.state is SwapState.PAST_DUE or swap.starts_at <= now:
            return "its time has begun"
    return ""

"""What becomes of a follow-up when somebody adds, changes or ends it, and when its owner is to be reminded (pure)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from bot.decision import Cancel, Decision, Timer
from bot.events import (
    FollowUpAdded,
    FollowUpChanged,
    FollowUpClosed,
    FollowUpFiled,
    FollowUpReminded,
    FollowUpReopened,
)
from bot.outside import Ended, Filed
from bot.phrasing import listing
from storage.records.follow_ups import FollowUp, FollowUpKind, FollowUpStatus

REMIND = "follow_ups.remind"
"""Kind of the timers that remind an owner."""
BOT = "bot"
LONGEST_TITLE = 200


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """A follow-up as somebody asks for it. `author` is who said what it is made of, "" where nobody did."""

    title: str
    incident: int | None = None
    kind: FollowUpKind = FollowUpKind.OTHER
    owner: str = ""
    due_on: date | None = None
    origin: str = ""
    author: str = ""


def add(wanted: Wanted, *, id: int, by: str, now: datetime) -> Decision[FollowUp]:  # noqa: A002 - the record's word
    """Something is to be done."""
    follow_up = FollowUp(
        id=id,
        incident=wanted.incident,
        title=wanted.title,
        created_by=by,
        created_at=now,
        kind=wanted.kind,
        owner=wanted.owner,
        due_on=wanted.due_on,
        origin=wanted.origin,
    )
    added = FollowUpAdded(
        follow_up=id,
        incident=wanted.incident,
        title=wanted.title,
        kind=wanted.kind.value,
        owner=wanted.owner,
        due_on=_iso(wanted.due_on),
        origin=wanted.origin,
        author=wanted.author,
    )
    return Decision(state=follow_up, events=(added,), reason="it is to be done")


def known(follow_up: FollowUp) -> Decision[FollowUp]:
    """What it would be made of is a follow-up already."""
    return Decision(state=follow_up, reason=f"that is follow-up #{follow_up.id} already, {follow_up.status.value}")


def change(follow_up: FollowUp, changed: FollowUp) -> Decision[FollowUp]:
    """Its title, kind, owner or day is another: those of `changed`."""
    if not follow_up.open:
        return Decision(state=follow_up, reason=f"it is {follow_up.status.value}: reopen it first")
    if changed == follow_up:
        return Decision(state=follow_up, reason="nothing about it changes")
    told = FollowUpChanged(
        follow_up=follow_up.id,
        incident=follow_up.incident,
        title=changed.title,
        kind=changed.kind.value,
        owner=changed.owner,
        due_on=_iso(changed.due_on),
    )
    return Decision(state=changed, events=(told,), reason="somebody changed it")


def close(
    follow_up: FollowUp, status: FollowUpStatus, *, by: str, now: datetime, reason: str = ""
) -> Decision[FollowUp]:
    """It is done, or dropped."""
    if not follow_up.open:
        said = f"it is {follow_up.status.value} already"
        return Decision(state=follow_up, reason=said if follow_up.status is status else f"{said}: reopen it first")
    over = replace(follow_up, status=status, closed_by=by, closed_at=now)
    told = FollowUpClosed(
        follow_up=follow_up.id, incident=follow_up.incident, status=status.value, reason=reason.strip()
    )
    return Decision(state=over, events=(told,), cancels=(_reminders(follow_up),), reason=f"it is {status.value}")


def ended(follow_up: FollowUp, how: Ended, issues: Sequence[tuple[str, str]], now: datetime) -> Decision[FollowUp]:
    """Its `issues` were closed, each a reference and the tracker's name."""
    verb = "was" if len(issues) == 1 else "were"
    reason = f"{listing([f'{reference} in {tracker}' for reference, tracker in issues])} {verb} closed"
    status = FollowUpStatus.DONE if how.done else FollowUpStatus.DROPPED
    return close(follow_up, status, by=BOT, now=now, reason=reason)


def reopen(follow_up: FollowUp) -> Decision[FollowUp]:
    """It is to be done after all."""
    if follow_up.open:
        return Decision(state=follow_up, reason="it is open already")
    again = replace(follow_up, status=FollowUpStatus.OPEN, closed_by="", closed_at=None)
    told = FollowUpReopened(follow_up=follow_up.id, incident=follow_up.incident)
    return Decision(state=again, events=(told,), reason="it is to be done after all")


def filed(follow_up: FollowUp, tracker: str, issue: Filed) -> Decision[FollowUp]:
    """An issue stands for it in a tracker."""
    there = replace(follow_up, tracker=tracker, reference=issue.reference, address=issue.address)
    told = FollowUpFiled(
        follow_up=follow_up.id,
        incident=follow_up.incident,
        tracker=tracker,
        reference=issue.reference,
        address=issue.address,
    )
    return Decision(state=there, events=(told,), reason=f"{issue.reference} stands for it")


def plan(follow_up: FollowUp, at: datetime | None) -> Decision[FollowUp]:
    """Have its owner reminded at that time, and at no other; None reminds nobody."""
    timers = (_timer(follow_up, at),) if at is not None and follow_up.open and follow_up.owner else ()
    return Decision(state=follow_up, timers=timers, cancels=(_reminders(follow_up),), reason="planned")


def remind(follow_up: FollowUp, *, moment: datetime, now: datetime, again: datetime) -> Decision[FollowUp]:
    """Remind its owner, once for each `moment`; the next reminder comes at `again` unless it is done sooner."""
    if not follow_up.open or not follow_up.owner:
        return Decision(state=follow_up, reason="there is nobody to remind any more")
    if follow_up.reminded_at is not None and follow_up.reminded_at >= moment:
        return Decision(state=follow_up, reason="its owner was reminded already")
    told = FollowUpReminded(follow_up=follow_up.id, incident=follow_up.incident, user=follow_up.owner)
    return Decision(
        state=replace(follow_up, reminded_at=now),
        events=(told,),
        timers=(_timer(follow_up, again),),
        reason="it is due",
    )


def _timer(follow_up: FollowUp, at: datetime) -> Timer:
    return Timer(
        kind=REMIND,
        key=f"{REMIND}:{follow_up.id}:{at.isoformat()}",
        at=at,
        subject=follow_up.subject,
        payload={"follow_up": follow_up.id, "moment": at.isoformat()},
    )


def _reminders(follow_up: FollowUp) -> Cancel:
    return Cancel(subject=follow_up.subject, kind=REMIND)


def _iso(day: date | None) -> str:
    return day.isoformat() if day else ""

"""What becomes of a silence when somebody makes, changes or ends it, and when its time comes (pure).

It follows Alertmanager's, but keeps number and id when it is changed: whoever was told of silence 3 finds silence 3.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.decision import Cancel, Decision, Timer
from bot.events import SilenceChanged, SilenceCreated, SilenceExpired, SilenceStarted
from bot.matchers import checked, selective, spell
from storage.records.silences import Matcher, Phase, Silence

TELL = "silences.tell"
"""Kind of the timers at its start and end."""
REMIND = "silences.remind"
"""Kind of the timer that reminds its author before the end."""
REMIND_BEFORE = timedelta(minutes=15)
LONGEST_TEXT = 3000
MOST_MATCHERS = 100


class BadSilence(ValueError):
    """What was asked for is no silence; one line that says why."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """A silence as somebody asks for it."""

    matchers: tuple[Matcher, ...]
    starts_at: datetime
    ends_at: datetime
    by: str
    comment: str = ""


def create(wanted: Wanted, *, id: int, uuid: str, now: datetime) -> Decision[Silence]:  # noqa: A002 - the record's word
    """A new silence; one that should have begun already begins now. Raises `BadSilence`."""
    check(wanted, now)
    starts_at = max(wanted.starts_at, now)
    silence = Silence(
        id=id,
        uuid=uuid,
        matchers=wanted.matchers,
        starts_at=starts_at,
        ends_at=wanted.ends_at,
        created_by=wanted.by,
        created_at=now,
        comment=wanted.comment,
        phase=Phase.ACTIVE if starts_at <= now else Phase.PENDING,
    )
    created = SilenceCreated(
        silence=id,
        matchers=tuple(map(spell, silence.matchers)),
        starts_at=starts_at,
        ends_at=silence.ends_at,
        comment=silence.comment,
    )
    started = (SilenceStarted(silence=id),) if silence.phase is Phase.ACTIVE else ()
    return Decision(
        state=silence, events=(created, *started), timers=_timers(silence, now), reason="somebody silenced it"
    )


def change(silence: Silence, wanted: Wanted, now: datetime) -> Decision[Silence]:
    """The silence as it should be from now on. One that is over stays over. Raises `BadSilence`."""
    if silence.ends_at <= now:
        return Decision(state=silence, reason=f"silence {silence.id} is over")
    check(wanted, now)
    # what has begun began when it did
    starts_at = silence.starts_at if silence.starts_at <= now else max(wanted.starts_at, now)
    changed = replace(
        silence, matchers=wanted.matchers, starts_at=starts_at, ends_at=wanted.ends_at, comment=wanted.comment
    )
    if changed == silence:
        return Decision(state=silence, reason="nothing about it changes")
    begins = silence.phase is Phase.PENDING and starts_at <= now
    changed = replace(changed, updated_at=now, phase=Phase.ACTIVE if begins else silence.phase)
    told = SilenceChanged(
        silence=silence.id,
        matchers=tuple(map(spell, changed.matchers)),
        starts_at=starts_at,
        ends_at=changed.ends_at,
        comment=changed.comment,
    )
    return Decision(
        state=changed,
        events=(told, *((SilenceStarted(silence=silence.id),) if begins else ())),
        timers=_timers(changed, now),
        cancels=_cancels(silence),
        reason="somebody changed it",
    )


def expire(silence: Silence, now: datetime) -> Decision[Silence]:
    """End the silence now."""
    if silence.ends_at <= now:
        return Decision(state=silence, reason=f"silence {silence.id} is over already")
    over = replace(silence, starts_at=min(silence.starts_at, now), ends_at=now, updated_at=now, phase=Phase.EXPIRED)
    return Decision(
        state=over,
        events=(SilenceExpired(silence=silence.id),),
        cancels=_cancels(silence),
        reason="somebody ended it",
    )


def tell(silence: Silence, now: datetime) -> Decision[Silence]:
    """What the journal has to be told because time has passed: that it began, or that it is over."""
    if silence.phase is not Phase.EXPIRED and silence.ends_at <= now:
        over = replace(silence, phase=Phase.EXPIRED)
        return Decision(state=over, events=(SilenceExpired(silence=silence.id),), reason="its end has come")
    if silence.phase is Phase.PENDING and silence.starts_at <= now:
        begun = replace(silence, phase=Phase.ACTIVE)
        return Decision(state=begun, events=(SilenceStarted(silence=silence.id),), reason="its start has come")
    return Decision(state=silence, reason="it was told already")


def reminds(silence: Silence, now: datetime) -> bool:
    """Whether it is about to end, so that its author should know what will be told again."""
    return silence.starts_at <= now < silence.ends_at <= now + REMIND_BEFORE


def check(wanted: Wanted, now: datetime) -> None:
    """Raise `BadSilence` for what could not be, or would mute everything."""
    if not wanted.matchers:
        raise BadSilence("at least one matcher is needed")
    if len(wanted.matchers) > MOST_MATCHERS:
        raise BadSilence(f"{len(wanted.matchers)} matchers are too many: at most {MOST_MATCHERS}")
    for matcher in wanted.matchers:
        try:
            checked(matcher)
        except ValueError as wrong:
            raise BadSilence(str(wrong)) from None
    if not selective(wanted.matchers):
        raise BadSilence("at least one matcher must not match the empty string: this would mute every alert")
    if wanted.ends_at <= wanted.starts_at:
        raise BadSilence("end time must be after start time")
    if wanted.ends_at <= now:
        raise BadSilence("end time can't be in the past")
    if len(wanted.comment) > LONGEST_TEXT:
        raise BadSilence(f"the comment is too long: at most {LONGEST_TEXT:,} characters")
    if not wanted.by or len(wanted.by) > LONGEST_TEXT:
        raise BadSilence("the name of whoever makes it is missing, or too long")


def _timers(silence: Silence, now: datetime) -> tuple[Timer, ...]:
    payload = {"silence": silence.id}
    due = [(TELL, silence.ends_at)]
    if silence.starts_at > now:
        due.append((TELL, silence.starts_at))
    if silence.ends_at - REMIND_BEFORE > silence.starts_at:
        due.append((REMIND, max(silence.ends_at - REMIND_BEFORE, now)))
    return tuple(
        Timer(kind=kind, key=f"{kind}:{silence.id}:{at.isoformat()}", at=at, subject=silence.subject, payload=payload)
        for kind, at in due
    )


def _cancels(silence: Silence) -> tuple[Cancel, ...]:
    return tuple(Cancel(subject=silence.subject, kind=kind) for kind in (TELL, REMIND))

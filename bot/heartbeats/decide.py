"""When a heartbeat counts as missed (pure).

One timer waits for each heartbeat. A beat only moves `due_at`; the timer looks when it comes due, and waits again when
the beat has come meanwhile. So beats cost no jobs, and each silence is told exactly once.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from bot.config.inbound import HeartbeatConfig
from bot.decision import Decision, Timer
from bot.events import HeartbeatMissed, HeartbeatPaused, HeartbeatResumed, HeartbeatRetired, HeartbeatReturned
from storage.records.heartbeats import Heartbeat, Pulse

TIMER = "heartbeats.look"
AWAY = timedelta(seconds=90)
"""So long without `watch`, and the bot itself was away: stopped, suspended, or its clock was set."""


def begin(config: HeartbeatConfig, now: datetime) -> Heartbeat:
    """Give a heartbeat that has just been configured."""
    return Heartbeat(name=config.name, pulse=Pulse.NEW, since=now, watched_at=now)


def watch(kept: Heartbeat, config: HeartbeatConfig, now: datetime) -> Decision[Heartbeat]:
    """Note that the bot is listening. What is waited for anew gets its time from now on."""
    if kept.pulse in {Pulse.PAUSED, Pulse.SILENT} or (kept.pulse is Pulse.NEW and not config.expected):
        waiting = replace(kept, watched_at=now)
    elif kept.due_at is None or _unheard(kept, now):
        waiting = replace(kept, watched_at=now, due_at=now + config.every + config.grace)
    else:
        waiting = replace(kept, watched_at=now)
    return _timed(waiting, now, reason="the bot listens")


def beat(kept: Heartbeat, config: HeartbeatConfig, now: datetime) -> Decision[Heartbeat]:
    """Take a beat. A paused heartbeat stays so until somebody wants it back."""
    if kept.pulse is Pulse.PAUSED:
        return Decision(state=replace(kept, beaten_at=now), silent=True, reason="it came; it is paused")
    up = replace(
        kept,
        pulse=Pulse.UP,
        since=kept.since if kept.pulse is Pulse.UP else now,
        beaten_at=now,
        due_at=now + config.every + config.grace,
    )
    decision = _timed(up, now, reason="it came")
    if kept.pulse is not Pulse.SILENT:
        return decision
    return replace(decision, events=(HeartbeatReturned(heartbeat=kept.name, silent_since=kept.since),))


def look(kept: Heartbeat, config: HeartbeatConfig, timer_at: datetime, now: datetime) -> Decision[Heartbeat]:
    """Look at a heartbeat whose timer came due: it is missed, or it came meanwhile and the timer waits again."""
    if kept.timer_at != timer_at:
        return Decision(state=kept, reason="another timer took its place")
    rested = replace(kept, timer_at=None)
    if kept.pulse not in {Pulse.UP, Pulse.NEW} or kept.due_at is None:
        return Decision(state=rested, silent=True, reason=f"it is {kept.pulse.value}")
    if _unheard(kept, now):
        again = replace(rested, watched_at=now, due_at=now + config.every + config.grace)
        return _timed(again, now, reason="the bot was away itself")
    if now < kept.due_at:
        return _timed(rested, now, reason="it came meanwhile")
    missed = HeartbeatMissed(heartbeat=kept.name, due_at=kept.due_at, beaten_at=kept.beaten_at)
    silent = replace(rested, pulse=Pulse.SILENT, since=now, due_at=None)
    return Decision(state=silent, events=(missed,), reason="it did not come in time")


def pause(kept: Heartbeat, now: datetime) -> Decision[Heartbeat]:
    """Let its silence not count."""
    if kept.pulse is Pulse.PAUSED:
        return Decision(state=kept, reason="it is paused already")
    paused = replace(kept, pulse=Pulse.PAUSED, since=now, due_at=None, timer_at=None)
    return Decision(state=paused, events=(HeartbeatPaused(heartbeat=kept.name),), reason="paused")


def resume(kept: Heartbeat, config: HeartbeatConfig, now: datetime) -> Decision[Heartbeat]:
    """Let its silence count again, from now on."""
    if kept.pulse is not Pulse.PAUSED:
        return Decision(state=kept, reason="it is not paused")
    known = kept.beaten_at is not None or config.expected
    due = now + config.every + config.grace if known else None
    back = replace(kept, pulse=Pulse.UP if kept.beaten_at else Pulse.NEW, since=now, watched_at=now, due_at=due)
    return replace(_timed(back, now, reason="resumed"), events=(HeartbeatResumed(heartbeat=kept.name),))


def retire(kept: Heartbeat) -> Decision[Heartbeat]:
    """Forget a heartbeat that is no longer configured."""
    return Decision(state=kept, events=(HeartbeatRetired(heartbeat=kept.name),), reason="no longer configured")


def _unheard(kept: Heartbeat, now: datetime) -> bool:
    """Whether the bot could not have heard it, or the clock was set back behind what it last wrote."""
    return now - kept.watched_at > AWAY or kept.watched_at - now > AWAY


def _timed(kept: Heartbeat, now: datetime, *, reason: str) -> Decision[Heartbeat]:
    """Have a timer wait, unless one does that is early enough and not overdue for so long that it must be lost."""
    if kept.due_at is None:
        return Decision(state=kept, silent=True, reason=reason)
    if kept.timer_at is not None and now - AWAY <= kept.timer_at <= kept.due_at:
        return Decision(state=kept, silent=True, reason=reason)
    at = kept.due_at
    timer = Timer(
        kind=TIMER,
        key=f"{TIMER}:{kept.name}:{kept.version}:{at.isoformat()}",
        at=at,
        subject=kept.subject,
        payload={"name": kept.name, "at": at.isoformat()},
    )
    return Decision(state=replace(kept, timer_at=at), timers=(timer,), silent=True, reason=reason)

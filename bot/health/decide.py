"""What an observation means for a check: its held status changes only when something lasts (pure)."""

from dataclasses import dataclass, replace
from datetime import datetime

from bot.decision import Decision
from bot.events import CheckChanged
from bot.observation import Observation
from bot.phrasing import cut, number, plural
from storage.records.checks import CheckState, Status

LONGEST_DETAIL = 300
_Judged = tuple[float | None, float | None, str]
_RANK = {Status.UNKNOWN: 0, Status.HEALTHY: 0, Status.DEGRADED: 1, Status.DOWN: 2}
_LEVELS = (Status.HEALTHY, Status.DEGRADED, Status.DOWN)


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Latency in milliseconds from which a check is degraded, and the rounds that a change must last."""

    degraded_ms: float
    rounds_down: int = 2
    rounds_up: int = 2


def judge(
    state: CheckState | None, name: str, type_: str, observation: Observation, *, limits: Limits, now: datetime
) -> Decision[CheckState]:
    """Take one more round into account; `state` is what was held before (None: this is the first round).

    The held status gets worse when `rounds_down` rounds in a row were at least as bad, and better when `rounds_up`
    rounds were at least as good: degraded and down in turns is degraded. (One streak is remembered, so that four or
    more `rounds_down` miss strict turns.) The first healthy round is believed at once and is no news. `since` is when
    the streak began that led to the held status.
    """
    before = state or _unseen(name, type_, now)
    seen = _seen(replace(before, type=type_), observation, limits, now)
    level, count, begun = _lasting(before, seen.observed, limits, now)
    if level is before.status:
        return Decision(state=seen, silent=True, reason=_unchanged(seen, limits))
    after = replace(seen, status=level, since=begun)
    if before.status is Status.UNKNOWN and level is Status.HEALTHY:
        return Decision(state=after, silent=True, reason=f"healthy at first sight: {after.detail}")
    return Decision(
        state=after,
        events=(_changed(before, after, count),),
        reason=f"{before.status} before, {level} for {plural(count, 'round')}: {after.detail}",
    )


def retire(state: CheckState, now: datetime) -> Decision[CheckState]:
    """Say what becomes of a check that is watched no more: one that was bad is unknown from now on, which is news."""
    if _RANK[state.status] == 0:
        return Decision(state=state, reason=f"{state.name} is watched no more; it was {state.status}")
    after = replace(state, status=Status.UNKNOWN, since=now, detail="watched no more")
    return Decision(
        state=after,
        events=(_changed(state, after, 1),),
        reason=f"{state.name} is watched no more; it was {state.status}",
    )


def pending(state: CheckState) -> bool:
    """Tell whether the latest round saw something else than what is held."""
    return _RANK[state.observed] != _RANK[state.status]


def worst(statuses: list[Status]) -> Status:
    """The worst of them; UNKNOWN counts as good as healthy, and is what none at all is."""
    return max(statuses, key=lambda status: (_RANK[status], status is Status.HEALTHY), default=Status.UNKNOWN)


def _unseen(name: str, type_: str, now: datetime) -> CheckState:
    return CheckState(
        name=name,
        type=type_,
        status=Status.UNKNOWN,
        since=now,
        observed=Status.UNKNOWN,
        streak=0,
        streak_since=now,
        observed_at=now,
    )


def _seen(before: CheckState, observation: Observation, limits: Limits, now: datetime) -> CheckState:
    """The state with the observation in it; the held status as before."""
    latency = observation.latency_ms
    late = observation.ok and latency is not None and latency >= limits.degraded_ms
    observed = Status.DOWN if not observation.ok else Status.DEGRADED if late or observation.slow else Status.HEALTHY
    if observation.ok and not observation.slow and (late or observation.value is None):
        judged: _Judged = (latency, limits.degraded_ms, "ms")
    else:
        judged = (observation.value, observation.threshold, observation.unit)
    value, threshold, unit = judged if judged[0] is not None else (None, None, "")
    said = [observation.detail] if observation.detail else []
    if late and latency is not None:
        said.append(f"took {number(latency, 'ms')}, limit {number(limits.degraded_ms, 'ms')}")
    streak, begun = _run(before, observed, now)
    return replace(
        before,
        observed=observed,
        streak=streak,
        streak_since=begun,
        observed_at=now,
        latency_ms=latency,
        detail=cut("; ".join(said), LONGEST_DETAIL),
        value=value,
        threshold=threshold,
        unit=unit,
    )


def _run(before: CheckState, level: Status, now: datetime) -> tuple[int, datetime]:
    """Rounds in a row, this one included, at least as far from the held status as `level`, and when they began."""
    last, this, held = _RANK[before.observed], _RANK[level], _RANK[before.status]
    reached = last == this if this == held else (last >= this if this > held else last <= this)
    if before.streak == 0 or not reached:
        return 1, now
    return before.streak + 1, before.streak_since


def _lasting(before: CheckState, observed: Status, limits: Limits, now: datetime) -> tuple[Status, int, datetime]:
    """The status to hold after this round, the rounds that speak for it, and since when."""
    if before.status is Status.UNKNOWN and observed is Status.HEALTHY:
        return Status.HEALTHY, 1, now
    held, seen = _RANK[before.status], _RANK[observed]
    needed = limits.rounds_down if seen > held else limits.rounds_up
    between = range(seen, held, -1 if seen > held else 1)
    for rank in between:
        count, begun = _run(before, _LEVELS[rank], now)
        if count >= needed:
            return _LEVELS[rank], count, begun
    return before.status, 0, before.since


def _changed(before: CheckState, after: CheckState, rounds: int) -> CheckChanged:
    return CheckChanged(
        check=after.name,
        status=after.status,
        previous=before.status,
        since=after.since,
        detail=after.detail,
        latency_ms=after.latency_ms,
        value=after.value,
        threshold=after.threshold,
        unit=after.unit,
        rounds=rounds,
    )


def _unchanged(state: CheckState, limits: Limits) -> str:
    if not pending(state):
        return f"{state.status} as before: {state.detail}"
    needed = limits.rounds_down if _RANK[state.observed] > _RANK[state.status] else limits.rounds_up
    return f"{state.observed} for {state.streak} of {plural(needed, 'round')}, held {state.status}: {state.detail}"

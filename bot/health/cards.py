"""What health looks like (pure)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Self

from bot.cards.card import Button, Card, Field, Level, Moment, Table, Text
from bot.health.decide import pending, worst
from bot.phrasing import duration, listing, number, plural
from storage.records.checks import CheckState, Status
from storage.records.samples import Sample

_ORDER = (Status.DOWN, Status.DEGRADED, Status.UNKNOWN, Status.HEALTHY)
_LEVELS = {Status.DOWN: Level.BAD, Status.DEGRADED: Level.WARNING}
_AGAIN = Button(label="Check again", argv=("health", "--fresh"))


@dataclass(frozen=True, kw_only=True)
class Recent:
    """Figures of the last `span`: median and 95th percentile of the latency (ms), and the share of rounds it was up."""

    span: timedelta
    rounds: int
    p50_ms: float | None
    p95_ms: float | None
    up: float | None

    @classmethod
    def of(cls, latencies: Sequence[Sample], ups: Sequence[Sample], span: timedelta) -> Self:
        """The figures of these samples; None where there are none."""
        times = sorted(sample.value for sample in latencies)
        return cls(
            span=span,
            rounds=len(ups),
            p50_ms=_percentile(times, 50),
            p95_ms=_percentile(times, 95),
            up=sum(sample.value for sample in ups) / len(ups) if ups else None,
        )


def overview(states: Sequence[CheckState], now: datetime) -> Card:
    """All checks, the worst first."""
    if not states:
        return Card(
            title="Nothing is watched",
            body=("No check is configured.",),
            hint="Add one under `health.checks` in manage.yml.",
            data={"status": Status.UNKNOWN.value, "counts": {}, "checks": []},
        )
    counts = {status: sum(shown(state) is status for state in states) for status in _ORDER}
    summary = ", ".join(f"{count} {status}" for status in reversed(_ORDER) if (count := counts[status]))
    ordered = sorted(states, key=lambda state: (_ORDER.index(shown(state)), state.name))
    return Card(
        title=_title(ordered, counts),
        level=_level(states),
        body=(summary,) if len(states) > 1 else (),
        table=Table(
            columns=("Check", "Status", "Latency", "Since", "Detail"),
            rows=tuple(_row(state) for state in ordered),
            numeric=frozenset({"Latency"}),
        ),
        buttons=(_AGAIN,),
        data={
            "status": worst([shown(state) for state in states]).value,
            "counts": {status.value: count for status, count in counts.items() if count},
            "checks": [_data(state, now) for state in ordered],
        },
    )


def detail(state: CheckState, recent: Recent, now: datetime) -> Card:
    """One check with its last hour."""
    held = shown(state)
    fields = [
        Field(label="Status", value=held.value),
        Field(label="Since", value=(Moment(state.since, "date"), f", {_lasting(now - state.since)}")),
        Field(label="Kind", value=state.type),
        Field(label="Latency", value=_ms(state.latency_ms) or "none"),
        Field(label="Detail", value=_said(state) or "nothing to say"),
    ]
    if state.value is not None and state.threshold is not None:
        against = f"{number(state.value, state.unit)}, limit {number(state.threshold, state.unit)}"
        fields.append(Field(label="Measured", value=against))
    fields.append(Field(label="Seen", value=Moment(state.observed_at, "date")))
    return Card(
        title=f"{state.name} is {held}",
        level=_level([state]),
        fields=(*fields, *_recent(recent)),
        buttons=(Button(label="Check again", argv=("health", state.name, "--fresh")),),
        data=_data(state, now) | {"recent": _figures(recent)},
    )


def asking(count: int) -> Card:
    """What is seen while checks run."""
    return Card(title=f"Running {plural(count, 'check')} …")


def shown(state: CheckState) -> Status:
    """The status to show: what is held, or, while nothing is held yet, what was seen."""
    return state.observed if state.status is Status.UNKNOWN else state.status


def _title(ordered: Sequence[CheckState], counts: Mapping[Status, int]) -> str:
    bad = [f"{state.name} is {shown(state)}" for state in ordered if shown(state) in _LEVELS]
    if not bad:
        return "All is healthy" if len(ordered) > 1 else f"{ordered[0].name} is healthy"
    if len(bad) <= 2:
        return listing(bad)
    return (
        f"{listing(f'{counts[s]} {s}' for s in (Status.DOWN, Status.DEGRADED) if counts[s])} of {len(ordered)} checks"
    )


def _level(states: Sequence[CheckState]) -> Level:
    held = worst([shown(state) for state in states])
    if held is Status.HEALTHY and any(pending(state) for state in states):
        return Level.WARNING
    return _LEVELS.get(held, Level.OK)


def _row(state: CheckState) -> tuple[Text, ...]:
    return (state.name, shown(state).value, _ms(state.latency_ms), Moment(state.since), _said(state))


def _said(state: CheckState) -> str:
    """The detail; while a change is not held yet, with what was seen and for how long."""
    if state.status is Status.UNKNOWN or not pending(state):
        return state.detail
    return f"{state.observed} for {plural(state.streak, 'round')}: {state.detail}"


def _ms(latency: float | None) -> str:
    return "" if latency is None else number(latency if latency < 1 else round(latency), "ms")


def _lasting(span: timedelta) -> str:
    return f"for {duration(span)}" if span >= timedelta(seconds=1) else "just now"


def _recent(recent: Recent) -> tuple[Field, ...]:
    label = f"Last {duration(recent.span)}"
    if recent.up is None:
        return (Field(label=label, value="no round was kept"),)
    said = f"up in {number(100 * recent.up, '%')} of {plural(recent.rounds, 'round')}"
    if recent.p50_ms is not None:
        said += f"; latency p50 {_ms(recent.p50_ms)}, p95 {_ms(recent.p95_ms)}"
    return (Field(label=label, value=said),)


def _figures(recent: Recent) -> dict[str, Any]:
    return {
        "seconds": recent.span.total_seconds(),
        "rounds": recent.rounds,
        "p50_ms": recent.p50_ms,
        "p95_ms": recent.p95_ms,
        "up": recent.up,
    }


def _data(state: CheckState, now: datetime) -> dict[str, Any]:
    return {
        "name": state.name,
        "type": state.type,
        "status": shown(state).value,
        "since": state.since,
        "for_seconds": (now - state.since).total_seconds(),
        "latency_ms": state.latency_ms,
        "detail": state.detail,
        "observed": state.observed.value,
        "observed_at": state.observed_at,
        "streak": state.streak,
        "value": state.value,
        "threshold": state.threshold,
        "unit": state.unit,
    }


def _percentile(ordered: Sequence[float], percent: int) -> float | None:
    """The nearest-rank percentile: the smallest value that at least `percent` % of all are not above."""
    return ordered[max(-(-len(ordered) * percent // 100) - 1, 0)] if ordered else None

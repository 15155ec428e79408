"""What metrics look like (pure)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bot.cards.card import Button, Card, Code, CommandLine, Field, Level, Moment, Table, Text
from bot.config.known_metrics import WELL_KNOWN
from bot.phrasing import ago, duration, number, plural, size
from storage.records.samples import Sample, SourceState

PAGE = 30
TREND = 32
"""Characters of a trend."""
_BARS = "▁▂▃▄▅▆▇█"


@dataclass(frozen=True, kw_only=True)
class Line:
    """One series in the list; `value` is None when there never was one, `absent` when it says nothing about now."""

    metric: str
    labels: Mapping[str, str]
    value: float | None
    at: datetime | None
    absent: bool


def lines(newest: Iterable[Sample], missing: Mapping[str, Sequence[str]], fresh_since: datetime) -> list[Line]:
    """The lines of the list by name, with those that a source does not give."""
    found = [
        Line(metric=one.metric, labels=one.labels, value=one.value, at=one.at, absent=one.at < fresh_since)
        for one in newest
    ]
    found += [
        Line(metric=metric, labels={"source": source}, value=None, at=None, absent=True)
        for source, metrics in missing.items()
        for metric in metrics
    ]
    return sorted(found, key=lambda line: (line.metric, sorted(line.labels.items())))


def listing(
    found: Sequence[Line], sources: Sequence[SourceState], *, page: int, words: Sequence[str], now: datetime
) -> Card:
    """All series with their newest values, a page of them, and the sources that fail."""
    data = {"metrics": [_line_data(line) for line in found], "sources": [_source_data(one) for one in sources]}
    failing = [one for one in sources if one.failure]
    body = tuple(_failing(one, now) for one in failing)
    if not found:
        return Card(
            title="Nothing is measured yet",
            level=Level.WARNING if failing else Level.INFO,
            body=body or ("The bot measures its own host by itself while it runs.",),
            hint="Add sources under `metrics.sources` in manage.yml, or push values to /api/metrics.",
            data=data,
        )
    shown = found[(page - 1) * PAGE : page * PAGE]
    absent = sum(line.absent for line in found)
    pages = -(-len(found) // PAGE)
    title = f"{plural(len(found), 'series', 'series')} of {plural(len({line.metric for line in found}), 'metric')}"
    further = ("metrics", *words, f"--page={page + 1}")
    return Card(
        title=f"{title}, {absent:,} absent" if absent else title,
        level=Level.WARNING if failing else Level.OK,
        body=body,
        table=Table(
            columns=("Metric", "Of", "Value", "Measured"),
            rows=tuple(_row(line) for line in shown),
            numeric=frozenset({"Value"}),
        ),
        buttons=(Button(label="More", argv=further),) if page < pages else (),
        footer=f"Page {page} of {pages}" if pages > 1 else "",
        hint=("Show one with its past: ", CommandLine(("metrics", "show", shown[0].metric))),
        data=data,
    )


@dataclass(frozen=True, kw_only=True)
class Past:
    """One series over a span: `means` are those of equal parts of it, None where nothing was measured."""

    labels: Mapping[str, str]
    newest: Sample
    count: int
    least: float
    mean: float
    most: float
    means: tuple[float | None, ...]


def past(found: Iterable[Sample], since: datetime, until: datetime) -> list[Past]:
    """The samples by series, each over [since, until]; the series with the newest samples first."""
    grouped: dict[tuple[tuple[str, str], ...], list[Sample]] = {}
    for one in found:
        grouped.setdefault(tuple(sorted(one.labels.items())), []).append(one)
    told = [_past(of, since, until) for of in grouped.values()]
    return sorted(told, key=lambda one: (-one.newest.at.timestamp(), sorted(one.labels.items())))


def detail(
    metric: str, found: Sequence[Past], *, span: timedelta, page: int, size: int, fresh_since: datetime, now: datetime
) -> Card:
    """One metric: what it means, and each of its series over the last `span`."""
    about = WELL_KNOWN.get(metric)
    fields = [Field(label="Meaning", value=about.meaning)] if about else []
    fields += [Field(label="Unit", value=about.unit)] if about and about.unit else []
    data: dict[str, Any] = {
        "metric": metric,
        "unit": about.unit if about else "",
        "meaning": about.meaning if about else "",
        "since": now - span,
        "seconds_per_part": span.total_seconds() / TREND,
        "series": [_past_data(one, fresh_since) for one in found],
    }
    if not found:
        return Card(
            title=f"{metric} was not measured in the last {duration(span)}",
            body=("It is absent: a rule over it neither fires nor resolves by a value.",),
            fields=tuple(fields),
            hint=("Look further back: ", CommandLine(("metrics", "show", metric, "--since=30d"))),
            data=data,
        )
    pages = -(-len(found) // size)
    further = ("metrics", "show", metric, f"--since={round(span.total_seconds())}s", f"--page={page + 1}")
    return Card(
        title=f"{metric}: {plural(len(found), 'series', 'series')} over the last {duration(span)}",
        level=Level.OK,
        fields=tuple(fields),
        table=Table(
            columns=("Of", "Newest", "Measured", "Least", "Mean", "Most", "Trend"),
            rows=tuple(_past_row(metric, one, fresh_since) for one in found[(page - 1) * size : page * size]),
            numeric=frozenset({"Newest", "Least", "Mean", "Most"}),
        ),
        buttons=(Button(label="More", argv=further),) if page < pages else (),
        footer=f"Page {page} of {pages}" if pages > 1 else "",
        data=data,
    )


def spark(values: Sequence[float | None]) -> str:
    """The values as bars between the least and the most of them; a gap is a dot, a flat line is low."""
    there = [value for value in values if value is not None]
    if not there:
        return ""
    low, high = min(there), max(there)
    return "".join(
        "·"
        if value is None
        else _BARS[min(int((value - low) / (high - low) * len(_BARS)), len(_BARS) - 1)]
        if high > low
        else _BARS[0]
        for value in values
    )


def means(found: Sequence[Sample], since: datetime, until: datetime, parts: int = TREND) -> tuple[float | None, ...]:
    """The mean of the samples in each of so many equal parts of [since, until]; None where there are none."""
    sums, counts = [0.0] * parts, [0] * parts
    width = (until - since) / parts
    for one in found:
        part = min(max((one.at - since) // width, 0), parts - 1)
        sums[part] += one.value
        counts[part] += 1
    return tuple(total / count if count else None for total, count in zip(sums, counts, strict=True))


def told(metric: str, value: float) -> str:
    """A value in its metric's unit."""
    unit = WELL_KNOWN[metric].unit if metric in WELL_KNOWN else ""
    match unit:
        case "bytes":
            return size(value)
        case "bytes/s":
            return f"{size(value)}/s"
        case "1/s":
            return f"{number(value)}/s"
        case "ms" | "s" | "%" | "days":
            return number(value, unit)
        case _:
            return number(value)


def _row(line: Line) -> tuple[Text, ...]:
    value = "absent" if line.absent or line.value is None else told(line.metric, line.value)
    return (Code(line.metric), _of(line.labels), value, Moment(line.at) if line.at else "never")


def _past(found: Sequence[Sample], since: datetime, until: datetime) -> Past:
    values = [one.value for one in found]
    return Past(
        labels=found[-1].labels,
        newest=found[-1],
        count=len(values),
        least=min(values),
        mean=sum(values) / len(values),
        most=max(values),
        means=means(found, since, until),
    )


def _past_row(metric: str, one: Past, fresh_since: datetime) -> tuple[Text, ...]:
    newest = told(metric, one.newest.value) if one.newest.at >= fresh_since else "absent"
    figures = (told(metric, value) for value in (one.least, one.mean, one.most))
    return (_of(one.labels), newest, Moment(one.newest.at), *figures, Code(spark(one.means)))


def _of(labels: Mapping[str, str]) -> str:
    return ", ".join(f"{name}={value}" for name, value in sorted(labels.items()))


def _failing(one: SourceState, now: datetime) -> str:
    since = f"last read {ago(one.read_at, now)}" if one.read_at else "never read"
    return f"Source {one.name} ({one.type}) fails: {one.failure}; {since}."


def _line_data(line: Line) -> dict[str, Any]:
    return {
        "metric": line.metric,
        "labels": dict(line.labels),
        "value": line.value,
        "at": line.at,
        "absent": line.absent,
    }


def _source_data(one: SourceState) -> dict[str, Any]:
    return {
        "name": one.name,
        "type": one.type,
        "at": one.at,
        "read_at": one.read_at,
        "failure": one.failure,
        "samples": one.samples,
    }


def _past_data(one: Past, fresh_since: datetime) -> dict[str, Any]:
    return {
        "labels": dict(one.labels),
        "value": one.newest.value,
        "at": one.newest.at,
        "absent": one.newest.at < fresh_since,
        "count": one.count,
        "min": one.least,
        "mean": one.mean,
        "max": one.most,
        "means": list(one.means),
    }

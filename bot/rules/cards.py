"""What rules look like: where they stand, and what a replay found (pure)."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.cards.card import Accent, Card, Code, CommandLine, Level, Moment, Table, Text
from bot.config.rules import RuleConfig
from bot.phrasing import cut, duration, listing, number, plural
from bot.rules.decide import Outcome, Rule
from bot.rules.replay import Firing, Told

PAGE = 20
ORDER = ("firing", "broken", "absent", "pending", "ok")


@dataclass(frozen=True, kw_only=True)
class Line:
    """One rule with where its label sets stand."""

    rule: Rule
    config: RuleConfig
    unit: str
    outcomes: Sequence[Outcome]


@dataclass(frozen=True, kw_only=True)
class Result:
    """One replayed rule, with whom each firing would have told."""

    name: str
    config: RuleConfig
    unit: str
    since: datetime
    until: datetime
    firings: Sequence[Firing]
    told: Sequence[Sequence[Told]]
    samples: int
    first: datetime | None
    errors: int
    error: str


def said(labels: Mapping[str, str]) -> str:
    """Labels in short: their values, which mostly tell what they are."""
    return ", ".join(f"{name}={value}" for name, value in sorted(labels.items())) or "-"


def rules(lines: Sequence[Line], *, now: datetime, page: int = 1) -> Card:
    """Every rule with its label sets: those that fire first, those that are well in one line."""
    found = [row for line in lines for row in _rows(line, now)]
    found.sort(key=lambda row: ORDER.index(str(row[1])))
    shown = found[(page - 1) * PAGE : page * PAGE]
    counts = Counter(str(row[1]) for row in found)
    title = f"{plural(len(lines), 'rule')} over metrics: " + listing(
        [f"{counts[word]} {word}" for word in ORDER if counts[word]] or ["nothing measured yet"]
    )
    if not lines:
        return Card(
            title="No rule watches a metric",
            body=("All of them are switched off.",),
            hint=("Add one under ", Code("alerts.rules"), " in manage.yml."),
        )
    return Card(
        title=title,
        level=Level.WARNING if counts["firing"] or counts["broken"] else Level.OK,
        accent=Accent.HIGH if counts["firing"] else Accent.MEDIUM if counts["broken"] else Accent.GOOD,
        table=Table(columns=("Rule", "State", "Where", "Value", "Limit", "Since"), rows=tuple(shown)),
        hint=_more(len(found), page, ("alerts", "rules"))
        or ("Replay one: ", CommandLine(("alerts", "test", "--rule", lines[0].rule.name))),
        data={"rules": [_as_data(line) for line in lines]},
    )


def _rows(line: Line, now: datetime) -> list[tuple[Text, ...]]:
    if not line.outcomes:
        limit = _limit(line.config)
        return [(line.rule.name, "absent", "no data yet", "", limit, "")]
    well = [one for one in line.outcomes if one.shown == "ok"]
    rest = [one for one in line.outcomes if one.shown != "ok"]
    rows: list[tuple[Text, ...]] = [_row(line, one, now) for one in rest]
    if len(well) == 1:
        rows.append(_row(line, well[0], now))
    elif well:
        values = [one.state.value for one in well if one.state.value is not None]
        value = f"{number(min(values))} … {number(max(values), line.unit)}" if values else ""
        rows.append((line.rule.name, "ok", plural(len(well), "label set"), value, _limit(line.config), ""))
    return rows


def _row(line: Line, one: Outcome, now: datetime) -> tuple[Text, ...]:
    state = one.state
    since: Text = ""
    if state.absent_since is not None:
        since = ("no data since ", Moment(state.absent_since, "date"))
    elif one.shown in ("firing", "pending"):
        left = line.rule.for_ - (now - state.since)
        waits = f", fires in {duration(max(left, left * 0))}" if one.shown == "pending" else ""
        since = (Moment(state.since, "date"), waits) if waits else (Moment(state.since, "date"),)
    word = "firing, no data" if one.shown == "absent" and state.phase.value == "firing" else one.shown
    value = cut(state.error, 60) if state.error else "" if state.value is None else number(state.value, line.unit)
    limit = _limit(line.config) if state.threshold is None else number(state.threshold, line.unit)
    return (
        line.rule.name,
        one.shown,
        said(state.labels) + (f" ({word})" if word != one.shown else ""),
        value,
        limit,
        since,
    )


def _limit(config: RuleConfig) -> str:
    if config.anomaly:
        return f"{number(config.anomaly.deviations)} deviations"
    return cut(config.condition, 60)


def _as_data(line: Line) -> dict[str, object]:
    return {
        "rule": line.rule.name,
        "condition": line.config.condition,
        "severity": line.config.severity.value,
        "label_sets": [
            {
                "labels": dict(one.state.labels),
                "state": one.shown,
                "value": one.state.value,
                "threshold": one.state.threshold,
                "since": one.state.since.isoformat(),
                "absent_since": one.state.absent_since.isoformat() if one.state.absent_since else None,
                "error": one.state.error,
            }
            for one in line.outcomes
        ],
    }


def replayed(result: Result, argv: tuple[str, ...], *, page: int = 1) -> Card:
    """What one rule would have done."""
    period = duration(result.until - result.since)
    if not result.samples:
        metrics = result.config.anomaly.metric if result.config.anomaly else result.config.condition
        return Card(
            title=f"{result.name}: no samples in the last {period}",
            level=Level.WARNING,
            body=(f"Nothing that {cut(metrics, 100)} needs was measured then.",),
            hint=("See what is measured: ", CommandLine(("metrics",))),
            data=_result_data(result),
        )
    count = len(result.firings)
    title = (
        f"{result.name} would have fired {plural(count, 'time')} in the last {period}"
        if count
        else f"{result.name} would not have fired in the last {period}"
    )
    first = (page - 1) * PAGE
    rows = tuple(
        _firing_row(result, firing, told)
        for firing, told in list(zip(result.firings, result.told, strict=True))[first : first + PAGE]
    )
    return Card(
        title=title,
        level=Level.INFO,
        body=tuple(_said_of(result)),
        table=Table(columns=("From", "For", "Where", "Value", "Limit", "Would have told"), rows=rows) if rows else None,
        footer="Told until it is resolved; an acknowledgement would have ended that earlier." if rows else "",
        hint=_more(count, page, argv),
        data=_result_data(result),
    )


def _said_of(result: Result) -> list[Text]:
    lines: list[Text] = [f"Condition: {_limit(result.config)}, over {plural(result.samples, 'sample')}."]
    if result.first is not None and result.first - result.since > (result.until - result.since) / 20:
        lines.append(("The first sample is of ", Moment(result.first, "date"), "."))
    if result.firings:
        total = sum((f.lasted(result.until) for f in result.firings), result.until - result.until)
        pages = Counter(t.target for told in result.told for t in told)
        people = listing(f"{who} {plural(n, 'time')}" for who, n in pages.most_common(5))
        lines.append(f"Firing for {duration(total)} in all; told: {people}.")
    if result.errors:
        lines.append(f"It could not be evaluated {plural(result.errors, 'time')}: {cut(result.error, 100)}.")
    return lines


def _firing_row(result: Result, firing: Firing, told: Sequence[Told]) -> tuple[Text, ...]:
    lasted = duration(firing.lasted(result.until)) + ("" if firing.ended_at else ", still")
    value = "" if firing.value is None else number(firing.value, result.unit)
    limit = "" if firing.threshold is None else number(firing.threshold, result.unit)
    steps = [
        f"{t.target} by {t.via}" + (f" after {duration(t.at - firing.fired_at)}" if t.at > firing.fired_at else "")
        for t in told
    ]
    return (
        Moment(firing.fired_at, "date"),
        lasted,
        said(firing.labels),
        value,
        limit,
        cut("; ".join(steps), 150) or "nobody",
    )


def _result_data(result: Result) -> dict[str, object]:
    return {
        "rule": result.name,
        "since": result.since.isoformat(),
        "until": result.until.isoformat(),
        "samples": result.samples,
        "errors": result.errors,
        "firings": [
            {
                "labels": dict(firing.labels),
                "fired_at": firing.fired_at.isoformat(),
                "ended_at": firing.ended_at.isoformat() if firing.ended_at else None,
                "value": firing.value,
                "threshold": firing.threshold,
                "told": [{"at": t.at.isoformat(), "via": t.via, "target": t.target} for t in told],
            }
            for firing, told in zip(result.firings, result.told, strict=True)
        ],
    }


def several(results: Sequence[Result]) -> Card:
    """What several rules of a file would have done, one line for each."""
    rows = tuple(
        (
            result.name,
            str(len(result.firings)),
            duration(sum((f.lasted(result.until) for f in result.firings), result.until - result.until)),
            str(sum(len(told) for told in result.told)),
            plural(result.samples, "sample") if result.samples else "no samples",
        )
        for result in results
    )
    total = sum(len(result.firings) for result in results)
    return Card(
        title=f"{plural(len(results), 'rule')} would have fired {plural(total, 'time')}",
        table=Table(columns=("Rule", "Fired", "For", "Told", "Over"), rows=rows, numeric=frozenset({"Fired", "Told"})),
        hint=("See one of them: add ", Code("--rule NAME"), "."),
        data={"rules": [_result_data(result) for result in results]},
    )


def _more(total: int, page: int, argv: tuple[str, ...]) -> Text:
    if total <= page * PAGE:
        return ""
    return (f"{total - page * PAGE} more: ", CommandLine((*argv, "--page", str(page + 1))))

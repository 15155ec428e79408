"""What is said of past incidents: statistics, and those that are like one of today (pure)."""

from collections.abc import Sequence
from datetime import timedelta

from bot.cards.card import Button, Card, Code, Field, Level, Mark, Moment, Table, Text
from bot.incidents.similar import Precedent
from bot.incidents.statistics import PARTS, Figure, Group, Statistics
from bot.metrics.cards import spark
from bot.phrasing import cut, duration, plural
from storage.records.incidents import Incident
from storage.records.postmortems import PostmortemStatus

MOST_GROUPS = 10
LONGEST_WORDS = 300
WIDTH = 12


def statistics(found: Statistics, words: Sequence[str], *, drawable: bool) -> Card:
    """MTTR and its parts, their trend, and who has the most of it; with `drawable` the picture can be asked for."""
    span = duration(found.until - found.since)
    if not found.declared:
        return Card(
            title=f"No incidents in the last {span}",
            level=Level.OK,
            body=("There is nothing to count.",),
            data=_as_data(found),
        )
    step = {timedelta(days=1): "day", timedelta(days=7): "week"}.get(found.step, "30 days")
    return Card(
        title=f"{plural(found.declared, 'incident')} in the last {span}",
        level=Level.INFO,
        body=() if found.parts else ("None of them is resolved yet.",),
        fields=(
            *(Field(label=_LABELS[part], value=_figure(found.parts[part])) for part in PARTS if part in found.parts),
            *((Field(label=f"MTTR by {step}", value=_trend([p.resolve for p in found.trend])),) if found.parts else ()),
            Field(label=f"Declared by {step}", value=Code(spark([float(p.declared) for p in found.trend]))),
            Field(label="Still open", value=str(found.still_open)),
        ),
        table=_groups(found),
        buttons=(Button(label="Draw it here", argv=("incidents", "stats", *words, "--chart")),) if drawable else (),
        footer="Tests and duplicates are not counted. Spans count from the start of the impact.",
        data=_as_data(found),
    )


def precedents(incident: Incident, found: Sequence[Precedent], *, asked: bool = True) -> Card:
    """Past incidents that are like this one, with what helped then; not `asked` for, it says why it is shown."""
    if not found:
        return Card(
            title=f"Nothing like incident #{incident.id} is known",
            level=Level.OK,
            body=("No past incident has enough in common with it.",),
            data={"title": "Nothing alike", "incident": incident.id, "similar": []},
        )
    running = [one.incident for one in found if one.incident.open]
    number = str(incident.id)
    merges = [
        Button(
            label=f"It is #{one.id}",
            argv=("incident", "merge", number, f"--into={one.id}"),
            confirm=f"Merge #{number} into #{one.id}? That one goes on for both.",
        )
        for one in running
        if incident.open
    ]
    return Card(
        title=f"{plural(len(found), 'incident')} like #{incident.id}" if asked else "Similar incidents from before",
        level=Level.INFO,
        steps=tuple(_step(one) for one in found),
        buttons=(*merges, *(_read_on(one) for one in found)),
        footer="By what they were called, their alerts, labels, components and cause.",
        data={
            "title": f"Similar to #{incident.id}",
            "incident": incident.id,
            "similar": [_precedent(one) for one in found],
        },
    )


def _step(one: Precedent) -> Text:
    past, alike = one.incident, one.likeness
    how: tuple[str | Mark, ...]
    if past.resolved_at is None:
        how = ("is open since ", Moment(past.started_at, "date"))
    else:
        cause = f", caused by {past.cause}" if past.cause else ""
        how = (Moment(past.started_at, "date"), f", took {duration(past.resolved_at - past.started_at)}{cause}")
    words = " · ".join(cut(said, LONGEST_WORDS) for said in one.helped)
    helped: tuple[str | Mark, ...] = (" What helped: ", words) if words else (" Nobody wrote down what helped.",)
    if past.open:
        helped = (" Known so far: ", words) if words else ()
    return (f"#{past.id} {past.title} (", *how, f"). Alike in {', '.join(alike.shared)}.", *helped)


def _read_on(one: Precedent) -> Button:
    number = str(one.incident.id)
    if one.postmortem is not None and one.postmortem.status is PostmortemStatus.APPROVED:
        return Button(label=f"Postmortem of #{number}", argv=("postmortem", "show", number))
    return Button(label=f"Timeline of #{number}", argv=("incident", "timeline", number))


def _precedent(one: Precedent) -> dict[str, object]:
    return {
        "number": one.incident.id,
        "what": one.incident.title,
        "status": one.incident.status.value,
        "score": round(one.likeness.score, 3),
        "shared": list(one.likeness.shared),
        "cause": one.incident.cause or None,
        "helped": list(one.helped),
    }


_LABELS = {
    "detect": "Until declared",
    "acknowledge": "Until acknowledged",
    "mitigate": "Until mitigated",
    "resolve": "Until resolved (MTTR)",
}


def _figure(figure: Figure) -> str:
    if figure.count == 1:
        return f"{duration(figure.mean)} (one incident)"
    return f"{duration(figure.mean)} mean, {duration(figure.median)} median ({figure.count} incidents)"


def _trend(figures: Sequence[Figure | None]) -> Text:
    there = [figure.mean for figure in figures if figure]
    drawn = Code(spark([figure.mean if figure else None for figure in figures]))
    return (drawn, f" {duration(min(there))} to {duration(max(there))}") if len(there) > 1 else drawn


def _groups(found: Statistics) -> Table:
    longest = max((group.total for group in (*found.services, *found.causes)), default=0.0)
    rows = [
        _row(kind, group, longest)
        for kind, groups in (("service", found.services), ("cause", found.causes))
        for group in groups[:MOST_GROUPS]
    ]
    return Table(
        columns=("By", "Name", "Incidents", "MTTR", "In all", "Share"),
        rows=tuple(rows),
        numeric=frozenset({"Incidents", "MTTR", "In all"}),
    )


def _row(kind: str, group: Group, longest: float) -> tuple[Text, ...]:
    bar = "█" * max(round(group.total / longest * WIDTH), 1) if group.total else ""
    mean = duration(group.resolve.mean) if group.resolve else "open"
    return (kind, group.name, str(group.declared), mean, duration(group.total) if group.total else "", bar)


def _as_data(found: Statistics) -> dict[str, object]:
    return {
        "title": plural(found.declared, "incident"),
        "since": found.since.isoformat(),
        "until": found.until.isoformat(),
        "declared": found.declared,
        "still_open": found.still_open,
        "seconds": {part: _numbers(figure) for part, figure in found.parts.items()},
        "trend": [
            {"since": p.since.isoformat(), "declared": p.declared, "resolve": _numbers(p.resolve)} for p in found.trend
        ],
        **{
            kind: [
                {"name": g.name, "declared": g.declared, "resolve": _numbers(g.resolve), "total": g.total}
                for g in groups
            ]
            for kind, groups in (("services", found.services), ("causes", found.causes))
        },
    }


def _numbers(figure: Figure | None) -> dict[str, float] | None:
    return {"count": figure.count, "mean": figure.mean, "median": figure.median} if figure else None

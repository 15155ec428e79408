"""What the alert fatigue report looks like (pure)."""

from collections.abc import Sequence

from bot.cards.card import Card, CommandLine, Field, Level, Person, Table, Text
from bot.phrasing import duration, plural
from bot.rules.fatigue import Fatigue
from bot.rules.proposals import Proposal, said

MOST = 10


def report(fatigue: Fatigue, proposals: Sequence[Proposal]) -> Card:
    """What alerts cost, the noisiest rules first, and what is proposed."""
    period = duration(fatigue.until - fatigue.since)
    if not fatigue.courses:
        return Card(
            title=f"No alerts in the last {period}",
            level=Level.OK,
            body=("Nobody was paged.",) if not fatigue.pages else (),
            data=_data(fatigue, proposals),
        )
    nights = sum(fatigue.nights.values())
    return Card(
        title=f"Alert fatigue: {plural(len(fatigue.courses), 'alert')} in the last {period}, "
        f"{plural(nights, 'page')} at night",
        level=Level.INFO,
        fields=_fields(fatigue),
        table=_table(fatigue),
        steps=tuple(said(proposal) for proposal in proposals),
        footer="Night is from 22:00 to 07:00 where each person lives. For nothing: acknowledged, and over by itself "
        "with no incident and no command in between.",
        hint=_hint(proposals),
        data=_data(fatigue, proposals),
    )


def _fields(fatigue: Fatigue) -> tuple[Field, ...]:
    fields = []
    if fatigue.for_nothing is not None:
        fields.append(Field(label="Acknowledged for nothing", value=f"{fatigue.for_nothing:.0%}"))
    flapped = sum(course.flapped for course in fatigue.courses)
    if flapped:
        fields.append(Field(label="Flapping", value=plural(flapped, "alert")))
    nights: list[str | Person] = []
    for user, count in fatigue.nights.items():
        nights += [", ", Person(user), f" {count}"] if nights else [Person(user), f" {count}"]
    fields.append(Field(label="Pages at night", value=tuple(nights) or "none"))
    return tuple(fields)


def _table(fatigue: Fatigue) -> Table:
    rows: list[tuple[Text, ...]] = [
        (
            noise.rule,
            str(noise.alerts),
            str(noise.pages),
            str(noise.acknowledged),
            str(noise.for_nothing),
            str(noise.acted),
            str(noise.flapped),
        )
        for noise in fatigue.rules[:MOST]
    ]
    names = ("Alerts", "Pages", "Acknowledged", "For nothing", "Acted on", "Flapped")
    return Table(columns=("Rule", *names), rows=tuple(rows), numeric=frozenset(names))


def _hint(proposals: Sequence[Proposal]) -> Text:
    for proposal in proposals:
        if proposal.change is not None and proposal.change.key in ("for", "keep_firing_for", "condition"):
            option = f"--{proposal.change.key.replace('_', '-')}"
            line = ("alerts", "test", "--rule", proposal.rule, option, proposal.change.value)
            return ("See what the first change does: ", CommandLine(line))
    return ""


def _data(fatigue: Fatigue, proposals: Sequence[Proposal]) -> dict[str, object]:
    return {
        "since": fatigue.since.isoformat(),
        "until": fatigue.until.isoformat(),
        "alerts": len(fatigue.courses),
        "acknowledged_for_nothing": fatigue.for_nothing,
        "nights": dict(fatigue.nights),
        "pages": dict(fatigue.pages),
        "rules": [
            {
                "rule": noise.rule,
                "alerts": noise.alerts,
                "pages": noise.pages,
                "acknowledged": noise.acknowledged,
                "for_nothing": noise.for_nothing,
                "acted": noise.acted,
                "flapped": noise.flapped,
            }
            for noise in fatigue.rules
        ],
        "proposals": [
            {
                "rule": proposal.rule,
                "change": {proposal.change.key: proposal.change.value} if proposal.change else None,
                "before": proposal.before,
                "after": proposal.after,
                "why": proposal.why,
                "text": said(proposal),
            }
            for proposal in proposals
        ],
    }

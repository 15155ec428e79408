"""What code worked out of an incident is held against itself: true sentences pass, changed numbers are flagged."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from bot.config.objectives import Objective
from bot.config.postmortems import Cost
from bot.health.held import Spent
from bot.objectives.budget import Counted, budget, taken
from bot.postmortems import evidence, facts, grounding, impact, sections
from bot.postmortems.evidence import Pack
from storage.records.alerts import Severity
from storage.records.incidents import Incident, IncidentStatus
from storage.records.journal import Entry
from storage.records.postmortems import Statement, StatementKind

T0 = datetime(2026, 11, 23, 23, 50, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
CHECKS = Objective(objective="99.9%", checks="shop")
REQUESTS = Objective(objective="99%", window=timedelta(days=7), errors="failed_requests", total="requests")


def entry(number: int, at: datetime, kind: str, subject: str, **payload: object) -> Entry:
    return Entry(id=number, at=at, kind=kind, subject=subject, actor="bot", payload=payload)


def changed(number: int, at: datetime, status: str, previous: str) -> Entry:
    return entry(
        number, at, "CheckChanged", "check:shop", check="shop", status=status, previous=previous, since=at.isoformat()
    )


INCIDENT = Incident(
    id=1,
    title="Checkout is down",
    severity=Severity.HIGH,
    declared_by="bot",
    started_at=T0,
    declared_at=T0,
    status=IncidentStatus.RESOLVED,
    resolved_at=T0 + 15 * MINUTE,
)
ENTRIES = (
    entry(1, T0, "IncidentDeclared", "incident:1", incident=1, title="Checkout is down", severity="high"),
    changed(2, T0, "down", "healthy"),
    changed(3, T0 + 12 * MINUTE, "healthy", "down"),
    entry(
        4,
        T0 + 15 * MINUTE,
        "IncidentResolved",
        "incident:1",
        incident=1,
        severity="high",
        time_to_resolve=900.0,
        time_to_detect=0.0,
        time_to_acknowledge=None,
    ),
)
MONTH = 30 * 86_400.0


def pack() -> Pack:
    of_time = taken(
        budget("shop-available", CHECKS, Counted(bad=1_000.0, all=MONTH, known=MONTH)),
        Counted(bad=720.0, all=900.0, known=900.0),
        15 * MINUTE,
    )
    of_requests = taken(
        budget("shop-requests", REQUESTS, Counted(bad=45_678.0, all=1_234_567.0, known=86_400.0)),
        Counted(bad=3_111.0, all=15_000.0, known=900.0),
        15 * MINUTE,
    )
    figures = impact.Figures(
        lasted=900.0,
        requests=impact.Requests(all=15_000, failed=3_111, samples=47, first=T0, last=T0 + 14 * MINUTE),
        users=[impact.Users(metric="active_users", most=4_321, affected=False, samples=45, series=3)],
        budgets=[of_time, of_requests],
        downtime=Spent(known=900.0, down=741.0),
        cost=Cost(currency="EUR", per_minute=Decimal("121.5")),
    )
    return evidence.collect(INCIDENT, ENTRIES, figures=figures)


PACK = pack()
MEASURED = [
    statement for statement in facts.section(sections.IMPACT, PACK).statements if statement.kind is StatementKind.FACT
]
NUMBER = re.compile(r"(?<![\w-])\d[\d,.]*\d|(?<![\w-])\d")


def reasons(text: str, evidence_: tuple[int, ...]) -> str:
    statement = Statement(kind=StatementKind.FACT, text=text, evidence=evidence_)
    return grounding.check([statement], PACK, sections.IMPACT)[0].unverified


def mutations() -> list[tuple[str, tuple[int, ...]]]:
    """Each statement with one of its numbers made larger, one after the other."""
    found = []
    for statement in MEASURED:
        for match in NUMBER.finditer(statement.text):
            other = f"{float(match[0].replace(',', '')) + 7:,g}" if len(match[0]) < 5 else f"9{match[0]}"
            found.append((statement.text[: match.start()] + other + statement.text[match.end() :], statement.evidence))
    return found


def test_everything_that_was_measured_is_in_the_section() -> None:
    told = " ".join(s.text for s in MEASURED)
    for words in (
        "The impact lasted 15 min",
        "Check shop was degraded or down for 12 min",
        "3,111 of 15,000 requests failed (20.7%), in 47 samples from 2026-11-23 23:50 to 2026-11-24 00:04 UTC",
        "Up to 4,321 users were active at one time",
        "It cost 1,500.53 EUR by the rate in manage.yml: 12.35 min of downtime at 121.50 EUR per minute",
        "It took 12 min of downtime: 27.8% of the error budget of shop-available",
        "It took 3,111 failed requests: 25.2% of the error budget of shop-requests",
    ):
        assert words in told


@pytest.mark.parametrize("statement", MEASURED, ids=lambda s: s.text)
def test_what_was_measured_is_borne_out(statement: Statement) -> None:
    assert reasons(statement.text, statement.evidence) == ""


@pytest.mark.parametrize(
    ("text", "cited"),
    [
        ("The incident used 27.8% of the error budget of shop-available.", (2, 3, 4)),
        ("Of the 43.2 min that the error budget of shop-available allows, downtime took 12 min.", (2, 3, 4)),
        ("The outage cost 1,500.53 EUR, at 121.50 EUR per minute of downtime.", (4,)),
        ("At most 4,321 users were active, and 3,111 of 15,000 requests failed.", (4,)),
        ("About a quarter, 25.2%, of the error budget for requests was taken by 3,111 failed requests.", (4,)),
    ],
)
def test_a_true_sentence_about_it_is_borne_out(text: str, cited: tuple[int, ...]) -> None:
    assert reasons(text, cited) == ""


@pytest.mark.parametrize(("text", "cited"), mutations(), ids=str)
def test_a_changed_number_is_flagged(text: str, cited: tuple[int, ...]) -> None:
    assert reasons(text, cited)


@pytest.mark.parametrize(
    "text",
    [
        "It cost 1,500.53 USD by the rate in manage.yml.",
        "It cost $1,500.53 by the rate in manage.yml.",
        "It took 12 h of downtime.",
        "It took 12% of the error budget of shop-available.",
        "Up to 4,321 customers of Initech were active.",
    ],
)
def test_another_unit_or_name_is_flagged(text: str) -> None:
    assert reasons(text, (2, 3, 4))


def test_a_sentence_that_does_not_cite_what_it_rests_on_is_flagged() -> None:
    assert reasons("It took 27.8% of the error budget of shop-available.", (1,))


def test_nothing_is_asked_for_but_who_was_affected() -> None:
    (question,) = facts.unmeasured(PACK)
    assert question.text == "Nobody measured how many users were affected: does anybody know?"


def test_of_an_incident_that_still_lasts_nothing_is_worked_out_but_asked() -> None:
    figures = impact.Figures(lasted=900.0, users=[impact.Users(metric="u", most=3, affected=True, samples=1, series=1)])
    lasting = Incident(id=1, title="x", severity=Severity.HIGH, declared_by="bot", started_at=T0, declared_at=T0)
    still = evidence.collect(lasting, ENTRIES[:2], figures=figures)
    assert [one for one in still.computed if one.name == evidence.IMPACT] == []
    (question,) = facts.unmeasured(still)
    assert "how much of the error budget it took and what it cost" in question.text

"""One plain record of each kind, to be changed where a test needs it."""

from datetime import UTC, datetime
from typing import Any

from storage.records.alerts import Alert, Severity
from storage.records.checks import CheckState, Status
from storage.records.incidents import Incident
from storage.records.postmortems import Postmortem, PostmortemStatus, Section, Statement, StatementKind
from storage.records.posts import Post
from storage.unit_of_work import Store, UnitOfWork

T0 = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def an_alert(**changes: Any) -> Alert:
    fixed: dict[str, Any] = {
        "id": 1,
        "fingerprint": "f1",
        "rule": "health-check-failed",
        "severity": Severity.HIGH,
        "summary": "redis is down",
        "started_at": T0,
        "opened_at": T0,
        "last_seen_at": T0,
    }
    return Alert(**{**fixed, **changes})


def an_incident(**changes: Any) -> Incident:
    fixed: dict[str, Any] = {
        "id": 1,
        "title": "redis is down",
        "severity": Severity.HIGH,
        "declared_by": "U1",
        "started_at": T0,
        "declared_at": T0,
    }
    return Incident(**{**fixed, **changes})


def a_check(**changes: Any) -> CheckState:
    fixed: dict[str, Any] = {
        "name": "redis",
        "type": "redis",
        "status": Status.DOWN,
        "since": T0,
        "observed": Status.DOWN,
        "streak": 2,
        "streak_since": T0,
        "observed_at": T0,
    }
    return CheckState(**{**fixed, **changes})


def a_post(**changes: Any) -> Post:
    fixed: dict[str, Any] = {
        "key": "alert:1:card",
        "subject": "alert:1",
        "kind": "card",
        "channel": "C1",
        "ts": "1.000100",
        "posted_at": T0,
    }
    return Post(**{**fixed, **changes})


SECTION = Section(
    name="impact",
    author="facts",
    statements=(Statement(kind=StatementKind.FACT, text="Redis was down for 4 min.", evidence=(3, 4)),),
)


def a_postmortem(**changes: Any) -> Postmortem:
    return Postmortem(**{"id": 1, "status": PostmortemStatus.IN_REVIEW, "scheduled_at": T0, **changes})


async def save(store: Store, *records: Any) -> None:
    async def work(unit: UnitOfWork) -> None:
        for record in records:
            await unit.save(record)

    await store.transact(work)

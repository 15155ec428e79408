"""What the store promises, on SQLite and PostgreSQL alike."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from storage.records.alerts import Alert, AlertState, Severity
from storage.unit_of_work import Conflict, Store, UnitOfWork

T0 = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    opened = await Store.open(database_url)
    yield opened
    await opened.close()


def an_alert(**changes: Any) -> Alert:
    alert = Alert(
        id=1,
        fingerprint="f1",
        rule="health-check-failed",
        severity=Severity.HIGH,
        summary="redis is down",
        started_at=T0,
        opened_at=T0,
        last_seen_at=T0,
    )
    return replace(alert, **changes)


async def test_next_id_counts_up_from_one(store: Store) -> None:
    assert [await store.transact(lambda unit: unit.next_id("alert")) for _ in range(3)] == [1, 2, 3]

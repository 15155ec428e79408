"""Rooms run on SQLite: what differs between databases is the store's, and held to by its contracts.

What must not fail on either runs on both: the engine, the lives of alerts, incidents and postmortems.
"""

import pytest


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    return sqlite_url

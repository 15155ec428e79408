"""A store on each database."""

from collections.abc import AsyncIterator

import pytest

from storage.unit_of_work import Store


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    opened = await Store.open(database_url)
    yield opened
    await opened.close()

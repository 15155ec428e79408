"""Each server fixture, proven with the client that the program uses."""

import asyncpg
import pytest
import redis.asyncio

from tests.servers.postgresql import PostgreSQL


@pytest.mark.server
async def test_postgresql_answers_sql(postgresql_url: str) -> None:
    connection = await asyncpg.connect(postgresql_url)
    try:
        await connection.execute("CREATE TABLE alert (id int)")
        assert await connection.fetchval("SELECT count(*) FROM alert") == 0
    finally:
        await connection.close()


@pytest.mark.server
def test_postgresql_database_is_fresh_for_each_test(postgresql: PostgreSQL, postgresql_url: str) -> None:
    name = postgresql_url.rpartition("/")[2]
    assert postgresql.run("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'", name) == "0"


@pytest.mark.server
async def test_redis_keeps_what_is_set(redis_url: str) -> None:
    async with redis.asyncio.Redis.from_url(redis_url) as client:
        await client.set("k", "v")
        assert await client.get("k") == b"v"


@pytest.mark.server
async def test_redis_is_empty_for_each_test(redis_url: str) -> None:
    async with redis.asyncio.Redis.from_url(redis_url) as client:
        assert await client.dbsize() == 0


def test_a_database_url_names_the_database_kind(database_url: str) -> None:
    assert database_url.startswith(("sqlite:///", "postgresql://"))

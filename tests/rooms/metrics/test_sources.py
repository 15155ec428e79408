"""Each kind of source against the real thing: PostgreSQL, Redis, Prometheus, and this machine."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import asyncpg
import httpx
import psutil
import pytest
import redis.asyncio
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.config.manage import load
from bot.metrics import service
from bot.metrics.sources.host import HOST
from bot.metrics.sources.postgres import POSTGRES
from bot.metrics.sources.prometheus import PROMETHEUS
from bot.metrics.sources.redis import REDIS
from bot.ports import Ports, Source
from storage.tables import samples, sources
from storage.unit_of_work import Store
from tests.fakes.ports import make_ports
from tests.servers.postgresql import PostgreSQL
from tests.servers.process import free_port
from tests.servers.promql import prometheus, watching

KINDS = {kind.type: kind for kind in (HOST, POSTGRES, PROMETHEUS, REDIS)}


@pytest.fixture
async def store(sqlite_url) -> AsyncIterator[Store]:
    opened = await Store.open(sqlite_url)
    yield opened
    await opened.close()


@pytest.fixture
async def bot(store) -> AsyncIterator[Callable[..., Ports]]:
    """Ports with one configured source, and a clock that goes."""
    async with httpx.AsyncClient(trust_env=False) as http:

        def make(kind: Source, **options: Any) -> Ports:
            listed = [{"name": "it", "type": kind.type, "options": options}]
            manage = load(None, checks={}, channels={}, sources=KINDS, base={"metrics": {"sources": listed}})
            now = lambda: datetime.now(UTC)  # noqa: E731 - a clock
            return make_ports(store, now=now, manage=manage, sources=[kind], http=http)

        yield make


async def newest(ports: Ports) -> dict[Any, float]:
    """The newest values by metric, or by metric and the label that tells its series apart."""
    async with ports.store.read() as conn:
        (state,) = await sources.everything(conn)
        assert state.failure == ""
        found = await samples.latest(conn, await samples.names(conn), datetime.min.replace(tzinfo=UTC))
    values = {}
    for one in found:
        extra = [value for name, value in one.labels.items() if name != "source"]
        values[(one.metric, *extra) if extra else one.metric] = one.value
    return values


async def failure_of(ports: Ports) -> str:
    state, found = await service.read(service.configured(ports)["it"], ports)
    assert found == []
    return state.failure


@pytest.mark.server
async def test_postgres_tells_its_sessions_and_size(bot, postgresql_url):
    ports = bot(POSTGRES, url=postgresql_url)
    await service.collect(ports)

    found = await newest(ports)

    assert found["db_pool_size"] == 200
    assert 1 <= found["db_connections"] <= 200
    assert found["db_size"] > 1_000_000
    assert (found["db_locks_waiting"], found["db_longest_transaction"]) == (0, 0)


@pytest.mark.server
async def test_postgres_tells_rates_from_the_second_reading_on(bot, postgresql_url):
    ports = bot(POSTGRES, url=postgresql_url)
    await service.collect(ports)
    assert "db_transactions" not in await newest(ports)
    connection = await asyncpg.connect(postgresql_url)
    for _ in range(50):
        await connection.execute("SELECT count(*) FROM pg_class")
    await connection.close()  # a session's statistics are seen by others at its end, at the latest

    await service.collect(ports)

    found = await newest(ports)
    assert found["db_transactions"] > 0
    assert (found["db_deadlocks"], found["db_rollbacks"]) == (0, 0)
    assert 0.5 < found["db_cache_hit_ratio"] <= 1


@pytest.mark.server
async def test_postgres_tells_who_waits_and_who_holds_a_transaction_open(bot, postgresql_url):
    ports = bot(POSTGRES, url=postgresql_url)
    holder, waiter = await asyncpg.connect(postgresql_url), await asyncpg.connect(postgresql_url)
    await holder.execute("CREATE TABLE t (id int)")
    await holder.execute("BEGIN; LOCK TABLE t")
    waiting = asyncio.create_task(waiter.execute("BEGIN; LOCK TABLE t"))
    try:
        async with asyncio.timeout(10):
            while not await holder.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):  # noqa: ASYNC110 - a lock raises no event
                await asyncio.sleep(0.01)
        await service.collect(ports)
    finally:
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        holder.terminate()
        waiter.terminate()

    found = await newest(ports)
    assert (found["db_locks_waiting"], found["db_idle_in_transaction"], found["db_connections_active"]) == (1, 1, 1)
    assert found["db_longest_transaction"] > 0


@pytest.mark.server
async def test_postgres_leaves_out_what_its_user_may_not_see(bot, postgresql: PostgreSQL, postgresql_url):
    name = f"limited_{postgresql_url[-12:]}"
    postgresql.run(f"CREATE ROLE {name} LOGIN")
    try:
        ports = bot(POSTGRES, url=postgresql_url.replace("postgres@", f"{name}@"))
        await service.collect(ports)
        found = await newest(ports)
    finally:
        postgresql.run(f"DROP ROLE {name}")

    assert found["db_connections"] >= 1
    assert {"db_connections_active", "db_idle_in_transaction", "db_longest_transaction"}.isdisjoint(found)


@pytest.mark.server
async def test_redis_tells_its_memory_clients_and_keys(bot, redis_url):
    ports = bot(REDIS, url=redis_url)
    async with redis.asyncio.Redis.from_url(redis_url) as client:
        await client.set("k", "v")
        await service.collect(ports)

    found = await newest(ports)

    assert (found["redis_keys"], found["redis_replicas"]) == (1, 0)
    assert found["redis_memory_used"] > 100_000
    assert found["redis_clients"] >= 2
    assert {"redis_memory_max", "redis_memory_usage", "redis_hit_rate", "redis_replication_lag"}.isdisjoint(found)


@pytest.mark.server
async def test_redis_tells_hits_operations_and_its_limit(bot, redis_url):
    ports = bot(REDIS, url=redis_url)
    async with redis.asyncio.Redis.from_url(redis_url) as client:
        await client.config_set("maxmemory", 100_000_000)
        try:
            await client.set("k", "v")
            await service.collect(ports)
            for name in ("k", "k", "k", "nothing"):
                await client.get(name)
            await service.collect(ports)
        finally:
            await client.config_set("maxmemory", 0)

    found = await newest(ports)

    assert found["redis_hit_rate"] == 0.75
    assert found["redis_operations"] > 0
    assert found["redis_memory_max"] == 100_000_000
    assert found["redis_memory_usage"] == pytest.approx(found["redis_memory_used"] / 100_000_000)


async def test_the_host_tells_what_psutil_sees(bot):
    ports = bot(HOST)
    await service.collect(ports)
    sum(i * i for i in range(300_000))
    await service.collect(ports)

    found = await newest(ports)

    assert found["disk_usage", "/"] == pytest.approx(psutil.disk_usage("/").percent / 100, abs=0.05)
    assert found["memory_available"] == pytest.approx(psutil.virtual_memory().available, rel=0.3)
    assert 0 <= found["cpu"] <= 100 * (1 + 1e-9)  # a quotient of floats
    assert min(found["network_in"], found["network_out"], found["load"]) >= 0
    assert ("swap" in found) == bool(psutil.swap_memory().total)


async def test_the_host_measures_the_mounts_that_it_is_told(bot, tmp_path):
    ports = bot(HOST, mounts=str(tmp_path))
    await service.collect(ports)

    assert [key for key in await newest(ports) if key[0] == "disk_usage"] == [("disk_usage", str(tmp_path))]


async def test_a_mount_that_is_not_there_is_told_and_the_rest_is_measured(bot):
    ports = bot(HOST, mounts=["/", "/no/such/place"])

    state, found = await service.read(service.configured(ports)["it"], ports)

    assert state.failure == "/no/such/place: no such file or directory"
    assert {"memory", "disk_usage"} <= {one.metric for one in found}


@pytest.mark.server
async def test_prometheus_gives_a_scalar_and_a_vector(bot, prometheus_url):
    queries = {"queue_length": "42", "error_rate": 'label_replace(vector(0.07), "service", "api", "", "")'}
    ports = bot(PROMETHEUS, url=prometheus_url, queries=queries)
    await service.collect(ports)

    assert await newest(ports) == {"queue_length": 42, ("error_rate", "api"): 0.07}


@pytest.mark.server
async def test_prometheus_gives_what_it_scraped(bot, tmp_path):
    async def exposed(_request: web.Request) -> web.Response:
        return web.Response(text='jobs_waiting{queue="mail"} 7\njobs_waiting{queue="pay"} 3\n')

    app = web.Application()
    app.router.add_get("/metrics", exposed)
    async with TestServer(app) as target:
        with await asyncio.to_thread(lambda: prometheus(tmp_path, watching(target.port))) as url:
            ports = bot(PROMETHEUS, url=url, queries={"queue_length": "sum by (queue) (jobs_waiting)"})
            async with asyncio.timeout(20):
                while not (found := (await service.read(service.configured(ports)["it"], ports))[1]):  # noqa: ASYNC110 - nor does a scrape
                    await asyncio.sleep(0.05)

    assert {(one.labels["queue"], one.labels["source"], one.value) for one in found} == {
        ("mail", "it", 7),
        ("pay", "it", 3),
    }


@pytest.mark.server
@pytest.mark.parametrize("query", ["vector(0) / 0", "no_such_metric", "vector(1) / 0"])
async def test_what_prometheus_has_no_number_for_is_absent(bot, prometheus_url, query):
    ports = bot(PROMETHEUS, url=prometheus_url, queries={"error_rate": query})
    await service.collect(ports)

    assert await newest(ports) == {}


@pytest.mark.server
async def test_one_query_that_is_wrong_leaves_the_others_alone(bot, prometheus_url):
    ports = bot(PROMETHEUS, url=prometheus_url, queries={"error_rate": "sum(", "queue_length": "1"})

    state, found = await service.read(service.configured(ports)["it"], ports)

    assert state.failure.startswith("error_rate: ")
    assert "parse error" in state.failure
    assert [one.metric for one in found] == ["queue_length"]


@pytest.mark.server
async def test_a_query_for_a_range_is_told(bot, prometheus_url):
    said = await failure_of(bot(PROMETHEUS, url=prometheus_url, queries={"error_rate": "up[5m]"}))

    assert said == "error_rate: the query gives a matrix, not one value for each series"


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (401, "", "does not take the token"),
        (200, "<html>", "not what Prometheus answers"),
        (200, "[]", "not what Prometheus answers"),
        (502, '{"status": "error"}', "not what Prometheus answers"),
        (200, '{"status": "success", "data": {"resultType": "scalar", "result": [1]}}', "not what Prometheus"),
        (200, '{"status": "success", "data": {"resultType": "vector", "result": [7]}}', "not what Prometheus"),
    ],
)
async def test_an_answer_that_is_not_prometheus_is_told(bot, status, body, said):
    async def answer(_request: web.Request) -> web.Response:
        return web.Response(status=status, text=body)

    app = web.Application()
    app.router.add_post("/api/v1/query", answer)
    async with TestServer(app) as server:
        assert said in await failure_of(
            bot(PROMETHEUS, url=str(server.make_url("/")), token="t0ken-0815", queries={"error_rate": "1"})
        )


@pytest.mark.server
async def test_readings_stay_within_the_time_between_rounds(bot, postgresql_url):
    ports = bot(POSTGRES, url=postgresql_url)
    for _ in range(3):
        await service.collect(ports)
    async with ports.store.read() as conn:
        times = [sample.at for sample in await samples.series(conn, "db_connections")]

    assert all(earlier < later for earlier, later in pairwise(times))


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        (POSTGRES, {"url": "postgresql://u:s3cret@127.0.0.1:{port}/x"}),
        (REDIS, {"url": "redis://u:s3cret@127.0.0.1:{port}/0"}),
        (PROMETHEUS, {"url": "http://127.0.0.1:{port}", "queries": {"error_rate": "1"}}),
    ],
    ids=lambda value: getattr(value, "type", ""),
)
async def test_a_server_that_is_not_there_is_told(bot, kind, options):
    port = free_port()
    aimed = {key: value.format(port=port) if isinstance(value, str) else value for key, value in options.items()}

    assert await failure_of(bot(kind, **aimed)) == f"connection refused by 127.0.0.1:{port}"

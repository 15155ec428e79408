"""Samples of a database from before series had rows of their own."""

from datetime import timedelta

from sqlalchemy import text

from storage import engine as engines
from storage.records.samples import Sample
from storage.tables import samples
from storage.unit_of_work import Store
from tests.fakes.ports import T0
from tests.servers.databases import upgrade

OLD = [
    Sample(metric="check_up", at=T0, value=1, labels={"check": "web"}),
    Sample(metric="check_up", at=T0 + timedelta(minutes=1), value=0, labels={"check": "web"}),
    Sample(metric="check_up", at=T0, value=1, labels={"check": "db"}),
]


def written(one: Sample, at: engines.Address):
    return one.at if at.dialect == "postgresql" else one.at.strftime("%Y-%m-%d %H:%M:%S.%f")


async def test_samples_of_before_are_still_there(empty_database_url: str) -> None:
    at = engines.address(empty_database_url)
    engine = engines.create(at, foreign_keys=False)

    async with engine.begin() as conn:
        await conn.run_sync(upgrade, "0001")
        for one in OLD:
            labels = f'{{"check":"{one.labels["check"]}"}}'
            put = text("INSERT INTO samples (metric, labels, at, value) VALUES (:metric, :labels, :at, :value)")
            await conn.execute(
                put, {"metric": one.metric, "labels": labels, "at": written(one, at), "value": one.value}
            )
    await engine.dispose()

    store = await Store.open(empty_database_url)
    try:
        async with store.read() as conn:
            assert await samples.series(conn, "check_up", {"check": "web"}) == OLD[:2]
            assert await samples.series(conn, "check_up", {"check": "db"}) == OLD[2:]
        await store.transact(lambda unit: samples.insert(unit.conn, [OLD[0]]))
        async with store.read() as conn:
            assert len(await samples.series(conn, "check_up", {"check": "web"})) == 3
    finally:
        await store.close()

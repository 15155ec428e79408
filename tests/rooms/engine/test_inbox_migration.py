"""Reports that an older version had in a table and did not decide yet."""

from pathlib import Path

from sqlalchemy import text

from storage import engine as engines
from storage.unit_of_work import Store
from tests.servers.databases import upgrade

ROWS = (('[{"name":"disk of the märz host"}]', 1), ('[{"name":"a"},{"name":"b"}]', 2))


async def test_they_are_in_the_inbox(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'bot.db'}"
    engine = engines.create(engines.address(url), foreign_keys=False)

    async with engine.begin() as conn:
        await conn.run_sync(upgrade, "0003")
        for reports, count in ROWS:
            put = text("INSERT INTO inbox (reports, count) VALUES (:reports, :count)")
            await conn.execute(put, {"reports": reports, "count": count})
    await engine.dispose()

    store = await Store.open(url)
    try:
        kept = await store.inbox()
        assert kept is not None
        assert [kept.content(place).decode() for place in kept.oldest(9)] == [reports for reports, _ in ROWS]
        assert kept.waiting == 3
        kept.close()
    finally:
        await store.close()

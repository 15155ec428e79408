"""An alert that may open no incident leaves no work for one."""

import pytest

from storage.tables import jobs
from tests.rooms.alerts.world import World


async def planned(world: World) -> list[str]:
    async with world.store.read() as conn:
        return [job.kind for job in await jobs.listing(conn, limit=100)]


@pytest.mark.parametrize("config", [{"incidents": {"open_for": ["critical"]}}], ids=["critical ones only"])
async def test_an_alert_of_another_severity_is_not_looked_at(world: World) -> None:
    await world.check("down")
    assert "reaction:alerts.post_card" in await planned(world)
    assert "reaction:incidents.declare" not in await planned(world)


async def test_an_alert_that_opens_muted_is_not_looked_at(world: World) -> None:
    await world.run("silence", "add", 'check="shop"', "--for=1h", "--comment=known")
    await world.check("down")
    assert (await world.alert()).muted_by
    assert "reaction:incidents.declare" not in await planned(world)

"""What checks went through stands in an incident, also where alerts are grouped by other labels than theirs."""

import pytest

from bot.postmortems.service import pack_of
from tests.rooms.alerts.world import World

PAGE = {"statuspage": {"components": [{"name": "Shop", "checks": ["shop"]}, {"name": "API", "checks": ["api"]}]}}


@pytest.mark.parametrize("config", [PAGE | {"alerts": {"group_by": ["alertname"]}}, PAGE], ids=["by name", "default"])
class TestAlertOfACheck:
    async def test_names_the_component_that_its_check_tells_of(self, world: World) -> None:
        await world.check("down")
        assert (await world.incident()).components == ("Shop",)

    async def test_has_the_changes_of_its_check_on_the_timeline(self, world: World) -> None:
        await world.check("down")
        await world.forward(minutes=1)
        await world.check("healthy", previous="down")
        lines = str((await world.run("incident", "timeline", "1")).steps)
        assert "Check shop went from healthy to down" in lines
        assert "Check shop went from down to healthy" in lines

    async def test_lets_the_postmortem_tell_how_long_it_was_down(self, world: World) -> None:
        await world.check("down")
        await world.forward(minutes=5)
        await world.check("healthy", previous="down")
        await world.run("incident", "resolve", "1")
        assert "check shop was degraded or down for" in str((await pack_of(world.ports, 1)).computed)

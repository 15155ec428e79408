"""What happens again and again in the tests of the status page."""

from bot.cards.card import Card
from bot.statuspage import service
from bot.statuspage.decide import Condition
from storage.records.checks import CheckState, Status
from storage.records.notices import Notice
from tests.fakes.ports import T0
from tests.rooms.alerts.world import World


async def declared(world: World, *more: str, severity: str = "critical") -> Card:
    """An incident of the shop; its title is for nobody outside."""
    return await world.run(
        "incident", "declare", "payments-db-3", "lost", "--severity", severity, "--component", "Shop", *more
    )


async def healthy(world: World) -> None:
    for name in ("shop", "smtp"):
        state = CheckState(
            name=name, type="http", status=Status.HEALTHY, since=T0, observed=Status.HEALTHY,
            streak=3, streak_since=T0, observed_at=world.clock(),
        )  # fmt: skip
        await world.store.transact(lambda unit, state=state: unit.save(state))


async def notice(world: World, number: int = 1) -> Notice:
    return await service.notice(world.ports, number)


async def shop(world: World) -> Condition:
    return (await service.overview(world.ports)).conditions["Shop"]

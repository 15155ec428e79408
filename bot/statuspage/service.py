"""What the public status page says now, read from held results and manage.yml."""

from bot.health.service import STALE_AFTER
from bot.ports import Ports
from bot.silences.maintenance import windows
from bot.statuspage import decide
from bot.statuspage.decide import AHEAD, Page
from storage.tables import checks


async def overview(ports: Ports) -> Page:
    """The page of now; raises `StoreError`. Nothing is probed: whoever asks must not be able to make work."""
    now, manage = ports.now(), ports.manage
    async with ports.store.read() as conn:
        held = {state.name: state for state in await checks.everything(conn)}
    return decide.page(
        manage.statuspage,
        held,
        windows(manage, now, now + AHEAD),
        now=now,
        fresh_for=STALE_AFTER * manage.health.every,
    )

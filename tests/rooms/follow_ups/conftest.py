"""The world of the alerts' tests with people in it, and an incident whose channel is C0000001."""

import pytest

from bot.ports import Profile
from tests.fakes.chat import FakeChat
from tests.rooms.alerts.conftest import clock, config, logged, world
from tests.rooms.alerts.world import LEAD, ONCALL, SECOND, World

__all__ = ["clock", "config", "logged", "world"]

CHANNEL = "C0000001"


@pytest.fixture
def chat() -> FakeChat:
    zones = {LEAD: "Europe/Berlin", ONCALL: "Europe/Berlin", SECOND: "America/New_York"}
    return FakeChat(
        profiles={user: Profile(user=user, name=user.lower(), timezone=zone) for user, zone in zones.items()}
    )


@pytest.fixture
async def incident(world: World) -> World:
    """One that everybody sees, with its channel."""
    await world.run("incident", "declare", "Checkout", "is", "slow")
    return world


@pytest.fixture
async def secret(world: World) -> World:
    """A private one, with its channel."""
    await world.run("incident", "declare", "Laptop", "stolen", "--private")
    return world


def star(world: World, text: str, *, author: str = ONCALL, ts: str = "1700.1") -> list[str]:
    """Somebody said it in the incident's channel; the command line that its star stands for."""
    world.slack.say(CHANNEL, ts, text, user=author)
    return ["followup", "add", f"--author={author}", f"--channel={CHANNEL}", f"--ts={ts}", "--", text]

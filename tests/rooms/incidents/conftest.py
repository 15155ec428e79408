"""The world of the alerts' tests, for its incidents."""

from tests.rooms.alerts.conftest import chat, clock, config, logged, world

__all__ = ["chat", "clock", "config", "logged", "world"]

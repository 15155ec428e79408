"""A small Slack workspace on this machine: an unmodified Bolt app connects to it through ``SLACK_API_URL``."""

from bot.sandbox.options import Options, Shortcut, SlashCommand, from_manifest
from bot.sandbox.people import PeopledWorkspace as Workspace
from bot.sandbox.server import serve
from bot.sandbox.workspace import Call, Violation

__all__ = ["Call", "Options", "Shortcut", "SlashCommand", "Violation", "Workspace", "from_manifest", "serve"]

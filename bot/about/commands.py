"""What people may ask about the configuration."""

import yaml

from bot.cards.card import Card, Code, Level
from bot.command import Context, command
from bot.config.masked import masked
from bot.permissions import Role


@command("config", role=Role.OPERATOR, reads=True)
async def config(ctx: Context) -> Card:
    """Show the configuration in force, from environment and manage.yml; secrets are masked."""
    shown = masked(ctx.ports.manage, ctx.ports.settings)
    told = yaml.safe_dump(shown, sort_keys=False, allow_unicode=True, width=100)
    file = ctx.ports.settings.manage_config
    return Card(
        title="Configuration in force",
        level=Level.INFO,
        steps=tuple(Code(line) for line in told.splitlines()),
        footer=f"manage.yml: {file}" if file else "No manage.yml: these are the defaults",
        data=shown,
    )

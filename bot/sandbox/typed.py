"""What a person types at the page, in the form in which Slack sends it on."""

import re

from bot.sandbox.mrkdwn import escape
from bot.sandbox.state import State

NAMED = re.compile(r"(https?://[^\s<>]+[\w/=&;#-])|(?<![\w&;/])([@#])([a-z0-9][a-z0-9._-]*[a-z0-9_-]|[a-z0-9])")


def wire(state: State, text: str, *, named: bool = False) -> str:
    """Escape a text; turn ``@handle``, ``@group`` and ``#channel`` into mentions and web addresses into links.

    ``named`` adds the name to a mention of a person, as slash commands with ``should_escape`` have it.
    """
    people = {user.name: user.id for user in state.users.values()}
    groups = {group["handle"]: group["id"] for group in state.usergroups.values()}
    channels = {channel.name: channel.id for channel in state.channels.values() if channel.kind != "im"}

    def mention(match: re.Match[str]) -> str:
        address, sign, name = match.groups()
        if address:
            return f"<{address}>"
        if sign == "#":
            return f"<#{channels[name]}|{name}>" if name in channels else match.group(0)
        if name in groups:
            return f"<!subteam^{groups[name]}|@{name}>"
        if name in ("here", "channel", "everyone"):
            return f"<!{name}>"
        if name not in people:
            return match.group(0)
        return f"<@{people[name]}|{name}>" if named else f"<@{people[name]}>"

    return NAMED.sub(mention, escape(text))

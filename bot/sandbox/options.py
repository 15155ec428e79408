"""What a sandbox workspace is started with: its app's manifest facts, its strictness and its timing."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

EVENT_SCOPES: Mapping[str, str | None] = {
    "app_home_opened": None,
    "app_mention": "app_mentions:read",
    "assistant_thread_started": None,
    "channel_archive": "channels:read",
    "channel_created": "channels:read",
    "channel_rename": "channels:read",
    "channel_unarchive": "channels:read",
    "file_shared": "files:read",
    "group_archive": "groups:read",
    "group_rename": "groups:read",
    "group_unarchive": "groups:read",
    "member_joined_channel": "channels:read",
    "member_left_channel": "channels:read",
    "message.channels": "channels:history",
    "message.groups": "groups:history",
    "message.im": "im:history",
    "pin_added": "pins:read",
    "pin_removed": "pins:read",
    "reaction_added": "reactions:read",
    "reaction_removed": "reactions:read",
}
"""Every event that the sandbox can send, with the scope that Slack demands for it."""

ALL_SCOPES = frozenset(
    [
        "app_mentions:read",
        "assistant:write",
        "bookmarks:read",
        "bookmarks:write",
        "canvases:write",
        "channels:history",
        "channels:join",
        "channels:manage",
        "channels:read",
        "chat:write",
        "chat:write.public",
        "commands",
        "files:read",
        "files:write",
        "groups:history",
        "groups:read",
        "groups:write",
        "im:history",
        "im:read",
        "im:write",
        "metadata.message:read",
        "mpim:read",
        "pins:read",
        "pins:write",
        "reactions:read",
        "reactions:write",
        "team:read",
        "usergroups:read",
        "usergroups:write",
        "users:read",
        "users:read.email",
    ]
)


@dataclass(frozen=True)
class Shortcut:
    """A shortcut of the app: in the menu of a message, or of the whole workspace."""

    name: str
    callback_id: str
    type: Literal["message", "global"]


@dataclass(frozen=True)
class SlashCommand:
    """A slash command of the app; ``should_escape`` turns typed names into ``<@U…>`` and ``<#C…>``."""

    command: str
    description: str = ""
    usage_hint: str = ""
    should_escape: bool = False


@dataclass(frozen=True, kw_only=True)
class Options:
    """The settings of one workspace. Times are seconds; tokens left out are made at random.

    ``retry_delays`` are the pauses before each repeated delivery of an unanswered event (Slack: at once, 1 and 5
    minutes). ``request_url`` switches from Socket Mode to signed HTTP requests. ``assistant`` says whether people can
    have the app as their assistant. ``demo_port`` starts the demo service on that port (0 is any free one). ``clock``
    gives Unix seconds and may be frozen by a test.
    """

    commands: tuple[SlashCommand, ...] = (
        SlashCommand("/do", "Health, alerts, incidents and postmortems", "manage health | alerts | help"),
    )
    shortcuts: tuple[Shortcut, ...] = ()
    scopes: frozenset[str] = ALL_SCOPES
    events: frozenset[str] = frozenset(EVENT_SCOPES)
    request_url: str | None = None
    enforce_rates: bool = False
    allow_broadcast: bool = False
    retry_delays: tuple[float, ...] = (0.0, 60.0, 300.0)
    ack_within: float = 3.0
    trigger_life: float = 3.0
    response_url_life: float = 1800.0
    assistant: bool = True
    demo_port: int | None = None
    bot_name: str = "do"
    bot_token: str | None = None
    app_token: str | None = None
    signing_secret: str | None = None
    clock: Callable[[], float] = time.time


def from_manifest(manifest: Mapping[str, Any], options: Options | None = None) -> Options:
    """Take scopes, events, commands and shortcuts from an app manifest (schema version 2); keep the rest.

    Events that the sandbox never sends are kept out, so that a subscription stays honest about what can arrive.
    """
    features = manifest.get("features", {})
    settings = manifest.get("settings", {})
    bot_events = settings.get("event_subscriptions", {}).get("bot_events", ())
    return replace(
        options or Options(),
        scopes=frozenset(manifest.get("oauth_config", {}).get("scopes", {}).get("bot", ())),
        events=frozenset(bot_events) & frozenset(EVENT_SCOPES),
        commands=tuple(
            SlashCommand(c["command"], c.get("description", ""), c.get("usage_hint", ""), c.get("should_escape", False))
            for c in features.get("slash_commands", ())
        ),
        shortcuts=tuple(Shortcut(s["name"], s["callback_id"], s["type"]) for s in features.get("shortcuts", ())),
        assistant="assistant_view" in features,
        bot_name=features.get("bot_user", {}).get("display_name", Options.bot_name),
    )

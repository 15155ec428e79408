"""The scopes of the bot's token, each with what it is for; manifest.yml asks for these and no others (pure)."""

from collections.abc import Mapping

SCOPES: Mapping[str, str] = {
    "app_mentions:read": "questions, and command lines in threads, where Slack takes no slash commands",
    "assistant:write": "what can be asked with one click in the assistant's pane",
    "bookmarks:read": "a look before a bookmark is added, so that none stands twice",
    "bookmarks:write": "status page, dashboard, runbook and postmortem on top of an incident's channel",
    "canvases:write": "approved postmortems as canvases, where the plan allows them",
    "channels:history": "replies to drafts, messages for the timeline, and a look before posting again",
    "channels:join": "entering the channels that the bot posts to",
    "channels:manage": "making, naming and archiving incident channels, inviting responders",
    "channels:read": "finding channels by name",
    "chat:write": "cards and answers",
    "commands": "the slash command and the shortcuts",
    "files:read": "pictures that people put on an incident's timeline",
    "files:write": "approved postmortems as files",
    "groups:history": "the same in private channels that the bot was invited to",
    "groups:read": "the same in private channels that the bot was invited to",
    "groups:write": "the channels of private incidents",
    "im:history": "questions to the bot alone, and a look before sending a page again",
    "im:write": "pages as direct messages",
    "metadata.message:read": "telling the bot's messages apart by their key, so that none is posted twice",
    "pins:write": "the summary card on top of an incident's channel",
    "reactions:read": "acknowledging and noting by emoji",
    "reactions:write": "the tick on a message that is on the timeline now",
    "usergroups:read": "roles and escalation by user group",
    "usergroups:write": "keeping the on-call user group in step",
    "users:read": "time zones of people",
    "users:read.email": "addresses of people, and people by their addresses",
}


def lacking(granted: frozenset[str]) -> list[str]:
    """The scopes that a token with `granted` has not; nothing when Slack did not say what it has."""
    return sorted(SCOPES.keys() - granted) if granted else []

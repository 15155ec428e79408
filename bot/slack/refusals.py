"""What Slack's error codes mean for the reader: one line with what was tried, and the mend (pure)."""

from collections.abc import Mapping
from typing import Any

from bot.ports import ChatError

TOKEN = "set SLACK_BOT_TOKEN to the Bot User OAuth Token of the app's OAuth & Permissions page"  # noqa: S105 - a mend
CANVAS_PLAN = "the workspace's plan allows no such canvas; leave canvases out, the file says the same"
MENDS: Mapping[str, str] = {
    "account_inactive": f"the app was uninstalled: reinstall it and {TOKEN}",
    "already_archived": "nothing is to be done",
    "canvas_disabled_user_team": "an admin switched canvases off; allow them, or leave canvases out",
    "canvas_too_large": "say it shorter, or take the file instead",
    "cant_archive_general": "the general channel cannot be archived; archive another one",
    "cant_update_message": "the message is not the bot's own; let it post a new one",
    "channel_not_found": "create it (invite the bot into a private one) or name another under `channels` in manage.yml",
    "free_team_canvas_tab_already_exists": CANVAS_PLAN,
    "free_teams_cannot_create_non_tabbed_canvases": CANVAS_PLAN,
    "free_teams_cannot_create_standalone_canvases": CANVAS_PLAN,
    "free_teams_cannot_edit_standalone_canvases": CANVAS_PLAN,
    "invalid_auth": TOKEN,
    "invalid_name_specials": "use lower-case letters, digits, - and _ in channel names (incidents.channel_prefix)",
    "is_archived": "unarchive the channel, or name another one under `channels` in manage.yml",
    "is_inactive": "unarchive the channel to change its messages",
    "message_not_found": "the message was deleted; run the command again for a new one",
    "msg_blocks_too_long": "ask for a smaller page",
    "msg_too_long": "say it shorter",
    "name_taken": "rename or unarchive the channel of that name, or set incidents.channel_prefix in manage.yml",
    "no_such_subteam": "make the user group in Slack, or name another one in manage.yml",
    "not_allowed_token_type": TOKEN,
    "not_authed": TOKEN,
    "not_in_channel": "type /invite and the bot's name in that channel",
    "permission_denied": "let apps change user groups in Slack's workspace settings, or manage the group by hand",
    "plan_upgrade_required": "the workspace's plan has no user groups; leave usergroup out of manage.yml",
    "restricted_action": "a workspace setting forbids it; ask a workspace admin to allow it for this app",
    "team_tier_cannot_create_channel_canvases": CANVAS_PLAN,
    "token_expired": TOKEN,
    "token_revoked": f"reinstall the app and {TOKEN}",
    "too_many_bookmarks": "take bookmarks out of the channel, Slack allows 100",
    "too_many_pins": "take pins out of the channel, Slack allows 100",
    "user_not_found": "look up the user's id in their Slack profile (Copy member ID)",
    "user_not_in_channel": "the user has to join the channel first",
}
UNAVAILABLE = frozenset(
    {
        "canvas_editing_locked",
        "fatal_error",
        "internal_error",
        "ratelimited",
        "request_timeout",
        "service_unavailable",
        "team_added_to_org",
        "too_many_requests",
        "unreachable",
    }
)
"""Codes that say nothing about the call itself: the same call may succeed later."""
BAD_TOKEN = frozenset(
    {"account_inactive", "invalid_auth", "not_allowed_token_type", "not_authed", "token_expired", "token_revoked"}
)
BAD_BLOCKS = frozenset(
    {"invalid_attachments", "invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long", "unsupported_block_type"}
)


def refusal(method: str, channel: str, body: Mapping[str, Any]) -> ChatError:
    """The error of a call that Slack refused with this answer."""
    code = str(body.get("error") or "unknown_error")
    where = f" in {channel}" if channel else ""
    if code == "missing_scope":
        needed = str(body.get("needed") or "the scope that the method needs")
        return ChatError(
            code,
            f"Slack refuses {method}{where}: the token lacks the scope {needed}; "
            "add it in manifest.yml and reinstall the app",
        )
    mend = MENDS.get(code) or ("it is tried again" if code in UNAVAILABLE else f"see docs.slack.dev, method {method}")
    detail = "; ".join(str(m) for m in (body.get("response_metadata") or {}).get("messages") or ())
    said = f"{code} ({' '.join(detail.split())[:200]})" if detail else code
    return ChatError(code, f"Slack refuses {method}{where}: {said}; {mend}", retry=code in UNAVAILABLE)


def unreachable(method: str, error: BaseException) -> ChatError:
    """The error of a call that got no answer."""
    said = " ".join(str(error).split())[:200] or type(error).__name__
    return ChatError(
        "unreachable",
        f"Slack does not answer {method} ({said}); it is tried again, see the network and SLACK_API_URL",
        retry=True,
    )

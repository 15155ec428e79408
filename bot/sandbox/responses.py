"""What the app says in answer to an interaction: by its acknowledgement or through the response URL."""

from aiohttp import web

from bot.sandbox import posting
from bot.sandbox.args import Args
from bot.sandbox.content import content
from bot.sandbox.refusal import Refused
from bot.sandbox.state import BOT_USER_ID, Json, Message
from bot.sandbox.tickets import ResponseUrl
from bot.sandbox.workspace import Workspace

FIELDS = frozenset(
    [
        "text",
        "blocks",
        "attachments",
        "response_type",
        "replace_original",
        "delete_original",
        "thread_ts",
        "metadata",
        "unfurl_links",
        "unfurl_media",
        "mrkdwn",
        "parse",
        "link_names",
    ]
)


async def serve_response(request: web.Request, workspace: Workspace) -> web.Response:
    """``POST /response/{secret}``: at most five answers within half an hour."""
    try:
        target = workspace.tickets.answer(request.match_info["secret"])
        respond(workspace, target, await read(request))
    except Refused as refusal:
        status = 404 if refusal.error in ("used_url", "expired_url", "invalid_url") else 400
        return web.json_response({"ok": False, "error": refusal.error}, status=status)
    return web.Response(text="ok")


async def read(request: web.Request) -> Json:
    """Give the JSON object of a request. Raises ``Refused``."""
    try:
        body = await request.json()
    except ValueError:
        raise Refused("invalid_payload") from None
    if not isinstance(body, dict):
        raise Refused("invalid_payload")
    return body


def respond(workspace: Workspace, target: ResponseUrl, body: Json) -> Message | None:
    """Post, replace or delete as the answer says. Raises ``Refused``."""
    for unknown in sorted(body.keys() - FIELDS):
        workspace.violate("response_url", "unknown_argument", unknown)
    channel = workspace.state.channels[target.channel]
    source = channel.messages.get(target.message_ts or "")
    if body.get("delete_original"):
        if source:
            posting.remove(workspace, source)
        return None
    fields = content(workspace, "response_url", Args(body))
    if body.get("replace_original") and source and source.by_bot:
        changes = {name: value for name, value in fields.items() if name != "metadata" or value is not None}
        posting.edit(workspace, source, **changes)
        return source
    only_for = None if body.get("response_type") == "in_channel" else target.user
    thread_ts = body.get("thread_ts")
    return posting.publish(workspace, channel, BOT_USER_ID, **fields, only_for=only_for, thread_ts=thread_ts)

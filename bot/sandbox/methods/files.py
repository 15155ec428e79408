"""``files.*``: uploading in three steps (address, bytes, completion) and looking up."""

import hmac
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from bot.sandbox import posting, shapes
from bot.sandbox.args import Args, Method
from bot.sandbox.content import message_blocks
from bot.sandbox.methods import lookup
from bot.sandbox.methods.chat import may_post, thread_of
from bot.sandbox.mrkdwn import normalised
from bot.sandbox.refusal import Refused, invalid_arguments
from bot.sandbox.state import BOT_USER_ID, File, Json, new_id
from bot.sandbox.workspace import Workspace

LARGEST = 20 * 1024 * 1024


def upload_url(workspace: Workspace, args: Args) -> Json:
    """``files.getUploadURLExternal``."""
    length = args.number("length", 0)
    if length < 1:
        raise invalid_arguments("must be greater than 0 [json-pointer:/length]")
    if length > LARGEST:
        raise Refused("file_upload_size_restricted")
    file = File(new_id("F"), args.text("filename"), length, workspace.state.now(), BOT_USER_ID)
    workspace.state.files[file.id] = file
    return {"upload_url": f"{workspace.url}upload/{file.id}", "file_id": file.id}


async def serve_upload(request: web.Request, workspace: Workspace) -> web.Response:
    """``POST /upload/{file}``: the bytes, plain or as the multipart field ``file``."""
    file = workspace.state.files.get(request.match_info["file"])
    if file is None or file.content is not None:
        raise web.HTTPNotFound(text="There is no file to upload at this address.")
    if request.content_type == "multipart/form-data":
        part = (await request.post()).get("file") or (await request.post()).get("filename")
        content = part.file.read() if isinstance(part, web.FileField) else b""
    else:
        content = await request.read()
    if len(content) != file.length:
        problem = f"The file has {len(content)} bytes, but {file.length} were announced."
        return web.Response(status=400, text=problem)
    file.content = content
    return web.Response(text=f"OK - {len(content)}")


async def serve_download(request: web.Request, workspace: Workspace) -> web.Response:
    """Serve ``GET /files/{file}``, the ``url_private`` of a file, to the bot's token alone."""
    file = workspace.state.files.get(request.match_info["file"])
    if not hmac.compare_digest(request.headers.get("Authorization", ""), f"Bearer {workspace.bot_token}"):
        raise web.HTTPForbidden(text="The address of a file needs the bot's token.")
    if file is None or file.content is None:
        raise web.HTTPNotFound(text="There is no such file.")
    return web.Response(body=file.content, content_type=shapes.mimetype(file.name))


def complete(workspace: Workspace, args: Args) -> Json:
    """``files.completeUploadExternal``: share what was uploaded, with one message for all files."""
    entries = args.parsed("files", "invalid_arguments")
    if not isinstance(entries, list) or not entries:
        raise invalid_arguments("must be a non-empty array [json-pointer:/files]")
    files = [uploaded(workspace, entry) for entry in entries]
    channels = [lookup.channel(workspace, name) for name in args.words("channels") or args.words("channel_id")]
    for channel in channels:
        may_post(workspace, channel)
        if BOT_USER_ID not in channel.members:
            raise Refused("not_in_channel")
    threads = [thread_of(channel, args) for channel in channels]
    blocks = message_blocks(workspace, "files.completeUploadExternal", args.parsed("blocks", "invalid_blocks"))
    for file, entry in zip(files, entries, strict=True):
        file.title, file.complete = str(entry.get("title") or file.name), True
        file.channels += [channel.id for channel in channels]
    text = normalised(args.text("initial_comment"))
    for channel, thread_ts in zip(channels, threads, strict=True):
        more = {"blocks": blocks, "thread_ts": thread_ts, "files": [file.id for file in files], "subtype": "file_share"}
        posting.publish(workspace, channel, BOT_USER_ID, text, **more)
    return {"files": [shapes.file(workspace.state, file) for file in files]}


def uploaded(workspace: Workspace, entry: Any) -> File:
    """Give a file whose bytes have come. Raises ``Refused``."""
    file = workspace.state.files.get(str(entry.get("id")) if isinstance(entry, dict) else "")
    if file is None or file.content is None or file.complete:
        raise Refused("file_not_found")
    return file


def info(workspace: Workspace, args: Args) -> Json:
    """``files.info``."""
    file = workspace.state.files.get(args.text("file"))
    if file is None or not file.complete:
        raise Refused("file_not_found")
    return {"file": shapes.file(workspace.state, file), "comments": [], "response_metadata": {"next_cursor": ""}}


WRITE = {"any": "files:write"}
METHODS: Mapping[str, Method] = {
    "files.getUploadURLExternal": Method(
        upload_url, "snippet_type alt_txt", required="length filename", scopes=WRITE, tier=4, json=False
    ),
    "files.completeUploadExternal": Method(
        complete,
        "channel_id channels thread_ts initial_comment blocks username icon_url icon_emoji",
        required="files",
        scopes=WRITE,
        tier=4,
    ),
    "files.info": Method(
        info, "count cursor limit page", required="file", scopes={"any": "files:read"}, tier=4, json=False
    ),
}

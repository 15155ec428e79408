"""`Files`: what is uploaded to Slack and fetched from it, and the canvases of its channels."""

import json
from collections.abc import AsyncIterator, Mapping
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from slack_sdk.errors import SlackApiError

from bot.ports import ChatError, Download
from bot.slack.calls import SERVER_ERROR, Calls
from bot.slack.conversations import Conversations
from bot.slack.identity import Identity
from bot.slack.refusals import refusal, unreachable

FILE_HOSTS = ("files.slack.com", "files-edge.slack.com", "files-origin.slack.com")
"""Slack's own hosts of files: the token goes there, and to the host of the API itself, nowhere else."""
CHUNK = 64 * 1024
OK = 200
CANVAS_TABS = frozenset({"canvas", "channel_canvas"})


class Files:
    """Files and canvases of a workspace."""

    def __init__(self, calls: Calls, conversations: Conversations) -> None:
        self._calls = calls
        self._conversations = conversations

    async def upload(self, channel: str, name: str, title: str, content: str | bytes, thread_ts: str) -> str:
        """Upload a file; gives its id."""
        place = await self._conversations.id_of(channel)
        return await self._conversations.as_member(place, lambda: self._upload(place, name, title, content, thread_ts))

    async def standing(self, channel: str, name: str, thread_ts: str, me: Identity) -> str:
        """The id of the bot's own file of that name that was shared there, "" when there is none."""
        place = await self._conversations.id_of(channel)
        return await self._conversations.as_member(place, lambda: self._standing(place, name, thread_ts, me.user_id))

    async def _standing(self, place: str, name: str, thread_ts: str, me: str) -> str:
        async for said in self._conversations.said(place, thread_ts):
            for file in said.get("files") or ():
                if (file.get("name"), file.get("user")) == (name, me):
                    return str(file["id"])
        return ""

    async def _upload(self, place: str, name: str, title: str, content: str | bytes, thread_ts: str) -> str:
        method = "files.completeUploadExternal"
        try:
            answer = await self._calls.web.files_upload_v2(
                channel=place, filename=name, title=title, content=content, thread_ts=thread_ts or None
            )
        except SlackApiError as error:
            body = error.response.data if hasattr(error.response, "data") else {}
            raise refusal(method, place, body if isinstance(body, dict) else {}) from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise unreachable(method, error) from error
        return str(answer["files"][0]["id"])

    async def download(self, file: str, most: int) -> Download:
        """A file that people shared, of at most `most` bytes. Raises `ChatError`."""
        told = (await self._calls.call("files.info", file=file)).get("file") or {}
        name, mime = str(told.get("name") or file), str(told.get("mimetype") or "application/octet-stream")
        if int(told.get("size") or 0) > most:
            raise _too_large(name, most)
        address = str(told.get("url_private_download") or told.get("url_private") or "")
        if not self._is_slacks(address):
            raise ChatError(
                "not_on_slack", f"{name} lies outside Slack, where the bot's token is not sent; upload the file itself"
            )
        return Download(name=name, mime=mime, content=await self._fetched(address, name, mime, most))

    def _is_slacks(self, address: str) -> bool:
        there, api = urlsplit(address), urlsplit(self._calls.web.base_url)
        if there.username or there.password:
            return False
        if (there.scheme, there.netloc) == (api.scheme, api.netloc):
            return True
        return there.scheme == "https" and there.hostname in FILE_HOSTS and there.port in {None, 443}

    async def _fetched(self, address: str, name: str, mime: str, most: int) -> bytes:
        web = self._calls.web
        if web.session is None:
            raise ChatError("unreachable", "files are fetched over a kept session; open the chat with `sessioned`")
        headers = {"Authorization": f"Bearer {web.token}"}
        try:
            # a redirection would carry the token to wherever it leads
            async with web.session.get(address, headers=headers, proxy=web.proxy, allow_redirects=False) as answer:
                if answer.status != OK or (answer.content_type == "text/html" != mime):
                    raise ChatError(
                        "file_not_readable",
                        f"Slack does not give {name} out (HTTP {answer.status}); "
                        "the token needs the scope files:read, and the bot must be in a channel where it is shared",
                        retry=answer.status >= SERVER_ERROR,
                    )
                return b"".join([part async for part in _bounded(answer, name, most)])
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise unreachable(f"the file {name}", error) from error

    async def canvas(self, channel: str, title: str, markdown: str) -> str:
        """Write the text into the channel's canvas of that title, made when there is none. Raises `ChatError`."""
        place = await self._conversations.id_of(channel)
        async with self._calls.lanes.hold(f"canvas {place}"):
            return await self._conversations.as_member(place, lambda: self._written(place, title, markdown))

    async def _written(self, place: str, title: str, markdown: str) -> str:
        content = {"type": "markdown", "markdown": markdown}
        own, others = await self._canvases(place)
        for canvas in [*own, *others]:
            found = await self._titled(canvas, title)
            if found is not None:
                change = {"operation": "replace", "document_content": content}
                await self._calls.call("canvases.edit", canvas_id=canvas, changes=json.dumps([change]))
                return str(found.get("permalink") or canvas)
        # the channel's own canvas may be in use for something else: that one is left alone
        method = "canvases.create" if own else "conversations.canvases.create"
        answer = await self._calls.call(
            method, repeatable=False, channel_id=place, title=title, document_content=json.dumps(content)
        )
        return str(answer["canvas_id"])

    async def _canvases(self, place: str) -> tuple[list[str], list[str]]:
        """The ids of the channel's own canvas, if it has one, and of those in its tabs."""
        channel = (await self._calls.call("conversations.info", channel=place)).get("channel") or {}
        properties = channel.get("properties") or {}
        own = str((properties.get("canvas") or {}).get("file_id") or "")
        tabs = [
            str((tab.get("data") or {}).get("file_id") or "")
            for tab in properties.get("tabs") or ()
            if tab.get("type") in CANVAS_TABS
        ]
        return [own] if own else [], [tab for tab in dict.fromkeys(tabs) if tab and tab != own]

    async def _titled(self, canvas: str, title: str) -> Mapping[str, Any] | None:
        try:
            told = (await self._calls.call("files.info", file=canvas)).get("file") or {}
        except ChatError as error:
            if error.code in {"file_not_found", "file_deleted"}:
                return None
            raise
        return told if told.get("title") == title else None


async def _bounded(answer: aiohttp.ClientResponse, name: str, most: int) -> AsyncIterator[bytes]:
    """The body in parts, as long as it keeps to `most` bytes; what it says of its length is not believed."""
    came = 0
    async for part in answer.content.iter_chunked(CHUNK):
        came += len(part)
        if came > most:
            raise _too_large(name, most)
        yield part


def _too_large(name: str, most: int) -> ChatError:
    return ChatError("too_large", f"{name} has more than {most} bytes; share a smaller one, or link to it")

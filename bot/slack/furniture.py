"""`Furniture`: what is put on channels and messages, each once: topic, pins, bookmarks, reactions; open or archived."""

from typing import Any

from bot.phrasing import cut
from bot.ports import ChatError, Posted
from bot.slack.calls import Calls, Unsure
from bot.slack.conversations import Conversations

TOPIC = 250
BOOKMARK_TITLE = 256
TRIES = 3


class Furniture:
    """Marks of channels and messages."""

    def __init__(self, calls: Calls, conversations: Conversations) -> None:
        self._calls = calls
        self._conversations = conversations

    async def topic(self, channel: str, text: str) -> None:
        """Set a channel's topic, cut to Slack's limit."""
        place = await self._conversations.id_of(channel)
        said = cut(" ".join(text.split()), TOPIC)
        await self._conversations.as_member(
            place, lambda: self._calls.call("conversations.setTopic", channel=place, topic=said)
        )

    async def pin(self, posted: Posted) -> None:
        """Pin a message; already pinned is fine."""
        await self._fine("already_pinned", "pins.add", channel=posted.channel, timestamp=posted.ts)

    async def react(self, posted: Posted, emoji: str) -> None:
        """React to a message; having done so is fine."""
        name = emoji.strip(":")
        await self._fine("already_reacted", "reactions.add", channel=posted.channel, timestamp=posted.ts, name=name)

    async def unreact(self, posted: Posted, emoji: str) -> None:
        """Take our reaction back; having none is fine."""
        name = emoji.strip(":")
        await self._fine("no_reaction", "reactions.remove", channel=posted.channel, timestamp=posted.ts, name=name)

    async def archive(self, channel: str) -> None:
        """Archive a channel; already archived is fine."""
        place = await self._conversations.id_of(channel)
        await self._fine("already_archived", "conversations.archive", channel=place)

    async def unarchive(self, channel: str) -> None:
        """Open an archived channel again; one that is open is fine."""
        place = await self._conversations.id_of(channel)
        try:
            await self._calls.call("conversations.unarchive", channel=place)
        except ChatError as error:
            if error.code == "not_in_channel":
                raise ChatError(
                    "not_in_channel",
                    f"Slack put the bot out of {place} when it was archived, and lets only its members open it; "
                    "unarchive it in Slack and type /invite and the bot's name there",
                ) from error
            if error.code != "not_archived":
                raise

    async def bookmark(self, channel: str, title: str, link: str) -> None:
        """Put a link on top of a channel; one of that title gets the new link instead of a double."""
        place = await self._conversations.id_of(channel)
        said = cut(" ".join(title.split()), BOOKMARK_TITLE)
        async with self._calls.lanes.hold(f"bookmark {place}"):
            for left in reversed(range(TRIES)):
                try:
                    await self._bookmarked(place, said, link)
                except Unsure:
                    if not left:
                        raise
                else:
                    return

    async def _bookmarked(self, place: str, title: str, link: str) -> None:
        listed = await self._conversations.as_member(
            place, lambda: self._calls.call("bookmarks.list", channel_id=place)
        )
        found = next((one for one in listed.get("bookmarks") or () if one.get("title") == title), None)
        if found is None:
            await self._calls.call(
                "bookmarks.add", repeatable=False, channel_id=place, title=title, type="link", link=link
            )
        elif found.get("link") != link:
            await self._calls.call("bookmarks.edit", channel_id=place, bookmark_id=str(found["id"]), link=link)

    async def _fine(self, harmless: str, method: str, **args: Any) -> None:
        try:
            await self._conversations.as_member(str(args["channel"]), lambda: self._calls.call(method, **args))
        except ChatError as error:
            if error.code != harmless:
                raise

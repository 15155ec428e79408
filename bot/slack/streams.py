"""A message that grows while it is written, where Slack allows that: `chat.startStream` and its kin."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.cards.blocks import render
from bot.cards.card import Card, Text
from bot.chat import Posted
from bot.slack.client import SlackChat


@dataclass
class Stream:
    """A growing message in a thread, for `user`. It says paragraphs of cards, so that no text in it can be markup."""

    chat: SlackChat
    channel: str
    thread_ts: str
    user: str
    now: Callable[[], datetime]
    posted: Posted | None = None

    async def add(self, paragraphs: Sequence[Text]) -> Posted:
        """Show further paragraphs; the first begin the message. Raises `ChatError`."""
        chunks = [{"type": "blocks", "blocks": self._blocks(paragraphs)}]
        if self.posted is None:
            me = await self.chat.identity()
            direct = self.channel.startswith("D")
            recipient = {} if direct else {"recipient_user_id": self.user, "recipient_team_id": me.team_id}
            answer = await self.chat.call(
                "chat.startStream",
                repeatable=False,
                channel=self.channel,
                thread_ts=self.thread_ts,
                chunks=chunks,
                **recipient,
            )
            self.posted = Posted(str(answer.get("channel") or self.channel), str(answer["ts"]))
        else:
            await self.chat.call(
                "chat.appendStream", repeatable=False, channel=self.posted.channel, ts=self.posted.ts, chunks=chunks
            )
        return self.posted

    async def stop(self) -> None:
        """Let the message be an ordinary one. Raises `ChatError`."""
        if self.posted is not None:
            await self.chat.call("chat.stopStream", channel=self.posted.channel, ts=self.posted.ts)

    async def status(self, text: str) -> None:
        """Show below the thread what the bot is doing, "" for nothing. Raises `ChatError`."""
        await self.chat.call(
            "assistant.threads.setStatus", channel_id=self.channel, thread_ts=self.thread_ts, status=text
        )

    def _blocks(self, paragraphs: Sequence[Text]) -> list[dict[str, Any]]:
        return render(Card(title="", body=tuple(paragraphs)), self.now(), self.chat.command).blocks

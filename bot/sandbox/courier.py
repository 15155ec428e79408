"""Deliveries to the app: commands and interactions once, events again until they are acknowledged."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field, replace

from bot.sandbox.link import Answer, Kind, Link, Payload
from bot.sandbox.state import Json

MOST_ACKS = 20_000


@dataclass(frozen=True)
class Ack:
    """How long the app took to acknowledge one delivery, in seconds; ``reason`` says why it did not."""

    kind: Kind
    seconds: float
    acked: bool
    reason: str = ""


@dataclass
class Courier:
    """Sends payloads over the link and keeps the record of acknowledgements."""

    link: Link
    retry_delays: tuple[float, ...]
    acks: list[Ack] = field(default_factory=list)
    tasks: set[asyncio.Task[None]] = field(default_factory=set)
    in_flight: int = 0
    quiet: asyncio.Event = field(default_factory=asyncio.Event)
    duplicates: int = 0

    async def ask(self, kind: Kind, body: Json, *, accepts_response: bool = False) -> Answer:
        """Deliver once and give back what the app answered."""
        return await self.once(Payload(kind, body, accepts_response))

    def tell(self, body: Json) -> None:
        """Deliver an event in the background, with retries; a pending fault repeats it under the same event id."""
        payload = Payload("events_api", body)
        self.spawn(self.until_acked(payload))
        if self.duplicates:
            self.duplicates -= 1
            self.spawn(self.until_acked(payload))

    def repeat(self, times: int) -> None:
        """Deliver each of the next events twice."""
        self.duplicates += times

    async def until_acked(self, payload: Payload) -> None:
        """Deliver an event; when it stays unanswered, repeat it after each of the retry delays."""
        answer = await self.once(payload)
        for attempt, delay in enumerate(self.retry_delays, start=1):
            if answer.acked or answer.final:
                return
            await asyncio.sleep(delay)
            answer = await self.once(replace(payload, attempt=attempt, reason=answer.reason))

    async def once(self, payload: Payload) -> Answer:
        """One attempt, counted while it is under way."""
        self.in_flight += 1
        self.quiet.clear()
        try:
            answer = await self.link.send(payload)
        finally:
            self.in_flight -= 1
            if not self.in_flight:
                self.quiet.set()
        self.acks.append(Ack(payload.kind, answer.seconds, answer.acked, answer.reason))
        del self.acks[:-MOST_ACKS]
        return answer

    def spawn(self, work: Coroutine[None, None, None]) -> None:
        """Run something beside the caller and keep hold of it."""
        task = asyncio.create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def close(self) -> None:
        """Give up what is still to be delivered."""
        for task in tuple(self.tasks):
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

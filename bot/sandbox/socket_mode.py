"""Socket Mode: the app connects by websocket, each payload goes to one connection, an acknowledgement comes back."""

import asyncio
import json
import secrets
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field

from aiohttp import WSMsgType, web

from bot.sandbox.link import Answer, Payload
from bot.sandbox.state import APP_ID, Json

MAX_CONNECTIONS = 10


@dataclass(frozen=True, eq=False)
class Connection:
    """One websocket of the app and the transport beneath it."""

    socket: web.WebSocketResponse
    transport: asyncio.Transport | None


@dataclass
class SocketLink:
    """The open connections of the app, the tickets that let new ones in, and what waits for an acknowledgement."""

    ack_within: float
    on_change: Callable[[], None]
    tickets: set[str] = field(default_factory=set)
    connections: list[Connection] = field(default_factory=list)
    waiting: dict[str, asyncio.Future[Json]] = field(default_factory=dict)

    @property
    def online(self) -> bool:
        """Whether at least one connection is open."""
        return bool(self.connections)

    def ticket(self) -> str:
        """Give a ticket for one new connection, good for one use."""
        ticket = secrets.token_urlsafe(16)
        self.tickets.add(ticket)
        return ticket

    async def accept(self, request: web.Request) -> web.StreamResponse:
        """``GET /link/``: greet with ``hello``, then read acknowledgements until the connection ends."""
        ticket = request.query.get("ticket", "")
        if ticket not in self.tickets:
            return web.Response(
                status=403, text="The ticket is unknown or used: ask apps.connections.open for a new one."
            )
        self.tickets.discard(ticket)
        socket = web.WebSocketResponse(autoping=True)
        await socket.prepare(request)
        if len(self.connections) >= MAX_CONNECTIONS:
            await self.part(socket, "too_many_websockets")
            return socket
        connection = Connection(socket, request.transport)
        self.connections.append(connection)
        await socket.send_json(self.hello())
        self.on_change()
        try:
            await self.read(socket)
        finally:
            self.forget(connection)
        return socket

    def hello(self) -> Json:
        """Give the first frame of a connection."""
        return {
            "type": "hello",
            "num_connections": len(self.connections),
            "debug_info": {"host": "sandbox", "build_number": 1, "approximate_connection_time": 18060},
            "connection_info": {"app_id": APP_ID},
        }

    async def read(self, socket: web.WebSocketResponse) -> None:
        """Hand each acknowledgement to whoever waits for it; other frames mean nothing here."""
        async for frame in socket:
            if frame.type is not WSMsgType.TEXT:
                continue
            try:
                body = json.loads(frame.data)
            except ValueError:
                continue
            future = self.waiting.get(body.get("envelope_id", "")) if isinstance(body, dict) else None
            if future and not future.done():
                future.set_result(body.get("payload") or {})

    def forget(self, connection: Connection) -> None:
        """Take a connection out of the draw."""
        if connection in self.connections:
            self.connections.remove(connection)
            self.on_change()

    async def send(self, payload: Payload) -> Answer:
        """Send one envelope over a random connection and wait for its acknowledgement."""
        started = time.perf_counter()
        if not self.connections:
            return Answer(acked=False, seconds=0.0, reason="connection_failed")
        socket = secrets.choice(self.connections).socket
        envelope_id = str(uuid.uuid4())
        future: asyncio.Future[Json] = asyncio.get_running_loop().create_future()
        self.waiting[envelope_id] = future
        try:
            await socket.send_json(envelope(envelope_id, payload))
            async with asyncio.timeout(self.ack_within):  # wait_for of Python 3.11 can lose a cancellation
                body = await future
        except (ConnectionError, TimeoutError):
            return Answer(acked=False, seconds=time.perf_counter() - started, reason="timeout")
        finally:
            del self.waiting[envelope_id]
        return Answer(acked=True, seconds=time.perf_counter() - started, body=body)

    async def refresh(self) -> None:
        """Ask every connection to come anew, as Slack does about once an hour, and close the old ones."""
        for connection in tuple(self.connections):
            self.forget(connection)
            await self.part(connection.socket, "refresh_requested")

    async def part(self, socket: web.WebSocketResponse, reason: str) -> None:
        """Say why, then close."""
        await socket.send_json({"type": "disconnect", "reason": reason, "debug_info": {"host": "sandbox"}})
        await socket.close()

    def drop(self) -> None:
        """Cut every connection without a word, as a broken network does."""
        for connection in tuple(self.connections):
            self.forget(connection)
            if connection.transport is not None:
                connection.transport.abort()

    async def close(self) -> None:
        """End the workspace: nobody waits for an acknowledgement any more, every connection is closed."""
        for future in self.waiting.values():
            if not future.done():
                future.set_exception(ConnectionError("the workspace ends"))
        for connection in tuple(self.connections):
            await connection.socket.close()


def envelope(envelope_id: str, payload: Payload) -> Json:
    """Give the frame around one payload."""
    frame: Json = {
        "type": payload.kind,
        "envelope_id": envelope_id,
        "accepts_response_payload": payload.accepts_response,
        "payload": payload.body,
    }
    if payload.kind == "events_api":
        frame |= {"retry_attempt": payload.attempt, "retry_reason": payload.reason}
    return frame

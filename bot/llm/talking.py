"""Turns of a talk with any server that speaks OpenAI's chat API: streamed, with tools, within time.

Secrets are taken out of all that is sent, and out of what comes back.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

import httpx

from bot.llm.budget import estimate
from bot.llm.client import Model, ModelError
from bot.llm.redaction import redact
from bot.phrasing import cut, duration
from bot.talk import Call, Message, Said, Tool, Turn

MOST_CALLS = 8
"""Calls of one turn that are read; a model that asks for more at once has lost its way."""
LONGEST_ARGUMENTS = 4000  # characters

_THOUGHTS = re.compile(r"<think(?:ing)?>[\s\S]*?(?:</think(?:ing)?>|\Z)\s*", re.IGNORECASE)


@dataclass
class Talk:
    """Satisfies `bot.ports.Talker`, by the server and under the limits of `edge`; its failures count there too."""

    edge: Model
    _limit: str = field(default="", repr=False)
    _counts: bool = field(default=True, repr=False)  # whether the server can count tokens of streams

    @property
    def model(self) -> str:
        """The model's name."""
        return self.edge.model

    async def turn(
        self, talk: Sequence[Message], *, tools: Sequence[Tool], may_call: bool, most: int, said: Said
    ) -> Turn:
        """The next turn; raises `ModelError`, one line with the mend."""
        self.edge.awake()
        try:
            async with asyncio.timeout(self.edge.timeout.total_seconds()):
                turn = await self._turn(written(talk), [_tool(tool) for tool in tools], may_call, most, said)
        except TimeoutError:
            self.edge.failed()
            raise ModelError(
                f"{self.model} did not answer within {duration(self.edge.timeout)}; "
                "raise `postmortems.timeout` or take a faster model"
            ) from None
        except ModelError:
            self.edge.failed()
            raise
        self.edge.answered(turn.tokens)
        return turn

    async def _turn(
        self, messages: list[dict[str, Any]], tools: list[dict[str, Any]], may_call: bool, most: int, said: Said
    ) -> Turn:
        openai = await asyncio.to_thread(import_module, "openai")
        asked: dict[str, Any] = {"tools": tools, "tool_choice": "auto" if may_call else "none"} if tools else {}
        hearing = _Hearing(said)
        try:
            async with (
                await asyncio.to_thread(self.edge.connected, openai) as client,
                await self._begun(openai, client, {"messages": messages, **asked}, most) as stream,
            ):
                async for chunk in stream:
                    await hearing.take(chunk)
        except (openai.OpenAIError, httpx.HTTPError, ValueError, TypeError, AttributeError) as failed:
            raise ModelError(self.edge.told(openai, failed)) from None
        if not hearing.heard:
            raise ModelError(f"{self.edge.server} answered, but not as the chat API does; check OPENAI_BASE_URL")
        text, calls = hearing.text, hearing.calls if may_call else ()
        spent = hearing.tokens or sum(estimate(str(message)) for message in messages) + estimate(text)
        if not text and not calls:
            why = hearing.refusal or "it ran out of tokens, or has no tools; take another model in OPENAI_MODEL"
            raise ModelError(f"{self.model} said nothing: {why}")
        return Turn(text=text, calls=calls, tokens=spent)

    async def _begun(self, openai: Any, client: Any, asked: Mapping[str, Any], most: int) -> Any:
        """The stream of the answer; steps down to what the server understands."""
        for _ in range(3):
            limit = self._limit or ("max_tokens" if self.edge.base_url else "max_completion_tokens")
            counting = {"stream_options": {"include_usage": True}} if self._counts else {}
            try:
                return await client.chat.completions.create(
                    model=self.model, stream=True, **{limit: most}, **counting, **asked
                )
            except openai.BadRequestError as refused:
                if "max_tokens" in str(refused) and not self._limit:
                    self._limit = "max_completion_tokens" if limit == "max_tokens" else "max_tokens"
                elif "stream_options" in str(refused) and self._counts:
                    self._counts = False
                else:
                    why = cut(redact([str(getattr(refused, "message", refused))]).texts[0], 160)
                    raise ModelError(
                        f"{self.edge.server} refuses the question ({why}); take a model with tools in OPENAI_MODEL"
                    ) from None
        raise ModelError(f"{self.edge.server} understands no limit of tokens; check OPENAI_BASE_URL")


def written(talk: Sequence[Message]) -> list[dict[str, Any]]:
    """The messages as the API takes them, without secrets: the same secret has the same placeholder in all of them."""
    texts = [text for message in talk for text in (message.text, *(call.arguments for call in message.calls))]
    safe = iter(redact(texts).texts)
    messages: list[dict[str, Any]] = []
    for message in talk:
        said: dict[str, Any] = {"role": message.role, "content": next(safe)}
        if message.calls:
            said["tool_calls"] = [
                {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": next(safe)}}
                for call in message.calls
            ]
        if message.of:
            said["tool_call_id"] = message.of
        messages.append(said)
    return messages


def visible(text: str) -> str:
    """What of a model's text is meant for others: no thoughts, no secrets."""
    return redact([_THOUGHTS.sub("", text)]).texts[0].strip()


def _tool(tool: Tool) -> dict[str, Any]:
    function = {"name": tool.name, "description": tool.description, "parameters": dict(tool.parameters)}
    return {"type": "function", "function": function}


@dataclass
class _Asked:
    id: str = ""
    name: str = ""
    arguments: str = ""


@dataclass
class _Hearing:
    """What has come of a turn so far, put together from its pieces."""

    said: Callable[[str], Awaitable[None]]
    raw: str = ""
    refusal: str = ""
    tokens: int = 0
    heard: bool = False
    _shown: str = ""
    _asked: dict[int, _Asked] = field(default_factory=dict)

    async def take(self, chunk: Any) -> None:
        """Add one piece."""
        self.tokens = getattr(getattr(chunk, "usage", None), "total_tokens", 0) or self.tokens
        delta = getattr(chunk.choices[0], "delta", None) if getattr(chunk, "choices", None) else None
        if delta is None:
            return
        self.heard = True
        self.refusal += getattr(delta, "refusal", None) or ""
        for piece in getattr(delta, "tool_calls", None) or ():
            self._call(piece)
        if words := getattr(delta, "content", None):
            self.raw += words
            await self._tell()

    def _call(self, piece: Any) -> None:
        index = piece.index if isinstance(piece.index, int) else len(self._asked)
        asked = self._asked.setdefault(index, _Asked())
        asked.id = piece.id or asked.id
        asked.name = (piece.function.name if piece.function else "") or asked.name
        asked.arguments += (piece.function.arguments if piece.function else "") or ""

    async def _tell(self) -> None:
        """Tell whole words alone: the beginning of a secret is not known for one."""
        whole = self.raw[: max(self.raw.rfind(" "), self.raw.rfind("\n")) + 1]
        if (shown := visible(whole)) and shown != self._shown:
            self._shown = shown
            await self.said(shown)

    @property
    def text(self) -> str:
        """All that was said."""
        return visible(self.raw)

    @property
    def calls(self) -> tuple[Call, ...]:
        """All that was asked for."""
        return tuple(
            Call(
                id=asked.id or f"call_{number}",
                name=cut(asked.name, 64),
                arguments=cut(asked.arguments, LONGEST_ARGUMENTS),
            )
            for number, asked in sorted(self._asked.items())[:MOST_CALLS]
        )

"""A talk with a language model, as the rooms see it: the protocol that `bot.llm.talking` satisfies, and its values."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, kw_only=True)
class Tool:
    """Something that the model may ask for; `parameters` is the JSON Schema of its arguments."""

    name: str
    description: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Call:
    """What the model asks for, just as it wrote it: `arguments` should be a JSON object, and may be anything."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, kw_only=True)
class Message:
    """One message of the talk. `role` is "system", "user", "assistant" or "tool"; a "tool" answers the call `of`."""

    role: str
    text: str
    calls: tuple[Call, ...] = ()
    of: str = ""


@dataclass(frozen=True, kw_only=True)
class Turn:
    """What the model said and asked for in one turn, and how many tokens the turn used, asked and answered."""

    text: str
    calls: tuple[Call, ...] = ()
    tokens: int = 0


Said = Callable[[str], Awaitable[None]]
"""Hears the text of a turn so far, again and again while it grows."""


class Talker(Protocol):
    """A language model that answers in turns, and may ask for tools."""

    @property
    def model(self) -> str:
        """The model's name, shown as the author."""

    async def turn(
        self, talk: Sequence[Message], *, tools: Sequence[Tool], may_call: bool, most: int, said: Said
    ) -> Turn:
        """The next turn, of at most `most` tokens; raises `bot.llm.client.ModelError` after its retries.

        With `may_call` False it must answer in words.
        """

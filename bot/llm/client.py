"""The client of any server that speaks OpenAI's chat API: one structured answer for one prompt, within time and budget.

The library is imported with the first prompt: it takes longer to load than the rest of the bot to start.
"""

import asyncio
import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from importlib import import_module
from typing import Any, TypeVar

from pydantic import BaseModel, SecretStr, ValidationError

from bot.config.manage import Manage
from bot.config.settings import Settings
from bot.llm import detectors
from bot.llm.budget import estimate
from bot.llm.redaction import redact
from bot.phrasing import cut, duration

LEAST_ANSWER = 300
"""Tokens that an answer needs at least; with less room there is no use in asking."""
RETRIES = 2
BREAKS_AFTER, BREAKS_FOR = 3, 300.0
"""After so many failures in a row nobody is made to wait for the model for so many seconds."""

_THOUGHTS = re.compile(r"<think(?:ing)?>[\s\S]*?</think(?:ing)?>", re.IGNORECASE)
_PLAIN = 2  # the last way to ask: the schema stands in the prompt alone

Messages = list[dict[str, str]]
T = TypeVar("T", bound=BaseModel)


class ModelError(Exception):
    """The model gave no usable answer. One line: what happened, and what can be done about it."""


@dataclass
class Model:
    """Satisfies `bot.ports.Writer`. `used` counts the tokens of all answers, as the server counts them."""

    model: str
    base_url: str | None
    key: SecretStr | None
    timeout: timedelta
    used: int = 0
    clock: Callable[[], float] = time.monotonic
    _way: int = field(default=0, repr=False)  # what this server understands: 0 a schema, 1 JSON, 2 only words
    _limit: str = field(default="", repr=False)
    _failures: int = field(default=0, repr=False)
    _silent_until: float = field(default=0.0, repr=False)

    async def write(self, *, system: str, prompt: str, schema: type[BaseModel], budget: int) -> BaseModel:
        """An instance of `schema`, asked for at most twice, within `budget` tokens in all; raises `ModelError`.

        Secrets are taken out of what is sent and of what comes back.
        """
        self.awake()
        redacted = await asyncio.to_thread(redact, [system, prompt], detectors=detectors.found, personal=True)
        safe = redacted.texts
        messages = [{"role": "system", "content": safe[0]}, {"role": "user", "content": safe[1]}]
        try:
            async with asyncio.timeout(self.timeout.total_seconds()):
                answer = await self._structured(messages, schema, budget)
        except TimeoutError:
            self.failed()
            said = f"{self.model} did not answer within {duration(self.timeout)}"
            raise ModelError(f"{said}; raise `postmortems.timeout` or take a faster model") from None
        except ModelError:
            self.failed()
            raise
        self._failures = 0
        return answer

    def awake(self) -> None:
        """Raise `ModelError` while nobody is made to wait for the model."""
        if self.clock() < self._silent_until:
            left = duration(self._silent_until - self.clock())
            raise ModelError(f"{self.model} failed {BREAKS_AFTER} times in a row and is left alone for {left}")

    def failed(self) -> None:
        """Count a failure."""
        self._failures += 1
        if self._failures >= BREAKS_AFTER:
            self._failures, self._silent_until = 0, self.clock() + BREAKS_FOR

    def answered(self, tokens: int) -> None:
        """Count an answer."""
        self._failures = 0
        self.used += tokens

    def connected(self, openai: Any) -> Any:
        """The library's client for this server, to be closed; local servers want no key, the library wants one.

        To be called in a thread: reading the certificates of this machine, and what the library loads only when its
        chat is asked for, takes longer than anybody else should have to wait.
        """
        key = self.key.get_secret_value() if self.key else "none"
        client = openai.AsyncOpenAI(
            api_key=key, base_url=self.base_url, timeout=self.timeout.total_seconds(), max_retries=RETRIES
        )
        client.chat.completions  # noqa: B018 - loads it
        return client

    async def _structured(self, messages: Messages, schema: type[BaseModel], budget: int) -> BaseModel:
        openai = await asyncio.to_thread(import_module, "openai")
        async with await asyncio.to_thread(self.connected, openai) as client:
            text, spent = await self._ask(openai, client, messages, schema, budget)
            try:
                return parse(text, schema)
            except ValueError as wrong:
                again = [
                    *messages,
                    {"role": "assistant", "content": cut(text, 4000) or "(nothing)"},
                    {"role": "user", "content": f"That cannot be read: {wrong}. Answer again, with the JSON alone."},
                ]
            text, _ = await self._ask(openai, client, again, schema, budget - spent)
            try:
                return parse(text, schema)
            except ValueError as wrong:
                said = f"{self.model} answered twice with something else than was asked for ({wrong})"
                raise ModelError(f"{said}; take another model in OPENAI_MODEL") from None

    async def _ask(
        self, openai: Any, client: Any, messages: Messages, schema: type[BaseModel], budget: int
    ) -> tuple[str, int]:
        """One answer's text and what it cost; steps down to what the server understands."""
        while True:
            asked = [*messages] if self._way == 0 else _with_schema(messages, schema)
            cost = sum(estimate(message["content"]) for message in asked)
            if self._way == 0:
                cost += estimate(json.dumps(schema.model_json_schema()))
            room = budget - cost
            if room < LEAST_ANSWER:
                needs = f"{cost + LEAST_ANSWER:,} tokens are needed and {max(budget, 0):,} are left"
                raise ModelError(f"{needs}; raise `postmortems.budget`")
            limit = self._limit or ("max_tokens" if self.base_url else "max_completion_tokens")
            try:
                answer = await client.chat.completions.create(
                    model=self.model, messages=asked, **{limit: room}, **_format(self._way, schema)
                )
            except openai.BadRequestError as refused:
                if "max_tokens" in str(refused) and not self._limit:
                    self._limit = "max_completion_tokens" if limit == "max_tokens" else "max_tokens"
                elif self._way < _PLAIN:
                    self._way += 1
                else:
                    raise ModelError(self.told(openai, refused)) from None
                continue
            except (openai.OpenAIError, ValueError) as failed:
                raise ModelError(self.told(openai, failed)) from None
            return self._read(answer, cost)

    def _read(self, answer: Any, cost: int) -> tuple[str, int]:
        choice = answer.choices[0] if getattr(answer, "choices", None) else None
        message = getattr(choice, "message", None)
        if message is None:
            raise ModelError(f"{self.server} answered, but not as the chat API does; check OPENAI_BASE_URL")
        if getattr(message, "refusal", None):
            raise ModelError(f"{self.model} refused: {cut(redact([message.refusal]).texts[0], 120)}")
        text = redact([message.content or ""]).texts[0]
        usage = getattr(answer, "usage", None)
        self.used += getattr(usage, "total_tokens", 0) or cost + estimate(text)
        return text, cost + estimate(text)

    def told(self, openai: Any, error: Exception) -> str:
        """The error in one line with its mend; never the key."""
        server = self.server
        told = (
            (openai.AuthenticationError, f"{server} refused the key; check OPENAI_API_KEY"),
            (openai.PermissionDeniedError, f"{server} does not allow it with this key; check OPENAI_API_KEY"),
            (openai.NotFoundError, f"{server} has no model {self.model}; check OPENAI_MODEL and OPENAI_BASE_URL"),
            (openai.RateLimitError, f"{server} answers 429 (too many requests, or no credit); try again later"),
            (openai.APITimeoutError, f"{server} did not answer in time; raise `postmortems.timeout`"),
            (openai.APIConnectionError, f"{server} cannot be reached; check OPENAI_BASE_URL"),
            (openai.APIStatusError, f"{server} answers {getattr(error, 'status_code', 'an error')}; try again later"),
        )
        unfit = f"{server} answered, but not as the chat API does; check OPENAI_BASE_URL"
        return next((said for kind, said in told if isinstance(error, kind)), unfit)

    @property
    def server(self) -> str:
        """The server's name in sentences; an address without what lets somebody in."""
        return f"the model's server {redact([self.base_url]).texts[0]}" if self.base_url else "OpenAI"


def connect(settings: Settings, manage: Manage) -> Model | None:
    """The model of the settings; None when neither a key nor the address of a server is given."""
    if settings.openai_api_key is None and settings.openai_base_url is None:
        return None
    return Model(
        model=settings.openai_model,
        base_url=settings.openai_base_url,
        key=settings.openai_api_key,
        timeout=manage.postmortems.timeout,
    )


def parse(text: str, schema: type[T]) -> T:
    """The instance of `schema` that stands somewhere in the text; `ValueError` says in a few words what is wrong."""
    found = _object(_THOUGHTS.sub("", text))
    if found is None:
        raise ValueError("there is no complete JSON object in it")
    try:
        return schema.model_validate_json(found)
    except ValidationError as wrong:
        first = wrong.errors(include_input=False, include_url=False)[0]
        place = ".".join(map(str, first["loc"])) or "the object"
        raise ValueError(f"{place}: {first['msg']}") from None


def _object(text: str) -> str | None:
    """The first JSON object that is complete."""
    decoder = json.JSONDecoder()
    for match in re.finditer(r"\{", text):
        try:
            _, length = decoder.raw_decode(text[match.start() :])
        except ValueError:
            continue
        return text[match.start() : match.start() + length]
    return None


def _with_schema(messages: Messages, schema: type[BaseModel]) -> Messages:
    wanted = json.dumps(schema.model_json_schema())
    first, *rest = messages
    told = f"{first['content']}\n\nAnswer with one JSON object alone. Its JSON Schema is:\n{wanted}"
    return [{**first, "content": told}, *rest]


def _format(way: int, schema: type[BaseModel]) -> dict[str, Any]:
    if way == 0:
        strict = {"name": schema.__name__.lower(), "strict": True, "schema": schema.model_json_schema()}
        return {"response_format": {"type": "json_schema", "json_schema": strict}}
    return {"response_format": {"type": "json_object"}} if way == 1 else {}

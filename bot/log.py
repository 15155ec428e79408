"""Log lines: structlog and the standard library's loggers in one form, with secrets taken out of every line.

A secret is known by the name of its key, by its form (see `bot.llm.redaction`), or because it is one of the settings.
"""

import logging
import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import IO, Any, Literal

import structlog
from pydantic import BaseModel, SecretStr
from structlog.typing import EventDict, Processor

from bot.llm.redaction import redact

MASK = "••••"
SHORTEST = 6  # a shorter secret is part of ordinary words, and masking it everywhere would only tell where it stands
LONGEST = 20_000  # characters of one value: looking for secrets takes time, and nobody reads more

LOUD_LIBRARIES = {
    "aiohttp.access": logging.CRITICAL,
    "aiohttp": logging.WARNING,
    "alembic": logging.WARNING,
    "apscheduler": logging.WARNING,
    "asyncio": logging.WARNING,
    "httpcore": logging.WARNING,
    "httpx": logging.WARNING,
    "openai": logging.WARNING,
    "slack_bolt": logging.WARNING,
    "slack_sdk": logging.WARNING,
    "sqlalchemy": logging.WARNING,
}
"""The least level of libraries that tell more than an operator wants to know."""

_SECRET_KEY = re.compile(
    r"token|secret|passw|pwd|dsn|credential|authorization|cookie|api_?key|private_?key", re.IGNORECASE
)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def configure(
    form: Literal["console", "json"],
    *,
    secrets: Iterable[str] = (),
    level: int = logging.INFO,
    stream: IO[str] | None = None,
) -> None:
    """Send all log lines to `stream` (default: standard error) in one form. Calling it again replaces what was set."""
    out = stream or sys.stderr
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso" if form == "json" else "%H:%M:%S", utc=form == "json"),
    ]
    ending: list[Processor] = [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,  # before the secrets are taken out: a trace can hold them too
        Redaction(secrets),
        _json() if form == "json" else _console(out),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,  # a logger that was used before would never hear of another configuration
    )
    handler = logging.StreamHandler(out)
    handler.addFilter(_worth_telling)  # some libraries set the levels of their own loggers
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=ending))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name, least in LOUD_LIBRARIES.items():
        logging.getLogger(name).setLevel(max(least, level))
    logging.captureWarnings(capture=True)


def secrets_of(*settings: BaseModel) -> list[str]:
    """The values of all settings that are secrets, however deep they lie."""
    return [secret for one in settings for secret in _secrets(one)]


def _secrets(value: Any) -> Iterator[str]:
    match value:
        case SecretStr():
            yield value.get_secret_value()
        case BaseModel():
            for name in type(value).model_fields:
                yield from _secrets(getattr(value, name))
        case Mapping():
            for inside in value.values():
                yield from _secrets(inside)
        case list() | tuple():
            for inside in value:
                yield from _secrets(inside)
        case _:
            return


class Redaction:
    """The step that takes secrets, and signs that would steer a terminal, out of a log line."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        """`secrets` are masked wherever they stand, whatever they look like."""
        longest_first = sorted({s for s in secrets if len(s) >= SHORTEST}, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None

    def __call__(self, _logger: Any, _method: str, line: EventDict) -> EventDict:
        """Return the line as it may be shown."""
        return {key: self._value(key, value) for key, value in line.items()}

    def text(self, text: str) -> str:
        """Return the text without secrets, and with control characters spelled out."""
        if len(text) > LONGEST:
            text = f"{text[:LONGEST]} … and {len(text) - LONGEST:,} characters more"
        known = self._known.sub(MASK, text) if self._known else text
        return _CONTROL.sub(_spelled, redact([known]).texts[0])

    def _value(self, key: str, value: Any) -> Any:
        match value:
            case None | bool() | int() | float():
                return value
            case str() | bytes() if value and _SECRET_KEY.search(key):
                return MASK
            case str():
                return self.text(value)
            case dict():
                return {self.text(str(k)): self._value(str(k), v) for k, v in value.items()}
            case list() | tuple() | set() | frozenset():
                return [self._value(key, item) for item in value]
            case _:
                return self.text(str(value))


def _worth_telling(record: logging.LogRecord) -> bool:
    names = record.name.split(".")
    heads = (".".join(names[:length]) for length in range(len(names), 0, -1))
    return record.levelno >= next((LOUD_LIBRARIES[head] for head in heads if head in LOUD_LIBRARIES), 0)


def _spelled(sign: re.Match[str]) -> str:
    return sign[0].encode("unicode_escape").decode()


def _json() -> Processor:
    return structlog.processors.JSONRenderer(ensure_ascii=False, sort_keys=True)


def _console(out: IO[str]) -> Processor:
    colours = out.isatty() and not os.environ.get("NO_COLOR")
    return structlog.dev.ConsoleRenderer(colors=colours, pad_event_to=0)

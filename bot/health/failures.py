"""Why a probe failed, in words that a tired engineer understands at once; never with a secret in them."""

import errno
import os
import re
import socket
import ssl
from collections.abc import Iterable, Iterator, Mapping, Sequence
from urllib.parse import unquote, urlsplit

import httpx
from pydantic import BaseModel, SecretStr

from bot.phrasing import cut

MASK = "•••"
LONGEST = 300
_SHORTEST_SECRET = 4  # masking shorter words would garble the text and keep nothing secret
_ERRNO = re.compile(r"\[Errno (\d+)\]")
_ERRORS = {
    errno.ECONNREFUSED: "connection refused by {at}",
    errno.ECONNRESET: "connection closed by {at}",
    errno.EPIPE: "connection closed by {at}",
    errno.ETIMEDOUT: "no answer from {at}",
    errno.EHOSTUNREACH: "no route to {at}",
    errno.ENETUNREACH: "no network to reach {at}",
    errno.EACCES: "not permitted to connect to {at}",
}


def failure(error: BaseException, at: str = "") -> str:
    """One line for what stopped a probe; `at` is whom it talked to ("127.0.0.1:5432")."""
    for cause in _causes(error):
        if said := _connection(cause, at or "the server"):
            return said
    said = " ".join(str(error).split()) or type(error).__name__
    return cut(said if at in said else f"{at}: {said}", LONGEST)


def refusal(status: int, expected: int = 200) -> str:
    """What an HTTP status means to somebody who sent a key."""
    known = {401: "the key was refused", 403: "the key may not do this", 429: "asked too often for this key"}
    return f"{status}: {known[status]}" if status in known else f"HTTP {status} instead of {expected}"


def place(url: str) -> str:
    """Host and port of an address, which may be shown where the address may not."""
    try:
        split = urlsplit(url)
        host, port = split.hostname or "", split.port
    except ValueError:
        return "the server"
    default = {"http": 80, "https": 443, "redis": 6379, "rediss": 6379, "postgresql": 5432, "postgres": 5432}
    shown = port or default.get(split.scheme)
    host = f"[{host}]" if ":" in host else host
    return f"{host}:{shown}" if host and shown else host or "the server"


def secrets_in(value: object) -> Iterator[str]:
    """Every secret in a plug-in's options or the settings: `SecretStr` values, and passwords inside addresses."""
    match value:
        case SecretStr():
            yield value.get_secret_value()
            yield from _passwords(value.get_secret_value())
        case BaseModel():
            for name in type(value).model_fields:
                yield from secrets_in(getattr(value, name))
        case str():
            yield from _passwords(value)
        case Mapping():
            for item in value.values():
                yield from secrets_in(item)
        case Sequence():
            for item in value:
                yield from secrets_in(item)


def without(text: str, secrets: Iterable[str]) -> str:
    """The text with each of the secrets masked."""
    for secret in sorted({s for s in secrets if len(s) >= _SHORTEST_SECRET}, key=len, reverse=True):
        text = text.replace(secret, MASK)
    return text


def _passwords(url: str) -> Iterator[str]:
    try:
        password = urlsplit(url).password
    except ValueError:
        return
    if password:
        yield password
        yield unquote(password)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error, then what led to it, innermost last."""
    left, seen = [error], set[int]()
    while left:
        one = left.pop(0)
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        left += one.exceptions if isinstance(one, BaseExceptionGroup) else ()
        left += [cause for cause in (one.__cause__, one.__context__) if cause is not None]


def _connection(error: BaseException, at: str) -> str:  # noqa: PLR0911 - one line for each kind of failure
    match error:
        case ssl.SSLCertVerificationError():
            return f"certificate of {at} not trusted: {error.verify_message}"
        case ssl.SSLError():
            return f"TLS with {at} failed: {(error.reason or str(error)).replace('_', ' ').lower()}"
        case socket.gaierror():
            return f"the host name in {at} is not known"
        case httpx.RemoteProtocolError():
            return f"{at} answered with something that is not HTTP, or hung up"
        case httpx.TimeoutException() | TimeoutError():
            return f"no answer from {at}"
        case OSError():
            return _system(error, at)
    return ""


def _system(error: OSError, at: str) -> str:
    # asyncio joins the failures of several addresses of one name into one text without a number
    numbers = {error.errno} if error.errno else {int(number) for number in _ERRNO.findall(str(error))}
    if len(numbers) != 1:
        return ""
    number = numbers.pop()
    said = _ERRORS.get(number)
    return said.format(at=at) if said else f"{at}: {os.strerror(number).lower()}"

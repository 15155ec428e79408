"""POSTs that somebody waits for: over kept connections, with little work for each.

Notices to webhooks go this way and not through `Ports.http`, whose client needs several times the CPU for a request.
Redirects are not followed, cookies not kept; proxies are those of the environment as it is at the first request there.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

if TYPE_CHECKING:
    import aiohttp

_ADDRESSES = 256


@dataclass(frozen=True)
class Answered:
    """What was answered: the status, and `Retry-After` as it came ("" without one)."""

    status: int
    retry_after: str = ""


class Unreachable(Exception):
    """Nothing was answered; the text names what went wrong, and never what was sent."""


class Post(Protocol):
    """Sends one POST within `patience` seconds; raises `Unreachable`."""

    async def __call__(self, url: str, body: bytes, headers: Mapping[str, str], *, patience: float) -> Answered:
        """Send it."""


class Courier:
    """A `Post` that keeps its connections; they are made when first needed. Close it."""

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None
        self._proxy = lru_cache(_ADDRESSES)(_proxy)

    async def __call__(self, url: str, body: bytes, headers: Mapping[str, str], *, patience: float) -> Answered:
        """Send one POST; raises `Unreachable`."""
        import aiohttp

        if self._session is None:
            # its own way to the environment reads the disk for each request, for passwords that nobody asked it to send
            self._session = aiohttp.ClientSession(trust_env=False, cookie_jar=aiohttp.DummyCookieJar())
        within = aiohttp.ClientTimeout(total=patience)
        try:
            async with self._session.post(
                url, data=body, headers=headers, timeout=within, allow_redirects=False, proxy=self._proxy(url)
            ) as answer:
                return Answered(answer.status, answer.headers.get("Retry-After", ""))
        except (aiohttp.ClientError, OSError) as error:
            raise Unreachable(type(error).__name__) from error

    async def close(self) -> None:
        """End its connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None


async def once(url: str, body: bytes, headers: Mapping[str, str], *, patience: float) -> Answered:
    """Send one POST over a connection of its own; raises `Unreachable`."""
    courier = Courier()
    try:
        return await courier(url, body, headers, patience=patience)
    finally:
        await courier.close()


def _proxy(url: str) -> str | None:
    """The proxy that the environment names for an address; None for the straight way."""
    address = urlsplit(url)
    straight = address.hostname is None or proxy_bypass(address.netloc.rpartition("@")[2])
    return None if straight else getproxies().get(address.scheme)

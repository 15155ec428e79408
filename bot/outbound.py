"""POSTs that somebody waits for: over kept connections, with little work for each.

Notices to webhooks go this way and not through `Ports.http`, whose client needs several times the CPU for a request.
Redirects are not followed, cookies not kept; proxies are those of the environment.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import aiohttp


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

    async def __call__(self, url: str, body: bytes, headers: Mapping[str, str], *, patience: float) -> Answered:
        """Send one POST; raises `Unreachable`."""
        import aiohttp

        if self._session is None:
            self._session = aiohttp.ClientSession(trust_env=True, cookie_jar=aiohttp.DummyCookieJar())
        within = aiohttp.ClientTimeout(total=patience)
        try:
            async with self._session.post(
                url, data=body, headers=headers, timeout=within, allow_redirects=False
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

"""A Redis server keeps a value and gives it back; how often its cache was hit."""

import time
import uuid
from typing import TYPE_CHECKING, Any

from pydantic import Field, SecretStr, field_validator

from bot.health.failures import failure, place
from bot.ports import Check, Observation, Options, Ports

if TYPE_CHECKING:
    from redis.asyncio import Redis

KEY = "do-manage:health:"
EXPIRES = 10
"""Seconds after which the probe's key is gone, even if the probe is."""


class RedisOptions(Options):
    """A Redis server."""

    url: SecretStr = Field(description="`redis://:PASSWORD@HOST:PORT/0`, `rediss://` for TLS; never shown.")

    @field_validator("url")
    @classmethod
    def _is_redis(cls, url: SecretStr) -> SecretStr:
        if not url.get_secret_value().startswith(("redis://", "rediss://", "unix://")):
            raise ValueError("redis://:PASSWORD@HOST:PORT/0")
        return url

    def model_post_init(self, _context: Any) -> None:
        """Load the client with the configuration; in a round it would count as the latency of other checks."""
        import redis.asyncio  # noqa: F401


async def probe(options: RedisOptions, _ports: Ports) -> Observation:
    """Set a key that expires and get it back. The latency is that of both, without connecting."""
    from redis.asyncio import Redis
    from redis.asyncio.retry import Retry
    from redis.backoff import NoBackoff
    from redis.exceptions import AuthenticationError, RedisError

    url = options.url.get_secret_value()
    client = Redis.from_url(url, retry=Retry(NoBackoff(), 0), decode_responses=True)
    try:
        return await _round_trip(client)
    except AuthenticationError:
        return Observation(ok=False, detail=f"user or password refused by {place(url)}")
    except (RedisError, OSError) as error:
        return Observation(ok=False, detail=failure(error, place(url)))
    finally:
        await client.aclose()


async def _round_trip(client: "Redis") -> Observation:
    key, value = f"{KEY}{uuid.uuid4().hex}", uuid.uuid4().hex
    stats: dict[str, Any] = await client.info("stats")
    begun = time.perf_counter()
    await client.set(key, value, ex=EXPIRES)
    back = await client.get(key)
    latency = (time.perf_counter() - begun) * 1000
    await client.delete(key)
    if back != value:
        return Observation(ok=False, detail="a value that was just set did not come back", latency_ms=latency)
    hits, lookups = stats["keyspace_hits"], stats["keyspace_hits"] + stats["keyspace_misses"]
    if not lookups:
        return Observation(ok=True, detail="set and get work; no key was looked up yet", latency_ms=latency)
    rate = 100 * hits / lookups
    return Observation(
        ok=True,
        detail=f"set and get work; {rate:.0f} % of lookups hit since it started",
        latency_ms=latency,
        metrics={"hit_rate": hits / lookups},
    )


REDIS = Check(type="redis", options=RedisOptions, probe=probe, degraded_ms=100.0)

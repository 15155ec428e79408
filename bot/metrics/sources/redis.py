"""What a Redis server's INFO says of its load."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from pydantic import Field, SecretStr, field_validator

from bot.health.failures import failure, place
from bot.ports import Options, Ports, Source, Unread
from storage.records.samples import Sample

_VALUES = {
    "redis_memory_used": "used_memory",
    "redis_clients": "connected_clients",
    "redis_blocked_clients": "blocked_clients",
}
_TOTALS = {
    "redis_operations": "total_commands_processed",
    "redis_evictions": "evicted_keys",
    "redis_rejected_connections": "rejected_connections",
}
METRICS = frozenset(
    {
        *_VALUES,
        *_TOTALS,
        "redis_hit_rate",
        "redis_keys",
        "redis_memory_max",
        "redis_memory_usage",
        "redis_replicas",
        "redis_replication_lag",
        "redis_replication_up",
    }
)


class RedisOptions(Options):
    """INFO of a Redis server."""

    url: SecretStr = Field(description="`redis://:PASSWORD@HOST:PORT/0`, `rediss://` for TLS; never shown.")

    @field_validator("url")
    @classmethod
    def _is_redis(cls, url: SecretStr) -> SecretStr:
        if not url.get_secret_value().startswith(("redis://", "rediss://", "unix://")):
            raise ValueError("redis://:PASSWORD@HOST:PORT/0")
        return url


async def read(options: RedisOptions, ports: Ports) -> list[Sample]:
    """Ask for INFO; raises `Unread` with the reason."""
    from redis.asyncio import Redis
    from redis.asyncio.retry import Retry
    from redis.backoff import NoBackoff
    from redis.exceptions import AuthenticationError, RedisError

    url = options.url.get_secret_value()
    client = Redis.from_url(url, retry=Retry(NoBackoff(), 0), decode_responses=True)
    try:
        return list(_samples(await client.info(), ports.now()))
    except AuthenticationError as error:
        raise Unread(f"user or password refused by {place(url)}") from error
    except (RedisError, OSError) as error:
        raise Unread(failure(error, place(url))) from error
    finally:
        await client.aclose()


def _samples(info: Mapping[str, Any], now: datetime) -> Iterator[Sample]:
    """What INFO says; servers that are not quite Redis leave fields out, and then the metric is absent."""
    for metric, name in _VALUES.items():
        if name in info:
            yield Sample(metric=metric, at=now, value=float(info[name]))
    for metric, name in _TOTALS.items():
        if name in info:
            yield Sample(metric=metric, at=now, value=float(info[name]), total=True)
    if {"keyspace_hits", "keyspace_misses"} <= info.keys():
        hits = float(info["keyspace_hits"])
        yield Sample(metric="redis_hit_rate", at=now, value=hits, total=True, of=hits + info["keyspace_misses"])
    keys = sum(part["keys"] for part in info.values() if isinstance(part, Mapping) and "keys" in part)
    yield Sample(metric="redis_keys", at=now, value=float(keys))
    if info.get("maxmemory"):
        yield Sample(metric="redis_memory_max", at=now, value=float(info["maxmemory"]))
        yield Sample(metric="redis_memory_usage", at=now, value=info["used_memory"] / info["maxmemory"])
    yield from _replication(info, now)


def _replication(info: Mapping[str, Any], now: datetime) -> Iterator[Sample]:
    if "connected_slaves" in info:
        yield Sample(metric="redis_replicas", at=now, value=float(info["connected_slaves"]))
    if info.get("role") == "slave":
        yield Sample(metric="redis_replication_up", at=now, value=float(info.get("master_link_status") == "up"))
        if info.get("master_last_io_seconds_ago", -1) >= 0:  # -1: it was never connected
            lag = float(info["master_last_io_seconds_ago"])
            yield Sample(metric="redis_replication_lag", at=now, value=lag)


REDIS = Source(type="redis", options=RedisOptions, read=read, metrics=lambda _options: METRICS)

"""Which metrics there can be: a condition that names another one is a mistake in manage.yml (pure)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from pydantic import BaseModel, ValidationError

from bot.config.metrics import Metrics
from bot.config.plugins import Kind


@dataclass(frozen=True)
class WellKnown:
    """A metric whose name has one meaning everywhere. `unit` is "" for a bare count."""

    name: str
    unit: str
    meaning: str
    source: str = "pushed"


class MetricKind(Kind, Protocol):
    """A kind of metric source, as far as names need it (`bot.ports.Source` is one)."""

    @property
    def metrics(self) -> Any:
        """Name what it can give with these options: `metrics(options) -> frozenset[str]`."""


_TABLE = (
    WellKnown("error_rate", "0..1", "Share of requests that failed."),
    WellKnown("p50_latency", "ms", "Latency that half of the requests stay within."),
    WellKnown("p95_latency", "ms", "Latency that 95 % of the requests stay within."),
    WellKnown("p99_latency", "ms", "Latency that 99 % of the requests stay within."),
    WellKnown("requests", "", "Requests that error rate and latency were measured over."),
    WellKnown("failed_requests", "", "Requests that failed, of those that `requests` counts."),
    WellKnown("queue_length", "", "Work that waits."),
    WellKnown("cpu", "%", "Share of all processors in use since the reading before, 0 to 100.", "host"),
    WellKnown("memory", "%", "Share of the memory in use, 0 to 100.", "host"),
    WellKnown("memory_available", "bytes", "Memory that programs can still get without swapping.", "host"),
    WellKnown("swap", "%", "Share of the swap space in use, 0 to 100; absent without any.", "host"),
    WellKnown("load", "", "Load average of the last minute, divided by the number of processors.", "host"),
    WellKnown("disk_usage", "0..1", "Share of a file system in use, by `mount`.", "host"),
    WellKnown("disk_free", "bytes", "Space that is left on a file system, by `mount`.", "host"),
    WellKnown("network_in", "bytes/s", "Received by all interfaces but loopback.", "host"),
    WellKnown("network_out", "bytes/s", "Sent by all interfaces but loopback.", "host"),
    WellKnown("db_connections", "", "Client connections to the server.", "postgres"),
    WellKnown("db_pool_size", "", "Connections that the server allows (`max_connections`).", "postgres"),
    WellKnown("db_connections_active", "", "Client connections that run a query now.", "postgres"),
    WellKnown("db_idle_in_transaction", "", "Client connections that hold a transaction open, idle.", "postgres"),
    WellKnown("db_locks_waiting", "", "Locks that somebody waits for.", "postgres"),
    WellKnown("db_longest_transaction", "s", "Age of the oldest open transaction of a client.", "postgres"),
    WellKnown("db_size", "bytes", "Size of the database.", "postgres"),
    WellKnown("db_cache_hit_ratio", "0..1", "Blocks found in the cache since the reading before.", "postgres"),
    WellKnown("db_transactions", "1/s", "Transactions committed or rolled back in the database.", "postgres"),
    WellKnown("db_rollbacks", "1/s", "Transactions rolled back in the database.", "postgres"),
    WellKnown("db_deadlocks", "1/s", "Deadlocks in the database.", "postgres"),
    WellKnown("db_replication_lag", "s", "How far a standby replays behind its primary, by `standby`.", "postgres"),
    WellKnown("redis_memory_used", "bytes", "Memory that the server uses.", "redis"),
    WellKnown("redis_memory_max", "bytes", "Memory that it may use; absent without a limit.", "redis"),
    WellKnown("redis_memory_usage", "0..1", "Share of the memory that it may use; absent without a limit.", "redis"),
    WellKnown("redis_hit_rate", "0..1", "Share of lookups that found their key; absent without lookups.", "redis"),
    WellKnown("redis_clients", "", "Client connections.", "redis"),
    WellKnown("redis_blocked_clients", "", "Clients that wait in a blocking call.", "redis"),
    WellKnown("redis_operations", "1/s", "Commands executed.", "redis"),
    WellKnown("redis_evictions", "1/s", "Keys thrown out because memory was full.", "redis"),
    WellKnown("redis_rejected_connections", "1/s", "Connections refused because there were too many.", "redis"),
    WellKnown("redis_keys", "", "Keys in all databases.", "redis"),
    WellKnown("redis_replicas", "", "Replicas that are connected.", "redis"),
    WellKnown("redis_replication_lag", "s", "Since a replica last heard from its primary.", "redis"),
    WellKnown("redis_replication_up", "0 or 1", "Whether a replica is connected to its primary.", "redis"),
    WellKnown("check_up", "0 or 1", "Whether a health check's probe was well, by `check`.", "checks"),
    WellKnown("check_latency_ms", "ms", "Latency that a health check measured, by `check`.", "checks"),
    WellKnown("postgres_connections", "", "Connections that a check of type postgres saw.", "checks"),
    WellKnown("postgres_max_connections", "", "Connections that the server of such a check allows.", "checks"),
    WellKnown("postgres_connect_ms", "ms", "How long such a check took to connect.", "checks"),
    WellKnown("tls_days_left", "days", "Days until a certificate expires, of a check of type tls.", "checks"),
)
WELL_KNOWN: Mapping[str, WellKnown] = {one.name: one for one in _TABLE}
"""Metrics that the bot's own sources and checks give, or that anybody may push, by name."""


def known(metrics: Metrics, sources: Mapping[str, MetricKind]) -> frozenset[str]:
    """Every metric that a condition may name: well-known ones, pushed ones, and what the sources give.

    `sources` are all kinds of source by type.
    """
    return _all(metrics.pushed, ((one.type, one.options) for one in metrics.sources), sources)


def known_in(values: Mapping[str, Any], sources: Mapping[str, MetricKind]) -> frozenset[str]:
    """The same of manage.yml as plain values, options already read; what is malformed there is passed over."""
    section = values.get("metrics")
    section = section if isinstance(section, Mapping) else {}
    pushed, listed = section.get("pushed"), section.get("sources")
    pushed = [pushed] if isinstance(pushed, str) else pushed
    names = [name for name in pushed if isinstance(name, str)] if isinstance(pushed, list | tuple) else []
    given = [one for one in listed if isinstance(one, Mapping)] if isinstance(listed, list | tuple) else []
    return _all(names, ((str(one.get("type")), one.get("options")) for one in given), sources)


def pushable(metrics: Metrics) -> frozenset[str]:
    """Every metric that may be pushed, or sent over OTLP."""
    return frozenset(WELL_KNOWN) | frozenset(metrics.pushed)


def _all(
    pushed: Iterable[str], configured: Iterable[tuple[str, Any]], kinds: Mapping[str, MetricKind]
) -> frozenset[str]:
    found, listed = {*WELL_KNOWN, *pushed}, list(configured)
    for type_, options in listed:
        if type_ in kinds and isinstance(options, kinds[type_].options):
            found |= kinds[type_].metrics(options)
    for type_, kind in kinds.items():
        options = None if type_ in {name for name, _ in listed} else _without_any(kind)
        found |= kind.metrics(options) if options is not None else set()
    return frozenset(found)


def _without_any(kind: MetricKind) -> BaseModel | None:
    """Options of a source that may run by itself: those of one that needs none."""
    try:
        return kind.options()
    except ValidationError:
        return None

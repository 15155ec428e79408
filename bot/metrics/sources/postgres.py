"""What a PostgreSQL server's statistics say of its load."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from pydantic import Field, SecretStr, field_validator

from bot.health.failures import failure, place
from bot.ports import Options, Ports, Source, Unread
from storage.records.samples import Sample

METRICS = frozenset(
    {
        "db_connections",
        "db_pool_size",
        "db_connections_active",
        "db_idle_in_transaction",
        "db_locks_waiting",
        "db_longest_transaction",
        "db_size",
        "db_cache_hit_ratio",
        "db_transactions",
        "db_rollbacks",
        "db_deadlocks",
        "db_replication_lag",
    }
)
# Whoever may not read all statistics sees that others' sessions exist, but not what they are or do.
_SESSIONS = """
    SELECT count(*) FILTER (WHERE datid IS NOT NULL AND coalesce(backend_type, 'client backend') = 'client backend')
             AS db_connections,
           current_setting('max_connections')::int AS db_pool_size,
           (SELECT count(*) FROM pg_locks WHERE NOT granted) AS db_locks_waiting,
           pg_database_size(current_database()) AS db_size,
           CASE WHEN s.sees THEN count(*) FILTER (
             WHERE backend_type = 'client backend' AND state = 'active' AND pid <> pg_backend_pid())
           END AS db_connections_active,
           CASE WHEN s.sees THEN count(*) FILTER (WHERE state LIKE 'idle in transaction%') END
             AS db_idle_in_transaction,
           CASE WHEN s.sees THEN coalesce(extract(epoch FROM now() - min(xact_start) FILTER (
             WHERE backend_type = 'client backend' AND pid <> pg_backend_pid())), 0)
           END AS db_longest_transaction
    FROM pg_stat_activity, (SELECT pg_has_role('pg_read_all_stats', 'MEMBER') AS sees) AS s
    GROUP BY s.sees
"""
_TOTALS = """
    SELECT blks_hit, blks_hit + blks_read AS blocks, xact_commit + xact_rollback AS db_transactions,
           xact_rollback AS db_rollbacks, deadlocks AS db_deadlocks
    FROM pg_stat_database WHERE datname = current_database()
"""
# An idle standby has replayed all, and yet its last transaction is long ago.
_STANDBY = """
    SELECT CASE WHEN pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() THEN 0
           ELSE extract(epoch FROM now() - pg_last_xact_replay_timestamp()) END
    WHERE pg_is_in_recovery()
"""
_STANDBYS = """
    SELECT application_name || coalesce('@' || host(client_addr), ''),
           CASE WHEN replay_lsn = sent_lsn THEN 0 ELSE extract(epoch FROM replay_lag) END
    FROM pg_stat_replication
"""


class PostgresOptions(Options):
    """Statistics of a PostgreSQL database and its server. What sessions do is seen by members of `pg_monitor` alone."""

    url: SecretStr = Field(description="`postgresql://USER:PASSWORD@HOST:PORT/NAME`; never shown.")

    @field_validator("url")
    @classmethod
    def _is_postgres(cls, url: SecretStr) -> SecretStr:
        if not url.get_secret_value().startswith(("postgresql://", "postgres://")):
            raise ValueError("postgresql://USER:PASSWORD@HOST:PORT/NAME")
        return url


async def read(options: PostgresOptions, ports: Ports) -> list[Sample]:
    """Ask the statistics views; raises `Unread` with the reason."""
    import asyncpg

    url = options.url.get_secret_value()
    try:
        return list(await _asked(url, ports.now()))
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, ValueError) as error:
        refused = getattr(error, "sqlstate", "") in {"28P01", "28000"}  # invalid_password, invalid_authorization
        said = f"user or password refused by {place(url)}" if refused else failure(error, place(url))
        raise Unread(said) from error


async def _asked(url: str, now: datetime) -> Iterator[Sample]:
    import asyncpg

    connection = await asyncpg.connect(url, timeout=None, server_settings={"application_name": "do-manage metrics"})
    try:
        sessions = await connection.fetchrow(_SESSIONS)
        totals = await connection.fetchrow(_TOTALS)
        lags = [("", lag) for lag in (await connection.fetchrow(_STANDBY) or ())]
        lags += [(name, lag) for name, lag in await connection.fetch(_STANDBYS)]
        await connection.close()
    finally:
        connection.terminate()  # does nothing to one that was closed; a hanging server is not waited for
    return _samples(sessions, totals, lags, now)


def _samples(
    sessions: Mapping[str, Any], totals: Mapping[str, Any], lags: list[tuple[str, Any]], now: datetime
) -> Iterator[Sample]:
    for metric, value in sessions.items():
        if value is not None:
            yield Sample(metric=metric, at=now, value=float(value))
    for metric in ("db_transactions", "db_rollbacks", "db_deadlocks"):
        yield Sample(metric=metric, at=now, value=float(totals[metric]), total=True)
    hits, blocks = float(totals["blks_hit"]), float(totals["blocks"])
    yield Sample(metric="db_cache_hit_ratio", at=now, value=hits, total=True, of=blocks)
    for standby, lag in lags:
        if lag is not None:
            labels = {"standby": standby} if standby else {}
            yield Sample(metric="db_replication_lag", at=now, value=float(lag), labels=labels)


POSTGRES = Source(type="postgres", options=PostgresOptions, read=read, metrics=lambda _options: METRICS)

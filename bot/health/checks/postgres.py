"""A PostgreSQL server answers queries and has connections left."""

import time

import asyncpg
from pydantic import Field, SecretStr, field_validator

from bot.health.failures import failure, place
from bot.ports import Check, Observation, Options, Ports

_CONNECTIONS = """
    SELECT count(*) FILTER (WHERE backend_type = 'client backend'), current_setting('max_connections')::int
    FROM pg_stat_activity
"""
_REFUSED = {"28P01", "28000"}  # invalid_password, invalid_authorization_specification


class PostgresOptions(Options):
    """A PostgreSQL database."""

    url: SecretStr = Field(description="`postgresql://USER:PASSWORD@HOST:PORT/NAME`; never shown.")
    connections: float = Field(
        default=0.9, gt=0, le=1, description="Share of `max_connections` in use from which it is degraded."
    )

    @field_validator("url")
    @classmethod
    def _is_postgres(cls, url: SecretStr) -> SecretStr:
        if not url.get_secret_value().startswith(("postgresql://", "postgres://")):
            raise ValueError("postgresql://USER:PASSWORD@HOST:PORT/NAME")
        return url


async def probe(options: PostgresOptions, _ports: Ports) -> Observation:
    """Connect, time `select 1`, and count the connections in use. The latency is that of the query alone."""
    url = options.url.get_secret_value()
    begun = time.perf_counter()
    try:
        connection = await asyncpg.connect(url, timeout=None, server_settings={"application_name": "do-manage health"})
    except asyncpg.PostgresError as error:
        return Observation(ok=False, detail=_refused(error, place(url)))
    except (OSError, ValueError, asyncpg.InterfaceError) as error:
        return Observation(ok=False, detail=failure(error, place(url)))
    connected = time.perf_counter()
    try:
        await connection.execute("SELECT 1")
        answered = time.perf_counter()
        used, most = await connection.fetchrow(_CONNECTIONS)
        await connection.close()
    except asyncpg.PostgresError as error:
        return Observation(ok=False, detail=_refused(error, place(url)))
    finally:
        connection.terminate()  # does nothing to one that was closed; a hanging server is not waited for
    return Observation(
        ok=True,
        detail=f"{used} of {most} connections in use",
        latency_ms=(answered - connected) * 1000,
        slow=used / most >= options.connections,
        value=100 * used / most,
        threshold=100 * options.connections,
        unit="% of connections",
        metrics={"connections": used, "max_connections": most, "connect_ms": (connected - begun) * 1000},
    )


def _refused(error: asyncpg.PostgresError, at: str) -> str:
    said = failure(error, at)
    return f"user or password refused by {at}" if error.sqlstate in _REFUSED else f"{at}: {said}"


POSTGRES = Check(type="postgres", options=PostgresOptions, probe=probe, degraded_ms=100.0)

"""A PostgreSQL server answers queries and has connections left."""

import time
from typing import Any

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

    def model_post_init(self, _context: Any) -> None:
        """Load the client with the configuration; in a round it would count as the latency of other checks."""
        import asyncpg  # noqa: F401


async def probe(options: PostgresOptions, _ports: Ports) -> Observation:
    """Connect, time `select 1`, and count the connections in use. The latency is that of the query alone."""
    import asyncpg

    url = options.url.get_secret_value()
    try:
        return await _asked(url, options.connections)
    except asyncpg.PostgresError as error:
        refused = error.sqlstate in _REFUSED
        said = f"user or password refused by {place(url)}" if refused else failure(error, place(url))
    except (OSError, ValueError, asyncpg.InterfaceError) as error:
        said = failure(error, place(url))
    return Observation(ok=False, detail=said)


async def _asked(url: str, share: float) -> Observation:
    import asyncpg

    begun = time.perf_counter()
    connection = await asyncpg.connect(url, timeout=None, server_settings={"application_name": "do-manage health"})
    connected = time.perf_counter()
    try:
        await connection.execute("SELECT 1")
        answered = time.perf_counter()
        used, most = await connection.fetchrow(_CONNECTIONS)
        await connection.close()
    finally:
        connection.terminate()  # does nothing to one that was closed; a hanging server is not waited for
    return Observation(
        ok=True,
        detail=f"{used} of {most} connections in use",
        latency_ms=(answered - connected) * 1000,
        slow=used / most >= share,
        value=100 * used / most,
        threshold=100 * share,
        unit="% of connections",
        metrics={"connections": used, "max_connections": most, "connect_ms": (connected - begun) * 1000},
    )


POSTGRES = Check(type="postgres", options=PostgresOptions, probe=probe, degraded_ms=100.0)

"""Alembic's environment: runs the steps on the connection and in the transaction that `migrate` opened."""

from alembic import context

from storage.tables import (
    alerts,
    checks,
    counters,
    feeds,
    fires,
    heartbeats,
    incidents,
    instances,
    jobs,
    journal,
    leases,
    maintenance,
    overrides,
    people,
    postmortems,
    posts,
    rule_states,
    samples,
    silences,
    sources,
    swaps,
)
from storage.tables.schema import METADATA

TABLES = (
    alerts,
    checks,
    counters,
    feeds,
    fires,
    heartbeats,
    incidents,
    instances,
    jobs,
    journal,
    leases,
    maintenance,
    overrides,
    people,
    postmortems,
    posts,
    rule_states,
    samples,
    silences,
    sources,
    swaps,
)

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    render_as_batch=True,  # SQLite changes a table by building it anew
    transactional_ddl=False,  # one transaction around all steps is ours already
)
context.run_migrations()

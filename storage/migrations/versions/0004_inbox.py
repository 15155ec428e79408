"""Reports that are not decided yet move from a table into a file beside SQLite's; PostgreSQL never had any there."""

import os
import struct
import zlib
from pathlib import Path

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_HEAD = struct.Struct("<IIQI")


def upgrade() -> None:
    bind = op.get_bind()
    if bind.dialect.name == "sqlite":
        _move(bind)
    op.drop_table("inbox")


def _move(bind: sa.Connection) -> None:
    """Write the rows as `storage.inbox` read its records when this was written."""
    rows = bind.execute(sa.text("SELECT reports, count FROM inbox ORDER BY id")).all()
    if not rows:
        return
    with Path(f"{bind.engine.url.database}-inbox").open("wb") as file:  # what a former try left there is written over
        for number, (reports, count) in enumerate(rows, 1):
            content = reports.encode()
            checksum = zlib.crc32(content, zlib.crc32(_HEAD.pack(0, 0, number, count)))
            file.write(_HEAD.pack(len(content), checksum, number, count) + content)
        file.flush()
        os.fsync(file.fileno())
    bind.execute(sa.text("INSERT INTO counters (name, value) VALUES ('inbox', 0)"))

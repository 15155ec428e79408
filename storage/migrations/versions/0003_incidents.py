"""Incidents: who may see them, what they affect, what follows from them, and what the public is told."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    _incidents()
    _follow_ups()
    _notices()
    _meetings()
    _files()


def _incidents() -> None:
    """Rows that are there get these values; later ones always bring their own."""
    new: dict[str, tuple[Any, Any]] = {
        "private": (sa.Boolean(), sa.false()),
        "test": (sa.Boolean(), sa.false()),
        "labels": (sa.Text(), "{}"),
        "components": (sa.Text(), "[]"),
        "cause": (sa.Text(), ""),
        "reopened": (sa.Integer(), "0"),
    }
    with op.batch_alter_table("incidents") as incidents:
        for name, (kind, value) in new.items():
            incidents.add_column(sa.Column(name, kind, nullable=False, server_default=value))
        incidents.add_column(sa.Column("mitigated_at", _INSTANT, nullable=True))
        incidents.add_column(sa.Column("merged_into", sa.Integer(), nullable=True))
        incidents.add_column(sa.Column("update_due_at", _INSTANT, nullable=True))
        incidents.add_column(sa.Column("updated_at", _INSTANT, nullable=True))
    with op.batch_alter_table("incidents") as incidents:
        for name in new:
            incidents.alter_column(name, server_default=None)


def _follow_ups() -> None:
    op.create_table(
        "follow_ups",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("incident", sa.Integer(), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("tracker", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("closed_by", sa.Text(), nullable=False),
        sa.Column("closed_at", _INSTANT, nullable=True),
        sa.Column("reminded_at", _INSTANT, nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_follow_ups")),
    )
    op.create_index(op.f("ix_follow_ups_incident"), "follow_ups", ["incident"])
    op.create_index(op.f("ix_follow_ups_status"), "follow_ups", ["status"])
    among = sa.text("origin != ''")
    op.create_index(
        "uq_follow_ups_origin", "follow_ups", ["origin"], unique=True, sqlite_where=among, postgresql_where=among
    )


def _notices() -> None:
    op.create_table(
        "notices",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("incident", sa.Integer(), nullable=False),
        sa.Column("phase", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("components", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=False),
        sa.Column("decided_at", _INSTANT, nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notices")),
    )
    op.create_index(op.f("ix_notices_incident"), "notices", ["incident"])
    op.create_table(
        "mirrors",
        sa.Column("page", sa.Text(), nullable=False),
        sa.Column("incident", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("notice", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("page", "incident", name=op.f("pk_mirrors")),
    )


def _meetings() -> None:
    op.create_table(
        "meetings",
        sa.Column("incident", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("calendar", sa.Text(), nullable=False),
        sa.Column("uid", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("starts_at", _INSTANT, nullable=False),
        sa.Column("ends_at", _INSTANT, nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("people", sa.Text(), nullable=False),
        sa.Column("attendees", sa.Text(), nullable=False),
        sa.Column("unreached", sa.Text(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("cancelled", sa.Boolean(), nullable=False),
        sa.Column("begun", sa.Boolean(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("trouble", sa.Text(), nullable=False),
        sa.Column("made_at", _INSTANT, nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("incident", "calendar", name=op.f("pk_meetings")),
    )


def _files() -> None:
    op.create_table(
        "files",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("incident", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("mime", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("shared_at", _INSTANT, nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("ts", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", "incident", name=op.f("pk_files")),
    )

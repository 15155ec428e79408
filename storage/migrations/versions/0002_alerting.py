"""Instances, silences, and what alerts know of them; what the rooms around alerting keep."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    _alerts()
    _instances()
    _silences()


def _alerts() -> None:
    """Rows that are there get these values; later ones always bring their own."""
    new: dict[str, tuple[Any, Any]] = {
        "description": (sa.Text(), ""),
        "source": (sa.Text(), "bot"),
        "link": (sa.Text(), ""),
        "firing": (sa.Integer(), "1"),
        "total": (sa.Integer(), "1"),
        "count": (sa.Integer(), "1"),
        "rounds": (sa.Integer(), "0"),
        "muted_by": (sa.Text(), ""),
        "flapping": (sa.Boolean(), sa.false()),
    }
    with op.batch_alter_table("alerts") as alerts:
        for name, (kind, value) in new.items():
            alerts.add_column(sa.Column(name, kind, nullable=False, server_default=value))
        alerts.add_column(sa.Column("acknowledged_until", sa.DateTime(timezone=True), nullable=True))
    with op.batch_alter_table("alerts") as alerts:
        for name in new:
            alerts.alter_column(name, server_default=None)


def _instances() -> None:
    op.create_table(
        "instances",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("alert_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("labels", sa.Text(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("annotations", sa.Text(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("reading", sa.Text(), nullable=False),
        sa.Column("value", sa.Float(precision=53), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("link", sa.Text(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("muted_by", sa.Text(), nullable=False),
        sa.Column("openings", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_instances")),
    )
    op.create_index(op.f("ix_instances_alert_id"), "instances", ["alert_id"], unique=False)
    op.create_index(
        "uq_instances_open_fingerprint",
        "instances",
        ["fingerprint"],
        unique=True,
        sqlite_where=sa.text("state != 'resolved'"),
        postgresql_where=sa.text("state != 'resolved'"),
    )


def _silences() -> None:
    op.create_table(
        "silences",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("uuid", sa.Text(), nullable=False),
        sa.Column("matchers", sa.Text(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_silences")),
        sa.UniqueConstraint("uuid", name=op.f("uq_silences_uuid")),
    )
    op.create_index(op.f("ix_silences_ends_at"), "silences", ["ends_at"], unique=False)

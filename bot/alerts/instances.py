"""What becomes of one instance when its source tells of it (pure).

An instance that came and went too often is flapping: when its source says that it is over it is held open, with
`resolved_at` set as the source said, until `ends_at`, and resolved only if it did not fire again before.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from bot.config.alerts import Flapping
from bot.report import Report
from storage.records.alerts import AlertState, Instance, Severity

RANK = {severity: rank for rank, severity in enumerate(Severity)}
"""0 for the worst."""


def opened(
    report: Report,
    *,
    fingerprint: str,
    alert: int,
    count: int,
    before: Instance | None,
    muted_by: str,
    flapping: Flapping,
    now: datetime,
) -> Instance:
    """The instance that begins with this report; `before` is its latest life, if there was one."""
    return Instance(
        fingerprint=fingerprint,
        alert_id=alert,
        name=report.name,
        labels=report.labels,
        severity=report.severity,
        started_at=min(report.started_at or now, now),
        opened_at=now,
        last_seen_at=now,
        state=AlertState.SILENCED if muted_by else AlertState.FIRING,
        annotations=report.annotations,
        summary=report.summary,
        reading=report.reading,
        value=report.value,
        source=report.source,
        link=report.link,
        count=count,
        ends_at=report.ends_at,
        muted_by=muted_by,
        openings=_openings(before.openings if before else (), flapping, now),
    )


def again(instance: Instance, report: Report, *, flapping: Flapping, now: datetime) -> Instance:
    """The open instance, reported once more. Held open as flapping, it has begun again."""
    began = _openings(instance.openings, flapping, now) if instance.resolved_at else instance.openings
    return replace(
        instance,
        severity=min(instance.severity, report.severity, key=RANK.__getitem__),
        last_seen_at=now,
        annotations=report.annotations,
        summary=report.summary or instance.summary,
        reading=report.reading,
        value=report.value,
        source=report.source,
        link=report.link or instance.link,
        count=instance.count + 1,
        ends_at=report.ends_at,
        resolved_at=None,
        openings=began,
    )


def over(instance: Instance, *, flapping: Flapping, now: datetime) -> Instance:
    """The open instance, over as its source says; a flapping one is held open until it has been quiet."""
    if instance.resolved_at is not None and not quiet(instance, now):
        return instance
    if instance.resolved_at is None and flaps(instance, flapping, now):
        return replace(instance, resolved_at=now, ends_at=now + flapping.quiet)
    return closed(instance, now)


def closed(instance: Instance, now: datetime) -> Instance:
    """The instance, resolved."""
    return replace(instance, state=AlertState.RESOLVED, resolved_at=instance.resolved_at or now)


def flaps(instance: Instance, flapping: Flapping, now: datetime) -> bool:
    """Whether it began too often of late."""
    return len([at for at in instance.openings if at > now - flapping.within]) >= flapping.openings


def quiet(instance: Instance, now: datetime) -> bool:
    """Whether its end has passed: its source fell silent, or it was held open long enough."""
    return instance.ends_at is not None and instance.ends_at <= now


def stays_over(before: Instance, report: Report, *, grace: timedelta, now: datetime) -> bool:
    """Whether the report only repeats, soon after, the very firing that a person said is over.

    Once its source has said so too, whatever it says next is news.
    """
    ended = before.resolved_at
    if ended is None or report.started_at is None or quiet(before, now):
        return False
    return report.started_at <= ended and now < ended + grace


def _openings(earlier: tuple[datetime, ...], flapping: Flapping, now: datetime) -> tuple[datetime, ...]:
    recent = [at for at in earlier if at > now - flapping.within]
    return (*recent, now)[-flapping.openings :]

"""Instances that are open and unchanged, remembered so that a report that says nothing new writes nothing."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.events import AlertResolved, InstancesResolved
from bot.report import Report

CLOSING = (AlertResolved.__name__, InstancesResolved.__name__)
"""The facts after which an instance may not be open any more."""


@dataclass(slots=True)
class Known:
    """An open instance, and what was heard of it since it was written last."""

    fingerprint: str
    alert: int
    said: int
    open: bool = True
    count: int = 0
    seen_at: datetime | None = None
    ends_at: datetime | None = None


class Resent:
    """Remembers what each open instance's latest report said, and counts its repetitions until they are written."""

    def __init__(self) -> None:
        self._by_said: dict[int, Known] = {}
        self._by_print: dict[str, Known] = {}
        self._over: set[int] = set()
        self._unwritten: list[Known] = []

    def __len__(self) -> int:
        return len(self._by_print)

    def knows(self, number: int) -> bool:
        """Whether an open instance may have said last what that number of `said` means."""
        return number in self._by_said

    def repeats(self, report: Report, now: datetime) -> bool:
        """Whether it only says again what is known of an open instance; then it is counted."""
        return not report.resolved and self.again(said(report), report.ends_at, now)

    def again(self, number: int, ends_at: datetime | None, now: datetime) -> bool:
        """The same for what `said` gave for a report that fires, which is over at `ends_at`."""
        known = self._by_said.get(number)
        if known is None or not known.open:
            return False
        if known.alert in self._over:
            self.forget(known.fingerprint)
            return False
        if not known.count:
            self._unwritten.append(known)
        known.count += 1
        known.seen_at = now
        known.ends_at = ends_at
        return True

    def remember(self, report: Report, fingerprint: str, alert: int) -> None:
        """Know from now on that this is what was said last of an instance that is open."""
        self.forget(fingerprint)
        known = Known(fingerprint, alert, said(report))
        self._by_said[known.said] = self._by_print[fingerprint] = known

    def forget(self, fingerprint: str) -> None:
        """Know nothing of that instance any more."""
        known = self._by_print.pop(fingerprint, None)
        if known is not None:
            known.open = False
            self._by_said.pop(known.said, None)

    def heed(self, news: Iterable[tuple[str, dict[str, Any]]]) -> None:
        """Forget what facts of `CLOSING` tell of."""
        for kind, payload in news:
            if kind == AlertResolved.__name__:
                self._over.add(payload["alert"])
            for fingerprint in payload.get("fingerprints", ()):
                self.forget(fingerprint)

    def unwritten(self) -> list[Known]:
        """What was counted since this was asked last; it is counted anew from now on."""
        counted, self._unwritten = self._unwritten, []
        taken = [Known(k.fingerprint, k.alert, k.said, k.open, k.count, k.seen_at, k.ends_at) for k in counted]
        for known in counted:
            known.count = 0
        return taken

    def restore(self, unwritten: Iterable[Known]) -> None:
        """Count again what could not be written."""
        for lost in unwritten:
            known = self._by_print.get(lost.fingerprint)
            if known is not None and known.said == lost.said:
                if not known.count:
                    self._unwritten.append(known)
                    known.seen_at, known.ends_at = lost.seen_at, lost.ends_at
                known.count += lost.count


def said(report: Report) -> int:
    """A number for all that a report says but its end; two that say different things have different ones.

    64 bits of Python's keyed hash, so that a sender cannot aim at a collision.
    """
    return hash(
        (
            report.name,
            tuple(report.labels.items()),
            tuple(report.annotations.items()),
            report.severity,
            report.source,
            report.started_at,
            report.summary,
            report.description,
            report.runbook,
            report.link,
            report.reading,
            report.value,
            report.threshold,
            report.unit,
            report.policy,
        )
    )

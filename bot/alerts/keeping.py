"""How reports are kept that are not decided yet: in the inbox's records, written and read back (pure).

A record is a JSON list. Its parts are reports, and batches of Prometheus as they were posted, not read yet.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson

from bot.alerts import posted
from bot.report import Report
from storage.records.alerts import Severity


@dataclass(slots=True)  # not frozen: that takes three times as long to make, for each request of a flood
class Posted:
    """A body of `count` alerts, each of which `posted.surely_fires`, posted at that moment.

    An alert without an end of its own is over when it was not posted again for `timeout`.
    """

    body: bytes
    count: int
    at: datetime
    timeout: timedelta

    def __len__(self) -> int:
        return self.count


Batch = Sequence[Report] | Posted


def reports(batch: Batch) -> list[Report]:
    """What the batch reports."""
    if isinstance(batch, Posted):
        return posted.reports(orjson.loads(batch.body), batch.at, batch.timeout)[0]
    return list(batch)


def record(batches: Sequence[Batch]) -> bytes:
    """All of them in one record."""
    return b"[" + b",".join(map(_part, batches)) + b"]"


def read(kept: bytes) -> list[Report]:
    """The reports that a record holds, in their order."""
    return [report for part in parts(kept) for report in reports_of(part)]


def parts(kept: bytes) -> list[dict[str, Any]]:
    """The parts of a record, not looked into."""
    found: list[dict[str, Any]] = orjson.loads(kept)
    return found


def reports_of(part: dict[str, Any]) -> list[Report]:
    """The reports that a part holds; raises for one that another program wrote in words that are not known here."""
    if "posted" in part:
        at, timeout = datetime.fromisoformat(part["at"]), timedelta(seconds=part["timeout"])
        return posted.reports(part["posted"], at, timeout)[0]
    for name in ("started_at", "ends_at"):
        if part[name] is not None:
            part[name] = datetime.fromisoformat(part[name])
    return [Report(**{**part, "severity": Severity(part["severity"])})]


def _part(batch: Batch) -> bytes:
    if isinstance(batch, Posted):
        at = orjson.dumps(batch.at)  # the words of `isoformat`, in a fifth of its time
        return b'{"at":%b,"timeout":%f,"posted":%b}' % (at, batch.timeout.total_seconds(), batch.body)
    return orjson.dumps(batch)[1:-1]

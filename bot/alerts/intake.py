"""Where reports come in: `Ports.report` of a bot.

Callers that report at the same time share a transaction. A service (`start`) knows besides which reports say nothing
new, and keeps more reports than it can decide at once in the table `inbox` meanwhile.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from datetime import datetime
from functools import partial
from typing import Any

import structlog

from bot.alerts import keeping, looks
from bot.alerts.ahead import Ahead
from bot.alerts.escalation import Whom
from bot.alerts.fingerprints import fingerprint
from bot.alerts.inlet import COMING, MOST, Caller, Inlet, settle
from bot.alerts.keeping import Batch, Posted
from bot.alerts.muted import Kept
from bot.alerts.opening import Hands, Opening, asked
from bot.alerts.recording import Heard, record
from bot.alerts.resent import CLOSING, Resent
from bot.decision import job_of
from bot.ports import Ports
from bot.report import Report
from bot.silences.muting import CHANGES
from storage import inbox
from storage.inbox import Inbox, Place
from storage.tables import alerts, instances
from storage.tail import Tail
from storage.unit_of_work import Conflict, StoreError, UnitOfWork

AT_ONCE = 16
"""Reports that are decided in the transaction that takes them while it is calm; more are only kept."""
FEW = 4
"""Reports that the event loop may be held up by, a millisecond or two each."""
WRITE_EVERY = 3.0
"""Seconds between writings of how often known instances were reported again."""

_PLANNED = tuple(fact.__name__ for fact in CHANGES)
_PAUSE = 1.0
_SLICE, _LARGE_SLICE = 250, 1000
_YIELD = 19
_log = structlog.get_logger(__name__)


class Intake:
    """Takes reports. `since` is when this process began to."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports
        self.since = ports.now()
        self._resent = Resent()
        self._tail: Tail | None = None
        self._kept: Kept | None = None
        self._inlet = Inlet(ports.store, lambda: self._keep("decide", self._decide))
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._hands: Hands | None = None
        self._took = 0.0  # seconds, for the last slice of the inbox

    async def __call__(self, reports: Sequence[Report], /) -> None:
        """Take the reports: when this returns they are on disk. Raises `StoreError`."""
        if news := self._news(reports):
            await self.take(news)

    def take(self, news: Batch) -> "asyncio.Future[None]":
        """Take reports of which none was `repeated`: done when they are on disk, or failed with `StoreError`."""
        if self._tail is not None and not isinstance(news, Posted):
            for report in news:
                if report.resolved:
                    self._resent.forget(fingerprint(report.name, report.labels))
        taken = self._inlet.add(news)
        if (self._inlet.backlog or self._inlet.pouring) and not self._committing:
            self._inlet.pour()
        else:
            self._ports.store.expect()
            self._keep("commit", self._commit)
        return taken

    def repeated(self, told: Sequence[tuple[int, datetime | None]], /) -> list[bool]:
        """For each number of `resent.said`, and until when: whether it is nothing new; then it counts."""
        if self._tail is None or not any(self._resent.knows(number) for number, _ in told):
            return [False] * len(told)
        self._heed(self._tail.news())
        now = self._ports.now()
        return [self._resent.again(number, ends_at, now) for number, ends_at in told]

    async def start(self) -> None:
        """Serve from now on: decide what a former process left in the inbox, and answer what is known from memory."""
        self._tail = self._ports.store.tail([*CLOSING, *_PLANNED])
        if self._tail is not None:
            self._kept = Kept()
            await self._open()
            self._keep("write", self._write_on)

    def hand_to(self, hands: Hands) -> None:
        """Let the first pages of alerts be sent by this process without waiting to be claimed."""
        self._hands = hands

    async def stop(self) -> None:
        """Write what was counted, and end."""
        if (task := self._tasks.pop("commit", None)) is not None:
            await asyncio.wait([task])
        await self._inlet.poured()  # before the deciding ends: each record begins it again
        for name in ("write", "decide"):
            if (task := self._tasks.pop(name, None)) is not None:
                task.cancel()
                await asyncio.wait([task])
        if self._tail is not None:
            await self.write()
            await self._inlet.close()
            self._tail.close()
            self._tail = None

    async def write(self) -> None:
        """Write how often, when last and until when known instances were reported again."""
        counted = [known for known in self._resent.unwritten() if known.seen_at]
        if not counted:
            return
        by_alert: Counter[int] = Counter()
        last: dict[int, datetime] = {}
        for known in counted:
            by_alert[known.alert] += known.count
            last[known.alert] = known.seen_at or self.since
        seen = [(k.fingerprint, k.count, k.seen_at or self.since, k.ends_at) for k in counted]

        async def work(unit: UnitOfWork) -> None:
            await instances.seen_again(unit.conn, seen)
            await alerts.seen_again(unit.conn, [(alert, n, last[alert]) for alert, n in by_alert.items()])
            await unit.enqueue(map(job_of, looks.sweeps(known.ends_at for known in counted)))

        try:
            await self._ports.store.transact(work)
        except BaseException:  # raised again, the counts put back
            self._resent.restore(counted)
            raise

    def _news(self, reports: Sequence[Report]) -> list[Report]:
        """Those of the reports that must be decided about."""
        if self._tail is None:
            return list(reports)
        self._heed(self._tail.news())
        now = self._ports.now()
        return [report for report in reports if not self._resent.repeats(report, now)]

    def _heed(self, news: list[tuple[str, dict[str, Any]]]) -> None:
        self._resent.heed(news)
        if self._kept is not None and any(kind in _PLANNED for kind, _ in news):
            self._kept.planned = False

    async def _commit(self) -> None:
        """Decide at once about what callers wait for, while it is calm; what comes meanwhile is only kept."""
        before = 0
        while self._inlet:
            # whoever came while the first ones were decided waits already
            if self._inlet.inbox is not None and (before or self._inlet.backlog or self._inlet.reports > AT_ONCE):
                self._inlet.pour()
                return
            await self._inlet.gathered(before)
            group = self._inlet.take()
            before = len(group)
            try:
                await self._decide_now([batch for batch, _ in group])
            except Exception as error:  # noqa: BLE001 - each caller gets its own
                await self._apart(group, error)
            else:
                for _, taken in group:
                    settle(taken)

    async def _apart(self, group: list[Caller], error: Exception) -> None:
        """Take each caller's reports alone, that one's mistake may not be another's."""
        for batch, taken in group:
            if len(group) == 1:
                settle(taken, error)
                continue
            try:
                await self._decide_now([batch])
            except Exception as own:  # noqa: BLE001 - it is raised where it belongs
                settle(taken, own)
            else:
                settle(taken)

    async def _decide_now(self, batches: list[Batch]) -> None:
        """Decide about the reports, and send what is due at once as soon as that is safe."""
        ports, hands, ahead = self._ports, self._hands, Ahead(self._inlet.inbox, batches)
        reports = [report for batch in batches for report in keeping.reports(batch)]
        found = await self._whom(reports) if hands is not None and hands.has_room else None

        async def work(unit: UnitOfWork) -> tuple[list[Heard], Opening | None]:
            opening = Opening(ports, hands, found, ahead.write) if hands is not None and found is not None else None
            heard = await record(ports, unit, reports, self._kept, opening)
            await ahead.decide(unit)
            return heard, opening

        def begin(decided: tuple[list[Heard], Opening | None]) -> None:
            ahead.committed()
            if decided[1] is not None:
                decided[1].run()

        try:
            if len(reports) <= FEW:
                decided = await ports.store.go_on(work, begin)
            else:
                decided = await ports.store.transact(work, urgent=True)
                begin(decided)
        except Exception:  # raised again, unless a page is out: then the report must not be lost
            self._keep("decide", self._decide)  # what is kept now, also when the disk does not take it
            if not await ahead.keep():
                raise
            _log.exception("report_decided_later")
        else:
            self._remember(decided[0])  # only what is on disk: repetitions are answered from memory

    async def _whom(self, reports: list[Report]) -> Whom | None:
        """Whom first steps mean; None when that cannot be told now, which must refuse no report."""
        try:
            return await asked(self._ports, reports)
        except StoreError:
            raise
        except Exception:  # noqa: BLE001 - logged; the step's timer asks again
            _log.exception("first_step_left_to_its_timer")
            return None

    async def _open(self) -> None:
        """Have an inbox, as soon as no other process has it; decide what that one left there."""
        if self._inlet.inbox is None:
            await self._inlet.open()
            self._keep("decide", self._decide)

    async def _decide(self) -> None:
        """Decide about what the inbox holds, oldest first, until it is empty."""
        inlet = self._inlet
        while inlet.inbox is not None and inlet.backlog:
            self._took = 0.0
            try:
                heard = await self._decided(inlet.inbox)
            except (Conflict, StoreError) as error:
                _log.warning("inbox_cannot_use_store", error=str(error))
                await asyncio.sleep(_PAUSE)
                continue
            self._remember(heard)
            if not self._committing:
                inlet.pour()  # some may have waited for room
            # callers wait for the writer too: most of its time is theirs, less the more waits
            until = time.monotonic() + _YIELD * self._took * max(0.0, 1 - inlet.backlog / MOST)
            while inlet.busy and time.monotonic() < until:  # noqa: ASYNC110 - no event tells that nobody comes
                await asyncio.sleep(COMING)

    @property
    def _committing(self) -> bool:
        task = self._tasks.get("commit")
        return task is not None and not task.done()

    async def _decided(self, kept: Inbox) -> list[Heard]:
        """Decide about the oldest records."""
        # many together: what must be written of each alert is written less often
        places = kept.oldest(_SLICE if self._inlet.busy else _LARGE_SLICE)
        try:
            heard = await self._ports.store.transact(partial(self._decide_some, kept, places))
        except (Conflict, StoreError):
            raise
        except Exception:  # noqa: BLE001 - logged; the others must not wait behind it
            _log.exception("inbox_decided_one_by_one")
            places = places[:1]
            heard = await self._decide_singly(kept, places[0])
        kept.forget(places[-1].number)
        return heard

    async def _decide_some(self, kept: Inbox, places: Sequence[Place], unit: UnitOfWork) -> list[Heard]:
        begun = time.monotonic()  # what it waited for its turn does not count
        reports = [report for place in places for report in keeping.read(kept.content(place))]
        heard = await record(self._ports, unit, reports, self._kept)
        await inbox.decide(unit.conn, places[-1].number)
        self._took = time.monotonic() - begun
        return heard

    async def _decide_singly(self, kept: Inbox, place: Place) -> list[Heard]:
        """Decide about the reports of one record, each alone; what cannot be decided is logged and passed over."""
        heard: list[Heard] = []
        for part in keeping.parts(kept.content(place)):
            try:
                reports = keeping.reports_of(part)
            except Exception:  # noqa: BLE001 - logged: it would fail again
                _log.exception("report_not_read", name=part.get("name"), source=part.get("source"))
                continue
            for report in reports:
                heard += await self._decide_alone(report)
        await self._ports.store.transact(lambda unit: inbox.decide(unit.conn, place.number))
        return heard

    async def _decide_alone(self, report: Report) -> list[Heard]:
        try:
            return await self._ports.store.transact(partial(self._decide_one, report))
        except (Conflict, StoreError):
            raise  # it is not the report's fault: all of the row stay where they are
        except Exception:  # noqa: BLE001 - logged: it would fail again
            _log.exception("report_not_decided", name=report.name, source=report.source)
            return []

    async def _decide_one(self, report: Report, unit: UnitOfWork) -> list[Heard]:
        return await record(self._ports, unit, [report], self._kept)

    def _remember(self, heard: list[Heard]) -> None:
        if self._tail is not None:
            for one in heard:
                self._resent.remember(one.report, one.fingerprint, one.alert)

    async def _write_on(self) -> None:
        while True:
            await asyncio.sleep(WRITE_EVERY)
            try:
                await self._open()
                await self.write()
            except (Conflict, StoreError) as error:
                _log.warning("repetitions_not_written", error=str(error))

    def _keep(self, name: str, run: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Have `run` run once at a time."""
        task = self._tasks.get(name)
        if task is None or task.done():
            self._tasks[name] = asyncio.create_task(run(), name=f"intake:{name}")

"""An alert's first step in the very transaction that opens it, its pages handed to this process's worker.

That is for steps that are due at once and tell targets which nobody need be asked for; others wait for their timer.
"""

from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Any, Protocol

from bot.alerts import decide, escalation, paging, whom
from bot.alerts.escalating import policy, steps
from bot.alerts.escalation import PAGE, Whom
from bot.alerts.service import View
from bot.config.escalation import PERSONAL, Step
from bot.decision import Decision, Timer, job_of
from bot.engine.worker import Runner
from bot.ports import Ports
from bot.report import Report
from storage.records.alerts import Alert
from storage.records.jobs import Job, NewJob
from storage.unit_of_work import UnitOfWork


class Hands(Protocol):
    """What runs jobs in this process: its worker."""

    @property
    def has_room(self) -> bool:
        """Whether a job that is handed over would run at once."""

    async def lease(self, unit: UnitOfWork, new: Iterable[NewJob]) -> list[Job]:
        """Insert jobs that are nobody else's for a while."""

    def ahead(self, work: Coroutine[Any, Any, str]) -> Awaitable[str]:
        """Begin what a job will go on with that is about to be leased."""

    def run(self, job: Job, runner: Runner | None = None) -> None:
        """Run such a job once it is committed."""


@dataclass
class _Page:
    """A page that is due at once: what it tells of, and its delivery once that has begun."""

    timer: Timer
    view: View
    delivery: Awaitable[str] | None = None


@dataclass
class Opening:
    """The first steps of the alerts that one transaction opens; `whom` was asked before. `run` it after the commit.

    Where `write_ahead` can keep what was reported for the next process, pages go out while the alerts are written.
    """

    ports: Ports
    hands: Hands
    whom: Whom
    write_ahead: Callable[[], bool]
    _pages: dict[str, _Page] = field(default_factory=dict)
    _leased: list[Job] = field(default_factory=list)

    def taken(self, opened: Decision[Alert], now: datetime) -> Decision[Alert]:
        """The decision that opens an alert with its first step taken, when that can be done at once."""
        alert = opened.state
        ahead = steps(self.ports, alert.policy)
        if escalation.needless(alert) or escalation.which(alert, ahead, now) != 0 or not _plain(ahead[0], self.whom):
            return opened
        step = escalation.take_step(alert, policy(self.ports, alert.policy), 0, whom=self.whom, now=now)
        upcoming = escalation.upcoming(step.state, ahead, self.whom)
        view = View(alert=step.state, told=(), steps=len(ahead), upcoming=upcoming, incident=None)
        self._pages |= {timer.key: _Page(timer, view) for timer in step.timers if timer.kind == PAGE}
        timers = tuple(timer for timer in step.timers if timer.kind != PAGE)
        return replace(opened, state=step.state, events=(*opened.events, *step.events), timers=timers)

    async def begin(self, unit: UnitOfWork) -> None:
        """Send what is decided by now, if this process runs the unit of work in its event loop."""
        waiting = [page for page in self._pages.values() if page.delivery is None]
        if not (waiting and unit.brief and self.write_ahead()):
            return
        for page in waiting:
            page.delivery = self.hands.ahead(paging.deliver(self.ports, page.timer, page.view))
        await unit.breathe()

    async def lease(self, unit: UnitOfWork) -> None:
        """Write the pages into the open transaction, as work of this process."""
        self._leased = await self.hands.lease(unit, [job_of(page.timer) for page in self._pages.values()])

    def run(self) -> None:
        """Send the pages, which are committed now, or go on with those that were begun."""
        for job in self._leased:
            self.hands.run(job, partial(_send, self._pages[job.key]))


async def asked(ports: Ports, reports: Sequence[Report]) -> Whom:
    """Whom the policies mean that these reports may begin; the rota is asked only when one of their steps names it."""
    rules, policies = ports.manage.alerts.rules, ports.manage.escalation
    names = {decide.policy(report, report.severity, rules, policies) for report in reports if not report.resolved}
    ahead = [step for name in names for step in steps(ports, name)]
    if any(word.startswith("oncall") for step in ahead for word in step.notify):
        return await whom.on_call(ports, ahead)
    return whom.nobody(ports)


async def _send(page: _Page, ports: Ports, job: Job) -> None:
    await paging.send(ports, job, page.view, "", page.delivery)


def _plain(step: Step, found: Whom) -> bool:
    """Whether all that the step means is known without asking anybody."""
    schedules = {word.partition(":")[2] for word in step.notify if word.startswith("oncall")}
    grouped = any(word.startswith("@S") for word in step.notify)
    return not (step.if_alerts or grouped or PERSONAL in step.via) and schedules <= found.oncall.keys()

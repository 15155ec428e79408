"""An alert's first step in the very transaction that opens it, its pages handed to this process's worker.

That is for steps that are due at once and tell targets which nobody need be asked for; others wait for their timer.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Protocol

from bot.alerts import decide, escalation, paging, whom
from bot.alerts.escalating import policy, steps
from bot.alerts.escalation import PAGE, Whom
from bot.alerts.service import View
from bot.config.escalation import PERSONAL, Step
from bot.decision import Decision, job_of
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

    def run(self, job: Job, runner: Runner | None = None) -> None:
        """Run such a job once it is committed."""


@dataclass
class Opening:
    """The first steps of the alerts that one transaction opens; `whom` was asked before. `run` it after the commit."""

    ports: Ports
    hands: Hands
    whom: Whom
    begun: list[tuple[Job, View]] = field(default_factory=list)
    _told: dict[int, Decision[Alert]] = field(default_factory=dict)

    def taken(self, opened: Decision[Alert], now: datetime) -> Decision[Alert]:
        """The decision that opens an alert with its first step taken, when that can be done at once."""
        alert = opened.state
        ahead = steps(self.ports, alert.policy)
        if escalation.needless(alert) or escalation.which(alert, ahead, now) != 0 or not _plain(ahead[0], self.whom):
            return opened
        step = escalation.take_step(alert, policy(self.ports, alert.policy), 0, whom=self.whom, now=now)
        self._told[alert.id] = step
        timers = tuple(timer for timer in step.timers if timer.kind != PAGE)
        return replace(opened, state=step.state, events=(*opened.events, *step.events), timers=timers)

    async def lease(self, unit: UnitOfWork) -> None:
        """Write the pages into the open transaction, as work of this process."""
        for step in self._told.values():
            alert = replace(step.state, version=1)  # as it is kept from now on
            ahead = steps(self.ports, alert.policy)
            upcoming = escalation.upcoming(alert, ahead, self.whom)
            view = View(alert=alert, told=(), steps=len(ahead), upcoming=upcoming, incident=None)
            pages = [job_of(timer) for timer in step.timers if timer.kind == PAGE]
            self.begun += [(job, view) for job in await self.hands.lease(unit, pages)]

    def run(self) -> None:
        """Send the pages, which are committed now."""
        for job, view in self.begun:
            self.hands.run(job, partial(_send, view))


async def asked(ports: Ports, reports: Sequence[Report]) -> Whom:
    """Whom the policies mean that these reports may begin; the rota is asked only when one of their steps names it."""
    rules, policies = ports.manage.alerts.rules, ports.manage.escalation
    names = {decide.policy(report, report.severity, rules, policies) for report in reports if not report.resolved}
    ahead = [step for name in names for step in steps(ports, name)]
    if any(word.startswith("oncall") for step in ahead for word in step.notify):
        return await whom.on_call(ports, ahead)
    return whom.nobody(ports)


async def _send(view: View, ports: Ports, job: Job) -> None:
    await paging.send(ports, job, view, "")


def _plain(step: Step, found: Whom) -> bool:
    """Whether all that the step means is known without asking anybody."""
    schedules = {word.partition(":")[2] for word in step.notify if word.startswith("oncall")}
    grouped = any(word.startswith("@S") for word in step.notify)
    return not (step.if_alerts or grouped or PERSONAL in step.via) and schedules <= found.oncall.keys()

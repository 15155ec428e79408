"""What happens after facts about checks and alerts: cards, threads and pages."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import structlog

from bot.alerts import auditor, cards, escalating, escalation, looks, notes, paging, service, sweeping
from bot.alerts.decide import CARD, REFRESH
from bot.alerts.intake import Intake
from bot.alerts.ledger import BOT
from bot.bus import Fact, on, schedule, task
from bot.cards.card import Card
from bot.engine.retry import Later
from bot.events import (
    AcknowledgementExpired,
    AcknowledgementExtended,
    AcknowledgementReminded,
    AcknowledgementWithdrawn,
    AlertAcknowledged,
    AlertEvent,
    AlertJoinedIncident,
    AlertLinked,
    AlertOpened,
    AlertResolved,
    AlertSilenced,
    AlertUnsilenced,
    AlertWorsened,
    ChannelOpened,
    CheckChanged,
    EscalationExhausted,
    EscalationRepeated,
    EscalationStepFired,
    EscalationStepSkipped,
    Event,
    FlappingStarted,
    FlappingStopped,
    IncidentAbsorbed,
    IncidentDeclared,
    IncidentEvent,
    IncidentParted,
    JobDied,
    MaintenanceBegan,
    MaintenanceEnded,
    PageDelivered,
    PageFailed,
    SilenceChanged,
    SilenceCreated,
    SilenceExpired,
    SilenceStarted,
)
from bot.oncall.people import USER
from bot.ports import ChatError, Ports
from bot.posting import CROWDED, NO_THREAD, distrust, find, show
from storage.records.jobs import Job
from storage.records.posts import Post

CARDS_CROWDED = timedelta(seconds=8)
"""How much later a card is tried again: what makes Slack crowded takes longer than that, at a message a second."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class _Note:
    """A line in an alert's thread, said once for its `key`."""

    alert: int
    key: str
    card: Card
    attempt: int


@on(CheckChanged, lane="rules")
async def evaluate(ports: Ports, fact: Fact[CheckChanged]) -> None:
    """Raise or resolve the check's alerts."""
    await service.check_changed(ports, fact.event)


@on(AlertOpened, lane=CARD)
async def post_card(ports: Ports, fact: Fact[AlertOpened]) -> None:
    """Post the alert's one card; of one that opens muted nothing is posted until it is heard."""
    await _card(ports, fact.event.alert, attempt=fact.attempt, at_once=True)


@on(
    AlertAcknowledged,
    AcknowledgementExtended,
    AcknowledgementReminded,
    AcknowledgementExpired,
    AcknowledgementWithdrawn,
    AlertResolved,
    AlertLinked,
    AlertSilenced,
    AlertUnsilenced,
    AlertWorsened,
    EscalationStepFired,
    EscalationStepSkipped,
    EscalationExhausted,
    EscalationRepeated,
    FlappingStarted,
    FlappingStopped,
    PageDelivered,
    PageFailed,
    lane=CARD,
)
async def follow(ports: Ports, fact: Fact[AlertEvent]) -> None:
    """Bring the card up to date, at once for a person, merged for the machine; say in the thread what happened."""
    number = fact.event.alert
    post = await _card(ports, number, attempt=fact.attempt, at_once=fact.actor != BOT)
    said = notes.note(fact.event, fact.actor, fact.at)
    if post is not None and said is not None:
        await _note(ports, post, _Note(alert=number, key=f"entry:{fact.id}", card=said, attempt=fact.attempt))


@task(REFRESH)
async def refresh(ports: Ports, job: Job) -> None:
    """Bring the card up to date with all that happened meanwhile."""
    await _card(ports, job.payload["alert"], attempt=job.attempts, at_once=False)


@on(ChannelOpened)
async def show_channel(ports: Ports, fact: Fact[ChannelOpened]) -> None:
    """Lead from the cards of the incident's alerts to its channel."""
    numbers = await service.of_incident(ports, fact.event.incident)
    await service.refresh_cards(ports, numbers, at=ports.now(), why=f"channel:{fact.id}")


@on(IncidentDeclared, AlertJoinedIncident, IncidentAbsorbed, IncidentParted)
async def link(ports: Ports, fact: Fact[IncidentEvent]) -> None:
    """Note on the alerts which incident they belong to."""
    match fact.event:
        case IncidentDeclared(incident=number, alert=int(alert)) | AlertJoinedIncident(incident=number, alert=alert):
            await service.link(ports, alert, number)
        case IncidentAbsorbed(incident=number, alerts=several) | IncidentParted(duplicate=number, alerts=several):
            for alert in several:
                await service.link(ports, alert, number)


@on(JobDied)
async def report_dead_job(ports: Ports, fact: Fact[JobDied]) -> None:
    """Raise an alert for work that was given up."""
    await service.job_died(ports, fact.event, fact.at)


@on(SilenceCreated, SilenceChanged, SilenceStarted, SilenceExpired, MaintenanceBegan, MaintenanceEnded)
async def follow_silence(ports: Ports, fact: Fact[Event]) -> None:
    """Mute what is silenced from now on, tell of what is not any more."""
    del fact
    await sweeping.remute(ports)


@task(looks.REMUTE)
async def remute(ports: Ports, job: Job) -> None:
    """An alert that mutes others came or went: look again at who is told of what."""
    del job
    await sweeping.remute(ports)


@task(looks.SWEEP)
async def sweep(ports: Ports, job: Job) -> None:
    """Resolve what is over because its source fell silent, or because it has been quiet for long enough."""
    del job
    if isinstance(ports.report, Intake):
        await ports.report.write()
        await sweeping.sweep(ports, since=ports.report.since)


@task(looks.REVIEW)
async def review(ports: Ports, job: Job) -> None:
    """Reopen what still fires though a person said it is over; see whether the alert still flaps."""
    await sweeping.review(ports, job.payload["alert"])


@task(escalation.REMIND)
async def remind(ports: Ports, job: Job) -> None:
    """An acknowledgement is about to end: ask whoever gave it."""
    await escalating.remind(ports, job.payload["alert"], job.payload["until"])


@task(escalation.EXPIRE)
async def expire(ports: Ports, job: Job) -> None:
    """An acknowledgement may be over: escalation begins again."""
    decision = await escalating.expire(ports, job.payload["alert"], job.payload["until"])
    alert, until = decision.state, datetime.fromisoformat(job.payload["until"])
    if alert.acknowledged_until == until and not decision.changed:
        raise Later(until)  # the clock was set back since the job came due
    _log.info("acknowledgement_ended", alert=alert.id, ended=decision.changed, reason=decision.reason)


@task(escalation.STEP)
async def take_step(ports: Ports, job: Job) -> None:
    """An escalation step is due: decide whether it still is, and whom to tell."""
    decision = await escalating.take_step(ports, job.payload["alert"], job.payload["step"])
    alert, taken = decision.state, bool(decision.events)
    _log.info("escalation_step", alert=alert.id, taken=taken, reason=decision.reason)
    planned = (job.payload.get("round", 0), job.payload["step"]) == (alert.rounds, alert.next_step)
    if not taken and planned and alert.next_step_at is not None:
        raise Later(alert.next_step_at)  # it waits for its hours, or the clock was set back


@task(escalation.PAGE)
async def page(ports: Ports, job: Job) -> None:
    """Tell one target, unless somebody has the alert by now."""
    await paging.page(ports, job)


@on(AlertAcknowledged, AlertResolved)
async def settle(ports: Ports, fact: Fact[AlertEvent]) -> None:
    """Let the providers that hold the alert open hear that somebody has it, or that it is over."""
    state: Literal["acknowledged", "resolved"] = "resolved" if isinstance(fact.event, AlertResolved) else "acknowledged"
    await paging.settle_all(ports, fact.event.alert, state, fact.id)


@task(paging.SETTLE)
async def settle_one(ports: Ports, job: Job) -> None:
    """Tell one provider what became of the alert."""
    await paging.settle(ports, job)


@on(AcknowledgementReminded)
async def ask_again(ports: Ports, fact: Fact[AcknowledgementReminded]) -> None:
    """Ask whoever acknowledged, in a direct message, whether they still have it."""
    alert = (await service.view(ports, fact.event.alert)).alert
    user = alert.acknowledged_by
    if ports.chat is None or alert.acknowledged_until != fact.event.expires_at or not USER.fullmatch(user):
        return
    if ports.chat.crowded:
        raise Later(ports.now() + CROWDED)
    try:
        await ports.chat.post(
            await ports.chat.direct(user),
            notes.still_on_it(alert, fact.event.expires_at),
            key=f"entry:{fact.id}:ask",
            attempt=fact.attempt,
        )
    except ChatError as refused:
        if refused.retry:
            raise
        _log.warning("not_asked", alert=alert.id, user=user, error=str(refused))  # the thread says it as well


@schedule("@every 60s")
async def audit(ports: Ports) -> None:
    """Prove that every open alert is escalated on, or has a stated end; end what is over."""
    await auditor.audit(ports)
    if isinstance(ports.report, Intake):  # a clock that was set back leaves ends whose look was taken before
        await ports.report.write()
        await sweeping.sweep(ports, since=ports.report.since)


async def _card(ports: Ports, alert: int, *, attempt: int, at_once: bool) -> Post | None:
    """Show the card as it should be now, or soon; give the message that it is, None while nobody was to hear of it."""
    key = f"alert:{alert}:card"
    try:
        await _unless_crowded(ports, key, at_once=at_once)
        view = await service.view(ports, alert)
        if view.alert.muted_by and await find(ports, key) is None:
            return None
        return await show(
            ports,
            cards.live(view.alert, view.told, view.upcoming, view.incident, steps=view.steps, instances=view.instances),
            key=key,
            subject=view.alert.subject,
            kind="card",
            channel=ports.manage.channels.alerts,
            attempt=attempt,
            at_once=at_once,
        )
    except Later as later:
        # a job of its own: this one would hold up the lane, and with it what a person is waiting for
        # by whole seconds, so that all who were put off together come back as one
        at = later.at + timedelta(microseconds=-later.at.microsecond % 1_000_000)
        await service.refresh_cards(ports, [alert], at=at, why=at.isoformat())
        return await find(ports, key)


async def _unless_crowded(ports: Ports, key: str, *, at_once: bool) -> None:
    """Raise the `Later` that `show` would before anything is read for the card: in a storm that is most work."""
    if ports.chat is not None and ports.chat.crowded and not (at_once and await find(ports, key)):
        raise Later(ports.now() + CARDS_CROWDED)


async def _note(ports: Ports, card: Post, note: _Note) -> None:
    try:
        await _reply(ports, card, note)
    except ChatError as refused:
        if refused.code not in NO_THREAD:
            raise
        await distrust(ports, card.key)
        anew = await _card(ports, note.alert, attempt=note.attempt, at_once=True)
        if anew is not None and anew.ts != card.ts:
            await _reply(ports, anew, note)


async def _reply(ports: Ports, card: Post, note: _Note) -> None:
    await show(
        ports,
        note.card,
        key=note.key,
        subject=card.subject,
        kind="note",
        channel=card.channel,
        thread_ts=card.ts,
        attempt=note.attempt,
    )

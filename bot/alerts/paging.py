"""One page goes out, one provider hears what became of an alert: each in a job of its own, retried alone."""

from collections.abc import Awaitable, Mapping
from typing import Any, Literal, cast

import structlog

from bot.alerts import cards, escalating, escalation, service
from bot.alerts.ledger import facts
from bot.alerts.service import View
from bot.decision import Timer, job_of
from bot.engine.retry import Later, runs
from bot.events import PageDelivered, PageFailed
from bot.ports import Ports, Posted, Undeliverable
from bot.posting import CROWDED, find
from storage.records.alerts import AlertState
from storage.records.jobs import Job

SETTLE = "alerts.settle"
TRIES = 12
"""Tries to tell one target before it is said that it could not be told; the last is a quarter of an hour in."""
SOON = 7
"""Tries after which another way is taken where there is one; half a minute in."""

_log = structlog.get_logger(__name__)


async def page(ports: Ports, job: Job) -> None:
    """Tell one target, unless somebody has the alert by now; what cannot be told goes another way."""
    if job.payload["via"] == "slack" and ports.chat is not None and ports.chat.crowded:
        raise Later(ports.now() + CROWDED)  # before anything is read: in a storm that is most work
    view = await service.view(ports, job.payload["alert"])
    post = await find(ports, f"{view.alert.subject}:card")
    address = ports.chat.link(Posted(post.channel, post.ts)) if ports.chat and post else ""
    await send(ports, job, view, address)


async def send(ports: Ports, job: Job, view: View, address: str, delivery: Awaitable[str] | None = None) -> None:
    """Do the same, the alert being known as it is now, and the address of its card ("" while it has none).

    `delivery` is the page's, when that was begun before.
    """
    number = view.alert.id
    one = _page(job.payload)
    if why_not := escalation.needless(view.alert):
        _log.info("page_not_sent", alert=number, target=one.target, via=one.via, reason=why_not)
        return
    try:
        receipt = await (delivery or _deliver(ports, view, one, job.key, attempt=job.attempts, address=address))
    except Later:
        raise
    except Exception as error:  # a channel may fail in any way: tried again, and in the end said on the card
        failure = escalating.failed(number, one, str(error) or type(error).__name__)
        if not await _given_up(ports, job, error, failure):
            raise
        await escalating.told(ports, failure)
        return
    sent = PageDelivered(alert=number, target=one.target, via=one.via, step=one.step, receipt=receipt, round=one.round)
    await escalating.told(ports, sent)


async def deliver(ports: Ports, timer: Timer, view: View) -> str:
    """Tell one target for the first time, before the page is anybody's job; gives the receipt of the channel."""
    return await _deliver(ports, view, _page(timer.payload), timer.key, attempt=1, address="")


async def settle_all(ports: Ports, number: int, state: Literal["acknowledged", "resolved"], entry: int) -> None:
    """Have every provider that was told of the alert, and must hear of it, told of `state`; `entry` made it so."""
    subject = f"alert:{number}"
    async with ports.store.glance() as conn:
        history = await facts(conn, subject)
    told = {(f.via, f.target) for f in history if isinstance(f, PageDelivered) and f.via in ports.settlers}
    timers = [
        Timer(
            kind=SETTLE,
            key=f"{subject}:settle:{state}:{entry}:{via}:{target}",
            at=ports.now(),
            subject=subject,
            lane=f"settle:{subject}:{via}:{target}",
            payload={"alert": number, "via": via, "target": target, "state": state},
        )
        for via, target in sorted(told)
    ]
    await ports.store.transact(lambda unit: unit.enqueue(map(job_of, timers)))


async def settle(ports: Ports, job: Job) -> None:
    """Tell one provider what became of the alert, unless it is otherwise by now."""
    state, via = job.payload["state"], job.payload["via"]
    view = await service.view(ports, job.payload["alert"])
    tell = ports.settlers.get(via)
    if tell is None or view.alert.state is not AlertState(state):
        _log.info("provider_not_told", alert=view.alert.id, via=via, state=state, now=view.alert.state.value)
        return
    card = cards.live(view.alert, view.told, view.upcoming, view.incident, steps=view.steps, instances=view.instances)
    said = cast("Literal['acknowledged', 'resolved']", state)
    await tell(card, target=job.payload["target"], key=job.key, state=said)


async def _given_up(ports: Ports, job: Job, error: Exception, failure: PageFailed) -> bool:
    """Whether the page is not tried again: it cannot help, was tried for long, or there is another way by now."""
    retry = error.retry if isinstance(error, Undeliverable) else True
    if not retry or runs(job) >= TRIES:
        return True
    return runs(job) >= SOON and await escalating.has_another_way(ports, failure)


def _page(payload: Mapping[str, Any]) -> escalation.Page:
    return escalation.Page(
        step=payload["step"], target=payload["target"], via=payload["via"], round=payload.get("round", 0)
    )


async def _deliver(ports: Ports, view: View, one: escalation.Page, key: str, *, attempt: int, address: str) -> str:
    delivery = ports.channels.get(one.via)
    if delivery is None:
        why = "Slack is not connected to this bot" if one.via == "slack" else f"{one.via} is not configured"
        raise Undeliverable(why, retry=False)
    card = cards.page(view.alert, one.step, view.steps, view.upcoming, address)
    return (await delivery(card, target=one.target, key=key, attempt=attempt)).text

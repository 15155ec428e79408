"""What is worth asking now: a few questions that fit what is open (numbers alone: titles are other people's words)."""

from dataclasses import dataclass, replace

from bot.incidents import service as incidents
from bot.incidents.decide import OPEN
from bot.permissions import Caller
from bot.ports import Ports
from storage.records.alerts import AlertState
from storage.tables import alerts
from storage.tables import incidents as table

MOST = 4
USUAL = ("What changed in the last hour?", "Who is on call, and until when?", "How was this week?")


@dataclass(frozen=True, kw_only=True)
class Moment:
    """What is open now: the newest incidents, and the alerts that fire, by number."""

    incidents: tuple[int, ...] = ()
    alerts: tuple[int, ...] = ()


def suggested(moment: Moment) -> list[str]:
    """Up to four questions, the most pressing first (pure)."""
    pressing = [f"What changed before incident #{number}?" for number in moment.incidents[:1]]
    pressing += [f"How does incident #{number} stand, and what helped last time?" for number in moment.incidents[:1]]
    pressing += [f"What is behind alert #{number}?" for number in moment.alerts[:1]]
    first = pressing or ["Is everything healthy?"]
    return [*first, *USUAL][:MOST]


async def now(ports: Ports, caller: Caller) -> Moment:
    """What is open, as far as the assistant may see it."""
    hidden = await incidents.hidden(ports, replace(caller, through="assistant"))
    async with ports.store.read() as conn:
        open_incidents = await table.listing(conn, statuses=OPEN, without=hidden, limit=1)
        open_alerts = await alerts.open_alerts(conn)
    firing = [alert.id for alert in open_alerts if alert.state is AlertState.FIRING]
    return Moment(incidents=tuple(one.id for one in open_incidents), alerts=tuple(sorted(firing, reverse=True)))

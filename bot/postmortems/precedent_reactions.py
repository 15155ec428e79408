"""Shows below a draft which past incidents were like this one, and what helped then: a lesson may be an old one."""

from bot.bus import Fact, on
from bot.events import DraftReady
from bot.incidents import past, past_cards
from bot.ports import Ports
from bot.postmortems import service, thread


@on(DraftReady, lane="precedents")
async def show(ports: Ports, fact: Fact[DraftReady]) -> None:
    """Post them once into the draft's thread; nothing where there are none."""
    view = await service.view(ports, fact.event.incident)
    parent = await thread.standing(ports, view)
    if parent is None:
        return
    found = await past.precedents(ports, view.incident.id)
    if found:
        await thread.speak(
            ports,
            past_cards.precedents(view.incident, found),
            key=f"{view.postmortem.subject}:alike",
            subject=view.postmortem.subject,
            kind="note",
            channel=parent.channel,
            thread_ts=parent.ts,
            attempt=fact.attempt,
        )

"""Below a draft stands which past incidents were like this one, and what helped then."""

from bot.bus import Fact
from bot.events import DraftReady
from bot.incidents import service as incidents
from bot.postmortems import precedent_reactions
from storage.records.alerts import Severity
from storage.records.postmortems import PostmortemStatus
from tests.rooms.postmortems.conftest import LEAD, House


async def drafted(house: House, past: str) -> None:
    """A draft that is ready, and the incident of that title before it."""
    await house.resolve_incident()
    await incidents.declare(house.ports, title=past, severity=Severity.HIGH, by=LEAD)
    await incidents.resolve(house.ports, 2, by=LEAD, comment="added a node", cause="capacity")
    await house.settle()
    house.clock.forward(600)
    await house.settle()
    assert (await house.postmortem()).status is PostmortemStatus.IN_REVIEW


async def tell(house: House, attempt: int = 1) -> list[str]:
    """What the reaction says in the thread, all of it so far."""
    ready = DraftReady(incident=1, text_version=1)
    fact = Fact(id=1, at=house.clock(), actor="bot", subject="postmortem:1", event=ready, attempt=attempt)
    await precedent_reactions.show.run(house.ports, fact)
    assert house.chat is not None
    return [m.text for m in house.chat.messages if m.thread_ts and m.key == "postmortem:1:alike"]


async def test_they_are_told_in_its_thread_once(house: House) -> None:
    await drafted(house, "Checkout hangs after a deploy")

    await tell(house)
    (text,) = await tell(house, attempt=2)

    assert "#2 Checkout hangs after a deploy" in text
    assert "caused by capacity" in text
    assert "What helped: added a node" in text


async def test_nothing_is_told_where_nothing_was_alike(house: House) -> None:
    await drafted(house, "Mails are late")

    assert await tell(house) == []

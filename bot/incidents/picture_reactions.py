"""Keeps the pictures of messages on the timeline: in Slack a file, or its whole channel, may be gone one day."""

from bot.bus import Fact, on
from bot.events import IncidentEvent, NoteAdded, NoteRemoved
from bot.incidents import talk
from bot.ports import Ports
from storage.records.files import KeptFile
from storage.tables import files

MOST_BYTES = 10_000_000
MOST = 10
"""So many pictures of one message are kept."""
NOT_KEPT = "A picture on the timeline could not be kept"


@on(NoteAdded, NoteRemoved, lane="incident-pictures")
async def keep(ports: Ports, fact: Fact[IncidentEvent]) -> None:
    """Fetch the pictures of a message that was put on the timeline; forget those of one that was taken off."""
    match fact.event:
        case NoteAdded() as note if ports.chat is not None:
            for file in note.files[:MOST]:
                await _keep(ports, note, file)
        case NoteRemoved(incident=number, channel=channel, ts=ts):
            await ports.store.transact(lambda unit: files.forget(unit.conn, number, channel, ts))
        case _:
            pass


async def _keep(ports: Ports, note: NoteAdded, id_: str) -> None:
    async with ports.store.read() as conn:
        known = await files.get(conn, note.incident, id_)
    if known is not None or ports.chat is None:
        return
    got = await talk.tried(ports, note.incident, NOT_KEPT, ports.chat.download(id_, most=MOST_BYTES))
    if got is None:
        return
    kept = KeptFile(
        id=id_,
        incident=note.incident,
        name=got.name,
        mime=got.mime,
        content=got.content,
        author=note.author,
        shared_at=note.said_at,
        channel=note.channel,
        ts=note.ts,
    )
    await ports.store.transact(lambda unit: files.put(unit.conn, kept))

"""Evidence is read and cleaned once while nothing is added to it, and anew as soon as something is."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from bot.events import (
    AlertResolved,
    ChangeRequested,
    CheckChanged,
    CommandRun,
    Deployed,
    Event,
    NoteAdded,
    NoteRemoved,
    RoleAssigned,
    TimelineEdited,
    TimelineHidden,
    payload_of,
)
from bot.incidents import particulars
from bot.incidents import service as incidents
from bot.postmortems import service
from bot.postmortems.evidence import Pack
from bot.recent import Recent
from storage.records.samples import Sample
from storage.tables import samples
from tests.fakes.ports import T0
from tests.rooms.postmortems.conftest import LEAD, RESPONDER, House

DURING = T0 + timedelta(minutes=4)


@pytest.fixture
async def resolved(house: House) -> House:
    await house.resolve_incident()
    return house


def note(text: str, ts: str = "1700000009.000100") -> NoteAdded:
    return NoteAdded(incident=1, text=text, author=RESPONDER, said_at=DURING, channel="C0000INC", ts=ts)


def run(command: str = "deploy") -> CommandRun:
    return CommandRun(
        command=command, argv=("shop",), via="slack", role="admin", outcome="ok", seconds=0.1, changes=True
    )


async def add(house: House, event: Event, at: datetime | None = None, times: int = 1) -> None:
    fact = {
        "at": at or house.clock(),
        "kind": type(event).__name__,
        "subject": event.subject,
        "actor": RESPONDER,
        "payload": payload_of(event),
    }
    await house.store.transact(lambda unit: unit.append_all([fact] * times))


async def anew(house: House) -> Pack:
    """The evidence as somebody finds it who remembers nothing."""
    return await service.pack_of(replace(house.ports, recent=Recent()), 1)


def noted(pack: Pack) -> int:
    return pack.of_kind("NoteAdded")[0].id


async def test_unchanged_evidence_is_read_once(resolved: House) -> None:
    first = await service.pack_of(resolved.ports, 1)
    assert await service.pack_of(resolved.ports, 1) is first
    assert await anew(resolved) == first


ARRIVALS: dict[str, Callable[[Pack], Event]] = {
    "a note": lambda _: note("the pool of db2 was full"),
    "a removed note": lambda _: NoteRemoved(incident=1, channel="C0000INC", ts="1700000001.000100"),
    "a corrected text": lambda pack: TimelineEdited(incident=1, entry=noted(pack), reason="typo", text="it was db3"),
    "a corrected time": lambda pack: TimelineEdited(
        incident=1, entry=noted(pack), reason="late", happened_at=DURING + timedelta(minutes=3)
    ),
    "a hidden entry": lambda pack: TimelineHidden(incident=1, entry=noted(pack), reason="private"),
    "a role": lambda _: RoleAssigned(incident=1, role="scribe", user="U0000NEW"),
    "a deploy": lambda _: Deployed(service="shop", version="1.2.3", finished_at=DURING),
    "a command": lambda _: run(),
    "a reviewer": lambda _: ChangeRequested(incident=1, section="summary", text="it was db2"),
    "an alert": lambda _: AlertResolved(alert=1, reading="healthy again"),
    "a check": lambda _: CheckChanged(check="shop", status="down", previous="healthy", since=DURING),
}


@pytest.mark.parametrize("arrival", ARRIVALS.values(), ids=ARRIVALS)
async def test_what_arrives_is_seen_by_the_next_reading(resolved: House, arrival: Callable[[Pack], Event]) -> None:
    before = await service.pack_of(resolved.ports, 1)
    await add(resolved, arrival(before), at=DURING)
    after = await service.pack_of(resolved.ports, 1)
    assert after != before
    assert after == await anew(resolved)


async def test_a_change_of_roles_renames_people(resolved: House) -> None:
    before = await service.pack_of(resolved.ports, 1)
    await incidents.change(resolved.ports, 1, LEAD, lambda i: particulars.assign(i, "commander", RESPONDER))
    after = await service.pack_of(resolved.ports, 1)
    assert (before.people["incident commander"], after.people["incident commander"]) == (LEAD, RESPONDER)


async def test_samples_that_arrive_late_are_seen_by_the_next_reading(resolved: House) -> None:
    before = await service.pack_of(resolved.ports, 1)
    late = [
        Sample(metric=metric, at=DURING, value=value) for metric, value in (("error_rate", 0.5), ("requests", 90.0))
    ]
    await resolved.store.transact(lambda unit: samples.insert(unit.conn, late))
    after = await service.pack_of(resolved.ports, 1)
    assert [one.words for one in after.computed if one not in before.computed] != []
    assert after == await anew(resolved)


async def test_what_a_draft_itself_writes_is_no_news(resolved: House) -> None:
    await service.begin(resolved.ports, 1)
    before = await service.pack_of(resolved.ports, 1)
    for name in ("summary", "impact"):
        await service.write(resolved.ports, 1, name)
    assert await service.pack_of(resolved.ports, 1) is before


async def test_commands_that_were_run_afterwards_push_out_none_of_the_evidence(resolved: House) -> None:
    await add(resolved, run(), at=DURING)
    before = await service.pack_of(resolved.ports, 1)
    resolved.clock.forward(3600)
    await add(resolved, run("silence add"), times=300)
    assert [item.kind for item in before.items if item.kind == "CommandRun"] == ["CommandRun"]
    assert await service.pack_of(resolved.ports, 1) is before
    assert await anew(resolved) == before


async def test_long_evidence_is_read_whole_and_in_order(resolved: House) -> None:
    for n in range(3):
        await add(resolved, note(f"part {n}", ts=""), at=DURING, times=600)
    told = [item for item in (await service.pack_of(resolved.ports, 1)).items if item.words.startswith("“part")]
    assert len(told) == 1800
    assert [item.id for item in told] == sorted({item.id for item in told})


async def test_what_is_remembered_holds_no_secret(resolved: House) -> None:
    await add(resolved, note("it works with password=hunter2hunter2"), at=DURING)
    pack = await service.pack_of(resolved.ports, 1)
    assert "hunter2" not in repr(vars(resolved.ports.recent))
    assert sum(pack.redacted.values()) == 1

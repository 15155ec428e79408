"""Deploys: told by pipelines and people, listed, and evidence of the incidents around them."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from bot.cards.card import Card, Level
from bot.cards.json import to_json
from bot.deploys import service
from bot.deploys.commands import deploy, deploys
from bot.incidents import service as incidents
from bot.invoke import invoke
from bot.permissions import Caller
from bot.ports import Ports
from bot.postmortems.reading import pack_of
from storage.records.alerts import Severity
from storage.unit_of_work import Store
from tests.fakes.ports import T0, FrozenClock, make_ports

PIPELINE = Caller(id="U000PIPE", via="http")


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock()


@pytest.fixture
async def ports(sqlite_url: str, clock: FrozenClock) -> AsyncIterator[Ports]:
    store = await Store.open(sqlite_url)
    yield make_ports(store, now=clock)
    await store.close()


async def run(ports: Ports, *argv: str) -> Card:
    return await invoke(argv, PIPELINE, ports, {deploy.name: deploy, deploys.name: deploys})


async def test_a_deploy_is_listed_with_what_was_told_of_it(ports: Ports) -> None:
    await run(ports, "deploy", "checkout", "v1.4.2", "--text=New cart", "--link=https://ci.example.com/7")
    (told,) = to_json(await run(ports, "deploys"))["deploys"]
    assert (told["service"], told["version"], told["text"]) == ("checkout", "v1.4.2", "New cart")
    assert told["finished_at"] == T0.isoformat()


async def test_the_same_deploy_told_twice_is_noted_once(ports: Ports, clock: FrozenClock) -> None:
    argv = ("deploy", "checkout", "v1.4.2", "--at=2026-11-23T11:52Z")
    first = await run(ports, *argv)
    clock.forward(60)
    again = await run(ports, *argv)
    assert (first.data["changed"], again.data["changed"]) == (True, False)
    assert len(to_json(await run(ports, "deploys"))["deploys"]) == 1


async def test_a_step_of_a_pipeline_that_is_tried_again_is_noted_once(ports: Ports, clock: FrozenClock) -> None:
    outcomes = []
    for version, seconds in (("v1", 60), ("v1", 60), ("v2", 60), ("v1", 3600), ("v1", 0)):
        outcomes.append((await run(ports, "deploy", "checkout", version)).data["changed"])
        clock.forward(seconds)
    assert outcomes == [True, False, True, True, True]  # back to the version before is another deploy


async def test_of_two_who_tell_the_same_at_once_one_notes_it(ports: Ports) -> None:
    told = await asyncio.gather(*(run(ports, "deploy", "checkout", "v1") for _ in range(5)))
    assert sorted(card.data["changed"] for card in told) == [False, False, False, False, True]


async def test_the_list_of_one_service_is_whole_whatever_else_went_out(
    ports: Ports, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "MOST", 2)
    for name in ("mail", "checkout", "search"):
        await run(ports, "deploy", name, "v1")
    (told,) = to_json(await run(ports, "deploys", "--service=mail"))["deploys"]
    assert told["service"] == "mail"


async def test_the_list_is_of_one_service_and_of_a_time_where_asked(ports: Ports, clock: FrozenClock) -> None:
    await run(ports, "deploy", "mail", "7")
    clock.forward(7200)
    await run(ports, "deploy", "checkout", "8")
    assert [d["version"] for d in to_json(await run(ports, "deploys"))["deploys"]] == ["8", "7"]
    assert [d["version"] for d in to_json(await run(ports, "deploys", "--since=1h"))["deploys"]] == ["8"]
    assert [d["version"] for d in to_json(await run(ports, "deploys", "--service=mail"))["deploys"]] == ["7"]


async def test_nothing_told_says_how_to_tell(ports: Ports) -> None:
    card = await run(ports, "deploys")
    assert card.table is None
    assert "pipelines tell it" in str(card.body)


@pytest.mark.parametrize("wrong", ["--at=yesterday", "--at=2027-01-01", "--link=javascript:alert(1)"])
async def test_what_is_no_deploy_is_refused_with_its_mend(ports: Ports, wrong: str) -> None:
    card = await run(ports, "deploy", "checkout", "8", wrong)
    assert card.level is Level.USAGE
    assert card.hint


async def test_deploys_before_and_during_an_incident_are_its_evidence(ports: Ports, clock: FrozenClock) -> None:
    for at, version in (("2026-11-23T02:00Z", "old"), ("2026-11-23T11:52Z", "culprit")):
        await run(ports, "deploy", "checkout", version, f"--at={at}")
    await incidents.declare(ports, title="Checkout is down", severity=Severity.HIGH, by="U0000LEAD")
    clock.forward(600)
    await run(ports, "deploy", "checkout", "mend")
    clock.forward(600)
    await incidents.resolve(ports, 1, by="U0000LEAD")
    clock.forward(600)
    await run(ports, "deploy", "checkout", "later")
    told = (await pack_of(ports, 1)).of_kind("Deployed")
    assert [item.words for item in told] == ["Deployed checkout culprit", "Deployed checkout mend"]
    assert told[0].at == T0 - timedelta(minutes=8)
